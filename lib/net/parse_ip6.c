/* SPDX-License-Identifier: BSD-3-Clause */
/* parse_ip6.c - IPv6 (RFC 8200), its extension headers, ICMPv6 (RFC 4443) and what its errors quote. */
#include <rte_branch_prediction.h>

#include "ip6_walk.h"
#include "parse.h"
#include "pw_mbuf.h"
#include "pw_parse6.h"
#include "wire.h"

#define IP6_PAYLOAD_OK (UINT16_MAX - IP6_LEN) /* beyond, ip_len has no room; no device sends it */
#define EXT_LEN_MIN    8
#define FRAG_LEN       8

enum ext_header {
	EXT_HOP_BY_HOP = 0,
	EXT_ROUTING = 43,
	EXT_FRAGMENT = 44,
	EXT_AUTH = 51,
	EXT_DEST_OPTIONS = 60,
};

/* Bytes of the header; 0: it is none of ours to walk over. */
static uint32_t ext_len(uint8_t type, const uint8_t *ext)
{
	switch (type) {
	case EXT_HOP_BY_HOP:
	case EXT_ROUTING:
	case EXT_DEST_OPTIONS:
		return (ext[1] + 1u) * 8;
	case EXT_FRAGMENT:
		return FRAG_LEN;
	case EXT_AUTH:
		return (ext[1] + 2u) * 4;
	default:
		return 0;
	}
}

static bool is_ext(uint8_t type)
{
	return type == EXT_HOP_BY_HOP || type == EXT_ROUTING || type == EXT_FRAGMENT ||
	       type == EXT_AUTH || type == EXT_DEST_OPTIONS;
}

static bool is_misplaced(const struct ip6_walk *walk, unsigned n, const uint8_t *ext)
{
	return (walk->proto == EXT_HOP_BY_HOP && n > 0) ||
	       (walk->proto == EXT_ROUTING && ext[2] == 0) ||
	       (walk->proto == EXT_FRAGMENT && walk->frag_off != 0);
}

/* true: the first fragment's or none's, the walk goes on behind it. */
static bool note_fragment(struct ip6_walk *walk, const uint8_t *frag)
{
	unsigned field = load16_be(frag + 2);

	walk->frag_off = walk->l4_off;
	walk->is_frag = (field & 0xfff9) != 0;
	walk->is_later = (field & 0xfff8) != 0;
	return !walk->is_later;
}

enum ip6_walk_result ip6_walk(const uint8_t *ip, uint32_t len, struct ip6_walk *walk)
{
	*walk = (struct ip6_walk){.proto = ip[IP6_NEXT], .l4_off = IP6_LEN, .named_off = IP6_NEXT};
	for (unsigned n = 0; is_ext(walk->proto); n++) {
		const uint8_t *ext = ip + walk->l4_off;
		bool goes_on = true;
		uint32_t bytes;

		if (len < walk->l4_off + (uint32_t)EXT_LEN_MIN)
			return IP6_WALK_SHORT;
		bytes = ext_len(walk->proto, ext);
		if (n == IP6_EXT_MAX || walk->l4_off + bytes > IP6_LEN + IP6_EXT_BYTES ||
			is_misplaced(walk, n, ext))
			return IP6_WALK_BAD;
		if (len < walk->l4_off + bytes)
			return IP6_WALK_SHORT;
		if (walk->proto == EXT_FRAGMENT)
			goes_on = note_fragment(walk, ext);
		walk->proto = ext[0];
		walk->named_off = walk->l4_off;
		walk->l4_off = (uint16_t)(walk->l4_off + bytes);
		if (!goes_on)
			break;
	}
	return IP6_WALK_OK;
}

/* ---- ICMPv6 ---- */

/* As of ICMPv4: the id is the source's of a request, the destination's of a reply. */
static void set_echo_id(uint8_t type, uint16_t id, uint16_t *sport_be, uint16_t *dport_be)
{
	*sport_be = type == ICMP6_ECHO_REQUEST ? id : 0;
	*dport_be = type == ICMP6_ECHO_REQUEST ? 0 : id;
}

