/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * preflight.c - what must be right before the EAL starts, each with the way out in its message.
 *
 * The EAL's own messages say what failed inside it, seldom what to do; so what can be known before
 * is checked before.
 */
#include <errno.h>
#include <linux/capability.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <dirent.h>
#include <fcntl.h>

#include "eal.h"
#include "pw_file.h"
#include "pw_str.h"

#define HUGEPAGES_DIR "/sys/kernel/mm/hugepages"

/* ---- reading the machine ---- */

static uint64_t read_u64(const char *path, uint64_t def)
{
	uint64_t value = def;
	char *text;
	size_t len;

	if (pw_file_read(path, 4096, &text, &len) != 0)
		return def;
	text[strcspn(text, " \n")] = '\0';
	if (pw_u64_parse(text, 0, UINT64_MAX, &value) != 0)
		value = def; /* "max" */
	free(text);
	return value;
}

static uint64_t read_free_hugepages_mb(void)
{
	DIR *dir = opendir(HUGEPAGES_DIR);
	struct dirent *entry;
	uint64_t kb = 0;

	if (dir == NULL)
		return 0;
	while ((entry = readdir(dir)) != NULL) {
		char path[512];
		unsigned long page_kb;

		if (sscanf(entry->d_name, "hugepages-%lukB", &page_kb) != 1)
			continue;
		snprintf(path, sizeof(path), HUGEPAGES_DIR "/%s/free_hugepages", entry->d_name);
		kb += read_u64(path, 0) * page_kb;
	}
	closedir(dir);
	return kb / 1024;
}

static uint64_t read_meminfo_available_mb(void)
{
	unsigned long long kb = ULLONG_MAX;
	char *text, *line;
	size_t len;

	if (pw_file_read("/proc/meminfo", 65536, &text, &len) != 0)
		return UINT64_MAX;
	line = strstr(text, "MemAvailable:");
	if (line != NULL)
		(void)sscanf(line, "MemAvailable: %llu kB", &kb);
	free(text);
	return kb == ULLONG_MAX ? UINT64_MAX : kb / 1024;
}

/* The smallest room that is left in our cgroup (v2) and those above it. */
static uint64_t read_cgroup_available_mb(void)
{
	char path[PATH_MAX + 64], *text, *group, *slash;
	uint64_t room = UINT64_MAX;
	size_t len;

	if (pw_file_read("/proc/self/cgroup", 65536, &text, &len) != 0)
		return UINT64_MAX;
	group = strstr(text, "0::/");
	if (group != NULL) {
		group += strlen("0::");
		group[strcspn(group, "\n")] = '\0';
	}
	while (group != NULL && (slash = strrchr(group, '/')) != NULL) {
		uint64_t max, used;

		snprintf(path, sizeof(path), "/sys/fs/cgroup%s/memory.max", group);
		max = read_u64(path, UINT64_MAX);
		snprintf(path, sizeof(path), "/sys/fs/cgroup%s/memory.current", group);
		used = read_u64(path, 0);
		if (max != UINT64_MAX)
			room = PW_MIN(room, max > used ? max - used : 0);
		*slash = '\0';
	}
	free(text);
	return room == UINT64_MAX ? room : room >> 20;
}

static uint64_t read_caps(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};

	if (syscall(SYS_capget, &header, data) != 0)
		return UINT64_MAX; /* not known: let the system calls say it */
	return (uint64_t)data[1].effective << 32 | data[0].effective;
}

static void read_cores(struct ctl_machine *machine)
{
	const uint32_t n = 64 * PW_CONF_MAX_WORKERS;
	cpu_set_t *set = CPU_ALLOC(n);
	size_t size = CPU_ALLOC_SIZE(n);

	if (set == NULL)
		return;
	CPU_ZERO_S(size, set);
	if (sched_getaffinity(0, size, set) == 0) {
		for (uint32_t core = 0; core < n; core++) {
			if (CPU_ISSET_S(core, size, set))
				machine->cores[core / 64] |= UINT64_C(1) << (core % 64);
		}
	}
	CPU_FREE(set);
}

void ctl_machine_read(struct ctl_machine *machine)
{
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	memset(machine, 0, sizeof(*machine));
	machine->has_tun = fd >= 0;
	if (fd >= 0)
		close(fd);
	machine->hugepage_free_mb = read_free_hugepages_mb();
	machine->available_mb = PW_MIN(read_meminfo_available_mb(), read_cgroup_available_mb());
	machine->caps = read_caps();
	read_cores(machine);
}

/* ---- judging it ---- */

