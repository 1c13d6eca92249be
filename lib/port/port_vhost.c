/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * port_vhost.c - VM and DPDK pods: a vhost-user server on librte_vhost.
 *
 * librte_vhost's own thread tells of peers by callbacks; it publishes the device id (vid) to the
 * workers by one atomic store, and takes it back before a peer's memory is unmapped: it then waits
 * until every worker has let go (QSBR), bounded, since it serves the other ports too.
 *
 * One peer at a time: a second connection is closed at once. Rings that the peer has not enabled
 * are not used: their frames go to the first ring pair.
 *
 * Traps of librte_vhost 22.11, and what is done about them:
 *   - callbacks get a vid and no argument: hence the one process-wide list below;
 *   - rte_vhost_driver_*() inside a callback deadlocks with unregister, which holds the library's
 *     lock while it calls destroy_device: callbacks use rte_vhost_get_*() only;
 *   - unregister spins while a callback runs, so the list's lock is never held across it;
 *   - a peer that sends half a message would block the thread for all ports: vhost_sock.h;
 *   - a TSO frame is given to the guest with a pseudo-header sum without length; only a guest
 *     that forwards it by software segmentation would notice.
 *
 * Threads:  callbacks: vhost thread (or the control thread inside close). rx, tx: workers.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>
#include <unistd.h>

#include <rte_vhost.h>

#include "offload_dpdk.h"
#include "port_priv.h"
#include "pw_clock.h"
#include "pw_pkt.h"
#include "pw_util.h"
#include "vhost_sock.h"

#define NO_VID         (-1)
#define GRACE_LIMIT_NS (2 * PW_NS_PER_SEC)
#define GRACE_STEP_NS  (50 * PW_NS_PER_USEC)

/* A queue pair of the port: ring 2i carries frames to the guest, ring 2i + 1 from it. */
#define RING_TO_GUEST(queue)   ((uint16_t)((queue)*2))
#define RING_FROM_GUEST(queue) ((uint16_t)((queue)*2 + 1))
#define FIRST_PAIR             0x3u

#define UFO_FEATURES                                                                               \
	((UINT64_C(1) << VIRTIO_NET_F_HOST_UFO) | (UINT64_C(1) << VIRTIO_NET_F_GUEST_UFO))

struct queue_stats { /* one writer each */
	uint64_t rx_bad, tx_errors;
} __attribute__((aligned(PW_CACHE_LINE)));

struct vhost {
	struct pw_port *port;
	char *path;
	int vid;          /* NO_VID: nobody to talk to. W: vhost thread (release)  R: workers */
	uint32_t enabled; /* bit a ring. W: vhost thread  R: workers */
	bool closing;     /* W: control thread  R: callbacks */
	/* W, R: callbacks, under the lock. Vids of connections, ready or not. */
	int serving;   /* whose rings `enabled` are; NO_VID: nobody's */
	int candidate; /* connected after it and not ready yet */
	uint32_t candidate_enabled;
	LIST_ENTRY(vhost) next;
	struct queue_stats stats[PW_PORT_MAX_QUEUES];
};

/* The exception from "no globals": the callbacks have no argument. */
static LIST_HEAD(, vhost) servers = LIST_HEAD_INITIALIZER(servers);
static pthread_mutex_t servers_lock = PTHREAD_MUTEX_INITIALIZER;

static struct vhost *find_path(const char *path)
{
	struct vhost *v;

	LIST_FOREACH (v, &servers, next) {
		if (strcmp(v->path, path) == 0)
			return v;
	}
	return NULL;
}

/* With the lock held on return, also when there is none. */
static struct vhost *lock_server(int vid)
{
	char path[PATH_MAX];

	pthread_mutex_lock(&servers_lock);
	return rte_vhost_get_ifname(vid, path, sizeof(path)) < 0 ? NULL : find_path(path);
}

static void unlock_servers(void)
{
	pthread_mutex_unlock(&servers_lock);
}

static uint32_t caps_of(uint64_t features)
{
	static const struct {
		unsigned bit;
		uint32_t cap;
	} map[] = {
		{VIRTIO_NET_F_GUEST_CSUM, PW_PORT_CAP_TX_PARTIAL},
		{VIRTIO_NET_F_GUEST_TSO4, PW_PORT_CAP_TX_TSO4},
		{VIRTIO_NET_F_GUEST_TSO6, PW_PORT_CAP_TX_TSO6},
	};
	uint32_t caps = PW_PORT_CAP_TX_MULTI_SEG; /* it is copied anyway */

	for (size_t i = 0; i < PW_ARRAY_SIZE(map); i++) {
		if (features & (UINT64_C(1) << map[i].bit))
			caps |= map[i].cap;
	}
	return caps;
}

