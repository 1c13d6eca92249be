/* SPDX-License-Identifier: BSD-3-Clause */
/* nat.c - both NATs behind one set of calls (nat.h). */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_byteorder.h>

#include "nat.h"

static bool may_be(const struct pw_ip *ip, uint8_t family)
{
	return ip->family == PW_FAMILY_NONE || ip->family == family;
}

#define N(name)   pw_nat_##name
#define F(name)   pw_flow_##name
#define S(name)   name##_v4
#define FAMILY    PW_IPV4
#define TABLE     nat
#define TO_BE(ip) ((ip)->v4_be)
#define TO_IP(be) pw_ip_from_v4(be)
#include "nat_half.h"

#define N(name)   pw_nat6_##name
#define F(name)   pw_flow6_##name
#define S(name)   name##_v6
#define FAMILY    PW_IPV6
#define TABLE     nat6
#define TO_BE(ip) pw_in6_from_ip(ip)
#define TO_IP(be) pw_in6_to_ip(be)
#include "nat_half.h"

/* ---- tables ---- */

/* How the flows of the last run fared. */
static void tell_restored(const char *path, const struct pw_nat_restored *r)
{
	if (r->discarded != NULL)
		pw_info("flow", "%s: connections of before are forgotten: %s", path, r->discarded);
	else if (r->flows > 0)
		pw_info("flow", "%s: %u connections go on", path, r->flows);
	if (r->invalid > 0)
		pw_info("flow", "%s: %u entries were half-written and are dropped", path,
			r->invalid);
}

static void no_file(struct pw_nat_params *params)
{
	pw_warn("flow", "%s: %s; connections through Services will end with this daemon",
		params->flow_file, strerror(errno));
	params->flow_file = NULL;
}

/* Without a file flows live as long as the daemon: no reason not to start. */
static struct pw_nat *create_v4(const struct pw_ctl *ctl, struct pw_nat_params params)
{
	struct pw_nat *nat = pw_nat_create(ctl->alloc, ctl->limbo, &params);

	if (nat != NULL || errno == ENOMEM)
		return nat;
	no_file(&params);
	return pw_nat_create(ctl->alloc, ctl->limbo, &params);
}

static struct pw_nat6 *create_v6(const struct pw_ctl *ctl, struct pw_nat_params params)
{
	struct pw_nat6 *nat = pw_nat6_create(ctl->alloc, ctl->limbo, &params);

	if (nat != NULL || errno == ENOMEM)
		return nat;
	no_file(&params);
	return pw_nat6_create(ctl->alloc, ctl->limbo, &params);
}

int ctl_nat_create(struct pw_ctl *ctl)
{
	struct pw_nat_params params = {
		.max_flows = ctl->conf->limits.flows,
		.max_services = ctl->conf->limits.services,
		.max_endpoints = ctl->conf->limits.endpoints,
		.n_workers = ctl->conf->cpu.n_workers,
		.flows_per_client = ctl->conf->limits.flows_per_client,
		.hold_bytes = 4 << 20, /* ICMP-6; kernel: net.ipv4.ipfrag_high_thresh */
		.timeout_sec = ctl->conf->conntrack.timeout_sec,
		.flow_file = ctl->conf->flow_file,
	};
	struct pw_nat_restored restored;
	char path6[PATH_MAX];

	ctl->nat = create_v4(ctl, params);
	if (ctl->nat == NULL)
		return -ENOMEM;
	pw_nat_restored(ctl->nat, &restored);
	tell_restored(params.flow_file, &restored);
	snprintf(path6, sizeof(path6), "%s6", ctl->conf->flow_file);
	if (ctl->conf->limits.flows_ipv6 == 0)
		return 0;
	params.flow_file = path6;
	params.max_flows = ctl->conf->limits.flows_ipv6;
	ctl->nat6 = create_v6(ctl, params);
	if (ctl->nat6 == NULL) {
		ctl_nat_destroy(ctl);
		return -ENOMEM;
	}
	pw_nat6_restored(ctl->nat6, &restored);
	tell_restored(path6, &restored);
	return 0;
}

void ctl_nat_destroy(struct pw_ctl *ctl)
{
	pw_nat6_destroy(ctl->nat6);
	pw_nat_destroy(ctl->nat);
	ctl->nat6 = NULL;
	ctl->nat = NULL;
}

/* ---- Services ---- */

bool ctl_nat_has(const struct pw_ctl *ctl, uint8_t family)
{
	return family == PW_IPV6 ? ctl->nat6 != NULL : ctl->nat != NULL;
}

