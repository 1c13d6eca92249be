/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * key:   bridge << 48 | mac48
 * value: port 16 | static 1 << 16 | tick 16 << 17 (second last seen, of learned entries)
 *
 * The control thread counts learned entries a port and a bridge; workers only ever change the tick,
 * by compare-and-swap, so that a refresh never undoes a move or a deletion.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pw_fdb.h"
#include "pw_util.h"

#define ANY         UINT16_MAX /* no bridge and no port */
#define STATIC_BIT  (UINT64_C(1) << 16)
#define TICK_SHIFT  17
#define MAC_BITS    48
#define MAC_MASK    ((UINT64_C(1) << MAC_BITS) - 1)
#define MCAST_BIT   (UINT64_C(1) << 40) /* I/G bit of the first octet */
#define N_IDS       (UINT32_C(1) << 16)
#define SKEW_SEC    16 /* a worker's clock may be ahead of the control thread's */
#define AGE_SEC_MAX (UINT16_MAX - SKEW_SEC) /* ticks wrap */

struct pw_fdb {
	struct pw_map64 *map;

	/* Control thread only. Plain heap: most of it is never touched, hence never paged in. */
	const struct pw_alloc *alloc;
	uint32_t *learned_port;   /* learned entries, by port */
	uint32_t *learned_bridge; /* by bridge */
	struct pw_fdb_stats stats;
};

static inline uint16_t key_bridge(uint64_t key)
{
	return (uint16_t)(key >> MAC_BITS);
}

static inline uint64_t learned_value(uint16_t port, uint32_t now_sec)
{
	return port | (uint64_t)(uint16_t)now_sec << TICK_SHIFT;
}

static inline uint16_t value_tick(uint64_t value)
{
	return (uint16_t)(value >> TICK_SHIFT);
}

static inline uint32_t value_age(uint64_t value, uint32_t now_sec)
{
	uint16_t age = (uint16_t)(now_sec - value_tick(value));

	return age > AGE_SEC_MAX ? 0 : age;
}

static bool valid(uint16_t bridge, uint64_t mac48, uint16_t port)
{
	return bridge != ANY && port != ANY && mac48 != 0 && (mac48 & ~MAC_MASK) == 0 &&
	       (mac48 & MCAST_BIT) == 0;
}

static void count_learned(struct pw_fdb *fdb, uint64_t key, uint64_t value, int delta)
{
	if (pw_fdb_result_static(value))
		return;
	fdb->learned_port[pw_fdb_result_port(value)] += (uint32_t)delta;
	fdb->learned_bridge[key_bridge(key)] += (uint32_t)delta;
}

