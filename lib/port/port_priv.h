/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * port_priv.h - what the drivers share. Private to lib/port.
 */
#ifndef PW_PORT_PRIV_H
#define PW_PORT_PRIV_H

#include <rte_mbuf.h>

#include "pw_log.h"
#include "pw_port.h"

#define PORT_LOG "port"

extern const struct pw_port_ops pw_port_tap_ops;
extern const struct pw_port_ops pw_port_afpacket_ops;
extern const struct pw_port_ops pw_port_afxdp_ops;
extern const struct pw_port_ops pw_port_vhost_ops;
extern const struct pw_port_ops pw_port_ethdev_ops;
extern const struct pw_port_ops pw_port_memif_ops;
extern const struct pw_port_ops pw_port_virtio_user_ops;

/* A counter with one writer; the reader is another thread. */
static inline void count_add(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

static inline uint64_t count_read(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

/* Writes only on a change: the line is read by every worker. */
static inline void port_set_state(struct pw_port *port, enum pw_port_state state)
{
	if (__atomic_load_n(&port->state, __ATOMIC_RELAXED) != (uint32_t)state)
		__atomic_store_n(&port->state, (uint32_t)state, __ATOMIC_RELEASE);
}

/* Control thread: says a state change once. why: for a port that is down; may be NULL. */
void port_log_state(struct pw_port *port, const char *why);

/* enum pw_port_caps that a frame needs. */
uint32_t port_caps_needed(const struct rte_mbuf *m);

/* The frame itself if nobody else holds any of its bytes, else a copy of it (the caller's reference
 * to the original is given back). NULL: no memory; the original is freed. */
struct rte_mbuf *port_mbuf_own(struct rte_mbuf *m, struct rte_mempool *pool);

#endif
