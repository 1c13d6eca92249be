/* SPDX-License-Identifier: BSD-3-Clause */
/* EAL arguments, packet buffers, and what is checked before the EAL starts. */
#include "harness.h"

#include <linux/capability.h>

#include "eal.h"

static bool has(const struct ctl_eal_args *args, const char *wanted)
{
	for (int i = 0; i < args->n; i++) {
		if (strcmp(args->v[i], wanted) == 0)
			return true;
	}
	return false;
}

static void args_for(const char *yaml, bool hugepages, struct ctl_eal_args *args)
{
	struct pw_conf *conf = harness_conf(yaml);

	assert_int_equal(ctl_eal_args_build(conf, hugepages, false, args), 0);
	assert_null(args->v[args->n]);
	pw_conf_free(conf);
}

static void test_plain_pages(void **state)
{
	struct ctl_eal_args args;

	args_for("cpu: {control: 3, workers: [5, 7]}\nmemory: {size_mb: 96}\n", false, &args);
	assert_string_equal(args.v[0], "podwayd");
	assert_true(has(&args, "--lcores=0@3,1@5,2@7"));
	assert_true(has(&args, "--main-lcore=0"));
	assert_true(has(&args, "--no-huge"));
	assert_true(has(&args, "--no-shconf"));
	assert_false(has(&args, "--in-memory")); /* the EAL refuses both */
	assert_true(has(&args, "--no-pci"));
	assert_true(has(&args, "--no-telemetry"));
	assert_true(has(&args, "96"));
	ctl_eal_args_free(&args);
}

static void test_hugepages(void **state)
{
	struct ctl_eal_args args;

	args_for("cpu: {control: 0, workers: [0, 1], share: true}\n", true, &args);
	assert_true(has(&args, "--lcores=0@0,1@0,2@1"));
	assert_true(has(&args, "--in-memory"));
	assert_false(has(&args, "--no-huge"));
	ctl_eal_args_free(&args);
}

static void test_devices(void **state)
{
	struct ctl_eal_args args;

	args_for("bridges: [{name: b}]\n"
		 "uplinks: [{name: u1, device: \"0000:01:00.0\", bridge: b},\n"
		 "  {name: u2, device: \"net_null0\", bridge: b}]\n",
		false, &args);
	assert_true(has(&args, "-a"));
	assert_true(has(&args, "0000:01:00.0"));
	assert_false(has(&args, "net_null0"));
	assert_false(has(&args, "--no-pci"));
	ctl_eal_args_free(&args);
}

/* Two daemons of one machine must not share the EAL's files. */
static void test_prefix_differs(void **state)
{
	struct ctl_eal_args a, b;
	const char *pa = NULL, *pb = NULL;

	args_for("state_dir: /var/lib/a\n", false, &a);
	args_for("state_dir: /var/lib/b\n", false, &b);
	for (int i = 0; i < a.n; i++) {
		if (strncmp(a.v[i], "--file-prefix=", 14) == 0) {
			pa = a.v[i];
			pb = b.v[i];
		}
	}
	assert_non_null(pa);
	assert_string_not_equal(pa, pb);
	ctl_eal_args_free(&a);
	ctl_eal_args_free(&b);
}

static void test_is_pci(void **state)
{
	static const struct {
		const char *device;
		bool pci;
	} cases[] = {
		{"0000:01:00.0", true},
		{"01:00.0", true},
		{"0000:01:00.0,rx_desc=64", true},
		{"net_null0", false},
		{"net_af_packet0,iface=eth1:1.0", false},
		{"01:00", false},
		{"01:00.9", false},
		{"1.0", false},
		{"", false},
		{"0000:01:zz.0", false},
		{"a:b:c:00.0", false},
	};

	for (unsigned i = 0; i < PW_ARRAY_SIZE(cases); i++)
		assert_int_equal(ctl_eal_device_is_pci(cases[i].device), cases[i].pci);
}

static uint64_t bytes_of(const struct ctl_eal_pools *pools, const struct pw_conf *conf)
{
	return (uint64_t)pools->mbufs * conf->memory.mbuf_bytes +
	       (uint64_t)pools->big * CTL_EAL_BIG_ROOM;
}

