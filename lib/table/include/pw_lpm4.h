/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_lpm4.h - IPv4 longest prefix match for many readers and one writer.
 *
 * Three levels of 16, 8 and 8 bits: 256 KB for an empty table, 1 KB for each group of 256 below,
 * so that an edge node pays little and a full table fits too. Every entry is one 32-bit word,
 * changed by one atomic store; a group is filled before it is linked and freed through the limbo.
 * Values:   0 .. PW_LPM_VALUE_MAX, e.g. an adjacency index. A miss gives PW_LPM_MISS.
 * Threads:  set, clear, get, count, usage: the writer. lookup, lookup_bulk: any registered
 *           reader.
 * Order:    what the writer stored before set is seen by a reader that gets the value. A change
 *           of a short prefix becomes visible entry by entry, each one old or new.
 * Errors:   -EINVAL host bits, length or value; -ENOSPC prefixes or groups used up, -ENOMEM
 *           (nothing changed); -ENOENT clear of what is not there. Replacing and clearing need no
 *           memory. create: NULL with errno EINVAL (no prefixes, or above 2^28) or ENOMEM.
 * Cost:     lookup: a load, for prefixes longer than 16 or 24 bits two or three. set, clear: all
 *           entries under the prefix are visited, those of its groups too: with a million
 *           prefixes 54 ms for the default route, microseconds from /16 on.
 */
#ifndef PW_LPM4_H
#define PW_LPM4_H

#include <arpa/inet.h>
#include <stdint.h>

#include "pw_alloc.h"
#include "pw_limbo.h"
#include "pw_race.h"

#define PW_LPM_MISS      UINT32_MAX
#define PW_LPM_VALUE_MAX ((UINT32_C(1) << 30) - 1)

struct pw_lpm4;

struct pw_lpm4_usage {
	uint32_t prefixes, max_prefixes;
	uint32_t groups; /* linked, or on their way back */
	uint64_t bytes;  /* all memory of the table; groups are kept for reuse until destroy */
};

struct pw_lpm4 *pw_lpm4_create(
	const struct pw_alloc *alloc, struct pw_limbo *limbo, uint32_t max_prefixes);
void pw_lpm4_destroy(struct pw_lpm4 *lpm);
int pw_lpm4_set(
	struct pw_lpm4 *lpm, uint32_t ip_be, uint8_t len, uint32_t value); /* add or replace */
int pw_lpm4_clear(struct pw_lpm4 *lpm, uint32_t ip_be, uint8_t len);
/*
 * Number of changes so far; any reader. What a reader looked up after it took the number holds as long as
 * the number does, so that results may be kept beside it (32 bits: a result must not be kept over 2^32
 * changes). A change counts when all of it is visible. The number is never PW_LPM4_GENERATION_NONE, which
 * so can stand beside "no result yet".
 */
#define PW_LPM4_GENERATION_NONE UINT32_MAX
uint32_t pw_lpm4_generation(const struct pw_lpm4 *lpm);
/* Exact prefix: value or PW_LPM_MISS. */
uint32_t pw_lpm4_get(const struct pw_lpm4 *lpm, uint32_t ip_be, uint8_t len);
uint32_t pw_lpm4_count(const struct pw_lpm4 *lpm);
void pw_lpm4_usage(const struct pw_lpm4 *lpm, struct pw_lpm4_usage *usage);

void pw_lpm4_lookup_bulk(
	const struct pw_lpm4 *lpm, const uint32_t *ip_be, uint32_t *values, uint32_t n);

/* What a lookup reads; the first member of struct pw_lpm4. For the functions below only. */
struct pw_lpm4_root {
	uint32_t *top;    /* constant; entries W: writer  R: readers */
	uint32_t **slabs; /* constant array; a slab is set before a group in it is linked */
};
#define PW_LPM4_EXTENDED   (UINT32_C(1) << 31) /* the rest is the number of a group */
#define PW_LPM4_VALID      (UINT32_C(1) << 30) /* the rest is a value */
#define PW_LPM4_SLAB_SHIFT 6                   /* groups a slab */

static inline const uint32_t *pw_lpm4_group(const struct pw_lpm4_root *root, uint32_t entry)
{
	uint32_t group = entry & PW_LPM_VALUE_MAX;
	const uint32_t *slab =
		__atomic_load_n(&root->slabs[group >> PW_LPM4_SLAB_SHIFT], __ATOMIC_RELAXED);

	return slab + ((group & ((1u << PW_LPM4_SLAB_SHIFT) - 1)) << 8);
}

static inline uint32_t pw_lpm4_entry_value(uint32_t entry)
{
	return entry & PW_LPM4_VALID ? entry & PW_LPM_VALUE_MAX : PW_LPM_MISS;
}

/* A loop may take a copy of the root, which stays in registers. */
static inline struct pw_lpm4_root pw_lpm4_root(const struct pw_lpm4 *lpm)
{
	return *(const struct pw_lpm4_root *)lpm;
}

static inline uint32_t pw_lpm4_lookup_in(const struct pw_lpm4_root *root, uint32_t ip_be)
{
	uint32_t ip = ntohl(ip_be);
	uint32_t entry = __atomic_load_n(&root->top[ip >> 16], __ATOMIC_ACQUIRE);

	for (int shift = 8; entry & PW_LPM4_EXTENDED; shift -= 8) {
		PW_RACE_POINT();
		entry = __atomic_load_n(
			&pw_lpm4_group(root, entry)[ip >> shift & 0xff], __ATOMIC_ACQUIRE);
	}
	return pw_lpm4_entry_value(entry);
}

/*
 * The same in two steps, for loops that take many packets through each. First: the entry that most probably
 * says it, being fetched. Of prefixes up to /16 that is the top's, else the group's below.
 */
static inline const uint32_t *pw_lpm4_slot(const struct pw_lpm4_root *root, uint32_t ip_be)
{
	uint32_t ip = ntohl(ip_be);
	const uint32_t *slot = &root->top[ip >> 16];
	uint32_t entry = __atomic_load_n(slot, __ATOMIC_ACQUIRE);

	if (entry & PW_LPM4_EXTENDED) {
		slot = &pw_lpm4_group(root, entry)[ip >> 8 & 0xff];
		__builtin_prefetch(slot);
	}
	return slot;
}

/* Then: what it says. If it leads on (a host route, or a change in between), the way is gone again from the top. */
static inline uint32_t pw_lpm4_slot_value(
	const struct pw_lpm4_root *root, const uint32_t *slot, uint32_t ip_be)
{
	uint32_t entry = __atomic_load_n(slot, __ATOMIC_ACQUIRE);

	return entry & PW_LPM4_EXTENDED ? pw_lpm4_lookup_in(root, ip_be)
					: pw_lpm4_entry_value(entry);
}

static inline uint32_t pw_lpm4_lookup(const struct pw_lpm4 *lpm, uint32_t ip_be)
{
	return pw_lpm4_lookup_in((const struct pw_lpm4_root *)lpm, ip_be);
}

#endif
