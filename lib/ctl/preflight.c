/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * preflight.c - what must be right before the EAL starts: a table of checks, each with the way out.
 *
 * The EAL's own messages say what failed inside it, seldom what to do; so what can be known before
 * is checked before. A start ends with the first check that fails; podwayd --preflight shows all.
 */
#include <errno.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "eal.h"
#include "pw_ctl.h"
#include "pw_str.h"

struct check_ctx {
	const struct pw_conf *conf;
	const struct ctl_machine *machine;
	struct ctl_finding *finding;
};

static void __attribute__((format(printf, 2, 3))) say(struct check_ctx *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(c->finding->what, sizeof(c->finding->what), fmt, ap);
	va_end(ap);
}

/* code 0: a warning. What is wrong is in finding->what already. */
static void __attribute__((format(printf, 3, 4)))
fix(struct check_ctx *c, int code, const char *fmt, ...)
{
	va_list ap;

	c->finding->grade = code == 0 ? CTL_GRADE_WARN : CTL_GRADE_FAIL;
	c->finding->code = code;
	va_start(ap, fmt);
	vsnprintf(c->finding->fix, sizeof(c->finding->fix), fmt, ap);
	va_end(ap);
}

/* ---- cores ---- */

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

static bool check_core(struct check_ctx *c, const char *key, uint32_t core)
{
	char cores[128];

	if (ctl_machine_has_core(c->machine, core))
		return true;
	format_cores(c->machine, cores, sizeof(cores));
	say(c, "%s: core %u is not among the cores this process may use (%s)", key, core, cores);
	fix(c, -EINVAL,
		"choose one of them in %s, or widen its CPU set (CPUAffinity= or AllowedCPUs= of "
		"the unit, cpuset of the container, taskset)",
		c->conf->path);
	return false;
}

static void check_cores(struct check_ctx *c)
{
	const struct pw_conf *conf = c->conf;
	bool good = check_core(c, "cpu.control", conf->cpu.control);

	for (uint32_t i = 0; good && i < conf->cpu.n_workers; i++)
		good = check_core(c, "cpu.workers", conf->cpu.workers[i]);
	if (!good)
		return;
	say(c, "control on core %u, %u worker%s", conf->cpu.control, conf->cpu.n_workers,
		conf->cpu.n_workers == 1 ? "" : "s");
	if (conf->cpu.share)
		fix(c, 0,
			"threads share cores (cpu.share): give each a core of its own where "
			"throughput counts");
}

/* ---- kernel ---- */

static void check_kernel(struct check_ctx *c)
{
	if (!c->machine->has_sysfs) {
		say(c, "/sys is not mounted");
		fix(c, -ENOENT, "mount -t sysfs sysfs /sys");
	} else if (!c->machine->has_memfd) {
		say(c, "memfd_create is refused");
		fix(c, -ENOSYS,
			"use a kernel of 4.14 or newer, or let the seccomp profile of the "
			"container allow it");
	} else {
		say(c, "/sys is mounted, memory files can be made");
	}
}

static bool has_port_type(const struct pw_conf *conf, enum pw_conf_port_type type)
{
	for (uint32_t i = 0; i < conf->n_ports; i++) {
		if (conf->ports[i].type == type)
			return true;
	}
	return false;
}

static bool has_cap(const struct check_ctx *c, unsigned cap)
{
	return c->machine->caps >> cap & 1;
}

static bool needs_tap(const struct pw_conf *conf)
{
	return conf->host.enabled || has_port_type(conf, PW_CONF_PORT_TAP);
}

static void check_capabilities(struct check_ctx *c)
{
	bool net_admin = c->machine->caps >> CAP_NET_ADMIN & 1;
	bool sys_admin = c->machine->caps >> CAP_SYS_ADMIN & 1;

	if (needs_tap(c->conf) && !net_admin) {
		say(c, "CAP_NET_ADMIN is missing, and making the interface of %s needs it",
			c->conf->host.enabled ? c->conf->host.interface : "a tap port");
		fix(c, -EPERM,
			"run as root, with AmbientCapabilities=CAP_NET_ADMIN in the unit, or "
			"switch the host port off (host: {enabled: false}) and use no tap ports");
	} else if (!sys_admin) {
		say(c, "CAP_SYS_ADMIN is missing");
		fix(c, 0,
			"without it pods are not found again after a restart: add it to "
			"AmbientCapabilities= and CapabilityBoundingSet= of the unit");
	} else {
		say(c, "CAP_NET_ADMIN and CAP_SYS_ADMIN are there");
	}
}

