/* SPDX-License-Identifier: BSD-3-Clause */
/* Types of addresses: prefixes, single addresses, MACs. */
#include <stdlib.h>
#include <string.h>

#include "addr_rules.h"
#include "conf_schema.h"
#include "conf_yaml.h"
#include "pw_util.h"

static const char *example(unsigned int rules)
{
	if (rules & CONF_IP_RANGE)
		return "10.244.1.0/24";
	if (rules & CONF_IP_HOST)
		return "10.244.1.5";
	return rules & CONF_IP_LENGTH_OPTIONAL ? "192.0.2.1/32" : "10.244.1.1/24";
}

static const char *what_is_wanted(unsigned int rules)
{
	return rules & CONF_IP_HOST ? "an IPv4 or IPv6 address"
				    : "an IPv4 or IPv6 address with a prefix length";
}

/* Says what was probably meant. */
static bool refuse_host_bits(struct conf_ctx *ctx, const yaml_node_t *node, const char *text,
	const struct pw_prefix *prefix)
{
	struct pw_prefix masked = pw_prefix_masked(prefix);
	char right[PW_PREFIX_STRLEN];

	if (!pw_prefix_has_host_bits(prefix))
		return false;
	conf_bad(ctx, node, "\"%s\" has bits set behind the prefix length; write %s", text,
		pw_prefix_format(&masked, right));
	return true;
}

static bool decode_one_prefix(
	struct conf_ctx *ctx, unsigned int rules, const yaml_node_t *node, struct pw_prefix *prefix)
{
	const char *text = conf_decode_text(ctx, node, what_is_wanted(rules));
	const char *problem;

	if (text == NULL)
		return false;
	if (pw_prefix_parse(text, prefix) < 0) {
		conf_bad(ctx, node, CONF_VALUE_FMT " is not %s; example: %s", CONF_VALUE(text),
			what_is_wanted(rules), example(rules));
		return false;
	}
	if ((rules & CONF_IP_RANGE) && refuse_host_bits(ctx, node, text, prefix))
		return false;
	problem = conf_prefix_problem(rules, prefix, strchr(text, '/') != NULL);
	if (problem == NULL)
		return true;
	conf_bad(ctx, node, CONF_VALUE_FMT " %s; example: %s", CONF_VALUE(text), problem,
		example(rules));
	return false;
}

static void dump_prefix_as(struct pw_str *out, unsigned int rules, const struct pw_prefix *prefix)
{
	char buf[PW_PREFIX_STRLEN];

	conf_dump_text(out, rules & CONF_IP_HOST ? pw_ip_format(&prefix->ip, buf)
						 : pw_prefix_format(prefix, buf));
}

static void describe_ip(const struct conf_key *key, struct pw_str *out)
{
	unsigned int rules = key->ip_rules;

	pw_str_addf(out, "%s%s", rules & CONF_IP_RANGE ? "network prefix" : what_is_wanted(rules),
		rules & CONF_IP_LENGTH_OPTIONAL ? " (none: /32, /128)" : "");
}

/* ---- several prefixes, or one without the list ---- */

static void decode_prefixes_item(
	struct conf_ctx *ctx, const struct conf_key *key, yaml_node_t *node, void *base)
{
	struct pw_conf_prefixes *list = conf_field(key, base);
	struct pw_prefix prefix;

	if (!decode_one_prefix(ctx, key->ip_rules, node, &prefix))
		return;
	if (list->n == PW_CONF_MAX_ADDRS) {
		conf_bad(ctx, node, "is one too many; allowed: up to %u", PW_CONF_MAX_ADDRS);
		return;
	}
	for (uint32_t i = 0; i < list->n; i++) {
		if (pw_ip_equal(&list->v[i].ip, &prefix.ip)) {
			conf_bad(ctx, node, "\"%s\" is given twice", conf_yaml_text(node));
			return;
		}
		if ((key->ip_rules & CONF_IP_ONE_A_FAMILY) &&
			list->v[i].ip.family == prefix.ip.family) {
			conf_bad(ctx, node,
				"\"%s\" is a second one of IPv%u; allowed: one IPv4 and one IPv6",
				conf_yaml_text(node), prefix.ip.family);
			return;
		}
	}
	list->v[list->n++] = prefix;
}

