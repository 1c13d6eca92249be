/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nat_snat.c - a source port for each flow, and how many are in use (CT-10).
 *
 * The table itself says which ports are free: a flow's reply key - protocol, endpoint, source
 * address and port - must be its own, so each destination has all ports for itself. The port of
 * the client is kept if it may be and is free; else ports are tried from a random one on, as in the
 * kernel's search for a unique tuple (nf_nat_core.c).
 *
 * On the SNAT address, which the kernel owns too, only ports of the configured range are taken,
 * which no socket of the host gets; on a client's own address a port stays in its class.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>

#include "nat_priv.h"

#include "pw_rewrite.h"

#define PORT_TRIES 128 /* as nf_nat_core.c */
#define BUSY_TRIES 4   /* re-reads of a PENDING line in one call; then PW_VERDICT_RETRY */

struct port_range {
	uint16_t min, n;
};

/* RFC 6056, nf_nat_core.c: < 512, < 1024, the rest. */
static struct port_range port_class(uint16_t port)
{
	if (port < 512)
		return (struct port_range){1, 511};
	if (port < 1024)
		return (struct port_range){600, 424};
	return (struct port_range){1024, UINT16_MAX - 1024 + 1};
}

static bool is_masqueraded(const struct flow_new *f)
{
	return f->reply.t.dst_be != f->orig.t.src_be;
}

static struct port_range ports_for(const struct pw_nat *nat, const struct flow_new *f)
{
	if (is_masqueraded(f))
		return (struct port_range){nat->snat_port_min, nat->snat_ports};
	return port_class(ntohs(f->orig.t.sport_be));
}

static void set_translation(struct flow_new *f, struct pw_nat_plan *plan)
{
	const struct flow_tuple *in = &f->orig.t;

	*plan = (struct pw_nat_plan){
		.src_be = f->reply.t.dst_be,
		.dst_be = f->reply.t.src_be,
		.sport_be = f->reply.t.dport_be,
		.dport_be = f->reply.t.sport_be,
	};
	pw_nat_plan_deltas(plan, in->src_be, in->dst_be, in->sport_be, in->dport_be);
	f->l3_delta = plan->l3_delta;
	f->l4_delta = plan->l4_delta;
}

static enum flow_status insert_once(
	struct pw_nat *nat, uint32_t worker, struct flow_new *f, uint32_t *ref)
{
	struct pw_nat_plan plan;
	struct flow_tuple back = flow_tuple_reverse(&f->reply.t);
	bool changed = !flow_tuple_equal(&f->orig.t, &back);

	if (changed)
		f->info |= (uint64_t)FLOW_F_NAT << 8;
	set_translation(f, &plan);
	return flow_insert(&nat->flows, worker, f, ref);
}

static enum flow_status insert_other_port(struct pw_nat *nat, uint32_t worker, struct flow_new *f,
	struct port_range range, uint32_t *ref)
{
	struct nat_worker *w = &nat->workers[worker];
	uint32_t start = nat_random_below(w, range.n);
	uint32_t tries = PW_MIN((uint32_t)range.n, (uint32_t)PORT_TRIES);

	for (uint32_t i = 0; i < tries; i++) {
		uint32_t offset = start + i;

		if (offset >= range.n)
			offset -= range.n;
		f->reply.t.dport_be = htons((uint16_t)(range.min + offset));
		if (flow_lookup(&nat->flows, &f->reply) != 0)
			continue;

		enum flow_status status = insert_once(nat, worker, f, ref);

		if (status != FLOW_REPLY_TAKEN)
			return status;
	}
	return FLOW_REPLY_TAKEN;
}

static enum flow_status insert_somehow(
	struct pw_nat *nat, uint32_t worker, struct flow_new *f, uint32_t *ref)
{
	struct port_range range = ports_for(nat, f);
	uint16_t port = ntohs(f->orig.t.sport_be);
	enum flow_status status = FLOW_REPLY_TAKEN;

	f->reply.t.dport_be = f->orig.t.sport_be;
	if (!is_masqueraded(f) || (uint16_t)(port - range.min) < range.n)
		status = insert_once(nat, worker, f, ref);
	if (status != FLOW_REPLY_TAKEN)
		return status;
	nat_count(&nat->workers[worker].reply_conflicts);
	return insert_other_port(nat, worker, f, range, ref);
}

enum flow_status nat_insert(struct pw_nat *nat, uint32_t worker, struct flow_new *f, uint32_t *ref)
{
	enum flow_status status = FLOW_BUSY;

	for (unsigned i = 0; i < BUSY_TRIES && status == FLOW_BUSY; i++) {
		if (i > 0) {
			nat_count(&nat->workers[worker].pending_seen);
			__builtin_ia32_pause();
		}
		status = insert_somehow(nat, worker, f, ref);
	}
	return status;
}

/* ---- use ---- */

struct use_list {
	struct pw_nat_snat_use *v;
	uint32_t n, room;
};

static bool use_add(struct use_list *list, const union flow_line *line)
{
	const struct flow_tuple *reply = &line->tuple[FLOW_REPLY];

	if (list->n == list->room) {
		uint32_t room = list->room == 0 ? 256 : 2 * list->room;
		void *grown = realloc(list->v, room * sizeof(list->v[0]));

		if (grown == NULL)
			return false;
		list->v = grown;
		list->room = room;
	}
	list->v[list->n++] = (struct pw_nat_snat_use){
		.snat_be = reply->dst_be,
		.dst_be = reply->src_be,
		.dst_port_be = reply->sport_be,
		.proto = flow_proto(line),
		.used = 1,
	};
	return true;
}

/* As one sorts addresses for people: by value, not by words in memory. */
static int use_compare(const void *a, const void *b)
{
	const struct pw_nat_snat_use *x = a, *y = b;
	int order = memcmp(&x->snat_be, &y->snat_be, sizeof(x->snat_be));

	if (order == 0)
		order = x->proto - y->proto;
	if (order == 0)
		order = memcmp(&x->dst_be, &y->dst_be, sizeof(x->dst_be));
	return order != 0 ? order : ntohs(x->dst_port_be) - ntohs(y->dst_port_be);
}

static void use_merge(struct use_list *list)
{
	uint32_t kept = 0;

	if (list->n == 0)
		return;
	qsort(list->v, list->n, sizeof(list->v[0]), use_compare);
	for (uint32_t i = 1; i < list->n; i++) {
		if (use_compare(&list->v[kept], &list->v[i]) == 0)
			list->v[kept].used++;
		else
			list->v[++kept] = list->v[i];
	}
	list->n = kept + 1;
}

int pw_nat_snat_uses(const struct pw_nat *nat,
	void (*fn)(void *arg, const struct pw_nat_snat_use *use), void *arg)
{
	struct use_list list = {0};
	int ret = -ENOMEM;

	for (uint32_t i = 1; i < nat->flows.n_lines; i++) {
		union flow_line line;

		if (flow_snapshot(&nat->flows.lines[i], &line) &&
			line.tuple[FLOW_REPLY].dst_be != line.tuple[FLOW_ORIG].src_be &&
			!use_add(&list, &line))
			goto out;
	}
	use_merge(&list);
	for (uint32_t i = 0; i < list.n; i++) {
		list.v[i].size = nat->snat_ports;
		fn(arg, &list.v[i]);
	}
	ret = 0;
out:
	free(list.v);
	return ret;
}
