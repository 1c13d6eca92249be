/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_lpm6.h - IPv6 longest prefix match for many readers and one writer.
 *
 * A top table for the first 16 bits, below it path-compressed nodes of 16 entries, four bits each.
 * An entry is one 64-bit word: a value and a child. The value is that of the longest prefix which
 * ends within these four bits; a lookup goes down and keeps the last value it saw. So values are
 * not pushed to the leaves: no change writes more than one node and one link, or the top table,
 * however many prefixes lie below. A lookup compares the bits that a path skips.
 * Values:   as pw_lpm4.h: 0 .. PW_LPM_VALUE_MAX, a miss gives PW_LPM_MISS.
 * Memory:   512 KB for an empty table, 192 bytes a node; at most two nodes a prefix, realistic
 *           tables need less than one.
 * Threads:  set, clear, get, count, usage: the writer. lookup, lookup_bulk: any registered
 *           reader.
 * Order:    what the writer stored before set is seen by a reader that gets the value. A change
 *           becomes visible entry by entry, each one old or new.
 * Errors:   -EINVAL host bits, length or value; -ENOSPC prefixes or nodes used up, -ENOMEM
 *           (nothing changed); -ENOENT clear of what is not there. Replacing and clearing need no
 *           memory. create: NULL with errno EINVAL (no prefixes, or above 2^24) or ENOMEM.
 * Cost:     lookup: the top entry, then two lines a node on the way, fetched together. set, clear:
 *           the way down and at most 16 entries; up to a /16 at most 65,536 entries of the top.
 */
#ifndef PW_LPM6_H
#define PW_LPM6_H

#include <stdint.h>

#include "pw_alloc.h"
#include "pw_limbo.h"
#include "pw_lpm4.h"
#include "pw_prefix_tree.h"

struct pw_lpm6;

struct pw_lpm6_usage {
	uint32_t prefixes, max_prefixes;
	uint32_t nodes; /* linked, or on their way back */
	uint64_t bytes; /* all memory of the table; nodes are kept for reuse until destroy */
};

struct pw_lpm6 *pw_lpm6_create(
	const struct pw_alloc *alloc, struct pw_limbo *limbo, uint32_t max_prefixes);
void pw_lpm6_destroy(struct pw_lpm6 *lpm);
int pw_lpm6_set(struct pw_lpm6 *lpm, struct pw_prefix_key key, uint8_t len,
	uint32_t value); /* add or replace */
int pw_lpm6_clear(struct pw_lpm6 *lpm, struct pw_prefix_key key, uint8_t len);
/* Exact prefix: value or PW_LPM_MISS. */
uint32_t pw_lpm6_get(const struct pw_lpm6 *lpm, struct pw_prefix_key key, uint8_t len);
uint32_t pw_lpm6_count(const struct pw_lpm6 *lpm);
void pw_lpm6_usage(const struct pw_lpm6 *lpm, struct pw_lpm6_usage *usage);

uint32_t pw_lpm6_lookup(const struct pw_lpm6 *lpm, struct pw_prefix_key ip);
void pw_lpm6_lookup_bulk(
	const struct pw_lpm6 *lpm, const struct pw_prefix_key *ips, uint32_t *values, uint32_t n);

#endif
