/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * endpoint.h - directory of endpoints: is (address, port, protocol) one, or was it?
 *
 * A packet straight to an endpoint makes an identity flow, so that its replies are not taken for
 * those of a translated flow. Endpoints are counted by the Services that name them. One that no
 * Service names any more stays known - connections to it may go on - until its place is needed;
 * the one that went first goes first. There is room for max + max / 4 of them.
 *
 * Threads:  get, put, foreach: control thread. known: any worker.
 * Errors:   -ENOSPC.
 */
#ifndef ENDPOINT_H
#define ENDPOINT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "pw_alloc.h"
#include "pw_idpool.h"
#include "pw_limbo.h"
#include "pw_map64.h"

#include "flow_line.h"

struct endpoint {
	TAILQ_ENTRY(endpoint) retired; /* if refs == 0 */
	uint64_t key;
	flow_addr ip_be;
	uint32_t refs;
};

struct endpoint_dir {
	const struct pw_alloc *alloc;
	struct pw_map64 *map; /* key -> id; W: ctl  R: workers */
	struct endpoint *array;
	struct pw_idpool *ids;
	TAILQ_HEAD(, endpoint) retired; /* oldest first */
	uint32_t max, n_active;
};

/* Of an IPv6 address there is room for a hash of 64 bits only. No two things that are configured may
 * have the same one (services.c, endpoint.c see to it; it will not happen); of an address that a
 * packet brings it is verified, or does no harm. */
static inline uint64_t nat_key(flow_addr ip_be, uint16_t port_be, uint8_t proto)
{
#ifdef PW_NAT_V6
	return flow_mix(flow_addr_word(ip_be) ^ UINT64_C(0x8ebc6af09c88c6e3),
		       ((uint64_t)port_be << 16 | proto) ^ UINT64_C(0x589965cc75374cc3)) |
	       1; /* never 0 */
#else
	return (uint64_t)ip_be << 32 | (uint32_t)port_be << 16 | proto;
#endif
}

int endpoint_dir_init(struct endpoint_dir *dir, const struct pw_alloc *alloc,
	struct pw_limbo *limbo, uint32_t max);
void endpoint_dir_fini(struct endpoint_dir *dir);
/* id, one more reference */
int64_t endpoint_get(struct endpoint_dir *dir, flow_addr ip_be, uint16_t port_be, uint8_t proto);
void endpoint_put(struct endpoint_dir *dir, uint32_t id);
void endpoint_foreach(
	const struct endpoint_dir *dir, void (*fn)(void *arg, flow_addr ip_be), void *arg);

static inline bool endpoint_known(const struct endpoint_dir *dir, uint64_t key, uint32_t *id)
{
	uint64_t value;

	if (!pw_map64_lookup(dir->map, key, &value))
		return false;
	*id = (uint32_t)value;
	return true;
}

#endif
