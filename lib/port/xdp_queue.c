/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <linux/if_xdp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <rte_memcpy.h>

#include "hdrs.h"
#include "xdp_queue.h"

#define FRAMES      (XDP_QUEUE_RX_FRAMES + XDP_QUEUE_TX_FRAMES)
#define CHUNK_SMALL 2048
#define CHUNK_LARGE 4096
#define HEADROOM    256 /* XDP_PACKET_HEADROOM: the kernel's, in front of every received frame */
#define RECLAIM_MAX 64
#define KICK_TRIES  8 /* in copy mode the kernel sends 32 frames a call */
#define BUSY_USEC   20
#define BUSY_BUDGET 64
#define SEND_BYTES  (8 << 20)

#ifndef SO_PREFER_BUSY_POLL /* Linux 5.11 */
#define SO_PREFER_BUSY_POLL 69
#define SO_BUSY_POLL_BUDGET 70
#endif

/* ---- rx ---- */

/* A frame that is longer than one mbuf: the rest goes into others. False: no memory. */
static bool copy_long(
	struct rte_mempool *pool, struct rte_mbuf *head, const uint8_t *data, uint32_t len)
{
	struct rte_mbuf *last = head;

	head->pkt_len = len;
	for (;;) {
		uint32_t n = PW_MIN(len, rte_pktmbuf_tailroom(last));

		rte_memcpy(rte_pktmbuf_mtod(last, void *), data, n);
		last->data_len = (uint16_t)n;
		data += n;
		len -= n;
		if (len == 0)
			return true;
		last->next = rte_pktmbuf_alloc(pool);
		if (last->next == NULL)
			return false;
		last = last->next;
		head->nb_segs++;
	}
}

static bool copy_frame(
	struct rte_mempool *pool, struct rte_mbuf *m, const uint8_t *data, uint32_t len)
{
	if (len > rte_pktmbuf_tailroom(m))
		return copy_long(pool, m, data, len);
	rte_memcpy(rte_pktmbuf_mtod(m, void *), data, len);
	m->data_len = (uint16_t)len;
	m->pkt_len = len;
	return true;
}

/* Frames that did not fit are freed and counted; the others move up. */
static uint16_t copy_burst(struct xdp_queue *q, struct rte_mempool *pool, uint32_t at,
	struct rte_mbuf **pkts, uint16_t n)
{
	uint16_t got = 0;
	uint32_t fill_at = 0;

	/* Never full: it has room for every rx frame there is. */
	(void)xsk_ring_prod__reserve(&q->fill, n, &fill_at);
	for (uint16_t i = 0; i < n; i++) {
		const struct xdp_desc *desc = xsk_ring_cons__rx_desc(&q->rx, at + i);
		struct rte_mbuf *m = pkts[i];

		if (copy_frame(pool, m, q->umem + desc->addr, desc->len)) {
			pkts[got++] = m;
		} else {
			rte_pktmbuf_free(m);
			count_add(&q->rx_alloc_failed, 1);
		}
		*xsk_ring_prod__fill_addr(&q->fill, fill_at + i) =
			desc->addr & ~(uint64_t)(q->chunk - 1);
	}
	xsk_ring_prod__submit(&q->fill, n);
	return got;
}

uint16_t xdp_queue_rx(
	struct xdp_queue *q, struct rte_mempool *pool, struct rte_mbuf **pkts, uint16_t n)
{
	uint32_t at = 0;
	uint16_t got;

	n = (uint16_t)xsk_ring_cons__peek(&q->rx, n, &at);
	if (n == 0)
		return 0;
	if (rte_pktmbuf_alloc_bulk(pool, pkts, n) != 0) {
		xsk_ring_cons__cancel(&q->rx, n);
		count_add(&q->rx_alloc_failed, 1);
		return 0;
	}
	got = copy_burst(q, pool, at, pkts, n);
	xsk_ring_cons__release(&q->rx, n);
	return got;
}

/* ---- tx ---- */

static void reclaim(struct xdp_queue *q)
{
	uint32_t at = 0, n = xsk_ring_cons__peek(&q->completed, RECLAIM_MAX, &at);

	for (uint32_t i = 0; i < n; i++)
		q->free[q->n_free++] = *xsk_ring_cons__comp_addr(&q->completed, at + i);
	if (n > 0)
		xsk_ring_cons__release(&q->completed, n);
}

