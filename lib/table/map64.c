/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A slot's life: free -> (value, then key by a release store) live -> (key 0) retired -> free.
 * Retired slots keep their value: a reader that matched the key a moment ago still gets the right
 * one.
 */
#include <assert.h>
#include <errno.h>
#include <sys/random.h>

#include "pw_map64.h"
#include "pw_race.h"
#include "pw_retire.h"
#include "pw_util.h"

#define BUCKET_SLOTS PW_MAP64_SLOTS
#define HOPS         32
#define MIN_BUCKETS  4
#define CAPACITY_MAX (UINT32_C(1) << 28)

struct pw_map64 {
	struct pw_map64_root root;
	uint32_t *hops; /* a bucket: bit d: entries of this home in bucket +1+d. W: writer R: all */

	/* The writer's. */
	const struct pw_alloc *alloc __attribute__((aligned(PW_CACHE_LINE)));
	uint8_t *busy;   /* one a bucket; bit i: slot i is live or retired */
	uint32_t *links; /* one a slot; chain of retired ones */
	struct pw_retire retire;
	uint32_t count;
	uint32_t capacity;
};

static_assert(sizeof(struct pw_map64_bucket) == PW_CACHE_LINE, "one cache line");
static_assert(offsetof(struct pw_map64, root) == 0, "lookups cast");

static inline uint32_t home_of(const struct pw_map64 *map, uint64_t key)
{
	return (uint32_t)(pw_map64_home(map, key) - map->root.buckets);
}

static inline struct pw_map64_slot *find_in(struct pw_map64_bucket *bucket, uint64_t key)
{
	for (uint32_t i = 0; i < BUCKET_SLOTS; i++)
		if (__atomic_load_n(&bucket->slots[i].key, __ATOMIC_ACQUIRE) == key)
			return &bucket->slots[i];
	return NULL;
}

static struct pw_map64_slot *find_overflown(const struct pw_map64 *map, uint32_t home, uint64_t key)
{
	uint32_t hops = __atomic_load_n(&map->hops[home], __ATOMIC_ACQUIRE);

	while (hops != 0) {
		uint32_t hop = (uint32_t)__builtin_ctz(hops);
		struct pw_map64_slot *slot =
			find_in(&map->root.buckets[(home + 1 + hop) & map->root.mask], key);

		if (slot != NULL)
			return slot;
		hops &= hops - 1;
	}
	return NULL;
}

static inline struct pw_map64_slot *find(const struct pw_map64 *map, uint32_t home, uint64_t key)
{
	struct pw_map64_slot *slot = find_in(&map->root.buckets[home], key);

	if (__builtin_expect(slot == NULL, 0))
		slot = find_overflown(map, home, key);
	return slot;
}

static uint32_t *slot_link(void *ctx, uint32_t id)
{
	struct pw_map64 *map = ctx;

	return &map->links[id];
}

static void slot_release(void *ctx, uint32_t id)
{
	struct pw_map64 *map = ctx;

	map->busy[id / BUCKET_SLOTS] &= (uint8_t) ~(1u << (id % BUCKET_SLOTS));
}

static const struct pw_retire_ops retire_ops = {slot_link, slot_release};

/* At a load of 3/5 the farthest of millions of entries lies well within HOPS buckets (simulated: 30
 * of 32 at 2^20 buckets and a load of 0.65; 53 at 0.75). */
static uint32_t n_buckets_for(uint32_t capacity)
{
	uint64_t slots = (uint64_t)capacity * 5 / 3 + 1;
	uint32_t n = MIN_BUCKETS;

	while ((uint64_t)n * BUCKET_SLOTS < slots)
		n *= 2;
	return n;
}

