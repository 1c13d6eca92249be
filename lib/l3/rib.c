/* SPDX-License-Identifier: BSD-3-Clause */
/* A prefix tree a family, of chains: the value of a prefix is its best route; `next` leads to the worse ones.
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
	struct pw_lpm4 *lpm4;
	struct pw_lpm6 *lpm6;         /* NULL: IPv4 only */
	struct pw_prefix_tree *tree4; /* both share the slots */
	struct pw_prefix_tree *tree6;
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

struct pw_rib *pw_rib_create(struct pw_lpm4 *lpm4, struct pw_lpm6 *lpm6, uint32_t max_routes)
{
	struct pw_rib *rib = calloc(1, sizeof(*rib));

	if (rib == NULL)
		return NULL;
	rib->lpm4 = lpm4;
	rib->lpm6 = lpm6;
	rib->max_routes = max_routes;
	rib->free = NONE;
	rib->tree4 = pw_prefix_tree_create(pw_alloc_heap(), max_routes);
	if (rib->tree4 == NULL)
		goto err_rib;
	if (lpm6 != NULL) {
		rib->tree6 = pw_prefix_tree_create(pw_alloc_heap(), max_routes);
		if (rib->tree6 == NULL)
			goto err_tree4;
	}
	rib->slots = calloc(max_routes, sizeof(*rib->slots));
	if (rib->slots == NULL)
		goto err_tree6;
	return rib;

err_tree6:
	pw_prefix_tree_destroy(rib->tree6);
	errno = ENOMEM;
err_tree4:
	pw_prefix_tree_destroy(rib->tree4);
err_rib:
	free(rib);
	return NULL;
}

void pw_rib_destroy(struct pw_rib *rib)
{
	if (rib == NULL)
		return;
	free(rib->slots);
	pw_prefix_tree_destroy(rib->tree6);
	pw_prefix_tree_destroy(rib->tree4);
	free(rib);
}

/* ---- what differs by family ---- */

static bool is_v6(const struct pw_prefix *prefix)
{
	return prefix->ip.family == PW_IPV6;
}

static struct pw_prefix_tree *tree_of(const struct pw_rib *rib, const struct pw_prefix *prefix)
{
	return is_v6(prefix) ? rib->tree6 : rib->tree4;
}

static struct pw_prefix_key key_of(const struct pw_prefix *prefix)
{
	return is_v6(prefix) ? pw_prefix_key_v6(prefix->ip.b) : pw_prefix_key_v4(prefix->ip.v4_be);
}

static int lpm_set(struct pw_rib *rib, const struct pw_prefix *prefix, uint32_t adj)
{
	return is_v6(prefix) ? pw_lpm6_set(rib->lpm6, key_of(prefix), prefix->len, adj)
			     : pw_lpm4_set(rib->lpm4, prefix->ip.v4_be, prefix->len, adj);
}

static void lpm_clear(struct pw_rib *rib, const struct pw_prefix *prefix)
{
	if (is_v6(prefix))
		pw_lpm6_clear(rib->lpm6, key_of(prefix), prefix->len);
	else
		pw_lpm4_clear(rib->lpm4, prefix->ip.v4_be, prefix->len);
}

/* 0, -EINVAL, -EAFNOSUPPORT. */
static int check_prefix(const struct pw_rib *rib, const struct pw_prefix *prefix)
{
	if (prefix->ip.family != PW_IPV4 && prefix->ip.family != PW_IPV6)
		return -EINVAL;
	if (tree_of(rib, prefix) == NULL)
		return -EAFNOSUPPORT;
	if (prefix->len > (is_v6(prefix) ? 128 : 32) || pw_prefix_has_host_bits(prefix))
		return -EINVAL;
	return 0;
}

static uint32_t *find_head(const struct pw_rib *rib, const struct pw_prefix *prefix)
{
	return pw_prefix_tree_find(tree_of(rib, prefix), key_of(prefix), prefix->len);
}

/* ---- slots and chains ---- */

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
	return lpm_set(rib, &route->prefix, route->adj);
}

