/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flow_hook.h - where tests take hold of the flow table.
 *
 * Before each atomic step that matters stands a PW_RACE_POINT() (pw_race.h). The interleaving
 * checker (test/stress/interleave_flow.c) switches threads there, and test/unit/nat/test_restart.c
 * kills the process. The checker also compiles the shipped
 * sources with PW_FLOW_BUGS and leaves out one step at a time, to see that it would notice.
 */
#ifndef FLOW_HOOK_H
#define FLOW_HOOK_H

#include "pw_race.h"

/* Where only a killed process matters: words that nobody else can see yet. */
#ifdef PW_KILL_HOOK
#define FLOW_KILL_POINT() pw_race_hook()
#else
#define FLOW_KILL_POINT() ((void)0)
#endif

#ifdef PW_FLOW_BUGS
#include <stdbool.h>

enum flow_bug {
	FLOW_BUG_NONE,
	FLOW_BUG_NO_RESCAN,       /* claims, but does not look for others */
	FLOW_BUG_RESCAN_FIRST,    /* looks before it claims */
	FLOW_BUG_REPLY_UNCHECKED, /* looks for the original key only */
	FLOW_BUG_BLIND_LIVE,      /* PENDING -> LIVE by a store instead of a CAS */
	FLOW_BUG_NO_ABORT,        /* goes LIVE beside a higher PENDING line without aborting it */
	FLOW_BUG_NO_OVERFLOW,     /* an entry in a later bucket is not counted in its home */
	FLOW_BUG_EARLY_REUSE,     /* a line is free again without a grace period */
	FLOW_BUG_COUNT,
};

bool flow_hook_bug(enum flow_bug bug);

#define FLOW_BUG(bug) flow_hook_bug(FLOW_BUG_##bug)
#else
#define FLOW_BUG(bug) 0
#endif

#endif
