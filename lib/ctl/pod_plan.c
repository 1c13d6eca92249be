/* SPDX-License-Identifier: BSD-3-Clause */
/* pod_plan.c - what a new pod gets: addresses, MAC, MTU, name of its port; the answer to
 * cni.prepare. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bridge.h"
#include "local.h"
#include "pod_priv.h"
#include "port_reg.h"
#include "pw_ipam_range.h"
#include "route.h"

#define ALLOC_TRIES 64

static bool is_routed(const struct ctl_pod *pod)
{
	return pod->bridge == PW_BRIDGE_NONE;
}

/* ---- addresses ---- */

/* Somebody on this node has it: us, a static peer, another IPAM's pod. */
static bool is_taken(const struct pw_ctl *ctl, const struct pw_ip *ip)
{
	const struct ctl_pod *pod;

	if (ctl_known_find(ctl, ip) != NULL || ctl_local_is_ours(ctl, ip))
		return true;
	LIST_FOREACH (pod, &ctl->pods->list, link) {
		for (uint32_t i = 0; pod->state != CTL_POD_LOST && i < pod->n_ips; i++) {
			if (pw_ip_equal(&pod->ips[i].address.ip, ip))
				return true;
		}
	}
	return false;
}

/* The subnet a pod's address is in: the bridge's, whose gateway is ours, else the range's own. */
static const struct pw_prefix *gateway_for(const struct ctl_pod *pod, const struct pw_ip *ip)
{
	const struct ctl_bridge *bridge = ctl_bridge_at(pod->ctl, pod->bridge);

	return bridge != NULL ? ctl_bridge_gateway(bridge, ip) : NULL;
}

static void set_address(
	struct ctl_pod *pod, const struct pw_prefix *address, const struct pw_ip *gateway)
{
	struct ctl_pod_ip *ip = &pod->ips[pod->n_ips++];
	const struct pw_prefix *ours = gateway_for(pod, &address->ip);

	*ip = (struct ctl_pod_ip){.address = *address};
	if (gateway != NULL)
		ip->gateway = *gateway;
	if (ours != NULL)
		ip->gateway = ours->ip;
	if (!is_routed(pod))
		return;
	ip->address.len = pw_ip_bits(&address->ip);
	(void)pw_ip_parse(ctl_routed_gateway(address->ip.family), &ip->gateway);
}

static int take_given(struct ctl_pod *pod, const struct pod_request *request, struct pw_err *err)
{
	char text[PW_IP_STRLEN];

	if (request->n_addresses > CTL_POD_MAX_IPS)
		return pw_err_set(err, -EINVAL, "addresses: at most %u", CTL_POD_MAX_IPS);
	for (unsigned i = 0; i < request->n_addresses; i++) {
		const struct pw_prefix *address = &request->addresses[i];

		if (is_taken(pod->ctl, &address->ip))
			return pw_err_set(err, -EEXIST, "addresses: %s is in use on this node",
				pw_ip_format(&address->ip, text));
		set_address(pod, address, NULL);
	}
	pod->delegated = true;
	return 0;
}

/* Ranges when none are given: pod_cidr, else the bridge's own subnets. */
static int default_ranges(
	const struct ctl_pod *pod, struct pw_ipam_ranges *ranges, struct pw_err *err)
{
	const struct pw_conf *conf = pod->ctl->conf;
	const struct ctl_bridge *bridge = ctl_bridge_at(pod->ctl, pod->bridge);
	const struct pw_conf_prefixes *list = &conf->pod_cidrs;
	struct pw_prefix subnets[PW_IPAM_MAX_SETS];
	unsigned n = 0;

	if (list->n == 0 && bridge != NULL)
		list = &bridge->conf->gateways;
	for (uint32_t i = 0; i < list->n && n < PW_IPAM_MAX_SETS; i++)
		subnets[n++] = pw_prefix_masked(&list->v[i]);
	if (n == 0)
		return pw_err_set(err, -EINVAL,
			"no addresses for pods: give pod_cidr in %s, or \"ipam\" in the network "
			"configuration",
			conf->path);
	return pw_ipam_ranges_from_prefixes(subnets, NULL, n, ranges, err);
}

