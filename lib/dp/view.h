/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * view.h - what workers see of ports and bridges: one immutable snapshot, swapped whole.
 *
 * W: ctl (before publishing)  R: worker. Freed through the limbo one grace period after the swap.
 */
#ifndef PW_VIEW_H
#define PW_VIEW_H

#include "pw_dp.h"

#define PW_WORKER_SELF UINT16_MAX /* every worker has a tx queue of its own */

/* While queues go from one worker to another (move.c). W, R: workers (atomic) */
struct view_locks {
	uint32_t rx, tx;
};

struct view_port {
	struct pw_port *port;
	const struct pw_binding *binding;
	void (*binding_free)(const struct pw_binding *binding);
	uint64_t router_mac48; /* FOR_US: the bridge's or the routed port's; 0: none */
	uint32_t generation;   /* of this use of the slot; travels with handed-over packets */
	uint16_t index;
	uint16_t bridge;
	uint16_t tx_worker; /* PW_WORKER_SELF, or who owns tx queue 0 */
	bool learn;
	bool hairpin;
	bool arp_punt;
	uint8_t rx_worker[PW_PORT_MAX_QUEUES];
	struct view_locks *locks; /* NULL: not moving */
};

struct view_bridge {
	uint64_t router_mac48;
	bool hairpin, arp_punt;
	uint16_t n_ports;
	uint16_t ports[]; /* flood list */
};

struct view_rxq {
	struct pw_port *port;
	uint16_t index; /* of the port */
	uint16_t queue;
	uint32_t *lock; /* NULL: nobody else can be at it */
};

struct view_worker {
	uint32_t n_rxq;
	uint32_t n_exact;  /* of them the first ones: their descriptor tells whether to read */
	bool never_sleeps; /* a port among them wants it polled */
	struct view_rxq *rxq;
};

static inline struct view_rxq view_rxq_of(const struct view_port *vp, uint16_t queue)
{
	return (struct view_rxq){
		.port = vp->port,
		.index = vp->index,
		.queue = queue,
		.lock = vp->locks != NULL ? &vp->locks->rx : NULL,
	};
}

/* True: nobody else has it. Released by view_unlock. */
static inline bool view_try_lock(uint32_t *lock)
{
	return __atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE) == 0;
}

static inline void view_unlock(uint32_t *lock)
{
	__atomic_store_n(lock, 0, __ATOMIC_RELEASE);
}

struct view {
	uint64_t generation;
	uint32_t max_ports;
	struct view_port **ports;     /* [max_ports], NULL: no port */
	struct view_bridge **bridges; /* [PW_DP_MAX_BRIDGES] */
	struct view_worker *workers;  /* [n_workers] */
};

#endif
