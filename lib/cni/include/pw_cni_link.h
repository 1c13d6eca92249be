/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_cni_link.h - a pod's interface, made and set up by the kernel's own means.
 *
 * All of it works in the network namespace the caller is in (pw_cni_netns_enter). The order that
 * makes no packet get lost and no wrong address seen:
 *
 *     tap_create, set (MAC, MTU), [the daemon attaches the fd], sysctls, addresses, up, neighbours,
 *     routes
 *
 * Up comes after the addresses: arp_notify and ndisc_notify then announce them.
 * Threads:  the plugin's one.
 * Errors:   -errno with *err; -ENODEV: no such interface, -EEXIST: it is there already.
 */
#ifndef PW_CNI_LINK_H
#define PW_CNI_LINK_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "pw_addr.h"
#include "pw_cni_result.h"
#include "pw_err.h"

struct pw_cni_link { /* a netlink socket, and what it found */
	struct nl_sock *nl;
	char name[IFNAMSIZ];
	int ifindex;
	struct pw_mac mac;
	uint32_t mtu;
	bool up;
	bool tap; /* made by the tun driver: may be ours */
};

/* Opens the netlink socket. Zero *link first; pw_cni_link_close is then always fine. */
int pw_cni_link_open(struct pw_cni_link *link, const char *ifname, struct pw_err *err);
void pw_cni_link_close(struct pw_cni_link *link);
/* Reads the interface of that name into *link; -ENODEV leaves it with ifindex 0. */
int pw_cni_link_find(struct pw_cni_link *link, struct pw_err *err);

/* Makes a persistent TAP with vnet header, refuses one that exists. The fd, or -errno. The header's
 * size and the offloads are the port driver's to set, at each attach. */
int pw_cni_link_tap_create(const char *ifname, unsigned queues, struct pw_err *err);
int pw_cni_link_delete(struct pw_cni_link *link, struct pw_err *err);

int pw_cni_link_set(
	struct pw_cni_link *link, const struct pw_mac *mac, uint32_t mtu, struct pw_err *err);
int pw_cni_link_up(struct pw_cni_link *link, struct pw_err *err);
/* Brings lo up; *changed says whether it was down. */
int pw_cni_link_lo_up(bool *changed, struct pw_err *err);
/* The pod's sysctls for this interface; IPv6 is switched off if the pod has no such address. */
int pw_cni_link_sysctls(const char *ifname, bool v4, bool v6, struct pw_err *err);

int pw_cni_link_add_address(
	struct pw_cni_link *link, const struct pw_prefix *address, struct pw_err *err);
int pw_cni_link_add_neighbour(struct pw_cni_link *link, const struct pw_ip *ip,
	const struct pw_mac *mac, struct pw_err *err);
/* One that is there already is fine. Without gateway: on the link. */
int pw_cni_link_add_route(
	struct pw_cni_link *link, const struct pw_cni_route *route, struct pw_err *err);

/* CHECK: 1 there, 0 not, -errno. */
int pw_cni_link_has_address(
	struct pw_cni_link *link, const struct pw_prefix *address, struct pw_err *err);
int pw_cni_link_has_route(
	struct pw_cni_link *link, const struct pw_cni_route *route, struct pw_err *err);

#endif
