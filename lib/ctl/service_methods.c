/* SPDX-License-Identifier: BSD-3-Clause */
/* service_methods.c - services.list, services.add, services.del; Services that are saved. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_byteorder.h>

#include "nat.h"
#include "saved.h"
#include "service_priv.h"

static const struct {
	const char *name;
	enum pw_conf_proto proto;
} protocols[] = {{"tcp", PW_CONF_TCP}, {"udp", PW_CONF_UDP}, {"sctp", PW_CONF_SCTP}};

static const char *protocol_name(enum pw_conf_proto proto)
{
	for (size_t i = 0; i < PW_ARRAY_SIZE(protocols); i++) {
		if (protocols[i].proto == proto)
			return protocols[i].name;
	}
	return "?";
}

static const char *const algorithms[] = {
	[PW_CONF_RANDOM] = "random", [PW_CONF_MAGLEV] = "maglev", NULL};

/* ---- as JSON ---- */

static json_t *spec_json(const struct pw_conf_service *spec)
{
	json_t *ips = json_array(), *ports = json_array(), *endpoints = json_array();

	for (uint32_t i = 0; i < spec->cluster_ips.n; i++)
		json_array_append_new(ips, pw_json_ip(&spec->cluster_ips.v[i].ip));
	for (uint32_t i = 0; i < spec->n_ports; i++) {
		const struct pw_conf_service_port *p = &spec->ports[i];

		json_array_append_new(ports, json_pack("{s:s, s:s, s:i, s:i}", "name", p->name,
						     "protocol", protocol_name(p->protocol), "port",
						     p->port, "target_port", p->target_port));
	}
	for (uint32_t i = 0; i < spec->n_endpoints; i++)
		json_array_append_new(endpoints, pw_json_ip(&spec->endpoints[i]));
	return json_pack("{s:s, s:o, s:o, s:o, s:I, s:s}", "name", spec->name, "cluster_ips", ips,
		"ports", ports, "endpoints", endpoints, "affinity_sec",
		(json_int_t)spec->affinity_sec, "algorithm", algorithms[spec->algorithm]);
}

static void add_stats(const struct pw_ctl *ctl, const struct service *service, json_t *json)
{
	struct pw_nat_service_stats sum = {0}, one;

	for (uint32_t i = 0; i < service_n_pairs(&service->spec); i++) {
		const struct pw_conf_service *spec = &service->spec;

		if (ctl_nat_service_stats(ctl, spec->cluster_ips.v[i / spec->n_ports].ip.family,
			    service->ids[i], &one) != 0)
			continue;
		sum.flows += one.flows;
		sum.new_flows += one.new_flows;
		sum.no_endpoint += one.no_endpoint;
	}
	json_object_set_new(json, "flows", json_integer(sum.flows));
	json_object_set_new(json, "new_flows", pw_json_u64(sum.new_flows));
	json_object_set_new(json, "no_endpoint_drops", pw_json_u64(sum.no_endpoint));
}

/* ---- from JSON ---- */

struct add_params {
	const char *name;
	json_t *cluster_ip; /* one text or an array; "cluster_ips" is the same */
	json_t *cluster_ips;
	json_t *ports;
	json_t *endpoints;
	uint64_t affinity_sec;
	int algorithm;
	bool replace;
};

static const struct pw_ipc_param add_params[] = {
	{"name", PW_IPC_STRING, offsetof(struct add_params, name), .min = 1, .max = 253},
	{"cluster_ip", PW_IPC_JSON, offsetof(struct add_params, cluster_ip), .optional = true},
	{"cluster_ips", PW_IPC_JSON, offsetof(struct add_params, cluster_ips), .optional = true},
	{"ports", PW_IPC_ARRAY, offsetof(struct add_params, ports)},
	{"endpoints", PW_IPC_ARRAY, offsetof(struct add_params, endpoints), .optional = true},
	{"affinity_sec", PW_IPC_U64, offsetof(struct add_params, affinity_sec), .optional = true,
		.max = PW_NAT_AFFINITY_SEC_MAX},
	{"algorithm", PW_IPC_CHOICE, offsetof(struct add_params, algorithm), .optional = true,
		.choices = algorithms},
	{"replace", PW_IPC_BOOL, offsetof(struct add_params, replace), .optional = true},
	{0},
};

