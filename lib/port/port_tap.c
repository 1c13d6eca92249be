/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * port_tap.c - kernel pods and the node itself: a TAP with virtio-net headers.
 *
 * Frames cross as the kernel has them: TCP in pieces of up to 64 KB, checksums unfinished, one read
 * or write each. Reads go straight into mbufs: a chain with room for the largest frame lies ready;
 * a frame takes what it needs from its front, and only that is replaced before the next read. The
 * vnet header is read into the headroom of the first mbuf, so it costs no piece of its own.
 *
 * Threads:  one queue: rx by one worker, tx by one worker, which may be different ones.
 * Errors:   EIO of a write: the interface is down. EBADFD: it is gone for good, and the port asks
 * the kernel nothing any more. Cost:     one system call a frame and one more a poll; prepared
 * memory: 67 KB a port.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "hdrs.h"
#include "port_priv.h"
#include "pw_util.h"
#include "tap_dev.h"
#include "vnet_hdr.h"

#define HDR_LEN     sizeof(struct virtio_net_hdr)
#define FRAME_MAX   (UINT16_MAX + ETH_LEN + 2 * VLAN_LEN) /* a full IPv4 packet, tagged twice */
#define RX_SEGS_MAX 64
#define TX_SEGS_MAX 128 /* a 64 KB frame in pieces of 512 */

/* What rx touches, then what tx touches: two workers may run them. */
struct tap {
	int fd;
	uint32_t dead;    /* W: rx, tx, control  R: all */
	uint16_t n_chain; /* small buffers that hold the largest frame */
	uint16_t n_segs;  /* buffers in use now: n_chain, or a small and a big one */
	uint16_t n_empty; /* of them the first ones, that the last frame took */
	struct rte_mbuf *seg[RX_SEGS_MAX];
	struct iovec iov[RX_SEGS_MAX];
	uint64_t rx_alloc_failed, rx_errors, rx_bad_vnet_hdr;       /* W: rx  R: control */
	uint64_t tx_errors __attribute__((aligned(PW_CACHE_LINE))); /* W: tx  R: control */
};

/* Header and data in the first buffer, data alone in the others (which need no headroom). */
static void place_seg(struct tap *tap, uint16_t i, struct rte_mbuf *m)
{
	tap->seg[i] = m;
	if (i == 0) {
		tap->iov[0].iov_base = rte_pktmbuf_mtod(m, char *) - HDR_LEN;
		tap->iov[0].iov_len = rte_pktmbuf_tailroom(m) + HDR_LEN;
	} else {
		m->data_off = 0;
		tap->iov[i].iov_base = m->buf_addr;
		tap->iov[i].iov_len = m->buf_len;
	}
}

/* Room for large frames: one big buffer if there is one. */
static bool fill_big(struct pw_port *port, struct tap *tap)
{
	struct rte_mbuf *big = port->env->big_pool ? rte_pktmbuf_alloc(port->env->big_pool) : NULL;

	if (big == NULL)
		return false;
	if (tap->n_segs > tap->n_empty) /* the rest of a chain from leaner times */
		rte_pktmbuf_free_bulk(tap->seg + tap->n_empty, tap->n_segs - tap->n_empty);
	place_seg(tap, 1, big);
	tap->n_segs = 2;
	tap->n_empty = 1;
	return true;
}

/* Slots n_empty - 1 down to `first` from the pool of small buffers. */
static bool fill_small(struct pw_port *port, struct tap *tap, uint16_t first)
{
	while (tap->n_empty > first) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(port->env->pool);

		if (m == NULL)
			return false;
		place_seg(tap, --tap->n_empty, m);
	}
	return true;
}

/* Replaces what the last frame took. False: no memory; what is there stays. */
static bool refill(struct pw_port *port, struct tap *tap)
{
	if (tap->n_empty > 1 && !fill_big(port, tap)) {
		if (tap->n_empty == tap->n_segs)
			tap->n_empty = tap->n_segs = tap->n_chain;
		if (!fill_small(port, tap, 1))
			return false;
	}
	return fill_small(port, tap, 0);
}

/* Makes a frame of the first len bytes of the chain. */
static struct rte_mbuf *take_frame(struct pw_port *port, struct tap *tap, uint32_t len)
{
	struct rte_mbuf *head = tap->seg[0], *m = head;
	uint32_t room = (uint32_t)tap->iov[0].iov_len - HDR_LEN;
	uint16_t n = 0;

