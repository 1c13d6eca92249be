/* SPDX-License-Identifier: BSD-3-Clause */
/* eal_args.c - the EAL's command line, made of the configuration. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eal.h"
#include "pw_str.h"

static int add(struct ctl_eal_args *args, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static int add(struct ctl_eal_args *args, const char *fmt, ...)
{
	va_list ap;
	int rc;

	if (args->n == CTL_EAL_MAX_ARGS - 1)
		return -ENOMEM;
	va_start(ap, fmt);
	rc = vasprintf(&args->v[args->n], fmt, ap);
	va_end(ap);
	if (rc < 0) {
		args->v[args->n] = NULL;
		return -ENOMEM;
	}
	args->n++;
	return 0;
}

/* "[dddd:]bb:dd.f", then the end or device arguments. */
bool ctl_eal_device_is_pci(const char *device)
{
	size_t n = strcspn(device, ",");
	const char *at = device;
	int colons = 0;

	for (size_t i = 0; i < n; i++) {
		if (device[i] == ':') {
			colons++;
			at = device + i + 1;
		} else if (!isxdigit((unsigned char)device[i]) && device[i] != '.') {
			return false;
		}
	}
	return (colons == 1 || colons == 2) && device + n - at == 4 && at[2] == '.' &&
	       isxdigit((unsigned char)at[0]) && isxdigit((unsigned char)at[1]) && at[3] >= '0' &&
	       at[3] <= '7';
}

/* "0@c,1@w0,2@w1": lcore 0 is the control thread, lcore i + 1 worker i. */
static int add_lcores(const struct pw_conf *conf, struct ctl_eal_args *args)
{
	struct pw_str list = {0};
	char *text;
	int rc;

	pw_str_addf(&list, "0@%u", conf->cpu.control);
	for (uint32_t i = 0; i < conf->cpu.n_workers; i++)
		pw_str_addf(&list, ",%u@%u", ctl_eal_lcore(i), conf->cpu.workers[i]);
	text = pw_str_take(&list);
	if (text == NULL)
		return -ENOMEM;
	rc = add(args, "--lcores=%s", text);
	free(text);
	return rc;
}

/* Only the devices that are named are touched: never a NIC the node lives on. */
static int add_devices(const struct pw_conf *conf, struct ctl_eal_args *args)
{
	bool any = false;

	for (uint32_t i = 0; i < conf->n_ports; i++) {
		const char *device = conf->ports[i].device;

		if (device == NULL || !ctl_eal_device_is_pci(device))
			continue;
		any = true;
		if (add(args, "-a") != 0 || add(args, "%s", device) != 0)
			return -ENOMEM;
	}
	return any ? 0 : add(args, "--no-pci");
}

/* FNV-1a: several daemons on one machine differ by their state folder. */
static uint32_t hash_text(const char *text)
{
	uint32_t hash = 2166136261u;

	for (; *text != '\0'; text++)
		hash = (hash ^ (uint8_t)*text) * 16777619u;
	return hash;
}

int ctl_eal_args_build(
	const struct pw_conf *conf, bool hugepages, bool verbose, struct ctl_eal_args *args)
{
	memset(args, 0, sizeof(*args));
	if (add(args, "podwayd") != 0 || add_lcores(conf, args) != 0 ||
		add(args, "--main-lcore=0") != 0 || add(args, "-m") != 0 ||
		add(args, "%u", conf->memory.size_mb) != 0 ||
		/* Nothing of ours stays in hugetlbfs or /var/run/dpdk after a crash. */
		add(args, hugepages ? "--in-memory" : "--no-shconf") != 0 ||
		add(args, "--file-prefix=" CTL_EAL_PREFIX "%08x", hash_text(conf->state_dir)) !=
			0 ||
		add(args, "--no-telemetry") != 0 ||
		add(args, "--log-level=%s", verbose ? "*:info" : "*:notice") != 0)
		goto err;
	if (!hugepages && (add(args, "--no-huge") != 0))
		goto err;
	if (add_devices(conf, args) != 0)
		goto err;
	return 0;
err:
	ctl_eal_args_free(args);
	return -ENOMEM;
}

void ctl_eal_args_free(struct ctl_eal_args *args)
{
	for (int i = 0; i < args->n; i++)
		free(args->v[i]);
	memset(args, 0, sizeof(*args));
}

