/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stage_flow.c - Service NAT: which packets belong to a translated flow, and how (pw_nat.h).
 *
 * Routed and bridged packets alike: a backend in the client's own subnet answers by bridge, and
 * that answer must be translated back all the same.
 */
#include "worker.h"

void stage_flow(struct worker *w)
{
	const struct pw_nat *nat = w->dp->params.nat;
	struct pw_batch *batch = &w->batch;
	struct pw_pkt *wanted[PW_BATCH_MAX];
	uint32_t n = 0;

	if (nat == NULL)
		return;
	for (uint16_t i = 0; i < batch->n; i++) {
		struct pw_pkt *pkt = &batch->pkt[i];

		if (pkt->verdict == PW_VERDICT_CONTINUE && (pkt->flags & PW_PKT_IPV4) != 0 &&
			(pkt->flags & (PW_PKT_L2_MCAST | PW_PKT_ORIGINATED)) == 0 &&
			pw_nat_wants(nat, pkt))
			wanted[n++] = pkt;
	}
	if (n > 0)
		pw_nat_process(w->dp->params.nat, w->id, wanted, n, w->now_sec);
}