static void update_state(struct vhost *v)
{
	bool up = __atomic_load_n(&v->vid, __ATOMIC_RELAXED) != NO_VID &&
		  (__atomic_load_n(&v->enabled, __ATOMIC_RELAXED) & FIRST_PAIR) == FIRST_PAIR;

	port_set_state(v->port, up ? PW_PORT_UP : PW_PORT_DOWN);
}

/* Until no worker holds the old vid. Workers that sleep are offline, so this is microseconds. */
static void wait_for_workers(const struct vhost *v)
{
	const struct timespec step = {.tv_nsec = GRACE_STEP_NS};
	struct pw_qsbr *qsbr = v->port->env->qsbr;
	uint64_t token, start = pw_clock_now_ns(pw_clock_boot());

	if (qsbr == NULL || __atomic_load_n(&v->closing, __ATOMIC_RELAXED))
		return;
	token = pw_qsbr_start(qsbr);
	while (!pw_qsbr_passed(qsbr, token)) {
		if (pw_clock_now_ns(pw_clock_boot()) - start > GRACE_LIMIT_NS) {
			pw_error(PORT_LOG,
				"%s: a worker is stuck: its peer goes without waiting on",
				v->port->name);
			return;
		}
		nanosleep(&step, NULL);
	}
}

static void take_back(struct vhost *v)
{
	if (__atomic_load_n(&v->vid, __ATOMIC_RELAXED) == NO_VID)
		return;
	__atomic_store_n(&v->vid, NO_VID, __ATOMIC_RELEASE);
	update_state(v);
	wait_for_workers(v);
}

static int on_new_connection(int vid)
{
	struct vhost *v = lock_server(vid);

	if (v != NULL) {
		v->candidate = vid;
		v->candidate_enabled = 0;
		vhost_sock_set_timeout(v->path);
	}
	unlock_servers();
	return v != NULL ? 0 : -1;
}

static void on_destroy_connection(int vid)
{
	struct vhost *v = lock_server(vid);

	if (v != NULL && v->candidate == vid)
		v->candidate = NO_VID;
	if (v != NULL && v->serving == vid)
		v->serving = NO_VID;
	unlock_servers();
}

static void promote_candidate(struct vhost *v)
{
	take_back(v);
	v->serving = v->candidate;
	v->candidate = NO_VID;
	__atomic_store_n(&v->enabled, v->candidate_enabled, __ATOMIC_RELAXED);
}

static int on_new_device(int vid)
{
	struct vhost *v = lock_server(vid);
	uint64_t features = 0;
	int rc = -1;

	if (v == NULL || rte_vhost_get_negotiated_features(vid, &features) < 0)
		goto out;
	if (vid == v->candidate)
		promote_candidate(v);
	if (vid != v->serving)
		goto out; /* an older peer: its successor is served */
	/* We poll: the guest need not wake us. */
	for (uint16_t ring = 0; ring < rte_vhost_get_vring_num(vid); ring++)
		rte_vhost_enable_guest_notification(vid, ring, 0);
	__atomic_store_n(&v->port->caps, caps_of(features), __ATOMIC_RELAXED);
	__atomic_store_n(&v->vid, vid, __ATOMIC_RELEASE);
	update_state(v);
	rc = 0;
out:
	unlock_servers();
	return rc;
}

static void on_destroy_device(int vid)
{
	struct vhost *v = lock_server(vid);

	if (v != NULL && v->serving == vid)
		take_back(v);
	unlock_servers();
}

static uint32_t *rings_of(struct vhost *v, int vid)
{
	if (vid == v->candidate)
		return &v->candidate_enabled;
	return vid == v->serving ? &v->enabled : NULL;
}

/* May come before new_device: the rings are told of one by one. */
static int on_vring_state(int vid, uint16_t ring, int enable)
{
	struct vhost *v = lock_server(vid);
	uint32_t *rings = v != NULL && ring < 2 * PW_PORT_MAX_QUEUES ? rings_of(v, vid) : NULL;

	if (rings != NULL) {
		if (enable)
			__atomic_or_fetch(rings, 1u << ring, __ATOMIC_RELAXED);
		else
			__atomic_and_fetch(rings, ~(1u << ring), __ATOMIC_RELAXED);
		update_state(v);
	}
	unlock_servers();
	return 0;
}

static const struct rte_vhost_device_ops callbacks = {
	.new_device = on_new_device,
	.destroy_device = on_destroy_device,
	.vring_state_changed = on_vring_state,
	.new_connection = on_new_connection,
	.destroy_connection = on_destroy_connection,
};

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
		count_add(&v->stats[queue].rx_bad, n - kept);
	return kept;
}