struct port_params {
	const char *name;
	int protocol;
	uint64_t port, target_port;
};

static const char *const protocol_choices[] = {"tcp", "udp", "sctp", NULL};

static const struct pw_ipc_param port_params[] = {
	{"name", PW_IPC_STRING, offsetof(struct port_params, name), .optional = true, .max = 63},
	{"protocol", PW_IPC_CHOICE, offsetof(struct port_params, protocol), .optional = true,
		.choices = protocol_choices},
	{"port", PW_IPC_U64, offsetof(struct port_params, port), .min = 1, .max = 65535},
	{"target_port", PW_IPC_U64, offsetof(struct port_params, target_port), .optional = true,
		.min = 1, .max = 65535},
	{0},
};

static int decode_port(
	const json_t *json, size_t i, struct pw_conf_service_port *out, struct pw_err *err)
{
	struct port_params p = {0};
	struct pw_ipc_error e = {0};
	int rc = pw_ipc_params_decode(port_params, json, &p, &e);

	if (rc == 0) {
		*out = (struct pw_conf_service_port){
			.protocol = protocols[p.protocol < 0 ? 0 : p.protocol].proto,
			.port = (uint16_t)p.port,
			.target_port = (uint16_t)(p.target_port != 0 ? p.target_port : p.port)};
		if (p.name != NULL)
			strlcpy(out->name, p.name, sizeof(out->name));
	}
	pw_ipc_params_free(port_params, &p);
	return rc == 0 ? 0 : pw_err_set(err, -EINVAL, "ports[%zu]: %s", i, e.msg);
}

static int decode_ports(json_t *array, struct pw_conf_service *out, struct pw_err *err)
{
	json_t *item;
	size_t i;

	if (json_array_size(array) == 0)
		return pw_err_set(err, -EINVAL, "ports: a Service needs one at least");
	out->ports = calloc(json_array_size(array), sizeof(out->ports[0]));
	if (out->ports == NULL)
		return pw_err_set(err, -ENOMEM, "out of memory");
	json_array_foreach (array, i, item) {
		if (decode_port(item, i, &out->ports[out->n_ports], err) != 0)
			return err->code;
		out->n_ports++;
	}
	for (uint32_t a = 0; a < out->n_ports; a++) {
		for (uint32_t b = 0; b < a; b++) {
			if (out->ports[a].port == out->ports[b].port &&
				out->ports[a].protocol == out->ports[b].protocol)
				return pw_err_set(
					err, -EINVAL, "ports[%u]: the same as ports[%u]", a, b);
		}
	}
	return 0;
}

static bool has_family(const struct pw_conf_service *spec, uint8_t family)
{
	for (uint32_t i = 0; i < spec->cluster_ips.n; i++) {
		if (spec->cluster_ips.v[i].ip.family == family)
			return true;
	}
	return false;
}

static int decode_cluster_ip(const json_t *item, struct pw_conf_service *out, struct pw_err *err)
{
	const char *text = json_string_value(item);
	struct pw_ip ip;

	if (text == NULL || pw_ip_parse(text, &ip) != 0)
		return pw_err_set(err, -EINVAL, "cluster_ip: %s is not an IP address",
			text != NULL ? text : "(no text)");
	if (has_family(out, ip.family))
		return pw_err_set(
			err, -EINVAL, "cluster_ip: %s is a second address of its family", text);
	out->cluster_ips.v[out->cluster_ips.n++] =
		(struct pw_prefix){.ip = ip, .len = pw_ip_bits(&ip)};
	return 0;
}

