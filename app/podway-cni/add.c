/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ADD: a list of steps, each with what takes it back.
 *
 * The interface is made here, inside the pod's namespace, and its file descriptor given to the
 * daemon, which polls it from then on; only after that the interface comes up, so that nothing the
 * pod's kernel sends first is lost.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "plan.h"
#include "plugin.h"
#include "pw_cni_link.h"
#include "pw_cni_queue.h"
#include "pw_cni_steps.h"
#include "pw_ipc_json.h"
#include "pw_util.h"

/* With CONNECT_MS of daemon.c within the 5 s that a runtime should wait at most. */
#define CALL_MS 3500

struct add {
	struct plugin *plugin;
	struct pw_cni_netns netns;
	struct pw_ipc_client *client;
	struct pw_cni_result ipam; /* of the delegated one */
	struct pw_cni_result result;
	struct plan plan;
	struct pw_cni_link link;
	int tap_fd;
};

/* What podwayd cannot do yet is refused, not forgotten: a hostPort that answers nobody is worse. */
static int check_capabilities(const struct pw_cni_conf *conf, struct pw_cni_error *error)
{
	const struct pw_cni_bandwidth *b = &conf->bandwidth;

	if (conf->n_mappings != 0)
		return pw_cni_fail(error, PW_CNI_E_UNSUPPORTED,
			"runtimeConfig.portMappings: hostPort %u: host ports are not supported by "
			"this "
			"release",
			conf->mappings[0].host_port);
	if (b->ingress_rate != 0 || b->egress_rate != 0)
		return pw_cni_fail(error, PW_CNI_E_UNSUPPORTED,
			"runtimeConfig.bandwidth: %s %llu: bandwidth limits are not supported by "
			"this "
			"release",
			b->ingress_rate != 0 ? "ingressRate" : "egressRate",
			(unsigned long long)(b->ingress_rate != 0 ? b->ingress_rate
								  : b->egress_rate));
	return 0;
}

static int step_previous(void *arg, struct pw_cni_error *error)
{
	struct add *add = arg;
	const struct plugin *p = add->plugin;

	if (check_capabilities(&p->conf, error) != 0)
		return -EPROTO;
	if (p->conf.prev_result == NULL)
		return 0;
	if (pw_cni_result_parse(&add->result, p->conf.prev_result, "prevResult", error) != 0)
		return -EPROTO;
	if (pw_cni_result_find(&add->result, p->env.ifname) < 0)
		return 0;
	pw_cni_fail(error, PW_CNI_E_CONFIG,
		"prevResult: a plugin before this one has made \"%s\" already", p->env.ifname);
	return pw_cni_fail_details(error,
		"podway makes the pod's interface: it must come before such plugins, or alone");
}

/* Goes in, runs, comes back. An error of coming back is the worse one. */
static int inside(struct add *add, int (*run)(struct add *add, struct pw_err *err), int code,
	struct pw_cni_error *error)
{
	struct pw_err err;
	int rc;

	if (pw_cni_netns_enter(&add->netns, &err) != 0)
		return pw_cni_fail(error, PW_CNI_E_NETNS, "%s", err.msg);
	rc = run(add, &err);
	if (rc != 0)
		pw_cni_fail(error, rc == -EEXIST ? PW_CNI_E_EXISTS : code, "%s", err.msg);
	if (pw_cni_netns_leave(&add->netns, &err) != 0)
		return pw_cni_fail(error, PW_CNI_E_NETNS, "%s", err.msg);
	return rc != 0 ? -EPROTO : 0;
}

static int expect_none(struct add *add, struct pw_err *err)
{
	const char *ifname = add->plugin->env.ifname;
	int rc = pw_cni_link_open(&add->link, ifname, err);

	if (rc == 0)
		rc = pw_cni_link_find(&add->link, err);
	if (rc == -ENODEV)
		return 0;
	pw_cni_link_close(&add->link);
	if (rc == 0)
		rc = pw_err_set(err, -EEXIST, "interface \"%s\" exists in \"%s\" already", ifname,
			add->plugin->env.netns);
	return rc;
}

static void undo_namespace(void *arg)
{
	struct add *add = arg;

	pw_cni_link_close(&add->link);
	pw_cni_netns_close(&add->netns);
}

static int step_namespace(void *arg, struct pw_cni_error *error)
{
	struct add *add = arg;

	if (pod_open(add->plugin, &add->netns, error) != 0)
		return -EPROTO;
	if (inside(add, expect_none, PW_CNI_E_PLUMBING, error) != 0) {
		undo_namespace(add);
		return -EPROTO;
	}
	return 0;
}