int ctl_nat_service_set(struct pw_ctl *ctl, const struct ctl_nat_service *svc, uint32_t *id)
{
	if (!ctl_nat_has(ctl, svc->vip.family))
		return -EAFNOSUPPORT;
	return svc->vip.family == PW_IPV6 ? service_set_v6(ctl, svc, id)
					  : service_set_v4(ctl, svc, id);
}

int ctl_nat_service_del(struct pw_ctl *ctl, const struct pw_ip *vip, uint16_t port, uint8_t proto)
{
	const uint16_t port_be = rte_cpu_to_be_16(port);

	if (!ctl_nat_has(ctl, vip->family))
		return -ENOENT;
	return vip->family == PW_IPV6
		       ? pw_nat6_service_del(ctl->nat6, pw_in6_from_ip(vip), port_be, proto)
		       : pw_nat_service_del(ctl->nat, vip->v4_be, port_be, proto);
}

int ctl_nat_service_stats(
	const struct pw_ctl *ctl, uint8_t family, uint32_t id, struct pw_nat_service_stats *stats)
{
	if (!ctl_nat_has(ctl, family))
		return -ENOENT;
	return family == PW_IPV6 ? pw_nat6_service_stats(ctl->nat6, id, stats)
				 : pw_nat_service_stats(ctl->nat, id, stats);
}

void ctl_nat_services_synced(struct pw_ctl *ctl)
{
	pw_nat_services_synced(ctl->nat);
	if (ctl->nat6 != NULL)
		pw_nat6_services_synced(ctl->nat6);
}

int ctl_nat_set_service_cidrs(struct pw_ctl *ctl, const struct pw_conf_prefixes *cidrs)
{
	int rc = pw_nat_set_service_cidrs(ctl->nat, cidrs->v, cidrs->n);

	return rc != 0 || ctl->nat6 == NULL
		       ? rc
		       : pw_nat6_set_service_cidrs(ctl->nat6, cidrs->v, cidrs->n);
}

void ctl_nat_set_snat_address(struct pw_ctl *ctl, uint8_t family, const struct pw_ip *ip)
{
	if (!ctl_nat_has(ctl, family))
		return;
	if (family == PW_IPV6)
		pw_nat6_set_snat_address(ctl->nat6, pw_in6_from_ip(ip));
	else
		pw_nat_set_snat_address(ctl->nat, ip->v4_be);
}

int ctl_nat_set_snat_ports(struct pw_ctl *ctl, uint16_t first, uint16_t last)
{
	int rc = pw_nat_set_snat_ports(ctl->nat, first, last);

	return rc != 0 || ctl->nat6 == NULL ? rc : pw_nat6_set_snat_ports(ctl->nat6, first, last);
}

/* ---- flows ---- */

uint32_t ctl_nat_flows(const struct pw_ctl *ctl, const struct ctl_flow_filter *filter,
	uint32_t limit, void (*fn)(void *arg, const struct ctl_flow *flow), void *arg)
{
	uint32_t n = flows_v4(ctl, filter, limit, fn, arg);

	return n + flows_v6(ctl, filter, limit - PW_MIN(n, limit), fn, arg);
}

uint32_t ctl_nat_flow_counts(const struct pw_ctl *ctl, const struct ctl_flow_filter *filter,
	void (*fn)(void *arg, const struct pw_flow_count *count), void *arg)
{
	uint32_t n = flow_counts_v4(ctl, filter, fn, arg);

	return n + flow_counts_v6(ctl, filter, fn, arg);
}

uint32_t ctl_nat_flush(struct pw_ctl *ctl, const struct ctl_flow_filter *filter)
{
	uint32_t n = flush_v4(ctl, filter);

	return n + flush_v6(ctl, filter);
}

int ctl_nat_snat_uses(
	const struct pw_ctl *ctl, void (*fn)(void *arg, const struct ctl_snat_use *use), void *arg)
{
	int rc = snat_uses_v4(ctl, fn, arg);

	return rc != 0 || ctl->nat6 == NULL ? rc : snat_uses_v6(ctl, fn, arg);
}

void ctl_nat_stats(const struct pw_ctl *ctl, uint8_t family, struct pw_nat_stats *stats)
{
	*stats = (struct pw_nat_stats){0};
	if (!ctl_nat_has(ctl, family))
		return;
	if (family == PW_IPV6)
		pw_nat6_stats(ctl->nat6, stats);
	else
		pw_nat_stats(ctl->nat, stats);
}
