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
#include "machine.h"

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

/* Warns if a NIC is on another NUMA node than the packets. */
void ctl_eal_tell_numa_of(const struct pw_ctl *ctl, const struct pw_port *port);

/* Packet buffers: ordinary ones, and those that take the payload of a whole GSO frame (worth a
 * fifth of a TAP's throughput); none of the latter where memory is short. */
#define CTL_EAL_BIG_ROOM 65408 /* bytes; with the first, ordinary buffer enough for any frame */
struct ctl_eal_pools {
	uint32_t mbufs, big;
};
/* What fits: 0 or -ENOMEM, *err names the keys to change. */
int ctl_eal_mbufs(const struct pw_conf *conf, bool hugepages, struct ctl_eal_pools *pools,
	struct pw_err *err);

/* eal_runtime.c: the EAL's folder `path`, which it leaves. Several daemons have one each. */
#define CTL_EAL_PREFIX "podway-"             /* and 8 hexadecimal digits */
int ctl_eal_runtime_claim(const char *path); /* a lock on it as a descriptor, or -1 */
void ctl_eal_runtime_leave(const char *path, int fd);
void ctl_eal_runtime_sweep(const char *ours); /* those beside it whose daemons died are removed */

/* preflight.c: checks of the machine before anything starts. */
enum ctl_grade {
	CTL_GRADE_OK,
	CTL_GRADE_WARN, /* works, but not as well as it could */
	CTL_GRADE_FAIL, /* cannot start */
};
struct ctl_finding {
	enum ctl_grade grade;
	int code;       /* -errno of a FAIL */
	char what[256]; /* how it is */
	char fix[384];  /* what to do; "" if it is OK */
};
/* The check number i of all; its name, or NULL: no such check. */
const char *ctl_preflight_check(const struct pw_conf *conf, const struct ctl_machine *machine,
	unsigned i, struct ctl_finding *finding);
/* Are hugepages used, by configuration and by what is free? */
bool ctl_preflight_hugepages(const struct pw_conf *conf, const struct ctl_machine *machine);
/* All of them; *hugepages: use them. 0 or -errno of the first that fails, what and fix in *err. */
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
