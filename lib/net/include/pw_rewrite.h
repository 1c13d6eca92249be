/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_rewrite.h - the one place that changes headers: NAT, TTL, checksums and MACs in one pass.
 */
#ifndef PW_REWRITE_H
#define PW_REWRITE_H

#include <string.h>

#include <rte_byteorder.h>

#include "pw_addr.h"
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

/* TTL - 1 with RFC 1141/1624 update; the caller has checked ttl > 1. */
void pw_rewrite_ttl(struct pw_pkt *pkt);

/* MACs as pw_mac_to_u64 gives them. */
static inline void pw_rewrite_macs(struct pw_pkt *pkt, uint64_t dst48, uint64_t src48)
{
	uint64_t d = rte_cpu_to_be_64(dst48 << 16);
	uint64_t s = rte_cpu_to_be_64(src48 << 16);

	memcpy(pkt->data, &d, 6);
	memcpy(pkt->data + 6, &s, 6);
}

#endif