static void copy_out(uint8_t *to, const struct rte_mbuf *m)
{
	for (; m != NULL; m = m->next) {
		rte_memcpy(to, rte_pktmbuf_mtod(m, const void *), m->data_len);
		to += m->data_len;
	}
}

uint16_t xdp_queue_tx(struct xdp_queue *q, struct rte_mbuf **pkts, uint16_t n, uint16_t *error)
{
	uint16_t i = 0, n_out = 0;
	uint32_t at = 0;

	reclaim(q);
	/* Never full: it has room for every tx frame there is. */
	n = (uint16_t)PW_MIN((uint32_t)n, q->n_free);
	if (n == 0 || xsk_ring_prod__reserve(&q->tx, n, &at) < n)
		return 0;
	for (; i < n; i++) {
		struct xdp_desc *desc;

		if (pkts[i]->pkt_len > q->frame_max) {
			++*error;
			count_add(&q->tx_errors, 1);
			continue;
		}
		desc = xsk_ring_prod__tx_desc(&q->tx, at + n_out++);
		*desc = (struct xdp_desc){.addr = q->free[--q->n_free], .len = pkts[i]->pkt_len};
		copy_out(q->umem + desc->addr, pkts[i]);
	}
	q->tx.cached_prod -= n - n_out; /* what was reserved for frames too long */
	xsk_ring_prod__submit(&q->tx, n_out);
	return n;
}

/* ---- system calls ---- */

static bool is_pending(const struct xdp_queue *q)
{
	return __atomic_load_n(q->tx.consumer, __ATOMIC_RELAXED) !=
	       __atomic_load_n(q->tx.producer, __ATOMIC_RELAXED);
}

static bool is_down(int code)
{
	return code == ENETDOWN || code == ENXIO || code == ENODEV || code == EBADF;
}

/* What stays in the ring because the device or the socket is full goes with the next kick. */
int xdp_queue_kick_tx(struct xdp_queue *q)
{
	if (!q->busy_poll && !xsk_ring_prod__needs_wakeup(&q->tx))
		return 0;
	for (int i = 0; i < KICK_TRIES && is_pending(q); i++) {
		if (sendto(xdp_queue_fd(q), NULL, 0, MSG_DONTWAIT, NULL, 0) >= 0 || errno == EAGAIN)
			continue;
		return is_down(errno) ? -errno : 0;
	}
	return 0;
}

int xdp_queue_kick_rx(struct xdp_queue *q)
{
	if (is_pending(q)) /* another worker's, perhaps: a system call may come from anybody */
		(void)xdp_queue_kick_tx(q);
	if (!q->busy_poll && !xsk_ring_prod__needs_wakeup(&q->fill))
		return 0;
	if (recvfrom(xdp_queue_fd(q), NULL, 0, MSG_DONTWAIT, NULL, NULL) >= 0)
		return 0;
	return is_down(errno) ? -errno : 0;
}

uint64_t xdp_queue_missed(const struct xdp_queue *q)
{
	struct xdp_statistics kernel = {0};
	socklen_t len = sizeof(kernel);

	(void)getsockopt(xdp_queue_fd(q), SOL_XDP, XDP_STATISTICS, &kernel, &len);
	return kernel.rx_dropped + kernel.rx_ring_full;
}

/* ---- open, close ---- */

static int memory_error(const struct xdp_queue *q, int code, struct pw_err *err)
{
	if (code == -ENOBUFS || code == -ENOMEM || code == -EPERM)
		return pw_err_set(err, code,
			"%zu KB of memory for AF_XDP cannot be locked: ulimit -l unlimited "
			"(LimitMEMLOCK=infinity of the unit), or CAP_IPC_LOCK",
			q->umem_bytes >> 10);
	return pw_err_set(err, code, "UMEM: %s%s", strerror(-code),
		code == -EAFNOSUPPORT ? ": the kernel is without CONFIG_XDP_SOCKETS" : "");
}

/* Without CAP_IPC_LOCK the limit counts; it is ours to raise with CAP_SYS_RESOURCE. */
static void raise_memlock(void)
{
	const struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};

	(void)setrlimit(RLIMIT_MEMLOCK, &unlimited);
}

