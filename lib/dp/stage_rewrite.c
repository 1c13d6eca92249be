/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stage_rewrite.c - the only stage that changes headers, when everything is decided: NAT, TTL,
 * checksums, MACs in one visit of the header line.
 */
#include "pw_rewrite.h"
#include "worker.h"

static inline void forward(struct pw_pkt *pkt, const struct pw_adj *adj)
{
	if (likely((pkt->flags & PW_PKT_ORIGINATED) == 0))
		pw_rewrite_ttl4(pkt); /* IPv6 is done (ip6.c) */
	pw_rewrite_macs(pkt, pw_adj_word_mac48(pw_adj_word(adj)), adj->src_mac48);
	if (unlikely(pkt->flags & PW_PKT_TOO_BIG))
		pkt->verdict = PW_VERDICT_FRAGMENT;
}

void stage_rewrite(struct worker *w)
{
	const struct pw_adj *adjs = pw_adj_array(w->dp->params.adj);
	const struct pw_nat *nat = w->dp->params.nat;
	struct pw_pkt *end = w->batch.pkt + w->batch.n;

	if ((w->work & (PW_PKT_NAT | PW_PKT_ROUTED)) == 0)
		return;
	if (unlikely(w->work & PW_PKT_IPV6))
		stage_ip6_rewrite(w);
	for (struct pw_pkt *pkt = w->batch.pkt; pkt < end; pkt++) {
		if (unlikely(pkt->verdict != PW_VERDICT_CONTINUE))
			continue;
		if ((pkt->flags & PW_PKT_NAT) != 0 && unlikely(!pw_nat_rewrite(nat, pkt))) {
			pkt->verdict = PW_DROP_ICMP_QUOTE;
			continue;
		}
		if (pkt->flags & PW_PKT_ROUTED)
			forward(pkt, &adjs[pkt->adj]);
	}
}
