/* SPDX-License-Identifier: BSD-3-Clause */
/* stage_parse.c - metadata of every packet from its bytes (pw_parse.h). */
#include "pw_parse.h"
#include "worker.h"

/* The port went while they were held: only what is our own goes on. */
static __attribute__((cold)) void port_gone(struct worker *w, const struct run *run)
{
	struct pw_pkt *pkts = w->batch.pkt + run->first;

	for (uint16_t i = 0; i < run->n; i++) {
		if (pkts[i].verdict == PW_VERDICT_CONTINUE && (run->flags & PW_PKT_ORIGINATED) == 0)
			pkts[i].verdict = PW_DROP_TX_GONE;
	}
}

void stage_parse(struct worker *w)
{
	for (uint16_t r = 0; r < w->n_runs; r++) {
		const struct run *run = &w->runs[r];
		const struct pw_parse_origin origin = {
			.flags = run->flags,
			.in_port = run->in_port,
			.bridge = run->vp != NULL ? run->vp->bridge : PW_BRIDGE_NONE,
		};

		pw_parse_burst(&origin, w->mbufs + run->first, w->batch.pkt + run->first, run->n);
		if (unlikely(run->vp == NULL))
			port_gone(w, run);
	}
}