static bool is_echo(uint8_t type)
{
	return type == ICMP6_ECHO_REQUEST || type == ICMP6_ECHO_REPLY;
}

/* Solicitations and advertisements of routers and neighbours, redirect. */
static bool is_nd(uint8_t type)
{
	return type >= ICMP6_ND_FIRST && type <= ICMP6_ND_LAST;
}

/* Types below 128 are errors. */
static uint8_t parse_icmp6(struct pw_pkt *pkt, const uint8_t *icmp, uint32_t avail)
{
	if (avail < ICMP_LEN)
		return PW_DROP_L4_SHORT;
	if (is_echo(icmp[ICMP_TYPE])) {
		set_echo_id(
			icmp[ICMP_TYPE], load16(icmp + ICMP_ID), &pkt->sport_be, &pkt->dport_be);
		pkt->flags |= PW_PKT_ICMP_ECHO | PW_PKT_HAS_PORTS;
	} else if (icmp[ICMP_TYPE] < 128) {
		pkt->flags |= PW_PKT_ICMP_ERROR;
	} else if (is_nd(icmp[ICMP_TYPE]) && (pkt->flags & PW_PKT_FRAG) == 0) {
		pkt->flags |= PW_PKT_ND;
	}
	return PW_VERDICT_CONTINUE;
}

static bool quote_ports(struct pw_icmp6_quote *quote, const uint8_t *l4)
{
	switch (quote->proto) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_SCTP:
		quote->sport_be = load16(l4);
		quote->dport_be = load16(l4 + 2);
		return true;
	case IPPROTO_ICMPV6:
		if (!is_echo(l4[ICMP_TYPE]))
			return false;
		set_echo_id(
			l4[ICMP_TYPE], load16(l4 + ICMP_ID), &quote->sport_be, &quote->dport_be);
		return true;
	default:
		return false;
	}
}

bool pw_parse_icmp6_quote(const struct pw_pkt *pkt, struct pw_icmp6_quote *quote)
{
	const uint32_t errors = PW_PKT_ICMP_ERROR | PW_PKT_IPV6;
	uint32_t end = PW_MIN(pkt->m->data_len, (uint32_t)pkt->l3_off + pkt->ip_len);
	uint32_t l3_off = pkt->l4_off + ICMP_LEN;
	const uint8_t *ip = pkt->data + l3_off;
	struct ip6_walk walk;

	if ((pkt->flags & errors) != errors || end < l3_off + IP6_LEN || ip[0] >> 4 != 6)
		return false;
	if (ip6_walk(ip, end - l3_off, &walk) != IP6_WALK_OK || walk.is_later ||
		end < l3_off + walk.l4_off + 8)
		return false;
	*quote = (struct pw_icmp6_quote){
		.l3_off = (uint16_t)l3_off,
		.l4_off = (uint16_t)(l3_off + walk.l4_off),
		.l4_bytes = (uint16_t)(end - l3_off - walk.l4_off),
		.proto = walk.proto,
		.src_be = pw_in6_load(ip + IP6_SRC),
		.dst_be = pw_in6_load(ip + IP6_DST),
	};
	return quote_ports(quote, ip + walk.l4_off);
}

/* ---- the packet ---- */

/* The chain goes beyond the bytes that are surely contiguous: so far it is made so. */
static bool pull_chain(struct pw_pkt *pkt)
{
	uint32_t len = pkt->l3_off + IP6_LEN + (uint32_t)IP6_EXT_BYTES + TCP_LEN_MAX;

	if (pw_mbuf_pull(&pkt->m, PW_MIN(pkt->m->pkt_len, len)) != 0)
		return false;
	pkt->data = rte_pktmbuf_mtod(pkt->m, uint8_t *);
	return true;
}

