/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ip6.c - IPv6 in the flow, l3 and rewrite stages.
 *
 * IPv4 packets do not come here: each of these stages asks once a batch whether there is any IPv6 in
 * it. What IPv4 answers with an ICMP error is dropped with its reason; neighbours are those that are
 * known for certain (pods), none is looked for.
 */
#include <netinet/in.h>

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

static bool is_echo_request(const struct pw_pkt *pkt)
{
	return (pkt->flags & (PW_PKT_ICMP_ECHO | PW_PKT_FRAG)) == PW_PKT_ICMP_ECHO &&
	       pkt->data[pkt->l4_off] == ECHO_REQUEST;
}

static uint32_t ip_bytes_on_wire(const struct pw_pkt *pkt)
{
	if ((pkt->flags & PW_PKT_GSO) == 0)
		return pkt->ip_len;
	return (uint32_t)pkt->m->l3_len + pkt->m->l4_len + pkt->m->tso_segsz;
}

static void forward(struct worker *w, struct pw_pkt *pkt, const struct pw_adj *adj)
{
	uint64_t word = pw_adj_word(adj), found;

	if (pw_adj_word_state(word) != PW_ADJ_RESOLVED)
		pkt->verdict = PW_DROP_NEIGH_FAILED;
	else if (header(pkt)[HOP_LIMIT] <= 1 && (pkt->flags & PW_PKT_ORIGINATED) == 0)
		pkt->verdict = PW_DROP_TTL;
	else if (ip_bytes_on_wire(pkt) > adj->mtu) /* nobody on the way may fragment it */
		pkt->verdict = PW_DROP_MTU;
	if (pkt->verdict != PW_VERDICT_CONTINUE)
		return;
	if (!adj->permanent)
		pw_adj_touch(adj, w->now_sec);
	if (adj->port != PW_PORT_NONE) {
		pkt->out_port = adj->port;
		return;
	}
	found = pw_fdb_lookup(w->dp->params.fdb, adj->bridge, pw_adj_word_mac48(word));
	pkt->out_port = found == PW_FDB_MISS ? PORT_FLOOD : pw_fdb_result_port(found);
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
	else
		pkt->verdict = adjs[pkt->adj].kind == PW_ADJ_GLEAN ? PW_DROP_NEIGH_FAILED
								   : PW_DROP_LOCAL_PROTO;
}

static void route(struct worker *w, struct pw_pkt *pkt, const struct pw_adj *adj)
{
	switch ((enum pw_adj_kind)adj->kind) {
	case PW_ADJ_FORWARD:
		forward(w, pkt, adj);
		break;
	case PW_ADJ_LOCAL:
	case PW_ADJ_SERVICE: /* the flow stage has had its say */
		if (is_echo_request(pkt))
			answer_echo(w, pkt);
		else
			pkt->verdict = adj->kind == PW_ADJ_LOCAL ? PW_DROP_LOCAL_PROTO
								 : PW_DROP_VIP_UNKNOWN;
		break;
	case PW_ADJ_GLEAN:
		pkt->verdict = PW_DROP_NEIGH_FAILED;
		break;
	case PW_ADJ_BLACKHOLE:
		pkt->verdict = PW_DROP_BLACKHOLE;
		break;
	case PW_ADJ_UNREACHABLE:
		pkt->verdict = PW_DROP_UNREACHABLE;
		break;
	case PW_ADJ_PROHIBIT:
		pkt->verdict = PW_DROP_PROHIBIT;
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

static bool is_routable(const struct worker *w, struct pw_pkt *pkt)
{
	if (w->dp->params.lpm6 == NULL || is_link_local(header(pkt) + SRC) ||
		is_link_local(header(pkt) + DST))
		pkt->verdict = PW_DROP_IP6_ROUTE;
	else if (pkt->flags & PW_PKT_L2_MCAST || header(pkt)[DST] == 0xff)
		pkt->verdict = PW_DROP_MCAST_ROUTE;
	return pkt->verdict == PW_VERDICT_CONTINUE;
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
			routed[i]->verdict = PW_DROP_NO_ROUTE;
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
