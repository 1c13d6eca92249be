/* SPDX-License-Identifier: BSD-3-Clause */
#include "affinity.h"
#include "flow_hook.h"
#include "flow_line.h"

#define BUSY     1u /* no member is 0, so no value is below 1 << 40 */
#define SEC_MASK 0xffffffu

/* ---- values: member 24 | second 24 | hint 16 ---- */

static uint64_t value_of(struct affinity_found found, uint32_t sec)
{
	return (uint64_t)found.member << 40 | (uint64_t)(sec & SEC_MASK) << 16 | found.hint;
}

static uint32_t age_of(uint64_t value, uint32_t now_sec)
{
	uint32_t age = (now_sec - (uint32_t)(value >> 16)) & SEC_MASK;

	return age > SEC_MASK / 2 ? 0 : age; /* another worker's clock may be ahead */
}

static uint64_t load(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static struct affinity_entry *bucket_of(const struct affinity *affinity, uint64_t key)
{
	uint64_t h = flow_mix(key ^ affinity->secret, UINT64_C(0x9e3779b97f4a7c15));

	return &affinity->entries[((h & UINT32_MAX) * affinity->n_buckets >> 32) * AFFINITY_WAYS];
}

/* 0: it is another key's, empty, or being written. */
static uint64_t value_for(const struct affinity_entry *entry, uint64_t key)
{
	uint64_t value = load(&entry->value);

	PW_RACE_POINT();
	if (value <= BUSY || load(&entry->key) != key)
		return 0;
	PW_RACE_POINT();
	return load(&entry->value) == value ? value : 0;
}

bool affinity_get(const struct affinity *affinity, uint64_t key, uint32_t now_sec,
	uint32_t max_age_sec, struct affinity_found *found)
{
	const struct affinity_entry *bucket = bucket_of(affinity, key);

	for (unsigned i = 0; i < AFFINITY_WAYS; i++) {
		uint64_t value = value_for(&bucket[i], key);

		if (value == 0 || age_of(value, now_sec) > max_age_sec)
			continue;
		found->member = (uint32_t)(value >> 40);
		found->hint = (uint16_t)value;
		return true;
	}
	return false;
}

static bool write_entry(struct affinity_entry *entry, uint64_t old, uint64_t key, uint64_t value)
{
	PW_RACE_POINT();
	if (!__atomic_compare_exchange_n(
		    &entry->value, &old, BUSY, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return false;
	PW_RACE_POINT();
	__atomic_store_n(&entry->key, key, __ATOMIC_RELEASE);
	PW_RACE_POINT();
	__atomic_store_n(&entry->value, value, __ATOMIC_RELEASE);
	return true;
}

/* The key's own entry, else an empty one, else the oldest; -1: all are BUSY. */
static int place_for(
	const struct affinity_entry *bucket, uint64_t key, uint32_t now_sec, uint64_t *old)
{
	uint32_t oldest = 0;
	int place = -1;

	for (int i = 0; i < AFFINITY_WAYS; i++) {
		uint64_t value = load(&bucket[i].value);
		uint32_t age = value == 0 ? UINT32_MAX : age_of(value, now_sec) + 1;

		if (value == BUSY)
			continue;
		if (value != 0 && load(&bucket[i].key) == key) {
			*old = value;
			return i;
		}
		if (age > oldest) {
			oldest = age;
			place = i;
			*old = value;
		}
	}
	return place;
}

void affinity_put(
	struct affinity *affinity, uint64_t key, uint32_t now_sec, struct affinity_found found)
{
	struct affinity_entry *bucket = bucket_of(affinity, key);
	uint64_t value = value_of(found, now_sec), old = 0;
	int place = place_for(bucket, key, now_sec, &old);

	/* Another worker is quicker: then the client has its entry, or another client has. */
	if (place >= 0 && old != value)
		(void)write_entry(&bucket[place], old, key, value);
}

void affinity_sweep(struct affinity *affinity, uint32_t service_hash,
	bool (*knows)(const void *arg, uint32_t member), const void *arg)
{
	uint64_t n = (uint64_t)affinity->n_buckets * AFFINITY_WAYS;

	for (uint64_t i = 0; i < n; i++) {
		struct affinity_entry *entry = &affinity->entries[i];
		uint64_t key = load(&entry->key);
		uint64_t value = (uint32_t)key == service_hash ? value_for(entry, key) : 0;

		if (value != 0 && !knows(arg, (uint32_t)(value >> 40)))
			(void)write_entry(entry, value, 0, 0);
	}
}

void affinity_repair(struct affinity *affinity)
{
	uint64_t n = (uint64_t)affinity->n_buckets * AFFINITY_WAYS;

	for (uint64_t i = 0; i < n; i++)
		if (affinity->entries[i].value <= BUSY)
			affinity->entries[i] = (struct affinity_entry){0};
}