static void test_mbufs(void **state)
{
	struct pw_conf *conf = harness_conf("cpu: {control: 0, workers: [1]}\n");
	struct ctl_eal_pools plain, huge;
	struct pw_err err = {0};

	assert_int_equal(ctl_eal_mbufs(conf, false, &plain, &err), 0);
	assert_int_equal(ctl_eal_mbufs(conf, true, &huge, &err), 0);
	assert_int_equal(plain.mbufs, huge.mbufs); /* ample, not all that fits */
	assert_true(plain.big > conf->pods.max);   /* each pod's TAP keeps one */
	assert_true(bytes_of(&plain, conf) < UINT64_C(256) << 20);
	assert_true(bytes_of(&huge, conf) < UINT64_C(128) << 20);
	conf->memory.size_mb = 128;
	assert_int_equal(ctl_eal_mbufs(conf, false, &plain, &err), 0);
	assert_int_equal(ctl_eal_mbufs(conf, true, &huge, &err), 0);
	assert_true(plain.mbufs > huge.mbufs); /* on hugepages the tables need room too */
	conf->memory.size_mb = 256;
	conf->memory.mbufs = 5000;
	assert_int_equal(ctl_eal_mbufs(conf, false, &plain, &err), 0);
	assert_int_equal(plain.mbufs, 5000);
	conf->memory.mbufs = 1000000;
	assert_int_equal(ctl_eal_mbufs(conf, false, &plain, &err), -ENOMEM);
	assert_non_null(strstr(err.msg, "size_mb"));
	pw_conf_free(conf);
}

/* Large buffers are the first to go without. */
static void test_mbufs_when_memory_is_short(void **state)
{
	struct pw_conf *conf = harness_conf("memory: {size_mb: 64}\n");
	struct ctl_eal_pools pools;
	struct pw_err err = {0};

	conf->cpu.n_workers = 1;
	assert_int_equal(ctl_eal_mbufs(conf, true, &pools, &err), 0);
	assert_int_equal(pools.big, 0);
	assert_true(pools.mbufs > 4096);
	conf->memory.mbufs = 23000; /* all of the memory */
	assert_int_equal(ctl_eal_mbufs(conf, false, &pools, &err), 0);
	assert_int_equal(pools.big, 0);
	pw_conf_free(conf);
}

static void test_mbufs_for_many_workers(void **state)
{
	struct pw_conf *conf = harness_conf("memory: {size_mb: 64}\n");
	struct ctl_eal_pools pools;
	struct pw_err err = {0};
	unsigned wanted;

	conf->cpu.n_workers = 16;
	assert_int_equal(ctl_eal_mbufs(conf, false, &pools, &err), -ENOMEM);
	/* What it says is enough. */
	assert_int_equal(sscanf(strstr(err.msg, "raise it to "), "raise it to %u", &wanted), 1);
	conf->memory.size_mb = wanted;
	assert_int_equal(ctl_eal_mbufs(conf, false, &pools, &err), 0);
	pw_conf_free(conf);
}

/* ---- preflight ---- */

static enum ctl_pci pci_with_vfio(const char *address, char *driver, size_t size)
{
	assert_string_equal(address, "0000:01:00.0");
	snprintf(driver, size, "vfio-pci");
	return CTL_PCI_BOUND;
}

static enum ctl_pci pci_with_kernel(const char *address, char *driver, size_t size)
{
	snprintf(driver, size, "igb");
	return CTL_PCI_BOUND;
}

static enum ctl_pci pci_none(const char *address, char *driver, size_t size)
{
	return CTL_PCI_NONE;
}

static struct ctl_machine good_machine(void)
{
	return (struct ctl_machine){
		.hugepage_free_mb = 1024,
		.available_mb = 8192,
		.cores = {0xf},
		.caps = UINT64_C(1) << CAP_NET_ADMIN,
		.memlock_bytes = UINT64_MAX,
		.max_files = UINT64_MAX,
		.has_sysfs = true,
		.has_memfd = true,
		.has_tun = true,
		.has_vnet_hdr = true,
		.has_iommu = true,
		.pci = pci_with_vfio,
	};
}

#define CHECKED_YAML "cpu: {control: 0, workers: [1, 3]}\n"

static int check(
	const char *yaml, const struct ctl_machine *machine, bool *huge, struct pw_err *err)
{
	struct pw_conf *conf = harness_conf(yaml);
	int rc;

	memset(err, 0, sizeof(*err));
	rc = ctl_preflight(conf, machine, huge, err);
	pw_conf_free(conf);
	return rc;
}

static void test_preflight_good(void **state)
{
	struct ctl_machine machine = good_machine();
	struct pw_err err;
	bool huge = false;

	assert_int_equal(check(CHECKED_YAML, &machine, &huge, &err), 0);
	assert_true(huge);
	assert_int_equal(check(CHECKED_YAML "memory: {hugepages: no}\n", &machine, &huge, &err), 0);
	assert_false(huge);
	machine.hugepage_free_mb = 100;
	assert_int_equal(check(CHECKED_YAML, &machine, &huge, &err), 0);
	assert_false(huge);
}

