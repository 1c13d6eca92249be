/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if_arp.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cni_nl.h"
#include "pw_cni_link.h"

#ifndef IFF_TUN_EXCL
#define IFF_TUN_EXCL 0x8000
#endif

int pw_cni_link_open(struct pw_cni_link *link, const char *ifname, struct pw_err *err)
{
	int rc;

	*link = (struct pw_cni_link){0};
	snprintf(link->name, sizeof(link->name), "%s", ifname);
	link->nl = nl_socket_alloc();
	if (link->nl == NULL)
		return pw_err_set(err, -ENOMEM, "out of memory");
	rc = nl_connect(link->nl, NETLINK_ROUTE);
	if (rc != 0) {
		pw_cni_link_close(link);
		return cni_nl_fail(err, rc, "netlink socket");
	}
	return 0;
}

void pw_cni_link_close(struct pw_cni_link *link)
{
	if (link->nl != NULL)
		nl_socket_free(link->nl);
	link->nl = NULL;
}

int pw_cni_link_find(struct pw_cni_link *link, struct pw_err *err)
{
	struct rtnl_link *found = NULL;
	const char *type;
	struct nl_addr *mac;
	int rc = rtnl_link_get_kernel(link->nl, 0, link->name, &found);

	link->ifindex = 0;
	if (rc != 0)
		return cni_nl_fail(err, rc, "interface \"%s\"", link->name);
	link->ifindex = rtnl_link_get_ifindex(found);
	link->mtu = rtnl_link_get_mtu(found);
	link->up = rtnl_link_get_flags(found) & IFF_UP;
	type = rtnl_link_get_type(found);
	link->tap = type != NULL && strcmp(type, "tun") == 0;
	mac = rtnl_link_get_addr(found);
	if (mac != NULL && nl_addr_get_len(mac) == sizeof(link->mac.b))
		memcpy(link->mac.b, nl_addr_get_binary_addr(mac), sizeof(link->mac.b));
	rtnl_link_put(found);
	return 0;
}

int pw_cni_link_tap_create(const char *ifname, unsigned queues, struct pw_err *err)
{
	struct ifreq ifr = {0};
	int fd, rc;

	/* The kernel would take "eth%d" for a pattern and choose a name itself. */
	if (strchr(ifname, '%') != NULL)
		return pw_err_set(err, -EINVAL, "interface \"%s\": '%%' is not possible", ifname);
	fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return pw_err_set(err, -errno, "/dev/net/tun: %s", strerror(errno));
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", ifname);
	/* Without IFF_TUN_EXCL an existing TAP would be taken over. ifr_flags is a short. */
	ifr.ifr_flags = (short)(IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | IFF_TUN_EXCL |
				(queues > 1 ? IFF_MULTI_QUEUE : 0));
	if (ioctl(fd, TUNSETIFF, &ifr) != 0) {
		rc = errno == EBUSY ? -EEXIST : -errno;
		pw_err_set(
			err, rc, "interface \"%s\": cannot make a TAP: %s", ifname, strerror(-rc));
		goto err_close;
	}
	if (ioctl(fd, TUNSETPERSIST, 1) != 0) {
		rc = pw_err_set(err, -errno, "interface \"%s\": cannot make it persistent: %s",
			ifname, strerror(errno));
		goto err_close; /* takes the interface with it */
	}
	return fd;
err_close:
	close(fd);
	return rc;
}

int pw_cni_link_delete(struct pw_cni_link *link, struct pw_err *err)
{
	struct rtnl_link *which = rtnl_link_alloc();
	int rc;

	if (which == NULL)
		return pw_err_set(err, -ENOMEM, "out of memory");
	rtnl_link_set_ifindex(which, link->ifindex);
	rc = rtnl_link_delete(link->nl, which);
	rtnl_link_put(which);
	if (rc != 0)
		return cni_nl_fail(err, rc, "interface \"%s\": cannot delete", link->name);
	return 0;
}

/* One ioctl on an interface of this namespace. */
static int if_ioctl(unsigned long request, struct ifreq *ifr, const char *what, struct pw_err *err)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int rc = fd < 0 || ioctl(fd, request, ifr) != 0 ? -errno : 0;

	if (fd >= 0)
		close(fd);
	if (rc != 0)
		return pw_err_set(
			err, rc, "interface \"%s\": %s: %s", ifr->ifr_name, what, strerror(-rc));
	return 0;
}

/* Frames that the kernel keeps for a worker which is not reading just now. A TAP has 500 of its own
 * accord, other Ethernet interfaces this many (the kernel's DEFAULT_TX_QUEUE_LEN). */
#define TX_QUEUE_LEN 1000

int pw_cni_link_set(
	struct pw_cni_link *link, const struct pw_mac *mac, uint32_t mtu, struct pw_err *err)
{
	struct ifreq ifr = {0};
	char what[64], text[PW_MAC_STRLEN];
	int rc;

	memcpy(ifr.ifr_name, link->name, sizeof(ifr.ifr_name));
	ifr.ifr_hwaddr.sa_family = ARPHRD_ETHER;
	memcpy(ifr.ifr_hwaddr.sa_data, mac->b, sizeof(mac->b));
	snprintf(what, sizeof(what), "MAC %s", pw_mac_format(mac, text));
	rc = if_ioctl(SIOCSIFHWADDR, &ifr, what, err);
	if (rc != 0)
		return rc;
	ifr.ifr_mtu = (int)mtu;
	snprintf(what, sizeof(what), "MTU %u", mtu);
	rc = if_ioctl(SIOCSIFMTU, &ifr, what, err);
	if (rc != 0)
		return rc;
	ifr.ifr_qlen = TX_QUEUE_LEN;
	return if_ioctl(SIOCSIFTXQLEN, &ifr, "transmit queue length", err);
}

static int set_up(const char *ifname, bool *changed, struct pw_err *err)
{
	struct ifreq ifr = {0};
	int rc;

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", ifname);
	rc = if_ioctl(SIOCGIFFLAGS, &ifr, "flags", err);
	if (rc != 0)
		return rc;
	*changed = !(ifr.ifr_flags & IFF_UP);
	if (!*changed)
		return 0;
	ifr.ifr_flags |= IFF_UP;
	return if_ioctl(SIOCSIFFLAGS, &ifr, "up", err);
}

int pw_cni_link_up(struct pw_cni_link *link, struct pw_err *err)
{
	bool changed;

	return set_up(link->name, &changed, err);
}

int pw_cni_link_lo_up(bool *changed, struct pw_err *err)
{
	return set_up("lo", changed, err);
}
