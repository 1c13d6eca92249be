/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_mbuf.h>
#include <rte_mbuf_pool_ops.h>

#include "pw_port.h"
#include "pw_util.h"

/* Headers and options of any frame must lie in its first buffer (hdrs.h). */
#define DATA_ROOM_MIN (RTE_PKTMBUF_HEADROOM + 1024)
#define NAMES_MAX     64

static uint32_t cache_size(uint32_t n)
{
	/* rte_mempool wants 1.5 x the cache below n; more than a burst of each kind is no gain. */
	return PW_MIN(n / 16, 256u);
}

/*
 * As rte_pktmbuf_pool_create, but where addresses of devices are virtual ones a buffer may lie
 * across pages: without hugepages there would be one buffer a page of 4 KB otherwise.
 */
static struct rte_mempool *create_pool(
	const char *name, uint32_t n, uint16_t data_room, int socket_id)
{
	unsigned flags = rte_eal_iova_mode() == RTE_IOVA_VA ? RTE_MEMPOOL_F_NO_IOVA_CONTIG : 0;
	struct rte_pktmbuf_pool_private priv = {.mbuf_data_room_size = data_room};
	struct rte_mempool *pool = rte_mempool_create_empty(name, n,
		sizeof(struct rte_mbuf) + data_room, cache_size(n), sizeof(priv), socket_id, flags);
	int rc;

	if (pool == NULL)
		return NULL;
	rc = rte_mempool_set_ops_byname(pool, rte_mbuf_best_mempool_ops(), NULL);
	if (rc == 0) {
		rte_pktmbuf_pool_init(pool, &priv);
		rc = rte_mempool_populate_default(pool);
	}
	if (rc < 0) {
		rte_mempool_free(pool);
		rte_errno = -rc;
		return NULL;
	}
	rte_mempool_obj_iter(pool, rte_pktmbuf_init, NULL);
	return pool;
}

static struct rte_mempool *create_named(uint32_t n, uint16_t data_room, int socket_id)
{
	struct rte_mempool *pool = NULL;
	char name[RTE_MEMPOOL_NAMESIZE];

	rte_errno = EEXIST;
	for (unsigned i = 0; pool == NULL && rte_errno == EEXIST && i < NAMES_MAX; i++) {
		snprintf(name, sizeof(name), "pw-mbuf-%u-%u", data_room, i);
		pool = create_pool(name, n, data_room, socket_id);
	}
	return pool;
}

struct rte_mempool *pw_mempool_create(
	uint32_t n, uint16_t data_room, int socket_id, struct pw_err *err)
{
	struct rte_mempool *pool;
	uint64_t mb;

	if (data_room < DATA_ROOM_MIN) {
		pw_err_set(err, -EINVAL, "mbufs of %u bytes: at least %u are needed", data_room,
			DATA_ROOM_MIN);
		return NULL;
	}
	pool = create_named(n, data_room, socket_id);
	if (pool == NULL) {
		mb = (uint64_t)n * (data_room + sizeof(struct rte_mbuf) + PW_CACHE_LINE) >> 20;
		pw_err_set(err, -rte_errno,
			"no memory for %u mbufs of %u bytes, about %llu MB (%s): raise "
			"memory.size_mb "
			"or lower memory.mbufs",
			n, data_room, (unsigned long long)mb + 1, strerror(rte_errno));
	}
	return pool;
}