static void test_preflight_cores(void **state)
{
	struct ctl_machine machine = good_machine();
	struct pw_err err;
	bool huge;

	machine.cores[0] = 0x7 | UINT64_C(1) << 40;
	assert_int_equal(check(CHECKED_YAML, &machine, &huge, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "core 3"));
	assert_non_null(strstr(err.msg, "(0-2,40)"));
	assert_non_null(strstr(err.msg, "test.yaml"));
	machine.cores[0] = 0xe;
	assert_int_equal(check(CHECKED_YAML, &machine, &huge, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "cpu.control: core 0"));
	assert_non_null(strstr(err.msg, "(1-3)"));
}

static void test_preflight_tap(void **state)
{
	struct ctl_machine machine = good_machine();
	struct pw_err err;
	bool huge;

	machine.caps = 0;
	assert_int_equal(check(CHECKED_YAML, &machine, &huge, &err), -EPERM);
	assert_non_null(strstr(err.msg, "CAP_NET_ADMIN"));
	assert_non_null(strstr(err.msg, "root"));
	assert_int_equal(check(CHECKED_YAML "host: {enabled: false}\n", &machine, &huge, &err), 0);
	machine = good_machine();
	machine.has_tun = false;
	assert_int_equal(check(CHECKED_YAML, &machine, &huge, &err), -ENODEV);
	assert_non_null(strstr(err.msg, "modprobe tun"));
}

static void test_preflight_memory(void **state)
{
	struct ctl_machine machine = good_machine();
	struct pw_err err;
	bool huge;

	machine.hugepage_free_mb = 100;
	assert_int_equal(
		check(CHECKED_YAML "memory: {hugepages: yes}\n", &machine, &huge, &err), -ENOMEM);
	assert_non_null(strstr(err.msg, "vm.nr_hugepages=128"));
	machine.available_mb = 200;
	assert_int_equal(check(CHECKED_YAML, &machine, &huge, &err), -ENOMEM);
	assert_non_null(strstr(err.msg, "200 MB are available"));
	machine.hugepage_free_mb = 256; /* is not taken from the rest */
	assert_int_equal(check(CHECKED_YAML, &machine, &huge, &err), 0);
}

#define NIC_YAML                                                                                   \
	CHECKED_YAML "bridges: [{name: b}]\n"                                                      \
		     "uplinks: [{name: u, device: \"0000:01:00.0,x=1\", bridge: b}]\n"

static void test_preflight_nic(void **state)
{
	struct ctl_machine machine = good_machine();
	struct pw_err err;
	bool huge;

	assert_int_equal(check(NIC_YAML, &machine, &huge, &err), 0);
	machine.pci = pci_with_kernel;
	assert_int_equal(check(NIC_YAML, &machine, &huge, &err), -ENODEV);
	assert_non_null(strstr(err.msg, "bound to igb"));
	assert_non_null(strstr(err.msg, "dpdk-devbind.py --bind=vfio-pci 0000:01:00.0"));
	machine.pci = pci_none;
	assert_int_equal(check(NIC_YAML, &machine, &huge, &err), -ENODEV);
	assert_non_null(strstr(err.msg, "no such PCI device"));
}

static enum ctl_grade grade_of(
	const char *yaml, const struct ctl_machine *machine, const char *wanted, char *why)
{
	struct pw_conf *conf = harness_conf(yaml);
	struct ctl_finding finding;
	const char *name;

	for (unsigned i = 0; (name = ctl_preflight_check(conf, machine, i, &finding)) != NULL;
		i++) {
		if (strcmp(name, wanted) == 0)
			break;
	}
	assert_non_null(name);
	assert_int_equal(finding.grade != CTL_GRADE_OK, finding.fix[0] != '\0');
	sprintf(why, "%s: %s", finding.what, finding.fix);
	pw_conf_free(conf);
	return finding.grade;
}

/* What works, but not as well as it could, is told and does not keep podwayd from starting. */
static void test_preflight_warnings(void **state)
{
	struct ctl_machine machine = good_machine();
	char why[1024];
	struct pw_err err;
	bool huge;

	machine.hugepage_free_mb = 0;
	machine.memlock_bytes = 65536;
	machine.max_files = 256;
	machine.has_iommu = false;
	assert_int_equal(check(NIC_YAML, &machine, &huge, &err), 0);
	assert_int_equal(grade_of(NIC_YAML, &machine, "hugepages", why), CTL_GRADE_WARN);
	assert_non_null(strstr(why, "vm.nr_hugepages=128"));
	assert_int_equal(grade_of(NIC_YAML, &machine, "locked memory", why), CTL_GRADE_WARN);
	assert_non_null(strstr(why, "LimitMEMLOCK=infinity"));
	assert_int_equal(grade_of(NIC_YAML, &machine, "open files", why), CTL_GRADE_WARN);
	assert_int_equal(grade_of(NIC_YAML, &machine, "NICs", why), CTL_GRADE_WARN);
	assert_non_null(strstr(why, "intel_iommu=on"));
	assert_int_equal(grade_of(NIC_YAML, &machine, "capabilities", why), CTL_GRADE_WARN);
	machine.has_memfd = false;
	assert_int_equal(check(NIC_YAML, &machine, &huge, &err), -ENOSYS);
}

