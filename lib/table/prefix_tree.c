/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Invariants: a child's key begins with its parent's, and is longer; a node without a value has two
 * children (so there are fewer such nodes than prefixes).
 */
#include <assert.h>
#include <errno.h>

#include "pw_prefix_tree.h"
#include "pw_util.h"

#define KEY_BITS     128
#define NONE         0 /* index of no node; node 0 is never used */
#define SLAB_SHIFT   10
#define SLAB_NODES   (1u << SLAB_SHIFT)
#define PREFIXES_MAX (UINT32_C(1) << 28)

struct node {
	struct pw_prefix_key key;
	uint32_t child[2]; /* of a free node: child[0] is the next free one */
	uint32_t value;
	uint8_t len;
	bool has_value;
	uint8_t reserved[2];
};
static_assert(sizeof(struct node) == 32, "two a cache line");

struct pw_prefix_tree {
	const struct pw_alloc *alloc;
	struct node **slabs;
	uint32_t slabs_max;
	uint32_t n_slabs;
	uint32_t free; /* list of free nodes */
	uint32_t n_free;
	uint32_t root;
	uint32_t count;
	uint32_t max_prefixes;
};

static struct node *node_at(const struct pw_prefix_tree *tree, uint32_t index)
{
	return &tree->slabs[index >> SLAB_SHIFT][index & (SLAB_NODES - 1)];
}

static uint64_t top_bits(unsigned n) /* 0..64 */
{
	return n == 0 ? 0 : UINT64_MAX << (64 - n);
}

static struct pw_prefix_key masked(struct pw_prefix_key key, unsigned len)
{
	key.hi &= top_bits(PW_MIN(len, 64u));
	key.lo &= top_bits(len > 64 ? len - 64 : 0);
	return key;
}

static bool same_key(struct pw_prefix_key a, struct pw_prefix_key b)
{
	return a.hi == b.hi && a.lo == b.lo;
}

static unsigned bit_of(struct pw_prefix_key key, unsigned i) /* i < 128 */
{
	return (i < 64 ? key.hi >> (63 - i) : key.lo >> (127 - i)) & 1;
}

/* How many leading bits are equal. */
static unsigned common_bits(struct pw_prefix_key a, struct pw_prefix_key b)
{
	if (a.hi != b.hi)
		return (unsigned)__builtin_clzll(a.hi ^ b.hi);
	if (a.lo != b.lo)
		return 64 + (unsigned)__builtin_clzll(a.lo ^ b.lo);
	return KEY_BITS;
}

static void free_node(struct pw_prefix_tree *tree, uint32_t index)
{
	*node_at(tree, index) = (struct node){.child = {tree->free, NONE}};
	tree->free = index;
	tree->n_free++;
}

static int add_slab(struct pw_prefix_tree *tree)
{
	if (tree->n_slabs == tree->slabs_max)
		return -ENOSPC;

	struct node *slab = pw_zalloc(tree->alloc, "prefix tree nodes", SLAB_NODES * sizeof(*slab));

	if (slab == NULL)
		return -ENOMEM;
	tree->slabs[tree->n_slabs] = slab;

	uint32_t first = tree->n_slabs++ << SLAB_SHIFT;

	for (uint32_t i = SLAB_NODES; i-- > 0;) {
		if (first + i != NONE)
			free_node(tree, first + i);
	}
	return 0;
}

static int reserve_nodes(struct pw_prefix_tree *tree, uint32_t n)
{
	while (tree->n_free < n) {
		int ret = add_slab(tree);

		if (ret < 0)
			return ret;
	}
	return 0;
}

static uint32_t take_node(
	struct pw_prefix_tree *tree, struct pw_prefix_key key, unsigned len, uint32_t child)
{
	uint32_t index = tree->free;
	struct node *node = node_at(tree, index);

	tree->free = node->child[0];
	tree->n_free--;
	*node = (struct node){.key = masked(key, len), .len = (uint8_t)len};
	if (child != NONE)
		node->child[bit_of(node_at(tree, child)->key, len)] = child;
	return index;
}

struct pw_prefix_tree *pw_prefix_tree_create(const struct pw_alloc *alloc, uint32_t max_prefixes)
{
	if (max_prefixes == 0 || max_prefixes > PREFIXES_MAX) {
		errno = EINVAL;
		return NULL;
	}

	struct pw_prefix_tree *tree = pw_zalloc(alloc, "prefix tree", sizeof(*tree));

	if (tree == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	tree->alloc = alloc;
	tree->max_prefixes = max_prefixes;
	tree->slabs_max = (2 * max_prefixes >> SLAB_SHIFT) + 1;
	tree->slabs = pw_zalloc(
		alloc, "prefix tree slabs", (size_t)tree->slabs_max * sizeof(*tree->slabs));
	if (tree->slabs == NULL) {
		pw_free(alloc, tree);
		errno = ENOMEM;
		return NULL;
	}
	return tree;
}

void pw_prefix_tree_destroy(struct pw_prefix_tree *tree)
{
	if (tree == NULL)
		return;
	for (uint32_t i = 0; i < tree->n_slabs; i++)
		pw_free(tree->alloc, tree->slabs[i]);
	pw_free(tree->alloc, tree->slabs);
	pw_free(tree->alloc, tree);
}

/* Where a prefix belongs: the link to the first node on its way that is not shorter, or does not
 * contain it. *parent: the link to the node before that, NULL: none. */
static uint32_t *find_link(
	struct pw_prefix_tree *tree, struct pw_prefix_key key, unsigned len, uint32_t **parent)
{
	uint32_t *link = &tree->root;

