/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nat_half.h - what nat.c does with the NAT of one family. nat.c includes it twice, with
 *   N(name), F(name)  pw_nat_name or pw_nat6_name; pw_flow_name or pw_flow6_name
 *   S(name)           a static function or type of this half
 *   FAMILY            enum pw_family
 *   TABLE             member of struct pw_ctl
 *   TO_BE(ip)         the address as this NAT has it; zero for one of family NONE
 *   TO_IP(be)         and back
 */

#define ENDPOINT(ip_be, port_be)                                                                   \
	(struct ctl_endpoint)                                                                      \
	{                                                                                          \
		.ip = TO_IP(ip_be), .port = rte_be_to_cpu_16(port_be)                              \
	}

static int S(service_set)(struct pw_ctl *ctl, const struct ctl_nat_service *svc, uint32_t *id)
{
	struct N(endpoint) *eps = calloc(svc->n_endpoints + 1, sizeof(*eps));
	struct N(service) entry = {.vip_be = TO_BE(&svc->vip),
		.port_be = rte_cpu_to_be_16(svc->port),
		.proto = svc->proto,
		.endpoints = eps,
		.affinity_sec = svc->affinity_sec,
		.algorithm = svc->algorithm};
	int rc;

	if (eps == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < svc->n_endpoints; i++) {
		if (svc->endpoints[i].family != FAMILY)
			continue;
		eps[entry.n_endpoints].ip_be = TO_BE(&svc->endpoints[i]);
		eps[entry.n_endpoints++].port_be = rte_cpu_to_be_16(svc->target_port);
	}
	rc = N(service_set)(ctl->TABLE, &entry, id);
	free(eps);
	return rc;
}

/* false: flows of this family do not match. */
static bool S(filter)(
	const struct pw_ctl *ctl, const struct ctl_flow_filter *from, struct F(filter) * to)
{
	if (ctl->TABLE == NULL || !may_be(&from->client.ip, FAMILY) ||
		!may_be(&from->vip.ip, FAMILY) || !may_be(&from->backend.ip, FAMILY))
		return false;
	memset(to, 0, sizeof(*to));
	to->proto = from->proto;
	to->state = from->state;
	to->client_be = TO_BE(&from->client.ip);
	to->vip_be = TO_BE(&from->vip.ip);
	to->backend_be = TO_BE(&from->backend.ip);
	to->client_port_be = rte_cpu_to_be_16(from->client.port);
	to->vip_port_be = rte_cpu_to_be_16(from->vip.port);
	to->backend_port_be = rte_cpu_to_be_16(from->backend.port);
	for (uint32_t i = 0; i < from->n_any; i++) {
		if (from->any[i].family == FAMILY)
			to->any_be[to->n_any++] = TO_BE(&from->any[i]);
	}
	return from->n_any == 0 || to->n_any > 0;
}

struct S(show) {
	void (*fn)(void *arg, const struct ctl_flow *flow);
	void *arg;
};

static void S(show_flow)(void *arg, const struct F(info) * f)
{
	const struct S(show) *show = arg;
	struct ctl_flow flow = {.proto = f->proto,
		.kind = f->kind,
		.state = f->state,
		.client = ENDPOINT(f->client_be, f->client_port_be),
		.vip = ENDPOINT(f->vip_be, f->vip_port_be),
		.backend = ENDPOINT(f->backend_be, f->backend_port_be),
		.age_sec = f->age_sec,
		.idle_sec = f->idle_sec,
		.timeout_sec = f->timeout_sec};

	if (f->snat_be != 0)
		flow.snat = ENDPOINT(f->snat_be, f->snat_port_be);
	show->fn(show->arg, &flow);
}

static uint32_t S(flows)(const struct pw_ctl *ctl, const struct ctl_flow_filter *filter,
	uint32_t limit, void (*fn)(void *arg, const struct ctl_flow *flow), void *arg)
{
	struct S(show) show = {fn, arg};
	struct F(filter) own;

	if (!S(filter)(ctl, filter, &own))
		return 0;
	return N(flows)(ctl->TABLE, &own, limit, ctl_now_sec(ctl), S(show_flow), &show);
}

static uint32_t S(flow_counts)(const struct pw_ctl *ctl, const struct ctl_flow_filter *filter,
	void (*fn)(void *arg, const struct pw_flow_count *count), void *arg)
{
	struct F(filter) own;

	return S(filter)(ctl, filter, &own) ? N(flow_counts)(ctl->TABLE, &own, fn, arg) : 0;
}

static uint32_t S(flush)(struct pw_ctl *ctl, const struct ctl_flow_filter *filter)
{
	struct F(filter) own;

	return S(filter)(ctl, filter, &own) ? N(flush)(ctl->TABLE, &own) : 0;
}

struct S(show_uses) {
	void (*fn)(void *arg, const struct ctl_snat_use *use);
	void *arg;
};

static void S(show_use)(void *arg, const struct N(snat_use) * u)
{
	const struct S(show_uses) *show = arg;
	const struct ctl_snat_use use = {.snat = TO_IP(u->snat_be),
		.dst = ENDPOINT(u->dst_be, u->dst_port_be),
		.proto = u->proto,
		.used = u->used,
		.size = u->size};

	show->fn(show->arg, &use);
}

static int S(snat_uses)(
	const struct pw_ctl *ctl, void (*fn)(void *arg, const struct ctl_snat_use *use), void *arg)
{
	struct S(show_uses) show = {fn, arg};

	return N(snat_uses)(ctl->TABLE, S(show_use), &show);
}

#undef ENDPOINT
#undef N
#undef F
#undef S
#undef FAMILY
#undef TABLE
#undef TO_BE
#undef TO_IP
