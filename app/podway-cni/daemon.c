/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "plugin.h"
#include "pw_util.h"

/* The daemon listens on a local socket: it takes the connection at once or not at all. */
#define CONNECT_MS 1000
#define DEL_MS     3000

/* What its answers mean to a runtime; anything else is PW_CNI_E_DAEMON. */
static const struct {
	int ipc, cni;
} codes[] = {
	{PW_IPC_E_PARAMS, PW_CNI_E_CONFIG},
	{PW_IPC_E_EXISTS, PW_CNI_E_EXISTS},
	{PW_IPC_E_MISSING, PW_CNI_E_DIFFERS},
	{PW_IPC_E_FULL, PW_CNI_E_NO_ADDRESS},
	{PW_IPC_E_BUSY, PW_CNI_E_TRY_LATER},
};

static int fail_unreachable(
	const struct plugin *plugin, const char *why, struct pw_cni_error *error)
{
	pw_cni_fail(error, PW_CNI_E_TRY_LATER, "podwayd does not answer on %s: %s",
		plugin->conf.socket, why);
	return pw_cni_fail_details(error, "is the daemon running? see 'systemctl status podwayd' "
					  "or the podway pod of this node");
}

struct pw_ipc_client *daemon_open(const struct plugin *plugin, struct pw_cni_error *error)
{
	struct pw_ipc_client *client = pw_ipc_client_open(plugin->conf.socket, CONNECT_MS);

	if (client == NULL)
		fail_unreachable(plugin, strerror(errno), error);
	return client;
}

static int fail_answer(
	const char *method, const struct pw_ipc_error *answer, struct pw_cni_error *error)
{
	int code = PW_CNI_E_DAEMON;

	for (size_t i = 0; i < PW_ARRAY_SIZE(codes); i++) {
		if (codes[i].ipc == answer->code)
			code = codes[i].cni;
	}
	pw_cni_fail(error, code, "podwayd: %s", answer->msg);
	return pw_cni_fail_details(
		error, "%s: error \"%s\"", method, pw_ipc_code_name(answer->code));
}

int daemon_call(struct pw_ipc_client *client, const char *method, json_t *params, int fd,
	uint32_t timeout_ms, json_t **result, struct pw_cni_error *error)
{
	const struct pw_ipc_call call = {
		.timeout_ms = timeout_ms, .fds = &fd, .n_fds = fd >= 0 ? 1 : 0};
	struct pw_ipc_error answer = {0};
	int rc = pw_ipc_client_call(client, method, params, &call, result, &answer);

	if (rc == 0)
		return 0;
	if (rc == -EREMOTEIO)
		return fail_answer(method, &answer, error);
	return pw_cni_fail(
		error, PW_CNI_E_TRY_LATER, "podwayd: no answer to %s: %s", method, answer.msg);
}

int daemon_del(const struct plugin *plugin, const char *container_id, const char *ifname,
	struct pw_cni_error *error)
{
	struct pw_ipc_client *client = daemon_open(plugin, error);
	int rc;

	if (client == NULL)
		return -EPROTO;
	rc = daemon_call(client, "cni.del",
		json_pack("{s:s, s:s}", "container_id", container_id, "ifname", ifname), -1, DEL_MS,
		NULL, error);
	pw_ipc_client_close(client);
	return rc;
}
