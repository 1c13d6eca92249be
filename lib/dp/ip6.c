/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ip6.c - IPv6 in the flow, l3 and rewrite stages.
 *
 * IPv4 packets do not come here: each of these stages asks once a batch whether there is any IPv6 in
 * it. What cannot be forwarded leaves as a punt, as of IPv4: the control thread resolves neighbours
 * and sends errors. Nothing is fragmented on the way (RFC 8200 section 5).
 */
#include <netinet/in.h>

#include "forward.h"
#include "pw_build6.h"
#include "pw_in6.h"
#include "pw_rewrite.h"
#include "worker.h"

#define HOP_LIMIT    7 /* from the IPv6 header */
#define SRC          8
#define DST          24
#define ECHO_REQUEST 128

void stage_ip6_flow(struct worker *w)
{
	struct pw_nat6 *nat = w->dp->params.nat6;
	struct pw_pkt *wanted[PW_BATCH_MAX];
	uint32_t n = pw_nat6_select(nat, w->batch.pkt, w->batch.n, wanted);

	if (n == 0)
		return;
	pw_nat6_process(nat, w->id, wanted, n, w->now_sec);
	w->work |= PW_PKT_NAT | PW_PKT_IPV6;
}

/* ---- l3 ---- */

static const uint8_t *header(const struct pw_pkt *pkt)
{
	return pkt->data + pkt->l3_off;
}

/* fe80::/10: not to leave its link (RFC 4291 2.5.6). */
static bool is_link_local(const uint8_t *ip)
{
	return ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80;
}

/* As of IPv4 (stage_l3.c): a later fragment of ICMPv6 is taken for a part of an echo. */
static bool is_echo_request(const struct pw_pkt *pkt)
{
	if (pkt->flags & PW_PKT_FRAG_LATER)
		return pkt->l4_proto == IPPROTO_ICMPV6;
	return (pkt->flags & PW_PKT_ICMP_ECHO) != 0 && pkt->data[pkt->l4_off] == ECHO_REQUEST;
}

static void forward(struct worker *w, struct pw_pkt *pkt, const struct pw_adj *adj)
{
	uint64_t word = pw_adj_word(adj);

	if (pw_adj_word_state(word) != PW_ADJ_RESOLVED)
		punt(pkt, pw_adj_word_state(word) == PW_ADJ_FAILED ? PW_PUNT_ICMP_HOST
								   : PW_PUNT_NEIGH);
	else if (ttl_ends(header(pkt)[HOP_LIMIT]) && (pkt->flags & PW_PKT_ORIGINATED) == 0)
		punt(pkt, PW_PUNT_ICMP_TTL);
	else if (ip_bytes_on_wire(pkt) > adj->mtu) /* nobody on the way may fragment it */
		punt(pkt, PW_PUNT_ICMP_MTU);
	if (pkt->verdict != PW_VERDICT_CONTINUE)
		return;
	adj_used(w, adj);
	pkt->out_port = adj_out_port(w, adj, word);
	if (pkt->out_port == PORT_FLOOD)
		pkt->bridge = adj->bridge; /* where it is flooded */
}

/* It goes back by the route to who asked. */
static void answer_echo(struct worker *w, struct pw_pkt *pkt)
{
	const struct pw_adj *adjs = pw_adj_array(w->dp->params.adj);

	pw_icmp6_echo_turn(pkt);
	pkt->flags |= PW_PKT_ORIGINATED;
	pkt->adj = pw_lpm6_lookup(w->dp->params.lpm6, pw_prefix_key_v6(header(pkt) + DST));
	if (pkt->adj == PW_LPM_MISS)
		pkt->verdict = PW_DROP_NO_ROUTE;
	else if (adjs[pkt->adj].kind == PW_ADJ_FORWARD)
		forward(w, pkt, &adjs[pkt->adj]);
	else if (adjs[pkt->adj].kind == PW_ADJ_GLEAN)
		punt(pkt, PW_PUNT_NEIGH);
	else
		pkt->verdict = PW_DROP_LOCAL_PROTO; /* a source address of ours: nobody to answer */
}

static void deliver_local(struct worker *w, struct pw_pkt *pkt)
{
	if (is_echo_request(pkt))
		answer_echo(w, pkt);
	else
		refuse_local(pkt, IPPROTO_ICMPV6);
}

/* The flow stage has had its say; what is left can only be an echo request (ICMP-8). */
static void deliver_service(struct worker *w, struct pw_pkt *pkt)
{
	if (is_echo_request(pkt))
		answer_echo(w, pkt);
	else
		pkt->verdict = PW_DROP_VIP_UNKNOWN;
}

/* A link-local source (RFC 4291 2.5.6): it may speak to us, but not through us. */
static void route_from_link(struct pw_pkt *pkt, const struct pw_adj *adj)
{
	punt(pkt, adj->kind == PW_ADJ_LOCAL ? PW_PUNT_LINK : PW_PUNT_ICMP_SCOPE);
}

