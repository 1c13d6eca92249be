/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * maglev.h - consistent hashing of connections to endpoints (Eisenbud et al., NSDI 2016).
 *
 * Every endpoint walks its own permutation of the table's places, and they take places in turns:
 * each gets the same number but one, and when an endpoint leaves few places of the others change
 * hands. The permutations depend on address and port of the endpoint only, so all nodes with the
 * same endpoints have the same table.
 *
 * Sizes are primes, more than a hundred times the endpoints (1 % disruption, as in the paper and as
 * Cilium's table sizes), up to MAGLEV_SIZE_MAX; beyond, shares and disruption get coarser.
 * Threads:  none; a table is part of an immutable object.
 * Cost:     build about n ln n steps of the size; 2 bytes a place.
 */
#ifndef MAGLEV_H
#define MAGLEV_H

#include <stdint.h>

#define MAGLEV_SIZE_MAX      131071
#define MAGLEV_ENDPOINTS_MAX 65535

uint32_t maglev_size(uint32_t n_endpoints);
/* Fills table[size] with numbers 0 .. n-1; id(arg, i) is 64 bits that tell endpoint i from others.
 * `scratch`: 8 bytes for each endpoint. n > 0. */
void maglev_build(uint16_t *table, uint32_t size, uint32_t n,
	uint64_t (*id)(const void *arg, uint32_t i), const void *arg, uint32_t (*scratch)[2]);

#endif
