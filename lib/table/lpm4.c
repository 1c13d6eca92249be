/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The prefix tree is the authority; the levels below are derived from it ("leaf pushing": an entry
 * holds the value of the longest prefix that covers it, so a lookup never goes back up). Beside
 * each entry the writer keeps the length of that prefix, so that a set knows which entries are its
 * own.
 *
 * A group exists as long as a prefix longer than its parent's level lies in it (`users`). Then it
 * is uniform, and the parent's entry takes over.
 */
#include <assert.h>
#include <errno.h>
#include <stdbool.h>

#include "pw_lpm4.h"
#include "pw_prefix_tree.h"
#include "pw_retire.h"
#include "pw_util.h"

#define TOP_ENTRIES   (1u << 16)
#define GROUP_ENTRIES 256u
#define SLAB_GROUPS   (1u << PW_LPM4_SLAB_SHIFT)
#define LEVELS        3
#define PREFIXES_MAX  (UINT32_C(1) << 28)
/* Beyond the two a prefix may need: groups that wait for their grace period. */
#define SPARE_GROUPS 4096
/* Slabs of a small table come one by one. From ONE_BY_ONE on they come in blocks of 2 MB, which the allocator
 * puts on huge pages: lookups in a large table would miss the TLB as often as the cache. */
#define ONE_BY_ONE  16u
#define BLOCK_SLABS 32u

static const uint8_t level_end[LEVELS] = {16, 24, 32}; /* longest prefix of a level */

/* The writer's side of a slab of groups. A depth is length + 1 of an entry's prefix; 0: none. */
struct shadow {
	uint8_t depths[SLAB_GROUPS][GROUP_ENTRIES];
	uint32_t users[SLAB_GROUPS];
	uint32_t links[SLAB_GROUPS]; /* chain of the free list, or of the retired */
};

struct pw_lpm4 {
	struct pw_lpm4_root root; /* first: what lookups read */

	const struct pw_alloc *alloc;
	struct pw_prefix_tree *tree;
	uint8_t *top_depths;
	struct shadow **shadows; /* as root.slabs */
	uint32_t slabs_max;
	uint32_t n_slabs;
	uint32_t free; /* first of the free groups, or PW_RETIRE_END */
	uint32_t n_free;
	uint32_t max_prefixes;
	uint32_t generation; /* W: writer  R: readers */
	struct pw_retire retire;
};
static_assert(offsetof(struct pw_lpm4, root) == 0, "lookups cast");

/* One array of entries: the top, or a group. */
struct table {
	uint32_t *entries;
	uint8_t *depths;
};

static struct shadow *shadow_of(const struct pw_lpm4 *lpm, uint32_t group)
{
	return lpm->shadows[group >> PW_LPM4_SLAB_SHIFT];
}

static struct table top_table(const struct pw_lpm4 *lpm)
{
	return (struct table){lpm->root.top, lpm->top_depths};
}

static struct table group_table(const struct pw_lpm4 *lpm, uint32_t group)
{
	uint32_t in_slab = group % SLAB_GROUPS;

	return (struct table){
		.entries = lpm->root.slabs[group / SLAB_GROUPS] + (size_t)in_slab * GROUP_ENTRIES,
		.depths = shadow_of(lpm, group)->depths[in_slab],
	};
}

static uint32_t *users_of(const struct pw_lpm4 *lpm, uint32_t group)
{
	return &shadow_of(lpm, group)->users[group % SLAB_GROUPS];
}

static uint32_t *group_link(void *ctx, uint32_t group)
{
	return &shadow_of(ctx, group)->links[group % SLAB_GROUPS];
}

static void group_free(void *ctx, uint32_t group)
{
	struct pw_lpm4 *lpm = ctx;

	*group_link(lpm, group) = lpm->free;
	lpm->free = group;
	lpm->n_free++;
}

static const struct pw_retire_ops retire_ops = {group_link, group_free};

/* Is slab n allocated by itself, or with others that follow it? Else it is one of those. */
static bool begins_block(uint32_t n)
{
	return n < ONE_BY_ONE || (n - ONE_BY_ONE) % BLOCK_SLABS == 0;
}

static uint32_t *new_entries(const struct pw_lpm4 *lpm, uint32_t n)
{
	size_t entries = SLAB_GROUPS * GROUP_ENTRIES;

	if (!begins_block(n))
		return lpm->root.slabs[n - 1] + entries;
	return pw_zalloc(lpm->alloc, "lpm4 groups",
		entries * sizeof(uint32_t) * (n < ONE_BY_ONE ? 1 : BLOCK_SLABS));
}

