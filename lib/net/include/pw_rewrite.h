/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_rewrite.h - the one place that changes headers: NAT, TTL, checksums and MACs in one pass.
 */
#ifndef PW_REWRITE_H
#define PW_REWRITE_H

#include <netinet/in.h>
#include <string.h>

#include <rte_byteorder.h>

#include "pw_addr.h"
#include "pw_csum.h"
#include "pw_parse.h"
#include "pw_pkt.h"

/* New addresses and ports of a packet, all in network order, and the changes they make to sums. */
struct pw_nat_plan {
	uint32_t src_be, dst_be;
	uint16_t sport_be, dport_be; /* ICMP echo: the id is in the one that is not 0 */
	uint16_t l3_delta;           /* of the address words; folded */
	uint16_t l4_delta;           /* of addresses and ports; folded (full L4 checksum) */
};

/* Deltas of a plan for a packet with the old addresses and ports. */
void pw_nat_plan_deltas(struct pw_nat_plan *plan, uint32_t src_be, uint32_t dst_be,
	uint16_t sport_be, uint16_t dport_be);

/* Applies a plan: IP addresses + header checksum, ports, L4 checksum by protocol (TCP, UDP with its
 * 0 rules, SCTP's CRC, ICMP echo id) and by kind of sum (full: address and port delta; partial:
 * address delta only, un-inverted; CT-14, CT-15). Updates pkt's 5-tuple. Later fragments, ICMP
 * errors and other protocols: addresses only.
 * false: the packet is spoilt (SCTP ports of a fragment, whose CRC cannot be known): drop it. */
bool pw_rewrite_nat(struct pw_pkt *pkt, const struct pw_nat_plan *plan);

/* An ICMP error about a translated flow: the outer destination and/or source and the quoted headers
 * are translated; outer ICMP, inner IP and (if quoted) inner L4 checksums put right (ICMP-5).
 * new_outer_*: addresses for the outer header; quote_plan: new values of the quoted headers. */
bool pw_rewrite_icmp_quote(struct pw_pkt *pkt, const struct pw_icmp_quote *quote,
	uint32_t new_outer_src_be, uint32_t new_outer_dst_be, const struct pw_nat_plan *quote_plan);

/* The short way of pw_rewrite_nat() for most packets: TCP with its whole header and a full checksum. */
static inline bool pw_rewrite_nat_is_plain(const struct pw_pkt *pkt)
{
	const uint32_t mask = PW_PKT_HAS_PORTS | PW_PKT_PARTIAL | PW_PKT_ICMP_ERROR;

	return (pkt->flags & mask) == PW_PKT_HAS_PORTS && pkt->l4_proto == IPPROTO_TCP;
}

/* addrs: source and destination, ports likewise, as they lie in the headers. Deltas as in a plan. */
static inline void pw_rewrite_nat_plain(
	struct pw_pkt *pkt, uint64_t addrs, uint32_t ports, uint16_t l3_delta, uint16_t l4_delta)
{
	uint8_t *ip = pkt->data + pkt->l3_off, *l4 = pkt->data + pkt->l4_off;
	uint16_t ip_csum, l4_csum;

	memcpy(&ip_csum, ip + 10, 2);
	memcpy(&l4_csum, l4 + 16, 2);
	ip_csum = pw_csum_update_folded(ip_csum, l3_delta);
	l4_csum = pw_csum_update_folded(l4_csum, l4_delta);
	memcpy(ip + 12, &addrs, 8);
	memcpy(l4, &ports, 4);
	memcpy(ip + 10, &ip_csum, 2);
	memcpy(l4 + 16, &l4_csum, 2);
	memcpy(&pkt->src_be, &addrs, 8);
	memcpy(&pkt->sport_be, &ports, 4);
}

/* TTL - 1 with RFC 1141/1624 update; the caller has checked ttl > 1. */
void pw_rewrite_ttl(struct pw_pkt *pkt);

/* The same for IPv4. The word of TTL and protocol loses 0x0100; the carry keeps -0 out. */
static inline void pw_rewrite_ttl4(const struct pw_pkt *pkt)
{
	uint8_t *ip = pkt->data + pkt->l3_off;
	uint16_t csum;
	uint32_t sum;

	memcpy(&csum, ip + 10, 2);
	sum = csum + (uint32_t)rte_cpu_to_be_16(0x0100);
	csum = (uint16_t)(sum + (sum >= 0xffff));
	ip[8]--;
	memcpy(ip + 10, &csum, 2);
}

/* MACs as pw_mac_to_u64 gives them. */
static inline void pw_rewrite_macs(const struct pw_pkt *pkt, uint64_t dst48, uint64_t src48)
{
	uint64_t dst_and_2 = rte_cpu_to_be_64(dst48 << 16 | src48 >> 32);
	uint32_t other_4 = rte_cpu_to_be_32((uint32_t)src48);

	memcpy(pkt->data, &dst_and_2, 8);
	memcpy(pkt->data + 8, &other_4, 4);
}

#endif
