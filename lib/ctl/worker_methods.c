/* SPDX-License-Identifier: BSD-3-Clause */
#include <stddef.h>

#include "port_reg.h"
#include "stats.h"
#include "worker_methods.h"

struct serving { /* what one worker polls */
	const struct pw_ctl *ctl;
	int worker;
	json_t *ports;
	uint64_t alloc_failed;
};

static bool add_port(void *arg, struct ctl_port *port)
{
	struct serving *s = arg;
	struct pw_port_dev_stats stats = {0};
	bool any = false;

	for (uint16_t q = 0; q < port->port->n_rxq && !any; q++)
		any = pw_dp_port_worker(s->ctl->dp, port->index, q) == s->worker;
	if (!any)
		return true;
	json_array_append_new(s->ports, json_string(port->name));
	/* Drivers count a port: it is put down to whoever polls its first queue. */
	if (pw_dp_port_worker(s->ctl->dp, port->index, 0) == s->worker) {
		port->port->ops->dev_stats(port->port, &stats);
		s->alloc_failed += stats.rx_alloc_failed;
	}
	return true;
}

static json_t *describe_stages(const struct pw_dp_worker_stats *stats)
{
	json_t *list = json_array();

	for (unsigned s = 0; s < PW_DP_STAGE_COUNT; s++)
		json_array_append_new(
			list, json_pack("{s:s, s:o, s:o, s:o}", "name", pw_dp_stage_name(s),
				      "packets", pw_json_u64(stats->stages[s].packets), "batches",
				      pw_json_u64(stats->stages[s].batches), "cycles",
				      pw_json_u64(stats->stages[s].cycles)));
	return list;
}

static json_t *describe_worker(const struct pw_ctl *ctl, uint32_t id)
{
	struct serving serving = {.ctl = ctl, .worker = (int)id, .ports = json_array()};
	struct pw_dp_worker_stats st;
	json_t *out;
	double busy;

	ctl_stats_worker(ctl, id, &st);
	ctl_port_foreach(ctl, add_port, &serving);
	busy = st.total_cycles > 0 ? 100.0 * (double)st.busy_cycles / (double)st.total_cycles : 0.0;
	out = json_pack("{s:i, s:i, s:o, s:i, s:o, s:o, s:f}", "id", (int)id, "core",
		(int)ctl->conf->cpu.workers[id], "ports", serving.ports, "rx_queues",
		(int)st.rx_queues, "loops", pw_json_u64(st.loops), "idle_loops",
		pw_json_u64(st.idle_loops), "busy_percent", (double)(int)(busy * 10 + 0.5) / 10);
	if (out == NULL)
		return NULL;
	json_object_set_new(out, "sleeps", pw_json_u64(st.sleeps));
	json_object_set_new(out, "rx", pw_json_u64(st.rx));
	json_object_set_new(out, "tx", pw_json_u64(st.tx));
	json_object_set_new(out, "drops", pw_json_u64(st.drops));
	json_object_set_new(out, "punted", pw_json_u64(st.punted));
	json_object_set_new(out, "handover_in", pw_json_u64(st.handover_in));
	json_object_set_new(out, "handover_out", pw_json_u64(st.handover_out));
	json_object_set_new(out, "handover_full", pw_json_u64(st.handover_full));
	json_object_set_new(out, "retries", pw_json_u64(st.retries));
	json_object_set_new(out, "mbuf_alloc_failed", pw_json_u64(serving.alloc_failed));
	json_object_set_new(out, "stages", describe_stages(&st));
	return out;
}

int workers_list(void *ctx, struct pw_ipc_request *req, void *params, json_t **result,
	struct pw_ipc_error *err)
{
	const struct pw_ctl *ctl = ctx;
	json_t *list = json_array();

	for (uint32_t i = 0; i < pw_dp_n_workers(ctl->dp); i++)
		json_array_append_new(list, describe_worker(ctl, i));
	*result = json_pack("{s:o}", "workers", list);
	return 0;
}

const struct pw_ipc_param workers_cycles_params[] = {
	{"enable", PW_IPC_BOOL, offsetof(struct workers_cycles, enable)},
	{0},
};

int workers_cycles(void *ctx, struct pw_ipc_request *req, void *params, json_t **result,
	struct pw_ipc_error *err)
{
	const struct workers_cycles *p = params;

	pw_dp_measure_cycles(((struct pw_ctl *)ctx)->dp, p->enable);
	return 0;
}
