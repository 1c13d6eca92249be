/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vnet_io.h - frames through a kernel descriptor that speaks virtio-net headers (TAP, AF_PACKET).
 *
 * Frames cross as the kernel has them: TCP in pieces of up to 64 KB, checksums unfinished, one
 * system call each. Reads go straight into mbufs: a chain with room for the largest frame lies
 * ready; a frame takes what it needs from its front, and only that is replaced before the next
 * read. The vnet header is read into the headroom of the first mbuf, so it costs no piece of its
 * own.
 *
 * Threads:  one queue: rx by one worker, tx by one worker, which may be different ones; init, free:
 *           control thread.
 * Errors:   ENETDOWN, EIO: the interface is down. ENODEV, ENXIO, EBADFD: it is gone for good, and
 *           the kernel is asked nothing any more.
 * Cost:     one system call a frame and one more a poll; prepared memory: 67 KB a queue.
 */
#ifndef PW_PORT_VNET_IO_H
#define PW_PORT_VNET_IO_H

#include <sys/uio.h>

#include <linux/virtio_net.h>

#include "port_priv.h"
#include "pw_util.h"

#define VNET_IO_HDR_LEN  sizeof(struct virtio_net_hdr)
#define VNET_IO_SEGS_MAX 64

/* What rx touches, then what tx touches: two workers may run them. */
struct vnet_io {
	int fd;
	uint32_t dead;    /* W: rx, tx, control  R: all */
	uint16_t n_chain; /* small buffers that hold the largest frame */
	uint16_t n_segs;  /* buffers in use now: n_chain, or a small and a big one */
	uint16_t n_empty; /* of them the first ones, that the last frame took */
	struct rte_mbuf *seg[VNET_IO_SEGS_MAX];
	struct iovec iov[VNET_IO_SEGS_MAX];
	uint64_t rx_alloc_failed, rx_errors, rx_bad_vnet_hdr;       /* W: rx  R: control */
	uint64_t tx_errors __attribute__((aligned(PW_CACHE_LINE))); /* W: tx  R: control */
};

/* Of an allocated queue; fd is set later by the driver, -1 until then. 0 or -errno. */
int vnet_io_init(struct vnet_io *io, const struct pw_port_env *env, struct pw_err *err);
void vnet_io_free(struct vnet_io *io); /* closes fd, too */

/* Before a read into io->iov[0..n_segs). False: no memory, counted; what is there stays. */
bool vnet_io_refill(struct pw_port *port, struct vnet_io *io);
/* The frame of a read that gave len bytes, or NULL: it was dropped and counted. */
struct rte_mbuf *vnet_io_take(
	struct pw_port *port, struct vnet_io *io, uint32_t len, uint16_t *bad);
/* After a read that failed. */
void vnet_io_rx_error(struct pw_port *port, struct vnet_io *io, int code);

/* Consumes all n; as pw_port_ops.tx. */
void vnet_io_tx(struct pw_port *port, struct vnet_io *io, struct rte_mbuf **pkts, uint16_t n,
	struct pw_tx_result *result);

/* Nothing will come or go any more. */
void vnet_io_die(struct pw_port *port, struct vnet_io *io);

static inline bool vnet_io_is_dead(const struct vnet_io *io)
{
	return __atomic_load_n(&io->dead, __ATOMIC_RELAXED) != 0;
}

void vnet_io_add_stats(const struct vnet_io *io, struct pw_port_dev_stats *stats);

#endif
