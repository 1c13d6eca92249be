/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * port_offload.c - what a port's device cannot do, done in software on the way out.
 *
 * Frames stay in order: those that need nothing wait in `ready` until one must be segmented.
 */
#include <errno.h>
#include <string.h>

#include "hdrs.h"
#include "port_priv.h"
#include "pw_csum.h"
#include "pw_gso.h"
#include "pw_mbuf.h"
#include "pw_pkt.h"

#define CAPS_GSO (PW_PORT_CAP_TX_TSO4 | PW_PORT_CAP_TX_TSO6 | PW_PORT_CAP_TX_USO)

struct burst {
	struct pw_port *port;
	uint16_t queue;
	uint16_t n_ready;
	uint32_t caps;
	struct pw_tx_result *result;
	struct rte_mbuf *ready[PW_PORT_BURST];
};

static uint32_t gso_cap(const struct rte_mbuf *m)
{
	if (m->l4_len == UDP_LEN) /* no TCP header is that short */
		return PW_PORT_CAP_TX_USO;
	return *rte_pktmbuf_mtod_offset(m, const uint8_t *, m->l2_len) >> 4 == 4
		       ? PW_PORT_CAP_TX_TSO4
		       : PW_PORT_CAP_TX_TSO6;
}

uint32_t port_caps_needed(const struct rte_mbuf *m)
{
	uint32_t need = 0;

	if (m->nb_segs > 1)
		need |= PW_PORT_CAP_TX_MULTI_SEG;
	if (pw_mbuf_is_partial(m))
		need |= PW_PORT_CAP_TX_PARTIAL;
	if (pw_mbuf_is_gso(m))
		need |= gso_cap(m);
	return need;
}

static bool is_shared(const struct rte_mbuf *m)
{
	for (; m != NULL; m = m->next) {
		if (rte_mbuf_refcnt_read(m) != 1 || !RTE_MBUF_DIRECT(m))
			return true;
	}
	return false;
}

struct rte_mbuf *port_mbuf_own(struct rte_mbuf *m, struct rte_mempool *pool)
{
	struct rte_mbuf *copy;

	if (!is_shared(m))
		return m;
	copy = rte_pktmbuf_copy(m, pool, 0, UINT32_MAX);
	rte_pktmbuf_free(m);
	return copy;
}

static void flush(struct burst *b)
{
	if (b->n_ready > 0)
		b->port->ops->tx(b->port, b->queue, b->ready, b->n_ready, b->result);
	b->n_ready = 0;
}

/* Checksum and linear form, as the port needs them. NULL: dropped and counted. */
static struct rte_mbuf *fix_frame(struct burst *b, struct rte_mbuf *m, uint32_t missing)
{
	m = port_mbuf_own(m, b->port->env->pool);
	if (m == NULL) {
		b->result->no_mbuf++;
		return NULL;
	}
	if ((missing & PW_PORT_CAP_TX_PARTIAL) && pw_csum_finish_packet(m) < 0) {
		b->result->offload++;
		goto err_free;
	}
	if ((missing & PW_PORT_CAP_TX_MULTI_SEG) && pw_mbuf_pull(&m, m->pkt_len) < 0) {
		b->result->no_mbuf++;
		goto err_free;
	}
	return m;

err_free:
	rte_pktmbuf_free(m);
	return NULL;
}

/* Sends the segments of one frame; the frame counts once, by the first thing that went wrong. */
static void send_segments(struct burst *b, struct rte_mbuf **segs, uint16_t n)
{
	struct pw_tx_result *total = b->result, part = {0};
	uint16_t done = 0;

	b->result = &part;
	while (done < n && part.sent == done) {
		uint16_t chunk = PW_MIN(n - done, PW_PORT_BURST);

		for (uint16_t i = 0; i < chunk; i++) {
			uint32_t missing = port_caps_needed(segs[done + i]) & ~b->caps;
			struct rte_mbuf *m = segs[done + i];

			if (missing != 0)
				m = fix_frame(b, m, missing);
			if (m != NULL)
				b->ready[b->n_ready++] = m;
		}
		flush(b);
		done += chunk;
	}
	rte_pktmbuf_free_bulk(segs + done, n - done);
	b->result = total;
	total->full += part.full > 0;
	total->down += part.full == 0 && part.down > 0;
	total->no_mbuf += part.full + part.down == 0 && part.no_mbuf > 0;
	total->error += part.full + part.down + part.no_mbuf == 0 && part.sent < n;
	total->sent += part.sent == n;
}

static void segment_frame(struct burst *b, struct rte_mbuf *m)
{
	struct rte_mbuf *segs[PW_GSO_SEGS_MAX];
	int n;

	flush(b);
	n = pw_gso_segment(m, b->port->env->pool, segs, PW_GSO_SEGS_MAX);
	rte_pktmbuf_free(m);
	if (n == -ENOMEM)
		b->result->no_mbuf++;
	else if (n <= 0)
		b->result->offload++;
	else
		send_segments(b, segs, (uint16_t)n);
}

static void add_frame(struct burst *b, struct rte_mbuf *m)
{
	uint32_t missing = port_caps_needed(m) & ~b->caps;

	if (b->n_ready == PW_PORT_BURST)
		flush(b);
	if (missing & CAPS_GSO) {
		segment_frame(b, m);
		return;
	}
	if (missing != 0)
		m = fix_frame(b, m, missing);
	if (m != NULL)
		b->ready[b->n_ready++] = m;
}

void pw_port_tx_burst(struct pw_port *port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n,
	struct pw_tx_result *result)
{
	struct burst b = {
		.port = port,
		.queue = queue,
		.caps = __atomic_load_n(&port->caps, __ATOMIC_RELAXED),
		.result = result,
	};

	*result = (struct pw_tx_result){0};
	for (uint16_t i = 0; i < n; i++)
		add_frame(&b, pkts[i]);
	flush(&b);
}
