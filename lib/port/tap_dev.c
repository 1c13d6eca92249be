/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pw_str.h"
#include "tap_dev.h"

#define TAP_FLAGS (IFF_TAP | IFF_NO_PI | IFF_VNET_HDR)

#ifndef TUN_F_USO4 /* Linux 6.2 */
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

/* No UFO: gone from the kernel since 4.14. */
#define OFFLOADS     (TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN)
#define OFFLOADS_USO (OFFLOADS | TUN_F_USO4 | TUN_F_USO6)

/* Is it what we can read and write? A wrong header setting would garble every frame. */
static int check_fd(int fd, struct pw_err *err)
{
	static const struct {
		short flag;
		const char *what;
	} needed[] = {
		{IFF_TAP, "is a TUN, not a TAP: create it with IFF_TAP"},
		{IFF_VNET_HDR, "has no vnet header: create it with IFF_VNET_HDR"},
		{IFF_NO_PI, "has packet information: create it with IFF_NO_PI"},
	};
	struct ifreq ifr = {0};

	if (ioctl(fd, TUNGETIFF, &ifr) < 0) {
		int code = -errno;

		return pw_err_set(err, code,
			code == -EBADFD
				? "fd %d is of /dev/net/tun, but of no interface: TUNSETIFF first"
				: "fd %d is not a TAP",
			fd);
	}
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		if ((ifr.ifr_flags & needed[i].flag) == 0)
			return pw_err_set(err, -EINVAL, "interface %.*s %s", IFNAMSIZ, ifr.ifr_name,
				needed[i].what);
	}
	return 0;
}

/* The 10-byte header: the 12-byte one adds only num_buffers, which a TAP does not use. The send
 * buffer stays without limit (the default): a write runs the pod's stack at once, nothing queues.
 */
static int set_up_fd(int fd, bool *has_uso, struct pw_err *err)
{
	int hdr_size = sizeof(struct virtio_net_hdr), little_endian = 1;
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return pw_err_set(err, -errno, "fcntl O_NONBLOCK: %s", strerror(errno));
	if (ioctl(fd, TUNSETVNETHDRSZ, &hdr_size) < 0)
		return pw_err_set(err, -errno, "TUNSETVNETHDRSZ: %s", strerror(errno));
	if (ioctl(fd, TUNSETVNETLE, &little_endian) < 0)
		return pw_err_set(err, -errno, "TUNSETVNETLE: %s", strerror(errno));
	*has_uso = ioctl(fd, TUNSETOFFLOAD, OFFLOADS_USO) == 0;
	if (!*has_uso && ioctl(fd, TUNSETOFFLOAD, OFFLOADS) < 0)
		return pw_err_set(err, -errno, "TUNSETOFFLOAD: %s", strerror(errno));
	return 0;
}

static int attach_error(const char *name, struct pw_err *err)
{
	int code = -errno;

	switch (code) {
	case -EBUSY:
		return pw_err_set(err, code,
			"interface %s is in use by another process: stop it, or choose another "
			"name",
			name);
	case -EINVAL:
		return pw_err_set(err, code,
			"interface %s exists and is not a TAP of ours: delete it, or choose "
			"another name",
			name);
	case -EPERM:
		return pw_err_set(err, code, "making interface %s needs CAP_NET_ADMIN", name);
	default:
		return pw_err_set(err, code, "interface %s: TUNSETIFF: %s", name, strerror(-code));
	}
}

static int make_fd(const char *name, struct pw_err *err)
{
	struct ifreq ifr = {.ifr_flags = TAP_FLAGS};
	int fd, code;

	if (name == NULL || !pw_ifname_valid(name))
		return pw_err_set(
			err, -EINVAL, "interface \"%s\" is no interface name", name ? name : "");
	fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return pw_err_set(err, -errno, "/dev/net/tun: %s: is the module \"tun\" loaded?",
			strerror(errno));
	strncpy(ifr.ifr_name, name, IFNAMSIZ - 1);
	if (ioctl(fd, TUNSETIFF, &ifr) < 0) {
		code = attach_error(name, err);
		close(fd);
		return code;
	}
	return fd;
}

static int set_link_up(int sock, struct ifreq *ifr)
{
	if (ioctl(sock, SIOCGIFFLAGS, ifr) < 0)
		return -errno;
	ifr->ifr_flags |= IFF_UP;
	return ioctl(sock, SIOCSIFFLAGS, ifr) < 0 ? -errno : 0;
}

/* The kernel's DEFAULT_TX_QUEUE_LEN; a TAP has 500 of its own accord. */
#define TX_QUEUE_LEN 1000

/* MTU, MAC, up: in this order, so that no frame leaves with a wrong address. */
static int set_up_link(const struct pw_port_conf *conf, struct pw_err *err)
{
	int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), rc = 0;
	struct ifreq ifr = {0};

	if (sock < 0)
		return pw_err_set(err, -errno, "socket: %s", strerror(errno));
	strncpy(ifr.ifr_name, conf->interface, IFNAMSIZ - 1);
	ifr.ifr_mtu = conf->mtu;
	if (ioctl(sock, SIOCSIFMTU, &ifr) < 0) {
		rc = pw_err_set(err, -errno, "interface %s: mtu %u: %s", conf->interface, conf->mtu,
			strerror(errno));
		goto out;
	}
	ifr.ifr_qlen = TX_QUEUE_LEN;
	if (ioctl(sock, SIOCSIFTXQLEN, &ifr) < 0) {
		rc = pw_err_set(err, -errno, "interface %s: transmit queue length: %s",
			conf->interface, strerror(errno));
		goto out;
	}
	if (!pw_mac_is_zero(&conf->peer_mac)) {
		ifr.ifr_hwaddr.sa_family = ARPHRD_ETHER;
		memcpy(ifr.ifr_hwaddr.sa_data, conf->peer_mac.b, sizeof(conf->peer_mac.b));
		if (ioctl(sock, SIOCSIFHWADDR, &ifr) < 0) {
			rc = pw_err_set(err, -errno, "interface %s: MAC: %s", conf->interface,
				strerror(errno));
			goto out;
		}
	}
	rc = set_link_up(sock, &ifr);
	if (rc < 0)
		pw_err_set(err, rc, "interface %s: up: %s", conf->interface, strerror(-rc));
out:
	close(sock);
	return rc;
}

static int open_given(int fd, bool *has_uso, struct pw_err *err)
{
	int rc = check_fd(fd, err);

	if (rc == 0)
		rc = set_up_fd(fd, has_uso, err);
	return rc < 0 ? rc : fd;
}

static int open_made(const struct pw_port_conf *conf, bool *has_uso, struct pw_err *err)
{
	int fd = make_fd(conf->interface, err), rc;

	if (fd < 0)
		return fd;
	rc = set_up_fd(fd, has_uso, err);
	if (rc == 0)
		rc = set_up_link(conf, err);
	if (rc < 0) {
		close(fd);
		return rc;
	}
	return fd;
}

int tap_dev_open(const struct pw_port_conf *conf, bool *has_uso, struct pw_err *err)
{
	return conf->fd >= 0 ? open_given(conf->fd, has_uso, err) : open_made(conf, has_uso, err);
}

int tap_dev_mac(int fd, struct pw_mac *mac)
{
	struct ifreq ifr = {0};

	if (ioctl(fd, SIOCGIFHWADDR, &ifr) < 0)
		return -errno;
	memcpy(mac->b, ifr.ifr_hwaddr.sa_data, sizeof(mac->b));
	return 0;
}
