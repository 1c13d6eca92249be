/* SPDX-License-Identifier: BSD-3-Clause */
/* rewrite6.c - NAT of IPv6 packets and of what ICMPv6 errors quote; rewrite.c says how sums change. */
#include "pw_csum.h"
#include "pw_rewrite6.h"
#include "quote.h"
#include "wire.h"

/* Unfolded change of a sum when one address becomes another. */
static uint32_t diff_in6(pw_in6 old_be, pw_in6 new_be)
{
	uint32_t delta = 0;

	for (unsigned shift = 0; shift < 128; shift += 32)
		delta += pw_csum_diff32((uint32_t)(old_be >> shift), (uint32_t)(new_be >> shift));
	return delta;
}

void pw_nat6_plan_deltas(struct pw_nat6_plan *plan, pw_in6 src_be, pw_in6 dst_be, uint16_t sport_be,
	uint16_t dport_be)
{
	uint32_t sum = diff_in6(src_be, plan->src_be) + diff_in6(dst_be, plan->dst_be);

	plan->l3_delta = pw_csum_fold(sum);
	sum += pw_csum_diff16(sport_be, plan->sport_be) + pw_csum_diff16(dport_be, plan->dport_be);
	plan->l4_delta = pw_csum_fold(sum);
}

/* A sum of UDP that comes out as 0 is sent as its other zero. */
static uint16_t updated(const struct pw_pkt *pkt, uint16_t field, const struct pw_nat6_plan *plan)
{
	bool is_udp = pkt->l4_proto == IPPROTO_UDP;

	if (pkt->flags & PW_PKT_PARTIAL)
		return pw_csum_update_partial(field, plan->l3_delta);
	if (is_udp && field == 0)
		return 0;
	field = pw_csum_update(field, plan->l4_delta);
	return is_udp && field == 0 ? UINT16_MAX : field;
}

/* The CRC covers the ports but no address. Of a fragmented packet the length is unknown here. */
static bool rewrite_sctp(const struct pw_pkt *pkt, uint8_t *l4, uint32_t ports)
{
	uint32_t old = load32(l4);
	uint32_t len = pkt->l3_off + pkt->ip_len - pkt->l4_off;

	store32(l4, ports);
	if (ports == old)
		return true;
	if (pkt->flags & PW_PKT_FRAG)
		return false;
	store32(l4 + SCTP_CRC, pw_csum_sctp_update(load32(l4 + SCTP_CRC), old, ports, len));
	return true;
}

/* The id is on the side of who asked (pw_pkt.h); the sum covers the addresses, too. */
static void rewrite_echo(const struct pw_pkt *pkt, uint8_t *icmp, const struct pw_nat6_plan *plan)
{
	store16(icmp + ICMP_ID, plan->sport_be | plan->dport_be);
	store16(icmp + ICMP_CSUM, updated(pkt, load16(icmp + ICMP_CSUM), plan));
}

static bool rewrite_l4(const struct pw_pkt *pkt, const struct pw_nat6_plan *plan)
{
	uint8_t *l4 = pkt->data + pkt->l4_off;
	unsigned csum = l4_csum_offset(pkt->l4_proto);
	uint32_t ports;

	memcpy(&ports, &pkt->sport_be, sizeof(ports));
	if (csum != 0) {
		store32(l4, ports);
		store16(l4 + csum, updated(pkt, load16(l4 + csum), plan));
		return true;
	}
	if (pkt->l4_proto == IPPROTO_SCTP)
		return rewrite_sctp(pkt, l4, ports);
	rewrite_echo(pkt, l4, plan);
	return true;
}

bool pw_rewrite_nat6(struct pw_pkt *pkt, const struct pw_nat6_plan *plan)
{
	uint8_t *ip = pkt->data + pkt->l3_off;

	pw_in6_store(ip + IP6_SRC, plan->src_be);
	pw_in6_store(ip + IP6_DST, plan->dst_be);
	if (!(pkt->flags & PW_PKT_HAS_PORTS))
		return true;
	pkt->sport_be = plan->sport_be;
	pkt->dport_be = plan->dport_be;
	return rewrite_l4(pkt, plan);
}

/* ---- errors ---- */

static void put_in6(uint8_t *p, pw_in6 value, uint32_t *delta)
{
	*delta = pw_csum_fold(*delta) + diff_in6(pw_in6_load(p), value);
	pw_in6_store(p, value);
}

/* The quoted packet; returns the sum of differences of its words. */
static uint32_t rewrite_quoted(
	struct pw_pkt *pkt, const struct pw_icmp6_quote *quote, const struct pw_nat6_plan *plan)
{
	uint8_t *ip = pkt->data + quote->l3_off, *l4 = pkt->data + quote->l4_off;
	uint32_t head = quote->l4_off - quote->l3_off, sent = load16_be(ip + IP6_PAYLOAD) + IP6_LEN;
	uint32_t old_ports = load32(l4), addrs = 0, change = 0, delta;

	put_in6(ip + IP6_SRC, plan->src_be, &addrs);
	put_in6(ip + IP6_DST, plan->dst_be, &addrs);
	delta = addrs = pw_csum_fold(addrs);
	if (quote->proto == IPPROTO_ICMPV6) {
		put16(l4 + ICMP_ID, plan->sport_be | plan->dport_be, &change);
		put_quoted_csum(
			quote->proto, l4, quote->l4_bytes, ICMP_CSUM, change + addrs, &delta);
		return delta + change;
	}
	put16(l4, plan->sport_be, &change);
	put16(l4 + 2, plan->dport_be, &change);
	if (l4_csum_offset(quote->proto) != 0)
		put_quoted_csum(quote->proto, l4, quote->l4_bytes, l4_csum_offset(quote->proto),
			change + addrs, &delta);
	else
		put_quoted_crc(
			l4, quote->l4_bytes, old_ports, sent > head ? sent - head : 0, &delta);
	return delta + change;
}

bool pw_rewrite_icmp6_quote(struct pw_pkt *pkt, const struct pw_icmp6_quote *quote,
	pw_in6 new_outer_src_be, pw_in6 new_outer_dst_be, const struct pw_nat6_plan *quote_plan)
{
	uint8_t *ip = pkt->data + pkt->l3_off, *icmp = pkt->data + pkt->l4_off;
	uint32_t delta = 0;

	if (!(pkt->flags & PW_PKT_ICMP_ERROR) || quote->l4_bytes < 8)
		return false;
	put_in6(ip + IP6_SRC, new_outer_src_be, &delta);
	put_in6(ip + IP6_DST, new_outer_dst_be, &delta);
	delta = pw_csum_fold(delta) + rewrite_quoted(pkt, quote, quote_plan);
	store16(icmp + ICMP_CSUM, pw_csum_update(load16(icmp + ICMP_CSUM), pw_csum_fold(delta)));
	return true;
}
