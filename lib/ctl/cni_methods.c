/* SPDX-License-Identifier: BSD-3-Clause */
/* cni_methods.c - cni.* for the plugin, pods.list for people. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bridge.h"
#include "pod_priv.h"
#include "port_reg.h"
#include "pw_cni_env.h"
#include "pw_str.h"

struct attachment { /* the first two parameters of every method */
	const char *container_id, *ifname;
};

static int check_names(const struct attachment *a, struct pw_ipc_error *err)
{
	if (!pw_name_valid(a->container_id, PW_CNI_ID_MAX))
		return pw_ipc_error_set(err, PW_IPC_E_PARAMS,
			"container_id: \"%s\": allowed are 1..%u of A-Z a-z 0-9 _ . - (first: "
			"letter or "
			"digit)",
			a->container_id, PW_CNI_ID_MAX);
	if (!pw_ifname_valid(a->ifname))
		return pw_ipc_error_set(
			err, PW_IPC_E_PARAMS, "ifname: \"%s\" is no interface name", a->ifname);
	return 0;
}

static int no_such(const struct attachment *a, struct pw_ipc_error *err)
{
	return pw_ipc_error_set(err, PW_IPC_E_MISSING, "container %s, interface %s: not attached",
		a->container_id, a->ifname);
}

/* ---- cni.prepare ---- */

struct prepare {
	struct attachment a;
	const char *netns, *network, *pod_namespace, *pod_name, *pod_uid;
	struct pw_mac mac;
	uint64_t mtu;
	json_t *ranges;
	struct pw_ipc_prefixes ips, addresses;
};

#define OPTIONAL(name, type)                                                                       \
	{                                                                                          \
#name, type, offsetof(struct prepare, name), .optional = true                      \
	}
#define OPTIONAL_LIST(name, limit)                                                                 \
	{                                                                                          \
#name, PW_IPC_PREFIXES, offsetof(struct prepare, name), .optional = true,          \
									.max = (limit)             \
	}
static const struct pw_ipc_param prepare_params[] = {
	{"container_id", PW_IPC_STRING, offsetof(struct prepare, a.container_id)},
	{"ifname", PW_IPC_STRING, offsetof(struct prepare, a.ifname)},
	{"netns", PW_IPC_STRING, offsetof(struct prepare, netns), .min = 1, .max = 4000},
	{"network", PW_IPC_STRING, offsetof(struct prepare, network), .min = 1, .max = 200},
	OPTIONAL(pod_namespace, PW_IPC_STRING),
	OPTIONAL(pod_name, PW_IPC_STRING),
	OPTIONAL(pod_uid, PW_IPC_STRING),
	OPTIONAL(mac, PW_IPC_MAC),
	{"mtu", PW_IPC_U64, offsetof(struct prepare, mtu), .optional = true, .min = 68,
		.max = PW_MTU_MAX},
	OPTIONAL(ranges, PW_IPC_ARRAY),
	OPTIONAL_LIST(ips, PW_CNI_MAX_IPS),
	OPTIONAL_LIST(addresses, CTL_POD_MAX_IPS),
	{0},
};
#undef OPTIONAL
#undef OPTIONAL_LIST

/* The connection went without cni.attach. */
static void undo_prepare(struct pw_ipc_on_close *undo)
{
	struct ctl_pod *pod = pw_container_of(undo, struct ctl_pod, undo);
	char label[384];

	pw_warn(POD_LOG, "%s: the plugin went away before the end: taken back",
		pod_label(pod, label, sizeof(label)));
	pod_release(pod, NULL, NULL);
	pod_destroy(pod);
}

static int check_prepare(struct pw_ctl *ctl, const struct prepare *p, struct pw_ipc_error *err)
{
	struct ctl_pod *old;

	if (check_names(&p->a, err) != 0)
		return err->code;
	if (p->netns[0] != '/')
		return pw_ipc_error_set(
			err, PW_IPC_E_PARAMS, "netns: \"%s\" is no absolute path", p->netns);
	if (p->addresses.n > 0 && (p->ips.n > 0 || p->ranges != NULL))
		return pw_ipc_error_set(err, PW_IPC_E_PARAMS,
			"addresses: another IPAM gave them: no \"ips\" and \"ranges\" then");
	old = ctl_pod_find(ctl, p->a.container_id, p->a.ifname);
	if (old != NULL && old->state != CTL_POD_LOST)
		return pw_ipc_error_set(err, PW_IPC_E_EXISTS,
			"container %s, interface %s: attached already, as port %s: DEL first",
			p->a.container_id, p->a.ifname, old->port_name);
	pod_destroy(old);
	return 0;
}