/* Our gateway in a range's subnet is its gateway, so that no pod gets that address. */
static void set_gateways(const struct ctl_pod *pod, struct pw_ipam_ranges *ranges)
{
	const struct ctl_bridge *bridge = ctl_bridge_at(pod->ctl, pod->bridge);

	for (unsigned s = 0; bridge != NULL && s < ranges->n; s++) {
		for (unsigned r = 0; r < ranges->sets[s].n; r++) {
			struct pw_ipam_range *range = &ranges->sets[s].v[r];

			for (uint32_t g = 0; g < bridge->conf->gateways.n; g++) {
				const struct pw_ip *ip = &bridge->conf->gateways.v[g].ip;

				if (pw_prefix_contains(&range->subnet, ip))
					range->gateway = *ip;
			}
		}
	}
}

static bool lease_is_taken(const struct pw_ctl *ctl, const struct pw_ipam_lease *lease)
{
	for (unsigned i = 0; i < lease->n; i++) {
		if (is_taken(ctl, &lease->addresses[i].ip))
			return true;
	}
	return false;
}

/* The pool knows its own leases only: an address that somebody else has is passed over. */
static int alloc_lease(struct ctl_pod *pod, const struct pw_ipam_request *request,
	const struct pw_ipam_lease **lease, struct pw_err *err)
{
	for (unsigned tries = 0; tries < ALLOC_TRIES; tries++) {
		int rc = pw_ipam_pool_alloc(pod->ctl->ipam, request, lease, err);

		if (rc != 0)
			return rc;
		if (!lease_is_taken(pod->ctl, *lease))
			return 0;
		(void)pw_ipam_pool_free(
			pod->ctl->ipam, request->container_id, request->ifname, NULL, NULL);
		if (request->n_ips > 0)
			return pw_err_set(
				err, -EBUSY, "an address asked for is in use on this node");
	}
	return pw_err_set(err, -ENOSPC, "no address is free: others on this node use the range");
}

static int take_own(struct ctl_pod *pod, const struct pod_request *request, struct pw_err *err)
{
	struct pw_ipam_ranges ranges;
	const struct pw_ipam_request wanted = {
		.network = request->network,
		.container_id = request->container_id,
		.ifname = request->ifname,
		.ranges = &ranges,
		.ips = request->ips,
		.n_ips = request->n_ips,
	};
	const struct pw_ipam_lease *lease;
	int rc = request->ranges != NULL ? pw_ipam_ranges_parse(request->ranges, &ranges, err)
					 : default_ranges(pod, &ranges, err);

	if (rc != 0)
		return rc;
	set_gateways(pod, &ranges);
	/* A lease that nobody owns is left of a daemon that died in between. */
	(void)pw_ipam_pool_free(pod->ctl->ipam, request->container_id, request->ifname, NULL, NULL);
	rc = alloc_lease(pod, &wanted, &lease, err);
	if (rc != 0)
		return rc;
	for (unsigned i = 0; i < lease->n && i < CTL_POD_MAX_IPS; i++)
		set_address(pod, &lease->addresses[i], &lease->gateways[i]);
	return 0;
}

/* ---- MAC, name ---- */

static uint32_t hash_id(const char *container_id, const char *ifname, uint32_t salt)
{
	const char *parts[] = {container_id, "@", ifname};
	uint32_t hash = 2166136261u ^ salt; /* FNV-1a */

	for (unsigned i = 0; i < PW_ARRAY_SIZE(parts); i++) {
		for (const char *c = parts[i]; *c != '\0'; c++)
			hash = (hash ^ (uint8_t)*c) * 16777619u;
	}
	return hash;
}

static bool name_is_taken(const struct pw_ctl *ctl, const char *name)
{
	const struct ctl_pod *pod;

	if (ctl_port_find(ctl, name) != NULL)
		return true;
	LIST_FOREACH (pod, &ctl->pods->list, link) {
		if (strcmp(pod->port_name, name) == 0)
			return true;
	}
	return false;
}