/* ---- packet memory ---- */

/* Of an mbuf besides its data room: the struct, mempool header, and what alignment costs. */
#define MBUF_OVERHEAD_BYTES 320
#define MBUFS_A_QUEUE       1024 /* descriptors of a NIC's queue, or what a TAP holds and more */
#define MBUFS_A_WORKER      2048 /* batch, buffers, rings, mempool caches */
#define MBUFS_AT_LEAST      4096
#define MBUFS_A_TAP         33 /* that lie ready for the largest frame when no large one is left */
#define MBUFS_FOR_LATER     16384 /* 16 queues of ports added at run time */

/* Large ones: each TAP keeps one ready, and a batch of them and what waits to leave is on its way.
 */
#define BIG_BYTES     (CTL_EAL_BIG_ROOM + MBUF_OVERHEAD_BYTES)
#define BIG_A_WORKER  128
#define BIG_FOR_LATER 64 /* TAPs added at run time */
#define BIG_SHARE     3  /* at most one part of so many */

static uint64_t mbufs_needed(const struct pw_conf *conf)
{
	uint64_t n = MBUFS_AT_LEAST + (uint64_t)conf->cpu.n_workers * MBUFS_A_WORKER;

	for (uint32_t i = 0; i < conf->n_ports; i++)
		n += (uint64_t)conf->ports[i].queues * MBUFS_A_QUEUE;
	return n;
}

/* More would only be touched when the daemon starts and given back when it dies: a restart takes
 * twice as long when all of 256 MB of ordinary pages is filled. */
static uint64_t mbufs_ample(const struct pw_conf *conf, uint64_t need)
{
	return need + MBUFS_FOR_LATER + (uint64_t)conf->pods.max * MBUFS_A_TAP;
}

static uint32_t big_wanted(const struct pw_conf *conf)
{
	uint32_t taps = conf->pods.max + conf->n_ports + 1 + BIG_FOR_LATER;

	return PW_MIN(taps, conf->limits.ports) + conf->cpu.n_workers * BIG_A_WORKER;
}

/* On hugepages the tables share the memory with the packets; else those are on the heap. */
static uint64_t packet_bytes(const struct pw_conf *conf, bool hugepages)
{
	uint64_t bytes = (uint64_t)conf->memory.size_mb << 20;

	return hugepages ? bytes / 2 : bytes / 8 * 7;
}

int ctl_eal_mbufs(
	const struct pw_conf *conf, bool hugepages, struct ctl_eal_pools *pools, struct pw_err *err)
{
	uint64_t bytes = packet_bytes(conf, hugepages), each = conf->memory.mbuf_bytes;
	uint64_t need = conf->memory.mbufs != 0 ? conf->memory.mbufs : mbufs_needed(conf);
	uint64_t big_bytes = (uint64_t)big_wanted(conf) * BIG_BYTES;
	uint64_t fit, fit_beside_big;

	each += MBUF_OVERHEAD_BYTES;
	fit = bytes / each;
	fit_beside_big = big_bytes <= bytes / BIG_SHARE ? (bytes - big_bytes) / each : 0;
	if (fit < need && conf->memory.mbufs != 0)
		return pw_err_set(err, -ENOMEM,
			"memory.mbufs: %u buffers of %u bytes do not fit into memory.size_mb: %u "
			"(%llu would): raise size_mb or lower mbufs",
			conf->memory.mbufs, conf->memory.mbuf_bytes, conf->memory.size_mb,
			(unsigned long long)fit);
	if (fit < need)
		return pw_err_set(err, -ENOMEM,
			"memory.size_mb: %u MB hold %llu packet buffers, but %u workers and the "
			"configured ports need %llu: raise it to %llu",
			conf->memory.size_mb, (unsigned long long)fit, conf->cpu.n_workers,
			(unsigned long long)need,
			(unsigned long long)(conf->memory.size_mb * need / fit + 1));
	pools->big = fit_beside_big >= need ? big_wanted(conf) : 0;
	if (pools->big > 0)
		fit = fit_beside_big;
	pools->mbufs = conf->memory.mbufs != 0 ? conf->memory.mbufs
					       : (uint32_t)PW_MIN(fit, mbufs_ample(conf, need));
	return 0;
}
