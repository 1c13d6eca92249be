/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hdrs.h"
#include "vnet_hdr.h"
#include "vnet_io.h"

#define FRAME_MAX   (UINT16_MAX + ETH_LEN + 2 * VLAN_LEN) /* a full IPv4 packet, tagged twice */
#define TX_SEGS_MAX 128                                   /* a 64 KB frame in pieces of 512 */

/* How many small buffers hold the largest frame and one byte more: to see that one was cut off. */
static int chain_len(const struct pw_port_env *env, struct pw_err *err)
{
	uint32_t small = rte_pktmbuf_data_room_size(env->pool), room = small - RTE_PKTMBUF_HEADROOM;
	int n = 1;

	if (env->big_pool != NULL && room + rte_pktmbuf_data_room_size(env->big_pool) <= FRAME_MAX)
		return pw_err_set(err, -EINVAL, "big buffers of %u bytes hold no 64 KB frame",
			rte_pktmbuf_data_room_size(env->big_pool));
	for (; room <= FRAME_MAX; n++)
		room += small;
	if (n > VNET_IO_SEGS_MAX)
		return pw_err_set(err, -EINVAL,
			"mbufs of %u bytes are too small for 64 KB frames: at least %u "
			"(memory.mbuf_bytes)",
			small, RTE_PKTMBUF_HEADROOM + FRAME_MAX / VNET_IO_SEGS_MAX + 1);
	return n;
}

int vnet_io_init(struct vnet_io *io, const struct pw_port_env *env, struct pw_err *err)
{
	int n_chain = chain_len(env, err);

	memset(io, 0, sizeof(*io));
	io->fd = -1;
	if (n_chain < 0)
		return n_chain;
	io->n_chain = io->n_segs = io->n_empty = (uint16_t)n_chain;
	return 0;
}

void vnet_io_free(struct vnet_io *io)
{
	for (uint16_t i = io->n_empty; i < io->n_segs; i++)
		rte_pktmbuf_free(io->seg[i]);
	if (io->fd >= 0)
		close(io->fd);
}

/* ---- rx ---- */

/* Header and data in the first buffer, data alone in the others (which need no headroom). */
static void place_seg(struct vnet_io *io, uint16_t i, struct rte_mbuf *m)
{
	io->seg[i] = m;
	if (i == 0) {
		io->iov[0].iov_base = rte_pktmbuf_mtod(m, char *) - VNET_IO_HDR_LEN;
		io->iov[0].iov_len = rte_pktmbuf_tailroom(m) + VNET_IO_HDR_LEN;
	} else {
		m->data_off = 0;
		io->iov[i].iov_base = m->buf_addr;
		io->iov[i].iov_len = m->buf_len;
	}
}

/* Room for large frames: one big buffer if there is one. */
static bool fill_big(struct pw_port *port, struct vnet_io *io)
{
	struct rte_mbuf *big = port->env->big_pool ? rte_pktmbuf_alloc(port->env->big_pool) : NULL;

	if (big == NULL)
		return false;
	if (io->n_segs > io->n_empty) /* the rest of a chain from leaner times */
		rte_pktmbuf_free_bulk(io->seg + io->n_empty, io->n_segs - io->n_empty);
	place_seg(io, 1, big);
	io->n_segs = 2;
	io->n_empty = 1;
	return true;
}

/* Slots n_empty - 1 down to `first` from the pool of small buffers. */
static bool fill_small(struct pw_port *port, struct vnet_io *io, uint16_t first)
{
	while (io->n_empty > first) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(port->env->pool);

		if (m == NULL)
			return false;
		place_seg(io, --io->n_empty, m);
	}
	return true;
}

/* Replaces what the last frame took. */
static bool fill(struct pw_port *port, struct vnet_io *io)
{
	if (io->n_empty > 1 && !fill_big(port, io)) {
		if (io->n_empty == io->n_segs)
			io->n_empty = io->n_segs = io->n_chain;
		if (!fill_small(port, io, 1))
			return false;
	}
	return fill_small(port, io, 0);
}

bool vnet_io_refill(struct pw_port *port, struct vnet_io *io)
{
	bool ready = fill(port, io);

	if (!ready)
		count_add(&io->rx_alloc_failed, 1);
	return ready;
}

/* Makes a frame of the first len bytes of the chain. */
static struct rte_mbuf *take_frame(struct pw_port *port, struct vnet_io *io, uint32_t len)
{
	struct rte_mbuf *head = io->seg[0], *m = head;
	uint32_t room = (uint32_t)io->iov[0].iov_len - VNET_IO_HDR_LEN;
	uint16_t n = 0;