	head->pkt_len = len;
	head->port = port->index;
	for (;;) {
		m->data_len = (uint16_t)PW_MIN(len, room);
		len -= m->data_len;
		n++;
		if (len == 0)
			break;
		m->next = tap->seg[n];
		m = m->next;
		room = m->buf_len;
	}
	head->nb_segs = n;
	tap->n_empty = n;
	return head;
}

/* An errno after which nothing will ever come again. */
static bool is_final(int code)
{
	return code == EBADFD || code == EBADF || code == ENODEV;
}

static void die(struct pw_port *port, struct tap *tap)
{
	__atomic_store_n(&tap->dead, 1, __ATOMIC_RELAXED);
	port_set_state(port, PW_PORT_DOWN);
}

static void rx_error(struct pw_port *port, struct tap *tap, int code)
{
	if (code == EAGAIN || code == EINTR)
		return;
	if (is_final(code))
		die(port, tap);
	else
		port_set_state(port, PW_PORT_DOWN);
	count_add(&tap->rx_errors, 1);
}

/* A frame, or NULL: it was dropped and counted. */
static struct rte_mbuf *check_frame(
	struct pw_port *port, struct tap *tap, uint32_t len, uint16_t *bad)
{
	struct virtio_net_hdr hdr;
	struct rte_mbuf *m;

	if (len < HDR_LEN + ETH_LEN || len > HDR_LEN + FRAME_MAX) { /* longer: cut off by us */
		count_add(&tap->rx_errors, 1);
		return NULL;
	}
	memcpy(&hdr, tap->iov[0].iov_base, HDR_LEN);
	m = take_frame(port, tap, len - HDR_LEN);
	if (vnet_hdr_decode(&hdr, m) < 0) {
		count_add(&tap->rx_bad_vnet_hdr, 1);
		++*bad;
		rte_pktmbuf_free(m);
		return NULL;
	}
	return m;
}

static uint16_t tap_rx(
	struct pw_port *port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n, uint16_t *bad)
{
	struct tap *tap = port->priv;
	uint16_t got = 0;

	if (__atomic_load_n(&tap->dead, __ATOMIC_RELAXED))
		return 0;
	for (uint16_t tries = 0; tries < n; tries++) {
		if (!refill(port, tap)) {
			count_add(&tap->rx_alloc_failed, 1);
			return got;
		}
		ssize_t len = readv(tap->fd, tap->iov, tap->n_segs);

		if (len < 0) {
			rx_error(port, tap, errno);
			break;
		}
		pkts[got] = check_frame(port, tap, (uint32_t)len, bad);
		got += pkts[got] != NULL;
	}
	if (got > 0)
		port_set_state(port, PW_PORT_UP);
	return got;
}

/* 0 or -errno. */
static int write_frame(struct tap *tap, const struct rte_mbuf *m)
{
	struct iovec iov[1 + TX_SEGS_MAX];
	struct virtio_net_hdr hdr;
	int n = 1;

	if (m->nb_segs > TX_SEGS_MAX)
		return -EMSGSIZE;
	if (vnet_hdr_encode(m, &hdr) < 0)
		return -EPROTO;
	iov[0].iov_base = &hdr;
	iov[0].iov_len = HDR_LEN;
	for (; m != NULL; m = m->next, n++) {
		iov[n].iov_base = rte_pktmbuf_mtod(m, void *);
		iov[n].iov_len = m->data_len;
	}
	return writev(tap->fd, iov, n) < 0 ? -errno : 0;
}

/* True: the rest of the burst need not be tried. */
static bool tx_error(
	struct pw_port *port, struct tap *tap, int code, uint16_t rest, struct pw_tx_result *result)
{
	switch (code) {
	case EAGAIN:
	case ENOBUFS:
	case ENOMEM:
		result->full += rest;
		return true;
	case EIO:
	case EBADFD:
	case EBADF:
	case ENODEV:
		result->down += rest;
		if (is_final(code))
			die(port, tap);
		else
			port_set_state(port, PW_PORT_DOWN);
		return true;
	case EPROTO:
		result->offload++;
		return false;
	default: /* of this frame alone */
		result->error++;
		count_add(&tap->tx_errors, 1);
		return false;
	}
}

static void tap_tx(struct pw_port *port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n,
	struct pw_tx_result *result)
{
	struct tap *tap = port->priv;
	uint16_t sent = 0;

