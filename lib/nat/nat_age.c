/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nat_age.c - flows end: by time, because their endpoint left (CT-6), by order of a person.
 *
 * One pass over all lines a second, shared by the workers: each call takes the next lines off one
 * word by compare-and-swap, so that a worker that sleeps leaves no share undone, and who finds the
 * pass complete reads that word and is done. A sweep is a pass that also looks whether the endpoint
 * of each UDP flow is still one of its Service; it starts at once, not with the next second.
 */
#include <netinet/in.h>

#include "nat_frag.h"
#include "nat_priv.h"

static uint32_t word_of(uint32_t now_sec, bool sweeps)
{
	return now_sec << 1 | sweeps;
}

static bool sweep_due(const struct pw_nat *nat, uint32_t *wanted)
{
	if (__atomic_load_n(&nat->unsynced, __ATOMIC_ACQUIRE) != 0)
		return false;
	*wanted = __atomic_load_n(&nat->sweep_wanted, __ATOMIC_ACQUIRE);
	return *wanted != __atomic_load_n(&nat->sweep_started, __ATOMIC_ACQUIRE);
}

/*
 * Takes up to n lines: first in *first, count returned, 0: nothing to do now. Two workers may both
 * see that a pass is complete; the CAS lets one begin the next. If that one is slow to note which
 * sweep it serves, another sweep follows, which does no harm.
 */
static uint32_t take_slice(
	struct pw_nat *nat, uint32_t now_sec, uint32_t n, uint32_t *first, bool *sweeps)
{
	uint64_t pass = __atomic_load_n(&nat->pass, __ATOMIC_ACQUIRE);

	for (;;) {
		uint32_t begin = (uint32_t)pass;
		uint32_t word = (uint32_t)(pass >> 32);
		uint32_t wanted = 0;
		bool is_new = begin >= nat->flows.n_lines || begin == 0;

		if (is_new) {
			bool due = sweep_due(nat, &wanted);

			if (!due && (word | 1) == word_of(now_sec, true) && begin != 0)
				return 0;
			begin = 1;
			word = word_of(now_sec, due);
		}

		uint32_t end = PW_MIN(begin + n, nat->flows.n_lines);
		uint64_t next = (uint64_t)word << 32 | end;

		if (!__atomic_compare_exchange_n(
			    &nat->pass, &pass, next, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
			continue;
		*sweeps = word & 1;
		if (is_new && *sweeps)
			__atomic_store_n(&nat->sweep_started, wanted, __ATOMIC_RELEASE);
		*first = begin;
		return end - begin;
	}
}

/* last_seen may be ahead of this worker's clock. */
static bool is_expired(
	const struct pw_nat *nat, const union flow_line *line, uint32_t state, uint32_t now_sec)
{
	uint32_t last = __atomic_load_n(&line->last_seen, __ATOMIC_RELAXED);
	int32_t idle = (int32_t)(now_sec - last);

	return idle > 0 &&
	       (uint32_t)idle >= nat->timeout_sec[ct_state_of(flow_proto(line), state)->timeout];
}

static bool lost_endpoint(const struct pw_nat *nat, const union flow_line *line)
{
	const struct flow_tuple *reply = &line->tuple[FLOW_REPLY];

	return flow_proto(line) == IPPROTO_UDP && flow_service(line) != FLOW_ID_NONE &&
	       !svc_has(nat, flow_service(line), reply->src_be, reply->sport_be);
}

static void look_at(
	struct pw_nat *nat, uint32_t worker, uint32_t line_id, uint32_t now_sec, bool sweeps)
{
	struct nat_worker *w = &nat->workers[worker];
	union flow_line *line = &nat->flows.lines[line_id];
	uint32_t state = flow_state(line);
	uint64_t *counter;

	if (flow_state_life(state) != FLOW_LIVE)
		return;
	if (is_expired(nat, line, state, now_sec))
		counter = &w->expired;
	else if (sweeps && lost_endpoint(nat, line))
		counter = &w->swept;
	else
		return;
	if (!flow_kill(&nat->flows, worker, line_id, state))
		return;
	nat_count(counter);
	nat_count_end(nat, w, line);
}

uint32_t pw_nat_age(struct pw_nat *nat, uint32_t worker, uint32_t now_sec, uint32_t budget)
{
	bool sweeps = false;
	uint32_t first = 0;
	uint32_t n = budget == 0 ? 0 : take_slice(nat, now_sec, budget, &first, &sweeps);

	for (uint32_t i = 0; i < n; i++) {
		__builtin_prefetch(&nat->flows.lines[PW_MIN(first + i + 8, first + n - 1)]);
		look_at(nat, worker, first + i, now_sec, sweeps);
	}
	flow_pool_turn(&nat->flows, worker);
	nat_frag_age(nat, worker, now_sec);
	return n;
}
