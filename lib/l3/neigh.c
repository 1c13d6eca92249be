/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of neighbours: hash, order of use, limits, held packets. States are in neigh_state.c.
 */
#include <errno.h>
#include <stdlib.h>

#include "neigh.h"
#include "pw_clock.h"
#include "pw_util.h"

#define HELD_MAX_PKTS  101                 /* net.ipv4.neigh.default.unres_qlen */
#define HELD_MAX_BYTES 212992              /* ... .unres_qlen_bytes */
#define FRESH_NS       (5 * PW_NS_PER_SEC) /* neigh_forced_gc(): too new to be pushed out */
#define VICTIM_TRIES   32

static uint32_t hash_of(const struct pw_neigh_table *table, uint32_t iface, const struct pw_ip *ip)
{
	return (pw_ip_hash(ip) ^ iface * UINT32_C(2654435761)) & table->hash_mask;
}

static uint32_t n_buckets_for(uint32_t n)
{
	uint32_t size = 16;

	while (size < n && size < UINT32_C(1) << 24) /* what hash_of can tell apart */
		size *= 2;
	return size;
}

static bool all_set(const struct pw_neigh_callbacks *cb)
{
	return cb->request != NULL && cb->changed != NULL && cb->release != NULL &&
	       cb->removed != NULL && cb->last_used_sec != NULL;
}

struct pw_neigh_table *pw_neigh_create(
	uint32_t thresh2, uint32_t thresh3, const struct pw_neigh_callbacks *callbacks, void *ctx)
{
	if (thresh3 == 0 || thresh2 > thresh3 || !all_set(callbacks)) {
		errno = EINVAL;
		return NULL;
	}

	uint32_t n_buckets = n_buckets_for(thresh3);
	struct pw_neigh_table *table =
		calloc(1, sizeof(*table) + n_buckets * sizeof(table->buckets[0]));

	if (table == NULL)
		return NULL;
	table->neighs = calloc(thresh3, sizeof(*table->neighs));
	if (table->neighs == NULL) {
		free(table);
		errno = ENOMEM;
		return NULL;
	}
	table->cb = *callbacks;
	table->ctx = ctx;
	table->thresh2 = thresh2;
	table->thresh3 = thresh3;
	table->hash_mask = n_buckets - 1;
	TAILQ_INIT(&table->lru);
	TAILQ_INIT(&table->free);
	for (uint32_t i = 0; i < thresh3; i++)
		TAILQ_INSERT_TAIL(&table->free, &table->neighs[i], lru);
	return table;
}

void pw_neigh_destroy(struct pw_neigh_table *table)
{
	if (table == NULL)
		return;
	while (!TAILQ_EMPTY(&table->lru))
		pw_neigh_delete(table, TAILQ_FIRST(&table->lru));
	free(table->neighs);
	free(table);
}

/* Takes the oldest held packet out; NULL: none. */
static void *take_held(struct pw_neigh *neigh)
{
	struct held *held = STAILQ_FIRST(&neigh->held);

	if (held == NULL)
		return NULL;

	void *pkt = held->pkt;

	STAILQ_REMOVE_HEAD(&neigh->held, next);
	neigh->n_held--;
	neigh->held_bytes -= held->bytes;
	free(held);
	return pkt;
}

static void release(struct pw_neigh_table *table, const struct pw_neigh *neigh, void *pkt,
	bool resolved, bool overflow, uint64_t now_ns)
{
	struct pw_neigh_info info;

	pw_neigh_info(neigh, now_ns, &info);
	table->cb.release(table->ctx, &info, pkt, resolved, overflow);
}

void neigh_release_held(
	struct pw_neigh_table *table, struct pw_neigh *neigh, bool resolved, uint64_t now_ns)
{
	void *pkt;

	while ((pkt = take_held(neigh)) != NULL)
		release(table, neigh, pkt, resolved, false, now_ns);
}

static void hold(struct pw_neigh_table *table, struct pw_neigh *neigh, void *pkt, uint32_t bytes,
	uint64_t now_ns)
{
	struct held *held = malloc(sizeof(*held));

	if (held == NULL) {
		release(table, neigh, pkt, false, true, now_ns);
		return;
	}
	*held = (struct held){.pkt = pkt, .bytes = bytes};
	while (neigh->n_held >= HELD_MAX_PKTS ||
		(neigh->n_held > 0 && (uint64_t)neigh->held_bytes + bytes > HELD_MAX_BYTES))
		release(table, neigh, take_held(neigh), false, true, now_ns);
	STAILQ_INSERT_TAIL(&neigh->held, held, next);
	neigh->n_held++;
	neigh->held_bytes += bytes;
}

void neigh_touch(struct pw_neigh_table *table, struct pw_neigh *neigh)
{
	TAILQ_REMOVE(&table->lru, neigh, lru);
	TAILQ_INSERT_HEAD(&table->lru, neigh, lru);
}

void neigh_remove(struct pw_neigh_table *table, struct pw_neigh *neigh, uint64_t now_ns)
{
	struct pw_neigh_info info;

	LIST_REMOVE(neigh, chain);
	TAILQ_REMOVE(&table->lru, neigh, lru);
	table->count--;
	neigh_release_held(table, neigh, false, now_ns);
	pw_neigh_info(neigh, now_ns, &info);
	neigh->in_use = false;
	TAILQ_INSERT_HEAD(&table->free, neigh, lru);
	table->cb.removed(table->ctx, &info);
}

