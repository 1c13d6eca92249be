/* SPDX-License-Identifier: BSD-3-Clause */
#include <time.h>

#include "pw_clock.h"

static uint64_t boot_now_ns(const struct pw_clock *clock)
{
	struct timespec ts;

	/* Cannot fail: the clock exists since Linux 2.6.39 and the pointer is ours. */
	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * PW_NS_PER_SEC + (uint64_t)ts.tv_nsec;
}

static uint64_t fake_now_ns(const struct pw_clock *clock)
{
	return clock->fake_ns;
}

const struct pw_clock *pw_clock_boot(void)
{
	static const struct pw_clock boot = {.now_ns = boot_now_ns};

	return &boot;
}

void pw_clock_fake_init(struct pw_clock *clock, uint64_t start_ns)
{
	*clock = (struct pw_clock){.now_ns = fake_now_ns, .fake_ns = start_ns};
}

void pw_clock_fake_advance(struct pw_clock *clock, uint64_t ns)
{
	clock->fake_ns += ns;
}
