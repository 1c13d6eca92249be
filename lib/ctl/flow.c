/* SPDX-License-Identifier: BSD-3-Clause */
/* flow.c - flows.list, .count, .snat and .flush: the flow table as people see it. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include <rte_byteorder.h>

#include "pod.h"
#include "service.h"

static const char *const kind_names[] = {
	[PW_FLOW_SERVICE] = "service",
	[PW_FLOW_HAIRPIN] = "hairpin",
	[PW_FLOW_IDENTITY] = "identity",
};

static const char *const protocol_choices[] = {"tcp", "udp", "icmp", "sctp", NULL};
static const uint8_t protocol_numbers[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP, IPPROTO_SCTP};

static json_t *address(uint32_t ip_be, uint16_t port_be)
{
	const struct pw_ip ip = pw_ip_from_v4(ip_be);
	char text[PW_IP_STRLEN], both[PW_IP_STRLEN + 8];

	snprintf(both, sizeof(both), "%s:%u", pw_ip_format(&ip, text), rte_be_to_cpu_16(port_be));
	return json_string(both);
}

static json_t *protocol(uint8_t proto)
{
	char number[8];

	for (size_t i = 0; i < PW_ARRAY_SIZE(protocol_numbers); i++) {
		if (protocol_numbers[i] == proto)
			return json_string(protocol_choices[i]);
	}
	snprintf(number, sizeof(number), "%u", proto);
	return json_string(number);
}

static void add_flow(void *arg, const struct pw_flow_info *f)
{
	json_array_append_new(arg,
		json_pack("{s:o, s:s, s:o, s:o, s:o, s:o, s:s, s:I, s:I, s:I}", "protocol",
			protocol(f->proto), "state", f->state, "client",
			address(f->client_be, f->client_port_be), "vip",
			address(f->vip_be, f->vip_port_be), "backend",
			address(f->backend_be, f->backend_port_be), "snat",
			f->snat_be != 0 ? address(f->snat_be, f->snat_port_be) : json_null(),
			"kind", kind_names[f->kind], "age_sec", (json_int_t)f->age_sec, "idle_sec",
			(json_int_t)f->idle_sec, "timeout_sec", (json_int_t)f->timeout_sec));
}

struct params {
	uint64_t limit;
	int protocol;
	const char *client, *vip, *backend; /* address or address:port */
	const char *state, *address, *pod;
};

#define FILTERS                                                                                    \
	{"protocol", PW_IPC_CHOICE, offsetof(struct params, protocol), .optional = true,           \
		.choices = protocol_choices},                                                      \
		{"client", PW_IPC_STRING, offsetof(struct params, client), .optional = true},      \
		{"vip", PW_IPC_STRING, offsetof(struct params, vip), .optional = true},            \
		{"backend", PW_IPC_STRING, offsetof(struct params, backend), .optional = true},    \
		{"state", PW_IPC_STRING, offsetof(struct params, state), .optional = true},        \
		{"address", PW_IPC_STRING, offsetof(struct params, address), .optional = true},    \
	{                                                                                          \
		"pod", PW_IPC_STRING, offsetof(struct params, pod), .optional = true               \
	}

static const struct pw_ipc_param list_params[] = {
	{"limit", PW_IPC_U64, offsetof(struct params, limit), .optional = true, .def = 1000,
		.max = 1000000},
	FILTERS,
	{0},
};
static const struct pw_ipc_param filter_params[] = {FILTERS, {0}};

/* "10.0.0.1" or, where a port is wanted too, "10.0.0.1:80". */
static int parse_endpoint(const char *name, const char *text, uint32_t *ip_be, uint16_t *port_be,
	struct pw_ipc_error *err)
{
	char host[PW_IP_STRLEN];
	const char *colon = text != NULL ? strchr(text, ':') : NULL;
	struct pw_ip ip;
	unsigned port = 0;
	char rest;

	if (text == NULL)
		return 0;
	strlcpy(host, text, sizeof(host));
	if (colon != NULL && (size_t)(colon - text) < sizeof(host))
		host[colon - text] = '\0';
	if (pw_ip_parse(host, &ip) != 0 || ip.family != PW_IPV4 ||
		(colon != NULL &&
			(port_be == NULL || sscanf(colon + 1, "%u%c", &port, &rest) != 1 ||
				port > 65535)))
		return pw_ipc_error_set(err, PW_IPC_E_PARAMS, "%s: \"%s\" is not an IPv4 address%s",
			name, text, port_be != NULL ? " or address:port" : "");
	*ip_be = ip.v4_be;
	if (port_be != NULL)
		*port_be = rte_cpu_to_be_16((uint16_t)port);
	return 0;
}

/* "namespace/name" or, in namespace default, "name"; a pod may have several interfaces. */
static int parse_pod(const struct pw_ctl *ctl, const char *name, struct pw_flow_filter *filter,
	struct pw_ipc_error *err)
{
	const char *slash = strchr(name, '/');
	const char *ns = slash != NULL ? name : "default";
	size_t ns_len = slash != NULL ? (size_t)(slash - name) : strlen(ns);
	const struct ctl_pod *pod;
	bool found = false;

