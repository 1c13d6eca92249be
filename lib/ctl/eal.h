/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * eal.h - DPDK's EAL: what must be right before it starts, its arguments, its log, packet memory.
 *
 * The control thread is lcore 0, worker i is lcore i + 1; lcores may share a core.
 */
#ifndef CTL_EAL_H
#define CTL_EAL_H

#include <stdio.h>

#include "ctl.h"

#define CTL_EAL_MAX_ARGS 64

extern const struct ctl_module ctl_module_eal;

static inline unsigned ctl_eal_lcore(uint32_t worker)
{
	return worker + 1;
}

/* The command line of rte_eal_init; strings are malloc'ed, v[n] is NULL. */
struct ctl_eal_args {
	char *v[CTL_EAL_MAX_ARGS];
	int n;
};
int ctl_eal_args_build(const struct pw_conf *conf, bool hugepages, bool verbose,
	struct ctl_eal_args *args); /* 0, -ENOMEM */
void ctl_eal_args_free(struct ctl_eal_args *args);
/* Is this device string a PCI address ("0000:01:00.0", "01:00.0,arg=1")? */
bool ctl_eal_device_is_pci(const char *device);

/* Packet buffers: ordinary ones, and those that take the payload of a whole GSO frame (worth a
 * fifth of a TAP's throughput); none of the latter where memory is short. */
#define CTL_EAL_BIG_ROOM 65408 /* bytes; with the first, ordinary buffer enough for any frame */
struct ctl_eal_pools {
	uint32_t mbufs, big;
};
/* What fits: 0 or -ENOMEM, *err names the keys to change. */
int ctl_eal_mbufs(const struct pw_conf *conf, bool hugepages, struct ctl_eal_pools *pools,
	struct pw_err *err);

/* What this machine offers; preflight.c reads it, tests make it up. */
struct ctl_machine {
	uint64_t hugepage_free_mb; /* of pages of any size */
	uint64_t available_mb; /* memory that can be had without swapping, cgroup limit included */
	uint64_t cores[PW_CONF_MAX_WORKERS]; /* bitmap of the cores this process may use */
	uint64_t caps;                       /* effective capabilities */
	bool has_tun;                        /* /dev/net/tun opens */
};
void ctl_machine_read(struct ctl_machine *machine);
static inline bool ctl_machine_has_core(const struct ctl_machine *machine, uint32_t core)
{
	return core < 64 * PW_CONF_MAX_WORKERS && (machine->cores[core / 64] >> (core % 64) & 1);
}
/* All checks; *hugepages: use them. 0 or -errno with the reason and the way out in *err. */
int ctl_preflight(const struct pw_conf *conf, const struct ctl_machine *machine, bool *hugepages,
	struct pw_err *err);

/*
 * Lines of DPDK's log go into ours: errors and warnings as they are, the rest as debug. The first
 * error is kept: rte_eal_init has no better reason to give.
 */
struct ctl_eal_log {
	FILE *stream;
	size_t len;
	char line[512], first_error[512];
};
int ctl_eal_log_open(struct ctl_eal_log *log);
void ctl_eal_log_close(struct ctl_eal_log *log); /* after the EAL's end; frees it. NULL is fine */

#endif
