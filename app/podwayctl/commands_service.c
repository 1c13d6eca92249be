/* SPDX-License-Identifier: BSD-3-Clause */
/* The commands of Services, the flows they make, and pods. */
#include "ctl.h"

#include <string.h>

#include "render.h"

#define SERVICE_NAMES "services.list:services:name"

/* --- services ------------------------------------------------------------------------------ */

static const struct column service_columns[] = {
	{"NAME", "name", F_TEXT, .help = "namespace/name"},
	{"CLUSTER IP", "cluster_ips", F_LIST, .help = "the virtual addresses"},
	{"PORTS", .cell = cell_service_ports,
		.help = "protocol:port, and ->target where it differs"},
	{"ENDPOINTS", "endpoints", F_LIST, .help = "the backends; the first of many, all with -v"},
	{"ALGORITHM", "algorithm", F_TEXT, true, .help = "how a connection gets its backend"},
	{"AFFINITY", "affinity_sec", F_AGE, true,
		.help = "how long a client's next connections go to the same backend; 0s: not"},
	{"ORIGIN", "origin", F_TEXT, true, .help = "config or ctl"},
	{"FLOWS", "flows", F_COUNT, .help = "connections it has now"},
	{"NEW", "new_flows", F_COUNT, .help = "connections it has had"},
	{"NO ENDPOINT", "no_endpoint_drops", F_COUNT,
		.help = "packets dropped because it had no backend"},
	{0},
};

static const struct view services_view = {
	.list = "services",
	.columns = service_columns,
	.empty = "There is no such service.",
};

static const struct arg service_show_args[] = {
	{"NAME", ARG_WORD, NULL, "name", .names = SERVICE_NAMES, .help = "only this one"},
	{0},
};

static const char *const algorithms[] = {"random", "maglev", NULL};

static const struct arg service_add_args[] = {
	{"NAME", ARG_WORD, NULL, "name", .required = true,
		.help = "namespace/name; without a namespace it is \"default\""},
	{"cluster-ip", ARG_KEY, "ADDRESS", "cluster_ip", T_IP, .required = true, .list = true,
		.help = "the virtual address; once for each family"},
	{"port", ARG_KEY, "PORT", "ports", T_SERVICE_PORT, .required = true, .list = true,
		.help = "[NAME=][PROTOCOL:]PORT[:TARGET], as 80, udp:53, web=tcp:80:8080; may be "
			"repeated, then each needs a name or gets one: protocol-port"},
	{"endpoint", ARG_KEY, "ADDRESS", "endpoints", T_IP, .list = true,
		.help = "a backend; may be repeated. Without any, connections are refused"},
	{"affinity", ARG_KEY, "SECONDS", "affinity_sec", T_NUMBER,
		.help = "a client's next connection goes to the backend of its last one, if that "
			"was no longer ago; 1 to 86400"},
	{"algorithm", ARG_KEY, "NAME", "algorithm", T_CHOICE, .choices = algorithms,
		.help = "random (default), or maglev: by addresses and ports, alike on all nodes"},
	{"replace", ARG_FLAG, NULL, "replace", .help = "not an error if it is there already"},
	{0},
};

static const struct arg service_del_args[] = {
	{"NAME", ARG_WORD, NULL, "name", .required = true, .names = SERVICE_NAMES,
		.help = "as services show prints it"},
	{"missing-ok", ARG_FLAG, NULL, "missing_ok", .help = "not an error if there is none"},
	{0},
};

/* Several ports need names (as in Kubernetes); "tcp-80" is one nobody has to think of. */
static bool name_service_ports(const struct parsed *parsed, char *err, size_t size)
{
	json_t *ports = json_object_get(parsed->params, "ports"), *port;
	char name[32];
	size_t i;

	if (json_array_size(ports) < 2)
		return true;
	json_array_foreach (ports, i, port) {
		if (json_object_get(port, "name") != NULL)
			continue;
		snprintf(name, sizeof(name), "%.16s-%d",
			json_string_value(json_object_get(port, "protocol")),
			(int)json_integer_value(json_object_get(port, "port")));
		json_object_set_new(port, "name", json_string(name));
	}
	return true;
}

static const struct view service_add_view = {.done = "service {name} added"};
static const struct view service_del_view = {.done = "service {name} deleted"};

/* --- flows --------------------------------------------------------------------------------- */

