/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "plan.h"
#include "pw_cni_json.h"
#include "pw_ipc_json.h"

/* The daemon speaks the language of a CNI result for these two. */
static int parse_lists(struct plan *plan, const json_t *answer, struct pw_cni_error *error)
{
	static struct pw_cni_result result; /* 20 KB, once a process */

	if (pw_cni_result_parse(&result, answer, "cni.prepare", error) != 0)
		return -EPROTO;
	if (result.n_ips == 0 || result.n_ips > PW_CNI_MAX_IPS) {
		pw_cni_result_clear(&result);
		return pw_cni_fail(error, PW_CNI_E_DAEMON, "cni.prepare: 1..%d addresses expected",
			PW_CNI_MAX_IPS);
	}
	memcpy(plan->ips, result.ips, sizeof(plan->ips));
	memcpy(plan->routes, result.routes, sizeof(plan->routes));
	plan->n_ips = result.n_ips;
	plan->n_routes = result.n_routes;
	for (unsigned i = 0; i < plan->n_ips; i++) {
		plan->v4 |= plan->ips[i].address.ip.family == PW_IPV4;
		plan->v6 |= plan->ips[i].address.ip.family == PW_IPV6;
	}
	pw_cni_result_clear(&result);
	return 0;
}

static int parse_neighbours(struct plan *plan, const json_t *answer, struct pw_cni_error *error)
{
	json_t *list = NULL, *entry;
	size_t i;

	if (pw_cni_json_array(answer, "cni.prepare", "neighbours", &list, error) != 0)
		return -EPROTO;
	json_array_foreach (list, i, entry) {
		struct pw_ip *ip = &plan->neighbours[i].ip;

		if (i == PLAN_MAX_NEIGHBOURS)
			return pw_cni_fail(
				error, PW_CNI_E_DAEMON, "cni.prepare: too many neighbours");
		if (pw_cni_json_ip(entry, "cni.prepare.neighbours[]", "address", ip, error) != 0 ||
			pw_cni_json_mac(entry, "cni.prepare.neighbours[]", "mac",
				&plan->neighbours[i].mac, error) != 0)
			return -EPROTO;
		if (ip->family == PW_FAMILY_NONE || pw_mac_is_zero(&plan->neighbours[i].mac))
			return pw_cni_fail(error, PW_CNI_E_DAEMON,
				"cni.prepare: neighbour without address or MAC");
		plan->n_neighbours++;
	}
	return 0;
}

int plan_parse(struct plan *plan, const json_t *answer, struct pw_cni_error *error)
{
	uint64_t mtu = 0;

	*plan = (struct plan){.routed = strcmp(pw_json_str(answer, "mode", ""), "routed") == 0};
	snprintf(plan->port, sizeof(plan->port), "%s", pw_json_str(answer, "port", ""));
	if (pw_cni_json_mac(answer, "cni.prepare", "mac", &plan->mac, error) != 0 ||
		pw_cni_json_mac(answer, "cni.prepare", "host_mac", &plan->host_mac, error) != 0 ||
		pw_cni_json_u64(answer, "cni.prepare", "mtu", 68, UINT16_MAX, &mtu, error) != 0 ||
		parse_lists(plan, answer, error) != 0 ||
		parse_neighbours(plan, answer, error) != 0) {
		error->code = PW_CNI_E_DAEMON;
		return -EPROTO;
	}
	plan->mtu = (uint32_t)mtu;
	if (plan->port[0] == '\0' || pw_mac_is_zero(&plan->mac) || plan->mtu == 0)
		return pw_cni_fail(error, PW_CNI_E_DAEMON,
			"cni.prepare: port, mac or mtu is missing in the answer");
	return 0;
}

/* The gateway of the pod's first address of the family; family NONE if it has none. */
static struct pw_ip plan_gateway(const struct plan *plan, uint8_t family)
{
	for (unsigned i = 0; i < plan->n_ips; i++) {
		if (plan->ips[i].address.ip.family == family &&
			plan->ips[i].gateway.family != PW_FAMILY_NONE)
			return plan->ips[i].gateway;
	}
	return (struct pw_ip){0};
}

static int add_route(
	struct plan *plan, const struct pw_cni_route *route, struct pw_cni_error *error)
{
	if (plan->n_routes == PW_CNI_MAX_ROUTES)
		return pw_cni_fail(
			error, PW_CNI_E_CONFIG, "routes: more than %d", PW_CNI_MAX_ROUTES);
	plan->routes[plan->n_routes++] = *route;
	return 0;
}

/* Puts routes given by the operator or the IPAM in the place of the daemon's. */
static int replace_routes(
	struct plan *plan, const struct pw_cni_route *given, unsigned n, struct pw_cni_error *error)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < plan->n_routes; i++) {
		if (plan->routes[i].gw.family == PW_FAMILY_NONE)
			plan->routes[kept++] = plan->routes[i];
	}
	plan->n_routes = kept;
	for (unsigned i = 0; i < n; i++) {
		struct pw_cni_route route = given[i];
		uint8_t family = route.dst.ip.family;

		if (!(family == PW_IPV4 ? plan->v4 : plan->v6))
			continue;
		/* In routed mode no other gateway is on the link. */
		if (route.gw.family == PW_FAMILY_NONE || plan->routed)
			route.gw = plan_gateway(plan, family);
		if (add_route(plan, &route, error) != 0)
			return -EPROTO;
	}
	return 0;
}

