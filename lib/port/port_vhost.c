/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * port_vhost.c - VM and DPDK pods: a vhost-user back end on librte_vhost.
 *
 * The peer, its rings and its features come and go: vhost_peer.h. What the guest negotiates is
 * honoured: split or packed rings, mergeable buffers, checksum and segmentation offloads, and up to
 * PW_PORT_MAX_QUEUES queue pairs whatever the number of our queues: queue q reads the pairs q,
 * q + n_rxq, .., so no ring of the guest is left unread. Rings that it has not enabled are not
 * used: their frames go to the first pair.
 *
 * The socket is ours (server), or the peer's (client: QEMU with server=on); then librte_vhost tries
 * once a second until it is there, also after the peer went away.
 *
 * Threads:  rx, tx: workers. The rest: control thread.
 * Limits:   librte_vhost gives a TSO frame to the guest with a pseudo-header sum without length, as
 *           DPDK's convention is; only a guest that segments it in software would notice. It looks
 *           at a new socket up to a second after it was made.
 *           It leaves one descriptor open when a peer hands it memory that cannot be mapped; a
 *           peer that does so for hours uses up the daemon's (LimitNOFILE).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mem_guard.h"
#include "offload_dpdk.h"
#include "pw_pkt.h"
#include "sock.h"
#include "vhost_kick.h"

#define UFO_FEATURES                                                                               \
	((UINT64_C(1) << VIRTIO_NET_F_HOST_UFO) | (UINT64_C(1) << VIRTIO_NET_F_GUEST_UFO))

/* Drops frames whose offload state is a lie. */
static uint16_t check_received(struct vhost *v, uint16_t queue, struct rte_mbuf **pkts, uint16_t n)
{
	uint16_t kept = 0;

	for (uint16_t i = 0; i < n; i++) {
		pkts[i]->port = v->port->index;
		if (offload_rx_flagged(pkts[i]) && offload_from_dpdk(pkts[i]) < 0)
			rte_pktmbuf_free(pkts[i]);
		else
			pkts[kept++] = pkts[i];
	}
	if (kept < n)
		count_add(&v->queues[queue].rx_bad, n - kept);
	return kept;
}

/* The pair after this one that our queue reads, cyclically. */
static uint16_t next_pair(const struct pw_port *port, uint16_t queue, uint16_t pair)
{
	pair += port->n_rxq;
	return pair < PW_PORT_MAX_QUEUES ? pair : queue;
}

static uint16_t vhost_rx(
	struct pw_port *port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n, uint16_t *bad)
{
	struct vhost *v = port->priv;
	int vid = __atomic_load_n(&v->vid, __ATOMIC_ACQUIRE);
	uint32_t enabled = __atomic_load_n(&v->enabled, __ATOMIC_RELAXED);
	uint16_t first = v->queues[queue].next, pair = first, got = 0, kept;

	if (vid == VHOST_NO_VID)
		return 0;
	do { /* the one that filled the burst is not the first of the next one */
		if (enabled & (UINT32_C(1) << RING_FROM_GUEST(pair)))
			got += rte_vhost_dequeue_burst(
				vid, RING_FROM_GUEST(pair), port->env->pool, pkts + got, n - got);
		pair = next_pair(port, queue, pair);
	} while (got < n && pair != first);
	v->queues[queue].next = pair;
	if (got == 0)
		return 0;
	kept = check_received(v, queue, pkts, got);
	*bad += got - kept;
	return kept;
}

/* What enqueue reads: TX flags in metadata and pseudo-header that are ours alone. NULL: counted. */
static struct rte_mbuf *prepare_frame(
	struct pw_port *port, struct rte_mbuf *m, uint32_t caps, struct pw_tx_result *result)
{
	if (port_caps_needed(m) & ~caps) { /* the peer changed under our hands */
		result->error++;
		goto err_free;
	}
	m = port_mbuf_own(m, port->env->pool);
	if (m == NULL) {
		result->no_mbuf++;
		return NULL;
	}
	if (offload_to_dpdk(m, false) < 0) {
		result->offload++;
		goto err_free;
	}
	return m;

err_free:
	rte_pktmbuf_free(m);
	return NULL;
}

static void vhost_tx(struct pw_port *port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n,
	struct pw_tx_result *result)
{
	struct vhost *v = port->priv;
	int vid = __atomic_load_n(&v->vid, __ATOMIC_ACQUIRE);
	uint32_t enabled = __atomic_load_n(&v->enabled, __ATOMIC_RELAXED);
	uint32_t caps = __atomic_load_n(&port->caps, __ATOMIC_RELAXED);
	uint16_t ring = RING_TO_GUEST(queue), ready = 0, sent;

	if (vid == VHOST_NO_VID || (enabled & 1) == 0) {
		result->down += n;
		rte_pktmbuf_free_bulk(pkts, n);
		return;
	}
	if ((enabled & (UINT32_C(1) << ring)) == 0)
		ring = RING_TO_GUEST(0); /* enqueue locks the ring, so two workers may meet there */
	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = pkts[i];