static int step_connect(void *arg, struct pw_cni_error *error)
{
	struct add *add = arg;

	add->client = daemon_open(add->plugin, error);
	return add->client != NULL ? 0 : -EPROTO;
}

static void undo_connect(void *arg)
{
	struct add *add = arg;

	pw_ipc_client_close(add->client);
	add->client = NULL;
}

static void undo_ipam(void *arg)
{
	struct add *add = arg;
	struct pw_cni_ipam ipam = plugin_ipam(add->plugin);
	struct pw_cni_error error;

	pw_cni_result_clear(&add->ipam);
	if (ipam.type != NULL && pw_cni_ipam_run(&ipam, "DEL", NULL, &error) != 0)
		note("IPAM DEL: %s", error.msg);
}

static int step_ipam(void *arg, struct pw_cni_error *error)
{
	struct add *add = arg;
	struct pw_cni_ipam ipam = plugin_ipam(add->plugin);
	json_t *answer;
	int rc;

	if (ipam.type == NULL)
		return 0;
	if (pw_cni_ipam_run(&ipam, "ADD", &answer, error) != 0)
		return -EPROTO;
	rc = pw_cni_result_parse(&add->ipam, answer, ipam.type, error);
	json_decref(answer);
	if (rc == 0 && add->ipam.n_ips == 0)
		rc = pw_cni_fail(error, PW_CNI_E_CONFIG,
			"IPAM plugin \"%s\" returned missing IP config", ipam.type);
	if (rc != 0)
		undo_ipam(add);
	return rc;
}

static void set_text(json_t *params, const char *key, const char *text)
{
	if (text[0] != '\0')
		json_object_set_new(params, key, json_string(text));
}

static void set_addresses(const struct add *add, json_t *params)
{
	const struct pw_cni_conf *conf = &add->plugin->conf;
	json_t *list = json_array();

	if (conf->ipam_type != NULL) {
		for (unsigned i = 0; i < add->ipam.n_ips; i++)
			json_array_append_new(list, pw_json_prefix(&add->ipam.ips[i].address));
		json_object_set_new(params, "addresses", list);
		return;
	}
	for (unsigned i = 0; i < conf->n_ips; i++)
		json_array_append_new(list, pw_json_ip(&conf->ips[i]));
	if (conf->n_ips != 0)
		json_object_set(params, "ips", list);
	json_decref(list);
	if (json_array_size(conf->ipam_ranges) != 0)
		json_object_set(params, "ranges", conf->ipam_ranges);
}

static json_t *prepare_params(const struct add *add)
{
	const struct pw_cni_conf *conf = &add->plugin->conf;
	const struct pw_cni_env *env = &add->plugin->env;
	json_t *params = json_pack("{s:s, s:s, s:s, s:s}", "container_id", env->container_id,
		"ifname", env->ifname, "netns", env->netns, "network", conf->name);

	set_text(params, "pod_namespace", env->args.pod_namespace);
	set_text(params, "pod_name", env->args.pod_name);
	set_text(params, "pod_uid", env->args.pod_uid);
	if (!pw_mac_is_zero(&conf->mac))
		json_object_set_new(params, "mac", pw_json_mac(&conf->mac));
	if (conf->mtu != 0)
		json_object_set_new(params, "mtu", json_integer((json_int_t)conf->mtu));
	set_addresses(add, params);
	return params;
}

/* The closing of the connection takes a cni.prepare back, but not a cni.attach whose answer was
 * lost on the way; a DEL is right for both. */
static void undo_prepare(void *arg)
{
	struct add *add = arg;
	const struct plugin *p = add->plugin;
	struct pw_cni_error error;
	struct pw_err err;

	if (daemon_del(p, p->env.container_id, p->env.ifname, &error) == 0)
		return;
	note("taking back: %s", error.msg);
	if (pw_cni_queue_put(
		    p->conf.state_dir, p->env.container_id, p->env.ifname, p->conf.name, &err) != 0)
		note("taking back: %s", err.msg);
}

static int step_prepare(void *arg, struct pw_cni_error *error)
{
	struct add *add = arg;
	const struct plugin *p = add->plugin;
	json_t *answer;
	int rc = daemon_call(
		add->client, "cni.prepare", prepare_params(add), -1, CALL_MS, &answer, error);

	if (rc != 0)
		return rc;
	rc = plan_parse(&add->plan, answer, error);
	json_decref(answer);
	if (rc == 0)
		rc = plan_complete(
			&add->plan, &p->conf, p->conf.ipam_type != NULL ? &add->ipam : NULL, error);
	if (rc != 0)
		undo_prepare(add);
	return rc;
}