/* The same container gets the same name, as long as that is free. */
static void choose_name(struct ctl_pod *pod)
{
	uint32_t salt = 0;

	do {
		snprintf(pod->port_name, sizeof(pod->port_name), "pod-%08x",
			hash_id(pod->container_id, pod->ifname, salt++));
	} while (name_is_taken(pod->ctl, pod->port_name));
}

static struct pw_mac derive_mac(const struct ctl_pod *pod)
{
	for (uint32_t i = 0; i < pod->n_ips; i++) {
		if (pod->ips[i].address.ip.family == PW_IPV4)
			return pw_mac_from_ipv4(pod->ips[i].address.ip.v4_be);
	}
	return pw_mac_from_u64(ctl_derived_mac48(pod->ctl, pod->port_name));
}

static int choose_mac(struct ctl_pod *pod, const struct pw_mac *wanted, struct pw_err *err)
{
	const struct ctl_pod *other;
	char text[PW_MAC_STRLEN];

	pod->mac = pw_mac_is_zero(wanted) ? derive_mac(pod) : *wanted;
	if (pw_mac_is_multicast(&pod->mac))
		return pw_err_set(err, -EINVAL, "mac: %s is a multicast address",
			pw_mac_format(&pod->mac, text));
	LIST_FOREACH (other, &pod->ctl->pods->list, link) {
		if (other->state != CTL_POD_LOST && other->bridge == pod->bridge &&
			!is_routed(pod) && pw_mac_equal(&other->mac, &pod->mac))
			return pw_err_set(err, -EEXIST, "mac: %s is another pod's",
				pw_mac_format(&pod->mac, text));
	}
	return 0;
}

/* ---- the plan ---- */

static bool has_family(const struct ctl_pod *pod, uint8_t family)
{
	for (uint32_t i = 0; i < pod->n_ips; i++) {
		if (pod->ips[i].address.ip.family == family)
			return true;
	}
	return false;
}

static int choose_bridge(struct ctl_pod *pod, struct pw_err *err)
{
	const struct pw_conf *conf = pod->ctl->conf;
	const struct ctl_bridge *bridge;

	if (conf->pods.mode == PW_CONF_POD_ROUTED)
		return 0;
	bridge = ctl_bridge_find(pod->ctl, conf->pods.bridge);
	if (bridge == NULL)
		return pw_err_set(err, -EINVAL,
			"pods.bridge: there is no bridge \"%s\" in %s: name one of bridges:, or "
			"set "
			"pods: {mode: routed}",
			conf->pods.bridge, conf->path);
	pod->bridge = bridge->id;
	return 0;
}

#define MTU_MIN_IPV6 1280 /* RFC 8200 section 5; with less Linux switches IPv6 off */

static int check_mtu(const struct ctl_pod *pod, struct pw_err *err)
{
	if (pod->mtu >= MTU_MIN_IPV6 || !has_family(pod, PW_IPV6))
		return 0;
	return pw_err_set(err, -EINVAL,
		"mtu: %u is too small for a pod with an IPv6 address: %u at least", pod->mtu,
		MTU_MIN_IPV6);
}

static int fill(struct ctl_pod *pod, const struct pod_request *request, struct pw_err *err)
{
	int rc;

	if (pod_set_text(&pod->netns, request->netns) != 0 ||
		pod_set_text(&pod->network, request->network) != 0 ||
		pod_set_text(&pod->pod_namespace, request->pod_namespace) != 0 ||
		pod_set_text(&pod->pod_name, request->pod_name) != 0 ||
		pod_set_text(&pod->pod_uid, request->pod_uid) != 0)
		return pw_err_set(err, -ENOMEM, "out of memory");
	pod->created = (int64_t)time(NULL);
	pod->mtu = request->mtu != 0 ? (uint32_t)request->mtu : pod->ctl->conf->pods.mtu;
	rc = choose_bridge(pod, err);
	if (rc == 0)
		rc = request->n_addresses > 0 ? take_given(pod, request, err)
					      : take_own(pod, request, err);
	if (rc != 0)
		return rc;
	choose_name(pod);
	rc = check_mtu(pod, err);
	if (rc == 0)
		rc = choose_mac(pod, &request->mac, err);
	if (rc != 0 && !pod->delegated)
		(void)pw_ipam_pool_free(pod->ctl->ipam, pod->container_id, pod->ifname, NULL, NULL);
	return rc;
}

