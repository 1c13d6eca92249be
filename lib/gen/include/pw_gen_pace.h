/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_gen_pace.h - when the next frame of a stream is due.
 *
 * Work is counted in units: 1000 a frame for a rate in frames, or 1000 a bit for a rate in bits, so
 * that rates have three decimals. What is due follows from the time since the start alone, in
 * integers: errors do not add up, however long a run takes (TG-1).
 *
 *     n = pw_gen_pace_due(&pace, now, cost, 32);
 *     sent = tx(n frames);
 *     pw_gen_pace_sent(&pace, units of those sent);
 *
 * A sender that falls behind by more than `catch_up` (queue full, core taken away) does not make up
 * for it in one long burst: the rest is written off, and counted in `skipped`.
 * Threads:  one.
 * Cost:     one 128-bit division a call.
 */
#ifndef PW_GEN_PACE_H
#define PW_GEN_PACE_H

#include <stdint.h>

#define PW_GEN_PACE_UNIT UINT64_C(1000)

struct pw_gen_pace {
	uint64_t rate;    /* units a second; 0: as fast as it goes */
	uint64_t hz;      /* of the clock */
	uint64_t start;   /* clock at the start */
	uint64_t done;    /* units sent or written off */
	uint64_t behind;  /* units that may be made up for */
	uint64_t skipped; /* units written off */
};

void pw_gen_pace_start(
	struct pw_gen_pace *pace, uint64_t rate, uint64_t hz, uint64_t catch_up_ns, uint64_t now);
/* Frames of `cost` units that are due, at most max. */
uint32_t pw_gen_pace_due(struct pw_gen_pace *pace, uint64_t now, uint64_t cost, uint32_t max);

static inline void pw_gen_pace_sent(struct pw_gen_pace *pace, uint64_t units)
{
	pace->done += units;
}

#endif
