/* SPDX-License-Identifier: BSD-3-Clause */
/* Types of text: names, paths, devices; each with a rule that says what is wrong with a text. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "conf_schema.h"
#include "conf_yaml.h"
#include "pw_util.h"

#define SERVICE_PART_MAX 63 /* a DNS label, RFC 1035 section 2.3.4 */

/* ---- rules ---- */

static const char *name_problem(const char *text)
{
	return pw_name_valid(text, PW_CONF_NAME_MAX) ? NULL : "is not a valid name";
}

static const char *label_problem(const char *text)
{
	return pw_name_valid(text, SERVICE_PART_MAX) ? NULL : "is not a valid name";
}

static const char *ifname_problem(const char *text)
{
	return pw_ifname_valid(text) ? NULL : "is not a valid interface name";
}

static const char *path_problem(const char *text)
{
	if (text[0] != '/')
		return "is not an absolute path";
	return strlen(text) > 1023 ? "is too long" : NULL;
}

static const char *socket_problem(const char *text)
{
	if (text[0] != '/')
		return "is not an absolute path";
	/* sun_path holds the NUL too. */
	if (strlen(text) > sizeof(((struct sockaddr_un *)0)->sun_path) - 1)
		return "is too long for a unix socket";
	return text[strlen(text) - 1] == '/' ? "is a folder" : NULL;
}

static const char *device_problem(const char *text)
{
	size_t name = strcspn(text, ",");

	/* RTE_DEV_NAME_MAX_LEN of DPDK is 64, NUL included. */
	if (name == 0 || name > 63)
		return "does not begin with a device name of 1..63 characters";
	if (strcspn(text, " ") < name)
		return "has a blank in the device name";
	return strlen(text) > 1023 ? "is too long" : NULL;
}

static const char *service_name_problem(const char *text)
{
	char part[SERVICE_PART_MAX + 1];
	const char *slash = strchr(text, '/');
	size_t len = slash != NULL ? (size_t)(slash - text) : 0;

	if (len > SERVICE_PART_MAX)
		return "has too long a namespace";
	snprintf(part, sizeof(part), "%.*s", (int)len, text);
	if (slash != NULL && !pw_name_valid(part, SERVICE_PART_MAX))
		return "has no valid namespace";
	return pw_name_valid(slash != NULL ? slash + 1 : text, SERVICE_PART_MAX)
		       ? NULL
		       : "is not a valid service name";
}

/* It is part of a DPDK device string; memif has room for 24 bytes. */
static const char *secret_problem(const char *text)
{
	if (*text == '\0')
		return "is empty";
	if (strlen(text) > 23)
		return "is too long";
	for (; *text != '\0'; text++)
		if (*text <= ' ' || *text > '~' || *text == ',')
			return "holds a blank, a comma or a special character";
	return NULL;
}

#define NAME_ALLOWED "letters, digits, '_', '.', '-', a letter or digit first"

const struct conf_text_rule conf_rule_name = {
	.problem = name_problem,
	.allowed = "1..31 " NAME_ALLOWED "; example: br0",
};
const struct conf_text_rule conf_rule_node_name = {
	.problem = label_problem,
	.allowed = "1..63 " NAME_ALLOWED "; example: node-a",
};
const struct conf_text_rule conf_rule_ifname = {
	.problem = ifname_problem,
	.allowed = "1..15 characters without blanks, '/', ':' and '%'; example: podway0",
};
const struct conf_text_rule conf_rule_path = {
	.problem = path_problem,
	.allowed = "an absolute path of at most 1023 bytes; example: /var/lib/podway",
};
const struct conf_text_rule conf_rule_socket = {
	.problem = socket_problem,
	.allowed = "an absolute path of at most 107 bytes; example: /run/podway/vm0.sock",
};
const struct conf_text_rule conf_rule_device = {
	.problem = device_problem,
	.allowed = "a DPDK device: PCI address or virtual device with arguments; "
		   "example: 0000:01:00.0 or net_af_packet0,iface=eth1",
};
const struct conf_text_rule conf_rule_secret = {
	.problem = secret_problem,
	.allowed = "1..23 printable characters without blanks and commas",
};
const struct conf_text_rule conf_rule_port_name = {
	.problem = label_problem,
	.allowed = "1..63 " NAME_ALLOWED "; example: http",
};
const struct conf_text_rule conf_rule_service_name = {
	.problem = service_name_problem,
	.allowed = "namespace/name or name, each 1..63 " NAME_ALLOWED "; example: default/web",
};