	LIST_FOREACH (pod, ctl_pod_list(ctl), link) {
		if (strcmp(pod->pod_name, slash != NULL ? slash + 1 : name) != 0 ||
			strlen(pod->pod_namespace) != ns_len ||
			strncmp(pod->pod_namespace, ns, ns_len) != 0)
			continue;
		found = true;
		for (uint32_t i = 0; i < pod->n_ips; i++)
			if (pod->ips[i].address.ip.family == PW_IPV4 &&
				filter->n_any < PW_ARRAY_SIZE(filter->any_be))
				filter->any_be[filter->n_any++] = pod->ips[i].address.ip.v4_be;
	}
	if (!found || filter->n_any == 0)
		return pw_ipc_error_set(err, PW_IPC_E_MISSING,
			found ? "pod %s: has no IPv4 address" : "pod %s: no such pod", name);
	return 0;
}

static int parse_sides(const struct pw_ctl *ctl, const struct params *p,
	struct pw_flow_filter *filter, struct pw_ipc_error *err)
{
	if (p->address != NULL && p->pod != NULL)
		return pw_ipc_error_set(err, PW_IPC_E_PARAMS, "either address or pod, not both");
	if (p->pod != NULL)
		return parse_pod(ctl, p->pod, filter, err);
	filter->n_any = p->address != NULL;
	return parse_endpoint("address", p->address, &filter->any_be[0], NULL, err);
}

static int make_filter(const struct pw_ctl *ctl, const struct params *p,
	struct pw_flow_filter *filter, struct pw_ipc_error *err)
{
	memset(filter, 0, sizeof(*filter));
	if (p->protocol >= 0)
		filter->proto = protocol_numbers[p->protocol];
	if (parse_endpoint("client", p->client, &filter->client_be, &filter->client_port_be, err) !=
			0 ||
		parse_endpoint("vip", p->vip, &filter->vip_be, &filter->vip_port_be, err) != 0 ||
		parse_endpoint("backend", p->backend, &filter->backend_be, &filter->backend_port_be,
			err) != 0 ||
		parse_sides(ctl, p, filter, err) != 0)
		return err->code;
	if (p->state != NULL && !pw_nat_is_flow_state(p->state))
		return pw_ipc_error_set(err, PW_IPC_E_PARAMS,
			"state: \"%s\" is none; such as established, time_wait, new, replied",
			p->state);
	filter->state = p->state;
	return 0;
}

static int flows_list(void *ctx, struct pw_ipc_request *req, void *params, json_t **result,
	struct pw_ipc_error *err)
{
	const struct params *p = params;
	const struct pw_ctl *ctl = ctx;
	struct pw_flow_filter filter;
	json_t *list;
	uint32_t total;

	(void)req;
	if (make_filter(ctl, p, &filter, err) != 0)
		return err->code;
	list = json_array();
	total = pw_nat_flows(
		ctl->nat, &filter, (uint32_t)p->limit, ctl_now_sec(ctl), add_flow, list);
	*result = json_pack("{s:o, s:I}", "flows", list, "total", (json_int_t)total);
	return 0;
}

static void add_count(void *arg, const struct pw_flow_count *c)
{
	json_array_append_new(arg, json_pack("{s:o, s:s, s:I}", "protocol", protocol(c->proto),
					   "state", c->state, "flows", (json_int_t)c->flows));
}

static int flows_count(void *ctx, struct pw_ipc_request *req, void *params, json_t **result,
	struct pw_ipc_error *err)
{
	struct pw_flow_filter filter;
	const struct pw_ctl *ctl = ctx;
	json_t *states;
	uint32_t total;

	(void)req;
	if (make_filter(ctl, params, &filter, err) != 0)
		return err->code;
	states = json_array();
	total = pw_nat_flow_counts(ctl->nat, &filter, add_count, states);
	*result = json_pack("{s:o, s:I}", "states", states, "total", (json_int_t)total);
	return 0;
}

static void add_use(void *arg, const struct pw_nat_snat_use *use)
{
	const struct pw_ip ip = pw_ip_from_v4(use->snat_be);

	json_array_append_new(arg,
		json_pack("{s:o, s:o, s:o, s:I, s:I}", "address", pw_json_ip(&ip), "protocol",
			protocol(use->proto), "destination", address(use->dst_be, use->dst_port_be),
			"used", (json_int_t)use->used, "size", (json_int_t)use->size));
}

static int flows_snat(void *ctx, struct pw_ipc_request *req, void *params, json_t **result,
	struct pw_ipc_error *err)
{
	const struct pw_ctl *ctl = ctx;
	json_t *list = json_array();

	(void)req;
	(void)params;
	if (pw_nat_snat_uses(ctl->nat, add_use, list) != 0) {
		json_decref(list);
		return pw_ipc_error_set(err, PW_IPC_E_FAILED, "out of memory");
	}
	*result = json_pack("{s:o}", "snat", list);
	return 0;
}

static int flows_flush(void *ctx, struct pw_ipc_request *req, void *params, json_t **result,
	struct pw_ipc_error *err)
{
	struct pw_flow_filter filter;
	struct pw_ctl *ctl = ctx;

	(void)req;
	if (make_filter(ctl, params, &filter, err) != 0)
		return err->code;
	*result = json_pack("{s:I}", "flushed", (json_int_t)pw_nat_flush(ctl->nat, &filter));
	return 0;
}

static const struct pw_ipc_method methods[] = {
	{"flows.list", flows_list, list_params, sizeof(struct params)},
	{"flows.count", flows_count, filter_params, sizeof(struct params)},
	{"flows.snat", flows_snat},
	{"flows.flush", flows_flush, filter_params, sizeof(struct params)},
	{0},
};

const struct ctl_module ctl_module_flow = {.name = "flow", .methods = methods};
