/* SPDX-License-Identifier: BSD-3-Clause */
/* machine.c - what this machine and our place on it (cgroup, limits, capabilities) offer. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/if_tun.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "machine.h"
#include "pw_file.h"
#include "pw_str.h"
#include "pw_util.h"

#define HUGEPAGES_DIR "/sys/kernel/mm/hugepages"
#define IOMMU_DIR     "/sys/kernel/iommu_groups"
#define PCI_DIR       "/sys/bus/pci/devices"

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

static void read_tun(struct ctl_machine *machine)
{
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	unsigned features = 0;

	if (fd < 0)
		return;
	machine->has_tun = true;
	machine->has_vnet_hdr =
		ioctl(fd, TUNGETFEATURES, &features) == 0 && (features & IFF_VNET_HDR) != 0;
	close(fd);
}

static uint64_t read_limit(__rlimit_resource_t what)
{
	struct rlimit limit;

	if (getrlimit(what, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
		return UINT64_MAX;
	return limit.rlim_cur;
}

static bool has_entries(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	bool any = false;

	while (dir != NULL && !any && (entry = readdir(dir)) != NULL)
		any = entry->d_name[0] != '.';
	if (dir != NULL)
		closedir(dir);
	return any;
}

static bool has_memfd(void)
{
	int fd = memfd_create("podway", MFD_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* Without CAP_NET_RAW it may only refuse. */
static bool knows_xdp(void)
{
	int fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd >= 0)
		close(fd);
	return fd >= 0 || errno == EPERM;
}

/* "0000:01:00.0" or "01:00.0" */
static enum ctl_pci read_pci(const char *address, char *driver, size_t size)
{
	char path[PATH_MAX], target[PATH_MAX];
	ssize_t len;

	driver[0] = '\0';
	snprintf(path, sizeof(path), PCI_DIR "/%s%s", strlen(address) > 8 ? "" : "0000:", address);
	if (access(path, F_OK) != 0)
		return CTL_PCI_NONE;
	strncat(path, "/driver", sizeof(path) - strlen(path) - 1);
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0)
		return CTL_PCI_UNBOUND;
	target[len] = '\0';
	snprintf(driver, size, "%s",
		strrchr(target, '/') != NULL ? strrchr(target, '/') + 1 : target);
	return CTL_PCI_BOUND;
}

void ctl_machine_read(struct ctl_machine *machine)
{
	memset(machine, 0, sizeof(*machine));
	read_tun(machine);
	machine->hugepage_free_mb = read_free_hugepages_mb();
	machine->available_mb = PW_MIN(read_meminfo_available_mb(), read_cgroup_available_mb());
	machine->caps = read_caps();
	machine->memlock_bytes = read_limit(RLIMIT_MEMLOCK);
	machine->max_files = read_limit(RLIMIT_NOFILE);
	machine->has_sysfs = access("/sys/kernel", F_OK) == 0;
	machine->has_memfd = has_memfd();
	machine->has_vhost_net = access("/dev/vhost-net", R_OK | W_OK) == 0;
	machine->has_vfio = access("/dev/vfio/vfio", R_OK | W_OK) == 0;
	machine->has_iommu = has_entries(IOMMU_DIR);
	machine->has_xdp = knows_xdp();
	machine->pci = read_pci;
	read_cores(machine);
}
