/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rig_refs.h - lookups of DPDK's own tables beside ours: cycles a lookup, in bulk, random keys.
 */
#ifndef RIG_REFS_H
#define RIG_REFS_H

#include <stdint.h>

struct rig_ref {
	const char *what;
	uint32_t n;
	void *(*make)(uint32_t n);
	/* 64 keys from number `at` on; something that depends on all results. */
	uint64_t (*lookup)(void *table, uint32_t at);
	void (*free)(void *table);
};

extern const struct rig_ref rig_refs[];
extern const unsigned rig_n_refs;

#endif