static int decode_cluster_ips(const json_t *json, struct pw_conf_service *out, struct pw_err *err)
{
	const json_t *item;
	size_t i;

	if (json_is_string(json))
		return decode_cluster_ip(json, out, err);
	if (json_array_size(json) == 0)
		return pw_err_set(err, -EINVAL, "cluster_ip: missing; an address, e.g. 10.96.0.10");
	json_array_foreach (json, i, item) {
		if (decode_cluster_ip(item, out, err) != 0)
			return err->code;
	}
	return 0;
}

static int decode_endpoints(json_t *array, struct pw_conf_service *out, struct pw_err *err)
{
	json_t *item;
	size_t i;

	out->endpoints = calloc(json_array_size(array) + 1, sizeof(out->endpoints[0]));
	if (out->endpoints == NULL)
		return pw_err_set(err, -ENOMEM, "out of memory");
	json_array_foreach (array, i, item) {
		const char *text = json_string_value(item);
		struct pw_ip *ip = &out->endpoints[out->n_endpoints];

		if (text == NULL || pw_ip_parse(text, ip) != 0)
			return pw_err_set(err, -EINVAL, "endpoints[%zu]: %s is not an IP address",
				i, text != NULL ? text : "(no text)");
		if (!has_family(out, ip->family))
			return pw_err_set(err, -EINVAL,
				"endpoints[%zu]: %s is not of the cluster_ip's family", i, text);
		out->n_endpoints++;
	}
	return 0;
}

static int decode_fields(
	const struct add_params *p, struct pw_conf_service *out, struct pw_err *err)
{
	const json_t *ips = p->cluster_ip != NULL ? p->cluster_ip : p->cluster_ips;

	snprintf(out->name, sizeof(out->name), "%s%s",
		strchr(p->name, '/') != NULL ? "" : "default/", p->name);
	if (decode_cluster_ips(ips, out, err) != 0 || decode_ports(p->ports, out, err) != 0 ||
		decode_endpoints(p->endpoints, out, err) != 0)
		return pw_err_prefix(err, "service %s: ", out->name);
	out->affinity_sec = (uint32_t)p->affinity_sec;
	out->algorithm = p->algorithm > 0 ? PW_CONF_MAGLEV : PW_CONF_RANDOM;
	return 0;
}

int service_decode(
	const json_t *json, struct pw_conf_service *out, bool *replace, struct pw_err *err)
{
	struct add_params p = {0};
	struct pw_ipc_error e = {0};
	int rc;

	memset(out, 0, sizeof(*out));
	if (pw_ipc_params_decode(add_params, json, &p, &e) != 0)
		rc = pw_err_set(err, -EINVAL, "%s", e.msg);
	else
		rc = decode_fields(&p, out, err);
	*replace = p.replace;
	pw_ipc_params_free(add_params, &p);
	return rc;
}

/* ---- methods ---- */

struct name_params {
	const char *name;
	bool missing_ok;
};

static const struct pw_ipc_param list_params[] = {
	{"name", PW_IPC_STRING, offsetof(struct name_params, name), .optional = true},
	{0},
};

static int services_list(void *ctx, struct pw_ipc_request *req, void *params, json_t **result,
	struct pw_ipc_error *err)
{
	const struct name_params *p = params;
	const struct pw_ctl *ctl = ctx;
	json_t *list = json_array(), *item;
	const struct service *s;

	(void)req;
	(void)err;
	TAILQ_FOREACH (s, &ctl->services->list, link) {
		if (p->name != NULL && strcmp(p->name, s->spec.name) != 0)
			continue;
		item = spec_json(&s->spec);
		json_object_set_new(item, "origin",
			json_string(s->origin == SERVICE_CONFIG ? "config" : "ctl"));
		add_stats(ctl, s, item);
		json_array_append_new(list, item);
	}
	*result = json_pack("{s:o}", "services", list);
	return 0;
}

