/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netif.h"
#include "pw_str.h"
#include "pw_util.h"

static int read_mac(int sock, struct ifreq *ifr, struct netif *netif, struct pw_err *err)
{
	if (ioctl(sock, SIOCGIFHWADDR, ifr) < 0)
		return pw_err_set(err, -errno, "interface %s: %s", ifr->ifr_name, strerror(errno));
	if (ifr->ifr_hwaddr.sa_family != ARPHRD_ETHER)
		return pw_err_set(
			err, -EINVAL, "interface %s is no Ethernet interface", ifr->ifr_name);
	memcpy(netif->mac.b, ifr->ifr_hwaddr.sa_data, sizeof(netif->mac.b));
	return 0;
}

static int read_mtu(
	int sock, struct ifreq *ifr, uint16_t wanted, struct netif *netif, struct pw_err *err)
{
	if (ioctl(sock, SIOCGIFMTU, ifr) < 0)
		return pw_err_set(err, -errno, "interface %s: %s", ifr->ifr_name, strerror(errno));
	netif->mtu = (uint32_t)ifr->ifr_mtu;
	if (netif->mtu < wanted)
		return pw_err_set(err, -EINVAL,
			"mtu %u: interface %s has %u: ip link set %s mtu %u, or lower mtu", wanted,
			ifr->ifr_name, netif->mtu, ifr->ifr_name, wanted);
	return 0;
}

/* Not every driver answers; what it does not say has a value that is always right. */
static void read_ethtool(int sock, struct ifreq *ifr, struct netif *netif)
{
	struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};
	struct ethtool_channels channels = {.cmd = ETHTOOL_GCHANNELS};

	netif->n_rxq = netif->n_txq = 1;
	ifr->ifr_data = (char *)&info;
	if (ioctl(sock, SIOCETHTOOL, ifr) == 0)
		memcpy(netif->driver, info.driver, sizeof(netif->driver) - 1);
	ifr->ifr_data = (char *)&channels;
	if (ioctl(sock, SIOCETHTOOL, ifr) < 0)
		return;
	netif->n_rxq = (uint16_t)PW_MAX(channels.combined_count + channels.rx_count, 1u);
	netif->n_txq = (uint16_t)PW_MAX(channels.combined_count + channels.tx_count, 1u);
}

int netif_find(const char *name, uint16_t mtu, struct netif *netif, struct pw_err *err)
{
	struct ifreq ifr = {0};
	int sock, rc;

	*netif = (struct netif){0};
	if (name == NULL || !pw_ifname_valid(name))
		return pw_err_set(
			err, -EINVAL, "interface \"%s\" is no interface name", name ? name : "");
	netif->index = (int)if_nametoindex(name);
	if (netif->index == 0)
		return pw_err_set(err, -ENODEV,
			"interface %s: there is none in the daemon's network namespace", name);
	sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return pw_err_set(err, -errno, "socket: %s", strerror(errno));
	strncpy(ifr.ifr_name, name, IFNAMSIZ - 1);
	rc = read_mac(sock, &ifr, netif, err);
	if (rc == 0)
		rc = read_mtu(sock, &ifr, mtu, netif, err);
	if (rc == 0)
		read_ethtool(sock, &ifr, netif);
	close(sock);
	return rc;
}

int netif_is_up(int sock, int index)
{
	const short wanted = IFF_UP | IFF_RUNNING;
	struct ifreq ifr = {.ifr_ifindex = index};

	if (ioctl(sock, SIOCGIFNAME, &ifr) < 0 || ioctl(sock, SIOCGIFFLAGS, &ifr) < 0)
		return -ENODEV;
	return (ifr.ifr_flags & wanted) == wanted;
}

int netif_packet_socket(struct pw_err *err)
{
	int sock = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (sock >= 0)
		return sock;
	return pw_err_set(err, -errno,
		errno == EPERM ? "a packet socket needs CAP_NET_RAW" : "packet socket: %s",
		strerror(errno));
}

int netif_set_promisc(int sock, int index, struct pw_err *err)
{
	const struct packet_mreq mreq = {.mr_ifindex = index, .mr_type = PACKET_MR_PROMISC};

	if (setsockopt(sock, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &mreq, sizeof(mreq)) < 0)
		return pw_err_set(err, -errno, "promiscuous mode: %s", strerror(errno));
	return 0;
}