static int make_tap(struct add *add, struct pw_err *err)
{
	add->tap_fd = pw_cni_link_tap_create(
		add->plugin->env.ifname, (unsigned)add->plugin->conf.queues, err);
	return add->tap_fd >= 0 ? 0 : add->tap_fd;
}

static int step_tap(void *arg, struct pw_cni_error *error)
{
	return inside(arg, make_tap, PW_CNI_E_PLUMBING, error);
}

static void undo_tap(void *arg)
{
	struct add *add = arg;

	pod_delete_interface(add->plugin, &add->netns);
	close(add->tap_fd);
}

static int set_link(struct add *add, struct pw_err *err)
{
	int rc = pw_cni_link_find(&add->link, err);

	return rc != 0 ? rc : pw_cni_link_set(&add->link, &add->plan.mac, add->plan.mtu, err);
}

static int step_link(void *arg, struct pw_cni_error *error)
{
	return inside(arg, set_link, PW_CNI_E_PLUMBING, error);
}

static int step_attach(void *arg, struct pw_cni_error *error)
{
	struct add *add = arg;
	const struct pw_cni_env *env = &add->plugin->env;
	json_t *params = json_pack("{s:s, s:s, s:I, s:I, s:i}", "container_id", env->container_id,
		"ifname", env->ifname, "netns_dev", (json_int_t)add->netns.dev, "netns_inode",
		(json_int_t)add->netns.inode, "ifindex", add->link.ifindex);

	return daemon_call(add->client, "cni.attach", params, add->tap_fd, CALL_MS, NULL, error);
}

static int configure(struct add *add, struct pw_err *err)
{
	const struct plan *plan = &add->plan;
	bool lo_changed;
	int rc = pw_cni_link_sysctls(add->link.name, plan->v4, plan->v6, err);

	for (unsigned i = 0; rc == 0 && i < plan->n_ips; i++)
		rc = pw_cni_link_add_address(&add->link, &plan->ips[i].address, err);
	if (rc == 0)
		rc = pw_cni_link_up(&add->link, err);
	for (unsigned i = 0; rc == 0 && i < plan->n_neighbours; i++)
		rc = pw_cni_link_add_neighbour(
			&add->link, &plan->neighbours[i].ip, &plan->neighbours[i].mac, err);
	for (unsigned i = 0; rc == 0 && i < plan->n_routes; i++)
		rc = pw_cni_link_add_route(&add->link, &plan->routes[i], err);
	if (rc == 0)
		rc = pw_cni_link_lo_up(&lo_changed, err);
	return rc;
}

static int step_configure(void *arg, struct pw_cni_error *error)
{
	return inside(arg, configure, PW_CNI_E_PLUMBING, error);
}

static int step_result(void *arg, struct pw_cni_error *error)
{
	struct add *add = arg;
	struct plugin *p = add->plugin;
	json_t *dns = add->ipam.dns != NULL ? add->ipam.dns : p->conf.dns;

	if (plan_result(&add->plan, &p->env, &add->result, error) != 0)
		return -EPROTO;
	if (dns != NULL) {
		json_decref(add->result.dns);
		add->result.dns = json_incref(dns);
	}
	p->answer = pw_cni_result_emit(&add->result, p->conf.version, error);
	return p->answer != NULL ? 0 : -EPROTO;
}

static const struct pw_cni_step steps[] = {
	{"previous", step_previous, NULL},
	{"namespace", step_namespace, undo_namespace},
	{"connect", step_connect, undo_connect},
	{"ipam", step_ipam, undo_ipam},
	{"prepare", step_prepare, undo_prepare},
	{"tap", step_tap, undo_tap},
	{"link", step_link, NULL},     /* goes with the TAP */
	{"attach", step_attach, NULL}, /* goes with the preparation */
	{"configure", step_configure, NULL},
	{"result", step_result, NULL},
};

int command_add(struct plugin *plugin, struct pw_cni_error *error)
{
	static struct add add; /* some 60 KB, once a process */
	int rc;

	add = (struct add){.plugin = plugin, .tap_fd = -1};
	rc = pw_cni_steps_run(steps, PW_ARRAY_SIZE(steps), &add, error);
	pw_cni_result_clear(&add.result);
	pw_cni_result_clear(&add.ipam);
	if (rc != 0)
		return rc;
	close(add.tap_fd); /* the daemon has its own copy */
	undo_connect(&add);
	undo_namespace(&add);
	return 0;
}