static void check_tun(struct check_ctx *c)
{
	/* Only a test of the machine is as strict as the pods will be. */
	int code = needs_tap(c->conf) ? -ENODEV : 0;

	if (!c->machine->has_tun) {
		say(c, "/dev/net/tun cannot be opened");
		fix(c, code,
			"load the module (modprobe tun); in a container give it the device "
			"(--device /dev/net/tun)");
	} else if (!c->machine->has_vnet_hdr) {
		say(c, "TAPs of this kernel have no vnet header");
		fix(c, code, "use a kernel whose tun module knows IFF_VNET_HDR");
	} else {
		say(c, "/dev/net/tun opens, TAPs have a vnet header");
	}
}

/* Ports on interfaces of the kernel. */
static void check_interfaces(struct check_ctx *c)
{
	bool xdp = has_port_type(c->conf, PW_CONF_PORT_AF_XDP);

	if (!xdp && !has_port_type(c->conf, PW_CONF_PORT_AF_PACKET)) {
		say(c, "no port is on one of the kernel's");
	} else if (!has_cap(c, CAP_NET_RAW)) {
		say(c, "CAP_NET_RAW is missing, and af_packet and af_xdp ports need it");
		fix(c, -EPERM, "run as root, or add it to AmbientCapabilities= of the unit");
	} else if (!xdp) {
		say(c, "CAP_NET_RAW is there");
	} else if (!c->machine->has_xdp) {
		say(c, "this kernel has no AF_XDP sockets");
		fix(c, -EAFNOSUPPORT, "use one built with CONFIG_XDP_SOCKETS, or type: af_packet");
	} else if (!has_cap(c, CAP_NET_ADMIN) ||
		   (!has_cap(c, CAP_BPF) && !has_cap(c, CAP_SYS_ADMIN))) {
		say(c, "CAP_NET_ADMIN or CAP_BPF is missing, and af_xdp ports need both");
		fix(c, -EPERM,
			"run as root, or add them to AmbientCapabilities= of the unit, or use "
			"type: af_packet");
	} else {
		say(c, "AF_XDP sockets, CAP_NET_RAW and CAP_BPF are there");
	}
}

/* ---- memory ---- */

bool ctl_preflight_hugepages(const struct pw_conf *conf, const struct ctl_machine *machine)
{
	return machine->hugepage_free_mb >= conf->memory.size_mb &&
	       conf->memory.hugepages != PW_CONF_NO;
}

static void check_hugepages(struct check_ctx *c)
{
	unsigned pages = (c->conf->memory.size_mb + 1) / 2;

	say(c, "%llu MB are free, memory.size_mb is %u",
		(unsigned long long)c->machine->hugepage_free_mb, c->conf->memory.size_mb);
	if (ctl_preflight_hugepages(c->conf, c->machine))
		return;
	if (c->conf->memory.hugepages == PW_CONF_YES)
		fix(c, -ENOMEM,
			"memory.hugepages is yes: reserve them (echo %u > "
			"/proc/sys/vm/nr_hugepages, or vm.nr_hugepages=%u in /etc/sysctl.d), lower "
			"size_mb, or say hugepages: auto",
			pages, pages);
	else if (c->conf->memory.hugepages == PW_CONF_AUTO)
		fix(c, 0,
			"ordinary pages are slower and rule out most NICs: sysctl "
			"vm.nr_hugepages=%u",
			pages);
	else
		say(c, "not used, as configured (memory.hugepages: no)");
}

static void check_memory(struct check_ctx *c)
{
	const struct ctl_machine *machine = c->machine;

	if (machine->available_mb == UINT64_MAX)
		say(c, "not known");
	else
		say(c, "%llu MB are available", (unsigned long long)machine->available_mb);
	if (ctl_preflight_hugepages(c->conf, machine) ||
		machine->available_mb >= c->conf->memory.size_mb)
		return;
	say(c, "memory.size_mb: %u MB are asked for, %llu MB are available",
		c->conf->memory.size_mb, (unsigned long long)machine->available_mb);
	fix(c, -ENOMEM, "lower it in %s, or raise the memory limit of the machine or container",
		c->conf->path);
}

/* ---- limits ---- */

static bool is_nic(const struct pw_conf_port *port)
{
	return port->device != NULL && ctl_eal_device_is_pci(port->device);
}