static const struct column flow_columns[] = {
	{"PROTO", "protocol", F_TEXT, .help = "tcp, udp, sctp or icmp"},
	{"STATE", "state", F_STATE, .help = "of the connection as its packets show it"},
	{"CLIENT", "client", F_TEXT, .help = "address and port that began it"},
	{"VIP", "vip", F_TEXT, .help = "what the client talks to"},
	{"BACKEND", "backend", F_TEXT, .help = "what it is translated to"},
	{"SNAT", "snat", F_TEXT, .help = "what the backend sees as the client, if translated too"},
	{"KIND", "kind", F_TEXT, true,
		.help = "service, identity (client talks to a backend "
			"directly) or hairpin (a backend talks to its own "
			"service)"},
	{"AGE", "age_sec", F_AGE, .help = "time since its first packet"},
	{"IDLE", "idle_sec", F_AGE, .help = "time since its last packet"},
	{"TIMEOUT", "timeout_sec", F_AGE, .help = "it is forgotten after this long in silence"},
	{0},
};

static const struct view flows_view = {
	.list = "flows",
	.columns = flow_columns,
	.empty = "There is no such flow.",
	.footer = footer_flows,
};

static const char *const protocols[] = {"tcp", "udp", "sctp", "icmp", NULL};

#define FLOW_FILTERS                                                                               \
	{"protocol", ARG_KEY, "PROTOCOL", "protocol", T_CHOICE, .choices = protocols,              \
		.help = "only tcp, udp, sctp or icmp"},                                            \
		{"client", ARG_KEY, "ADDRESS[:PORT]", "client", .help = "only from this client"},  \
		{"vip", ARG_KEY, "ADDRESS[:PORT]", "vip", .help = "only to this virtual address"}, \
		{"backend", ARG_KEY, "ADDRESS[:PORT]", "backend",                                  \
			.help = "only with this backend"},                                         \
		{"state", ARG_KEY, "STATE", "state",                                               \
			.help = "only in this state, as flows count prints it"},                   \
		{"address", ARG_KEY, "ADDRESS", "address",                                         \
			.help = "only with this address on any side"},                             \
	{                                                                                          \
		"pod", ARG_KEY, "POD", "pod", .help = "only of this pod: [NAMESPACE/]NAME"         \
	}

static const struct arg flow_show_args[] = {
	FLOW_FILTERS,
	{"limit", ARG_KEY, "N", "limit", T_NUMBER, .help = "at most N; default 1000"},
	{0},
};

static const struct arg flow_count_args[] = {
	FLOW_FILTERS,
	{0},
};

static const struct column flow_count_columns[] = {
	{"PROTO", "protocol", F_TEXT, .help = "tcp, udp or sctp"},
	{"STATE", "state", F_STATE, .help = "of the connection as its packets show it"},
	{"FLOWS", "flows", F_COUNT, .help = "connections in this state"},
	{0},
};

static const struct view flow_counts_view = {
	.list = "states",
	.columns = flow_count_columns,
	.empty = "There is no such flow.",
	.footer = footer_flow_count,
};

static const struct column snat_columns[] = {
	{"ADDRESS", "address", F_TEXT, .help = "what clients are translated to"},
	{"PROTO", "protocol", F_TEXT, .help = "tcp, udp or sctp"},
	{"DESTINATION", "destination", F_TEXT, .help = "each has all ports for itself"},
	{"USED", "used", F_COUNT, .help = "source ports in use"},
	{"OF", "size", F_COUNT, .help = "ports there are (snat: of the configuration)"},
	{0},
};

static const struct view snat_view = {
	.list = "snat",
	.columns = snat_columns,
	.empty = "No connection has a translated source.",
};

static const struct arg flow_flush_args[] = {
	FLOW_FILTERS,
	{"all", ARG_FLAG, .help = "instead of a filter: every flow"},
	{0},
};

/* Cutting every connection of a node should take more than a forgotten filter. */
static bool check_flow_flush(const struct parsed *parsed, char *err, size_t size)
{
	bool all = json_object_get(parsed->opts, "all") != NULL;

	if (all != (json_object_size(parsed->params) > 0))
		return true;
	snprintf(err, size,
		all ? "either a filter or all, not both"
		    : "say which: a filter, or \"all\" to cut every connection through a service");
	return false;
}

static const struct view flow_flush_view = {.done = "{flushed} flows flushed"};

