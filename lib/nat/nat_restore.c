/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nat_restore.c - flows of an earlier process (flow_region.h) become flows of this one.
 *
 * A line is believed if it says nothing that could not be: known protocol and state, a translation
 * that fits its kind, checksum deltas that fit the translation, keys that no other line has. All
 * others are free lines. Service numbers are given anew by (VIP, port, protocol), which each line
 * holds itself: pw_nat_service_set() of the same Service gets the number its flows have, and
 * pw_nat_services_synced() says that those without are gone. Endpoints and VIPs of the flows are
 * known to the gate and to the directory from the start, so that no answer leaves untranslated.
 *
 * Nothing here must happen once only: a process killed on the way leaves a file that can be read
 * again.
 */
#include <errno.h>
#include <netinet/in.h>

#include "flow_hook.h"
#include "nat_priv.h"

#include "pw_rewrite.h"

/* ---- is it a flow? ---- */

static bool has_known_state(const union flow_line *line)
{
	uint8_t proto = flow_proto(line);

	return (proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_SCTP) &&
	       flow_state_ct(line->state) < ct_proto(proto)->n_states;
}

static bool has_own_deltas(const union flow_line *line)
{
	const struct flow_tuple *in = &line->tuple[FLOW_ORIG], *out = &line->tuple[FLOW_REPLY];
	struct pw_nat_plan plan = {
		.src_be = out->dst_be,
		.dst_be = out->src_be,
		.sport_be = out->dport_be,
		.dport_be = out->sport_be,
	};

	pw_nat_plan_deltas(&plan, in->src_be, in->dst_be, in->sport_be, in->dport_be);
	return plan.l3_delta == line->l3_delta && plan.l4_delta == line->l4_delta;
}

static bool fits_its_kind(const union flow_line *line)
{
	const struct flow_tuple *orig = &line->tuple[FLOW_ORIG], *reply = &line->tuple[FLOW_REPLY];
	struct flow_tuple back = flow_tuple_reverse(reply);
	bool changed = !flow_tuple_equal(orig, &back);

	if (orig->src_be == 0 || orig->dst_be == 0 || reply->src_be == 0 || reply->dst_be == 0 ||
		changed != flow_is_nat(line))
		return false;
	switch (flow_kind(line)) {
	case PW_FLOW_SERVICE:
		return reply->dst_be == orig->src_be;
	case PW_FLOW_HAIRPIN:
		return reply->src_be == orig->src_be;
	case PW_FLOW_IDENTITY:
		return reply->src_be == orig->dst_be && reply->dst_be == orig->src_be;
	default:
		return false;
	}
}

static bool is_flow(const union flow_line *line)
{
	return flow_state_life(line->state) == FLOW_LIVE && has_known_state(line) &&
	       fits_its_kind(line) && has_own_deltas(line);
}

/* ---- what it belongs to ---- */

static int64_t new_number(struct pw_nat *nat, uint64_t key, const union flow_line *line)
{
	const struct flow_tuple *orig = &line->tuple[FLOW_ORIG];
	int64_t id = pw_idpool_alloc(nat->svc_ids);

	if (id < 0)
		return id;
	nat->svcs[id] = (struct svc){
		.vip_be = orig->dst_be,
		.port_be = orig->dport_be,
		.proto = flow_proto(line),
		.life = SVC_RESTORED,
	};
	gate_add(nat->gate, nat->svcs[id].vip_be);
	if (pw_map64_set(nat->restored, key, (uint64_t)id) == 0)
		return id;
	nat->svcs[id].life = SVC_UNUSED;
	pw_idpool_free(nat->svc_ids, (uint32_t)id);
	return -ENOSPC;
}

static uint32_t service_number(struct pw_nat *nat, const union flow_line *line)
{
	const struct flow_tuple *orig = &line->tuple[FLOW_ORIG];
	uint64_t key = nat_key(orig->dst_be, orig->dport_be, flow_proto(line)), id;
	int64_t fresh;

	if (flow_kind(line) == PW_FLOW_IDENTITY)
		return FLOW_ID_NONE;
	if (pw_map64_lookup(nat->restored, key, &id))
		return (uint32_t)id;
	fresh = new_number(nat, key, line);
	return fresh >= 0 ? (uint32_t)fresh : FLOW_ID_NONE;
}