int pod_plan(struct pw_ctl *ctl, const struct pod_request *request, struct ctl_pod **out,
	struct pw_err *err)
{
	struct ctl_pod *pod;
	int rc;

	if (ctl->pods->count >= ctl->conf->pods.max)
		return pw_err_set(err, -ENOSPC, "%u pods are attached, and pods.max is %u",
			ctl->pods->count, ctl->conf->pods.max);
	pod = pod_create(ctl, request->container_id, request->ifname);
	if (pod == NULL)
		return pw_err_set(err, -ENOMEM, "out of memory");
	rc = fill(pod, request, err);
	if (rc != 0) {
		pod_destroy(pod);
		return rc;
	}
	*out = pod;
	return 0;
}

/* ---- as JSON ---- */

static json_t *ips_json(const struct ctl_pod *pod)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < pod->n_ips; i++) {
		json_t *ip = json_pack("{s:o}", "address", pw_json_prefix(&pod->ips[i].address));

		if (pod->ips[i].gateway.family != PW_FAMILY_NONE)
			json_object_set_new(ip, "gateway", pw_json_ip(&pod->ips[i].gateway));
		json_array_append_new(list, ip);
	}
	return list;
}

static void add_route(json_t *list, const struct pw_prefix *dst, const struct pw_ip *gw)
{
	json_array_append_new(list, json_pack("{s:o, s:o}", "dst", pw_json_prefix(dst), "gw",
					    gw != NULL ? pw_json_ip(gw) : json_null()));
}

static json_t *routes_json(const struct ctl_pod *pod)
{
	json_t *list = json_array();
	bool done[2] = {false, false}; /* IPv4, IPv6: one default route each */

	for (uint32_t i = 0; i < pod->n_ips; i++) {
		const struct ctl_pod_ip *ip = &pod->ips[i];
		const struct pw_prefix any = {.ip = {.family = ip->gateway.family}};
		const struct pw_prefix gw = {.ip = ip->gateway, .len = pw_ip_bits(&ip->gateway)};
		bool *seen = &done[ip->gateway.family == PW_IPV6];

		if (ip->gateway.family == PW_FAMILY_NONE || *seen)
			continue;
		*seen = true;
		if (is_routed(pod))
			add_route(list, &gw, NULL);
		add_route(list, &any, &ip->gateway);
	}
	return list;
}

/* A routed pod's gateways are on no subnet of its: it gets the neighbour entries with them. */
static json_t *neighbours_json(const struct ctl_pod *pod, const struct pw_mac *host_mac)
{
	static const uint8_t families[] = {PW_IPV4, PW_IPV6};
	json_t *list = json_array();

	for (unsigned i = 0; is_routed(pod) && i < PW_ARRAY_SIZE(families); i++) {
		if (has_family(pod, families[i]))
			json_array_append_new(list,
				json_pack("{s:s, s:o}", "address", ctl_routed_gateway(families[i]),
					"mac", pw_json_mac(host_mac)));
	}
	return list;
}

json_t *pod_plan_json(const struct ctl_pod *pod)
{
	const struct ctl_bridge *bridge = ctl_bridge_at(pod->ctl, pod->bridge);
	const struct pw_mac host_mac =
		bridge != NULL ? pw_mac_from_u64(bridge->router_mac48) : pod_router_mac(pod->ctl);

	return json_pack("{s:s, s:s, s:o, s:o, s:i, s:o, s:o, s:o}", "port", pod->port_name, "mode",
		is_routed(pod) ? "routed" : "bridged", "host_mac", pw_json_mac(&host_mac), "mac",
		pw_json_mac(&pod->mac), "mtu", (int)pod->mtu, "ips", ips_json(pod), "routes",
		routes_json(pod), "neighbours", neighbours_json(pod, &host_mac));
}