static int cni_prepare(void *ctx, struct pw_ipc_request *req, void *params, json_t **result,
	struct pw_ipc_error *err)
{
	const struct prepare *p = params;
	struct pod_request request = {
		.container_id = p->a.container_id,
		.ifname = p->a.ifname,
		.netns = p->netns,
		.network = p->network,
		.pod_namespace = p->pod_namespace,
		.pod_name = p->pod_name,
		.pod_uid = p->pod_uid,
		.mac = p->mac,
		.mtu = p->mtu,
		.ranges = p->ranges,
		.addresses = p->addresses.v,
		.n_addresses = (unsigned)p->addresses.n,
	};
	struct pw_ip ips[PW_CNI_MAX_IPS];
	struct pw_err why = {0};
	struct ctl_pod *pod;

	if (check_prepare(ctx, p, err) != 0)
		return err->code;
	for (size_t i = 0; i < p->ips.n; i++)
		ips[i] = p->ips.v[i].ip;
	request.ips = ips;
	request.n_ips = (unsigned)p->ips.n;
	if (pod_plan(ctx, &request, &pod, &why) != 0)
		return pw_ipc_error_from(err, &why);
	pod_enter(pod, CTL_POD_PREPARED);
	pod->undo.fn = undo_prepare;
	pw_ipc_conn_on_close(pw_ipc_request_conn(req), &pod->undo);
	*result = pod_plan_json(pod);
	return 0;
}

/* ---- cni.attach ---- */

struct attach {
	struct attachment a;
	uint64_t netns_dev, netns_inode, ifindex;
};
static const struct pw_ipc_param attach_params[] = {
	{"container_id", PW_IPC_STRING, offsetof(struct attach, a.container_id)},
	{"ifname", PW_IPC_STRING, offsetof(struct attach, a.ifname)},
	{"netns_dev", PW_IPC_U64, offsetof(struct attach, netns_dev)},
	{"netns_inode", PW_IPC_U64, offsetof(struct attach, netns_inode), .min = 1},
	{"ifindex", PW_IPC_U64, offsetof(struct attach, ifindex), .min = 1, .max = INT32_MAX},
	{0},
};

/* Only the connection that reserved it may go on. */
static struct ctl_pod *find_prepared(struct pw_ctl *ctl, const struct attachment *a,
	struct pw_ipc_request *req, struct pw_ipc_error *err)
{
	struct ctl_pod *pod = ctl_pod_find(ctl, a->container_id, a->ifname);

	if (pod == NULL || pod->state == CTL_POD_LOST) {
		pw_ipc_error_set(err, PW_IPC_E_MISSING,
			"container %s, interface %s: cni.prepare comes first", a->container_id,
			a->ifname);
		return NULL;
	}
	if (pod->state == CTL_POD_UP) {
		pw_ipc_error_set(err, PW_IPC_E_EXISTS,
			"container %s, interface %s: attached already", a->container_id, a->ifname);
		return NULL;
	}
	if (pod->undo.conn != pw_ipc_request_conn(req)) {
		pw_ipc_error_set(err, PW_IPC_E_DENIED,
			"container %s, interface %s: prepared by another connection",
			a->container_id, a->ifname);
		return NULL;
	}
	return pod;
}

/* A sandbox that we cannot see is not watched; nor is one by pid: the process may end before it. */
static void decide_watch(struct ctl_pod *pod)
{
	char label[384];

	pod->watched = strncmp(pod->netns, "/proc/", 6) != 0 && pod_sandbox_exists(pod);
	if (!pod->watched)
		pw_debug(POD_LOG, "%s: namespace %s is not watched",
			pod_label(pod, label, sizeof(label)), pod->netns);
}