static int make_umem(struct xdp_queue *q, struct pw_err *err)
{
	const struct xsk_umem_config config = {
		.fill_size = XDP_QUEUE_RX_FRAMES,
		.comp_size = XDP_QUEUE_TX_FRAMES,
		.frame_size = q->chunk,
	};
	int rc;

	q->umem_bytes = (size_t)FRAMES * q->chunk;
	q->umem = mmap(NULL, q->umem_bytes, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (q->umem == MAP_FAILED) {
		q->umem = NULL;
		return pw_err_set(err, -errno, "no memory for AF_XDP: %zu KB", q->umem_bytes >> 10);
	}
	rc = xsk_umem__create(
		&q->umem_handle, q->umem, q->umem_bytes, &q->fill, &q->completed, &config);
	if (rc == -ENOBUFS) {
		raise_memlock();
		rc = xsk_umem__create(
			&q->umem_handle, q->umem, q->umem_bytes, &q->fill, &q->completed, &config);
	}
	return rc < 0 ? memory_error(q, rc, err) : 0;
}

static int set_busy_poll(int fd, struct pw_err *err)
{
	static const struct {
		int option, value;
	} options[] = {
		{SO_PREFER_BUSY_POLL, 1},
		{SO_BUSY_POLL, BUSY_USEC},
		{SO_BUSY_POLL_BUDGET, BUSY_BUDGET},
	};

	for (size_t i = 0; i < PW_ARRAY_SIZE(options); i++) {
		if (setsockopt(fd, SOL_SOCKET, options[i].option, &options[i].value,
			    sizeof(options[i].value)) < 0)
			return pw_err_set(err, -errno, "busy_poll: %s: Linux 5.11 is needed",
				strerror(errno));
	}
	return 0;
}

static int make_socket(struct xdp_queue *q, const char *name, uint32_t id, struct pw_err *err)
{
	const struct xsk_socket_config config = {
		.rx_size = XDP_QUEUE_RX_FRAMES,
		.tx_size = XDP_QUEUE_TX_FRAMES,
		.libxdp_flags = XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD,
		.bind_flags = XDP_USE_NEED_WAKEUP,
	};
	int rc = xsk_socket__create(&q->socket, name, id, q->umem_handle, &q->rx, &q->tx, &config);
	const int send_bytes = SEND_BYTES;

	if (rc == -EBUSY)
		return pw_err_set(err, rc, "queue %u has an AF_XDP socket of another process", id);
	if (rc < 0)
		return pw_err_set(err, rc, "queue %u: AF_XDP socket: %s", id, strerror(-rc));
	/* In copy mode each frame is an skb until it is sent. */
	(void)setsockopt(
		xdp_queue_fd(q), SOL_SOCKET, SO_SNDBUFFORCE, &send_bytes, sizeof(send_bytes));
	return q->busy_poll ? set_busy_poll(xdp_queue_fd(q), err) : 0;
}

static void share_out(struct xdp_queue *q)
{
	uint32_t at = 0;

	(void)xsk_ring_prod__reserve(&q->fill, XDP_QUEUE_RX_FRAMES, &at);
	for (uint32_t i = 0; i < XDP_QUEUE_RX_FRAMES; i++)
		*xsk_ring_prod__fill_addr(&q->fill, at + i) = (uint64_t)i * q->chunk;
	xsk_ring_prod__submit(&q->fill, XDP_QUEUE_RX_FRAMES);
	for (uint32_t i = 0; i < XDP_QUEUE_TX_FRAMES; i++)
		q->free[q->n_free++] = (uint64_t)(XDP_QUEUE_RX_FRAMES + i) * q->chunk;
}

int xdp_queue_open(struct xdp_queue *q, const char *name, const struct netif *netif, uint32_t id,
	bool busy_poll, struct pw_err *err)
{
	uint32_t frame = netif->mtu + ETH_LEN + 2 * VLAN_LEN;
	int rc;

	memset(q, 0, sizeof(*q));
	q->busy_poll = busy_poll;
	q->chunk = frame <= CHUNK_SMALL - HEADROOM ? CHUNK_SMALL : CHUNK_LARGE;
	q->frame_max = PW_MIN(frame, q->chunk - HEADROOM);
	rc = make_umem(q, err);
	if (rc == 0)
		rc = make_socket(q, name, id, err);
	if (rc == 0)
		share_out(q);
	else
		xdp_queue_close(q);
	return rc;
}

void xdp_queue_close(struct xdp_queue *q)
{
	if (q->socket != NULL)
		xsk_socket__delete(q->socket);
	if (q->umem_handle != NULL)
		(void)xsk_umem__delete(q->umem_handle);
	if (q->umem != NULL)
		munmap(q->umem, q->umem_bytes);
	q->socket = NULL;
	q->umem_handle = NULL;
	q->umem = NULL;
}
