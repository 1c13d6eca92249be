/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ctl.h - what the modules of the control plane share.
 *
 * A module is one concern: a file, a small header, and one row of the table in modules.c with its
 * start, its end, its work of every second and the methods it answers. Modules start in the order
 * of the table and end in reverse; each may use what those before it set up. Private state of a
 * module hangs in struct pw_ctl behind an opaque pointer, and its header has the functions others
 * may call. Threads:  the control thread only.
 */
#ifndef CTL_H
#define CTL_H

#include <stdbool.h>
#include <stdint.h>

#include <event2/event.h>
#include <jansson.h>

#include "pw_addr.h"
#include "pw_alloc.h"
#include "pw_clock.h"
#include "pw_conf.h"
#include "pw_ctl.h"
#include "pw_dp.h"
#include "pw_err.h"
#include "pw_ipc_json.h"
#include "pw_ipc_server.h"
#include "pw_log.h"
#include "pw_neigh.h"
#include "pw_rib.h"
#include "pw_util.h"

struct ctl_module {
	const char *name;
	int (*init)(struct pw_ctl *ctl,
		struct pw_err *err);      /* NULL: nothing to do. 0 or -errno, *err */
	void (*fini)(struct pw_ctl *ctl); /* NULL likewise; called only if init was good */
	void (*every_second)(struct pw_ctl *ctl);
	const struct pw_ipc_method *methods; /* NULL, or ended by {0} */
};
extern const struct ctl_module *const ctl_modules[]; /* ended by NULL */

struct pw_ctl {
	const struct pw_conf *conf;
	const struct pw_clock *clock;
	uint64_t start_ns;             /* of the clock */
	struct pw_ipc_method *methods; /* of all modules, ended by {0} */
	unsigned n_started;            /* modules */

	struct event_base *base;
	struct ctl_loop *loop; /* loop.h */
	struct ctl_timing *timing;
	struct pw_ipc_server *ipc;
	int lock_fd; /* of the state folder */

	struct ctl_eal_log *eal_log;
	bool eal_up;
	int runtime_fd;               /* the EAL's folder is ours, by a lock */
	bool hugepages;               /* the EAL runs on them */
	const struct pw_alloc *alloc; /* for tables */
	struct rte_mempool *pool;
	uint32_t n_mbufs;
	struct pw_port_env port_env;

	struct pw_qsbr *qsbr;
	struct pw_limbo *limbo;
	struct pw_fdb *fdb;
	struct pw_lpm4 *lpm4;
	struct pw_lpm6 *lpm6;
	struct pw_rib *rib;
	struct pw_adj_table *adj;
	struct pw_nat *nat;
	struct pw_nat6 *nat6;         /* NULL: no Services over IPv6 */
	struct pw_neigh_table *neigh; /* neighbour.c */
	struct pw_dp *dp;

	struct ctl_bridge *bridges; /* bridge.h; number of a bridge = index */
	uint32_t n_bridges;
	struct ctl_ports *ports;           /* port_reg.h */
	struct ctl_port_waits *port_waits; /* port_wait.h */
	struct ctl_host *host;             /* host.h */
	struct ctl_pods *pods;             /* pod.h */
	struct pw_ipam_pool *ipam;
	struct ctl_stats *stats; /* stats.h: what stats.reset remembers */
	struct ctl_workers *workers;
	struct ctl_places *places;  /* place.h */
	struct ctl_static *statics; /* static.h */
	json_t *saved_kept;         /* saved.h: {kind: [what is saved, but not to be had now]} */
	struct ctl_notify *notify;

	struct ctl_punt *punt; /* punt.h */
	struct ctl_icmp *icmp;
	struct ctl_neighbours *neighbours;
	struct ctl_routes *routes;     /* route.h */
	struct ctl_services *services; /* service.h */
};

/*
 * Numbers of interfaces, for routes and neighbours: a bridge is its number, a routed port has this
 * bit set before its port index.
 */
#define CTL_IFACE_PORT 0x10000u

static inline uint32_t ctl_iface_of(uint16_t bridge, uint16_t port)
{
	return bridge != PW_BRIDGE_NONE ? bridge : CTL_IFACE_PORT | port;
}
/* The bridge with a gateway, or the routed port, of this name. false: none. */
bool ctl_iface_find(const struct pw_ctl *ctl, const char *name, uint32_t *iface);
/* Name of the bridge or port; "?" if there is none. */
const char *ctl_iface_name(const struct pw_ctl *ctl, uint32_t iface);
/* The interface's router MAC; 0: none. */
uint64_t ctl_iface_router_mac48(const struct pw_ctl *ctl, uint32_t iface);

static inline uint64_t ctl_now_ns(const struct pw_ctl *ctl)
{
	return pw_clock_now_ns(ctl->clock);
}
static inline uint32_t ctl_now_sec(const struct pw_ctl *ctl)
{
	return (uint32_t)(ctl_now_ns(ctl) / PW_NS_PER_SEC);
}

/* A locally administered unicast MAC that stays the same over restarts: of this node and `name`. */
uint64_t ctl_derived_mac48(const struct pw_ctl *ctl, const char *name);

#endif
