/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "plugin.h"
#include "pw_cni_link.h"

int pod_open(const struct plugin *plugin, struct pw_cni_netns *netns, struct pw_cni_error *error)
{
	struct pw_err err;

	if (pw_cni_netns_open(netns, plugin->env.netns, &err) != 0)
		return pw_cni_fail_err(error, PW_CNI_E_NETNS, "CNI_NETNS", &err);
	if (netns->own && !plugin->env.netns_override) {
		pw_cni_netns_close(netns);
		return pw_cni_fail(error, PW_CNI_E_NETNS,
			"CNI_NETNS: \"%s\": is the plugin's own network namespace; "
			"CNI_NETNS_OVERRIDE=true allows that",
			plugin->env.netns);
	}
	return 0;
}

static void delete_inside(const struct plugin *plugin)
{
	struct pw_cni_link link;
	struct pw_err err;
	int rc;

	if (pw_cni_link_open(&link, plugin->env.ifname, &err) != 0) {
		note("%s", err.msg);
		return;
	}
	rc = pw_cni_link_find(&link, &err);
	/* An interface that is no TAP is another plugin's: ours was refused because of it. */
	if (rc == 0 && link.tap)
		rc = pw_cni_link_delete(&link, &err);
	if (rc != 0 && rc != -ENODEV)
		note("%s", err.msg);
	pw_cni_link_close(&link);
}

void pod_delete_interface(const struct plugin *plugin, struct pw_cni_netns *netns)
{
	struct pw_err err;

	if (pw_cni_netns_enter(netns, &err) != 0) {
		note("%s", err.msg);
		return;
	}
	delete_inside(plugin);
	if (pw_cni_netns_leave(netns, &err) != 0)
		note("%s", err.msg);
}

struct pw_cni_ipam plugin_ipam(const struct plugin *plugin)
{
	return (struct pw_cni_ipam){
		.path = plugin->env.path,
		.type = plugin->conf.ipam_type,
		.input = plugin->conf.text,
		.len = plugin->conf.len,
		.timeout_ms = PW_CNI_IPAM_TIMEOUT_MS,
	};
}
