/* SPDX-License-Identifier: BSD-3-Clause */
/* stage_guard.c - is the sender who it says it is? The binding of the ingress port (pw_binding.h). */
#include "worker.h"

static void check_run(struct worker *w, const struct run *run)
{
	const struct pw_binding *binding = run->vp->binding;
	struct pw_pkt *pkts = w->batch.pkt + run->first;

	for (uint16_t i = 0; i < run->n; i++) {
		if (likely(pkts[i].verdict == PW_VERDICT_CONTINUE))
			pkts[i].verdict = pw_binding_check(binding, &pkts[i]);
	}
}

void stage_guard(struct worker *w)
{
	for (uint16_t r = 0; r < w->n_runs; r++) {
		const struct run *run = &w->runs[r];

		if (run->vp != NULL && run->vp->binding != NULL &&
			(run->flags & PW_PKT_REINJECTED) == 0)
			check_run(w, run);
	}
}
