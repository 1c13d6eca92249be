/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_lpm4.h - IPv4 longest prefix match for many readers and one writer.
 *
 * Three levels of 16, 8 and 8 bits: 256 KB for an empty table, 1 KB for each group of 256 below, so
 * that an edge node pays little and a full table fits too. Every entry is one 32-bit word, changed
 * by one atomic store; a group is filled before it is linked and freed through the limbo.
 * Values:   0 .. PW_LPM_VALUE_MAX, e.g. an adjacency index. A miss gives PW_LPM_MISS.
 * Threads:  set, clear, get: the writer. lookup: any registered reader.
 * Errors:   -EINVAL host bits or length, -ENOSPC prefixes or groups used up (nothing changed),
 *           -ENOENT clear of what is not there.
 */
#ifndef PW_LPM4_H
#define PW_LPM4_H

#include <stdint.h>

#include "pw_alloc.h"
#include "pw_limbo.h"

#define PW_LPM_MISS      UINT32_MAX
#define PW_LPM_VALUE_MAX ((UINT32_C(1) << 30) - 1)

struct pw_lpm4;

struct pw_lpm4 *pw_lpm4_create(
	const struct pw_alloc *alloc, struct pw_limbo *limbo, uint32_t max_prefixes);
void pw_lpm4_destroy(struct pw_lpm4 *lpm);
int pw_lpm4_set(
	struct pw_lpm4 *lpm, uint32_t ip_be, uint8_t len, uint32_t value); /* add or replace */
int pw_lpm4_clear(struct pw_lpm4 *lpm, uint32_t ip_be, uint8_t len);
/* Exact prefix: value or PW_LPM_MISS. */
uint32_t pw_lpm4_get(const struct pw_lpm4 *lpm, uint32_t ip_be, uint8_t len);
uint32_t pw_lpm4_count(const struct pw_lpm4 *lpm);

uint32_t pw_lpm4_lookup(const struct pw_lpm4 *lpm, uint32_t ip_be);
void pw_lpm4_lookup_bulk(
	const struct pw_lpm4 *lpm, const uint32_t *ip_be, uint32_t *values, uint32_t n);

#endif
