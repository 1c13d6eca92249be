/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * netif.h - what the drivers on an interface of the kernel ask about it (AF_PACKET, AF_XDP).
 *
 * The interface is somebody else's: nothing of it is changed. Promiscuous mode is a membership of
 * a socket, which the kernel takes back when the socket is closed, by kill -9 as well.
 * Threads:  control thread.
 * Errors:   -errno with a message that names the fix.
 */
#ifndef PW_PORT_NETIF_H
#define PW_PORT_NETIF_H

#include "pw_port.h"

struct netif {
	int index;
	uint32_t mtu;
	struct pw_mac mac;
	char driver[32];       /* as ethtool -i says; "" if the driver does not tell */
	uint16_t n_rxq, n_txq; /* in use now; 1 if the driver does not tell */
};

/* An Ethernet interface of the current netns whose MTU is enough for ours. 0 or -errno. */
int netif_find(const char *name, uint16_t mtu, struct netif *netif, struct pw_err *err);
/* 1: up with carrier, 0: down, -ENODEV: gone. sock: any socket of the interface's netns. */
int netif_is_up(int sock, int index);
/* A packet socket that receives nothing until it is bound to a protocol. The fd or -errno. */
int netif_packet_socket(struct pw_err *err);
/* Promiscuous for as long as the packet socket is open. 0 or -errno. */
int netif_set_promisc(int sock, int index, struct pw_err *err);

#endif