		if (pw_mbuf_is_partial(m))
			m = prepare_frame(port, m, caps, result);
		if (m != NULL)
			pkts[ready++] = m;
	}
	sent = rte_vhost_enqueue_burst(vid, ring, pkts, ready);
	result->sent += sent;
	result->full += ready - sent;
	rte_pktmbuf_free_bulk(pkts, ready);
}

static int vhost_wait_fd(struct pw_port *port, uint16_t queue)
{
	return vhost_kick_fd(port->priv, queue);
}

static bool vhost_arm(struct pw_port *port, uint16_t queue)
{
	return vhost_kick_arm(port->priv, queue);
}

static void vhost_disarm(struct pw_port *port, uint16_t queue)
{
	vhost_kick_disarm(port->priv, queue);
}

static void vhost_poll_state(struct pw_port *port)
{
	const struct vhost *v = port->priv;

	vhost_peer_check_memory(port->priv);
	port_log_state(port, v->client ? "no peer: it makes the socket" : "no peer");
}

static void vhost_dev_stats(struct pw_port *port, struct pw_port_dev_stats *stats)
{
	const struct vhost *v = port->priv;

	*stats = (struct pw_port_dev_stats){0};
	for (uint16_t i = 0; i < PW_PORT_MAX_QUEUES; i++)
		stats->rx_bad_vnet_hdr += count_read(&v->queues[i].rx_bad);
}

static int start_library(struct vhost *v, const struct pw_port_socket *sock, struct pw_err *err)
{
	uint64_t flags = RTE_VHOST_USER_NET_COMPLIANT_OL_FLAGS;

	if (rte_vhost_driver_register(v->path, flags | (sock->client ? RTE_VHOST_USER_CLIENT : 0)) <
		0)
		return pw_err_set(err, -ENOSPC,
			"socket %s: librte_vhost refused it: it serves %u sockets at most", v->path,
			RTE_MAX_VHOST_DEVICE);
	if (rte_vhost_driver_disable_features(v->path, UFO_FEATURES) < 0 ||
		rte_vhost_driver_callback_register(v->path, &vhost_peer_callbacks) < 0 ||
		rte_vhost_driver_start(v->path) < 0) {
		pw_err_set(err, -EIO, "socket %s: librte_vhost could not start", v->path);
		goto err_unregister;
	}
	if (sock_finish(sock, err) < 0)
		goto err_unregister;
	return 0;

err_unregister:
	rte_vhost_driver_unregister(v->path);
	return err ? err->code : -EIO;
}

static void free_vhost(struct vhost *v)
{
	vhost_kick_fini(v);
	free(v->path);
	free(v);
}

static void vhost_close(struct pw_port *port)
{
	struct vhost *v = port->priv;

	/* No worker is left that could hold the vid, so the callback need not wait for them. */
	__atomic_store_n(&v->closing, true, __ATOMIC_RELAXED);
	rte_vhost_driver_unregister(v->path);
	vhost_peer_remove(v);
	free_vhost(v);
}

static int vhost_open(struct pw_port *port, const struct pw_port_conf *conf, struct pw_err *err)
{
	struct vhost *v;
	int rc = sock_prepare(&conf->socket, err);

	if (rc < 0)
		return rc;
	v = aligned_alloc(PW_CACHE_LINE, sizeof(*v));
	if (v == NULL)
		return pw_err_set(err, -ENOMEM, "out of memory");
	*v = (struct vhost){.port = port,
		.client = conf->socket.client,
		.vid = VHOST_NO_VID,
		.serving = VHOST_NO_VID,
		.candidate = VHOST_NO_VID};
	rc = vhost_kick_init(v);
	if (rc < 0) {
		pw_err_set(err, rc, "descriptors to wait for: %s", strerror(-rc));
		goto err_free;
	}
	v->path = strdup(conf->socket.path);
	if (v->path == NULL) {
		rc = pw_err_set(err, -ENOMEM, "out of memory");
		goto err_free;
	}
	for (uint16_t q = 0; q < PW_PORT_MAX_QUEUES; q++)
		v->queues[q].next = q;
	port->priv = v;
	port->caps = vhost_peer_caps(0);
	mem_guard_start();
	v->faults_seen = mem_guard_count();
	vhost_peer_add(v);
	rc = start_library(v, &conf->socket, err);
	if (rc < 0)
		goto err_remove;
	return 0;

err_remove:
	vhost_peer_remove(v);
err_free:
	free_vhost(v);
	return rc;
}

const struct pw_port_ops pw_port_vhost_ops = {
	.name = "vhost-user",
	.open = vhost_open,
	.close = vhost_close,
	.rx = vhost_rx,
	.tx = vhost_tx,
	.wait_fd = vhost_wait_fd,
	.arm = vhost_arm,
	.disarm = vhost_disarm,
	.poll_state = vhost_poll_state,
	.dev_stats = vhost_dev_stats,
};