void neigh_touch_last(struct pw_neigh_table *table, struct pw_neigh *neigh)
{
	TAILQ_REMOVE(&table->lru, neigh, lru);
	TAILQ_INSERT_TAIL(&table->lru, neigh, lru);
}

/*
 * The list is in the order of news from the network, failed ones last; the data path's use shows
 * only when asked for, so one at the end that was used (or is pinned) gets a new place.
 */
static struct pw_neigh *find_victim(struct pw_neigh_table *table, uint64_t now_ns)
{
	for (int i = 0; i < VICTIM_TRIES; i++) {
		struct pw_neigh *neigh = TAILQ_LAST(&table->lru, neigh_list);

		if (neigh == NULL)
			return NULL;
		if (!neigh->pinned) {
			if (neigh->state == PW_NEIGH_FAILED)
				return neigh;
			if (now_ns - neigh->updated_ns < FRESH_NS)
				return NULL; /* then all are */
			if (now_ns - neigh_last_used_ns(table, neigh, now_ns) >= FRESH_NS)
				return neigh;
		}
		neigh_touch(table, neigh);
	}
	return NULL;
}

static int make_room(struct pw_neigh_table *table, uint64_t now_ns)
{
	if (table->count >= table->thresh2) {
		struct pw_neigh *victim = find_victim(table, now_ns);

		if (victim != NULL)
			neigh_remove(table, victim, now_ns);
	}
	return table->count < table->thresh3 ? 0 : -ENOSPC;
}

static struct pw_neigh *create(struct pw_neigh_table *table, uint32_t iface, const struct pw_ip *ip,
	void *user, uint64_t now_ns)
{
	struct pw_neigh *neigh = TAILQ_FIRST(&table->free);

	TAILQ_REMOVE(&table->free, neigh, lru);
	*neigh = (struct pw_neigh){
		.in_use = true,
		.iface = iface,
		.ip = *ip,
		.user = user,
		.confirmed_ns = now_ns,
		.updated_ns = now_ns,
	};
	STAILQ_INIT(&neigh->held);
	LIST_INSERT_HEAD(&table->buckets[hash_of(table, iface, ip)], neigh, chain);
	TAILQ_INSERT_HEAD(&table->lru, neigh, lru);
	table->count++;
	return neigh;
}

int pw_neigh_hold(struct pw_neigh_table *table, uint32_t iface, const struct pw_ip *ip, void *pkt,
	uint32_t pkt_bytes, void *new_user, uint64_t now_ns)
{
	struct pw_neigh *neigh = pw_neigh_find(table, iface, ip);

	if (neigh == NULL) {
		int ret = make_room(table, now_ns);

		if (ret < 0)
			return ret;
		neigh = create(table, iface, ip, new_user, now_ns);
		neigh_start(table, neigh, now_ns);
	}
	if (pkt == NULL)
		return 0;
	if (neigh->state == PW_NEIGH_INCOMPLETE)
		hold(table, neigh, pkt, pkt_bytes, now_ns);
	else
		release(table, neigh, pkt, neigh_is_usable(neigh), false, now_ns);
	return 0;
}

struct pw_neigh *pw_neigh_find(struct pw_neigh_table *table, uint32_t iface, const struct pw_ip *ip)
{
	struct pw_neigh *neigh;

	LIST_FOREACH (neigh, &table->buckets[hash_of(table, iface, ip)], chain)
		if (neigh->iface == iface && pw_ip_equal(&neigh->ip, ip))
			return neigh;
	return NULL;
}

void pw_neigh_info(const struct pw_neigh *neigh, uint64_t now_ns, struct pw_neigh_info *info)
{
	uint64_t age_ns = now_ns > neigh->confirmed_ns ? now_ns - neigh->confirmed_ns : 0;

	*info = (struct pw_neigh_info){
		.ip = neigh->ip,
		.iface = neigh->iface,
		.state = neigh->state,
		.mac = neigh->mac,
		.held = neigh->n_held,
		.age_sec = (uint32_t)(age_ns / PW_NS_PER_SEC),
		.user = neigh->user,
	};
}

void pw_neigh_set_user(struct pw_neigh *neigh, void *user)
{
	neigh->user = user;
}

void pw_neigh_set_pinned(struct pw_neigh *neigh, bool pinned)
{
	neigh->pinned = pinned;
}

void pw_neigh_delete(struct pw_neigh_table *table, struct pw_neigh *neigh)
{
	neigh_remove(table, neigh, neigh->confirmed_ns); /* the time only shows as an age */
}

uint32_t pw_neigh_flush_iface(struct pw_neigh_table *table, uint32_t iface)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < table->thresh3; i++) {
		if (!table->neighs[i].in_use || table->neighs[i].iface != iface)
			continue;
		pw_neigh_delete(table, &table->neighs[i]);
		n++;
	}
	return n;
}

void pw_neigh_foreach(struct pw_neigh_table *table, uint64_t now_ns,
	bool (*fn)(void *arg, const struct pw_neigh_info *info), void *arg)
{
	for (uint32_t i = 0; i < table->thresh3; i++) {
		struct pw_neigh_info info;

		if (!table->neighs[i].in_use)
			continue;
		pw_neigh_info(&table->neighs[i], now_ns, &info);
		if (!fn(arg, &info))
			return;
	}
}

uint32_t pw_neigh_count(const struct pw_neigh_table *table)
{
	return table->count;
}
