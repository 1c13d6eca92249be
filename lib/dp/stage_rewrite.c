/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stage_rewrite.c - the only stage that changes headers, when everything is decided: NAT, TTL,
 * checksums, MACs in one visit of the header line.
 */
#include "pw_rewrite.h"
#include "worker.h"

void stage_rewrite(struct worker *w)
{
	const struct pw_adj *adjs = pw_adj_array(w->dp->params.adj);
	struct pw_batch *batch = &w->batch;

	for (uint16_t i = 0; i < batch->n; i++) {
		struct pw_pkt *pkt = &batch->pkt[i];

		if (pkt->verdict != PW_VERDICT_CONTINUE)
			continue;
		if ((pkt->flags & PW_PKT_NAT) != 0 &&
			unlikely(!pw_nat_rewrite(w->dp->params.nat, pkt))) {
			pkt->verdict = PW_DROP_ICMP_QUOTE;
			continue;
		}
		if (pkt->flags & PW_PKT_ROUTED) {
			const struct pw_adj *adj = &adjs[pkt->adj];

			if ((pkt->flags & PW_PKT_ORIGINATED) == 0)
				pw_rewrite_ttl(pkt);
			pw_rewrite_macs(pkt, pw_adj_word_mac48(pw_adj_word(adj)), adj->src_mac48);
		}
	}
}
