/* SPDX-License-Identifier: BSD-3-Clause */
/* ct.c - protocols without a handshake: one-way until a reply is seen. */
#include <netinet/in.h>

#include "ct.h"
#include "pw_util.h"

enum {
	ONE_WAY,
	REPLIED
};

static const uint8_t no_event[256];

/* Kernel: nf_conntrack_udp_timeout 30, _stream 120; icmp 30; generic 600. */
static const struct ct_state udp_states[] = {
	[ONE_WAY] = {"new", 30, true, false},
	[REPLIED] = {"replied", 120, false, false},
};
static const struct ct_state icmp_states[] = {
	[ONE_WAY] = {"new", 30, true, false},
	[REPLIED] = {"replied", 30, false, false},
};
static const struct ct_state generic_states[] = {
	[ONE_WAY] = {"new", 600, true, false},
	[REPLIED] = {"replied", 600, false, false},
};

#define ONE_WAY_PROTO(table)                                                                       \
	{                                                                                          \
		.states = (table), .n_states = PW_ARRAY_SIZE(table), .event_of = no_event,         \
		.first = {ONE_WAY},                                                                \
		.next = {[FLOW_ORIG] = {{ONE_WAY, REPLIED}}, [FLOW_REPLY] = {{REPLIED, REPLIED}}}, \
		.opens = 1                                                                         \
	}

const struct ct_proto ct_udp = ONE_WAY_PROTO(udp_states);
const struct ct_proto ct_icmp = ONE_WAY_PROTO(icmp_states);
const struct ct_proto ct_generic = ONE_WAY_PROTO(generic_states);

const struct ct_proto *const ct_protos[256] = {
	[IPPROTO_TCP] = &ct_tcp,
	[IPPROTO_UDP] = &ct_udp,
	[IPPROTO_ICMP] = &ct_icmp,
	[IPPROTO_SCTP] = &ct_sctp,
};
