/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Keys come, go and change under readers that look them up and refresh a tick in the value. A value
 * carries its key: no reader may ever see another's. Some keys are never deleted: always found.
 */
#include "pw_map64.h"
#include "stress.h"

#define CAPACITY  1228 /* as full as it gets: three fifths of 2048 slots */
#define KEYS      1400
#define PERMANENT 200 /* keys 1..200 */
#define TICK_MASK UINT64_C(0xffff)

static uint64_t value_of(uint64_t key, uint32_t tick)
{
	return key << 16 | (tick & TICK_MASK);
}

static uint64_t random_key(struct stress_thread *thread)
{
	return 1 + stress_random(thread) % KEYS;
}

static void check_bulk(struct stress_thread *self, const struct pw_map64 *map)
{
	uint64_t keys[32], values[32];

	for (uint32_t i = 0; i < 32; i++)
		keys[i] = random_key(self);

	uint64_t found = pw_map64_lookup_bulk(map, keys, values, 32);

	for (uint32_t i = 0; i < 32; i++) {
		if (found >> i & 1)
			CHECK(values[i] >> 16 == keys[i]);
		else
			CHECK(keys[i] > PERMANENT);
	}
}

static void *reader_main(void *arg)
{
	struct stress_thread *self = arg;
	struct pw_map64 *map = self->stress->arg;

	while (stress_reader_goes_on(self)) {
		check_bulk(self, map);
		for (int i = 0; i < 32; i++) {
			uint64_t key = random_key(self), value;

			if (!pw_map64_lookup(map, key, &value)) {
				CHECK(key > PERMANENT);
				continue;
			}
			CHECK(value >> 16 == key);
			pw_map64_replace(map, key, value, value_of(key, (uint32_t)value + 1));
		}
	}
	return NULL;
}

static void change_one(struct stress *stress, struct pw_map64 *map)
{
	uint64_t key = random_key(&stress->writer);
	uint32_t dice = stress_random(&stress->writer) % 8;

	if (dice < 4)
		pw_map64_set(map, key, value_of(key, dice)); /* may be full */
	else if (key > PERMANENT)
		pw_map64_del(map, key);
}

int main(void)
{
	struct stress stress = {0};

	stress_init(&stress, NULL);

	struct pw_map64 *map = pw_map64_create(pw_alloc_heap(), stress.limbo, CAPACITY);

	CHECK(map != NULL);
	stress.arg = map;
	/* The permanent ones last: some of them overflow their buckets. */
	for (uint64_t key = CAPACITY; key >= 1; key--)
		CHECK(pw_map64_set(map, key, value_of(key, 0)) == 0);
	stress_start(&stress, reader_main);
	while (stress_goes_on(&stress)) {
		change_one(&stress, map);
		pw_limbo_run(stress.limbo, 1);
		if (stress.writer.rounds % 512 == 0)
			sched_yield();
	}
	stress_stop(&stress);
	pw_map64_destroy(map);
	stress_fini(&stress);
	return 0;
}
