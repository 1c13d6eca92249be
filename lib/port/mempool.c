/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_mbuf.h>

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

static struct rte_mempool *create_named(uint32_t n, uint16_t data_room, int socket_id)
{
	struct rte_mempool *pool = NULL;
	char name[RTE_MEMPOOL_NAMESIZE];

	rte_errno = EEXIST;
	for (unsigned i = 0; pool == NULL && rte_errno == EEXIST && i < NAMES_MAX; i++) {
		snprintf(name, sizeof(name), "pw-mbuf-%u-%u", data_room, i);
		pool = rte_pktmbuf_pool_create(name, n, cache_size(n), 0, data_room, socket_id);
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
