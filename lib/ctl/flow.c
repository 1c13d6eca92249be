/* SPDX-License-Identifier: BSD-3-Clause */
/* flow.c - flows.list, .count, .snat and .flush: the flow table as people see it. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "nat.h"
#include "pod.h"
#include "pw_str.h"
#include "service.h"

static const char *const kind_names[] = {
	[PW_FLOW_SERVICE] = "service",
	[PW_FLOW_HAIRPIN] = "hairpin",
	[PW_FLOW_IDENTITY] = "identity",
};

static const char *const protocol_choices[] = {"tcp", "udp", "icmp", "sctp", "icmpv6", NULL};
static const uint8_t protocol_numbers[] = {
	IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP, IPPROTO_SCTP, IPPROTO_ICMPV6};

static json_t *endpoint(const struct ctl_endpoint *e)
{
	char text[PW_IP_STRLEN], both[PW_IP_STRLEN + 10];

	if (e->ip.family == PW_FAMILY_NONE)
		return json_null();
	snprintf(both, sizeof(both), e->ip.family == PW_IPV6 ? "[%s]:%u" : "%s:%u",
		pw_ip_format(&e->ip, text), e->port);
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

static void add_flow(void *arg, const struct ctl_flow *f)
{
	json_array_append_new(
		arg, json_pack("{s:o, s:s, s:o, s:o, s:o, s:o, s:s, s:I, s:I, s:I}", "protocol",
			     protocol(f->proto), "state", f->state, "client", endpoint(&f->client),
			     "vip", endpoint(&f->vip), "backend", endpoint(&f->backend), "snat",
			     endpoint(&f->snat), "kind", kind_names[f->kind], "age_sec",
			     (json_int_t)f->age_sec, "idle_sec", (json_int_t)f->idle_sec,
			     "timeout_sec", (json_int_t)f->timeout_sec));
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

/* Splits "10.0.0.1:80" and "[fd00::1]:80"; of a bare address the port is "". false: neither. */
static bool split(const char *text, char host[static PW_IP_STRLEN], const char **port)
{
	const char *end = text[0] == '[' ? strchr(text, ']') : strchr(text, ':');
	const char *start = text[0] == '[' ? text + 1 : text;

	if (text[0] != '[' && end != NULL && strchr(end + 1, ':') != NULL)
		end = NULL; /* IPv6 without a port */
	if (text[0] == '[' && (end == NULL || (end[1] != ':' && end[1] != '\0')))
		return false;
	*port = end == NULL ? "" : text[0] != '[' ? end + 1 : end[1] == ':' ? end + 2 : "";
	if (end == NULL)
		end = start + strlen(start);
	if (end - start >= PW_IP_STRLEN)
		return false;
	memcpy(host, start, (size_t)(end - start));
	host[end - start] = '\0';
	return true;
}

static int parse_endpoint(const char *name, const char *text, bool with_port,
	struct ctl_endpoint *out, struct pw_ipc_error *err)
{
	char host[PW_IP_STRLEN];
	const char *port_text;
	uint64_t port = 0;

	if (text == NULL)
		return 0;
	if (!split(text, host, &port_text) || pw_ip_parse(host, &out->ip) != 0 ||
		(port_text[0] != '\0' &&
			(!with_port || pw_u64_parse(port_text, 0, UINT16_MAX, &port) != 0)))
		return pw_ipc_error_set(err, PW_IPC_E_PARAMS, "%s: \"%s\" is not an address%s",
			name, text, with_port ? " or address:port" : "");
	out->port = (uint16_t)port;
	return 0;
}

/* "namespace/name" or, in namespace default, "name"; a pod may have several interfaces. */
static int parse_pod(const struct pw_ctl *ctl, const char *name, struct ctl_flow_filter *filter,
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
		for (uint32_t i = 0; i < pod->n_ips && filter->n_any < CTL_FLOW_ANY_MAX; i++)
			filter->any[filter->n_any++] = pod->ips[i].address.ip;
	}
	if (!found || filter->n_any == 0)
		return pw_ipc_error_set(err, PW_IPC_E_MISSING,
			found ? "pod %s: has no address" : "pod %s: no such pod", name);
	return 0;
}

