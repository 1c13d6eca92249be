/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_clock.h - time for everything but the packet path's cycle counters; faked in tests.
 *
 * Threads:  pw_clock_now_ns: any. pw_clock_fake_*: the test's thread.
 */
#ifndef PW_CLOCK_H
#define PW_CLOCK_H

#include <stdint.h>

#define PW_NS_PER_SEC  UINT64_C(1000000000)
#define PW_NS_PER_MSEC UINT64_C(1000000)
#define PW_NS_PER_USEC UINT64_C(1000)

struct pw_clock {
	uint64_t (*now_ns)(const struct pw_clock *clock);
	uint64_t fake_ns;
};

/* CLOCK_BOOTTIME: goes on over suspend and over a restart of the daemon. */
const struct pw_clock *pw_clock_boot(void);
static inline uint64_t pw_clock_now_ns(const struct pw_clock *clock)
{
	return clock->now_ns(clock);
}

void pw_clock_fake_init(struct pw_clock *clock, uint64_t start_ns);
void pw_clock_fake_advance(struct pw_clock *clock, uint64_t ns);

#endif
