/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ct.h - protocol states of a flow: one operations table a protocol.
 *
 * A state is a number 0..15 in the flow's state word. States and timeouts are those of Linux
 * (net/netfilter/nf_conntrack_proto_*.c) with kube-proxy's values for established (86400 s) and
 * close_wait (3600 s). Windows and sequence numbers are not followed (CT-4: be liberal): no packet
 * is ever "invalid", the worst it can do is to leave the state alone.
 * Threads:  pure functions of const tables.
 */
#ifndef CT_H
#define CT_H

#include <stdbool.h>
#include <stdint.h>

#include "flow_line.h"

struct ct_state {
	const char *name;
	uint32_t timeout_sec;
	bool droppable; /* may go when the table is full (CT-9) */
	bool reopens;   /* a packet that opens a connection starts a new flow */
};

struct ct_proto {
	const struct ct_state *states;
	uint8_t n_states;
	/* `event`: TCP flags byte, SCTP type of the first chunk, else 0. */
	uint8_t (*first)(uint8_t event);
	uint8_t (*next)(uint8_t state, enum flow_dir dir, uint8_t event);
	bool (*opens)(uint8_t event);  /* the first packet of a connection? */
	bool (*aborts)(uint8_t event); /* TCP RST, SCTP ABORT: never answered */
};

const struct ct_proto *ct_proto(uint8_t proto); /* never NULL */

static inline const struct ct_state *ct_state_of(uint8_t proto, uint32_t state)
{
	return &ct_proto(proto)->states[flow_state_ct(state)];
}

extern const struct ct_proto ct_tcp, ct_udp, ct_icmp, ct_sctp, ct_generic;

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_ACK 0x10

#endif
