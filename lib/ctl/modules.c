/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * modules.c - the modules of the control plane in the order they start.
 *
 * What another daemon may hold (state folder, socket) comes first, so that a second one ends before
 * it touches anything; requests wait in the socket until the loop runs. Tables come before what
 * fills them, workers before ports, ports before routes that go out of them, pods after the bridges
 * they join.
 */
#include "ctl.h"

#include "bridge.h"
#include "dataplane.h"
#include "eal.h"
#include "fdb.h"
#include "host.h"
#include "ipc.h"
#include "loop.h"
#include "nd.h"
#include "neighbour.h"
#include "notify.h"
#include "place.h"
#include "pod.h"
#include "port_reg.h"
#include "port_wait.h"
#include "icmp.h"
#include "punt.h"
#include "route.h"
#include "saved.h"
#include "service.h"
#include "state.h"
#include "static.h"
#include "stats.h"
#include "status.h"
#include "timing.h"
#include "worker_methods.h"

const struct ctl_module *const ctl_modules[] = {
	&ctl_module_timing,
	&ctl_module_loop,
	&ctl_module_state,
	&ctl_module_ipc,
	&ctl_module_eal,
	&ctl_module_tables,
	&ctl_module_route,
	&ctl_module_neighbour,
	&ctl_module_service,
	&ctl_module_flow,
	&ctl_module_dataplane,
	&ctl_module_stats,
	&ctl_module_worker,
	&ctl_module_place,
	&ctl_module_fdb,
	&ctl_module_icmp,
	&ctl_module_punt,
	&ctl_module_poll,
	&ctl_module_bridge,
	&ctl_module_nd,
	&ctl_module_port_wait,
	&ctl_module_port,
	&ctl_module_host,
	&ctl_module_static,
	&ctl_module_saved,
	&ctl_module_pod,
	&ctl_module_status,
	&ctl_module_notify,
	NULL,
};