#define XDP_YAML                                                                                   \
	CHECKED_YAML                                                                               \
	"ports: [{name: a, type: af_xdp, interface: eth0, peers: 192.0.2.1, queues: 2}]\n"

static void test_preflight_xdp(void **state)
{
	struct ctl_machine machine = good_machine();
	char why[1024];
	struct pw_err err;
	bool huge;

	machine.caps |= UINT64_C(1) << CAP_NET_RAW | UINT64_C(1) << CAP_BPF;
	machine.has_xdp = true;
	assert_int_equal(check(XDP_YAML, &machine, &huge, &err), 0);
	machine.memlock_bytes = 8 << 20;
	assert_int_equal(grade_of(XDP_YAML, &machine, "locked memory", why), CTL_GRADE_FAIL);
	assert_non_null(strstr(why, "24 MB"));
	machine.caps |= UINT64_C(1) << CAP_IPC_LOCK;
	assert_int_equal(grade_of(XDP_YAML, &machine, "locked memory", why), CTL_GRADE_OK);
	machine.has_xdp = false;
	assert_int_equal(check(XDP_YAML, &machine, &huge, &err), -EAFNOSUPPORT);
	assert_non_null(strstr(err.msg, "type: af_packet"));
	machine.has_xdp = true;
	machine.caps &= ~(UINT64_C(1) << CAP_BPF);
	assert_int_equal(check(XDP_YAML, &machine, &huge, &err), -EPERM);
	machine.caps &= ~(UINT64_C(1) << CAP_NET_RAW);
	assert_int_equal(check(XDP_YAML, &machine, &huge, &err), -EPERM);
	assert_non_null(strstr(err.msg, "CAP_NET_RAW is missing"));
}

static void test_machine_is_readable(void **state)
{
	struct ctl_machine machine;
	uint32_t n = 0;

	ctl_machine_read(&machine);
	for (uint32_t core = 0; core < 64 * PW_CONF_MAX_WORKERS; core++)
		n += ctl_machine_has_core(&machine, core);
	assert_true(n > 0);
	assert_true(machine.available_mb > 0);
}

/* OPS-7: of a NIC that is far from its packets; not where either place is unknown. */
static void test_numa_of_ports(void **state)
{
	static const struct {
		int port, memory;
		bool told;
	} cases[] = {{1, 0, true}, {0, 1, true}, {1, 1, false}, {-1, 0, false}, {0, -1, false}};
	struct pw_port port = {.name = "uplink0"};
	struct harness h;

	harness_open(&h, "node: {name: n1}\n");
	for (size_t i = 0; i < PW_ARRAY_SIZE(cases); i++) {
		h.log[0] = '\0';
		port.socket_id = cases[i].port;
		h.ctl.port_env.socket_id = cases[i].memory;
		ctl_eal_tell_numa_of(&h.ctl, &port);
		assert_int_equal(
			strstr(h.log, "port uplink0 is on NUMA node") != NULL, cases[i].told);
		assert_int_equal(
			strstr(h.log, "choose cpu.control and cpu.workers") != NULL, cases[i].told);
	}
	harness_close(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain_pages),
		cmocka_unit_test(test_hugepages),
		cmocka_unit_test(test_devices),
		cmocka_unit_test(test_prefix_differs),
		cmocka_unit_test(test_is_pci),
		cmocka_unit_test(test_mbufs),
		cmocka_unit_test(test_mbufs_when_memory_is_short),
		cmocka_unit_test(test_mbufs_for_many_workers),
		cmocka_unit_test(test_numa_of_ports),
		cmocka_unit_test(test_preflight_good),
		cmocka_unit_test(test_preflight_cores),
		cmocka_unit_test(test_preflight_tap),
		cmocka_unit_test(test_preflight_memory),
		cmocka_unit_test(test_preflight_nic),
		cmocka_unit_test(test_preflight_warnings),
		cmocka_unit_test(test_preflight_xdp),
		cmocka_unit_test(test_machine_is_readable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