static void route(struct worker *w, struct pw_pkt *pkt, const struct pw_adj *adj)
{
	switch ((enum pw_adj_kind)adj->kind) {
	case PW_ADJ_FORWARD:
		forward(w, pkt, adj);
		break;
	case PW_ADJ_GLEAN:
		punt(pkt, PW_PUNT_NEIGH);
		break;
	case PW_ADJ_LOCAL:
		deliver_local(w, pkt);
		break;
	case PW_ADJ_SERVICE:
		deliver_service(w, pkt);
		break;
	case PW_ADJ_BLACKHOLE:
		pkt->verdict = PW_DROP_BLACKHOLE;
		break;
	case PW_ADJ_UNREACHABLE: /* net/ipv6/route.c: no route */
		punt(pkt, PW_PUNT_ICMP_NET);
		break;
	case PW_ADJ_PROHIBIT:
		punt(pkt, PW_PUNT_ICMP_ADMIN);
		break;
	case PW_ADJ_FREE: /* looked up just before its route went */
		pkt->verdict = PW_DROP_NO_ROUTE;
		break;
	}
}

/* Where it goes, as the LPM wants it. */
static struct pw_prefix_key destination(const struct worker *w, const struct pw_pkt *pkt)
{
	pw_in6 ip_be;

	if ((pkt->flags & PW_PKT_NAT) == 0)
		return pw_prefix_key_v6(header(pkt) + DST);
	ip_be = pw_nat6_route_dst(w->dp->params.nat6, pkt);
	return pw_prefix_key_v6((const uint8_t *)&ip_be);
}

/* What needs no look into the table is decided here. */
static bool is_routable(const struct worker *w, struct pw_pkt *pkt)
{
	if (w->dp->params.lpm6 == NULL)
		pkt->verdict = PW_DROP_IP6_ROUTE;
	else if (pkt->flags & PW_PKT_L2_MCAST || header(pkt)[DST] == 0xff)
		pkt->verdict = PW_DROP_MCAST_ROUTE;
	else if (pkt->flags & PW_PKT_NAT || !is_link_local(header(pkt) + DST))
		return true;
	else if (pkt->flags & PW_PKT_ORIGINATED)
		pkt->verdict = PW_DROP_IP6_ROUTE;
	else
		punt(pkt, PW_PUNT_LINK);
	return false;
}

void stage_ip6_route(struct worker *w)
{
	const uint32_t mask = PW_PKT_ROUTED | PW_PKT_IPV6;
	const struct pw_adj *adjs = pw_adj_array(w->dp->params.adj);
	struct pw_pkt *routed[PW_BATCH_MAX], *end = w->batch.pkt + w->batch.n;
	struct pw_prefix_key keys[PW_BATCH_MAX];
	uint32_t found[PW_BATCH_MAX], n = 0;

	for (struct pw_pkt *pkt = w->batch.pkt; pkt < end; pkt++) {
		if (pkt->verdict != PW_VERDICT_CONTINUE || (pkt->flags & mask) != mask ||
			!is_routable(w, pkt))
			continue;
		keys[n] = destination(w, pkt);
		routed[n++] = pkt;
	}
	if (n == 0)
		return;
	pw_lpm6_lookup_bulk(w->dp->params.lpm6, keys, found, n);
	for (uint32_t i = 0; i < n; i++) {
		routed[i]->adj = found[i];
		if (found[i] == PW_LPM_MISS)
			punt(routed[i], PW_PUNT_ICMP_NET);
		else if (is_link_local(header(routed[i]) + SRC) &&
			 (routed[i]->flags & PW_PKT_ORIGINATED) == 0)
			route_from_link(routed[i], &adjs[found[i]]);
		else
			route(w, routed[i], &adjs[found[i]]);
	}
}

/* ---- rewrite ---- */

static void rewrite(struct worker *w, struct pw_pkt *pkt)
{
	const struct pw_adj *adj;

	if (pkt->flags & PW_PKT_NAT && !pw_nat6_rewrite(w->dp->params.nat6, pkt)) {
		pkt->verdict = PW_DROP_ICMP_QUOTE;
		return;
	}
	if (pkt->flags & PW_PKT_ROUTED) {
		if ((pkt->flags & PW_PKT_ORIGINATED) == 0)
			pw_rewrite_ttl(pkt);
		adj = &pw_adj_array(w->dp->params.adj)[pkt->adj];
		pw_rewrite_macs(pkt, pw_adj_word_mac48(pw_adj_word(adj)), adj->src_mac48);
	}
	pkt->verdict = PW_VERDICT_TX; /* so that the stage itself does not look at it */
}

void stage_ip6_rewrite(struct worker *w)
{
	struct pw_pkt *end = w->batch.pkt + w->batch.n;

	for (struct pw_pkt *pkt = w->batch.pkt; pkt < end; pkt++) {
		if (pkt->verdict == PW_VERDICT_CONTINUE && (pkt->flags & PW_PKT_IPV6) != 0)
			rewrite(w, pkt);
	}
}