static void decode_prefixes(
	struct conf_ctx *ctx, const struct conf_key *key, yaml_node_t *node, void *base)
{
	if (key->required && node->type == YAML_SEQUENCE_NODE && conf_yaml_items(node) == 0)
		conf_bad(ctx, node, "is empty; needed: %s", key->doc);
	else
		conf_decode_each(ctx, key, node, base, decode_prefixes_item);
}

static bool prefixes_is_set(const struct conf_key *key, const void *base)
{
	return ((const struct pw_conf_prefixes *)conf_const_field(key, base))->n > 0;
}

static void dump_prefixes(const struct conf_key *key, const void *base, struct pw_str *out)
{
	const struct pw_conf_prefixes *list = conf_const_field(key, base);

	for (uint32_t i = 0; i < list->n; i++) {
		pw_str_add(out, i == 0 ? "[" : ", ");
		dump_prefix_as(out, key->ip_rules, &list->v[i]);
	}
	pw_str_add(out, "]");
}

static void describe_prefixes(const struct conf_key *key, struct pw_str *out)
{
	describe_ip(key, out);
	pw_str_add(out, key->ip_rules & CONF_IP_ONE_A_FAMILY ? ", or a list with one of each family"
							     : ", or a list of up to 16");
}

const struct conf_type conf_type_prefixes = {
	.decode = decode_prefixes,
	.is_set = prefixes_is_set,
	.dump = dump_prefixes,
	.describe = describe_prefixes,
};

/* ---- destination of a route ---- */

static void decode_prefix(
	struct conf_ctx *ctx, const struct conf_key *key, yaml_node_t *node, void *base)
{
	const char *text = conf_decode_text(ctx, node, "an IPv4 or IPv6 prefix");
	struct pw_prefix prefix;

	if (text == NULL)
		return;
	if (pw_prefix_parse(text, &prefix) < 0) {
		conf_bad(ctx, node,
			CONF_VALUE_FMT " is not an IPv4 or IPv6 prefix; example: 10.0.0.0/8",
			CONF_VALUE(text));
		return;
	}
	if (refuse_host_bits(ctx, node, text, &prefix))
		return;
	if (pw_ip_is_multicast(&prefix.ip) || pw_ip_is_loopback(&prefix.ip)) {
		conf_bad(ctx, node, "\"%s\" is multicast or loopback, which is not routed", text);
		return;
	}
	*(struct pw_prefix *)conf_field(key, base) = prefix;
}

static bool prefix_is_set(const struct conf_key *key, const void *base)
{
	const struct pw_prefix *prefix = conf_const_field(key, base);

	return prefix->ip.family != PW_FAMILY_NONE;
}

static void dump_prefix(const struct conf_key *key, const void *base, struct pw_str *out)
{
	dump_prefix_as(out, 0, conf_const_field(key, base));
}

static void describe_prefix(const struct conf_key *key, struct pw_str *out)
{
	pw_str_add(out, "IPv4 or IPv6 prefix");
}

const struct conf_type conf_type_prefix = {
	.decode = decode_prefix,
	.is_set = prefix_is_set,
	.dump = dump_prefix,
	.describe = describe_prefix,
};

/* ---- one address ---- */

static bool decode_host(struct conf_ctx *ctx, const yaml_node_t *node, struct pw_ip *ip)
{
	struct pw_prefix prefix;

	if (!decode_one_prefix(ctx, CONF_IP_HOST, node, &prefix))
		return false;
	*ip = prefix.ip;
	return true;
}

static void decode_ip(
	struct conf_ctx *ctx, const struct conf_key *key, yaml_node_t *node, void *base)
{
	decode_host(ctx, node, conf_field(key, base));
}

