/* SPDX-License-Identifier: BSD-3-Clause */
/* rewrite_quote.c - ICMP errors about translated flows (ICMP-5): quote.h. */
#include "pw_rewrite.h"
#include "quote.h"

static void quote_ports(const struct pw_icmp_quote *quote, uint8_t *l4,
	const struct pw_nat_plan *plan, uint32_t addr_delta, uint32_t *delta)
{
	uint32_t change = 0;

	put16(l4, plan->sport_be, &change);
	put16(l4 + 2, plan->dport_be, &change);
	*delta += change;
	if (l4_csum_offset(quote->proto))
		put_quoted_csum(quote->proto, l4, quote->l4_bytes, l4_csum_offset(quote->proto),
			change + addr_delta, delta);
}

static void quote_echo(const struct pw_icmp_quote *quote, uint8_t *icmp,
	const struct pw_nat_plan *plan, uint32_t *delta)
{
	uint32_t change = 0;

	put16(icmp + ICMP_ID, plan->sport_be | plan->dport_be, &change);
	*delta += change;
	put_quoted_csum(quote->proto, icmp, quote->l4_bytes, ICMP_CSUM, change, delta);
}

/* `len`: of the quoted packet as it was sent, from its IP header. */
static void quote_sctp(const struct pw_icmp_quote *quote, uint8_t *l4, uint32_t len,
	const struct pw_nat_plan *plan, uint32_t *delta)
{
	uint32_t old = load32(l4);

	quote_ports(quote, l4, plan, 0, delta);
	put_quoted_crc(l4, quote->l4_bytes, old, len, delta);
}

/* The quoted packet; returns the sum of differences of its words. */
static uint32_t rewrite_quoted(
	struct pw_pkt *pkt, const struct pw_icmp_quote *quote, const struct pw_nat_plan *plan)
{
	uint8_t *ip = pkt->data + quote->l3_off, *l4 = pkt->data + quote->l4_off;
	uint32_t hdr_len = quote->l4_off - quote->l3_off, addr_delta = 0, delta;
	uint32_t sent_len = load16_be(ip + IP4_TOTAL);

	put32(ip + IP4_SRC, plan->src_be, &addr_delta);
	put32(ip + IP4_DST, plan->dst_be, &addr_delta);
	addr_delta = pw_csum_fold(addr_delta);
	delta = addr_delta;
	put16(ip + IP4_CSUM, pw_csum_update(load16(ip + IP4_CSUM), addr_delta), &delta);
	if (quote->proto == IPPROTO_ICMP)
		quote_echo(quote, l4, plan, &delta);
	else if (quote->proto == IPPROTO_SCTP)
		quote_sctp(quote, l4, sent_len > hdr_len ? sent_len - hdr_len : 0, plan, &delta);
	else
		quote_ports(quote, l4, plan, addr_delta, &delta);
	return delta;
}

bool pw_rewrite_icmp_quote(struct pw_pkt *pkt, const struct pw_icmp_quote *quote,
	uint32_t new_outer_src_be, uint32_t new_outer_dst_be, const struct pw_nat_plan *quote_plan)
{
	uint8_t *ip = pkt->data + pkt->l3_off, *icmp = pkt->data + pkt->l4_off;
	uint32_t delta = 0;

	if (!(pkt->flags & PW_PKT_ICMP_ERROR) || quote->l4_bytes < 8)
		return false;
	put32(ip + IP4_SRC, new_outer_src_be, &delta);
	put32(ip + IP4_DST, new_outer_dst_be, &delta);
	store16(ip + IP4_CSUM, pw_csum_update(load16(ip + IP4_CSUM), pw_csum_fold(delta)));
	pkt->src_be = new_outer_src_be;
	pkt->dst_be = new_outer_dst_be;
	delta = rewrite_quoted(pkt, quote, quote_plan);
	store16(icmp + ICMP_CSUM, pw_csum_update(load16(icmp + ICMP_CSUM), pw_csum_fold(delta)));
	return true;
}