static bool has_direct_route(const struct plan *plan, const struct pw_ip *ip)
{
	for (unsigned i = 0; i < plan->n_routes; i++) {
		if (plan->routes[i].gw.family == PW_FAMILY_NONE &&
			pw_prefix_contains(&plan->routes[i].dst, ip))
			return true;
	}
	return false;
}

static bool has_neighbour(const struct plan *plan, const struct pw_ip *ip)
{
	for (unsigned i = 0; i < plan->n_neighbours; i++) {
		if (pw_ip_equal(&plan->neighbours[i].ip, ip))
			return true;
	}
	return false;
}

/* A pod with a /32 of its own has no link to its gateway until told so. */
static int reach_gateway(struct plan *plan, const struct pw_ip *gw, struct pw_cni_error *error)
{
	struct pw_cni_route direct = {.dst = {.ip = *gw, .len = gw->family == PW_IPV4 ? 32 : 128}};

	if (!has_neighbour(plan, gw) && !pw_mac_is_zero(&plan->host_mac) &&
		plan->n_neighbours < PLAN_MAX_NEIGHBOURS) {
		plan->neighbours[plan->n_neighbours].ip = *gw;
		plan->neighbours[plan->n_neighbours].mac = plan->host_mac;
		plan->n_neighbours++;
	}
	return has_direct_route(plan, gw) ? 0 : add_route(plan, &direct, error);
}

static int reach_gateways(struct plan *plan, struct pw_cni_error *error)
{
	unsigned n = plan->n_routes;

	for (unsigned i = 0; i < n; i++) {
		struct pw_ip gw = plan->routes[i].gw;

		if (gw.family != PW_FAMILY_NONE && reach_gateway(plan, &gw, error) != 0)
			return -EPROTO;
	}
	return 0;
}

/* Those on the link first: the kernel refuses a gateway it cannot reach. */
static void sort_routes(struct plan *plan)
{
	unsigned direct = 0;

	for (unsigned i = 0; i < plan->n_routes; i++) {
		struct pw_cni_route route = plan->routes[i];

		if (route.gw.family != PW_FAMILY_NONE)
			continue;
		memmove(&plan->routes[direct + 1], &plan->routes[direct],
			(i - direct) * sizeof(route));
		plan->routes[direct++] = route;
	}
}

int plan_complete(struct plan *plan, const struct pw_cni_conf *conf,
	const struct pw_cni_result *ipam, struct pw_cni_error *error)
{
	static struct pw_cni_result own;
	const struct pw_cni_result *given = ipam;

	if (conf->mode != NULL && (strcmp(conf->mode, "routed") == 0) != plan->routed)
		return pw_cni_fail(error, PW_CNI_E_CONFIG,
			"mode: \"%s\": podwayd connects pods %s (pods.mode of its configuration)",
			conf->mode, plan->routed ? "routed" : "bridged");
	if (conf->ipam_routes != NULL) {
		json_t *wrapped = json_pack("{s:O}", "routes", conf->ipam_routes);
		int rc = pw_cni_result_parse(&own, wrapped, "ipam", error);

		json_decref(wrapped);
		if (rc != 0)
			return -EPROTO;
		given = &own;
	}
	if (given != NULL && given->n_routes != 0 &&
		replace_routes(plan, given->routes, given->n_routes, error) != 0)
		return -EPROTO;
	if (plan->routed && reach_gateways(plan, error) != 0)
		return -EPROTO;
	sort_routes(plan);
	return 0;
}

int plan_result(const struct plan *plan, const struct pw_cni_env *env, struct pw_cni_result *result,
	struct pw_cni_error *error)
{
	char port[sizeof(plan->port)], ifname[PW_CNI_IFNAME_MAX + 1], sandbox[PATH_MAX];
	char host_mac[PW_MAC_STRLEN], mac[PW_MAC_STRLEN];
	struct pw_cni_interface host = {.name = port, .mac = host_mac, .mtu = plan->mtu};
	struct pw_cni_interface pod = {
		.name = ifname, .mac = mac, .mtu = plan->mtu, .sandbox = sandbox};
	int index;

	memcpy(port, plan->port, sizeof(port));
	snprintf(ifname, sizeof(ifname), "%s", env->ifname);
	snprintf(sandbox, sizeof(sandbox), "%s", env->netns);
	pw_mac_format(&plan->mac, mac);
	pw_mac_format(&plan->host_mac, host_mac);
	if (pw_mac_is_zero(&plan->host_mac))
		host.mac = NULL;
	if (pw_cni_result_add_interface(result, &host, error) < 0)
		return -EPROTO;
	index = pw_cni_result_add_interface(result, &pod, error);
	if (index < 0)
		return -EPROTO;
	for (unsigned i = 0; i < plan->n_ips; i++) {
		struct pw_cni_address ip = plan->ips[i];

		ip.interface = index;
		if (pw_cni_result_add_ip(result, &ip, error) < 0)
			return -EPROTO;
	}
	for (unsigned i = 0; i < plan->n_routes; i++) {
		if (pw_cni_result_add_route(result, &plan->routes[i], error) < 0)
			return -EPROTO;
	}
	return 0;
}