static bool has_nic(const struct pw_conf *conf)
{
	for (uint32_t i = 0; i < conf->n_ports; i++) {
		if (is_nic(&conf->ports[i]))
			return true;
	}
	return false;
}

/* AF_XDP's packet memory (UMEM) is pinned: 3,072 frames of up to 4 KB a queue. */
#define XDP_BYTES_A_QUEUE (UINT64_C(12) << 20)

static uint64_t xdp_bytes(const struct pw_conf *conf)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < conf->n_ports; i++) {
		if (conf->ports[i].type == PW_CONF_PORT_AF_XDP)
			bytes += conf->ports[i].queues * XDP_BYTES_A_QUEUE;
	}
	return bytes;
}

/* Pages that a device or the kernel writes to are pinned, and count, but for who may pin any. The
 * limit is ours to raise with CAP_SYS_RESOURCE. */
static void check_memlock(struct check_ctx *c)
{
	uint64_t need = (uint64_t)c->conf->memory.size_mb << 20, have = c->machine->memlock_bytes;

	if (have == UINT64_MAX)
		say(c, "unlimited");
	else
		say(c, "%llu KB may be locked", (unsigned long long)(have >> 10));
	if (has_cap(c, CAP_IPC_LOCK))
		return;
	if (have < xdp_bytes(c->conf) && !has_cap(c, CAP_SYS_RESOURCE))
		fix(c, -ENOBUFS,
			"af_xdp ports take up to %llu MB: LimitMEMLOCK=infinity in the unit, "
			"ulimit "
			"-l unlimited, or CAP_IPC_LOCK",
			(unsigned long long)(xdp_bytes(c->conf) >> 20));
	else if (have < need && has_nic(c->conf))
		fix(c, 0,
			"a NIC needs %u MB: LimitMEMLOCK=infinity in the unit, ulimit -l "
			"unlimited, or CAP_IPC_LOCK",
			c->conf->memory.size_mb);
}

/* A TAP takes one, a vhost-user port with its peer some: connection, memory, two a ring, and those
 * it waits with. */
#define FILES_A_PORT 12
#define FILES_BASE   128

static void check_files(struct check_ctx *c)
{
	uint64_t need = FILES_BASE + c->conf->pods.max + c->conf->max_clients +
			(uint64_t)c->conf->n_ports * FILES_A_PORT;

	if (c->machine->max_files == UINT64_MAX)
		say(c, "unlimited");
	else
		say(c, "%llu may be open", (unsigned long long)c->machine->max_files);
	if (c->machine->max_files < need)
		fix(c, 0,
			"pods.max, ports and clients may take %llu: LimitNOFILE= in the unit, or "
			"ulimit -n",
			(unsigned long long)need);
}

/* ---- devices ---- */

static const char *const fast_drivers[] = {"vfio-pci", "uio_pci_generic", "igb_uio",
	/* These share the NIC with the kernel. */
	"mlx4_core", "mlx5_core", "mana"};

static bool is_fast_driver(const char *driver)
{
	for (unsigned i = 0; i < PW_ARRAY_SIZE(fast_drivers); i++) {
		if (strcmp(driver, fast_drivers[i]) == 0)
			return true;
	}
	return false;
}

/* True: nothing is wrong with it. */
static bool check_nic(struct check_ctx *c, const struct pw_conf_port *port)
{
	char address[32], driver[64];

	snprintf(address, sizeof(address), "%.*s", (int)strcspn(port->device, ","), port->device);
	switch (c->machine->pci(address, driver, sizeof(driver))) {
	case CTL_PCI_NONE:
		say(c, "%s of %s: no such PCI device", address, port->name);
		fix(c, -ENODEV, "see lspci -D; in a container give it /sys and the device");
		return false;
	case CTL_PCI_UNBOUND:
		say(c, "%s of %s has no driver", address, port->name);
		break;
	case CTL_PCI_BOUND:
		if (is_fast_driver(driver))
			return true;
		say(c, "%s of %s is bound to %s, a driver of the kernel's", address, port->name,
			driver);
		break;
	}
	fix(c, -ENODEV, "modprobe vfio-pci; dpdk-devbind.py --bind=vfio-pci %s", address);
	return false;
}