	head->pkt_len = len;
	head->port = port->index;
	for (;;) {
		m->data_len = (uint16_t)PW_MIN(len, room);
		len -= m->data_len;
		n++;
		if (len == 0)
			break;
		m->next = io->seg[n];
		m = m->next;
		room = m->buf_len;
	}
	head->nb_segs = n;
	io->n_empty = n;
	return head;
}

/* An errno after which nothing will ever come again. */
static bool is_final(int code)
{
	return code == EBADFD || code == EBADF || code == ENODEV || code == ENXIO;
}

void vnet_io_die(struct pw_port *port, struct vnet_io *io)
{
	int error;
	socklen_t len = sizeof(error);

	__atomic_store_n(&io->dead, 1, __ATOMIC_RELAXED);
	/* A socket with an error to tell would wake whoever waits for it, again and again. */
	(void)getsockopt(io->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	port_set_state(port, PW_PORT_DOWN);
}

void vnet_io_rx_error(struct pw_port *port, struct vnet_io *io, int code)
{
	if (code == EAGAIN || code == EINTR)
		return;
	if (is_final(code))
		vnet_io_die(port, io);
	else if (code != EINVAL) /* of one frame, that the header cannot describe */
		port_set_state(port, PW_PORT_DOWN);
	count_add(&io->rx_errors, 1);
}

struct rte_mbuf *vnet_io_take(struct pw_port *port, struct vnet_io *io, uint32_t len, uint16_t *bad)
{
	struct virtio_net_hdr hdr;
	struct rte_mbuf *m;

	/* longer than the largest: we cut it off */
	if (len < VNET_IO_HDR_LEN + ETH_LEN || len > VNET_IO_HDR_LEN + FRAME_MAX) {
		count_add(&io->rx_errors, 1);
		return NULL;
	}
	memcpy(&hdr, io->iov[0].iov_base, VNET_IO_HDR_LEN);
	m = take_frame(port, io, len - VNET_IO_HDR_LEN);
	if (vnet_hdr_decode(&hdr, m) < 0) {
		count_add(&io->rx_bad_vnet_hdr, 1);
		++*bad;
		rte_pktmbuf_free(m);
		return NULL;
	}
	return m;
}

/* ---- tx ---- */

/* 0 or -errno. */
static int write_frame(struct vnet_io *io, const struct rte_mbuf *m)
{
	struct iovec iov[1 + TX_SEGS_MAX];
	struct virtio_net_hdr hdr;
	int n = 1;

	if (m->nb_segs > TX_SEGS_MAX)
		return -EMSGSIZE;
	if (vnet_hdr_encode(m, &hdr) < 0)
		return -EPROTO;
	iov[0].iov_base = &hdr;
	iov[0].iov_len = VNET_IO_HDR_LEN;
	for (; m != NULL; m = m->next, n++) {
		iov[n].iov_base = rte_pktmbuf_mtod(m, void *);
		iov[n].iov_len = m->data_len;
	}
	return writev(io->fd, iov, n) < 0 ? -errno : 0;
}

/* True: the rest of the burst need not be tried. */
static bool tx_error(struct pw_port *port, struct vnet_io *io, int code, uint16_t rest,
	struct pw_tx_result *result)
{
	switch (code) {
	case EAGAIN:
	case ENOBUFS:
	case ENOMEM:
		result->full += rest;
		return true;
	case EIO:
	case ENETDOWN:
	case EBADFD:
	case EBADF:
	case ENODEV:
	case ENXIO:
		result->down += rest;
		if (is_final(code))
			vnet_io_die(port, io);
		else
			port_set_state(port, PW_PORT_DOWN);
		return true;
	case EPROTO:
		result->offload++;
		return false;
	default: /* of this frame alone */
		result->error++;
		count_add(&io->tx_errors, 1);
		return false;
	}
}

void vnet_io_tx(struct pw_port *port, struct vnet_io *io, struct rte_mbuf **pkts, uint16_t n,
	struct pw_tx_result *result)
{
	uint16_t sent = 0;

	if (vnet_io_is_dead(io)) {
		result->down += n;
		goto out;
	}
	for (uint16_t i = 0; i < n; i++) {
		int rc = write_frame(io, pkts[i]);

		if (rc == 0)
			sent++;
		else if (tx_error(port, io, -rc, n - i, result))
			break;
	}
	result->sent += sent;
	if (sent > 0 && result->down == 0)
		port_set_state(port, PW_PORT_UP);
out:
	rte_pktmbuf_free_bulk(pkts, n);
}

void vnet_io_add_stats(const struct vnet_io *io, struct pw_port_dev_stats *stats)
{
	stats->rx_alloc_failed += count_read(&io->rx_alloc_failed);
	stats->rx_errors += count_read(&io->rx_errors);
	stats->rx_bad_vnet_hdr += count_read(&io->rx_bad_vnet_hdr);
	stats->tx_errors += count_read(&io->tx_errors);
}
