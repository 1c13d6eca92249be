/* SPDX-License-Identifier: BSD-3-Clause */
/* A prefix tree of chains: the value of a prefix is its best route; `next` leads to the worse ones.
 */
#include <errno.h>
#include <stdlib.h>

#include "pw_adj.h"
#include "pw_prefix_tree.h"
#include "pw_rib.h"
#include "pw_util.h"

#define NONE UINT32_MAX

struct slot {
	struct pw_route route;
	uint32_t next; /* the next worse route of the prefix, or the next free slot */
};

struct pw_rib {
	struct pw_lpm4 *lpm;
	struct pw_prefix_tree *tree;
	struct slot *slots;
	uint32_t max_routes;
	uint32_t n_touched; /* slots from here on were never used (nor paged in) */
	uint32_t free;
	uint32_t count;
};

const char *pw_route_origin_name(enum pw_route_origin origin)
{
	static const char *const names[PW_ORIGIN_COUNT] = {
		[PW_ORIGIN_LOCAL] = "local",
		[PW_ORIGIN_POD] = "pod",
		[PW_ORIGIN_CONNECTED] = "connected",
		[PW_ORIGIN_CONFIG] = "config",
		[PW_ORIGIN_CTL] = "ctl",
		[PW_ORIGIN_SERVICE] = "service",
		[PW_ORIGIN_NEIGHBOUR] = "neighbour",
	};

	return (unsigned)origin < PW_ORIGIN_COUNT ? names[origin] : "?";
}

struct pw_rib *pw_rib_create(struct pw_lpm4 *lpm, uint32_t max_routes)
{
	struct pw_rib *rib = calloc(1, sizeof(*rib));

	if (rib == NULL)
		return NULL;
	rib->lpm = lpm;
	rib->max_routes = max_routes;
	rib->free = NONE;
	rib->tree = pw_prefix_tree_create(pw_alloc_heap(), max_routes);
	if (rib->tree == NULL)
		goto err_rib;
	rib->slots = calloc(max_routes, sizeof(*rib->slots));
	if (rib->slots == NULL)
		goto err_tree;
	return rib;

err_tree:
	pw_prefix_tree_destroy(rib->tree);
	errno = ENOMEM;
err_rib:
	free(rib);
	return NULL;
}

void pw_rib_destroy(struct pw_rib *rib)
{
	if (rib == NULL)
		return;
	free(rib->slots);
	pw_prefix_tree_destroy(rib->tree);
	free(rib);
}

static bool valid_prefix(const struct pw_prefix *prefix)
{
	return prefix->ip.family == PW_IPV4 && prefix->len <= 32 &&
	       !pw_prefix_has_host_bits(prefix);
}

static struct pw_prefix_key key_of(const struct pw_prefix *prefix)
{
	return pw_prefix_key_v4(prefix->ip.v4_be);
}

static bool has_slot(const struct pw_rib *rib)
{
	return rib->free != NONE || rib->n_touched < rib->max_routes;
}

static uint32_t take_slot(struct pw_rib *rib)
{
	uint32_t index = rib->free;

	rib->count++;
	if (index == NONE)
		return rib->n_touched++;
	rib->free = rib->slots[index].next;
	return index;
}

static void give_slot(struct pw_rib *rib, uint32_t index)
{
	rib->slots[index].next = rib->free;
	rib->free = index;
	rib->count--;
}

/* The link of the chain where this origin is, or would be. */
static uint32_t *find_link(const struct pw_rib *rib, uint32_t *head, enum pw_route_origin origin)
{
	uint32_t *link = head;

	while (*link != NONE && rib->slots[*link].route.origin < origin)
		link = &rib->slots[*link].next;
	return link;
}

static bool link_has(const struct pw_rib *rib, const uint32_t *link, enum pw_route_origin origin)
{
	return *link != NONE && rib->slots[*link].route.origin == origin;
}

static int forward_by(struct pw_rib *rib, const struct pw_route *route)
{
	return pw_lpm4_set(rib->lpm, route->prefix.ip.v4_be, route->prefix.len, route->adj);
}

static void insert_route(struct pw_rib *rib, uint32_t *link, const struct pw_route *route)
{
	uint32_t index = take_slot(rib);

	rib->slots[index] = (struct slot){.route = *route, .next = *link};
	*link = index;
}