static int alloc_arrays(struct pw_map64 *map, uint32_t n_buckets)
{
	const struct pw_alloc *alloc = map->alloc;

	map->root.buckets =
		pw_zalloc(alloc, "map64 buckets", n_buckets * sizeof(*map->root.buckets));
	map->hops = pw_zalloc(alloc, "map64 hops", n_buckets * sizeof(*map->hops));
	map->busy = pw_zalloc(alloc, "map64 busy", n_buckets * sizeof(*map->busy));
	map->links = pw_zalloc(
		alloc, "map64 links", (size_t)n_buckets * BUCKET_SLOTS * sizeof(*map->links));
	if (map->root.buckets == NULL || map->hops == NULL || map->busy == NULL ||
		map->links == NULL)
		return -ENOMEM;
	return 0;
}

/* Without entropy (early at boot) the map works all the same, with a hash that could be guessed. */
static void choose_hash(struct pw_map64 *map)
{
	uint64_t random[2];

	if (getrandom(random, sizeof(random), GRND_NONBLOCK) != sizeof(random)) {
		random[0] = UINT64_C(0xa0761d6478bd642f);
		random[1] = UINT64_C(0xe7037ed1a0b428db);
	}
	map->root.seed = random[0];
	map->root.factor = random[1] | 1;
}

