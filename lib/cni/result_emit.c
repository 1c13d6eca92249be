/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "cni_result_fields.h"
#include "pw_cni_result.h"
#include "pw_ipc_json.h"
#include "pw_util.h"

/* Go's omitempty: what is absent is left out. jansson takes NULL for an error and changes nothing.
 */
static void set_text(json_t *object, const char *key, const char *text)
{
	if (text != NULL)
		json_object_set_new(object, key, json_string(text));
}

static void set_ip(json_t *object, const char *key, const struct pw_ip *ip)
{
	if (ip->family != PW_FAMILY_NONE)
		json_object_set_new(object, key, pw_json_ip(ip));
}

static json_t *emit_interface(const struct pw_cni_interface *i, enum pw_cni_version version)
{
	json_t *object = json_object();

	set_text(object, "name", i->name != NULL ? i->name : "");
	set_text(object, "mac", i->mac);
	if (version >= PW_CNI_1_1_0 && i->mtu != 0)
		json_object_set_new(object, "mtu", json_integer(i->mtu));
	set_text(object, "sandbox", i->sandbox);
	if (version >= PW_CNI_1_1_0) {
		set_text(object, "socketPath", i->socket_path);
		set_text(object, "pciID", i->pci_id);
	}
	return object;
}

static json_t *emit_ip(const struct pw_cni_address *ip, enum pw_cni_version version)
{
	json_t *object = json_object();

	/* 1.0.0 removed it; 0.3.x and 0.4.0 need it. */
	if (version < PW_CNI_1_0_0)
		set_text(object, "version", ip->address.ip.family == PW_IPV4 ? "4" : "6");
	if (ip->interface >= 0)
		json_object_set_new(object, "interface", json_integer(ip->interface));
	json_object_set_new(object, "address", pw_json_prefix(&ip->address));
	set_ip(object, "gateway", &ip->gateway);
	return object;
}

static json_t *emit_route(const struct pw_cni_route *route, enum pw_cni_version version)
{
	json_t *object = json_object();
	struct pw_cni_route copy = *route;

	json_object_set_new(object, "dst", pw_json_prefix(&route->dst));
	set_ip(object, "gw", &route->gw);
	for (unsigned i = 0; version >= PW_CNI_1_1_0 && i < PW_ARRAY_SIZE(cni_route_fields); i++) {
		if (route->has & (1u << i))
			json_object_set_new(object, cni_route_fields[i].key,
				json_integer(*cni_route_field(&copy, i)));
	}
	return object;
}

static void emit_current(
	const struct pw_cni_result *result, enum pw_cni_version version, json_t *root)
{
	json_t *interfaces = json_array(), *ips = json_array(), *routes = json_array();

	for (unsigned i = 0; i < result->n_interfaces; i++)
		json_array_append_new(interfaces, emit_interface(&result->interfaces[i], version));
	for (unsigned i = 0; i < result->n_ips; i++)
		json_array_append_new(ips, emit_ip(&result->ips[i], version));
	for (unsigned i = 0; i < result->n_routes; i++)
		json_array_append_new(routes, emit_route(&result->routes[i], version));
	json_object_set_new(root, "interfaces", interfaces);
	json_object_set_new(root, "ips", ips);
	if (result->n_routes != 0)
		json_object_set(root, "routes", routes);
	json_decref(routes);
}

/* The first address of the family, and the family's routes. */
static bool emit_family(
	const struct pw_cni_result *result, uint8_t family, const char *key, json_t *root)
{
	json_t *object, *routes;
	unsigned first = 0;

	while (first < result->n_ips && result->ips[first].address.ip.family != family)
		first++;
	if (first == result->n_ips)
		return false;
	object = json_object();
	routes = json_array();
	json_object_set_new(object, "ip", pw_json_prefix(&result->ips[first].address));
	set_ip(object, "gateway", &result->ips[first].gateway);
	for (unsigned i = 0; i < result->n_routes; i++) {
		if (result->routes[i].dst.ip.family == family)
			json_array_append_new(routes, emit_route(&result->routes[i], PW_CNI_0_2_0));
	}
	if (json_array_size(routes) != 0)
		json_object_set(object, "routes", routes);
	json_decref(routes);
	json_object_set_new(root, key, object);
	return true;
}

json_t *pw_cni_result_emit(
	const struct pw_cni_result *result, enum pw_cni_version version, struct pw_cni_error *error)
{
	json_t *root = json_object();

	set_text(root, "cniVersion", pw_cni_version_name(version));
	if (version >= PW_CNI_0_3_0) {
		emit_current(result, version, root);
	} else {
		bool v4 = emit_family(result, PW_IPV4, "ip4", root);
		bool v6 = emit_family(result, PW_IPV6, "ip6", root);

		if (!v4 && !v6) {
			json_decref(root);
			pw_cni_fail(error, PW_CNI_E_VERSION,
				"cniVersion \"%s\": a result of this version needs an address",
				pw_cni_version_name(version));
			return NULL;
		}
	}
	json_object_set_new(
		root, "dns", result->dns != NULL ? json_incref(result->dns) : json_object());
	return root;
}

json_t *pw_cni_error_emit(const struct pw_cni_error *error, enum pw_cni_version version)
{
	struct pw_cni_error clean = *error;
	json_t *root = json_object();

	pw_cni_error_clean(&clean);
	set_text(root, "cniVersion", pw_cni_version_name(version));
	json_object_set_new(root, "code", json_integer(clean.code));
	set_text(root, "msg", clean.msg);
	if (clean.details[0] != '\0')
		set_text(root, "details", clean.details);
	return root;
}

json_t *pw_cni_version_emit(void)
{
	json_t *root = json_object(), *all = json_array();

	set_text(root, "cniVersion", pw_cni_version_name(PW_CNI_NEWEST));
	for (unsigned i = 0; i < PW_CNI_N_VERSIONS; i++)
		json_array_append_new(all, json_string(pw_cni_version_name(i)));
	json_object_set_new(root, "supportedVersions", all);
	return root;
}
