/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flow_hook.h - where the interleaving checker takes hold of the flow table.
 *
 * Normally nothing. test/stress/interleave_flow.c compiles the shipped flow_table.c and flow_pool.c
 * with PW_FLOW_HOOK: each atomic step is then preceded by a call that may switch to another
 * "thread", and single steps can be left out to see whether the checker notices.
 */
#ifndef FLOW_HOOK_H
#define FLOW_HOOK_H

#ifdef PW_FLOW_HOOK
#include <stdbool.h>

enum flow_bug { /* seeded bugs the checker must find */
	FLOW_BUG_NONE,
	FLOW_BUG_NO_RESCAN,       /* claims, but does not look for others */
	FLOW_BUG_BLIND_LIVE,      /* PENDING -> LIVE by a store instead of a CAS */
	FLOW_BUG_NO_ABORT,        /* the lower line ignores the higher one instead of aborting it */
	FLOW_BUG_REPLY_UNCHECKED, /* the reply key is not looked for */
	FLOW_BUG_RESCAN_FIRST,    /* looks before it claims */
	FLOW_BUG_LATE_OVERFLOW,   /* overflow count raised after the tag is visible */
	FLOW_BUG_EARLY_REUSE,     /* a line is free again without a grace period */
	FLOW_BUG_COUNT,
};

void flow_hook_yield(void);
bool flow_hook_bug(enum flow_bug bug);

#define FLOW_YIELD()  flow_hook_yield()
#define FLOW_BUG(bug) flow_hook_bug(FLOW_BUG_##bug)
#else
#define FLOW_YIELD()  ((void)0)
#define FLOW_BUG(bug) 0
#endif

#endif
