/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_spsc.h - ring of pointers, one producer thread, one consumer thread, never blocking.
 *
 * A full ring takes fewer than offered; the caller counts what it drops. Producer and consumer
 * indices lie on lines of their own, each side caches the other's.
 * Threads:  enqueue: the producer. dequeue: the consumer. count: any, a snapshot.
 * Order:    what the producer wrote before enqueue is seen by the consumer after dequeue.
 * Errors:   create: NULL with errno EINVAL (size 0 or above 2^30) or ENOMEM.
 */
#ifndef PW_SPSC_H
#define PW_SPSC_H

#include <stdint.h>

#include "pw_alloc.h"

struct pw_spsc;

struct pw_spsc *pw_spsc_create(const struct pw_alloc *alloc, uint32_t size); /* rounded up to 2^n */
void pw_spsc_destroy(struct pw_spsc *ring);
uint32_t pw_spsc_enqueue(
	struct pw_spsc *ring, void *const *objs, uint32_t n);            /* how many went in */
uint32_t pw_spsc_dequeue(struct pw_spsc *ring, void **objs, uint32_t n); /* how many came out */
uint32_t pw_spsc_count(const struct pw_spsc *ring);

#endif
