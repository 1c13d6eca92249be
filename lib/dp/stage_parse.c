/* SPDX-License-Identifier: BSD-3-Clause */
/* stage_parse.c - metadata of every packet from its bytes (pw_parse.h); the guard of its port. */
#include "pw_parse.h"
#include "worker.h"

void stage_parse(struct worker *w)
{
	struct pw_batch *batch = &w->batch;

	for (uint16_t i = 0; i < batch->n; i++) {
		struct pw_pkt *pkt = &batch->pkt[i];
		const struct view_port *vp = view_port_at(w->view, pkt->in_port);

		pw_parse_frame(pkt);
		pkt->bridge = vp != NULL ? vp->bridge : PW_BRIDGE_NONE;
		if (unlikely(vp == NULL) && pkt->verdict == PW_VERDICT_CONTINUE &&
			(pkt->flags & PW_PKT_ORIGINATED) == 0)
			pkt->verdict = PW_DROP_TX_GONE; /* its port went while it was held */
	}
}

void stage_guard(struct worker *w)
{
	struct pw_batch *batch = &w->batch;

	for (uint16_t i = 0; i < batch->n; i++) {
		struct pw_pkt *pkt = &batch->pkt[i];
		const struct view_port *vp;

		if (pkt->verdict != PW_VERDICT_CONTINUE || (pkt->flags & PW_PKT_REINJECTED) != 0)
			continue;
		vp = w->view->ports[pkt->in_port];
		if (vp->binding != NULL)
			pkt->verdict = pw_binding_check(vp->binding, pkt);
	}
}
