/* SPDX-License-Identifier: BSD-3-Clause */
/* STATUS: could an ADD succeed now? kubelet's runtime asks every 5 s, so little is done for it. */
#include <errno.h>

#include "plugin.h"

#define STATUS_MS 1000

int command_status(struct plugin *plugin, struct pw_cni_error *error)
{
	struct pw_cni_ipam ipam = plugin_ipam(plugin);
	struct pw_ipc_client *client = daemon_open(plugin, error);
	int rc = -EPROTO;

	if (client != NULL)
		rc = daemon_call(client, "cni.status", NULL, -1, STATUS_MS, NULL, error);
	pw_ipc_client_close(client);
	if (rc != 0) {
		/* The specification's code for "no ADD now", whatever the reason. */
		error->code = PW_CNI_E_NOT_READY;
		return rc;
	}
	return ipam.type != NULL ? pw_cni_ipam_run(&ipam, "STATUS", NULL, error) : 0;
}