/* NULL: reported. */
static const char *decode_ruled(
	struct conf_ctx *ctx, const struct conf_key *key, const yaml_node_t *node)
{
	const struct conf_text_rule *rule = key->text.rule;
	const char *text = conf_decode_text(ctx, node, "a text");
	const char *problem;

	if (text == NULL)
		return NULL;
	problem = rule->problem(text);
	if (problem == NULL)
		return text;
	conf_bad(ctx, node, CONF_VALUE_FMT " %s; allowed: %s", CONF_VALUE(text), problem,
		rule->allowed);
	return NULL;
}

static void describe_text(const struct conf_key *key, struct pw_str *out)
{
	pw_str_add(out, key->text.rule->allowed);
}

/* Words that YAML reads as something else than text. */
static bool is_plain_safe(const char *text)
{
	static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				   "_./:-";

	if (*text == '\0' || strchr("_.:-", *text) != NULL || text[strlen(text) - 1] == ':')
		return false;
	return strspn(text, safe) == strlen(text) && strcasecmp(text, "null") != 0;
}

void conf_dump_text(struct pw_str *out, const char *text)
{
	if (is_plain_safe(text)) {
		pw_str_add(out, text);
		return;
	}
	pw_str_add(out, "\"");
	for (; *text != '\0'; text++)
		pw_str_addf(out, *text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
	pw_str_add(out, "\"");
}

/* ---- char array in the struct ---- */

static void decode_text(
	struct conf_ctx *ctx, const struct conf_key *key, yaml_node_t *node, void *base)
{
	const char *text = decode_ruled(ctx, key, node);

	if (text != NULL) /* the rule allows no more than fits */
		strlcpy(conf_field(key, base), text, key->text.size);
}

static bool text_is_set(const struct conf_key *key, const void *base)
{
	return *(const char *)conf_const_field(key, base) != '\0';
}

static void dump_text(const struct conf_key *key, const void *base, struct pw_str *out)
{
	conf_dump_text(out, conf_const_field(key, base));
}

const struct conf_type conf_type_text = {
	.decode = decode_text,
	.is_set = text_is_set,
	.dump = dump_text,
	.describe = describe_text,
};

/* ---- malloc'ed text ---- */

static void decode_string(
	struct conf_ctx *ctx, const struct conf_key *key, yaml_node_t *node, void *base)
{
	char **field = conf_field(key, base);
	const char *text = decode_ruled(ctx, key, node);

	if (text == NULL)
		return;
	free(*field);
	*field = conf_strdup(ctx, text);
}

static bool string_is_set(const struct conf_key *key, const void *base)
{
	return *(char *const *)conf_const_field(key, base) != NULL;
}

static void dump_string(const struct conf_key *key, const void *base, struct pw_str *out)
{
	conf_dump_text(out, *(char *const *)conf_const_field(key, base));
}

const struct conf_type conf_type_string = {
	.decode = decode_string,
	.is_set = string_is_set,
	.dump = dump_string,
	.describe = describe_text,
};

/* ---- "namespace/name" of a service ---- */

static void decode_service_name(
	struct conf_ctx *ctx, const struct conf_key *key, yaml_node_t *node, void *base)
{
	const char *text = decode_ruled(ctx, key, node);

	if (text != NULL)
		snprintf(conf_field(key, base), key->text.size, "%s%s",
			strchr(text, '/') == NULL ? "default/" : "", text);
}

const struct conf_type conf_type_service_name = {
	.decode = decode_service_name,
	.is_set = text_is_set,
	.dump = dump_text,
	.describe = describe_text,
};