static int add_prefix(struct pw_rib *rib, const struct pw_route *route)
{
	struct pw_prefix_key key = key_of(&route->prefix);
	int ret = pw_prefix_tree_insert(rib->tree, key, route->prefix.len, NONE);

	if (ret < 0)
		return ret;
	ret = forward_by(rib, route);
	if (ret < 0) {
		pw_prefix_tree_remove(rib->tree, key, route->prefix.len);
		return ret;
	}
	insert_route(rib, pw_prefix_tree_find(rib->tree, key, route->prefix.len), route);
	return 0;
}

int pw_rib_set(struct pw_rib *rib, const struct pw_route *route, bool replace, uint32_t *old_adj)
{
	*old_adj = PW_ADJ_NONE;
	if (!valid_prefix(&route->prefix) || (unsigned)route->origin >= PW_ORIGIN_COUNT ||
		route->adj > PW_LPM_VALUE_MAX)
		return -EINVAL;

	uint32_t *head = pw_prefix_tree_find(rib->tree, key_of(&route->prefix), route->prefix.len);
	uint32_t *link = head == NULL ? NULL : find_link(rib, head, route->origin);

	bool known = link != NULL && link_has(rib, link, route->origin);

	if (known && !replace)
		return -EEXIST;
	if (!known && !has_slot(rib))
		return -ENOSPC;
	if (head == NULL)
		return add_prefix(rib, route);

	int ret = link == head ? forward_by(rib, route) : 0;

	if (ret < 0)
		return ret;
	if (!known) {
		insert_route(rib, link, route);
		return 0;
	}
	*old_adj = rib->slots[*link].route.adj;
	rib->slots[*link].route = *route;
	return 0;
}

int pw_rib_del(struct pw_rib *rib, const struct pw_prefix *prefix, enum pw_route_origin origin,
	uint32_t *old_adj)
{
	*old_adj = PW_ADJ_NONE;
	if (!valid_prefix(prefix))
		return -EINVAL;

	uint32_t *head = pw_prefix_tree_find(rib->tree, key_of(prefix), prefix->len);
	uint32_t *link = head == NULL ? NULL : find_link(rib, head, origin);

	if (link == NULL || !link_has(rib, link, origin))
		return -ENOENT;

	/* The LPM holds this prefix: to change or clear it needs no memory, hence cannot fail. */
	uint32_t index = *link;
	uint32_t next = rib->slots[index].next;

	*old_adj = rib->slots[index].route.adj;
	*link = next;
	if (link == head && next != NONE)
		forward_by(rib, &rib->slots[next].route);
	if (*head == NONE) {
		pw_lpm4_clear(rib->lpm, prefix->ip.v4_be, prefix->len);
		pw_prefix_tree_remove(rib->tree, key_of(prefix), prefix->len);
	}
	give_slot(rib, index);
	return 0;
}

const struct pw_route *pw_rib_match(const struct pw_rib *rib, uint32_t ip_be)
{
	struct pw_prefix_entry entry;

	if (!pw_prefix_tree_match(rib->tree, pw_prefix_key_v4(ip_be), 32, &entry))
		return NULL;
	return &rib->slots[entry.value].route;
}

const struct pw_route *pw_rib_get(
	const struct pw_rib *rib, const struct pw_prefix *prefix, enum pw_route_origin origin)
{
	if (!valid_prefix(prefix))
		return NULL;

	uint32_t *head = pw_prefix_tree_find(rib->tree, key_of(prefix), prefix->len);
	uint32_t *link = head == NULL ? NULL : find_link(rib, head, origin);

	return link != NULL && link_has(rib, link, origin) ? &rib->slots[*link].route : NULL;
}

struct walk {
	const struct pw_rib *rib;
	bool (*fn)(void *arg, const struct pw_route *route, bool active);
	void *arg;
};

static bool walk_chain(void *arg, const struct pw_prefix_entry *entry)
{
	const struct walk *walk = arg;
	const struct slot *slots = walk->rib->slots;

	for (uint32_t i = entry->value; i != NONE; i = slots[i].next)
		if (!walk->fn(walk->arg, &slots[i].route, i == entry->value))
			return false;
	return true;
}

void pw_rib_foreach(const struct pw_rib *rib,
	bool (*fn)(void *arg, const struct pw_route *route, bool active), void *arg)
{
	struct walk walk = {rib, fn, arg};

	pw_prefix_tree_foreach(rib->tree, walk_chain, &walk);
}

uint32_t pw_rib_count(const struct pw_rib *rib)
{
	return rib->count;
}
