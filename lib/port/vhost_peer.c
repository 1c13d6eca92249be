/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Traps of librte_vhost 22.11, and what is done about them:
 *   - callbacks get a vid and no argument: hence the one process-wide list below;
 *   - rte_vhost_driver_*() inside a callback deadlocks with unregister, which holds the library's
 *     lock while it calls destroy_device: callbacks use rte_vhost_get_*() only;
 *   - unregister spins while a callback runs, so the list's lock is never held across it;
 *   - a peer that sends half a message would block the thread for all ports: sock.h.
 */
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mem_guard.h"
#include "pw_clock.h"
#include "sock.h"
#include "vhost_kick.h"

#define GRACE_LIMIT_NS (2 * PW_NS_PER_SEC)
#define GRACE_STEP_NS  (50 * PW_NS_PER_USEC)
#define FIRST_PAIR     0x3u

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

uint32_t vhost_peer_caps(uint64_t features)
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
	bool up = __atomic_load_n(&v->vid, __ATOMIC_RELAXED) != VHOST_NO_VID &&
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
	if (__atomic_load_n(&v->vid, __ATOMIC_RELAXED) == VHOST_NO_VID)
		return;
	__atomic_store_n(&v->vid, VHOST_NO_VID, __ATOMIC_RELEASE);
	vhost_kick_renew(v, VHOST_NO_VID);
	update_state(v);
	wait_for_workers(v);
}

static int on_new_connection(int vid)
{
	struct vhost *v = lock_server(vid);

	if (v != NULL) {
		v->candidate = vid;
		v->candidate_enabled = 0;
		sock_set_timeout(v->path);
	}
	unlock_servers();
	return v != NULL ? 0 : -1;
}

static void on_destroy_connection(int vid)
{
	struct vhost *v = lock_server(vid);

	if (v != NULL && v->candidate == vid)
		v->candidate = VHOST_NO_VID;
	if (v != NULL && v->serving == vid)
		v->serving = VHOST_NO_VID;
	unlock_servers();
}

static void promote_candidate(struct vhost *v)
{
	take_back(v);
	v->serving = v->candidate;
	v->candidate = VHOST_NO_VID;
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
	/* We poll: the guest need not wake us, until a worker is about to sleep. */
	for (uint16_t ring = 0; ring < rte_vhost_get_vring_num(vid); ring++)
		rte_vhost_enable_guest_notification(vid, ring, 0);
	__atomic_store_n(&v->port->caps, vhost_peer_caps(features), __ATOMIC_RELAXED);
	__atomic_store_n(&v->vid, vid, __ATOMIC_RELEASE);
	vhost_kick_renew(v, vid);
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
	uint32_t *rings = v != NULL && ring < VHOST_MAX_RINGS ? rings_of(v, vid) : NULL;

	if (v != NULL && ring >= VHOST_MAX_RINGS && enable)
		pw_warn(PORT_LOG, "%s: ring %u of its peer is not served: %u queue pairs at most",
			v->port->name, ring, PW_PORT_MAX_QUEUES);
	if (rings != NULL) {
		if (enable)
			__atomic_or_fetch(rings, 1u << ring, __ATOMIC_RELAXED);
		else
			__atomic_and_fetch(rings, ~(1u << ring), __ATOMIC_RELAXED);
		if (vid == v->vid)
			vhost_kick_renew(v, vid);
		update_state(v);
	}
	unlock_servers();
	return 0;
}

const struct rte_vhost_device_ops vhost_peer_callbacks = {
	.new_device = on_new_device,
	.destroy_device = on_destroy_device,
	.vring_state_changed = on_vring_state,
	.new_connection = on_new_connection,
	.destroy_connection = on_destroy_connection,
};

static bool is_in_memory_of(int vid, uintptr_t address)
{
	struct rte_vhost_memory *mem = NULL;
	bool found = false;

	if (rte_vhost_get_mem_table(vid, &mem) < 0)
		return false;
	for (uint32_t i = 0; i < mem->nregions && !found; i++) {
		uintptr_t first = (uintptr_t)mem->regions[i].mmap_addr;

		found = address >= first && address - first < mem->regions[i].mmap_size;
	}
	free(mem);
	return found;
}

void vhost_peer_check_memory(struct vhost *v)
{
	uint64_t count = mem_guard_count(), i;
	int vid;

	if (count == v->faults_seen)
		return;
	pthread_mutex_lock(&servers_lock);
	vid = v->vid;
	for (i = PW_MAX(v->faults_seen, count < MEM_GUARD_KEPT ? 0 : count - MEM_GUARD_KEPT);
		vid != VHOST_NO_VID && i < count; i++) {
		if (!is_in_memory_of(vid, mem_guard_address(i)))
			continue;
		pw_error(PORT_LOG,
			"%s: its peer took away memory that is in use: not served until it "
			"connects again",
			v->port->name);
		take_back(v);
		break;
	}
	v->faults_seen = count;
	pthread_mutex_unlock(&servers_lock);
}

void vhost_peer_add(struct vhost *v)
{
	pthread_mutex_lock(&servers_lock);
	LIST_INSERT_HEAD(&servers, v, next);
	pthread_mutex_unlock(&servers_lock);
}

void vhost_peer_remove(struct vhost *v)
{
	pthread_mutex_lock(&servers_lock);
	LIST_REMOVE(v, next);
	pthread_mutex_unlock(&servers_lock);
}
