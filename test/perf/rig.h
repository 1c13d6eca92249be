/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rig.h - the pipeline between two ports in memory, without drivers.
 *
 * Port 0 receives: headers of 64 bytes are copied from an array of templates, in its order, into
 * mbufs of a real pool. Port 1 sends: counts, looks at a sample, frees. A worker's own turn (gather,
 * every stage, tx) runs in between, on the caller's thread.
 */
#ifndef RIG_H
#define RIG_H

#include <rte_mbuf.h>

#include "worker.h"

#define RIG_HDR        64 /* bytes of a template; frames may be longer, without their contents */
#define RIG_ROUTER_MAC UINT64_C(0x020000000001)
#define RIG_CLIENT_MAC UINT64_C(0x020000000101)
#define RIG_SERVER_MAC UINT64_C(0x020000000201)

struct rig_sink {
	uint64_t packets, wrong;
	bool (*is_right)(const uint8_t *frame); /* NULL: not looked at */
	uint8_t *capture;                       /* NULL, or where the next header goes */
};

struct rig_source {
	struct rte_mempool *pool;
	uint8_t *templates;    /* n of RIG_HDR bytes */
	const uint32_t *order; /* NULL: as they lie; else n_order template numbers */
	uint32_t n, n_order, next;
	bool partial; /* TCP over IPv4 whose checksum is left open */
};

struct rig {
	struct rig_source source;
	struct rig_sink sink;
	struct pw_port ports[2];
	struct worker *worker;
	struct pw_dp *dp;
	struct pw_qsbr *qsbr;
	struct pw_limbo *limbo;
	struct pw_fdb *fdb;
	struct pw_lpm4 *lpm;
	struct pw_adj_table *adj;
	struct pw_nat *nat;
	struct pw_lpm6 *lpm6; /* these two NULL without IPv6 */
	struct pw_nat6 *nat6;
};

_Noreturn void rig_die(const char *what);
/* bridged: both ports on bridge 0; else routed ones. flows: room in the connection table. */
struct rig *rig_make(struct rte_mempool *pool, uint32_t flows, bool bridged, bool ip6);
void rig_free(struct rig *rig);
/* Room for n templates; they are the rig's. */
uint8_t *rig_templates(struct rig *rig, uint32_t n);
/* Puts them into an order that has nothing to do with that of the tables. */
void rig_shuffle(struct rig *rig);
void rig_turn(struct rig *rig);
/* Until n more packets came out. */
void rig_run(struct rig *rig, uint64_t n);
/* The same loop without a pipeline: 64 packets from source to sink. */
void rig_bare_turn(struct rig *rig);

#endif
