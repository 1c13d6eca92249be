/* SPDX-License-Identifier: BSD-3-Clause */
/* What the runtime adds to the operator's file: runtimeConfig (capabilities) and args.cni. */
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "pw_cni_conf.h"
#include "pw_cni_json.h"
#include "pw_ipc_json.h"
#include "pw_util.h"

static const struct {
	const char *name;
	uint8_t protocol;
} protocols[] = {
	{"tcp", IPPROTO_TCP},
	{"udp", IPPROTO_UDP},
	{"sctp", IPPROTO_SCTP},
};

static int parse_protocol(
	const json_t *entry, const char *where, uint8_t *protocol, struct pw_cni_error *error)
{
	const char *text = "tcp";

	if (pw_cni_json_text(entry, where, "protocol", &text, error) != 0)
		return -EPROTO;
	for (size_t i = 0; i < PW_ARRAY_SIZE(protocols); i++) {
		if (strcasecmp(text, protocols[i].name) == 0) {
			*protocol = protocols[i].protocol;
			return 0;
		}
	}
	return pw_cni_fail(error, PW_CNI_E_CONFIG,
		"%s.protocol: \"%.40s\": tcp, udp or sctp is needed", where, text);
}

static int parse_mapping(const json_t *entry, const char *where, struct pw_cni_port_mapping *m,
	struct pw_cni_error *error)
{
	uint64_t host = 0, container = 0;

	if (pw_cni_json_u64(entry, where, "hostPort", 0, UINT16_MAX, &host, error) != 0 ||
		pw_cni_json_u64(entry, where, "containerPort", 1, UINT16_MAX, &container, error) !=
			0 ||
		pw_cni_json_ip(entry, where, "hostIP", &m->host_ip, error) != 0 ||
		parse_protocol(entry, where, &m->protocol, error) != 0)
		return -EPROTO;
	if (container == 0)
		return pw_cni_json_fail(error, where, entry, "containerPort is needed");
	m->host_port = (uint16_t)host;
	m->container_port = (uint16_t)container;
	return 0;
}

static int parse_mappings(
	struct pw_cni_conf *conf, const json_t *runtime, struct pw_cni_error *error)
{
	json_t *list = NULL, *entry;
	size_t i;

	if (pw_cni_json_array(runtime, "runtimeConfig", "portMappings", &list, error) != 0)
		return -EPROTO;
	json_array_foreach (list, i, entry) {
		struct pw_cni_port_mapping m = {0};
		char where[64];

		snprintf(where, sizeof(where), "runtimeConfig.portMappings[%zu]", i);
		if (conf->n_mappings == PW_CNI_MAX_MAPPINGS)
			return pw_cni_fail(error, PW_CNI_E_CONFIG,
				"runtimeConfig.portMappings: more than %d", PW_CNI_MAX_MAPPINGS);
		if (parse_mapping(entry, where, &m, error) != 0)
			return -EPROTO;
		/* portmap skips those without a host port: only the container's is documented. */
		if (m.host_port != 0)
			conf->mappings[conf->n_mappings++] = m;
	}
	return 0;
}

static int parse_bandwidth(
	struct pw_cni_conf *conf, const json_t *runtime, struct pw_cni_error *error)
{
	static const char where[] = "runtimeConfig.bandwidth";
	struct pw_cni_bandwidth *b = &conf->bandwidth;
	const struct {
		const char *key;
		uint64_t *out;
	} keys[] = {
		{"ingressRate", &b->ingress_rate},
		{"ingressBurst", &b->ingress_burst},
		{"egressRate", &b->egress_rate},
		{"egressBurst", &b->egress_burst},
	};
	json_t *object = NULL;

	if (pw_cni_json_object(runtime, "runtimeConfig", "bandwidth", &object, error) != 0)
		return -EPROTO;
	for (size_t i = 0; i < PW_ARRAY_SIZE(keys); i++) {
		if (pw_cni_json_u64(object, where, keys[i].key, 0, INT64_MAX, keys[i].out, error) !=
			0)
			return -EPROTO;
	}
	/* The bandwidth plugin's rule. */
	if ((b->ingress_rate == 0) != (b->ingress_burst == 0) ||
		(b->egress_rate == 0) != (b->egress_burst == 0))
		return pw_cni_json_fail(
			error, where, object, "rate and burst are needed, or neither of them");
	return 0;
}

/* A list of addresses of a source that outranks those before it. */
static int parse_ips(struct pw_cni_conf *conf, const json_t *object, const char *where,
	struct pw_cni_error *error)
{
	char path[64];
	json_t *list = NULL, *entry;
	size_t i;

	snprintf(path, sizeof(path), "%s.ips", where);
	if (pw_cni_json_array(object, where, "ips", &list, error) != 0)
		return -EPROTO;
	if (json_array_size(list) != 0)
		conf->n_ips = 0;
	json_array_foreach (list, i, entry) {
		if (!json_is_string(entry))
			return pw_cni_json_fail(error, path, entry, "a string is needed");
		if (pw_cni_ips_parse(path, json_string_value(entry), conf->ips, &conf->n_ips,
			    PW_CNI_E_CONFIG, error) != 0)
			return -EPROTO;
	}
	return 0;
}

int pw_cni_conf_parse_runtime(
	struct pw_cni_conf *conf, const struct pw_cni_env *env, struct pw_cni_error *error)
{
	json_t *runtime = NULL, *args = NULL, *cni = NULL;

	if (pw_cni_json_object(conf->root, "", "runtimeConfig", &runtime, error) != 0 ||
		pw_cni_json_object(conf->root, "", "args", &args, error) != 0 ||
		pw_cni_json_object(args, "args", "cni", &cni, error) != 0)
		return -EPROTO;

	/* CNI_ARGS < args.cni < runtimeConfig (CONVENTIONS.md). */
	conf->mac = env->args.mac;
	conf->n_ips = env->args.n_ips;
	memcpy(conf->ips, env->args.ips, sizeof(conf->ips));
	if (pw_cni_json_mac(cni, "args.cni", "mac", &conf->mac, error) != 0 ||
		pw_cni_json_mac(runtime, "runtimeConfig", "mac", &conf->mac, error) != 0 ||
		parse_ips(conf, cni, "args.cni", error) != 0 ||
		parse_ips(conf, runtime, "runtimeConfig", error) != 0)
		return -EPROTO;
	if (parse_mappings(conf, runtime, error) != 0)
		return -EPROTO;
	return parse_bandwidth(conf, runtime, error);
}