static void check_nics(struct check_ctx *c)
{
	for (uint32_t i = 0; i < c->conf->n_ports; i++) {
		if (is_nic(&c->conf->ports[i]) && !check_nic(c, &c->conf->ports[i]))
			return;
	}
	if (!has_nic(c->conf)) {
		say(c, "none is configured");
		return;
	}
	say(c, "bound to drivers that DPDK can use");
	if (!c->machine->has_iommu)
		fix(c, 0,
			"no IOMMU is on: intel_iommu=on or amd_iommu=on iommu=pt on the kernel's "
			"command line (and VT-d or AMD-Vi in the BIOS), so that a NIC reaches "
			"podway's memory only");
}

static void check_vhost_net(struct check_ctx *c)
{
	bool wanted = false;

	for (uint32_t i = 0; i < c->conf->n_ports; i++)
		wanted |= c->conf->ports[i].type == PW_CONF_PORT_VIRTIO_USER &&
			  c->conf->ports[i].interface != NULL;
	say(c, c->machine->has_vhost_net ? "/dev/vhost-net is there" : "not there");
	if (wanted && !c->machine->has_vhost_net)
		fix(c, -ENODEV,
			"a virtio-user port needs it: modprobe vhost_net, or give the "
			"container /dev/vhost-net");
}

/* ---- files ---- */

/* The folder, or the nearest above it that is there. */
static void nearest_folder(const char *path, char *buf, size_t size)
{
	char *slash;

	snprintf(buf, size, "%s", path);
	while (access(buf, F_OK) != 0 && (slash = strrchr(buf, '/')) != NULL)
		slash[slash == buf ? 1 : 0] = '\0';
}

static void check_state(struct check_ctx *c)
{
	char folder[1024];
	struct statfs fs;

	nearest_folder(c->conf->state_dir, folder, sizeof(folder));
	say(c, "%s", c->conf->state_dir);
	if (access(folder, W_OK) != 0) {
		say(c, "%s cannot be written: %s", folder, strerror(errno));
		fix(c, -EACCES, "run as root, or name another folder in state_dir");
	} else if (statfs(folder, &fs) == 0 && fs.f_type == TMPFS_MAGIC) {
		fix(c, 0,
			"it is in memory (tmpfs) and does not outlive a reboot: name a folder on "
			"a disk in state_dir");
	}
}

static const struct {
	const char *name;
	void (*run)(struct check_ctx *c);
} checks[] = {
	{"cores", check_cores},
	{"kernel", check_kernel},
	{"capabilities", check_capabilities},
	{"tun", check_tun},
	{"interfaces", check_interfaces},
	{"hugepages", check_hugepages},
	{"memory", check_memory},
	{"locked memory", check_memlock},
	{"open files", check_files},
	{"NICs", check_nics},
	{"vhost-net", check_vhost_net},
	{"state folder", check_state},
};

const char *ctl_preflight_check(const struct pw_conf *conf, const struct ctl_machine *machine,
	unsigned i, struct ctl_finding *finding)
{
	struct check_ctx c = {.conf = conf, .machine = machine, .finding = finding};

	memset(finding, 0, sizeof(*finding));
	if (i >= PW_ARRAY_SIZE(checks))
		return NULL;
	checks[i].run(&c);
	return checks[i].name;
}

int ctl_preflight(const struct pw_conf *conf, const struct ctl_machine *machine, bool *hugepages,
	struct pw_err *err)
{
	struct ctl_finding finding;

	for (unsigned i = 0; ctl_preflight_check(conf, machine, i, &finding) != NULL; i++) {
		if (finding.grade == CTL_GRADE_FAIL)
			return pw_err_set(err, finding.code, "%s: %s", finding.what, finding.fix);
	}
	*hugepages = ctl_preflight_hugepages(conf, machine);
	return 0;
}

int pw_ctl_preflight(const struct pw_conf *conf, FILE *out)
{
	static const char *const words[] = {"ok", "warn", "FAIL"};
	struct ctl_machine machine;
	struct ctl_finding finding;
	const char *name;
	int failed = 0;

	ctl_machine_read(&machine);
	fprintf(out, "%-14s %-5s %s\n", "CHECK", "", "FOUND");
	for (unsigned i = 0; (name = ctl_preflight_check(conf, &machine, i, &finding)) != NULL;
		i++) {
		fprintf(out, "%-14s %-5s %s\n", name, words[finding.grade], finding.what);
		if (finding.fix[0] != '\0')
			fprintf(out, "%-14s %-5s fix: %s\n", "", "", finding.fix);
		failed += finding.grade == CTL_GRADE_FAIL;
	}
	return failed;
}