/* --- pods ---------------------------------------------------------------------------------- */

static const struct column pod_columns[] = {
	{"NAMESPACE", "namespace", F_TEXT, .help = "of the pod"},
	{"NAME", "name", F_TEXT, .help = "of the pod"},
	{"STATE", "state", F_STATE, .help = "up, or lost: its network namespace is gone"},
	{"IFNAME", "ifname", F_TEXT, true, .help = "the interface inside of the pod"},
	{"ADDRESSES", "addresses", F_LIST, .help = "of the pod"},
	{"MAC", "mac", F_TEXT, true, .help = "of the pod's interface"},
	{"PORT", "port", F_TEXT, .help = "the port it is behind"},
	{"BRIDGE", "bridge", F_TEXT, .help = "the bridge; - if it is routed"},
	{"MTU", "mtu", F_PLAIN, true, .help = "of the pod's interface"},
	{"AGE", "age_sec", F_AGE, .help = "time since it was connected"},
	{"CONTAINER", "container_id", F_TEXT, true, .help = "sandbox id, as the runtime names it"},
	{"NETNS", "netns", F_TEXT, true, .help = "path of its network namespace"},
	{0},
};

static const struct view pods_view = {
	.list = "pods",
	.columns = pod_columns,
	.empty = "No pod is connected.",
};

const struct command service_commands[] = {
	{"services", "show", true, "services.list", service_show_args, &services_view,
		.brief = "list services, their backends and use",
		.text = "The virtual addresses that are translated, and to what.",
		.examples = {{"services", "all services"},
			{"services default/web -v", "one, with all its endpoints"}}},
	{"services", "add", false, "services.add", service_add_args, &service_add_view,
		.brief = "add or replace a service",
		.text = "New connections use it from the moment the command returns.",
		.examples = {{"services add default/web cluster-ip 10.96.0.10 port tcp:80:8080 "
			      "endpoint 10.244.1.5 endpoint 10.244.1.6",
				     "a web service on two pods"},
			{"services add dns cluster-ip 10.96.0.2 port udp:53 port tcp:53 endpoint "
			 "10.244.1.9 replace",
				"DNS by both protocols"},
			{"services add web cluster-ip 10.96.0.10 port 80 endpoint 10.244.1.5 "
			 "affinity 10800 algorithm maglev",
				"clients come back to their backend for three hours"}},
		.check = name_service_ports},
	{"services", "del", false, "services.del", service_del_args, &service_del_view,
		.brief = "delete a service",
		.text = "Packets to its addresses are no longer translated.",
		.examples = {{"services del default/web", "delete it"},
			{"services del default/web missing-ok", "in scripts: fine if it is gone"}}},
	{"flows", "show", true, "flows.list", flow_show_args, &flows_view,
		.brief = "list the connections that are translated",
		.text = "Flows through services, client by client. Plain traffic between pods "
			"makes "
			"no flow.",
		.examples = {{"flows", "the first 1000"},
			{"flows show protocol tcp vip 10.96.0.10", "TCP to one service"}}},
	{"flows", "count", false, "flows.count", flow_count_args, &flow_counts_view,
		.brief = "count the connections by state",
		.text = "How many flows there are of each protocol in each state.",
		.examples = {{"flows count", "all"},
			{"flows count pod default/web-0", "those of one pod, on either side"}}},
	{"flows", "snat", false, "flows.snat", NULL, &snat_view,
		.brief = "show the source ports in use",
		.text = "Connections whose source is translated, by destination. A new one to a "
			"destination without a free port is dropped (snat_ports).",
		.examples = {{"flows snat", "all destinations"}}},
	{"flows", "flush", false, "flows.flush", flow_flush_args, &flow_flush_view,
		.brief = "forget connections",
		.text = "A UDP flow's next packet chooses a backend anew. A TCP connection is "
			"reset, "
			"unless the Service has an affinity or Maglev, by which it goes on.",
		.examples = {{"flows flush backend 10.244.1.5", "away from one backend"},
			{"flows flush all", "every flow"}},
		.check = check_flow_flush},
	{"pods", NULL, true, "pods.list", NULL, &pods_view,
		.brief = "list the pods that the CNI plugin connected",
		.text = "One row for each interface of a pod.",
		.examples = {{"pods", "all pods"},
			{"pods -v", "with container ids and network namespaces"}}},
	{0},
};
