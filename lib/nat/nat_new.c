/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nat_new.c - a packet that has no flow: refuse it, let it pass, or give it one.
 *
 *   destination             then
 *   VIP, port of a Service  choose an endpoint; hairpin if that is the client itself
 *   VIP, other port         refused (SVC-4)
 *   service CIDR            dropped
 *   endpoint                identity flow: nothing is translated, but the reply key is taken
 *   anything else           passes
 *
 * If the reply key is taken, the flow gets another source port (nat_snat.c).
 */
#include <netinet/in.h>

#include "nat_priv.h"

static void drop(struct pw_pkt *pkt, uint8_t reason)
{
	pkt->verdict = reason;
}

static void punt(struct pw_pkt *pkt, enum pw_punt why)
{
	pkt->verdict = PW_VERDICT_PUNT;
	pkt->punt = (uint16_t)why;
}

/* SVC-4; a RST or ABORT is never answered. */
static void reject(struct pw_pkt *pkt, const struct ct_proto *ct, uint8_t event)
{
	if (ct_aborts(ct, event))
		drop(pkt, PW_DROP_SVC_REJECT);
	else
		punt(pkt, pkt->l4_proto == IPPROTO_TCP ? PW_PUNT_TCP_RST : PW_PUNT_ICMP_PORT);
}

/* ---- room ---- */

static bool is_droppable(const union flow_line *line, uint32_t state)
{
	return ct_state_of(flow_proto(line), state)->droppable;
}

/* CT-9. false: the table is full of flows that must stay. */
static bool make_room(struct pw_nat *nat, uint32_t worker, const struct flow_key *key)
{
	struct flow_table *flows = &nat->flows;

	if (!flow_is_full(flows, worker))
		return true;

	uint32_t line = flow_find_victim(flows, flow_hash(key, flows->secret), is_droppable);

	if (line == 0)
		return false;

	uint32_t state = flow_state(&flows->lines[line]);

	if (is_droppable(&flows->lines[line], state) && flow_kill(flows, worker, line, state)) {
		nat_count_end(nat, &nat->workers[worker], &flows->lines[line]);
		nat_count(&nat->workers[worker].early_dropped);
	}
	return true;
}

/* SEC-7 */
static bool is_over_limit(const struct pw_nat *nat, flow_addr client_be)
{
	return nat->clients != NULL &&
	       client_cap_count(nat->clients, flow_addr_fold(client_be)) >= nat->flows_per_client;
}

/* ---- a new flow ---- */

static void count_new(struct pw_nat *nat, uint32_t worker, const struct flow_new *f)
{
	uint32_t service = (uint32_t)(f->info >> 16) & FLOW_ID_MAX;

	nat_count(&nat->workers[worker].inserted);
	if (nat->clients != NULL)
		client_cap_add(nat->clients, flow_addr_fold(f->orig.t.src_be));
	if (service != FLOW_ID_NONE)
		nat_count(&nat->workers[worker].svc[service].new_flows);
}

/*
 * No flow for this packet. What needs no translation passes without one (CT-9), unless its replies would be
 * taken for those of another flow.
 */
static bool refuse(struct pw_nat *nat, struct pw_pkt *pkt, const struct flow_new *f,
	uint64_t *counter, uint8_t reason)
{
	if (flow_info_kind(f->info) != PW_FLOW_IDENTITY ||
		flow_lookup(&nat->flows, &f->reply) != 0) {
		nat_count(counter);
		drop(pkt, reason);
	}
	return false;
}

/* false: it has none, or one that another worker made. */
static bool give_flow(struct pw_nat *nat, uint32_t worker, struct pw_pkt *pkt, struct flow_new *f)
{
	struct nat_worker *w = &nat->workers[worker];
	bool is_new = false;
	uint32_t ref = 0;

	if (is_over_limit(nat, f->orig.t.src_be))
		return refuse(nat, pkt, f, &w->limited, PW_DROP_FLOW_LIMIT);
	if (!make_room(nat, worker, &f->orig))
		return refuse(nat, pkt, f, &w->full, PW_DROP_FLOW_FULL);
	switch (nat_insert(nat, worker, f, &ref)) {
	case FLOW_INSERTED:
		count_new(nat, worker, f);
		is_new = true;
		break;
	case FLOW_EXISTS:
		nat_count(&w->existed);
		break;
	case FLOW_REPLY_TAKEN:
		nat_count(&w->snat_exhausted);
		drop(pkt, PW_DROP_SNAT_PORTS);
		return false;
	case FLOW_BUSY:
		nat_count(&w->pending_seen);
		pkt->verdict = PW_VERDICT_RETRY;
		return false;
	case FLOW_NO_LINE:
		return refuse(nat, pkt, f, &w->full, PW_DROP_FLOW_FULL);
	}
	/* Only a flow that ended this instant refuses the packet; the client sends it again. */
	if (!nat_hit(nat, worker, pkt, ref, f->now_sec))
		pkt->verdict = PW_VERDICT_RETRY;
	return is_new;
}