static int save(struct pw_ctl *ctl, struct pw_err *err)
{
	json_t *items = json_array();
	const struct service *s;
	int rc;

	TAILQ_FOREACH (s, &ctl->services->list, link) {
		if (s->origin == SERVICE_CTL)
			json_array_append_new(items, spec_json(&s->spec));
	}
	rc = ctl_saved_write(ctl, "services", items, err);
	json_decref(items);
	return rc;
}

/* The Service of this name is another, or gone. */
static int save_change(struct pw_ctl *ctl, const char *name, struct pw_err *err)
{
	const struct service *s = service_find(ctl, name);
	json_t *item = s != NULL ? spec_json(&s->spec) : NULL;
	struct pw_err why = {0};
	int rc = ctl_saved_append(ctl, "services", name, item, err);

	json_decref(item);
	if (rc == 0 && ctl_saved_log_is_long(ctl, "services") && save(ctl, &why) != 0)
		pw_warn("state", "the log of changes stays long: %s", why.msg);
	return rc;
}

static int services_add(void *ctx, struct pw_ipc_request *req, void *params, json_t **result,
	struct pw_ipc_error *err)
{
	struct pw_conf_service spec;
	struct pw_ctl *ctl = ctx;
	struct pw_err e = {0};
	bool replace;
	int rc;

	(void)params;
	(void)result;
	rc = service_decode(pw_ipc_request_params(req), &spec, &replace, &e);
	if (rc == 0)
		rc = service_set(ctl, &spec, SERVICE_CTL, replace, &e);
	if (rc == 0)
		rc = save_change(
			ctl, spec.name, &e); /* it works but is not saved: said as an error */
	service_spec_free(&spec);
	return rc == 0 ? 0 : pw_ipc_error_from(err, &e);
}

static const struct pw_ipc_param del_params[] = {
	{"name", PW_IPC_STRING, offsetof(struct name_params, name), .min = 1, .max = 255},
	{"missing_ok", PW_IPC_BOOL, offsetof(struct name_params, missing_ok), .optional = true},
	{0},
};

static int services_del(void *ctx, struct pw_ipc_request *req, void *params, json_t **result,
	struct pw_ipc_error *err)
{
	const struct name_params *p = params;
	struct pw_ctl *ctl = ctx;
	struct pw_err e = {0};
	char name[256];
	struct service *s;
	bool saved;

	(void)req;
	(void)result;
	snprintf(name, sizeof(name), "%s%s", strchr(p->name, '/') != NULL ? "" : "default/",
		p->name);
	s = service_find(ctl, name);
	if (s == NULL)
		return p->missing_ok ? 0
				     : pw_ipc_error_set(err, PW_IPC_E_MISSING,
					       "service %s: no such Service", name);
	saved = s->origin == SERVICE_CTL;
	service_remove(ctl, s);
	if (saved && save_change(ctl, name, &e) != 0)
		return pw_ipc_error_from(err, &e);
	return 0;
}

void ctl_service_load_saved(struct pw_ctl *ctl)
{
	json_t *items = ctl_saved_read(ctl, "services"), *item;
	size_t i;

	json_array_foreach (items, i, item) {
		struct pw_conf_service spec;
		struct pw_err err = {0};
		bool replace;

		if (service_decode(item, &spec, &replace, &err) != 0 ||
			service_set(ctl, &spec, SERVICE_CTL, false, &err) != 0)
			pw_warn("service", "a saved Service is left out: %s", err.msg);
		service_spec_free(&spec);
	}
	json_decref(items);
	ctl_nat_services_synced(ctl); /* these and the configuration's are all */
}

const struct pw_ipc_method service_methods[] = {
	{"services.list", services_list, list_params, sizeof(struct name_params)},
	{"services.add", services_add, NULL, 0, PW_IPC_F_RAW},
	{"services.del", services_del, del_params, sizeof(struct name_params)},
	{0},
};
