/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_rewrite6.h - NAT of IPv6 packets: pw_rewrite.h with longer addresses and no header checksum.
 */
#ifndef PW_REWRITE6_H
#define PW_REWRITE6_H

#include "pw_parse6.h"
#include "pw_rewrite.h"

/* New addresses and ports of a packet, all in network order, and the changes they make to sums. */
struct pw_nat6_plan {
	pw_in6 src_be, dst_be;
	uint16_t sport_be, dport_be;
	uint16_t l3_delta; /* of the address words, folded: of a partial L4 checksum */
	uint16_t l4_delta; /* of addresses and ports, folded: of a full one */
};

/* Deltas of a plan for a packet with the old addresses and ports. */
void pw_nat6_plan_deltas(struct pw_nat6_plan *plan, pw_in6 src_be, pw_in6 dst_be, uint16_t sport_be,
	uint16_t dport_be);

/* As pw_rewrite_nat(). A UDP checksum of 0 stays 0: only tunnels may send one (RFC 6935), and it is
 * for their other end to judge; one that becomes 0 is sent as 0xffff (RFC 8200 8.1). Of a packet
 * with a routing header the L4 checksum may be over another destination; the difference, and so the
 * result, is the same. */
bool pw_rewrite_nat6(struct pw_pkt *pkt, const struct pw_nat6_plan *plan);

/* As pw_rewrite_icmp_quote(); the ICMPv6 checksum covers the outer addresses, too. */
bool pw_rewrite_icmp6_quote(struct pw_pkt *pkt, const struct pw_icmp6_quote *quote,
	pw_in6 new_outer_src_be, pw_in6 new_outer_dst_be, const struct pw_nat6_plan *quote_plan);

#endif
