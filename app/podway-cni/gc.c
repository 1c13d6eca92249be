/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * GC: what the daemon has for this network and the runtime does not know any more goes. Errors of
 * one attachment do not stop the others; the first is reported.
 */
#include <errno.h>
#include <string.h>

#include "plugin.h"
#include "pw_ipc_json.h"

#define LIST_MS 5000

static bool is_valid(const json_t *valid, const char *container_id, const char *ifname)
{
	json_t *entry;
	size_t i;

	json_array_foreach (valid, i, entry) {
		const char *id = json_string_value(pw_json_get_nocase(entry, "containerID"));
		const char *name = json_string_value(pw_json_get_nocase(entry, "ifname"));

		if (id != NULL && name != NULL && strcmp(id, container_id) == 0 &&
			strcmp(name, ifname) == 0)
			return true;
	}
	return false;
}

/* A typing error in the list would cost a living pod its network: all entries must be good. */
static int check_list(const json_t *valid, struct pw_cni_error *error)
{
	json_t *entry;
	size_t i;

	if (valid == NULL)
		return pw_cni_fail(error, PW_CNI_E_CONFIG,
			"cni.dev/valid-attachments: missing; an empty list would mean \"delete "
			"all\"");
	json_array_foreach (valid, i, entry) {
		if (!json_is_string(pw_json_get_nocase(entry, "containerID")) ||
			!json_is_string(pw_json_get_nocase(entry, "ifname")))
			return pw_cni_fail(error, PW_CNI_E_CONFIG,
				"cni.dev/valid-attachments[%zu]: containerID and ifname are needed",
				i);
	}
	return 0;
}

static void keep_first(struct pw_cni_error *error, const struct pw_cni_error *one)
{
	note("GC: %s", one->msg);
	if (error->code == 0)
		*error = *one;
}

static int list_pods(const struct plugin *plugin, json_t **answer, struct pw_cni_error *error)
{
	struct pw_ipc_client *client = daemon_open(plugin, error);
	int rc;

	if (client == NULL)
		return -EPROTO;
	rc = daemon_call(client, "pods.list", NULL, -1, LIST_MS, answer, error);
	pw_ipc_client_close(client);
	return rc;
}

static void collect(const struct plugin *plugin, const json_t *pods, struct pw_cni_error *error)
{
	json_t *pod;
	size_t i;

	json_array_foreach (pods, i, pod) {
		const char *id = pw_json_str(pod, "container_id", "");
		const char *ifname = pw_json_str(pod, "ifname", "");
		struct pw_cni_error one = {0};

		/* Pods of other networks are in other lists. */
		if (strcmp(pw_json_str(pod, "network", ""), plugin->conf.name) != 0 ||
			is_valid(plugin->conf.valid_attachments, id, ifname))
			continue;
		note("GC: %s %s is not in use any more", id, ifname);
		if (daemon_del(plugin, id, ifname, &one) != 0)
			keep_first(error, &one);
	}
}

int command_gc(struct plugin *plugin, struct pw_cni_error *error)
{
	struct pw_cni_ipam ipam = plugin_ipam(plugin);
	struct pw_cni_error one = {0};
	json_t *answer = NULL;

	if (check_list(plugin->conf.valid_attachments, error) != 0)
		return -EPROTO;
	if (list_pods(plugin, &answer, &one) != 0)
		keep_first(error, &one);
	collect(plugin, pw_json_get(answer, "pods"), error);
	json_decref(answer);
	if (ipam.type != NULL && pw_cni_ipam_run(&ipam, "GC", NULL, &one) != 0)
		keep_first(error, &one);
	return error->code == 0 ? 0 : -EPROTO;
}
