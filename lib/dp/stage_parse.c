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

/* Packets of a run from `first` to before `end`. */
static void parse_part(
	struct worker *w, const struct pw_parse_origin *origin, uint32_t first, uint32_t end)
{
	pw_parse_burst(origin, w->mbufs + first, w->batch.pkt + first, end - first);
}

/* Those between others that are ready to leave. */
static void parse_rest(
	struct worker *w, const struct pw_parse_origin *origin, uint32_t first, uint32_t end)
{
	while (first < end) {
		uint32_t from = first;

		while (first < end && w->out_ports[first] == PW_PORT_NONE)
			first++;
		if (first > from)
			parse_part(w, origin, from, first);
		first++;
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
		uint32_t end = (uint32_t)run->first + run->n;

		if (w->n_plain == 0)
			parse_part(w, &origin, run->first, end);
		else
			parse_rest(w, &origin, run->first, end);
		if (unlikely(run->vp == NULL))
			port_gone(w, run);
	}
}
