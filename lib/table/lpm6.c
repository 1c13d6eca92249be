/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A node at position p stands for all addresses whose first 4 p bits are its key; its entry i for
 * those that go on with the four bits i. Prefixes of 4 p + 1 .. 4 p + 4 bits have their values in
 * it, each in as many entries as it covers; the top table does the same for 0 .. 16 bits. A child
 * lies at any later position: what is skipped is in its key. The word of an entry names the child's
 * position too, so that key and entry of the child are fetched at once.
 *
 * A node exists while it has a prefix of its own or two children. It is filled before it is linked
 * and, once unlinked, stays as it is until the readers have gone.
 */
#include <assert.h>
#include <errno.h>
#include <stdbool.h>

#include "pw_lpm6.h"
#include "pw_prefix_tree.h"
#include "pw_retire.h"
#include "pw_util.h"

#define TOP_BITS     16
#define TOP_ENTRIES  (1u << TOP_BITS)
#define TOP_POS      (TOP_BITS / 4)
#define ENTRIES      16u
#define PREFIXES_MAX (UINT32_C(1) << 24)
#define SLAB_SHIFT   8
#define SLAB_NODES   (1u << SLAB_SHIFT)
/* Beyond the two a prefix may need: nodes that wait for their grace period. */
#define SPARE_NODES 4096

/* Word of an entry: child << 37 | position of the child << 32 | VALID | value. Node 0 is none. */
#define VALID       (UINT32_C(1) << 30)
#define POS_SHIFT   32
#define CHILD_SHIFT 37

struct node {
	struct pw_prefix_key key, mask; /* the bits before the position */
	uint8_t depths[ENTRIES];        /* W: writer only. Length of the value's prefix, or NONE */
	uint8_t pos;
	uint8_t n_children;
	uint16_t n_prefixes;
	uint32_t link; /* chain of the free list, or of the retired */
	uint64_t reserved;
	uint64_t entries[ENTRIES]; /* W: writer  R: readers */
} __attribute__((aligned(64)));
static_assert(sizeof(struct node) == 192, "a line for the key, two for the entries");

#define NONE 0xff

struct pw_lpm6 {
	uint64_t *top;       /* entries W: writer  R: readers */
	struct node **slabs; /* constant array; a slab is set before a node in it is linked */

	const struct pw_alloc *alloc;
	struct pw_prefix_tree *tree;
	uint8_t *top_depths;
	uint32_t slabs_max;
	uint32_t n_slabs;
	uint32_t free; /* first of the free nodes, or PW_RETIRE_END */
	uint32_t n_free;
	uint32_t max_prefixes;
	struct pw_retire retire;
};

static uint32_t word_child(uint64_t word)
{
	return (uint32_t)(word >> CHILD_SHIFT);
}

static unsigned word_pos(uint64_t word)
{
	return (unsigned)(word >> POS_SHIFT) & 0x1f;
}

static struct node *node_at(const struct pw_lpm6 *lpm, uint32_t index)
{
	struct node *slab = __atomic_load_n(&lpm->slabs[index >> SLAB_SHIFT], __ATOMIC_RELAXED);

	return &slab[index & (SLAB_NODES - 1)];
}

/* The four bits at a position. */
static unsigned nibble_at(struct pw_prefix_key key, unsigned pos)
{
	uint64_t half = pos < 16 ? key.hi : key.lo;

	return (unsigned)(half >> (60 - 4 * (pos & 15))) & 0xf;
}

static struct pw_prefix_key mask_of(unsigned len)
{
	return (struct pw_prefix_key){
		.hi = len >= 64  ? UINT64_MAX
		      : len == 0 ? 0
				 : UINT64_MAX << (64 - len),
		.lo = len <= 64    ? 0
		      : len >= 128 ? UINT64_MAX
				   : UINT64_MAX << (128 - len),
	};
}

static struct pw_prefix_key masked(struct pw_prefix_key key, struct pw_prefix_key mask)
{
	return (struct pw_prefix_key){.hi = key.hi & mask.hi, .lo = key.lo & mask.lo};
}

static bool node_has(const struct node *node, struct pw_prefix_key key)
{
	return (((key.hi ^ node->key.hi) & node->mask.hi) |
		       ((key.lo ^ node->key.lo) & node->mask.lo)) == 0;
}