static int parse_sides(const struct pw_ctl *ctl, const struct params *p,
	struct ctl_flow_filter *filter, struct pw_ipc_error *err)
{
	struct ctl_endpoint side = {0};

	if (p->address != NULL && p->pod != NULL)
		return pw_ipc_error_set(err, PW_IPC_E_PARAMS, "either address or pod, not both");
	if (p->pod != NULL)
		return parse_pod(ctl, p->pod, filter, err);
	if (parse_endpoint("address", p->address, false, &side, err) != 0)
		return err->code;
	filter->n_any = p->address != NULL;
	filter->any[0] = side.ip;
	return 0;
}

static int make_filter(const struct pw_ctl *ctl, const struct params *p,
	struct ctl_flow_filter *filter, struct pw_ipc_error *err)
{
	memset(filter, 0, sizeof(*filter));
	if (p->protocol >= 0)
		filter->proto = protocol_numbers[p->protocol];
	if (parse_endpoint("client", p->client, true, &filter->client, err) != 0 ||
		parse_endpoint("vip", p->vip, true, &filter->vip, err) != 0 ||
		parse_endpoint("backend", p->backend, true, &filter->backend, err) != 0 ||
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
	struct ctl_flow_filter filter;
	json_t *list;
	uint32_t total;

	(void)req;
	if (make_filter(ctl, p, &filter, err) != 0)
		return err->code;
	list = json_array();
	total = ctl_nat_flows(ctl, &filter, (uint32_t)p->limit, add_flow, list);
	*result = json_pack("{s:o, s:I}", "flows", list, "total", (json_int_t)total);
	return 0;
}

/* Both families have the same states: they are added up. */
static void add_count(void *arg, const struct pw_flow_count *c)
{
	json_t *name = protocol(c->proto), *item;
	size_t i;

	json_array_foreach (arg, i, item) {
		if (!json_equal(name, json_object_get(item, "protocol")) ||
			strcmp(pw_json_str(item, "state", ""), c->state) != 0)
			continue;
		json_object_set_new(item, "flows",
			json_integer(pw_json_int(item, "flows", 0) + (json_int_t)c->flows));
		json_decref(name);
		return;
	}
	json_array_append_new(arg, json_pack("{s:o, s:s, s:I}", "protocol", name, "state", c->state,
					   "flows", (json_int_t)c->flows));
}

static int flows_count(void *ctx, struct pw_ipc_request *req, void *params, json_t **result,
	struct pw_ipc_error *err)
{
	struct ctl_flow_filter filter;
	const struct pw_ctl *ctl = ctx;
	json_t *states;
	uint32_t total;

	(void)req;
	if (make_filter(ctl, params, &filter, err) != 0)
		return err->code;
	states = json_array();
	total = ctl_nat_flow_counts(ctl, &filter, add_count, states);
	*result = json_pack("{s:o, s:I}", "states", states, "total", (json_int_t)total);
	return 0;
}

static void add_use(void *arg, const struct ctl_snat_use *use)
{
	json_array_append_new(
		arg, json_pack("{s:o, s:o, s:o, s:I, s:I}", "address", pw_json_ip(&use->snat),
			     "protocol", protocol(use->proto), "destination", endpoint(&use->dst),
			     "used", (json_int_t)use->used, "size", (json_int_t)use->size));
}

static int flows_snat(void *ctx, struct pw_ipc_request *req, void *params, json_t **result,
	struct pw_ipc_error *err)
{
	const struct pw_ctl *ctl = ctx;
	json_t *list = json_array();

	(void)req;
	(void)params;
	if (ctl_nat_snat_uses(ctl, add_use, list) != 0) {
		json_decref(list);
		return pw_ipc_error_set(err, PW_IPC_E_FAILED, "out of memory");
	}
	*result = json_pack("{s:o}", "snat", list);
	return 0;
}

static int flows_flush(void *ctx, struct pw_ipc_request *req, void *params, json_t **result,
	struct pw_ipc_error *err)
{
	struct ctl_flow_filter filter;
	struct pw_ctl *ctl = ctx;

	(void)req;
	if (make_filter(ctl, params, &filter, err) != 0)
		return err->code;
	*result = json_pack("{s:I}", "flushed", (json_int_t)ctl_nat_flush(ctl, &filter));
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
