/* SPDX-License-Identifier: BSD-3-Clause */
/* nat_rewrite.c - a flow's translation into the packet. */
#include "nat_priv.h"

#include "pw_rewrite.h"

static enum flow_dir dir_of(const struct pw_pkt *pkt)
{
	return pkt->flags & PW_PKT_NAT_REPLY ? FLOW_REPLY : FLOW_ORIG;
}

/* See nat_icmp.c for what an error about a flow becomes. */
static flow_addr outer_src(
	const struct pw_pkt *pkt, const struct flow_tuple *in, const struct flow_tuple *out)
{
	return nat_src(pkt) == in->src_be ? out->dst_be : nat_src(pkt);
}

static bool rewrite_error(struct pw_pkt *pkt, const union flow_line *line, enum flow_dir dir)
{
	const struct flow_tuple *in = &line->tuple[dir];
	const struct flow_tuple *out = &line->tuple[!dir];
	struct pw_nat_plan plan = {
		.src_be = out->src_be,
		.dst_be = out->dst_be,
		.sport_be = out->sport_be,
		.dport_be = out->dport_be,
	};
	struct pw_icmp_quote quote;

	if (!pw_parse_icmp_quote(pkt, &quote))
		return false;
	pw_nat_plan_deltas(&plan, quote.src_be, quote.dst_be, quote.sport_be, quote.dport_be);
	return pw_rewrite_icmp_quote(pkt, &quote, outer_src(pkt, in, out), out->src_be, &plan);
}

static __attribute__((noinline)) bool rewrite_other(
	struct pw_pkt *pkt, const union flow_line *line, enum flow_dir dir)
{
	struct flow_tuple out = flow_tuple_reverse(&line->tuple[!dir]);
	struct pw_nat_plan plan = {
		.src_be = out.src_be,
		.dst_be = out.dst_be,
		.sport_be = out.sport_be,
		.dport_be = out.dport_be,
		.l3_delta = dir == FLOW_ORIG ? line->l3_delta : (uint16_t)~line->l3_delta,
		.l4_delta = dir == FLOW_ORIG ? line->l4_delta : (uint16_t)~line->l4_delta,
	};

	if (pkt->flags & PW_PKT_ICMP_ERROR)
		return rewrite_error(pkt, line, dir);
	return pw_rewrite_nat(pkt, &plan);
}

#ifdef PW_NAT_V6
bool pw_nat_rewrite(const struct pw_nat *nat, struct pw_pkt *pkt)
{
	return rewrite_other(pkt, &nat->flows.lines[pkt->flow], dir_of(pkt));
}

pw_in6 pw_nat6_route_dst(const struct pw_nat *nat, const struct pw_pkt *pkt)
{
	return nat->flows.lines[pkt->flow].tuple[!dir_of(pkt)].src_be;
}
#else
/* A packet leaves as the reverse of the other direction's tuple: halves of its words change places. */
bool pw_nat_rewrite(const struct pw_nat *nat, struct pw_pkt *pkt)
{
	const union flow_line *line = &nat->flows.lines[pkt->flow];
	enum flow_dir dir = dir_of(pkt);
	uint16_t sign = dir == FLOW_ORIG ? 0 : UINT16_MAX;
	uint64_t addrs;
	uint32_t ports;

	if (unlikely(!pw_rewrite_nat_is_plain(pkt)))
		return rewrite_other(pkt, line, dir);
	memcpy(&addrs, &line->tuple[!dir].src_be, 8);
	memcpy(&ports, &line->tuple[!dir].sport_be, 4);
	pw_rewrite_nat_plain(pkt, addrs >> 32 | addrs << 32, ports >> 16 | ports << 16,
		line->l3_delta ^ sign, line->l4_delta ^ sign);
	return true;
}
#endif

void pw_nat_set_adj(
	const struct pw_nat *nat, const struct pw_pkt *pkt, uint32_t adj, uint32_t generation)
{
	flow_set_adj(&nat->flows.lines[pkt->flow], dir_of(pkt), adj, generation);
}

uint32_t pw_nat_get_adj(const struct pw_nat *nat, const struct pw_pkt *pkt, uint32_t generation)
{
	return flow_get_adj(&nat->flows.lines[pkt->flow], dir_of(pkt), generation);
}