/* Position of the first four bits that differ; 32: none. */
static unsigned first_difference(struct pw_prefix_key a, struct pw_prefix_key b)
{
	if (a.hi != b.hi)
		return (unsigned)__builtin_clzll(a.hi ^ b.hi) / 4;
	if (a.lo != b.lo)
		return 16 + (unsigned)__builtin_clzll(a.lo ^ b.lo) / 4;
	return 32;
}

/* ---- memory of nodes ---- */

static uint32_t *node_link(void *ctx, uint32_t index)
{
	return &node_at(ctx, index)->link;
}

static void node_free(void *ctx, uint32_t index)
{
	struct pw_lpm6 *lpm = ctx;

	*node_link(lpm, index) = lpm->free;
	lpm->free = index;
	lpm->n_free++;
}

static const struct pw_retire_ops retire_ops = {node_link, node_free};

static int add_slab(struct pw_lpm6 *lpm)
{
	if (lpm->n_slabs == lpm->slabs_max)
		return -ENOSPC;

	uint32_t n = lpm->n_slabs;
	struct node *slab = pw_zalloc(lpm->alloc, "lpm6 nodes", SLAB_NODES * sizeof(*slab));

	if (slab == NULL)
		return -ENOMEM;
	__atomic_store_n(&lpm->slabs[n], slab, __ATOMIC_RELEASE);
	lpm->n_slabs++;
	for (uint32_t i = SLAB_NODES; i-- > (n == 0 ? 1 : 0);) /* not the one that means none */
		node_free(lpm, n * SLAB_NODES + i);
	return 0;
}

/* A new prefix makes one node, and another where its path leaves an old one. */
static int reserve_nodes(struct pw_lpm6 *lpm)
{
	return lpm->n_free < 2 ? add_slab(lpm) : 0;
}

static uint32_t take_node(struct pw_lpm6 *lpm, struct pw_prefix_key key, unsigned pos)
{
	uint32_t index = lpm->free;
	struct node *node = node_at(lpm, index);

	lpm->free = node->link;
	lpm->n_free--;
	node->mask = mask_of(4 * pos);
	node->key = masked(key, node->mask);
	node->pos = (uint8_t)pos;
	node->n_children = 0;
	node->n_prefixes = 0;
	for (unsigned i = 0; i < ENTRIES; i++) {
		node->depths[i] = NONE;
		__atomic_store_n(&node->entries[i], 0, __ATOMIC_RELAXED);
	}
	return index;
}

/* ---- create and destroy ---- */

static int alloc_arrays(struct pw_lpm6 *lpm)
{
	const struct pw_alloc *alloc = lpm->alloc;

	lpm->top = pw_zalloc(alloc, "lpm6 top", TOP_ENTRIES * sizeof(lpm->top[0]));
	lpm->top_depths = pw_zalloc(alloc, "lpm6 top depths", TOP_ENTRIES);
	lpm->slabs = pw_zalloc(alloc, "lpm6 slabs", (size_t)lpm->slabs_max * sizeof(lpm->slabs[0]));
	if (lpm->top == NULL || lpm->top_depths == NULL || lpm->slabs == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < TOP_ENTRIES; i++)
		lpm->top_depths[i] = NONE;
	return 0;
}

