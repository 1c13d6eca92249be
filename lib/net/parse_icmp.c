/* SPDX-License-Identifier: BSD-3-Clause */
/* parse_icmp.c - ICMPv4 (RFC 792) and what its errors quote. */
#include "parse.h"
#include "wire.h"

/* Destination unreachable, source quench, redirect, time exceeded, parameter problem. */
#define ERROR_TYPES (1u << 3 | 1u << 4 | 1u << 5 | 1u << 11 | 1u << 12)

/* The id stands in the source role of a request and in the destination role of a reply, so that a
 * reply is the request's tuple reversed, as it is with ports. */
static void set_echo_id(uint8_t type, uint16_t id, uint16_t *sport_be, uint16_t *dport_be)
{
	*sport_be = type == ICMP_ECHO_REQUEST ? id : 0;
	*dport_be = type == ICMP_ECHO_REQUEST ? 0 : id;
}

uint8_t parse_icmp(struct pw_pkt *pkt, const uint8_t *icmp, uint32_t avail)
{
	if (avail < ICMP_LEN)
		return PW_DROP_L4_SHORT;
	uint8_t type = icmp[ICMP_TYPE];

	if (type == ICMP_ECHO_REQUEST || type == ICMP_ECHO_REPLY) {
		set_echo_id(type, load16(icmp + ICMP_ID), &pkt->sport_be, &pkt->dport_be);
		pkt->flags |= PW_PKT_ICMP_ECHO | PW_PKT_HAS_PORTS;
	} else if (type < 32 && ERROR_TYPES >> type & 1) {
		pkt->flags |= PW_PKT_ICMP_ERROR;
	}
	return PW_VERDICT_CONTINUE;
}

/* Ports or echo id of the quoted L4 header, of which 8 bytes are there. */
static bool quote_ports(struct pw_icmp_quote *quote, const uint8_t *l4)
{
	switch (quote->proto) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_SCTP:
		quote->sport_be = load16(l4);
		quote->dport_be = load16(l4 + 2);
		return true;
	case IPPROTO_ICMP:
		if (l4[ICMP_TYPE] != ICMP_ECHO_REQUEST && l4[ICMP_TYPE] != ICMP_ECHO_REPLY)
			return false;
		set_echo_id(
			l4[ICMP_TYPE], load16(l4 + ICMP_ID), &quote->sport_be, &quote->dport_be);
		return true;
	default:
		return false;
	}
}

bool pw_parse_icmp_quote(const struct pw_pkt *pkt, struct pw_icmp_quote *quote)
{
	uint32_t end = PW_MIN(pkt->m->data_len, (uint32_t)pkt->l3_off + pkt->ip_len);
	uint32_t l3_off = pkt->l4_off + ICMP_LEN, l4_off;
	const uint8_t *ip = pkt->data + l3_off;

	if (!(pkt->flags & PW_PKT_ICMP_ERROR) || end < l3_off + IP4_LEN)
		return false;
	l4_off = l3_off + (ip[0] & 0xf) * 4u;
	if (ip[0] >> 4 != 4 || l4_off < l3_off + IP4_LEN || end < l4_off + 8)
		return false;
	if (load16_be(ip + IP4_FRAG) & IP4_OFFSET_MASK)
		return false;
	*quote = (struct pw_icmp_quote){
		.l3_off = l3_off,
		.l4_off = l4_off,
		.l4_bytes = end - l4_off,
		.proto = ip[IP4_PROTO],
		.src_be = load32(ip + IP4_SRC),
		.dst_be = load32(ip + IP4_DST),
	};
	return quote_ports(quote, pkt->data + l4_off);
}