static int add_slab(struct pw_lpm4 *lpm)
{
	if (lpm->n_slabs == lpm->slabs_max)
		return -ENOSPC;

	uint32_t n = lpm->n_slabs;
	uint32_t *slab = new_entries(lpm, n);
	struct shadow *shadow = pw_zalloc(lpm->alloc, "lpm4 depths", sizeof(*shadow));

	if (slab == NULL || shadow == NULL) {
		if (begins_block(n))
			pw_free(lpm->alloc, slab);
		pw_free(lpm->alloc, shadow);
		return -ENOMEM;
	}
	lpm->shadows[n] = shadow;
	__atomic_store_n(&lpm->root.slabs[n], slab, __ATOMIC_RELEASE);
	lpm->n_slabs++;
	for (uint32_t i = SLAB_GROUPS; i-- > 0;)
		group_free(lpm, n * SLAB_GROUPS + i);
	return 0;
}

static int alloc_arrays(struct pw_lpm4 *lpm)
{
	const struct pw_alloc *alloc = lpm->alloc;

	lpm->root.top = pw_zalloc(alloc, "lpm4 top", TOP_ENTRIES * sizeof(uint32_t));
	lpm->top_depths = pw_zalloc(alloc, "lpm4 top depths", TOP_ENTRIES);
	lpm->root.slabs =
		pw_zalloc(alloc, "lpm4 slabs", (size_t)lpm->slabs_max * sizeof(lpm->root.slabs[0]));
	lpm->shadows =
		pw_zalloc(alloc, "lpm4 shadows", (size_t)lpm->slabs_max * sizeof(lpm->shadows[0]));
	if (lpm->root.top == NULL || lpm->top_depths == NULL || lpm->root.slabs == NULL ||
		lpm->shadows == NULL)
		return -ENOMEM;
	return 0;
}

