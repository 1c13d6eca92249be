/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * client_cap.h - how many flows each client has, so that one cannot fill the table (SEC-7).
 *
 * Buckets of one cache line hold {address, count} words; a client's count is the sum of the words
 * that have its address, for two workers may both have begun one. Words whose count is 0 are free
 * for any address. A client that finds no word is not counted, and so not limited: that takes eight
 * other clients with flows in one bucket. Workers may overshoot a limit by one flow each.
 *
 * Threads:  create, destroy: control thread. All else: any thread, lock-free.
 * Cost:     one cache line for a new flow and one for its end; nothing for other packets.
 */
#ifndef CLIENT_CAP_H
#define CLIENT_CAP_H

#include <stdint.h>

#include "pw_alloc.h"

struct client_cap;

struct client_cap *client_cap_create(
	const struct pw_alloc *alloc, uint32_t max_flows, uint64_t secret); /* NULL: no memory */
void client_cap_destroy(const struct pw_alloc *alloc, struct client_cap *cap);
uint32_t client_cap_count(const struct client_cap *cap, uint32_t ip_be);
void client_cap_add(struct client_cap *cap, uint32_t ip_be);
void client_cap_sub(struct client_cap *cap, uint32_t ip_be);

#endif
