/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vhost_peer.h - who is at the other end of a vhost-user port, as librte_vhost's callbacks tell.
 *
 * librte_vhost's own thread tells of peers; it publishes the device id (vid) to the workers by one
 * atomic store, and takes it back before a peer's memory is unmapped: it then waits until every
 * worker has let go (QSBR), bounded, since it serves the other ports too.
 *
 * The peer may be the one who owns the socket (client), or we are (server); the rest is the same.
 *
 * One peer at a time: the newest that became ready takes over, since a restarted one may connect
 * before the end of the old connection is seen.
 *
 * Threads:  add, remove: control thread. Callbacks: vhost thread, or the control thread inside
 *           rte_vhost_driver_unregister(). The published fields: workers.
 */
#ifndef PW_PORT_VHOST_PEER_H
#define PW_PORT_VHOST_PEER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include <rte_vhost.h>

#include "port_priv.h"
#include "pw_util.h"

#define VHOST_NO_VID (-1)

/* A queue pair of the guest: ring 2i carries frames to it, ring 2i + 1 from it. */
#define VHOST_MAX_RINGS       (2 * PW_PORT_MAX_QUEUES)
#define RING_TO_GUEST(pair)   ((uint16_t)((pair)*2))
#define RING_FROM_GUEST(pair) ((uint16_t)((pair)*2 + 1))

struct vhost_queue {
	uint64_t rx_bad; /* W: the queue's worker  R: control */
	uint16_t next;   /* pair to begin with. W, R: the queue's worker */
	int wait_fd;     /* of vhost_kick.h: an epoll set */
} __attribute__((aligned(PW_CACHE_LINE)));

struct vhost {
	struct pw_port *port;
	char *path;
	bool client; /* the peer owns the socket */
	int vid;     /* VHOST_NO_VID: nobody to talk to. W: vhost thread (release)  R: workers */
	uint32_t enabled; /* bit a ring. W: vhost thread  R: workers */
	bool closing;     /* W: control thread  R: callbacks */
	/* W, R: callbacks, under the lock. Vids of connections, ready or not. */
	int serving;   /* whose rings `enabled` are; VHOST_NO_VID: nobody's */
	int candidate; /* connected after it and not ready yet */
	uint32_t candidate_enabled;
	uint64_t faults_seen; /* of mem_guard.h. W, R: control thread */
	/* vhost_kick.h. W: vhost thread  R: workers */
	int kick_fd[PW_PORT_MAX_QUEUES]; /* of a pair's ring from the guest; -1: none */
	int changed_fd;                  /* an eventfd: any of this changed */
	uint32_t deaf;                   /* bit a pair: it is used, but cannot be waited for */
	LIST_ENTRY(vhost) next;
	struct vhost_queue queues[PW_PORT_MAX_QUEUES];
};

extern const struct rte_vhost_device_ops vhost_peer_callbacks;

/* From when the callbacks may come until they cannot any more. */
void vhost_peer_add(struct vhost *v);
void vhost_peer_remove(struct vhost *v);
/* Control thread, now and then: a peer that took away memory in use is not served any more until it
 * connects again. */
void vhost_peer_check_memory(struct vhost *v);
/* enum pw_port_caps for the features a guest negotiated. */
uint32_t vhost_peer_caps(uint64_t features);

#endif