/* Known, as one that no Service names any more. */
static void know_endpoint(struct pw_nat *nat, const union flow_line *line)
{
	const struct flow_tuple *reply = &line->tuple[FLOW_REPLY];
	uint64_t key = nat_key(reply->src_be, reply->sport_be, flow_proto(line));
	uint32_t known;
	int64_t id;

	if (endpoint_known(&nat->endpoints, key, &known))
		return;
	id = endpoint_get(&nat->endpoints, reply->src_be, reply->sport_be, flow_proto(line));
	if (id >= 0)
		endpoint_put(&nat->endpoints, (uint32_t)id);
}

static void know_snat(struct pw_nat *nat, flow_addr ip_be)
{
	gate_add(nat->gate, ip_be);
	for (uint32_t i = 0; i < PW_ARRAY_SIZE(nat->snat_seen); i++)
		if (nat->snat_seen[i] == ip_be)
			return;
	nat->snat_seen[nat->n_snat_seen++ % PW_ARRAY_SIZE(nat->snat_seen)] = ip_be;
}

static void know_addresses(struct pw_nat *nat, const union flow_line *line)
{
	know_endpoint(nat, line);
	gate_add(nat->gate, line->tuple[FLOW_ORIG].dst_be);
	gate_add(nat->gate, line->tuple[FLOW_REPLY].src_be);
	if (line->tuple[FLOW_REPLY].dst_be != line->tuple[FLOW_ORIG].src_be)
		know_snat(nat, line->tuple[FLOW_REPLY].dst_be);
}

static void count(struct pw_nat *nat, const union flow_line *line)
{
	struct nat_worker *w = nat_control(nat);

	nat_count(&w->restored);
	if (flow_service(line) != FLOW_ID_NONE)
		nat_count(&w->svc[flow_service(line)].new_flows);
	if (nat->clients != NULL)
		client_cap_add(nat->clients, flow_addr_fold(line->tuple[FLOW_ORIG].src_be));
}

/* ---- all of them ---- */

static void take(struct pw_nat *nat, uint32_t id)
{
	union flow_line *line = &nat->flows.lines[id];

	PW_RACE_POINT();
	line->info = flow_info(flow_proto(line), (uint8_t)(line->info >> 8),
		service_number(nat, line), FLOW_ID_NONE);
	PW_RACE_POINT();
	line->adj[0] = line->adj[1] = UINT64_MAX; /* adjacencies have other numbers now */
	know_addresses(nat, line);
	count(nat, line);
}

int nat_restore(struct pw_nat *nat, struct pw_limbo *limbo)
{
	struct flow_table *flows = &nat->flows;

	nat->restored = pw_map64_create(nat->alloc, limbo, 2 * nat->n_svc_ids);
	if (nat->restored == NULL)
		return -ENOMEM;
	nat->unsynced = 1;
	for (uint32_t i = 1; i < flows->n_lines; i++) {
		union flow_line *line = &flows->lines[i];

		if (flow_state_life(line->state) != FLOW_LIVE)
			continue;
		if (is_flow(line) && flow_adopt(flows, i)) {
			take(nat, i);
			continue;
		}
		PW_RACE_POINT();
		line->state = flow_state_set_life(line->state, FLOW_DEAD);
		nat->n_not_restored++;
	}
	return 0;
}

int64_t nat_restored_number(struct pw_nat *nat, uint64_t key)
{
	uint64_t id;

	if (nat->restored == NULL || !pw_map64_lookup(nat->restored, key, &id))
		return -ENOENT;
	pw_map64_del(nat->restored, key);
	return (int64_t)id;
}

void pw_nat_services_synced(struct pw_nat *nat)
{
	if (nat->restored == NULL)
		return;
	pw_map64_destroy(nat->restored);
	nat->restored = NULL;
	for (uint32_t i = 0; i < nat->n_svc_ids; i++)
		if (nat->svcs[i].life == SVC_RESTORED)
			nat->svcs[i].life = SVC_ZOMBIE;
	__atomic_store_n(&nat->unsynced, 0, __ATOMIC_RELEASE);
	__atomic_add_fetch(&nat->sweep_wanted, 1, __ATOMIC_RELEASE);
}

void pw_nat_restored(const struct pw_nat *nat, struct pw_nat_restored *restored)
{
	*restored = (struct pw_nat_restored){
		.flows = (uint32_t)nat_counted(&nat_control(nat)->restored),
		.invalid = nat->n_not_restored,
		.discarded = nat->region.discarded,
	};
}
