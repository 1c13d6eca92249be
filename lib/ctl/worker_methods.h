/* SPDX-License-Identifier: BSD-3-Clause */
/* worker_methods.h - workers.list and workers.cycles, for the method table of status.c. */
#ifndef CTL_WORKER_METHODS_H
#define CTL_WORKER_METHODS_H

#include "ctl.h"

struct workers_cycles {
	bool enable;
};
extern const struct pw_ipc_param workers_cycles_params[];

int workers_list(void *ctx, struct pw_ipc_request *req, void *params, json_t **result,
	struct pw_ipc_error *err);
int workers_cycles(void *ctx, struct pw_ipc_request *req, void *params, json_t **result,
	struct pw_ipc_error *err);

#endif
