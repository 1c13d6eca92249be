/* SPDX-License-Identifier: BSD-3-Clause */
/* build_icmp6.c - ICMPv6 echo replies (RFC 4443 4.2). */
#include "build.h"
#include "pw_build6.h"
#include "pw_csum.h"
#include "pw_in6.h"
#include "wire.h"

void pw_icmp6_echo_turn(struct pw_pkt *pkt)
{
	uint8_t *ip = pkt->data + pkt->l3_off, *icmp = pkt->data + pkt->l4_off;
	pw_in6 src_be = pw_in6_load(ip + IP6_SRC);
	uint16_t old = load16(icmp + ICMP_TYPE), id_be = pkt->sport_be;

	pw_in6_store(ip + IP6_SRC, pw_in6_load(ip + IP6_DST));
	pw_in6_store(ip + IP6_DST, src_be);
	pkt->sport_be = pkt->dport_be;
	pkt->dport_be = id_be;
	ip[IP6_HOPS] = BUILD_TTL;
	icmp[ICMP_TYPE] = ICMP6_ECHO_REPLY;
	store16(icmp + ICMP_CSUM, pw_csum_update(load16(icmp + ICMP_CSUM),
					  pw_csum_diff16(old, load16(icmp + ICMP_TYPE))));
}
