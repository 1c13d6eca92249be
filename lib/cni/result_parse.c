/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cni_result_fields.h"
#include "pw_cni_json.h"
#include "pw_cni_result.h"
#include "pw_ipc_json.h"
#include "pw_util.h"

typedef int entry_fn(struct pw_cni_result *result, const json_t *entry, const char *where,
	struct pw_cni_error *error);

/* The texts are only pointed at here; add_interface copies them. */
static int parse_interface(struct pw_cni_result *result, const json_t *entry, const char *where,
	struct pw_cni_error *error)
{
	const char *name = NULL, *mac = NULL, *sandbox = NULL, *socket_path = NULL, *pci_id = NULL;
	uint64_t mtu = 0;

	if (pw_cni_json_text(entry, where, "name", &name, error) != 0 ||
		pw_cni_json_text(entry, where, "mac", &mac, error) != 0 ||
		pw_cni_json_text(entry, where, "sandbox", &sandbox, error) != 0 ||
		pw_cni_json_text(entry, where, "socketPath", &socket_path, error) != 0 ||
		pw_cni_json_text(entry, where, "pciID", &pci_id, error) != 0 ||
		pw_cni_json_u64(entry, where, "mtu", 0, UINT32_MAX, &mtu, error) != 0)
		return -EPROTO;

	struct pw_cni_interface one = {
		.name = (char *)(uintptr_t)name,
		.mac = (char *)(uintptr_t)mac,
		.mtu = (uint32_t)mtu,
		.sandbox = (char *)(uintptr_t)sandbox,
		.socket_path = (char *)(uintptr_t)socket_path,
		.pci_id = (char *)(uintptr_t)pci_id,
	};
	return pw_cni_result_add_interface(result, &one, error);
}

static int parse_ip_keys(struct pw_cni_result *result, const json_t *entry, const char *where,
	const char *key, struct pw_cni_error *error)
{
	struct pw_cni_address ip = {.interface = -1};
	uint64_t index = UINT64_MAX;

	if (pw_cni_json_prefix(entry, where, key, &ip.address, error) != 0 ||
		pw_cni_json_ip(entry, where, "gateway", &ip.gateway, error) != 0 ||
		pw_cni_json_u64(entry, where, "interface", 0, INT32_MAX, &index, error) != 0)
		return -EPROTO;
	if (ip.address.ip.family == PW_FAMILY_NONE)
		return pw_cni_json_fail(error, where, entry, "an address is needed");
	if (index != UINT64_MAX)
		ip.interface = (int)index;
	return pw_cni_result_add_ip(result, &ip, error);
}

static int parse_ip(struct pw_cni_result *result, const json_t *entry, const char *where,
	struct pw_cni_error *error)
{
	return parse_ip_keys(result, entry, where, "address", error);
}

static int parse_route(struct pw_cni_result *result, const json_t *entry, const char *where,
	struct pw_cni_error *error)
{
	struct pw_cni_route route = {0};

	if (pw_cni_json_prefix(entry, where, "dst", &route.dst, error) != 0 ||
		pw_cni_json_ip(entry, where, "gw", &route.gw, error) != 0)
		return -EPROTO;
	if (route.dst.ip.family == PW_FAMILY_NONE)
		return pw_cni_json_fail(error, where, entry, "dst is needed");
	for (unsigned i = 0; i < PW_ARRAY_SIZE(cni_route_fields); i++) {
		uint64_t value = UINT64_MAX;

		if (pw_cni_json_u64(entry, where, cni_route_fields[i].key, 0, UINT32_MAX, &value,
			    error) != 0)
			return -EPROTO;
		if (value != UINT64_MAX) {
			*cni_route_field(&route, i) = (uint32_t)value;
			route.has |= 1u << i;
		}
	}
	return pw_cni_result_add_route(result, &route, error);
}

static int parse_list(struct pw_cni_result *result, const json_t *json, const char *what,
	const char *key, entry_fn *parse, struct pw_cni_error *error)
{
	json_t *list = NULL, *entry;
	char where[160];
	size_t i;

	if (pw_cni_json_array(json, what, key, &list, error) != 0)
		return -EPROTO;
	json_array_foreach (list, i, entry) {
		snprintf(where, sizeof(where), "%s.%s[%zu]", what, key, i);
		if (!json_is_object(entry))
			return pw_cni_json_fail(error, where, entry, "an object is needed");
		if (parse(result, entry, where, error) < 0)
			return -EPROTO;
	}
	return 0;
}

/* 0.1.0 and 0.2.0: one address a family, with its own routes. */
static int parse_family(struct pw_cni_result *result, const json_t *json, const char *what,
	const char *key, struct pw_cni_error *error)
{
	json_t *object = NULL;
	char where[96];

	if (pw_cni_json_object(json, what, key, &object, error) != 0)
		return -EPROTO;
	if (object == NULL)
		return 0;
	snprintf(where, sizeof(where), "%s.%s", what, key);
	if (parse_ip_keys(result, object, where, "ip", error) < 0)
		return -EPROTO;
	return parse_list(result, object, where, "routes", parse_route, error);
}

static int check_indexes(
	const struct pw_cni_result *result, const char *what, struct pw_cni_error *error)
{
	for (unsigned i = 0; i < result->n_ips; i++) {
		if (result->ips[i].interface >= (int)result->n_interfaces)
			return pw_cni_fail(error, PW_CNI_E_CONFIG,
				"%s.ips[%u].interface: %d: there are %u interfaces", what, i,
				result->ips[i].interface, result->n_interfaces);
	}
	return 0;
}

int pw_cni_result_parse(struct pw_cni_result *result, const json_t *json, const char *what,
	struct pw_cni_error *error)
{
	json_t *dns = NULL;

	*result = (struct pw_cni_result){0};
	if (parse_list(result, json, what, "interfaces", parse_interface, error) != 0 ||
		parse_list(result, json, what, "ips", parse_ip, error) != 0 ||
		parse_family(result, json, what, "ip4", error) != 0 ||
		parse_family(result, json, what, "ip6", error) != 0 ||
		parse_list(result, json, what, "routes", parse_route, error) != 0 ||
		pw_cni_json_object(json, what, "dns", &dns, error) != 0 ||
		check_indexes(result, what, error) != 0) {
		pw_cni_result_clear(result);
		return -EPROTO;
	}
	if (json_object_size(dns) != 0)
		result->dns = json_incref(dns);
	return 0;
}