	if (__atomic_load_n(&tap->dead, __ATOMIC_RELAXED)) {
		result->down += n;
		goto out;
	}
	for (uint16_t i = 0; i < n; i++) {
		int rc = write_frame(tap, pkts[i]);

		if (rc == 0)
			sent++;
		else if (tx_error(port, tap, -rc, n - i, result))
			break;
	}
	result->sent += sent;
	if (sent > 0 && result->down == 0)
		port_set_state(port, PW_PORT_UP);
out:
	rte_pktmbuf_free_bulk(pkts, n);
}

static int tap_wait_fd(struct pw_port *port, uint16_t queue)
{
	struct tap *tap = port->priv;

	/* A dead fd is always readable (POLLERR): nobody must wait for it. */
	return __atomic_load_n(&tap->dead, __ATOMIC_RELAXED) ? -1 : tap->fd;
}

/* The kernel says a TAP is writable only while its interface is up (tun_sock_writeable). */
static void tap_poll_state(struct pw_port *port)
{
	struct tap *tap = port->priv;
	struct pollfd pfd = {.fd = tap->fd, .events = POLLOUT};

	if (!__atomic_load_n(&tap->dead, __ATOMIC_RELAXED) && poll(&pfd, 1, 0) >= 0) {
		if (pfd.revents & (POLLERR | POLLNVAL))
			die(port, tap);
		else
			port_set_state(port, pfd.revents & POLLOUT ? PW_PORT_UP : PW_PORT_DOWN);
	}
	port_log_state(port, __atomic_load_n(&tap->dead, __ATOMIC_RELAXED)
				     ? "the interface is gone"
				     : "the interface is down");
}

static void tap_dev_stats(struct pw_port *port, struct pw_port_dev_stats *stats)
{
	const struct tap *tap = port->priv;

	*stats = (struct pw_port_dev_stats){
		.rx_alloc_failed = count_read(&tap->rx_alloc_failed),
		.rx_errors = count_read(&tap->rx_errors),
		.rx_bad_vnet_hdr = count_read(&tap->rx_bad_vnet_hdr),
		.tx_errors = count_read(&tap->tx_errors),
	};
}

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
	if (n > RX_SEGS_MAX)
		return pw_err_set(err, -EINVAL,
			"mbufs of %u bytes are too small for a TAP: at least %u "
			"(memory.mbuf_bytes)",
			small, RTE_PKTMBUF_HEADROOM + FRAME_MAX / RX_SEGS_MAX + 1);
	return n;
}

static void tap_close(struct pw_port *port)
{
	struct tap *tap = port->priv;

	for (uint16_t i = tap->n_empty; i < tap->n_segs; i++)
		rte_pktmbuf_free(tap->seg[i]);
	close(tap->fd);
	free(tap);
}

static int tap_open(struct pw_port *port, const struct pw_port_conf *conf, struct pw_err *err)
{
	int n_chain = chain_len(port->env, err);
	bool has_uso = false;
	struct tap *tap;
	int rc;

	if (n_chain < 0)
		return n_chain;
	tap = aligned_alloc(PW_CACHE_LINE, sizeof(*tap));
	if (tap == NULL)
		return pw_err_set(err, -ENOMEM, "out of memory");
	memset(tap, 0, sizeof(*tap));
	rc = tap_dev_open(conf, &has_uso, err);
	if (rc < 0)
		goto err_free;
	tap->fd = rc;
	tap->n_chain = tap->n_segs = tap->n_empty = (uint16_t)n_chain;
	tap_dev_mac(
		tap->fd, &port->peer_mac); /* zero if the device is gone: poll_state will tell */
	port->priv = tap;
	port->n_rxq = port->n_txq = 1;
	port->caps = PW_PORT_CAP_TX_PARTIAL | PW_PORT_CAP_TX_TSO4 | PW_PORT_CAP_TX_TSO6 |
		     PW_PORT_CAP_TX_MULTI_SEG | (has_uso ? PW_PORT_CAP_TX_USO : 0);
	return 0;

err_free:
	free(tap);
	return rc;
}

const struct pw_port_ops pw_port_tap_ops = {
	.name = "tap",
	.open = tap_open,
	.close = tap_close,
	.rx = tap_rx,
	.tx = tap_tx,
	.wait_fd = tap_wait_fd,
	.poll_state = tap_poll_state,
	.dev_stats = tap_dev_stats,
};