static int attach(struct ctl_pod *pod, int fd, struct pw_err *err)
{
	char label[384], address[PW_PREFIX_STRLEN];
	int rc = pod_open_port(pod, fd, err);

	if (rc != 0) {
		close(fd);
		return rc;
	}
	rc = pod_state_save(pod, err);
	if (rc != 0) {
		ctl_port_del(pod->ctl, pod->port, NULL, NULL);
		pod->port = NULL;
		return rc;
	}
	pw_ipc_on_close_cancel(&pod->undo);
	pod->state = CTL_POD_UP;
	decide_watch(pod);
	pw_info(POD_LOG, "%s attached: %s, port %s", pod_label(pod, label, sizeof(label)),
		pw_prefix_format(&pod->ips[0].address, address), pod->port_name);
	return 0;
}

static int cni_attach(void *ctx, struct pw_ipc_request *req, void *params, json_t **result,
	struct pw_ipc_error *err)
{
	const struct attach *p = params;
	struct ctl_pod *pod = find_prepared(ctx, &p->a, req, err);
	struct pw_err why = {0};
	int fd;

	if (pod == NULL)
		return err->code;
	fd = pw_ipc_request_take_fd(req);
	if (fd < 0)
		return fd;
	pod->netns_dev = p->netns_dev;
	pod->netns_inode = p->netns_inode;
	pod->ifindex = (uint32_t)p->ifindex;
	if (attach(pod, fd, &why) != 0)
		return pw_ipc_error_from(err, &why);
	*result = json_pack("{s:s}", "port", pod->port_name);
	return 0;
}

/* ---- cni.del ---- */

static const struct pw_ipc_param attachment_params[] = {
	{"container_id", PW_IPC_STRING, offsetof(struct attachment, container_id)},
	{"ifname", PW_IPC_STRING, offsetof(struct attachment, ifname)},
	{0},
};

static void answer_del(void *arg)
{
	pw_ipc_reply(arg, json_pack("{s:b}", "found", true), NULL);
}

/* Answered when the TAP is closed: nothing of ours holds the namespace any more. */
static int cni_del(void *ctx, struct pw_ipc_request *req, void *params, json_t **result,
	struct pw_ipc_error *err)
{
	const struct attachment *a = params;
	struct ctl_pod *pod;
	char label[384];

	if (check_names(a, err) != 0)
		return err->code;
	pod = ctl_pod_find(ctx, a->container_id, a->ifname);
	if (pod == NULL) {
		*result = json_pack("{s:b}", "found", false);
		return 0;
	}
	pw_info(POD_LOG, "%s detached", pod_label(pod, label, sizeof(label)));
	pw_ipc_defer(req);
	pod_release(pod, answer_del, req);
	pod_destroy(pod);
	return 0;
}

/* ---- cni.check ---- */

struct check {
	struct attachment a;
	struct pw_mac mac;
	struct pw_ipc_prefixes addresses;
};
static const struct pw_ipc_param check_params[] = {
	{"container_id", PW_IPC_STRING, offsetof(struct check, a.container_id)},
	{"ifname", PW_IPC_STRING, offsetof(struct check, a.ifname)},
	{"mac", PW_IPC_MAC, offsetof(struct check, mac), .optional = true},
	{"addresses", PW_IPC_PREFIXES, offsetof(struct check, addresses), .optional = true},
	{0},
};

static bool has_address(const struct ctl_pod *pod, const struct pw_ip *ip)
{
	for (uint32_t i = 0; i < pod->n_ips; i++) {
		if (pw_ip_equal(&pod->ips[i].address.ip, ip))
			return true;
	}
	return false;
}

/* What other tables must hold of it. */
static int check_tables(const struct ctl_pod *pod, struct pw_ipc_error *err)
{
	uint64_t found;

	if (pod->state != CTL_POD_UP)
		return pw_ipc_error_set(err, PW_IPC_E_MISSING, "container %s, interface %s: %s",
			pod->container_id, pod->ifname,
			pod->state == CTL_POD_LOST ? "lost: its sandbox was gone"
						   : "not attached yet");
	if (pod->bridge != PW_BRIDGE_NONE) {
		found = pw_fdb_lookup(pod->ctl->fdb, pod->bridge, pw_mac_to_u64(&pod->mac));
		if (found == PW_FDB_MISS || pw_fdb_result_port(found) != pod->port->index)
			return pw_ipc_error_set(err, PW_IPC_E_MISSING,
				"port %s: its MAC is not in the FDB", pod->port_name);
	}
	if (!pod->delegated &&
		pw_ipam_pool_find(pod->ctl->ipam, pod->container_id, pod->ifname) == NULL)
		return pw_ipc_error_set(err, PW_IPC_E_MISSING,
			"container %s, interface %s: its address is not reserved",
			pod->container_id, pod->ifname);
	return 0;
}