struct pw_fdb *pw_fdb_create(
	const struct pw_alloc *alloc, struct pw_limbo *limbo, uint32_t capacity)
{
	struct pw_fdb *fdb = pw_zalloc(alloc, "fdb", sizeof(*fdb));

	if (fdb == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	fdb->alloc = alloc;
	fdb->learned_port = calloc(N_IDS, sizeof(*fdb->learned_port));
	fdb->learned_bridge = calloc(N_IDS, sizeof(*fdb->learned_bridge));
	if (fdb->learned_port == NULL || fdb->learned_bridge == NULL) {
		errno = ENOMEM;
		goto err;
	}
	fdb->map = pw_map64_create(alloc, limbo, capacity);
	if (fdb->map == NULL)
		goto err;
	return fdb;
err:;
	int saved = errno;

	pw_fdb_destroy(fdb);
	errno = saved;
	return NULL;
}

void pw_fdb_destroy(struct pw_fdb *fdb)
{
	if (fdb == NULL)
		return;
	pw_map64_destroy(fdb->map);
	free(fdb->learned_bridge);
	free(fdb->learned_port);
	pw_free(fdb->alloc, fdb);
}

/* Stores a value and keeps the counts; *old: what stood there, PW_FDB_MISS if nothing did. */
static int store(struct pw_fdb *fdb, uint64_t key, uint64_t old, uint64_t value)
{
	int ret = pw_map64_set(fdb->map, key, value);

	if (ret < 0) {
		fdb->stats.refused_full += ret == -ENOSPC;
		return ret;
	}
	if (old != PW_FDB_MISS)
		count_learned(fdb, key, old, -1);
	count_learned(fdb, key, value, +1);
	return 0;
}

int pw_fdb_set_static(struct pw_fdb *fdb, uint16_t bridge, uint64_t mac48, uint16_t port)
{
	if (!valid(bridge, mac48, port))
		return -EINVAL;

	uint64_t old = pw_fdb_lookup(fdb, bridge, mac48);

	if (old != PW_FDB_MISS && pw_fdb_result_static(old))
		return pw_fdb_result_port(old) == port ? 0 : -EEXIST;
	return store(fdb, pw_fdb_key(bridge, mac48), old, port | STATIC_BIT);
}

int pw_fdb_learn(struct pw_fdb *fdb, uint16_t bridge, uint64_t mac48, uint16_t port,
	uint32_t now_sec, uint32_t max_per_port)
{
	if (!valid(bridge, mac48, port))
		return -EINVAL;

	uint64_t old = pw_fdb_lookup(fdb, bridge, mac48);
	bool known = old != PW_FDB_MISS;
	bool here = known && pw_fdb_result_port(old) == port;

	if (known && pw_fdb_result_static(old)) {
		fdb->stats.refused_static += !here;
		return here ? 0 : -EEXIST;
	}
	if (!here && fdb->learned_port[port] >= max_per_port) {
		fdb->stats.refused_port_full++;
		return -ENOSPC;
	}

	int ret = store(fdb, pw_fdb_key(bridge, mac48), old, learned_value(port, now_sec));

	if (ret < 0)
		return ret;
	fdb->stats.learned += !known;
	fdb->stats.moved += known && !here;
	return 0;
}

static void remove_entry(struct pw_fdb *fdb, uint64_t key, uint64_t value)
{
	pw_map64_del(fdb->map, key);
	count_learned(fdb, key, value, -1);
}

int pw_fdb_del(struct pw_fdb *fdb, uint16_t bridge, uint64_t mac48)
{
	uint64_t value = pw_fdb_lookup(fdb, bridge, mac48);

	if (value == PW_FDB_MISS)
		return -ENOENT;
	remove_entry(fdb, pw_fdb_key(bridge, mac48), value);
	return 0;
}

struct flush {
	struct pw_fdb *fdb;
	uint16_t bridge, port;
	bool static_too;
	uint32_t n;
};

static bool flush_one(void *arg, uint64_t key, uint64_t value)
{
	struct flush *flush = arg;

	if ((flush->bridge == ANY || flush->bridge == key_bridge(key)) &&
		(flush->port == ANY || flush->port == pw_fdb_result_port(value)) &&
		(flush->static_too || !pw_fdb_result_static(value))) {
		remove_entry(flush->fdb, key, value);
		flush->n++;
	}
	return true;
}

uint32_t pw_fdb_flush(struct pw_fdb *fdb, uint16_t bridge, uint16_t port, bool static_too)
{
	struct flush flush = {fdb, bridge, port, static_too, 0};

	pw_map64_foreach(fdb->map, flush_one, &flush);
	return flush.n;
}

struct age {
	struct pw_fdb *fdb;
	uint16_t bridge;
	uint32_t now_sec, ageing_sec;
	uint32_t left; /* learned entries of the bridge not yet seen */
	uint32_t n;
};

static bool age_one(void *arg, uint64_t key, uint64_t value)
{
	struct age *age = arg;

	if (key_bridge(key) != age->bridge || pw_fdb_result_static(value))
		return true;
	if (value_age(value, age->now_sec) >= age->ageing_sec) {
		remove_entry(age->fdb, key, value);
		age->n++;
	}
	return --age->left > 0;
}

uint32_t pw_fdb_age(struct pw_fdb *fdb, uint16_t bridge, uint32_t now_sec, uint32_t ageing_sec)
{
	struct age age = {
		.fdb = fdb,
		.bridge = bridge,
		.now_sec = now_sec,
		.ageing_sec = PW_MIN(ageing_sec, (uint32_t)AGE_SEC_MAX),
		.left = fdb->learned_bridge[bridge],
	};

	if (age.left > 0) /* most bridges of a node hold static entries only */
		pw_map64_foreach(fdb->map, age_one, &age);
	fdb->stats.aged += age.n;
	return age.n;
}

struct walk {
	uint32_t now_sec;
	bool (*fn)(void *arg, const struct pw_fdb_entry *entry);
	void *arg;
};

static bool walk_one(void *arg, uint64_t key, uint64_t value)
{
	const struct walk *walk = arg;
	bool is_static = pw_fdb_result_static(value);
	struct pw_fdb_entry entry = {
		.bridge = key_bridge(key),
		.port = pw_fdb_result_port(value),
		.is_static = is_static,
		.mac48 = key & MAC_MASK,
		.age_sec = is_static ? 0 : value_age(value, walk->now_sec),
	};

	return walk->fn(walk->arg, &entry);
}

void pw_fdb_foreach(struct pw_fdb *fdb, uint32_t now_sec,
	bool (*fn)(void *arg, const struct pw_fdb_entry *entry), void *arg)
{
	struct walk walk = {now_sec, fn, arg};

	pw_map64_foreach(fdb->map, walk_one, &walk);
}

uint32_t pw_fdb_count(const struct pw_fdb *fdb)
{
	return pw_map64_count(fdb->map);
}

const struct pw_fdb_stats *pw_fdb_stats(const struct pw_fdb *fdb)
{
	return &fdb->stats;
}

uint64_t pw_fdb_lookup(const struct pw_fdb *fdb, uint16_t bridge, uint64_t mac48)
{
	uint64_t value;

	return pw_map64_lookup(fdb->map, pw_fdb_key(bridge, mac48), &value) ? value : PW_FDB_MISS;
}

const struct pw_map64 *pw_fdb_map(const struct pw_fdb *fdb)
{
	return fdb->map;
}

void pw_fdb_lookup_bulk(
	const struct pw_fdb *fdb, const uint64_t *keys, uint64_t *results, uint32_t n)
{
	memset(results, 0xff, n * sizeof(*results)); /* PW_FDB_MISS stays where nothing is found */
	pw_map64_lookup_bulk(fdb->map, keys, results, n);
}

bool pw_fdb_source_known(struct pw_fdb *fdb, uint16_t bridge, uint64_t mac48, uint16_t port,
	uint32_t now_sec, bool *is_static_elsewhere)
{
	uint64_t value = pw_fdb_lookup(fdb, bridge, mac48);
	bool is_static = value != PW_FDB_MISS && pw_fdb_result_static(value);

	*is_static_elsewhere = is_static && pw_fdb_result_port(value) != port;
	if (value == PW_FDB_MISS || pw_fdb_result_port(value) != port)
		return false;
	if (!is_static && value_tick(value) != (uint16_t)now_sec)
		/* Lost to another worker or to the control thread: as good as refreshed, or gone.
		 */
		pw_map64_replace(
			fdb->map, pw_fdb_key(bridge, mac48), value, learned_value(port, now_sec));
	return true;
}
