/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "endpoint.h"

int endpoint_dir_init(struct endpoint_dir *dir, const struct pw_alloc *alloc,
	struct pw_limbo *limbo, uint32_t max)
{
	uint32_t n = max + max / 4 + 16;

	*dir = (struct endpoint_dir){.alloc = alloc, .max = max};
	TAILQ_INIT(&dir->retired);
	/* Twice: deleted slots wait for a grace period. */
	dir->map = pw_map64_create(alloc, limbo, 2 * n);
	dir->array = pw_zalloc(alloc, "nat endpoints", n * sizeof(*dir->array));
	dir->ids = pw_idpool_create(n);
	if (dir->map == NULL || dir->array == NULL || dir->ids == NULL) {
		endpoint_dir_fini(dir);
		return -ENOMEM;
	}
	return 0;
}

void endpoint_dir_fini(struct endpoint_dir *dir)
{
	if (dir->alloc == NULL)
		return;
	pw_idpool_destroy(dir->ids);
	pw_free(dir->alloc, dir->array);
	if (dir->map != NULL)
		pw_map64_destroy(dir->map);
	dir->alloc = NULL;
}

static void forget_oldest(struct endpoint_dir *dir)
{
	struct endpoint *old = TAILQ_FIRST(&dir->retired);

	if (old == NULL)
		return;
	TAILQ_REMOVE(&dir->retired, old, retired);
	pw_map64_del(dir->map, old->key);
	pw_idpool_free(dir->ids, (uint32_t)(old - dir->array));
}

static int64_t add_new(struct endpoint_dir *dir, uint64_t key, flow_addr ip_be)
{
	int64_t id = pw_idpool_alloc(dir->ids);

	if (id < 0) {
		forget_oldest(dir);
		id = pw_idpool_alloc(dir->ids);
	}
	if (id < 0)
		return id;

	int ret = pw_map64_set(dir->map, key, (uint64_t)id);

	if (ret < 0) {
		pw_idpool_free(dir->ids, (uint32_t)id);
		return ret;
	}
	dir->array[id] = (struct endpoint){.key = key, .ip_be = ip_be, .refs = 1};
	dir->n_active++;
	return id;
}

int64_t endpoint_get(struct endpoint_dir *dir, flow_addr ip_be, uint16_t port_be, uint8_t proto)
{
	uint64_t key = nat_key(ip_be, port_be, proto);
	uint32_t id;

	if (endpoint_known(dir, key, &id) && dir->array[id].refs > 0) {
		dir->array[id].refs++;
		return id;
	}
	if (dir->n_active == dir->max)
		return -ENOSPC;
	if (!endpoint_known(dir, key, &id))
		return add_new(dir, key, ip_be);
	TAILQ_REMOVE(&dir->retired, &dir->array[id], retired);
	dir->array[id].refs = 1;
	dir->n_active++;
	return id;
}

void endpoint_put(struct endpoint_dir *dir, uint32_t id)
{
	struct endpoint *endpoint = &dir->array[id];

	if (--endpoint->refs > 0)
		return;
	dir->n_active--;
	TAILQ_INSERT_TAIL(&dir->retired, endpoint, retired);
}

struct each {
	const struct endpoint_dir *dir;
	void (*fn)(void *arg, flow_addr ip_be);
	void *arg;
};

static bool each_address(void *arg, uint64_t key, uint64_t value)
{
	const struct each *each = arg;

	each->fn(each->arg, each->dir->array[value].ip_be);
	return true;
}

void endpoint_foreach(
	const struct endpoint_dir *dir, void (*fn)(void *arg, flow_addr ip_be), void *arg)
{
	struct each each = {dir, fn, arg};

	pw_map64_foreach(dir->map, each_address, &each);
}
