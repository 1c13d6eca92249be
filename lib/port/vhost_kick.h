/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vhost_kick.h - how a guest wakes a worker that waits: the kick descriptors of its rings.
 *
 * Workers poll, so guests are told not to kick. A worker about to wait arms its queue: guests kick
 * from then on, and the queue's descriptor (an epoll set of our own) becomes readable. The set
 * holds duplicates of the kick descriptors, which come and go with the peer, and an eventfd that
 * tells of such changes, so a worker that waits for an older peer wakes and arms again.
 *
 * A kick descriptor is the guest's: it is never read, which might block, but watched for edges, and
 * only an eventfd is taken. A guest that gives none (it expects to be polled) leaves its queue
 * deaf: the worker naps instead.
 *
 * Threads:  init, fini: control thread. renew: librte_vhost's callbacks. fd, arm, disarm: the
 *           queue's worker.
 */
#ifndef PW_PORT_VHOST_KICK_H
#define PW_PORT_VHOST_KICK_H

#include "vhost_peer.h"

int vhost_kick_init(struct vhost *v); /* n_rxq is known. 0, -errno: fini is called all the same */
void vhost_kick_fini(struct vhost *v);

/* After every change of the peer or its rings. vid VHOST_NO_VID: there is none. */
void vhost_kick_renew(struct vhost *v, int vid);

int vhost_kick_fd(const struct vhost *v, uint16_t queue);
bool vhost_kick_arm(struct vhost *v, uint16_t queue); /* false: a ring is deaf */
void vhost_kick_disarm(struct vhost *v, uint16_t queue);

#endif
