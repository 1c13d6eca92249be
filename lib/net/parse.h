/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * parse.h - the pieces of the parser. Private to lib/net.
 *
 * Each returns PW_VERDICT_CONTINUE or a drop reason. All may count on this: the first
 * min(pkt_len, PW_PARSE_BYTES) bytes of the frame are contiguous at pkt->data.
 */
#ifndef PW_NET_PARSE_H
#define PW_NET_PARSE_H

#include "pw_parse.h"

/* Ethernet, two VLAN tags, IPv4 with options, ICMP, a quoted IPv4 header with options and TCP up to
 * its checksum: 14 + 8 + 60 + 8 + 60 + 18 = 168. */
#define PW_PARSE_BYTES 256

/* `avail`: bytes of the IP payload at pkt->l4_off, all of them inside the frame. */
uint8_t parse_icmp(struct pw_pkt *pkt, const uint8_t *icmp, uint32_t avail);

/* `room`: bytes of the frame from pkt->l3_off on. Follows extension headers (ip6_walk.h), and may pull
 * them up: pkt->m and ->data change then. */
uint8_t parse_ip6(struct pw_pkt *pkt, uint32_t room);
uint8_t parse_upper(struct pw_pkt *pkt, uint32_t avail); /* TCP, UDP, SCTP at pkt->l4_off */

/* Bytes of the TCP or UDP header at pkt->l4_off (as in pkt->l4_proto), 0 if it is cut short. */
unsigned parse_l4_header_len(const struct pw_pkt *pkt);

/* Checksum and segmentation requests of the mbuf against the parsed headers. *again is set if the
 * frame's bytes were changed, so that nothing known about them holds. */
uint8_t parse_offload(struct pw_pkt *pkt, bool *again);

#endif
