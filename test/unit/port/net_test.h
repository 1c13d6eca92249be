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
#include <sys/uio.h>

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

/* v0 and v1, up, in a namespace of their own. False: skip the test. */
static inline bool make_veth(const char *options)
{
	char command[128];

	if (!need_root())
		return false;
	be_silent();
	snprintf(command, sizeof(command), "ip link add v0 %s type veth peer name v1 %s", options,
		options);
	assert_int_equal(system(command), 0);
	set_link("v0", true);
	set_link("v1", true);
	return true;
}

/* A socket for kernel_sends; closing one takes the kernel some milliseconds. */
static inline int open_sender(const char *interface)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(interface)};
	int sock = socket(AF_PACKET, SOCK_RAW, 0), on = 1;

	assert_int_equal(setsockopt(sock, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)), 0);
	assert_int_equal(bind(sock, (struct sockaddr *)&to, sizeof(to)), 0);
	return sock;
}

/* A frame with its vnet header. */
static inline void send_frame(int sock, const void *hdr, const void *frame, size_t len)
{
	struct iovec iov[2] = {
		{(void *)(uintptr_t)hdr, sizeof(struct virtio_net_hdr)},
		{(void *)(uintptr_t)frame, len},
	};

	if (writev(sock, iov, 2) < 0)
		print_message("this kernel refuses the header itself: %s\n", strerror(errno));
}

/* One from the kernel to who reads the interface or its other end. */
static inline void kernel_sends(
	const char *interface, const void *hdr, const void *frame, size_t len)
{
	int sock = open_sender(interface);

	send_frame(sock, hdr, frame, len);
	close(sock);
}

/* The kernel's link watch is a work queue, which comes when it comes. */
static inline void wait_state(struct pw_port *port, enum pw_port_state state)
{
	for (unsigned i = 0; i < 1000 && pw_port_state(port) != state; i++) {
		usleep(1000);
		port->ops->poll_state(port);
	}
	assert_int_equal(pw_port_state(port), state);
}

static inline uint16_t read_all(struct pw_port *port, struct rte_mbuf **pkts, uint16_t *bad)
{
	uint16_t n = 0;

	for (unsigned i = 0; i < 100; i++)
		n += pw_port_rx_burst(port, 0, pkts + n, PW_PORT_BURST, bad);
	return n;
}

/* Until there are as many as wanted: between the ends of a veth is a soft interrupt. */
static inline uint16_t read_some(
	struct pw_port *port, uint16_t queue, struct rte_mbuf **pkts, uint16_t wanted)
{
	uint16_t n = 0, bad = 0;

	for (unsigned i = 0; i < 1000 && n < wanted; i++) {
		n += pw_port_rx_burst(port, queue, pkts + n, PW_PORT_BURST, &bad);
		if (n < wanted)
			usleep(100); /* the other end's NAPI */
	}
	assert_int_equal(bad, 0);
	return n;
}

#endif
