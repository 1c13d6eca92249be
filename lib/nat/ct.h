/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ct.h - protocol states of a flow: one operations table a protocol.
 *
 * A state is a number 0..15 in the flow's state word. States are those of Linux
 * (net/netfilter/nf_conntrack_proto_*.c), timeouts by name (pw_ct_timeout.h). Windows and sequence
 * numbers are not followed (CT-4: be liberal): no packet is ever "invalid", the worst it can do is
 * to leave the state alone.
 * Threads:  pure functions of const tables.
 */
#ifndef CT_H
#define CT_H

#include <stdbool.h>
#include <stdint.h>

#include "flow_line.h"
#include "pw_ct_timeout.h"

struct ct_state {
	const char *name;
	uint8_t timeout; /* enum pw_ct_timeout */
	bool droppable;  /* may go when the table is full (CT-9) */
	bool reopens;    /* a packet that opens a connection starts a new flow */
};

#define CT_STATES_MAX 11
#define CT_EVENTS_MAX 11

struct ct_proto {
	const struct ct_state *states;
	uint8_t n_states;
	/* By the byte of a packet that matters: TCP flags, SCTP type of the first chunk, else 0. */
	const uint8_t *event_of; /* [256] */
	uint8_t first[CT_EVENTS_MAX];
	uint8_t next[2][CT_EVENTS_MAX][CT_STATES_MAX]; /* [enum flow_dir][event][state] */
	uint16_t opens;                                /* events that begin a connection, as bits */
	uint16_t aborts;                               /* TCP RST, SCTP ABORT: never answered */
};

extern const struct ct_proto ct_tcp, ct_udp, ct_icmp, ct_sctp, ct_gre, ct_generic;
extern const struct ct_proto *const ct_protos[256]; /* NULL: ct_generic */
extern const uint32_t ct_default_sec[PW_CT_TIMEOUT_COUNT];

/* ct_is_settled() of TCP and UDP, worked out: bit s is state s's answer. */
struct ct_settled {
	uint16_t tcp[2][256]; /* [enum flow_dir][flags] */
	uint16_t udp[2];
};
void ct_settled_fill(struct ct_settled *settled);

static inline const struct ct_proto *ct_proto(uint8_t proto)
{
	const struct ct_proto *ct = ct_protos[proto];

	return ct != NULL ? ct : &ct_generic;
}
/* State of a flow that begins with this packet. */
static inline uint8_t ct_first(const struct ct_proto *ct, uint8_t byte)
{
	return ct->first[ct->event_of[byte]];
}
static inline uint8_t ct_next(
	const struct ct_proto *ct, uint8_t state, enum flow_dir dir, uint8_t byte)
{
	return ct->next[dir][ct->event_of[byte]][state];
}
static inline bool ct_opens(const struct ct_proto *ct, uint8_t byte)
{
	return ct->opens >> ct->event_of[byte] & 1;
}
static inline bool ct_aborts(const struct ct_proto *ct, uint8_t byte)
{
	return ct->aborts >> ct->event_of[byte] & 1;
}

/* A packet that changes nothing about its connection, as most do. */
static inline bool ct_is_settled(
	const struct ct_proto *ct, uint8_t state, enum flow_dir dir, uint8_t byte)
{
	return ct_next(ct, state, dir, byte) == state &&
	       !(ct_opens(ct, byte) && ct->states[state].reopens && dir == FLOW_ORIG);
}

static inline const struct ct_state *ct_state_of(uint8_t proto, uint32_t state)
{
	return &ct_proto(proto)->states[flow_state_ct(state)];
}

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_ACK 0x10

#endif
