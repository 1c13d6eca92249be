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

#define ONE_WAY_STATES(one_way, replied)                                                           \
	{                                                                                          \
		[ONE_WAY] = {"new", PW_CT_TIMEOUT_##one_way, true, false},                         \
		[REPLIED] = {"replied", PW_CT_TIMEOUT_##replied, false, false},                    \
	}

static const struct ct_state udp_states[] = ONE_WAY_STATES(udp, udp_stream);
static const struct ct_state icmp_states[] = ONE_WAY_STATES(icmp, icmp);
static const struct ct_state gre_states[] = ONE_WAY_STATES(gre, gre_stream);
static const struct ct_state generic_states[] = ONE_WAY_STATES(generic, generic);

#define ONE_WAY_PROTO(table)                                                                       \
	{                                                                                          \
		.states = (table), .n_states = PW_ARRAY_SIZE(table), .event_of = no_event,         \
		.first = {ONE_WAY},                                                                \
		.next = {[FLOW_ORIG] = {{ONE_WAY, REPLIED}}, [FLOW_REPLY] = {{REPLIED, REPLIED}}}, \
		.opens = 1                                                                         \
	}

const struct ct_proto ct_udp = ONE_WAY_PROTO(udp_states);
const struct ct_proto ct_icmp = ONE_WAY_PROTO(icmp_states);
const struct ct_proto ct_gre = ONE_WAY_PROTO(gre_states);
const struct ct_proto ct_generic = ONE_WAY_PROTO(generic_states);

const struct ct_proto *const ct_protos[256] = {
	[IPPROTO_TCP] = &ct_tcp,
	[IPPROTO_UDP] = &ct_udp,
	[IPPROTO_ICMP] = &ct_icmp,
	[IPPROTO_SCTP] = &ct_sctp,
	[IPPROTO_GRE] = &ct_gre,
};

const uint32_t ct_default_sec[PW_CT_TIMEOUT_COUNT] = {
#define X(name, sec, text) [PW_CT_TIMEOUT_##name] = (sec),
	PW_CT_TIMEOUTS(X)
#undef X
};

static uint16_t settled_states(const struct ct_proto *ct, enum flow_dir dir, uint8_t byte)
{
	uint16_t bits = 0;

	for (uint8_t s = 0; s < ct->n_states; s++)
		bits |= (uint16_t)(ct_is_settled(ct, s, dir, byte) << s);
	return bits;
}

void ct_settled_fill(struct ct_settled *settled)
{
	for (unsigned d = 0; d < 2; d++) {
		enum flow_dir dir = (enum flow_dir)d;

		for (unsigned byte = 0; byte < 256; byte++)
			settled->tcp[d][byte] = settled_states(&ct_tcp, dir, (uint8_t)byte);
		settled->udp[d] = settled_states(&ct_udp, dir, 0);
	}
}
