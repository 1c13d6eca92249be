/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "ipc.h"

static int ipc_init(struct pw_ctl *ctl, struct pw_err *err)
{
	const struct pw_ipc_server_conf conf = {
		.base = ctl->base,
		.path = ctl->conf->control_socket,
		.methods = ctl->methods,
		.ctx = ctl,
		.max_clients = ctl->conf->max_clients,
	};

	ctl->ipc = pw_ipc_server_create(&conf, err);
	if (ctl->ipc == NULL)
		return pw_err_prefix(err, "control_socket");
	pw_debug("ctl", "listening on %s", ctl->conf->control_socket);
	return 0;
}

static void ipc_fini(struct pw_ctl *ctl)
{
	pw_ipc_server_destroy(ctl->ipc);
	ctl->ipc = NULL;
}

const struct ctl_module ctl_module_ipc = {.name = "ipc", .init = ipc_init, .fini = ipc_fini};
