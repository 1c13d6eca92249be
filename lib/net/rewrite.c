/* SPDX-License-Identifier: BSD-3-Clause */
/* rewrite.c - NAT and TTL of the packet itself. Checksums only ever change incrementally (OFF-1).
 */
#include "pw_csum.h"
#include "pw_rewrite.h"
#include "wire.h"

void pw_nat_plan_deltas(struct pw_nat_plan *plan, uint32_t src_be, uint32_t dst_be,
	uint16_t sport_be, uint16_t dport_be)
{
	uint32_t sum = pw_csum_diff32(src_be, plan->src_be) + pw_csum_diff32(dst_be, plan->dst_be);

	plan->l3_delta = pw_csum_fold(sum);
	sum += pw_csum_diff16(sport_be, plan->sport_be) + pw_csum_diff16(dport_be, plan->dport_be);
	plan->l4_delta = pw_csum_fold(sum);
}

static void store_ports(uint8_t *l4, const struct pw_nat_plan *plan)
{
	store16(l4, plan->sport_be);
	store16(l4 + 2, plan->dport_be);
}

/* A partial sum covers the pseudo-header alone, so that ports are not in it yet (CT-14). */
static void rewrite_tcp(const struct pw_pkt *pkt, uint8_t *l4, const struct pw_nat_plan *plan)
{
	uint16_t field = load16(l4 + TCP_CSUM);

	field = pkt->flags & PW_PKT_PARTIAL ? pw_csum_update_partial(field, plan->l3_delta)
					    : pw_csum_update(field, plan->l4_delta);
	store_ports(l4, plan);
	store16(l4 + TCP_CSUM, field);
}

static void rewrite_udp(const struct pw_pkt *pkt, uint8_t *l4, const struct pw_nat_plan *plan)
{
	uint16_t field = load16(l4 + UDP_CSUM);

	store_ports(l4, plan);
	if (pkt->flags & PW_PKT_PARTIAL) {
		store16(l4 + UDP_CSUM, pw_csum_update_partial(field, plan->l3_delta));
	} else {
		store16(l4 + UDP_CSUM, pw_rewrite_udp_csum(field, plan->l4_delta));
	}
}

/* The CRC covers the ports but no address. Of a fragmented packet the length is unknown here. */
static bool rewrite_sctp(const struct pw_pkt *pkt, uint8_t *l4, const struct pw_nat_plan *plan)
{
	uint32_t old = load32(l4);
	uint32_t len = pkt->l3_off + pkt->ip_len - pkt->l4_off;

	store_ports(l4, plan);
	if (load32(l4) == old)
		return true;
	if (pkt->flags & PW_PKT_FRAG)
		return false;
	store32(l4 + SCTP_CRC, pw_csum_sctp_update(load32(l4 + SCTP_CRC), old, load32(l4), len));
	return true;
}

/* No pseudo-header: the id is all that changes. */
static void rewrite_echo(uint8_t *icmp, const struct pw_nat_plan *plan)
{
	uint16_t id = plan->sport_be | plan->dport_be;
	uint32_t delta = pw_csum_diff16(load16(icmp + ICMP_ID), id);

	store16(icmp + ICMP_ID, id);
	store16(icmp + ICMP_CSUM, pw_csum_update(load16(icmp + ICMP_CSUM), delta));
}

static bool rewrite_l4(const struct pw_pkt *pkt, const struct pw_nat_plan *plan)
{
	uint8_t *l4 = pkt->data + pkt->l4_off;

	switch (pkt->l4_proto) {
	case IPPROTO_TCP:
		rewrite_tcp(pkt, l4, plan);
		return true;
	case IPPROTO_UDP:
		rewrite_udp(pkt, l4, plan);
		return true;
	case IPPROTO_ICMP:
		rewrite_echo(l4, plan);
		return true;
	default:
		return rewrite_sctp(pkt, l4, plan);
	}
}

bool pw_rewrite_nat(struct pw_pkt *pkt, const struct pw_nat_plan *plan)
{
	uint8_t *ip = pkt->data + pkt->l3_off;

	store32(ip + IP4_SRC, plan->src_be);
	store32(ip + IP4_DST, plan->dst_be);
	store16(ip + IP4_CSUM, pw_csum_update(load16(ip + IP4_CSUM), plan->l3_delta));
	pkt->src_be = plan->src_be;
	pkt->dst_be = plan->dst_be;
	if (!(pkt->flags & PW_PKT_HAS_PORTS))
		return true;
	pkt->sport_be = plan->sport_be;
	pkt->dport_be = plan->dport_be;
	return rewrite_l4(pkt, plan);
}

void pw_rewrite_ttl(struct pw_pkt *pkt)
{
	if (pkt->flags & PW_PKT_IPV6)
		pkt->data[pkt->l3_off + IP6_HOPS]--;
	else
		pw_rewrite_ttl4(pkt);
}