	*parent = NULL;
	while (*link != NONE) {
		struct node *node = node_at(tree, *link);

		if (node->len >= len || common_bits(node->key, key) < node->len)
			break;
		*parent = link;
		link = &node->child[bit_of(key, node->len)];
	}
	return link;
}

/* The node of this prefix at the link: found, put above what is there, or beside it on a new
 * branch. */
static uint32_t node_for(
	struct pw_prefix_tree *tree, uint32_t *link, struct pw_prefix_key key, unsigned len)
{
	uint32_t below = *link;

	if (below == NONE)
		return *link = take_node(tree, key, len, NONE);

	const struct node *node = node_at(tree, below);
	unsigned common = PW_MIN(common_bits(node->key, key), PW_MIN(len, (unsigned)node->len));

	if (common == len && node->len == len)
		return below;
	if (common == len)
		return *link = take_node(tree, key, len, below);

	uint32_t branch = take_node(tree, key, common, below);
	uint32_t leaf = take_node(tree, key, len, NONE);

	node_at(tree, branch)->child[bit_of(key, common)] = leaf;
	*link = branch;
	return leaf;
}

int pw_prefix_tree_insert(
	struct pw_prefix_tree *tree, struct pw_prefix_key key, uint8_t len, uint32_t value)
{
	if (len > KEY_BITS || !same_key(key, masked(key, len)))
		return -EINVAL;
	if (pw_prefix_tree_find(tree, key, len) != NULL)
		return -EEXIST;
	if (tree->count == tree->max_prefixes)
		return -ENOSPC;

	int ret = reserve_nodes(tree, 2);

	if (ret < 0)
		return ret;

	uint32_t *parent, *link = find_link(tree, key, len, &parent);
	struct node *node = node_at(tree, node_for(tree, link, key, len));

	node->value = value;
	node->has_value = true;
	tree->count++;
	return 0;
}

/* Takes a node without a value out of the tree, unless it is a branch. */
static void prune(struct pw_prefix_tree *tree, uint32_t *link)
{
	uint32_t index = *link;
	const struct node *node = node_at(tree, index);

	if (node->has_value || (node->child[0] != NONE && node->child[1] != NONE))
		return;
	*link = node->child[0] != NONE ? node->child[0] : node->child[1];
	free_node(tree, index);
}

int pw_prefix_tree_remove(struct pw_prefix_tree *tree, struct pw_prefix_key key, uint8_t len)
{
	if (len > KEY_BITS || !same_key(key, masked(key, len)))
		return -EINVAL;

	uint32_t *parent, *link = find_link(tree, key, len, &parent);
	struct node *node = *link == NONE ? NULL : node_at(tree, *link);

	if (node == NULL || node->len != len || !same_key(node->key, key) || !node->has_value)
		return -ENOENT;
	node->has_value = false;
	tree->count--;
	prune(tree, link);
	if (parent != NULL) /* may have been a branch only for this one */
		prune(tree, parent);
	return 0;
}

uint32_t *pw_prefix_tree_find(
	const struct pw_prefix_tree *tree, struct pw_prefix_key key, uint8_t len)
{
	uint32_t index = tree->root;

	while (index != NONE) {
		struct node *node = node_at(tree, index);

		if (node->len == len && same_key(node->key, key))
			return node->has_value ? &node->value : NULL;
		if (node->len >= len || common_bits(node->key, key) < node->len)
			return NULL;
		index = node->child[bit_of(key, node->len)];
	}
	return NULL;
}

static struct pw_prefix_entry entry_of(const struct node *node)
{
	return (struct pw_prefix_entry){.key = node->key, .len = node->len, .value = node->value};
}

bool pw_prefix_tree_match(const struct pw_prefix_tree *tree, struct pw_prefix_key key,
	uint8_t max_len, struct pw_prefix_entry *entry)
{
	const struct node *best = NULL;
	uint32_t index = tree->root;

	while (index != NONE) {
		const struct node *node = node_at(tree, index);

		if (node->len > max_len || common_bits(node->key, key) < node->len)
			break;
		if (node->has_value)
			best = node;
		if (node->len == KEY_BITS)
			break;
		index = node->child[bit_of(key, node->len)];
	}
	if (best == NULL)
		return false;
	*entry = entry_of(best);
	return true;
}

void pw_prefix_tree_foreach(const struct pw_prefix_tree *tree,
	bool (*fn)(void *arg, const struct pw_prefix_entry *entry), void *arg)
{
	uint32_t stack[KEY_BITS + 2]; /* the right sides that are still to be seen */
	unsigned depth = 0;

	stack[depth++] = tree->root;
	while (depth > 0) {
		uint32_t index = stack[--depth];

		if (index == NONE)
			continue;

		const struct node *node = node_at(tree, index);

		if (node->has_value) {
			struct pw_prefix_entry entry = entry_of(node);

			if (!fn(arg, &entry))
				return;
		}
		stack[depth++] = node->child[1];
		stack[depth++] = node->child[0];
	}
}

uint32_t pw_prefix_tree_count(const struct pw_prefix_tree *tree)
{
	return tree->count;
}

uint64_t pw_prefix_tree_bytes(const struct pw_prefix_tree *tree)
{
	return sizeof(*tree) + (uint64_t)tree->slabs_max * sizeof(*tree->slabs) +
	       (uint64_t)tree->n_slabs * SLAB_NODES * sizeof(struct node);
}
