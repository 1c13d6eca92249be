/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_race.h - marks the points of a lock-free algorithm where another thread's turn hurts most.
 *
 * Nothing in the programs. A test compiles the source again with PW_RACE_HOOK defined and brings a
 * pw_race_hook() that yields, so that windows of a few nanoseconds are hit in a second.
 */
#ifndef PW_RACE_H
#define PW_RACE_H

#ifdef PW_RACE_HOOK
void pw_race_hook(void);
#define PW_RACE_POINT() pw_race_hook()
#else
#define PW_RACE_POINT() ((void)0)
#endif

#endif