struct pw_lpm6 *pw_lpm6_create(
	const struct pw_alloc *alloc, struct pw_limbo *limbo, uint32_t max_prefixes)
{
	if (max_prefixes == 0 || max_prefixes > PREFIXES_MAX) {
		errno = EINVAL;
		return NULL;
	}

	struct pw_lpm6 *lpm = pw_zalloc(alloc, "lpm6", sizeof(*lpm));

	if (lpm == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	lpm->alloc = alloc;
	lpm->max_prefixes = max_prefixes;
	lpm->slabs_max = (2 * max_prefixes + SPARE_NODES) / SLAB_NODES + 1;
	lpm->free = PW_RETIRE_END;
	lpm->tree = pw_prefix_tree_create(alloc, max_prefixes);
	if (lpm->tree == NULL || alloc_arrays(lpm) < 0 ||
		pw_retire_init(&lpm->retire, limbo, &retire_ops, lpm) < 0) {
		pw_lpm6_destroy(lpm);
		errno = ENOMEM;
		return NULL;
	}
	return lpm;
}

void pw_lpm6_destroy(struct pw_lpm6 *lpm)
{
	if (lpm == NULL)
		return;
	pw_retire_fini(&lpm->retire);
	for (uint32_t i = 0; i < lpm->n_slabs; i++)
		pw_free(lpm->alloc, lpm->slabs[i]);
	pw_free(lpm->alloc, lpm->slabs);
	pw_free(lpm->alloc, lpm->top_depths);
	pw_free(lpm->alloc, lpm->top);
	pw_prefix_tree_destroy(lpm->tree);
	pw_free(lpm->alloc, lpm);
}

/* ---- entries ---- */

static void store(uint64_t *entry, uint64_t word)
{
	PW_RACE_POINT();
	__atomic_store_n(entry, word, __ATOMIC_RELEASE);
}

static void set_child(uint64_t *entry, uint32_t child, unsigned pos)
{
	store(entry,
		(uint64_t)child << CHILD_SHIFT | (uint64_t)pos << POS_SHIFT | (uint32_t)*entry);
}

static void set_value(uint64_t *entry, uint32_t value)
{
	store(entry, (*entry >> POS_SHIFT) << POS_SHIFT | value);
}

/* The entries a prefix has its values in. */
struct span {
	uint64_t *entries;
	uint8_t *depths;
	uint32_t n;
	uint8_t len, shortest; /* of the prefix; of those whose values may be here */
};

static struct span span_of(
	const struct pw_lpm6 *lpm, struct node *node, struct pw_prefix_key key, uint8_t len)
{
	if (node == NULL) {
		uint32_t first = (uint32_t)(key.hi >> (64 - TOP_BITS));

		return (struct span){
			&lpm->top[first], &lpm->top_depths[first], 1u << (TOP_BITS - len), len, 0};
	}

	unsigned first = nibble_at(key, node->pos), end = 4u * node->pos + 4;

	return (struct span){&node->entries[first], &node->depths[first], 1u << (end - len), len,
		(uint8_t)(end - 3)};
}

/* A longer prefix keeps its entries. */
static void span_set(const struct span *span, uint32_t value)
{
	for (uint32_t i = 0; i < span->n; i++) {
		if (span->depths[i] != NONE && span->depths[i] > span->len)
			continue;
		span->depths[i] = span->len;
		set_value(&span->entries[i], VALID | value);
	}
}

static void span_clear(const struct span *span, const struct pw_prefix_entry *cover)
{
	bool covered = cover != NULL && cover->len >= span->shortest;

	for (uint32_t i = 0; i < span->n; i++) {
		if (span->depths[i] != span->len)
			continue;
		span->depths[i] = covered ? cover->len : NONE;
		set_value(&span->entries[i], covered ? VALID | cover->value : 0);
	}
}

/* ---- the way down ---- */

/* Position of the node that has the values of prefixes of this length; TOP_POS - 1: the top. */
static unsigned pos_of(uint8_t len)
{
	return len <= TOP_BITS ? TOP_POS - 1 : (len - 1u) / 4;
}

/* The node of a prefix and what is above it, as far as it is there. */
struct path {
	uint64_t *entry;     /* which leads to `node` */
	struct node *parent; /* where the entry is; NULL: the top */
	uint64_t *above;     /* the entry that leads to `parent` */
	struct node *node;   /* the first that is not above the position wanted, or NULL */
	uint32_t index, parent_index;
};

static void walk(
	const struct pw_lpm6 *lpm, struct pw_prefix_key key, unsigned pos, struct path *path)
{
	*path = (struct path){.entry = &lpm->top[key.hi >> (64 - TOP_BITS)]};
	for (;;) {
		path->index = word_child(*path->entry);
		path->node = path->index == 0 ? NULL : node_at(lpm, path->index);
		if (path->node == NULL || path->node->pos >= pos || !node_has(path->node, key))
			return;
		path->above = path->entry;
		path->parent = path->node;
		path->parent_index = path->index;
		path->entry = &path->node->entries[nibble_at(key, path->node->pos)];
	}
}

static void hang(struct pw_lpm6 *lpm, struct node *parent, uint32_t child)
{
	const struct node *node = node_at(lpm, child);

	set_child(&parent->entries[nibble_at(node->key, parent->pos)], child, node->pos);
	parent->n_children++;
}

/* The node at this position, made if it is not there. Two nodes are free. */
static struct node *grow(struct pw_lpm6 *lpm, struct pw_prefix_key key, unsigned pos)
{
	struct path path;

	walk(lpm, key, pos, &path);
	if (path.node != NULL && path.node->pos == pos && node_has(path.node, key))
		return path.node;

	uint32_t index = take_node(lpm, key, pos), link = index;
	struct node *node = node_at(lpm, index);

	if (path.node != NULL) { /* it goes below the new one, or both below one where they part */
		unsigned parting = first_difference(key, path.node->key);

		if (parting < pos && parting < path.node->pos) {
			link = take_node(lpm, key, parting);
			hang(lpm, node_at(lpm, link), index);
			hang(lpm, node_at(lpm, link), path.index);
		} else {
			hang(lpm, node, path.index);
		}
	} else if (path.parent != NULL) {
		path.parent->n_children++;
	}
	set_child(path.entry, link, node_at(lpm, link)->pos);
	return node;
}

/* Takes a node out that has neither prefixes nor two children; its only child takes its place. */
static bool collapse(struct pw_lpm6 *lpm, uint64_t *entry, struct node *node, uint32_t index)
{
	uint64_t only = 0;

	if (node->n_prefixes > 0 || node->n_children > 1)
		return false;
	for (unsigned i = 0; i < ENTRIES && node->n_children > 0; i++)
		if (word_child(node->entries[i]) != 0)
			only = node->entries[i];
	set_child(entry, word_child(only), word_pos(only));
	pw_retire_add(&lpm->retire, index);
	return true;
}

static void shrink(struct pw_lpm6 *lpm, const struct path *path)
{
	if (!collapse(lpm, path->entry, path->node, path->index))
		return;
	if (path->parent == NULL || word_child(*path->entry) != 0)
		return;
	path->parent->n_children--;
	collapse(lpm, path->above, path->parent, path->parent_index);
}

/* ---- set and clear ---- */

static bool valid_prefix(struct pw_prefix_key key, uint8_t len)
{
	struct pw_prefix_key mask = mask_of(len);

	return len <= 128 && ((key.hi & ~mask.hi) | (key.lo & ~mask.lo)) == 0;
}

int pw_lpm6_set(struct pw_lpm6 *lpm, struct pw_prefix_key key, uint8_t len, uint32_t value)
{
	if (!valid_prefix(key, len) || value > PW_LPM_VALUE_MAX)
		return -EINVAL;

	uint32_t *known = pw_prefix_tree_find(lpm->tree, key, len);
	struct node *node = NULL;

	if (known != NULL) {
		*known = value;
	} else {
		int ret = len > TOP_BITS ? reserve_nodes(lpm) : 0;

		if (ret == 0)
			ret = pw_prefix_tree_insert(lpm->tree, key, len, value);
		if (ret < 0)
			return ret;
	}
	if (len > TOP_BITS) {
		node = grow(lpm, key, pos_of(len));
		node->n_prefixes += known == NULL;
	}

	struct span span = span_of(lpm, node, key, len);

	span_set(&span, value);
	return 0;
}

int pw_lpm6_clear(struct pw_lpm6 *lpm, struct pw_prefix_key key, uint8_t len)
{
	if (!valid_prefix(key, len))
		return -EINVAL;

	int ret = pw_prefix_tree_remove(lpm->tree, key, len);

	if (ret < 0)
		return ret;

	struct pw_prefix_entry cover;
	bool covered = pw_prefix_tree_match(lpm->tree, key, len, &cover);
	struct path path = {0};

	if (len > TOP_BITS)
		walk(lpm, key, pos_of(len), &path);

	struct span span = span_of(lpm, path.node, key, len);

	span_clear(&span, covered ? &cover : NULL);
	if (path.node != NULL) {
		path.node->n_prefixes--;
		shrink(lpm, &path);
	}
	return 0;
}

uint32_t pw_lpm6_get(const struct pw_lpm6 *lpm, struct pw_prefix_key key, uint8_t len)
{
	const uint32_t *value = pw_prefix_tree_find(lpm->tree, key, len);

	return value == NULL ? PW_LPM_MISS : *value;
}

uint32_t pw_lpm6_count(const struct pw_lpm6 *lpm)
{
	return pw_prefix_tree_count(lpm->tree);
}

void pw_lpm6_usage(const struct pw_lpm6 *lpm, struct pw_lpm6_usage *usage)
{
	uint32_t nodes = lpm->n_slabs * SLAB_NODES - (lpm->n_slabs > 0);

	*usage = (struct pw_lpm6_usage){
		.prefixes = pw_prefix_tree_count(lpm->tree),
		.max_prefixes = lpm->max_prefixes,
		.nodes = nodes - lpm->n_free,
		.bytes = sizeof(*lpm) + TOP_ENTRIES * (sizeof(lpm->top[0]) + 1) +
			 lpm->slabs_max * sizeof(lpm->slabs[0]) +
			 (uint64_t)lpm->n_slabs * SLAB_NODES * sizeof(struct node) +
			 pw_prefix_tree_bytes(lpm->tree),
	};
}

/* ---- lookup ---- */

static uint32_t better(uint64_t word, uint32_t value)
{
	return (uint32_t)word & VALID ? (uint32_t)word & PW_LPM_VALUE_MAX : value;
}

uint32_t pw_lpm6_lookup(const struct pw_lpm6 *lpm, struct pw_prefix_key ip)
{
	uint64_t word = __atomic_load_n(&lpm->top[ip.hi >> (64 - TOP_BITS)], __ATOMIC_ACQUIRE);
	uint32_t value = better(word, PW_LPM_MISS);

	while (word_child(word) != 0) {
		PW_RACE_POINT();
		const struct node *node = node_at(lpm, word_child(word));

		if (!node_has(node, ip))
			break;
		word = __atomic_load_n(
			&node->entries[nibble_at(ip, word_pos(word))], __ATOMIC_ACQUIRE);
		value = better(word, value);
	}
	return value;
}

#define BULK 64

/* A lookup on its way: the node it comes to and its entry there, both asked for. */
struct step {
	const struct node *node;
	const uint64_t *entry;
	uint32_t i; /* of which address */
};

static bool step_on(
	const struct pw_lpm6 *lpm, struct pw_prefix_key ip, uint64_t word, struct step *step)
{
	if (word_child(word) == 0)
		return false;
	step->node = node_at(lpm, word_child(word));
	step->entry = &step->node->entries[nibble_at(ip, word_pos(word))];
	__builtin_prefetch(step->node);
	__builtin_prefetch(step->entry);
	return true;
}

/* Level by level: the lines of the next level are on their way while the others are looked at. */
static void lookup_up_to_bulk(
	const struct pw_lpm6 *lpm, const struct pw_prefix_key *ips, uint32_t *values, uint32_t n)
{
	struct step steps[BULK];
	uint32_t more = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint64_t word =
			__atomic_load_n(&lpm->top[ips[i].hi >> (64 - TOP_BITS)], __ATOMIC_ACQUIRE);

		values[i] = better(word, PW_LPM_MISS);
		steps[more].i = i;
		more += step_on(lpm, ips[i], word, &steps[more]);
	}
	while (more > 0) {
		uint32_t left = 0;

		for (uint32_t j = 0; j < more; j++) {
			struct step step = steps[j];

			PW_RACE_POINT();
			if (!node_has(step.node, ips[step.i]))
				continue;
			uint64_t word = __atomic_load_n(step.entry, __ATOMIC_ACQUIRE);

			values[step.i] = better(word, values[step.i]);
			steps[left].i = step.i;
			left += step_on(lpm, ips[step.i], word, &steps[left]);
		}
		more = left;
	}
}

void pw_lpm6_lookup_bulk(
	const struct pw_lpm6 *lpm, const struct pw_prefix_key *ips, uint32_t *values, uint32_t n)
{
	for (uint32_t i = 0; i < n; i += BULK)
		lookup_up_to_bulk(lpm, ips + i, values + i, PW_MIN(n - i, (uint32_t)BULK));
}
