/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * timing.h - how long the control thread is kept: by each request, and by its other work.
 *
 * One thread serves everybody, so who keeps it delays all. A row a method and one for each kind of
 * work below: how often, mean, longest, and the times that half and 99 of 100 stay below, from a
 * histogram whose classes are a quarter of a power of two wide. A request that is answered later counts what
 * it took of the thread until then, not how long its client waited.
 */
#ifndef CTL_TIMING_H
#define CTL_TIMING_H

#include "ctl.h"

/* Work that no request asks for. Names are not those of methods. */
#define CTL_TIMING_WORK(X)                                                                         \
	X(PACKETS, "(packets)")                                                                    \
	X(SECOND, "(every second)")                                                                \
	X(PORT_ADD, "(port added)")                                                                \
	X(PORT_DEL, "(port deleted)")

enum ctl_timing_work {
#define X(id, name) CTL_TIMING_##id,
	CTL_TIMING_WORK(X)
#undef X
	CTL_TIMING_COUNT
};

extern const struct ctl_module ctl_module_timing;

/* Something that began at start_ns has ended. */
void ctl_timing_work(struct pw_ctl *ctl, enum ctl_timing_work work, uint64_t start_ns);
/* The same for method number i of ctl->methods. */
void ctl_timing_method(struct pw_ctl *ctl, unsigned i, uint64_t start_ns);
void ctl_timing_reset(struct pw_ctl *ctl);
uint64_t ctl_timing_max_us(const struct pw_ctl *ctl); /* of requests and packets, since the start */

/* The histogram, for tests: class of a time, and the longest time in a class. */
#define CTL_TIMING_CLASSES 128
unsigned ctl_timing_class(uint64_t us);
uint64_t ctl_timing_class_us(unsigned class);

#endif
