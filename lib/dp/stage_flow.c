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
	uint32_t n;

	if (nat == NULL)
		return;
	if (w->dp->params.nat6 != NULL)
		stage_ip6_flow(w);
	n = pw_nat_select(nat, batch->pkt, batch->n, wanted);
	if (n == 0)
		return;
	pw_nat_process(w->dp->params.nat, w->id, wanted, n, w->now_sec);
	w->work |= PW_PKT_NAT;
}
