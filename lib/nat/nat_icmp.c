/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nat_icmp.c - ICMP errors about packets of translated flows (ICMP-5, RFC 5508 section 4).
 *
 * An error quotes a packet as it was after translation, and goes back towards its sender. With
 * addresses and ports of the quote swapped it is therefore a packet of the opposite direction,
 * whose key finds the flow. It leaves with the quote as the sender wrote it, for the sender's
 * address. The outer source is translated only if it is the other end itself; a router on the way
 * keeps its own address, so that traceroute shows it. Errors change neither the flow's state nor
 * its age.
 */
#include <netinet/in.h>

#include "nat_priv.h"

#include "pw_parse.h"

static uint32_t find(const struct pw_nat *nat, const struct pw_icmp_quote *quote)
{
	struct flow_key key = {
		.t = {quote->dst_be, quote->src_be, quote->dport_be, quote->sport_be},
		.proto = quote->proto,
	};

	return flow_lookup(&nat->flows, &key);
}

/* About no flow of ours: passes, unless it is for a VIP, which sends nothing by itself. */
static void foreign(struct pw_nat *nat, struct pw_pkt *pkt)
{
	if (svc_is_vip(nat, nat_dst(pkt)))
		pkt->verdict = PW_DROP_ICMP_QUOTE;
	else if (nat_in_service_cidr(nat, nat_dst(pkt)))
		pkt->verdict = PW_DROP_VIP_UNKNOWN;
}

void nat_icmp_error(struct pw_nat *nat, struct pw_pkt *pkt)
{
	struct pw_icmp_quote quote;
	uint32_t ref = pw_parse_icmp_quote(pkt, &quote) ? find(nat, &quote) : 0;

	if (ref == 0) {
		foreign(nat, pkt);
		return;
	}

	const union flow_line *line = &nat->flows.lines[ref >> 1];

	if (!flow_is_nat(line))
		return;
	pkt->flow = ref >> 1;
	pkt->flags |= PW_PKT_NAT | (ref & 1 ? PW_PKT_NAT_REPLY : 0);
	nat_set_route_dst(pkt, line->tuple[!(ref & 1)].src_be);
}
