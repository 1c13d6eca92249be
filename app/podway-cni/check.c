/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * CHECK: is what ADD made still there? prevResult is that of the last plugin of the list, which may
 * have changed it: only what belongs to our interface is compared.
 */
#include <errno.h>
#include <string.h>

#include "plugin.h"
#include "pw_cni_link.h"
#include "pw_cni_result.h"
#include "pw_ipc_json.h"

#define CHECK_MS 3000

struct check {
	const struct plugin *plugin;
	struct pw_cni_result prev;
	int index; /* of our interface in it */
	struct pw_cni_link link;
};

static int differs(struct pw_cni_error *error, const struct check *check, const char *what,
	const char *is, const char *was)
{
	return pw_cni_fail(error, PW_CNI_E_DIFFERS, "interface \"%s\": %s is %s, prevResult has %s",
		check->link.name, what, is, was);
}

static int compare_link(struct check *check, struct pw_cni_error *error)
{
	const struct pw_cni_interface *was = &check->prev.interfaces[check->index];
	char is[PW_MAC_STRLEN], is_mtu[16], was_mtu[16];
	struct pw_err err;
	struct pw_mac mac;

	if (pw_cni_link_find(&check->link, &err) != 0)
		return pw_cni_fail(error, PW_CNI_E_DIFFERS, "%s", err.msg);
	pw_mac_format(&check->link.mac, is);
	if (was->mac != NULL &&
		(pw_mac_parse(was->mac, &mac) != 0 || !pw_mac_equal(&mac, &check->link.mac)))
		return differs(error, check, "MAC", is, was->mac);
	snprintf(is_mtu, sizeof(is_mtu), "%u", check->link.mtu);
	snprintf(was_mtu, sizeof(was_mtu), "%u", was->mtu);
	if (was->mtu != 0 && was->mtu != check->link.mtu)
		return differs(error, check, "MTU", is_mtu, was_mtu);
	if (!check->link.up)
		return differs(error, check, "state", "down", "up");
	return 0;
}

static int compare_addresses(struct check *check, struct pw_cni_error *error)
{
	char text[PW_PREFIX_STRLEN];
	struct pw_err err;

	for (unsigned i = 0; i < check->prev.n_ips; i++) {
		const struct pw_cni_address *ip = &check->prev.ips[i];
		int there;

		if (ip->interface != check->index)
			continue;
		there = pw_cni_link_has_address(&check->link, &ip->address, &err);
		if (there < 0)
			return pw_cni_fail(error, PW_CNI_E_PLUMBING, "%s", err.msg);
		if (there == 0)
			return differs(error, check, "address", "missing",
				pw_prefix_format(&ip->address, text));
	}
	return 0;
}

/* A result does not say to which interface a route belongs. Ours are those over a gateway of ours,
 * or over none. */
static bool is_ours(const struct check *check, const struct pw_cni_route *route)
{
	if (route->gw.family == PW_FAMILY_NONE)
		return check->prev.n_interfaces <= 2;
	for (unsigned i = 0; i < check->prev.n_ips; i++) {
		const struct pw_cni_address *ip = &check->prev.ips[i];

		if (ip->interface == check->index &&
			(pw_ip_equal(&ip->gateway, &route->gw) ||
				pw_prefix_contains(&ip->address, &route->gw)))
			return true;
	}
	return false;
}

static int compare_routes(struct check *check, struct pw_cni_error *error)
{
	char text[PW_PREFIX_STRLEN];
	struct pw_err err;

	for (unsigned i = 0; i < check->prev.n_routes; i++) {
		const struct pw_cni_route *route = &check->prev.routes[i];
		int there;

		if (!is_ours(check, route))
			continue;
		there = pw_cni_link_has_route(&check->link, route, &err);
		if (there < 0)
			return pw_cni_fail(error, PW_CNI_E_PLUMBING, "%s", err.msg);
		if (there == 0)
			return differs(error, check, "route", "missing",
				pw_prefix_format(&route->dst, text));
	}
	return 0;
}

static int compare(struct check *check, struct pw_cni_error *error)
{
	struct pw_err err;
	int rc;

	if (pw_cni_link_open(&check->link, check->plugin->env.ifname, &err) != 0)
		return pw_cni_fail(error, PW_CNI_E_PLUMBING, "%s", err.msg);
	rc = compare_link(check, error);
	if (rc == 0)
		rc = compare_addresses(check, error);
	if (rc == 0)
		rc = compare_routes(check, error);
	pw_cni_link_close(&check->link);
	return rc;
}

static int compare_inside(struct check *check, struct pw_cni_error *error)
{
	struct pw_cni_netns netns;
	struct pw_err err;
	int rc;

	if (pod_open(check->plugin, &netns, error) != 0)
		return -EPROTO;
	if (pw_cni_netns_enter(&netns, &err) != 0) {
		rc = pw_cni_fail(error, PW_CNI_E_NETNS, "%s", err.msg);
	} else {
		rc = compare(check, error);
		if (pw_cni_netns_leave(&netns, &err) != 0)
			rc = pw_cni_fail(error, PW_CNI_E_NETNS, "%s", err.msg);
	}
	pw_cni_netns_close(&netns);
	return rc;
}

static int ask_daemon(const struct check *check, struct pw_cni_error *error)
{
	const struct pw_cni_env *env = &check->plugin->env;
	const char *mac = check->prev.interfaces[check->index].mac;
	json_t *params =
		json_pack("{s:s, s:s}", "container_id", env->container_id, "ifname", env->ifname);
	json_t *addresses = json_array();
	struct pw_ipc_client *client;
	int rc;

	for (unsigned i = 0; i < check->prev.n_ips; i++) {
		if (check->prev.ips[i].interface == check->index)
			json_array_append_new(
				addresses, pw_json_prefix(&check->prev.ips[i].address));
	}
	json_object_set_new(params, "addresses", addresses);
	if (mac != NULL)
		json_object_set_new(params, "mac", json_string(mac));
	client = daemon_open(check->plugin, error);
	if (client == NULL) {
		json_decref(params);
		return -EPROTO;
	}
	rc = daemon_call(client, "cni.check", params, -1, CHECK_MS, NULL, error);
	pw_ipc_client_close(client);
	return rc;
}

static int run(struct check *check, struct pw_cni_error *error)
{
	const struct plugin *p = check->plugin;
	struct pw_cni_ipam ipam = plugin_ipam(p);

	check->index = pw_cni_result_find(&check->prev, p->env.ifname);
	if (check->index < 0)
		return pw_cni_fail(error, PW_CNI_E_CONFIG,
			"prevResult: no interface \"%s\" with a sandbox in it", p->env.ifname);
	if (compare_inside(check, error) != 0 || ask_daemon(check, error) != 0)
		return -EPROTO;
	return ipam.type != NULL ? pw_cni_ipam_run(&ipam, "CHECK", NULL, error) : 0;
}

int command_check(struct plugin *plugin, struct pw_cni_error *error)
{
	static struct check check;
	int rc;

	check = (struct check){.plugin = plugin};
	if (plugin->conf.prev_result == NULL)
		return pw_cni_fail(error, PW_CNI_E_CONFIG, "prevResult: CHECK needs it");
	if (pw_cni_result_parse(&check.prev, plugin->conf.prev_result, "prevResult", error) != 0)
		return -EPROTO;
	rc = run(&check, error);
	pw_cni_result_clear(&check.prev);
	return rc;
}
