/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_malloc.h>
#include <rte_version.h>

#include "eal.h"

/* ---- memory for tables: on hugepages from the EAL, else from the heap, which is the same ---- */

static void *eal_zalloc(const struct pw_alloc *alloc, const char *what, size_t size)
{
	return rte_zmalloc(what, size, PW_CACHE_LINE);
}

static void eal_free(const struct pw_alloc *alloc, void *ptr)
{
	rte_free(ptr);
}

static const struct pw_alloc eal_alloc = {.zalloc = eal_zalloc, .free = eal_free};

/* ---- start ---- */

static void tell_memory(const struct pw_ctl *ctl, const struct ctl_machine *machine)
{
	if (ctl->hugepages) {
		pw_info("eal", "%u MB of hugepages", ctl->conf->memory.size_mb);
		return;
	}
	if (ctl->conf->memory.hugepages == PW_CONF_NO) {
		pw_info("eal", "%u MB of ordinary pages, as configured", ctl->conf->memory.size_mb);
		return;
	}
	pw_warn("eal",
		"NO HUGEPAGES: %llu MB are free, %u MB are wanted; running on ordinary pages, "
		"which "
		"is slower and rules out most NICs. For production: sysctl vm.nr_hugepages=%u",
		(unsigned long long)machine->hugepage_free_mb, ctl->conf->memory.size_mb,
		(ctl->conf->memory.size_mb + 1) / 2);
}

static void tell_devices(const struct pw_ctl *ctl)
{
	for (uint32_t i = 0; i < ctl->conf->n_ports; i++) {
		if (ctl->conf->ports[i].uplink)
			return;
	}
	pw_info("eal", "no uplink is configured: pods, the node and local ports reach one another, "
		       "nothing leaves the node");
}

/* Memory of another node costs each packet twice: said, not refused. */
static void tell_numa(const struct pw_ctl *ctl)
{
	int home = (int)rte_lcore_to_socket_id(ctl_eal_lcore(0));

	for (uint32_t i = 1; i < ctl->conf->cpu.n_workers; i++) {
		int node = (int)rte_lcore_to_socket_id(ctl_eal_lcore(i));

		if (node != home)
			pw_warn("eal",
				"core %u of worker %u is on NUMA node %d, packet memory on node "
				"%d: "
				"slower; choose cpu.workers of one node",
				ctl->conf->cpu.workers[i], i, node, home);
	}
}

void ctl_eal_tell_numa_of(const struct pw_ctl *ctl, const struct pw_port *port)
{
	int home = ctl->port_env.socket_id, node = port->socket_id;

	if (node < 0 || home < 0 || node == home)
		return;
	pw_warn("eal",
		"port %s is on NUMA node %d, packet memory on node %d: slower; choose cpu.control "
		"and cpu.workers of node %d",
		port->name, node, home, node);
}

static int start(struct pw_ctl *ctl, struct pw_err *err)
{
	struct ctl_eal_args args;
	char *argv[CTL_EAL_MAX_ARGS]; /* rte_eal_init permutes them */
	sigset_t all, old;
	int rc;

	if (ctl_eal_args_build(ctl->conf, ctl->hugepages, pw_log_level() == PW_LOG_DEBUG, &args) !=
		0)
		return pw_err_set(err, -ENOMEM, "out of memory");
	memcpy(argv, args.v, sizeof(argv));
	/* Signals are the control thread's: the threads made here take none. */
	sigfillset(&all);
	sigdelset(&all, SIGBUS); /* but their own: a peer's memory may go (lib/port) */
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = rte_eal_init(args.n, argv);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	ctl_eal_args_free(&args);
	if (rc < 0)
		return pw_err_set(err, rte_errno != 0 ? -rte_errno : -EIO,
			"DPDK does not start: %s%s%s (more with --log-level debug)",
			rte_errno != 0 ? rte_strerror(rte_errno) : "no reason given",
			ctl->eal_log->first_error[0] != '\0' ? ": " : "",
			ctl->eal_log->first_error);
	ctl->eal_up = true;
	ctl->runtime_fd = ctl_eal_runtime_claim(rte_eal_get_runtime_dir());
	ctl_eal_runtime_sweep(rte_eal_get_runtime_dir());
	return 0;
}

static int make_pools(struct pw_ctl *ctl, const struct ctl_eal_pools *pools, struct pw_err *err)
{
	struct pw_port_env *env = &ctl->port_env;

	env->socket_id = (int)rte_lcore_to_socket_id(ctl_eal_lcore(0));
	env->pool = pw_mempool_create(
		pools->mbufs, (uint16_t)ctl->conf->memory.mbuf_bytes, env->socket_id, err);
	if (env->pool == NULL)
		return err->code;
	if (pools->big > 0) {
		env->big_pool =
			pw_mempool_create(pools->big, CTL_EAL_BIG_ROOM, env->socket_id, err);
		if (env->big_pool == NULL) {
			rte_mempool_free(env->pool);
			return err->code;
		}
	}
	ctl->pool = env->pool;
	ctl->n_mbufs = pools->mbufs;
	return 0;
}

static int eal_init(struct pw_ctl *ctl, struct pw_err *err)
{
	struct ctl_eal_pools pools;
	struct ctl_machine machine;
	int rc;

	ctl_machine_read(&machine);
	rc = ctl_preflight(ctl->conf, &machine, &ctl->hugepages, err);
	if (rc == 0)
		rc = ctl_eal_mbufs(ctl->conf, ctl->hugepages, &pools, err);
	if (rc != 0)
		return rc;
	ctl->eal_log = calloc(1, sizeof(*ctl->eal_log));
	if (ctl->eal_log == NULL || ctl_eal_log_open(ctl->eal_log) != 0)
		return pw_err_set(err, -ENOMEM, "out of memory");
	tell_memory(ctl, &machine);
	tell_devices(ctl);
	rc = start(ctl, err);
	if (rc == 0)
		rc = make_pools(ctl, &pools, err);
	if (rc != 0)
		return rc;
	tell_numa(ctl);
	ctl->alloc = ctl->hugepages ? &eal_alloc : pw_alloc_heap();
	pw_info("eal",
		"DPDK %s: control on core %u, %u worker%s, %u packet buffers and %u large ones",
		rte_version() + strlen("DPDK "), ctl->conf->cpu.control, ctl->conf->cpu.n_workers,
		ctl->conf->cpu.n_workers == 1 ? "" : "s", pools.mbufs, pools.big);
	return 0;
}

static void eal_fini(struct pw_ctl *ctl)
{
	rte_mempool_free(ctl->port_env.big_pool);
	rte_mempool_free(ctl->pool);
	ctl->pool = NULL;
}

const struct ctl_module ctl_module_eal = {.name = "eal", .init = eal_init, .fini = eal_fini};