/* "0-3,8" */
static void format_cores(const struct ctl_machine *machine, char *buf, size_t size)
{
	struct pw_str text = {0};

	for (uint32_t core = 0; core < 64 * PW_CONF_MAX_WORKERS; core++) {
		uint32_t last = core;

		if (!ctl_machine_has_core(machine, core))
			continue;
		while (ctl_machine_has_core(machine, last + 1))
			last++;
		pw_str_addf(&text, "%s%u", text.len > 0 ? "," : "", core);
		if (last > core)
			pw_str_addf(&text, "-%u", last);
		core = last;
	}
	snprintf(buf, size, "%s", text.s != NULL ? text.s : "none");
	pw_str_free(&text);
}

static int check_core(const struct pw_conf *conf, const struct ctl_machine *machine,
	const char *key, uint32_t core, struct pw_err *err)
{
	char cores[128];

	if (ctl_machine_has_core(machine, core))
		return 0;
	format_cores(machine, cores, sizeof(cores));
	return pw_err_set(err, -EINVAL,
		"%s: core %u is not among the cores this process may use (%s): choose one of them "
		"in "
		"%s, or widen its CPU set (CPUAffinity= or AllowedCPUs= of the unit, cpuset of the "
		"container, taskset)",
		key, core, cores, conf->path);
}

static int check_cores(
	const struct pw_conf *conf, const struct ctl_machine *machine, struct pw_err *err)
{
	int rc = check_core(conf, machine, "cpu.control", conf->cpu.control, err);

	for (uint32_t i = 0; rc == 0 && i < conf->cpu.n_workers; i++)
		rc = check_core(conf, machine, "cpu.workers", conf->cpu.workers[i], err);
	return rc;
}

static bool needs_tap(const struct pw_conf *conf)
{
	if (conf->host.enabled)
		return true;
	for (uint32_t i = 0; i < conf->n_ports; i++) {
		if (conf->ports[i].type == PW_CONF_PORT_TAP)
			return true;
	}
	return false;
}

static int check_tap(
	const struct pw_conf *conf, const struct ctl_machine *machine, struct pw_err *err)
{
	if (!needs_tap(conf))
		return 0;
	if ((machine->caps >> CAP_NET_ADMIN & 1) == 0)
		return pw_err_set(err, -EPERM,
			"CAP_NET_ADMIN is missing, and making the interface of %s needs it: run as "
			"root, with AmbientCapabilities=CAP_NET_ADMIN in the unit, or switch the "
			"host port off (host: {enabled: false}) and use no tap ports",
			conf->host.enabled ? conf->host.interface : "a tap port");
	if (!machine->has_tun)
		return pw_err_set(err, -ENODEV,
			"/dev/net/tun cannot be opened: load the module (modprobe tun); in a "
			"container give it the device (--device /dev/net/tun)");
	return 0;
}

static int check_plain_memory(
	const struct pw_conf *conf, const struct ctl_machine *machine, struct pw_err *err)
{
	if (machine->available_mb >= conf->memory.size_mb)
		return 0;
	return pw_err_set(err, -ENOMEM,
		"memory.size_mb: %u MB are asked for, %llu MB are available: lower it in %s, or "
		"raise "
		"the memory limit of the machine or container",
		conf->memory.size_mb, (unsigned long long)machine->available_mb, conf->path);
}

static int check_memory(const struct pw_conf *conf, const struct ctl_machine *machine,
	bool *hugepages, struct pw_err *err)
{
	bool enough = machine->hugepage_free_mb >= conf->memory.size_mb;

	*hugepages = enough && conf->memory.hugepages != PW_CONF_NO;
	if (*hugepages)
		return 0;
	if (conf->memory.hugepages == PW_CONF_YES)
		return pw_err_set(err, -ENOMEM,
			"memory.hugepages: yes, but %llu MB of hugepages are free and "
			"memory.size_mb is %u: reserve them (echo %u > "
			"/proc/sys/vm/nr_hugepages, or vm.nr_hugepages=%u in /etc/sysctl.d), lower "
			"size_mb, or say hugepages: auto",
			(unsigned long long)machine->hugepage_free_mb, conf->memory.size_mb,
			(conf->memory.size_mb + 1) / 2, (conf->memory.size_mb + 1) / 2);
	return check_plain_memory(conf, machine, err);
}

int ctl_preflight(const struct pw_conf *conf, const struct ctl_machine *machine, bool *hugepages,
	struct pw_err *err)
{
	int rc = check_cores(conf, machine, err);

	if (rc == 0)
		rc = check_tap(conf, machine, err);
	if (rc == 0)
		rc = check_memory(conf, machine, hugepages, err);
	return rc;
}
