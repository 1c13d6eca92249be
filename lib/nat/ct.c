/* SPDX-License-Identifier: BSD-3-Clause */
/* ct.c - protocols without a handshake: one-way until a reply is seen. */
#include <netinet/in.h>

#include "ct.h"
#include "pw_util.h"

enum {
	ONE_WAY,
	REPLIED
};

static uint8_t first(uint8_t event)
{
	return ONE_WAY;
}

static uint8_t next(uint8_t state, enum flow_dir dir, uint8_t event)
{
	return dir == FLOW_REPLY ? REPLIED : state;
}

static bool always(uint8_t event)
{
	return true;
}

static bool never(uint8_t event)
{
	return false;
}

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

const struct ct_proto ct_udp = {udp_states, PW_ARRAY_SIZE(udp_states), first, next, always, never};
const struct ct_proto ct_icmp = {
	icmp_states, PW_ARRAY_SIZE(icmp_states), first, next, always, never};
const struct ct_proto ct_generic = {
	generic_states, PW_ARRAY_SIZE(generic_states), first, next, always, never};

const struct ct_proto *ct_proto(uint8_t proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		return &ct_tcp;
	case IPPROTO_UDP:
		return &ct_udp;
	case IPPROTO_ICMP:
		return &ct_icmp;
	case IPPROTO_SCTP:
		return &ct_sctp;
	default:
		return &ct_generic;
	}
}