struct pw_lpm4 *pw_lpm4_create(
	const struct pw_alloc *alloc, struct pw_limbo *limbo, uint32_t max_prefixes)
{
	if (max_prefixes == 0 || max_prefixes > PREFIXES_MAX) {
		errno = EINVAL;
		return NULL;
	}

	struct pw_lpm4 *lpm = pw_zalloc(alloc, "lpm4", sizeof(*lpm));

	if (lpm == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	lpm->alloc = alloc;
	lpm->max_prefixes = max_prefixes;
	lpm->slabs_max = (2 * max_prefixes + SPARE_GROUPS) / SLAB_GROUPS + 1;
	lpm->free = PW_RETIRE_END;
	lpm->tree = pw_prefix_tree_create(alloc, max_prefixes);
	if (lpm->tree == NULL || alloc_arrays(lpm) < 0 ||
		pw_retire_init(&lpm->retire, limbo, &retire_ops, lpm) < 0) {
		pw_lpm4_destroy(lpm);
		errno = ENOMEM;
		return NULL;
	}
	return lpm;
}

void pw_lpm4_destroy(struct pw_lpm4 *lpm)
{
	if (lpm == NULL)
		return;
	pw_retire_fini(&lpm->retire);
	for (uint32_t i = 0; i < lpm->n_slabs; i++) {
		if (begins_block(i))
			pw_free(lpm->alloc, lpm->root.slabs[i]);
		pw_free(lpm->alloc, lpm->shadows[i]);
	}
	pw_free(lpm->alloc, lpm->shadows);
	pw_free(lpm->alloc, lpm->root.slabs);
	pw_free(lpm->alloc, lpm->top_depths);
	pw_free(lpm->alloc, lpm->root.top);
	pw_prefix_tree_destroy(lpm->tree);
	pw_free(lpm->alloc, lpm);
}

static void store(struct table table, uint32_t i, uint32_t entry, uint8_t depth)
{
	table.depths[i] = depth;
	__atomic_store_n(&table.entries[i], entry, __ATOMIC_RELEASE);
}

/* Which entries change, and into what. */
struct paint {
	uint8_t depth_min, depth_max;
	uint8_t depth;
	uint32_t entry;
};

static void paint_range(const struct pw_lpm4 *lpm, struct table table, uint32_t first, uint32_t n,
	const struct paint *paint)
{
	for (uint32_t i = first; i < first + n; i++) {
		uint32_t entry = table.entries[i];

		if (entry & PW_LPM4_EXTENDED)
			paint_range(lpm, group_table(lpm, entry & PW_LPM_VALUE_MAX), 0,
				GROUP_ENTRIES, paint);
		else if (table.depths[i] >= paint->depth_min && table.depths[i] <= paint->depth_max)
			store(table, i, paint->entry, paint->depth);
	}
}

/* The tables from the top to where a prefix has its entries, and its index in each. */
struct path {
	struct table tables[LEVELS];
	uint32_t indices[LEVELS];
	uint32_t groups[LEVELS]; /* of tables[1] and [2] */
	int level;               /* the last one */
};

static uint32_t index_at(uint32_t ip, int level)
{
	return level == 0 ? ip >> 16 : ip >> (32 - level_end[level]) & (GROUP_ENTRIES - 1);
}

/* As far as groups are there; path->level of the prefix is reached or the next one is missing. */
static void walk(const struct pw_lpm4 *lpm, uint32_t ip, uint8_t len, struct path *path)
{
	path->level = 0;
	path->tables[0] = top_table(lpm);
	path->indices[0] = index_at(ip, 0);
	while (len > level_end[path->level]) {
		uint32_t entry = path->tables[path->level].entries[path->indices[path->level]];

		if (!(entry & PW_LPM4_EXTENDED))
			return;
		path->level++;
		path->groups[path->level] = entry & PW_LPM_VALUE_MAX;
		path->tables[path->level] = group_table(lpm, entry & PW_LPM_VALUE_MAX);
		path->indices[path->level] = index_at(ip, path->level);
	}
}

static int reserve_groups(struct pw_lpm4 *lpm, uint32_t ip, uint8_t len)
{
	struct path path;
	uint32_t need = 0;

	walk(lpm, ip, len, &path);
	for (int level = path.level; len > level_end[level]; level++)
		need++;
	while (lpm->n_free < need) {
		int ret = add_slab(lpm);

		if (ret < 0)
			return ret;
	}
	return 0;
}

/* Puts a reserved group, filled with what the entry says, in its place. */
static void extend(struct pw_lpm4 *lpm, struct table table, uint32_t i)
{
	uint32_t group = lpm->free;
	struct table below = group_table(lpm, group);

	lpm->free = *group_link(lpm, group);
	lpm->n_free--;
	for (uint32_t k = 0; k < GROUP_ENTRIES; k++)
		store(below, k, table.entries[i], table.depths[i]);
	PW_RACE_POINT();
	__atomic_store_n(&table.entries[i], PW_LPM4_EXTENDED | group, __ATOMIC_RELEASE);
}

static void grow_path(struct pw_lpm4 *lpm, uint32_t ip, uint8_t len, struct path *path)
{
	walk(lpm, ip, len, path);
	while (len > level_end[path->level]) {
		extend(lpm, path->tables[path->level], path->indices[path->level]);
		walk(lpm, ip, len, path);
	}
	for (int level = 1; level <= path->level; level++)
		++*users_of(lpm, path->groups[level]);
}

static void shrink_path(struct pw_lpm4 *lpm, const struct path *path)
{
	for (int level = path->level; level >= 1; level--) {
		uint32_t group = path->groups[level];

		if (--*users_of(lpm, group) > 0)
			continue;
		/* Uniform now: any entry speaks for all. */
		store(path->tables[level - 1], path->indices[level - 1],
			path->tables[level].entries[0], path->tables[level].depths[0]);
		PW_RACE_POINT();
		pw_retire_add(&lpm->retire, group);
	}
}

static void paint_prefix(
	const struct pw_lpm4 *lpm, const struct path *path, uint8_t len, const struct paint *paint)
{
	uint32_t n = 1u << (level_end[path->level] - len);

	paint_range(lpm, path->tables[path->level], path->indices[path->level], n, paint);
}

static bool valid_prefix(uint32_t ip, uint8_t len)
{
	return len <= 32 && (len == 32 || (ip & (UINT32_MAX >> len)) == 0);
}

/* Who sees the new number sees the change; who sees the old one may see either. */
static void changed(struct pw_lpm4 *lpm)
{
	uint32_t next = lpm->generation + 1;

	__atomic_store_n(
		&lpm->generation, next == PW_LPM4_GENERATION_NONE ? 0 : next, __ATOMIC_RELEASE);
}

uint32_t pw_lpm4_generation(const struct pw_lpm4 *lpm)
{
	return __atomic_load_n(&lpm->generation, __ATOMIC_ACQUIRE);
}

int pw_lpm4_set(struct pw_lpm4 *lpm, uint32_t ip_be, uint8_t len, uint32_t value)
{
	uint32_t ip = ntohl(ip_be);

	if (!valid_prefix(ip, len) || value > PW_LPM_VALUE_MAX)
		return -EINVAL;

	uint32_t *known = pw_prefix_tree_find(lpm->tree, pw_prefix_key_v4(ip_be), len);
	struct paint paint = {
		.depth_min = 0,
		.depth_max = (uint8_t)(len + 1),
		.depth = (uint8_t)(len + 1),
		.entry = PW_LPM4_VALID | value,
	};
	struct path path;

	if (known != NULL) {
		*known = value;
		walk(lpm, ip, len, &path);
	} else {
		int ret = reserve_groups(lpm, ip, len);

		if (ret == 0)
			ret = pw_prefix_tree_insert(lpm->tree, pw_prefix_key_v4(ip_be), len, value);
		if (ret < 0)
			return ret;
		grow_path(lpm, ip, len, &path);
	}
	paint_prefix(lpm, &path, len, &paint);
	changed(lpm);
	return 0;
}

int pw_lpm4_clear(struct pw_lpm4 *lpm, uint32_t ip_be, uint8_t len)
{
	uint32_t ip = ntohl(ip_be);

	if (!valid_prefix(ip, len))
		return -EINVAL;

	struct pw_prefix_key key = pw_prefix_key_v4(ip_be);
	int ret = pw_prefix_tree_remove(lpm->tree, key, len);

	if (ret < 0)
		return ret;

	struct paint paint = {.depth_min = (uint8_t)(len + 1), .depth_max = (uint8_t)(len + 1)};
	struct pw_prefix_entry cover;
	struct path path;

	if (pw_prefix_tree_match(lpm->tree, key, len, &cover)) {
		paint.depth = (uint8_t)(cover.len + 1);
		paint.entry = PW_LPM4_VALID | cover.value;
	}
	walk(lpm, ip, len, &path);
	paint_prefix(lpm, &path, len, &paint);
	shrink_path(lpm, &path);
	changed(lpm);
	return 0;
}

uint32_t pw_lpm4_get(const struct pw_lpm4 *lpm, uint32_t ip_be, uint8_t len)
{
	const uint32_t *value = pw_prefix_tree_find(lpm->tree, pw_prefix_key_v4(ip_be), len);

	return value == NULL ? PW_LPM_MISS : *value;
}

uint32_t pw_lpm4_count(const struct pw_lpm4 *lpm)
{
	return pw_prefix_tree_count(lpm->tree);
}

void pw_lpm4_usage(const struct pw_lpm4 *lpm, struct pw_lpm4_usage *usage)
{
	size_t slab_bytes = (size_t)SLAB_GROUPS * GROUP_ENTRIES * sizeof(uint32_t);
	size_t pointers = sizeof(lpm->root.slabs[0]) + sizeof(lpm->shadows[0]);

	*usage = (struct pw_lpm4_usage){
		.prefixes = pw_prefix_tree_count(lpm->tree),
		.max_prefixes = lpm->max_prefixes,
		.groups = lpm->n_slabs * SLAB_GROUPS - lpm->n_free,
		.bytes = sizeof(*lpm) + TOP_ENTRIES * (sizeof(uint32_t) + 1) +
			 lpm->slabs_max * pointers +
			 lpm->n_slabs * (slab_bytes + sizeof(struct shadow)) +
			 pw_prefix_tree_bytes(lpm->tree),
	};
}

#define BULK 64

/* Level by level: the lines of the next level are on their way while the others are looked at. */
static void lookup_up_to_bulk(
	const struct pw_lpm4_root *root, const uint32_t *ip_be, uint32_t *values, uint32_t n)
{
	const uint32_t *slots[BULK]; /* of those that go on */
	uint8_t which[BULK];
	uint32_t more = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t ip = ntohl(ip_be[i]);
		uint32_t entry = __atomic_load_n(&root->top[ip >> 16], __ATOMIC_ACQUIRE);

		if (!(entry & PW_LPM4_EXTENDED)) {
			values[i] = pw_lpm4_entry_value(entry);
			continue;
		}
		slots[more] = &pw_lpm4_group(root, entry)[ip >> 8 & 0xff];
		__builtin_prefetch(slots[more]);
		which[more++] = (uint8_t)i;
	}
	while (more > 0) {
		uint32_t left = 0;

		for (uint32_t j = 0; j < more; j++) {
			uint32_t i = which[j], entry;

			PW_RACE_POINT();
			entry = __atomic_load_n(slots[j], __ATOMIC_ACQUIRE);
			if (!(entry & PW_LPM4_EXTENDED)) {
				values[i] = pw_lpm4_entry_value(entry);
				continue;
			}
			slots[left] = &pw_lpm4_group(root, entry)[ntohl(ip_be[i]) & 0xff];
			__builtin_prefetch(slots[left]);
			which[left++] = (uint8_t)i;
		}
		more = left;
	}
}

void pw_lpm4_lookup_bulk(
	const struct pw_lpm4 *lpm, const uint32_t *ip_be, uint32_t *values, uint32_t n)
{
	for (uint32_t i = 0; i < n; i += BULK)
		lookup_up_to_bulk(&lpm->root, ip_be + i, values + i, PW_MIN(n - i, (uint32_t)BULK));
}
