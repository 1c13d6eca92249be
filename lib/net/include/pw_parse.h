/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_parse.h - one frame into packet metadata, with every length checked before it is believed.
 *
 * Fills everything of struct pw_pkt that follows from the frame; sets the verdict to a drop reason
 * for malformed frames (SEC-4). If the headers are split over segments (or not in the first 256
 * bytes), they are pulled into the first one; -> NO_MBUF when that needs memory there is not.
 * The IPv4 header checksum is checked unless the mbuf says the device did. L4 checksums are not
 * (a forwarder does not repair or judge them, OFF-1). A partial checksum whose start or offset is
 * not that of the outermost L4 header is finished in software here, so that later stages meet only
 * the simple case; contradictory GSO state is a drop (SEC-6).
 * Threads: any; touches only the packet.
 */
#ifndef PW_PARSE_H
#define PW_PARSE_H

#include <stdbool.h>

#include "pw_pkt.h"

/* pkt->m, in_port, flags (REINJECTED, NO_PUNT, ORIGINATED, RETRIED only) are set by the caller; all else is
 * written. */
void pw_parse_frame(struct pw_pkt *pkt);

/* What packets that come from one place have in common. */
struct pw_parse_origin {
	uint32_t flags; /* REINJECTED, NO_PUNT, ORIGINATED, RETRIED only */
	uint16_t in_port;
	uint16_t bridge; /* PW_BRIDGE_NONE: a routed port */
};
/* The same for n mbufs into n packets, with a short way for plain TCP and UDP over IPv4; sets
 * pkt->bridge as well. */
void pw_parse_burst(const struct pw_parse_origin *from, struct rte_mbuf *const *mbufs,
	struct pw_pkt *pkts, uint32_t n);

/* What an ICMPv4 error quotes (RFC 792, RFC 1812: at least the header and 8 bytes). */
struct pw_icmp_quote {
	uint16_t l3_off, l4_off; /* of the quoted headers, from the start of the frame */
	uint16_t l4_bytes;       /* quoted bytes from l4_off on; >= 8 */
	uint8_t proto;
	uint32_t src_be, dst_be;
	uint16_t sport_be, dport_be; /* as in struct pw_pkt */
};
/* false: short, foreign or a later fragment. */
bool pw_parse_icmp_quote(const struct pw_pkt *pkt, struct pw_icmp_quote *quote);

#endif
