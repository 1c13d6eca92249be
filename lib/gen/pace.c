/* SPDX-License-Identifier: BSD-3-Clause */
#include "pw_gen_pace.h"

#include "pw_clock.h"
#include "pw_util.h"

static uint64_t scaled(uint64_t a, uint64_t b, uint64_t by)
{
	return (uint64_t)((unsigned __int128)a * b / by);
}

void pw_gen_pace_start(
	struct pw_gen_pace *pace, uint64_t rate, uint64_t hz, uint64_t catch_up_ns, uint64_t now)
{
	*pace = (struct pw_gen_pace){
		.rate = rate,
		.hz = hz,
		.start = now,
		.behind = scaled(rate, catch_up_ns, PW_NS_PER_SEC),
	};
}

uint32_t pw_gen_pace_due(struct pw_gen_pace *pace, uint64_t now, uint64_t cost, uint32_t max)
{
	uint64_t target, open, limit;

	if (pace->rate == 0)
		return max;
	if (now < pace->start) /* clocks of two cores may differ by some ticks */
		return 0;
	target = scaled(now - pace->start, pace->rate, pace->hz);
	if (target < pace->done + cost)
		return 0;
	open = target - pace->done;
	limit = PW_MAX(pace->behind, 2 * cost);
	if (open > limit) {
		pace->skipped += open - limit;
		pace->done += open - limit;
		open = limit;
	}
	return (uint32_t)PW_MIN(open / cost, (uint64_t)max);
}
