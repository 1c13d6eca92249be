/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * xdp_queue.h - one AF_XDP socket with memory of its own (UMEM) and its four rings.
 *
 * Frames are copied between UMEM and mbufs: a veth copies into UMEM anyway, and a copy of small
 * frames costs less than mbufs that the kernel holds. One half of UMEM serves rx (always in the
 * fill ring, the rx ring, or in our hands for the length of a burst), the other tx.
 *
 * Threads:  rx by one worker, tx by one worker, which may be different ones; the rest: control.
 * Errors:   ENXIO, ENODEV of a system call: the interface is gone.
 * Cost:     rx no system call; tx one a burst; 6 or 12 MB of locked memory a queue.
 */
#ifndef PW_PORT_XDP_QUEUE_H
#define PW_PORT_XDP_QUEUE_H

#include <xdp/xsk.h>

#include "netif.h"
#include "port_priv.h"
#include "pw_util.h"

#define XDP_QUEUE_RX_FRAMES 2048
#define XDP_QUEUE_TX_FRAMES 1024

struct xdp_queue {
	uint8_t *umem; /* NULL: not open */
	size_t umem_bytes;
	uint32_t chunk;     /* bytes of UMEM a frame has */
	uint32_t frame_max; /* of them usable */
	bool busy_poll;
	struct xsk_umem *umem_handle;
	struct xsk_socket *socket;
	/* rx: W: its worker  R: control */
	struct xsk_ring_cons rx __attribute__((aligned(PW_CACHE_LINE)));
	struct xsk_ring_prod fill;
	uint64_t rx_alloc_failed;
	/* tx: W: its worker  R: control */
	struct xsk_ring_prod tx __attribute__((aligned(PW_CACHE_LINE)));
	struct xsk_ring_cons completed;
	uint32_t n_free;
	uint64_t tx_errors;
	uint64_t free[XDP_QUEUE_TX_FRAMES]; /* offsets in UMEM of frames to fill */
};

/* Binds to a queue of the interface. All frames for rx are in the fill ring. 0 or -errno. */
int xdp_queue_open(struct xdp_queue *q, const char *name, const struct netif *netif, uint32_t id,
	bool busy_poll, struct pw_err *err);
void xdp_queue_close(struct xdp_queue *q); /* one that was not opened is fine */

static inline int xdp_queue_fd(const struct xdp_queue *q)
{
	return xsk_socket__fd(q->socket);
}

uint16_t xdp_queue_rx(
	struct xdp_queue *q, struct rte_mempool *pool, struct rte_mbuf **pkts, uint16_t n);
/* Copies the frames out, frees none. How many of them it dealt with: sent or too long (counted in
 * *error); the queue is full for the rest. */
uint16_t xdp_queue_tx(struct xdp_queue *q, struct rte_mbuf **pkts, uint16_t n, uint16_t *error);
/* Makes the kernel look at the rings, if it has to be told. 0 or -errno: the interface is down or
 * gone. */
int xdp_queue_kick_rx(struct xdp_queue *q);
int xdp_queue_kick_tx(struct xdp_queue *q);
/* Frames lost in the kernel for want of a buffer or of room in the ring. */
uint64_t xdp_queue_missed(const struct xdp_queue *q);

#endif
