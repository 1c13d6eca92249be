/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_parse6.h - what of an IPv6 packet does not fit into its metadata.
 *
 * Addresses stay in the header (pw_in6_load at l3_off + 8 and + 24).
 * Threads: any.
 */
#ifndef PW_PARSE6_H
#define PW_PARSE6_H

#include <stdbool.h>

#include "pw_in6.h"
#include "pw_pkt.h"

/* What an ICMPv6 error quotes (RFC 4443: as much as fits). */
struct pw_icmp6_quote {
	uint16_t l3_off, l4_off; /* of the quoted headers, from the start of the frame */
	uint16_t l4_bytes;       /* quoted bytes from l4_off on; >= 8 */
	uint8_t proto;
	pw_in6 src_be, dst_be;
	uint16_t sport_be, dport_be; /* as in struct pw_pkt */
};
/* false: short, foreign or a later fragment. */
bool pw_parse_icmp6_quote(const struct pw_pkt *pkt, struct pw_icmp6_quote *quote);

/* Of a packet with PW_PKT_FRAG: where its fragment header is, from the IPv6 header. */
static inline uint32_t pw_pkt_frag6_off(const struct pw_pkt *pkt)
{
	return pkt->src_be;
}

/* Addresses of a packet of either family; of family NONE: it is not IP. */
struct pw_ip pw_pkt_src_ip(const struct pw_pkt *pkt);
struct pw_ip pw_pkt_dst_ip(const struct pw_pkt *pkt);

#endif