static bool ip_is_set(const struct conf_key *key, const void *base)
{
	return ((const struct pw_ip *)conf_const_field(key, base))->family != PW_FAMILY_NONE;
}

static void dump_ip(const struct conf_key *key, const void *base, struct pw_str *out)
{
	char buf[PW_IP_STRLEN];

	conf_dump_text(out, pw_ip_format(conf_const_field(key, base), buf));
}

const struct conf_type conf_type_ip = {
	.decode = decode_ip,
	.is_set = ip_is_set,
	.dump = dump_ip,
	.describe = describe_ip,
};

/* ---- endpoints of a service: a list as long as it needs to be ---- */

static void decode_ips_item(
	struct conf_ctx *ctx, const struct conf_key *key, yaml_node_t *node, void *base)
{
	struct pw_conf_service *service = base;

	if (decode_host(ctx, node, &service->endpoints[service->n_endpoints]))
		service->n_endpoints++;
}

static void decode_ips(
	struct conf_ctx *ctx, const struct conf_key *key, yaml_node_t *node, void *base)
{
	struct pw_conf_service *service = base;
	uint32_t n = node->type == YAML_SEQUENCE_NODE ? conf_yaml_items(node) : 1;

	if (n == 0)
		return;
	service->endpoints = calloc(n, sizeof(service->endpoints[0]));
	if (service->endpoints == NULL)
		ctx->out_of_memory = true;
	else
		conf_decode_each(ctx, key, node, base, decode_ips_item);
}

static bool ips_is_set(const struct conf_key *key, const void *base)
{
	return ((const struct pw_conf_service *)base)->n_endpoints > 0;
}

static void dump_ips(const struct conf_key *key, const void *base, struct pw_str *out)
{
	const struct pw_conf_service *service = base;
	char buf[PW_IP_STRLEN];

	for (uint32_t i = 0; i < service->n_endpoints; i++) {
		pw_str_add(out, i == 0 ? "[" : ", ");
		conf_dump_text(out, pw_ip_format(&service->endpoints[i], buf));
	}
	pw_str_add(out, "]");
}

static void describe_ips(const struct conf_key *key, struct pw_str *out)
{
	pw_str_add(out, "IPv4 or IPv6 address, or a list of any length");
}

const struct conf_type conf_type_ips = {
	.decode = decode_ips,
	.is_set = ips_is_set,
	.dump = dump_ips,
	.describe = describe_ips,
};

/* ---- MAC ---- */

static void decode_mac(
	struct conf_ctx *ctx, const struct conf_key *key, yaml_node_t *node, void *base)
{
	const char *text = conf_decode_text(ctx, node, "a MAC address");
	struct pw_mac mac;

	if (text == NULL)
		return;
	if (pw_mac_parse(text, &mac) < 0)
		conf_bad(ctx, node,
			CONF_VALUE_FMT " is not a MAC address; example: 02:00:00:00:00:01",
			CONF_VALUE(text));
	else if (pw_mac_is_multicast(&mac) || pw_mac_is_zero(&mac))
		conf_bad(ctx, node, "\"%s\" is %s; example: 02:00:00:00:00:01", text,
			pw_mac_is_zero(&mac) ? "no address" : "a multicast address");
	else
		*(struct pw_mac *)conf_field(key, base) = mac;
}

static bool mac_is_set(const struct conf_key *key, const void *base)
{
	return !pw_mac_is_zero(conf_const_field(key, base));
}

static void dump_mac(const struct conf_key *key, const void *base, struct pw_str *out)
{
	char buf[PW_MAC_STRLEN];

	conf_dump_text(out, pw_mac_format(conf_const_field(key, base), buf));
}

static void describe_mac(const struct conf_key *key, struct pw_str *out)
{
	pw_str_add(out, "MAC address");
}

const struct conf_type conf_type_mac = {
	.decode = decode_mac,
	.is_set = mac_is_set,
	.dump = dump_mac,
	.describe = describe_mac,
};
