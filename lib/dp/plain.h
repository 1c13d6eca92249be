/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * plain.h - the plain way (stage_plain.c) between its two halves: which way, and to the port.
 */
#ifndef PW_DP_PLAIN_H
#define PW_DP_PLAIN_H

#include "pw_plain.h"
#include "worker.h"

/* Packets that go one way, in the order of the batch. */
struct way {
	size_t n;
	uint8_t *frame[PW_BATCH_MAX];
	uint64_t slot[PW_BATCH_MAX]; /* the place in the batch, and WAY_* */
};
#define WAY_NOT_TO_SHIFT  16 /* the port to which a bridged frame must not go */
#define WAY_PARTIAL_SHIFT 32 /* not 0: its L4 checksum is a partial one */

struct bridged {
	struct way way;
	const struct pw_map64 *map;
	uint64_t key[PW_BATCH_MAX];
	const struct pw_map64_bucket *home[PW_BATCH_MAX];
};

static inline uint16_t way_slot(const struct way *way, uint32_t i)
{
	return (uint16_t)way->slot[i];
}

static inline uint16_t way_not_to(const struct way *way, uint32_t i)
{
	return (uint16_t)(way->slot[i] >> WAY_NOT_TO_SHIFT);
}

static inline bool way_is_partial(const struct way *way, uint32_t i)
{
	return (uint8_t)(way->slot[i] >> WAY_PARTIAL_SHIFT) != 0;
}

/* Counts the received frames of a run and has their headers fetched. */
void plain_look(struct worker *w, struct run *run);
/* Then puts those of them that are plain, from a sender as bound and known, to others of one way. */
void plain_sort(
	struct worker *w, const struct run *run, struct way *routed, struct bridged *bridged);

#endif
