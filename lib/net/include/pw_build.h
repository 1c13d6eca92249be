/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_build.h - frames we originate: ARP, ICMPv4 errors and echo replies, TCP RST (both families).
 *
 * Builders write into an mbuf the caller allocated (empty, room >= 128 + quote) and return 0 or
 * -ENOSPC/-EINVAL. Ethernet addresses: from `src_mac` to `dst_mac`.
 * Sources: RFC 826, RFC 5227 (ARP); RFC 792, RFC 1122 3.2.2, RFC 1812 4.3.2 (ICMP);
 * RFC 9293 3.10.7.1 (RST).
 */
#ifndef PW_BUILD_H
#define PW_BUILD_H

#include <stdbool.h>
#include <stdint.h>

#include "pw_addr.h"
#include "pw_pkt.h"

/* A parsed ARP packet for Ethernet/IPv4. */
struct pw_arp {
	uint16_t op; /* 1 request, 2 reply */
	struct pw_mac sender_mac, target_mac;
	uint32_t sender_be, target_be;
};
/* 0, or -EINVAL for anything but Ethernet/IPv4 request or reply of full length. */
int pw_arp_parse(const struct pw_pkt *pkt, struct pw_arp *arp);
int pw_build_arp(struct rte_mbuf *m, uint16_t op, const struct pw_mac *dst_mac,
	const struct pw_mac *sender_mac, uint32_t sender_be, const struct pw_mac *target_mac,
	uint32_t target_be);

/* May an ICMP error be sent about this packet? (RFC 1122 3.2.2: not about ICMP errors, later
 * fragments, multicast or broadcast destinations, sources 0, multicast or loopback.) */
bool pw_icmp_error_allowed(const struct pw_pkt *pkt);
/* Error about `about`, quoting as the kernel does (up to 576 bytes in all); TTL 64.
 * `info` is the last word's low half: next-hop MTU for type 3 code 4, else 0. */
int pw_build_icmp_error(struct rte_mbuf *m, const struct pw_pkt *about, uint8_t type, uint8_t code,
	uint16_t info, uint32_t src_be, const struct pw_mac *src_mac, const struct pw_mac *dst_mac);
/* RST that answers segment `about` (a SYN to a closed port: seq 0, ack = seq + 1, RST|ACK), with
 * addresses and ports swapped. -EINVAL if `about` is a RST itself, or not TCP. */
int pw_build_tcp_rst(struct rte_mbuf *m, const struct pw_pkt *about, const struct pw_mac *src_mac,
	const struct pw_mac *dst_mac);
/* Turns an echo request into its reply in place: addresses swapped, type 0, checksum updated by
 * RFC 1624, TTL 64. MACs are the caller's. Of one that came in fragments each is turned by itself:
 * they keep their id and their places, and make up the reply where it is put together. */
void pw_icmp_echo_turn(struct pw_pkt *pkt);

#endif