static int cni_check(void *ctx, struct pw_ipc_request *req, void *params, json_t **result,
	struct pw_ipc_error *err)
{
	const struct check *p = params;
	const struct ctl_pod *pod = ctl_pod_find(ctx, p->a.container_id, p->a.ifname);
	char text[PW_PREFIX_STRLEN], ours[PW_MAC_STRLEN];

	if (pod == NULL)
		return no_such(&p->a, err);
	if (check_tables(pod, err) != 0)
		return err->code;
	if (!pw_mac_is_zero(&p->mac) && !pw_mac_equal(&p->mac, &pod->mac))
		return pw_ipc_error_set(err, PW_IPC_E_MISSING, "port %s: MAC is %s, expected %s",
			pod->port_name, pw_mac_format(&pod->mac, ours),
			pw_mac_format(&p->mac, text));
	for (size_t i = 0; i < p->addresses.n; i++) {
		if (!has_address(pod, &p->addresses.v[i].ip))
			return pw_ipc_error_set(err, PW_IPC_E_MISSING,
				"port %s: address %s is not the pod's", pod->port_name,
				pw_prefix_format(&p->addresses.v[i], text));
	}
	return 0;
}

/* ---- cni.status, pods.list ---- */

static int cni_status(void *ctx, struct pw_ipc_request *req, void *params, json_t **result,
	struct pw_ipc_error *err)
{
	struct pw_ctl *ctl = ctx;
	const struct pw_conf *conf = ctl->conf;

	if (conf->pods.mode == PW_CONF_POD_BRIDGED &&
		ctl_bridge_find(ctl, conf->pods.bridge) == NULL)
		return pw_ipc_error_set(err, PW_IPC_E_BUSY,
			"no pod can be attached: there is no bridge \"%s\" (pods.bridge)",
			conf->pods.bridge);
	return 0;
}

static json_t *describe_pod(const struct ctl_pod *pod)
{
	json_t *addresses = json_array();
	int64_t age = (int64_t)time(NULL) - pod->created;

	for (uint32_t i = 0; i < pod->n_ips; i++)
		json_array_append_new(addresses, pw_json_prefix(&pod->ips[i].address));
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:s, s:i, s:s?, s:I, s:s}",
		"namespace", pod->pod_namespace, "name", pod->pod_name, "container_id",
		pod->container_id, "ifname", pod->ifname, "network", pod->network, "netns",
		pod->netns, "addresses", addresses, "mac", pw_json_mac(&pod->mac), "port",
		pod->port_name, "mtu", (int)pod->mtu, "bridge",
		ctl_bridge_name(pod->ctl, pod->bridge), "age_sec", (json_int_t)(age > 0 ? age : 0),
		"state", pod->state == CTL_POD_LOST ? "lost" : "up");
}

static int pods_list(void *ctx, struct pw_ipc_request *req, void *params, json_t **result,
	struct pw_ipc_error *err)
{
	const struct ctl_pod *pod;
	json_t *list = json_array();

	LIST_FOREACH (pod, ctl_pod_list(ctx), link) {
		if (pod->state != CTL_POD_PREPARED)
			json_array_append_new(list, describe_pod(pod));
	}
	*result = json_pack("{s:o}", "pods", list);
	return 0;
}

const struct pw_ipc_method cni_methods[] = {
	{"pods.list", pods_list},
	{"cni.prepare", cni_prepare, prepare_params, sizeof(struct prepare)},
	{"cni.attach", cni_attach, attach_params, sizeof(struct attach), PW_IPC_F_TAKES_FD},
	{"cni.del", cni_del, attachment_params, sizeof(struct attachment)},
	{"cni.check", cni_check, check_params, sizeof(struct check)},
	{"cni.status", cni_status},
	{0},
};