/* The largest header behind the chain is looked at: it must be there, too. */
static uint8_t walk_chain(struct pw_pkt *pkt, struct ip6_walk *walk)
{
	for (int tries = 0;; tries++) {
		uint32_t end = pkt->l3_off + pkt->ip_len;
		uint32_t have = PW_MIN((uint32_t)pkt->m->data_len, end);
		enum ip6_walk_result result =
			ip6_walk(pkt->data + pkt->l3_off, have - pkt->l3_off, walk);

		if (result == IP6_WALK_BAD)
			return PW_DROP_IP6_EXT;
		if (result == IP6_WALK_OK &&
			(have == end || have >= (uint32_t)pkt->l3_off + walk->l4_off + TCP_LEN_MAX))
			return PW_VERDICT_CONTINUE;
		if (have == end)
			return PW_DROP_IP6_EXT; /* cut short (RFC 7112: a first fragment, too) */
		if (tries == 1)
			return result == IP6_WALK_OK ? PW_VERDICT_CONTINUE : PW_DROP_IP6_EXT;
		if (!pull_chain(pkt))
			return PW_DROP_NO_MBUF;
	}
}

/* Multicast and loopback never (RFC 4291 2.5.3, 2.7); "no address yet" only to a group: DAD, MLD,
 * router solicitation. */
static bool source_bad(const uint8_t *ip)
{
	const uint8_t *src = ip + IP6_SRC;

	if (likely((uint8_t)(src[0] - 1) < 0xfe))
		return false;
	if (src[0] == 0xff)
		return true;
	if (load64(src) != 0 || load32(src + 8) != 0 || load32_be(src + 12) > 1)
		return false;
	return src[15] == 1 || ip[IP6_DST] != 0xff;
}

uint8_t parse_ip6(struct pw_pkt *pkt, uint32_t room)
{
	const uint8_t *ip = pkt->data + pkt->l3_off;
	struct ip6_walk walk;
	unsigned payload;
	uint8_t verdict;

	if (room < IP6_LEN || ip[0] >> 4 != 6)
		return PW_DROP_IP6_HDR;
	payload = load16_be(ip + IP6_PAYLOAD);
	if (payload > room - IP6_LEN || payload > IP6_PAYLOAD_OK)
		return PW_DROP_IP6_HDR;
	pkt->flags |= PW_PKT_IPV6;
	pkt->ip_len = payload + IP6_LEN;
	pkt->l4_proto = ip[IP6_NEXT];
	pkt->l4_off = pkt->l3_off + IP6_LEN;
	if (unlikely(source_bad(ip)))
		return PW_DROP_IP6_ADDR;
	if (unlikely(is_ext(pkt->l4_proto))) {
		verdict = walk_chain(pkt, &walk);
		if (verdict != PW_VERDICT_CONTINUE)
			return verdict;
		pkt->flags |= PW_PKT_IP_OPTIONS;
		pkt->l4_proto = walk.proto;
		pkt->l4_off = pkt->l3_off + walk.l4_off;
		if (walk.is_frag) {
			pkt->flags |= PW_PKT_FRAG | (walk.is_later ? PW_PKT_FRAG_LATER : 0);
			pkt->src_be = walk.frag_off;
		}
		if (walk.is_later)
			return PW_VERDICT_CONTINUE;
	}
	if (pkt->l4_proto == IPPROTO_ICMPV6)
		return parse_icmp6(
			pkt, pkt->data + pkt->l4_off, pkt->ip_len + pkt->l3_off - pkt->l4_off);
	if (pkt->l4_proto == IPPROTO_ICMP)
		return PW_VERDICT_CONTINUE; /* means nothing over IPv6 */
	return parse_upper(pkt, pkt->ip_len + pkt->l3_off - pkt->l4_off);
}

static struct pw_ip ip_of(const struct pw_pkt *pkt, uint32_t v4_be, uint32_t v6_off)
{
	if (pkt->flags & PW_PKT_IPV4)
		return pw_ip_from_v4(v4_be);
	if (pkt->flags & PW_PKT_IPV6)
		return pw_in6_to_ip(pw_in6_load(pkt->data + pkt->l3_off + v6_off));
	return (struct pw_ip){0};
}

struct pw_ip pw_pkt_src_ip(const struct pw_pkt *pkt)
{
	return ip_of(pkt, pkt->src_be, IP6_SRC);
}

struct pw_ip pw_pkt_dst_ip(const struct pw_pkt *pkt)
{
	return ip_of(pkt, pkt->dst_be, IP6_DST);
}