static uint16_t vhost_rx(
	struct pw_port *port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n, uint16_t *bad)
{
	uint16_t ring = RING_FROM_GUEST(queue), got, kept;
	struct vhost *v = port->priv;
	int vid = __atomic_load_n(&v->vid, __ATOMIC_ACQUIRE);

	if (vid == NO_VID || (__atomic_load_n(&v->enabled, __ATOMIC_RELAXED) & (1u << ring)) == 0)
		return 0;
	got = rte_vhost_dequeue_burst(vid, ring, port->env->pool, pkts, n);
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

	if (vid == NO_VID || (enabled & 1) == 0) {
		result->down += n;
		rte_pktmbuf_free_bulk(pkts, n);
		return;
	}
	if ((enabled & (1u << ring)) == 0)
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

/* The kick descriptor stays readable until somebody reads it: no use for waiting. */
static int vhost_wait_fd(struct pw_port *port, uint16_t queue)
{
	return -1;
}

static void vhost_poll_state(struct pw_port *port)
{
	port_log_state(port, "no peer");
}

static void vhost_dev_stats(struct pw_port *port, struct pw_port_dev_stats *stats)
{
	const struct vhost *v = port->priv;

	*stats = (struct pw_port_dev_stats){0};
	for (uint16_t i = 0; i < PW_PORT_MAX_QUEUES; i++)
		stats->rx_bad_vnet_hdr += count_read(&v->stats[i].rx_bad);
}

static void add_server(struct vhost *v)
{
	pthread_mutex_lock(&servers_lock);
	LIST_INSERT_HEAD(&servers, v, next);
	pthread_mutex_unlock(&servers_lock);
}

static void remove_server(struct vhost *v)
{
	pthread_mutex_lock(&servers_lock);
	LIST_REMOVE(v, next);
	pthread_mutex_unlock(&servers_lock);
}

static int start_server(struct vhost *v, struct pw_err *err)
{
	if (rte_vhost_driver_register(v->path, RTE_VHOST_USER_NET_COMPLIANT_OL_FLAGS) < 0)
		return pw_err_set(err, -ENOSPC,
			"socket %s: librte_vhost refused it: it serves %u sockets at most", v->path,
			RTE_MAX_VHOST_DEVICE);
	if (rte_vhost_driver_disable_features(v->path, UFO_FEATURES) < 0 ||
		rte_vhost_driver_callback_register(v->path, &callbacks) < 0 ||
		rte_vhost_driver_start(v->path) < 0) {
		pw_err_set(err, -EIO, "socket %s: librte_vhost could not start", v->path);
		goto err_unregister;
	}
	if (vhost_sock_finish(v->path, err) < 0)
		goto err_unregister;
	return 0;

err_unregister:
	rte_vhost_driver_unregister(v->path);
	return err ? err->code : -EIO;
}

static void free_server(struct vhost *v)
{
	free(v->path);
	free(v);
}

static void vhost_close(struct pw_port *port)
{
	struct vhost *v = port->priv;

	/* No worker is left that could hold the vid, so the callback need not wait for them. */
	__atomic_store_n(&v->closing, true, __ATOMIC_RELAXED);
	rte_vhost_driver_unregister(v->path);
	remove_server(v);
	free_server(v);
}

static int vhost_open(struct pw_port *port, const struct pw_port_conf *conf, struct pw_err *err)
{
	struct vhost *v;
	int rc = vhost_sock_prepare(conf->socket, err);

	if (rc < 0)
		return rc;
	v = aligned_alloc(PW_CACHE_LINE, sizeof(*v));
	if (v == NULL)
		return pw_err_set(err, -ENOMEM, "out of memory");
	*v = (struct vhost){.port = port, .vid = NO_VID, .serving = NO_VID, .candidate = NO_VID};
	v->path = strdup(conf->socket);
	if (v->path == NULL) {
		rc = pw_err_set(err, -ENOMEM, "out of memory");
		goto err_free;
	}
	port->priv = v;
	port->caps = caps_of(0);
	add_server(v);
	rc = start_server(v, err);
	if (rc < 0)
		goto err_remove;
	return 0;

err_remove:
	remove_server(v);
err_free:
	free_server(v);
	return rc;
}

const struct pw_port_ops pw_port_vhost_ops = {
	.name = "vhost-user",
	.open = vhost_open,
	.close = vhost_close,
	.rx = vhost_rx,
	.tx = vhost_tx,
	.wait_fd = vhost_wait_fd,
	.poll_state = vhost_poll_state,
	.dev_stats = vhost_dev_stats,
};
