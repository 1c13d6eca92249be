/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nat_show.c - the table for people: list, count and flush.
 *
 * The control thread is no reader of the grace periods; it takes copies that it checks against the
 * line's state word (flow_snapshot).
 */
#include <netinet/in.h>
#include <string.h>

#include "nat_priv.h"

static bool has_any(const struct pw_flow_filter *filter, const union flow_line *line)
{
	const struct flow_tuple *orig = &line->tuple[FLOW_ORIG];
	const struct flow_tuple *reply = &line->tuple[FLOW_REPLY];

	for (uint32_t i = 0; i < filter->n_any; i++) {
		flow_addr ip_be = filter->any_be[i];

		if (ip_be == orig->src_be || ip_be == orig->dst_be || ip_be == reply->src_be ||
			ip_be == reply->dst_be)
			return true;
	}
	return filter->n_any == 0;
}

static const char *state_name(const union flow_line *line)
{
	return ct_state_of(flow_proto(line), line->state)->name;
}

static bool matches(const struct pw_flow_filter *filter, const union flow_line *line)
{
	const struct flow_tuple *orig = &line->tuple[FLOW_ORIG];

	return (filter->proto == 0 || filter->proto == flow_proto(line)) &&
	       (filter->client_be == 0 || filter->client_be == orig->src_be) &&
	       (filter->client_port_be == 0 || filter->client_port_be == orig->sport_be) &&
	       (filter->vip_be == 0 || filter->vip_be == orig->dst_be) &&
	       (filter->vip_port_be == 0 || filter->vip_port_be == orig->dport_be) &&
	       (filter->backend_be == 0 || filter->backend_be == line->tuple[FLOW_REPLY].src_be) &&
	       (filter->backend_port_be == 0 ||
		       filter->backend_port_be == line->tuple[FLOW_REPLY].sport_be) &&
	       has_any(filter, line) &&
	       (filter->state == NULL || strcmp(filter->state, state_name(line)) == 0);
}

static void describe(const struct pw_nat *nat, const union flow_line *line, uint32_t now_sec,
	struct pw_flow_info *info)
{
	const struct flow_tuple *orig = &line->tuple[FLOW_ORIG];
	const struct flow_tuple *reply = &line->tuple[FLOW_REPLY];
	const struct ct_state *state = ct_state_of(flow_proto(line), line->state);
	uint32_t last = PW_MIN(line->last_seen, now_sec);

	*info = (struct pw_flow_info){
		.proto = flow_proto(line),
		.kind = (enum pw_flow_kind)flow_kind(line),
		.state = state->name,
		.client_be = orig->src_be,
		.client_port_be = orig->sport_be,
		.vip_be = orig->dst_be,
		.vip_port_be = orig->dport_be,
		.backend_be = reply->src_be,
		.backend_port_be = reply->sport_be,
		.age_sec = now_sec - PW_MIN(line->created, now_sec),
		.idle_sec = now_sec - last,
		.timeout_sec = nat->timeout_sec[state->timeout],
		.service_id = flow_service(line),
	};
	if (reply->dst_be != orig->src_be || reply->dport_be != orig->sport_be) {
		info->snat_be = reply->dst_be;
		info->snat_port_be = reply->dport_be;
	}
}

uint32_t pw_nat_flows(const struct pw_nat *nat, const struct pw_flow_filter *filter, uint32_t limit,
	uint32_t now_sec, void (*fn)(void *arg, const struct pw_flow_info *info), void *arg)
{
	uint32_t n = 0;

	for (uint32_t i = 1; i < nat->flows.n_lines; i++) {
		union flow_line line;
		struct pw_flow_info info;

		if (!flow_snapshot(&nat->flows.lines[i], &line) || !matches(filter, &line))
			continue;
		if (n++ >= limit)
			continue;
		describe(nat, &line, now_sec, &info);
		fn(arg, &info);
	}
	return n;
}

/* ---- counts ---- */

static const struct {
	uint8_t proto;
	const struct ct_proto *ct;
} counted_protos[] = {
	{IPPROTO_TCP, &ct_tcp},
	{IPPROTO_UDP, &ct_udp},
	{IPPROTO_SCTP, &ct_sctp},
};

#ifndef PW_NAT_V6 /* one for both families */
bool pw_nat_is_flow_state(const char *name)
{
	for (size_t p = 0; p < PW_ARRAY_SIZE(counted_protos); p++)
		for (unsigned s = 0; s < counted_protos[p].ct->n_states; s++)
			if (strcmp(counted_protos[p].ct->states[s].name, name) == 0)
				return true;
	return false;
}
#endif

/* States of one name are one row: TCP's two fin_wait. */
static void report_states(const struct ct_proto *ct, uint8_t proto, const uint32_t *counts,
	void (*fn)(void *arg, const struct pw_flow_count *count), void *arg)
{
	for (unsigned s = 0; s < ct->n_states; s++) {
		struct pw_flow_count count = {proto, ct->states[s].name, counts[s]};

		if (s > 0 && strcmp(ct->states[s - 1].name, count.state) == 0)
			continue;
		if (s + 1 < ct->n_states && strcmp(ct->states[s + 1].name, count.state) == 0)
			count.flows += counts[s + 1];
		if (count.flows > 0)
			fn(arg, &count);
	}
}

uint32_t pw_nat_flow_counts(const struct pw_nat *nat, const struct pw_flow_filter *filter,
	void (*fn)(void *arg, const struct pw_flow_count *count), void *arg)
{
	uint32_t counts[PW_ARRAY_SIZE(counted_protos)][1 << 4] = {0};
	uint32_t total = 0;

	for (uint32_t i = 1; i < nat->flows.n_lines; i++) {
		union flow_line line;

		if (!flow_snapshot(&nat->flows.lines[i], &line) || !matches(filter, &line))
			continue;
		total++;
		for (size_t p = 0; p < PW_ARRAY_SIZE(counted_protos); p++)
			if (counted_protos[p].proto == flow_proto(&line))
				counts[p][flow_state_ct(line.state)]++;
	}
	for (size_t p = 0; p < PW_ARRAY_SIZE(counted_protos); p++)
		report_states(counted_protos[p].ct, counted_protos[p].proto, counts[p], fn, arg);
	return total;
}

/* ---- flush ---- */

/* A packet that changes the protocol state at this moment makes us look again. */
static bool flush_one(struct pw_nat *nat, const struct pw_flow_filter *filter, uint32_t id)
{
	union flow_line line;

	while (flow_snapshot(&nat->flows.lines[id], &line) && matches(filter, &line)) {
		if (flow_kill_by_control(&nat->flows, id, line.state)) {
			nat_count_end(nat, nat_control(nat), &line);
			return true;
		}
	}
	return false;
}

uint32_t pw_nat_flush(struct pw_nat *nat, const struct pw_flow_filter *filter)
{
	uint32_t n = 0;

	for (uint32_t i = 1; i < nat->flows.n_lines; i++)
		n += flush_one(nat, filter, i);
	return n;
}
