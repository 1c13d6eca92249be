/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fake_mbuf.h - mbufs and a mempool without an EAL, for unit tests and fuzzers.
 *
 * The pool is a real struct rte_mempool whose operations are malloc and free, so that code under
 * test allocates, frees and chains as usual, while each mbuf and each data buffer is a heap block
 * of its own: the address sanitizer sees a read one byte too far, and a leak. Threads: one.
 */
#ifndef FAKE_MBUF_H
#define FAKE_MBUF_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_mbuf.h>
#include <rte_mempool.h>

#define FAKE_ANY_NUMBER INT_MAX

struct fake_pool {
	struct rte_mempool mp;
	struct rte_pktmbuf_pool_private
		priv;  /* where rte_mempool_get_priv looks, without a cache */
	uint16_t room; /* bytes of a buffer, headroom included */
	int left;      /* allocations until the pool is empty */
	int in_use;
};

static inline struct rte_mbuf *fake_mbuf_new(struct fake_pool *pool, uint16_t room)
{
	struct rte_mbuf *m = aligned_alloc(RTE_CACHE_LINE_SIZE, sizeof(*m));

	memset(m, 0, sizeof(*m));
	m->buf_addr = malloc(room ? room : 1);
	m->buf_len = room;
	m->nb_segs = 1;
	m->port = RTE_MBUF_PORT_INVALID;
	m->pool = &pool->mp;
	rte_mbuf_refcnt_set(m, 1);
	pool->in_use++;
	return m;
}

static int fake_pool_alloc(struct rte_mempool *mp)
{
	return 0;
}

static void fake_pool_free(struct rte_mempool *mp)
{
}

static int fake_pool_put(struct rte_mempool *mp, void *const *obj, unsigned n)
{
	struct fake_pool *pool = (struct fake_pool *)mp;

	for (unsigned i = 0; i < n; i++) {
		struct rte_mbuf *m = obj[i];

		free(m->buf_addr);
		free(m);
		pool->in_use--;
	}
	return 0;
}

static int fake_pool_get(struct rte_mempool *mp, void **obj, unsigned n)
{
	struct fake_pool *pool = (struct fake_pool *)mp;

	if (pool->left < (int)n)
		return -ENOBUFS;
	if (pool->left != FAKE_ANY_NUMBER)
		pool->left -= n;
	for (unsigned i = 0; i < n; i++)
		obj[i] = fake_mbuf_new(pool, pool->room);
	return 0;
}

static unsigned fake_pool_count(const struct rte_mempool *mp)
{
	return 0;
}

static inline void fake_pool_init(struct fake_pool *pool, uint16_t room)
{
	static const struct rte_mempool_ops ops = {
		.name = "fake",
		.alloc = fake_pool_alloc,
		.free = fake_pool_free,
		.enqueue = fake_pool_put,
		.dequeue = fake_pool_get,
		.get_count = fake_pool_count,
	};
	static int ops_index = -1;

	if (ops_index < 0)
		ops_index = rte_mempool_register_ops(&ops);
	memset(pool, 0, sizeof(*pool));
	pool->mp.ops_index = ops_index;
	pool->mp.private_data_size = sizeof(pool->priv);
	pool->priv.mbuf_data_room_size = room;
	pool->room = room;
	pool->left = FAKE_ANY_NUMBER;
}

/* A frame in one segment that ends with its buffer; `headroom` bytes before it. */
static inline struct rte_mbuf *fake_frame(
	struct fake_pool *pool, const void *bytes, uint32_t len, uint16_t headroom)
{
	struct rte_mbuf *m = fake_mbuf_new(pool, headroom + len);

	m->data_off = headroom;
	m->data_len = len;
	m->pkt_len = len;
	if (len)
		memcpy(rte_pktmbuf_mtod(m, void *), bytes, len);
	return m;
}

/* Appends a segment, which may be empty. */
static inline void fake_append(
	struct fake_pool *pool, struct rte_mbuf *head, const void *bytes, uint32_t len)
{
	rte_pktmbuf_lastseg(head)->next = fake_frame(pool, bytes, len, 0);
	head->pkt_len += len;
	head->nb_segs++;
}

/* A frame in segments of `step` bytes; 0: in one. */
static inline struct rte_mbuf *fake_split(
	struct fake_pool *pool, const uint8_t *bytes, uint32_t len, uint32_t step)
{
	uint32_t first = step && step < len ? step : len;
	struct rte_mbuf *m = fake_frame(pool, bytes, first, 0);

	for (uint32_t off = first; off < len; off += step)
		fake_append(pool, m, bytes + off, step < len - off ? step : len - off);
	return m;
}

/* The whole frame flat. Returns its length. */
static inline uint32_t fake_bytes(const struct rte_mbuf *m, uint8_t *out)
{
	uint32_t len = 0;

	for (; m; m = m->next) {
		memcpy(out + len, rte_pktmbuf_mtod(m, const void *), m->data_len);
		len += m->data_len;
	}
	return len;
}

#endif
