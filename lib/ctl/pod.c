/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "place.h"
#include "pod_priv.h"
#include "port_reg.h"
#include "pw_file.h"
#include "route.h"

#define WATCHED_A_SECOND 16
#define LOST_KEPT_NS     (3600 * PW_NS_PER_SEC)

/* ---- objects ---- */

int pod_set_text(char **field, const char *text)
{
	char *copy = strdup(text != NULL ? text : "");

	if (copy == NULL)
		return -ENOMEM;
	free(*field);
	*field = copy;
	return 0;
}

struct ctl_pod *pod_create(struct pw_ctl *ctl, const char *container_id, const char *ifname)
{
	struct ctl_pod *pod = calloc(1, sizeof(*pod));

	if (pod == NULL)
		return NULL;
	pod->ctl = ctl;
	pod->bridge = PW_BRIDGE_NONE;
	if (pod_set_text(&pod->container_id, container_id) != 0 ||
		pod_set_text(&pod->ifname, ifname) != 0 || pod_set_text(&pod->netns, NULL) != 0 ||
		pod_set_text(&pod->network, NULL) != 0 ||
		pod_set_text(&pod->pod_namespace, NULL) != 0 ||
		pod_set_text(&pod->pod_name, NULL) != 0 || pod_set_text(&pod->pod_uid, NULL) != 0) {
		pod_destroy(pod);
		return NULL;
	}
	return pod;
}

static bool is_listed(const struct ctl_pod *pod)
{
	return pod->link.le_prev != NULL;
}

static bool counts(enum ctl_pod_state state)
{
	return state != CTL_POD_LOST;
}

void pod_enter(struct ctl_pod *pod, enum ctl_pod_state state)
{
	struct ctl_pods *pods = pod->ctl->pods;

	pod->state = state;
	pods->count += counts(state);
	LIST_INSERT_HEAD(&pods->list, pod, link);
}

void pod_destroy(struct ctl_pod *pod)
{
	if (pod == NULL)
		return;
	pw_ipc_on_close_cancel(&pod->undo);
	if (is_listed(pod)) {
		struct ctl_pods *pods = pod->ctl->pods;

		if (pods->next_watched == pod)
			pods->next_watched = LIST_NEXT(pod, link);
		LIST_REMOVE(pod, link);
		pods->count -= counts(pod->state);
	}
	free(pod->container_id);
	free(pod->ifname);
	free(pod->netns);
	free(pod->network);
	free(pod->pod_namespace);
	free(pod->pod_name);
	free(pod->pod_uid);
	free(pod);
}

const char *pod_label(const struct ctl_pod *pod, char *buf, size_t size)
{
	if (pod->pod_name[0] != '\0')
		snprintf(buf, size, "%s/%s (%s)", pod->pod_namespace, pod->pod_name, pod->ifname);
	else
		snprintf(buf, size, "%.13s (%s)", pod->container_id, pod->ifname);
	return buf;
}

const struct ctl_pod_list *ctl_pod_list(const struct pw_ctl *ctl)
{
	return &ctl->pods->list;
}

struct ctl_pod *ctl_pod_find(const struct pw_ctl *ctl, const char *container_id, const char *ifname)
{
	struct ctl_pod *pod;

	LIST_FOREACH (pod, &ctl->pods->list, link) {
		if (strcmp(pod->container_id, container_id) == 0 &&
			strcmp(pod->ifname, ifname) == 0)
			return pod;
	}
	return NULL;
}

uint32_t ctl_pod_count(const struct pw_ctl *ctl)
{
	return ctl->pods != NULL ? ctl->pods->count : 0;
}

/* ---- port ---- */

struct pw_mac pod_router_mac(const struct pw_ctl *ctl)
{
	return pw_mac_from_u64(ctl_derived_mac48(ctl, "pods"));
}

int pod_open_port(struct ctl_pod *pod, int fd, struct pw_err *err)
{
	struct pw_conf_prefixes peers = {.n = pod->n_ips};
	struct ctl_port_spec spec = {
		.name = pod->port_name,
		.kind = CTL_PORT_POD,
		.type = PW_PORT_TAP,
		.mtu = pod->mtu,
		.queues = 1,
		.bridge = pod->bridge,
		.peer_mac = pod->mac,
		.fd = fd,
		.peers = &peers,
		.antispoof = true,
		.pod = pod,
	};

	if (pod->bridge == PW_BRIDGE_NONE)
		spec.mac = pod_router_mac(pod->ctl);
	for (uint32_t i = 0; i < pod->n_ips; i++) {
		peers.v[i] = pod->ips[i].address;
		peers.v[i].len = pw_ip_bits(&peers.v[i].ip);
	}
	return ctl_port_add(pod->ctl, &spec, &pod->port, err);
}

static void free_address(const struct ctl_pod *pod)
{
	struct pw_err err = {0};

	if (pod->delegated)
		return;
	if (pw_ipam_pool_free(pod->ctl->ipam, pod->container_id, pod->ifname, NULL, &err) != 0)
		pw_error(POD_LOG, "%s: address not freed: %s", pod->container_id, err.msg);
}

/* First the saved state: a daemon that dies on the way finds the rest without an owner, and frees
 * it. */
void pod_release(struct ctl_pod *pod, void (*done)(void *arg), void *arg)
{
	struct ctl_port *port = pod->port;

	if (pod->state != CTL_POD_LOST) {
		(void)pod_state_remove(pod->ctl, pod->container_id, pod->ifname);
		free_address(pod);
		ctl_place_forget(pod->ctl, pod->port_name);
	}
	pod->port = NULL;
	if (port != NULL)
		ctl_port_del(pod->ctl, port, done, arg);
	else if (done != NULL)
		done(arg);
}