struct pw_map64 *pw_map64_create(
	const struct pw_alloc *alloc, struct pw_limbo *limbo, uint32_t capacity)
{
	if (capacity == 0 || capacity > CAPACITY_MAX) {
		errno = EINVAL;
		return NULL;
	}

	struct pw_map64 *map = pw_zalloc(alloc, "map64", sizeof(*map));

	if (map == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	map->alloc = alloc;
	map->capacity = capacity;

	uint32_t n_buckets = n_buckets_for(capacity);

	map->root.mask = n_buckets - 1;
	if (alloc_arrays(map, n_buckets) < 0 ||
		pw_retire_init(&map->retire, limbo, &retire_ops, map) < 0) {
		pw_map64_destroy(map);
		errno = ENOMEM;
		return NULL;
	}
	choose_hash(map);
	return map;
}

void pw_map64_destroy(struct pw_map64 *map)
{
	if (map == NULL)
		return;
	pw_retire_fini(&map->retire);
	pw_free(map->alloc, map->links);
	pw_free(map->alloc, map->busy);
	pw_free(map->alloc, map->hops);
	pw_free(map->alloc, map->root.buckets);
	pw_free(map->alloc, map);
}

/* Nearest bucket with a free slot: its distance from home, or -ENOSPC. */
static int find_room(const struct pw_map64 *map, uint32_t home)
{
	uint32_t reach = PW_MIN((uint32_t)HOPS, map->root.mask);

	for (uint32_t distance = 0; distance <= reach; distance++)
		if (map->busy[(home + distance) & map->root.mask] != (1u << BUCKET_SLOTS) - 1)
			return (int)distance;
	return -ENOSPC;
}

static int insert(struct pw_map64 *map, uint32_t home, uint64_t key, uint64_t value)
{
	int distance = find_room(map, home);

	if (map->count == map->capacity || distance < 0)
		return -ENOSPC;

	uint32_t b = (home + (uint32_t)distance) & map->root.mask;
	uint32_t i = (uint32_t)__builtin_ctz(~(uint32_t)map->busy[b]);
	struct pw_map64_slot *slot = &map->root.buckets[b].slots[i];

	map->busy[b] |= (uint8_t)(1u << i);
	map->count++;
	__atomic_store_n(&slot->value, value, __ATOMIC_RELAXED);
	PW_RACE_POINT();
	__atomic_store_n(&slot->key, key, __ATOMIC_RELEASE);
	if (distance > 0) {
		uint32_t hops = map->hops[home] | UINT32_C(1) << (distance - 1);

		__atomic_store_n(&map->hops[home], hops, __ATOMIC_RELEASE);
	}
	return 0;
}

int pw_map64_set(struct pw_map64 *map, uint64_t key, uint64_t value)
{
	if (key == 0)
		return -EINVAL;

	uint32_t home = home_of(map, key);
	struct pw_map64_slot *slot = find(map, home, key);

	if (slot == NULL)
		return insert(map, home, key, value);
	__atomic_store_n(&slot->value, value, __ATOMIC_RELEASE);
	return 0;
}

static bool holds_home(const struct pw_map64 *map, uint32_t b, uint32_t home)
{
	for (uint32_t i = 0; i < BUCKET_SLOTS; i++) {
		uint64_t key = map->root.buckets[b].slots[i].key;

		if (key != 0 && home_of(map, key) == home)
			return true;
	}
	return false;
}

int pw_map64_del(struct pw_map64 *map, uint64_t key)
{
	if (key == 0)
		return -EINVAL;

	uint32_t home = home_of(map, key);
	struct pw_map64_slot *slot = find(map, home, key);

	if (slot == NULL)
		return -ENOENT;
	__atomic_store_n(&slot->key, 0, __ATOMIC_RELEASE);
	map->count--;
	PW_RACE_POINT();

	uint32_t id = (uint32_t)(slot - map->root.buckets[0].slots);
	uint32_t b = id / BUCKET_SLOTS;

	if (b != home && !holds_home(map, b, home)) {
		uint32_t hop = (b - home - 1) & map->root.mask;

		__atomic_store_n(&map->hops[home], map->hops[home] & ~(UINT32_C(1) << hop),
			__ATOMIC_RELEASE);
	}
	pw_retire_add(&map->retire, id);
	return 0;
}

uint32_t pw_map64_count(const struct pw_map64 *map)
{
	return map->count;
}

bool pw_map64_lookup(const struct pw_map64 *map, uint64_t key, uint64_t *value)
{
	if (key == 0) /* would match a free slot */
		return false;

	struct pw_map64_slot *slot = find(map, home_of(map, key), key);

	if (slot == NULL)
		return false;
	PW_RACE_POINT();
	*value = __atomic_load_n(&slot->value, __ATOMIC_ACQUIRE);
	return true;
}

bool pw_map64_find_overflown(const struct pw_map64 *map, const struct pw_map64_bucket *home,
	uint64_t key, uint64_t *value)
{
	struct pw_map64_slot *slot = find_overflown(map, (uint32_t)(home - map->root.buckets), key);

	if (slot == NULL)
		return false;
	PW_RACE_POINT();
	*value = __atomic_load_n(&slot->value, __ATOMIC_ACQUIRE);
	return true;
}

uint64_t pw_map64_lookup_bulk(
	const struct pw_map64 *map, const uint64_t *keys, uint64_t *values, uint32_t n)
{
	const struct pw_map64_bucket *homes[64];
	uint64_t found = 0;

	assert(n <= PW_ARRAY_SIZE(homes));
	for (uint32_t i = 0; i < n; i++)
		homes[i] = pw_map64_home(map, keys[i]);
	for (uint32_t i = 0; i < n; i++) {
		if (keys[i] != 0 && pw_map64_find(map, homes[i], keys[i], &values[i]))
			found |= UINT64_C(1) << i;
	}
	return found;
}

bool pw_map64_replace(struct pw_map64 *map, uint64_t key, uint64_t old, uint64_t value)
{
	if (key == 0)
		return false;

	struct pw_map64_slot *slot = find(map, home_of(map, key), key);

	return slot != NULL && __atomic_compare_exchange_n(&slot->value, &old, value, false,
				       __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

void pw_map64_foreach(
	struct pw_map64 *map, bool (*fn)(void *arg, uint64_t key, uint64_t value), void *arg)
{
	for (uint64_t id = 0; id < ((uint64_t)map->root.mask + 1) * BUCKET_SLOTS; id++) {
		struct pw_map64_slot *slot =
			&map->root.buckets[id / BUCKET_SLOTS].slots[id % BUCKET_SLOTS];
		uint64_t value = __atomic_load_n(&slot->value, __ATOMIC_ACQUIRE);

		if (slot->key != 0 && !fn(arg, slot->key, value))
			return;
	}
}
