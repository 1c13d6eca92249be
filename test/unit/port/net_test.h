/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net_test.h - interfaces of the kernel in private network namespaces, for tests of drivers on them.
 */
#ifndef NET_TEST_H
#define NET_TEST_H

#include "port_test.h"

#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "vnet_hdr.h"

static inline bool need_root(void)
{
	if (geteuid() == 0 && unshare(CLONE_NEWNET) == 0)
		return true;
	print_message("skipped: needs root and a network namespace\n");
	return false;
}

static inline void set_link(const char *name, bool up)
{
	struct ifreq ifr = {0};
	int sock = socket(AF_INET, SOCK_DGRAM, 0);

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	assert_int_equal(ioctl(sock, SIOCGIFFLAGS, &ifr), 0);
	ifr.ifr_flags = (short)(up ? ifr.ifr_flags | IFF_UP : ifr.ifr_flags & ~IFF_UP);
	assert_int_equal(ioctl(sock, SIOCSIFFLAGS, &ifr), 0);
	close(sock);
}

/* Without IPv6 the kernel sends nothing of its own. */
static inline void be_silent(void)
{
	int fd = open("/proc/sys/net/ipv6/conf/default/disable_ipv6", O_WRONLY);

	if (fd >= 0 && write(fd, "1", 1) != 1)
		print_message("IPv6 stays on\n");
	if (fd >= 0)
		close(fd);
}

/* A frame with its vnet header, from the kernel to who reads the interface or its other end. */
static inline void kernel_sends(
	const char *interface, const void *hdr, const void *frame, size_t len)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(interface)};
	int sock = socket(AF_PACKET, SOCK_RAW, 0), on = 1;
	struct iovec iov[2] = {
		{(void *)(uintptr_t)hdr, sizeof(struct virtio_net_hdr)},
		{(void *)(uintptr_t)frame, len},
	};
	struct msghdr msg = {
		.msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = iov, .msg_iovlen = 2};

	assert_int_equal(setsockopt(sock, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)), 0);
	if (sendmsg(sock, &msg, 0) < 0)
		print_message("this kernel refuses the header itself: %s\n", strerror(errno));
	close(sock);
}

static inline uint16_t read_all(struct pw_port *port, struct rte_mbuf **pkts, uint16_t *bad)
{
	uint16_t n = 0;

	for (unsigned i = 0; i < 100; i++)
		n += pw_port_rx_burst(port, 0, pkts + n, PW_PORT_BURST, bad);
	return n;
}

#endif