void pod_lose(struct ctl_pod *pod, const char *why)
{
	char label[384];

	pw_warn(POD_LOG, "%s is lost: %s; its address is free again",
		pod_label(pod, label, sizeof(label)), why);
	pod_release(pod, NULL, NULL);
	if (counts(pod->state) && is_listed(pod))
		pod->ctl->pods->count--;
	pod->state = CTL_POD_LOST;
	pod->lost_ns = ctl_now_ns(pod->ctl);
}

/* ---- sandboxes that vanish without a DEL ---- */

/* Two looks a few seconds apart, for a DEL may be on its way. */
static void watch(struct ctl_pod *pod)
{
	if (pod->state == CTL_POD_LOST) {
		if (ctl_now_ns(pod->ctl) - pod->lost_ns > LOST_KEPT_NS)
			pod_destroy(pod);
		return;
	}
	if (pod->state != CTL_POD_UP || !pod->watched)
		return;
	if (pod_sandbox_exists(pod))
		pod->missed = false;
	else if (!pod->missed)
		pod->missed = true;
	else
		pod_lose(pod, "its network namespace has gone");
}

static void pod_every_second(struct pw_ctl *ctl)
{
	struct ctl_pods *pods = ctl->pods;

	for (unsigned i = 0; i < WATCHED_A_SECOND; i++) {
		struct ctl_pod *pod = pods->next_watched;

		if (pod == NULL) {
			pods->next_watched = LIST_FIRST(&pods->list);
			return;
		}
		pods->next_watched = LIST_NEXT(pod, link);
		watch(pod);
	}
}

/* ---- module ---- */

/* Ports are left to the registry: interfaces and namespaces stay, saved state too. */
static void pod_fini(struct pw_ctl *ctl)
{
	struct ctl_pod *pod;

	while ((pod = LIST_FIRST(&ctl->pods->list)) != NULL) {
		if (pod->port != NULL)
			pod->port->pod = NULL;
		if (pod->state == CTL_POD_PREPARED)
			pod_release(pod, NULL, NULL);
		pod_destroy(pod);
	}
	pw_ipam_pool_destroy(ctl->ipam);
	ctl->ipam = NULL;
	free(ctl->pods->dir);
	free(ctl->pods);
	ctl->pods = NULL;
}

/* Leases of another boot are void. "" if it cannot be read: keep all. */
static void read_boot_id(char *buf, size_t size)
{
	char *text;
	size_t len;

	buf[0] = '\0';
	if (pw_file_read("/proc/sys/kernel/random/boot_id", 256, &text, &len) != 0)
		return;
	text[strcspn(text, "\n")] = '\0';
	snprintf(buf, size, "%s", text);
	free(text);
}

static int open_ipam(struct pw_ctl *ctl, struct pw_err *err)
{
	char boot_id[64], *dir;

	read_boot_id(boot_id, sizeof(boot_id));
	if (asprintf(&dir, "%s/ipam", ctl->conf->state_dir) < 0)
		return pw_err_set(err, -ENOMEM, "out of memory");
	ctl->ipam = pw_ipam_pool_create(dir, boot_id[0] != '\0' ? boot_id : NULL, err);
	free(dir);
	return ctl->ipam != NULL ? 0 : err->code != 0 ? err->code : -EIO;
}

/* The IPv4 gateway of routed pods is an address like our others: it answers ping. On no interface.
 * That of IPv6 is link-local, and so each port's own. */
static int add_routed_gateway(struct pw_ctl *ctl, struct pw_err *err)
{
	struct pw_prefix gateway;
	int rc;

	if (ctl->conf->pods.mode != PW_CONF_POD_ROUTED)
		return 0;
	(void)pw_prefix_parse(ctl_routed_gateway(PW_IPV4), &gateway);
	rc = ctl_route_local_add(ctl, ctl_iface_of(PW_BRIDGE_NONE, PW_PORT_NONE), &gateway);
	if (rc == 0 || rc == -EEXIST) /* it may be of an interface, too */
		return 0;
	return pw_err_set(err, rc, "gateway of routed pods: %s", strerror(-rc));
}

static int pod_init(struct pw_ctl *ctl, struct pw_err *err)
{
	struct ctl_pods *pods = calloc(1, sizeof(*pods));
	int rc;

	if (pods == NULL)
		return pw_err_set(err, -ENOMEM, "out of memory");
	LIST_INIT(&pods->list);
	ctl->pods = pods;
	if (asprintf(&pods->dir, "%s/pods", ctl->conf->state_dir) < 0) {
		pods->dir = NULL;
		rc = pw_err_set(err, -ENOMEM, "out of memory");
		goto err;
	}
	rc = pw_file_mkdirs(pods->dir, 0700);
	if (rc != 0) {
		pw_err_set(err, rc, "%s: %s", pods->dir, strerror(-rc));
		goto err;
	}
	rc = add_routed_gateway(ctl, err);
	if (rc == 0)
		rc = open_ipam(ctl, err);
	if (rc == 0)
		rc = pod_restore_all(ctl, err);
	if (rc == 0)
		return 0;
err:
	pod_fini(ctl);
	return rc;
}

const struct ctl_module ctl_module_pod = {
	.name = "pod",
	.init = pod_init,
	.fini = pod_fini,
	.every_second = pod_every_second,
	.methods = cni_methods,
};
