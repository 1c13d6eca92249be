/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DEL: best effort, and always a success.
 *
 * A DEL that fails keeps the pod in "Terminating" and is repeated for ever, so whatever cannot be
 * done now is either left to the daemon (a file in its queue; it also looks for attachments whose
 * namespace has gone) or only noted. Order: port, interface, address - nobody may get the address
 * while the port still answers for it.
 */
#include <errno.h>

#include "plugin.h"
#include "pw_cni_queue.h"

static void delete_port(const struct plugin *plugin)
{
	const struct pw_cni_env *env = &plugin->env;
	const char *state_dir = plugin->conf.state_dir;
	struct pw_cni_error error;
	struct pw_err err;

	if (daemon_del(plugin, env->container_id, env->ifname, &error) == 0)
		return;
	note("DEL: %s", error.msg);
	if (pw_cni_queue_put(state_dir, env->container_id, env->ifname, plugin->conf.name, &err) !=
		0) {
		note("DEL: cannot be queued, podwayd will find the pod gone: %s", err.msg);
		return;
	}
	note("DEL: queued for podwayd");
	/* It may have read the queue between our call and our file. */
	if (daemon_del(plugin, env->container_id, env->ifname, &error) == 0 &&
		pw_cni_queue_remove(state_dir, env->container_id, env->ifname, &err) != 0)
		note("DEL: %s", err.msg);
}

static void delete_interface(const struct plugin *plugin)
{
	struct pw_cni_netns netns;
	struct pw_cni_error error;

	if (plugin->env.netns[0] == '\0')
		return;
	if (pod_open(plugin, &netns, &error) != 0) {
		note("DEL: interface left alone: %s", error.msg);
		return;
	}
	pod_delete_interface(plugin, &netns);
	pw_cni_netns_close(&netns);
}

int command_del(struct plugin *plugin, struct pw_cni_error *error)
{
	struct pw_cni_ipam ipam = plugin_ipam(plugin);
	struct pw_cni_error ignored;

	delete_port(plugin);
	delete_interface(plugin);
	if (ipam.type != NULL && pw_cni_ipam_run(&ipam, "DEL", NULL, &ignored) != 0)
		note("DEL: IPAM: %s", ignored.msg);
	return 0;
}