static void insert_route(struct pw_rib *rib, uint32_t *link, const struct pw_route *route)
{
	uint32_t index = take_slot(rib);

	rib->slots[index] = (struct slot){.route = *route, .next = *link};
	*link = index;
}

static int add_prefix(struct pw_rib *rib, const struct pw_route *route)
{
	struct pw_prefix_tree *tree = tree_of(rib, &route->prefix);
	struct pw_prefix_key key = key_of(&route->prefix);
	int ret = pw_prefix_tree_insert(tree, key, route->prefix.len, NONE);

	if (ret < 0)
		return ret;
	ret = forward_by(rib, route);
	if (ret < 0) {
		pw_prefix_tree_remove(tree, key, route->prefix.len);
		return ret;
	}
	insert_route(rib, find_head(rib, &route->prefix), route);
	return 0;
}

int pw_rib_set(struct pw_rib *rib, const struct pw_route *route, bool replace, uint32_t *old_adj)
{
	int ret = check_prefix(rib, &route->prefix);

	*old_adj = PW_ADJ_NONE;
	if (ret < 0)
		return ret;
	if ((unsigned)route->origin >= PW_ORIGIN_COUNT || route->adj > PW_LPM_VALUE_MAX)
		return -EINVAL;

	uint32_t *head = find_head(rib, &route->prefix);
	uint32_t *link = head == NULL ? NULL : find_link(rib, head, route->origin);

	bool known = link != NULL && link_has(rib, link, route->origin);

	if (known && !replace)
		return -EEXIST;
	if (!known && !has_slot(rib))
		return -ENOSPC;
	if (head == NULL)
		return add_prefix(rib, route);

	ret = link == head ? forward_by(rib, route) : 0;
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
	int ret = check_prefix(rib, prefix);

	*old_adj = PW_ADJ_NONE;
	if (ret < 0)
		return ret;

	uint32_t *head = find_head(rib, prefix);
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
		lpm_clear(rib, prefix);
		pw_prefix_tree_remove(tree_of(rib, prefix), key_of(prefix), prefix->len);
	}
	give_slot(rib, index);
	return 0;
}

const struct pw_route *pw_rib_match(const struct pw_rib *rib, const struct pw_ip *ip)
{
	const struct pw_prefix host = {.ip = *ip, .len = ip->family == PW_IPV6 ? 128 : 32};
	struct pw_prefix_entry entry;

	if (check_prefix(rib, &host) != 0 ||
		!pw_prefix_tree_match(tree_of(rib, &host), key_of(&host), host.len, &entry))
		return NULL;
	return &rib->slots[entry.value].route;
}

const struct pw_route *pw_rib_get(
	const struct pw_rib *rib, const struct pw_prefix *prefix, enum pw_route_origin origin)
{
	if (check_prefix(rib, prefix) != 0)
		return NULL;

	uint32_t *head = find_head(rib, prefix);
	uint32_t *link = head == NULL ? NULL : find_link(rib, head, origin);

	return link != NULL && link_has(rib, link, origin) ? &rib->slots[*link].route : NULL;
}

struct walk {
	const struct pw_rib *rib;
	bool (*fn)(void *arg, const struct pw_route *route, bool active);
	void *arg;
	bool stopped;
};

static bool walk_chain(void *arg, const struct pw_prefix_entry *entry)
{
	struct walk *walk = arg;
	const struct slot *slots = walk->rib->slots;

	for (uint32_t i = entry->value; i != NONE; i = slots[i].next)
		if (!walk->fn(walk->arg, &slots[i].route, i == entry->value)) {
			walk->stopped = true;
			return false;
		}
	return true;
}

void pw_rib_foreach(const struct pw_rib *rib,
	bool (*fn)(void *arg, const struct pw_route *route, bool active), void *arg)
{
	struct walk walk = {.rib = rib, .fn = fn, .arg = arg};

	pw_prefix_tree_foreach(rib->tree4, walk_chain, &walk);
	if (rib->tree6 != NULL && !walk.stopped)
		pw_prefix_tree_foreach(rib->tree6, walk_chain, &walk);
}

uint32_t pw_rib_count(const struct pw_rib *rib)
{
	return rib->count;
}