static struct flow_new flow_for(
	const struct pw_pkt *pkt, const struct ct_proto *ct, uint8_t event, uint32_t now_sec)
{
	struct flow_new f = {
		.orig = nat_pkt_key(pkt), .now_sec = now_sec, .ct = ct_first(ct, event)};

	f.reply.proto = f.orig.proto;
	f.reply.t = flow_tuple_reverse(&f.orig.t);
	return f;
}

/* Who a client that is its own endpoint sees as its peer, so that it answers us: the node's address; to
 * the node itself the VIP, to which it has a route by us, while it never answers itself. */
static flow_addr hairpin_source(const struct pw_nat *nat, const struct pw_pkt *pkt)
{
	flow_addr snat_be = nat_snat_address(nat);

	return snat_be == nat_src(pkt) ? nat_dst(pkt) : snat_be;
}

static void to_service(struct pw_nat *nat, uint32_t worker, struct pw_pkt *pkt, uint32_t service,
	const struct ct_proto *ct, uint8_t event, uint32_t now_sec)
{
	struct nat_worker *w = &nat->workers[worker];
	const struct svc_set *set = svc_set_of(nat, service);

	if (set == NULL || set->n == 0) {
		nat_count(&w->svc[service].no_endpoint);
		reject(pkt, ct, event);
		return;
	}
	bool begins = pkt->l4_proto != IPPROTO_TCP || ct_opens(ct, event);
	uint32_t at;

	/* The middle of a connection nobody here knows (CT-5): the client is told at once. */
	if ((!begins && ct_aborts(ct, event)) ||
		!nat_choose(nat, worker, set, pkt, begins, now_sec, &at)) {
		reject(pkt, ct, event);
		return;
	}

	const struct svc_endpoint *e = &set->endpoint[at];
	struct flow_new f = flow_for(pkt, ct, event, now_sec);
	bool hairpin = e->ip_be == nat_src(pkt);

	f.reply.t.src_be = e->ip_be;
	f.reply.t.sport_be = e->port_be;
	if (hairpin)
		f.reply.t.dst_be = hairpin_source(nat, pkt);
	f.info = flow_info(
		pkt->l4_proto, hairpin ? PW_FLOW_HAIRPIN : PW_FLOW_SERVICE, service, e->id);
	if (f.reply.t.dst_be == 0) {
		drop(pkt, PW_DROP_SNAT_PORTS);
		return;
	}
	if (give_flow(nat, worker, pkt, &f) && set->affinity_sec > 0)
		nat_remember_choice(nat, set, nat_src(pkt), at, now_sec);
}

static void to_endpoint(struct pw_nat *nat, uint32_t worker, struct pw_pkt *pkt, uint32_t endpoint,
	const struct ct_proto *ct, uint8_t event, uint32_t now_sec)
{
	struct flow_new f = flow_for(pkt, ct, event, now_sec);

	if (ct_aborts(ct, event))
		return;
	f.info = flow_info(pkt->l4_proto, PW_FLOW_IDENTITY, FLOW_ID_NONE, endpoint);
	(void)give_flow(nat, worker, pkt, &f);
}

enum target {
	OTHER,
	SERVICE,
	VIP,
	SERVICE_CIDR,
	ENDPOINT
};

/* *id: of the Service, or of the endpoint. */
static enum target target_of(
	const struct pw_nat *nat, flow_addr dst_be, uint16_t dport_be, uint8_t proto, uint32_t *id)
{
	if (svc_find(nat, dst_be, dport_be, proto, id))
		return SERVICE;
	if (svc_is_vip(nat, dst_be))
		return VIP;
	if (nat_in_service_cidr(nat, dst_be))
		return SERVICE_CIDR;
	return endpoint_known(&nat->endpoints, nat_key(dst_be, dport_be, proto), id) ? ENDPOINT
										     : OTHER;
}

bool nat_miss_passes(const struct pw_nat *nat, flow_addr dst_be, uint16_t dport_be, uint8_t proto)
{
	uint32_t id;

	return target_of(nat, dst_be, dport_be, proto, &id) == OTHER;
}

void nat_miss(struct pw_nat *nat, uint32_t worker, struct pw_pkt *pkt, uint32_t now_sec)
{
	const struct ct_proto *ct = ct_proto(pkt->l4_proto);
	uint8_t event = nat_event(pkt);
	uint32_t id;

	switch (target_of(nat, nat_dst(pkt), pkt->dport_be, pkt->l4_proto, &id)) {
	case SERVICE:
		to_service(nat, worker, pkt, id, ct, event, now_sec);
		break;
	case VIP:
		reject(pkt, ct, event);
		break;
	case SERVICE_CIDR:
		drop(pkt, PW_DROP_VIP_UNKNOWN);
		break;
	case ENDPOINT:
		to_endpoint(nat, worker, pkt, id, ct, event, now_sec);
		break;
	case OTHER:
		break;
	}
}
