/* SPDX-License-Identifier: BSD-3-Clause */
#include "ctl.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "pw_addr.h"
#include "pw_str.h"

struct problem {
	char *text;
	size_t size;
};

static json_t *__attribute__((format(printf, 2, 3))) bad(struct problem *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p->text, p->size, fmt, ap);
	va_end(ap);
	return NULL;
}

static json_t *parse_text(const struct arg *arg, const char *text, struct problem *p)
{
	return text[0] != '\0' ? json_string(text) : bad(p, "%s: empty", arg->name);
}

static json_t *parse_number(const struct arg *arg, const char *text, struct problem *p)
{
	uint64_t v;

	if (pw_u64_parse(text, 0, INT64_MAX, &v) < 0)
		return bad(p, "%s: \"%s\" is not a number", arg->name, text);
	return json_integer((json_int_t)v);
}

static json_t *parse_ip(const struct arg *arg, const char *text, struct problem *p)
{
	struct pw_ip ip;

	if (pw_ip_parse(text, &ip) < 0)
		return bad(p, "%s: \"%s\" is not an IPv4 or IPv6 address", arg->name, text);
	return json_string(text);
}

static json_t *parse_prefix(const struct arg *arg, const char *text, struct problem *p)
{
	struct pw_prefix prefix;

	if (strcmp(text, "default") == 0)
		text = "0.0.0.0/0";
	if (pw_prefix_parse(text, &prefix) < 0)
		return bad(p, "%s: \"%s\" is not an address with prefix length, as 10.9.0.0/16",
			arg->name, text);
	return json_string(text);
}

static json_t *parse_mac(const struct arg *arg, const char *text, struct problem *p)
{
	struct pw_mac mac;

	if (pw_mac_parse(text, &mac) < 0)
		return bad(p, "%s: \"%s\" is not a MAC address, as 02:00:00:00:00:01", arg->name,
			text);
	return json_string(text);
}

static json_t *parse_on_off(const struct arg *arg, const char *text, struct problem *p)
{
	if (strcmp(text, "on") != 0 && strcmp(text, "off") != 0)
		return bad(p, "%s: \"%s\" is neither on nor off", arg->name, text);
	return json_boolean(strcmp(text, "on") == 0);
}

static json_t *parse_choice(const struct arg *arg, const char *text, struct problem *p)
{
	struct pw_str all = {0};

	for (int i = 0; arg->choices[i] != NULL; i++) {
		if (strcmp(text, arg->choices[i]) == 0)
			return json_string(text);
	}
	for (int i = 0; arg->choices[i] != NULL; i++)
		pw_str_addf(&all, "%s%s", i > 0 ? ", " : "", arg->choices[i]);
	bad(p, "%s: \"%s\" is not one of %s", arg->name, text, all.s != NULL ? all.s : "");
	pw_str_free(&all);
	return NULL;
}

/* [NAME=][PROTOCOL:]PORT[:TARGET], as 80, udp:53, web=tcp:80:8080. */
static json_t *parse_service_port(const struct arg *arg, const char *text, struct problem *p)
{
	char copy[128], *rest = copy, *name = NULL, *target, *equals, *colon;
	const char *protocol = NULL;
	uint64_t port, target_port;

	snprintf(copy, sizeof(copy), "%s", text);
	equals = strchr(rest, '=');
	if (equals != NULL) {
		*equals = '\0';
		name = rest;
		rest = equals + 1;
	}
	colon = strchr(rest, ':');
	if (colon != NULL && (rest[0] < '0' || rest[0] > '9')) {
		*colon = '\0';
		protocol = rest;
		rest = colon + 1;
	}
	target = strchr(rest, ':');
	if (target != NULL)
		*target++ = '\0';
	if (pw_u64_parse(rest, 1, 65535, &port) < 0 ||
		pw_u64_parse(target != NULL ? target : rest, 1, 65535, &target_port) < 0)
		return bad(p, "%s: \"%s\": write [NAME=][PROTOCOL:]PORT[:TARGET], as tcp:80:8080",
			arg->name, text);
	if (protocol == NULL)
		protocol = "tcp";
	if (strcmp(protocol, "tcp") != 0 && strcmp(protocol, "udp") != 0 &&
		strcmp(protocol, "sctp") != 0)
		return bad(p, "%s: \"%s\" is not tcp, udp or sctp", arg->name, protocol);
	return json_pack("{s:s*, s:s, s:I, s:I}", "name", name, "protocol", protocol, "port",
		(json_int_t)port, "target_port", (json_int_t)target_port);
}

static json_t *(*const parsers[])(const struct arg *arg, const char *text, struct problem *p) = {
	[T_TEXT] = parse_text,
	[T_NUMBER] = parse_number,
	[T_IP] = parse_ip,
	[T_PREFIX] = parse_prefix,
	[T_MAC] = parse_mac,
	[T_ON_OFF] = parse_on_off,
	[T_CHOICE] = parse_choice,
	[T_SERVICE_PORT] = parse_service_port,
};

const struct arg *args_find(const struct command *cmd, const char *keyword)
{
	if (strncmp(keyword, "--", 2) == 0)
		keyword += 2;
	for (const struct arg *a = cmd->args; a != NULL && a->name != NULL; a++) {
		if ((a->kind == ARG_KEY || a->kind == ARG_FLAG) && strcmp(a->name, keyword) == 0)
			return a;
	}
	return NULL;
}

/* Where an argument's value goes, and under which key. */
static json_t *target_of(const struct arg *arg, struct parsed *parsed, const char **key)
{
	*key = arg->param != NULL ? arg->param : arg->name;
	return arg->param != NULL ? parsed->params : parsed->opts;
}

static bool is_set(const struct arg *arg, struct parsed *parsed)
{
	const char *key;
	json_t *object = target_of(arg, parsed, &key);

	return json_object_get(object, key) != NULL;
}

static bool store(const struct arg *arg, json_t *value, struct parsed *parsed, struct problem *p)
{
	const char *key;
	json_t *object = target_of(arg, parsed, &key), *list = json_object_get(object, key);

	if (value == NULL)
		return false;
	if (!arg->list && list != NULL) {
		json_decref(value);
		bad(p, "%s: given twice", arg->name);
		return false;
	}
	if (!arg->list)
		return json_object_set_new(object, key, value) == 0;
	if (list == NULL) {
		json_object_set_new(object, key, json_array());
		list = json_object_get(object, key);
	}
	return json_array_append_new(list, value) == 0;
}

/* The first positional argument that has no value yet (or takes any number). */
static const struct arg *next_word(const struct command *cmd, struct parsed *parsed)
{
	for (const struct arg *a = cmd->args; a != NULL && a->name != NULL; a++) {
		if (a->kind == ARG_REST || (a->kind == ARG_WORD && (a->list || !is_set(a, parsed))))
			return a;
	}
	return NULL;
}

/* One argument; the number of words it took, 0 on error. */
static int take(
	const struct command *cmd, int n, char **words, struct parsed *parsed, struct problem *p)
{
	const struct arg *arg = args_find(cmd, words[0]);

	if (arg == NULL) {
		bool dash = words[0][0] == '-' && words[0][1] != '\0';

		arg = next_word(cmd, parsed);
		if (arg == NULL || (dash && arg->kind != ARG_REST)) {
			bad(p, "\"%s\" is not understood here", words[0]);
			return 0;
		}
		if (arg->kind == ARG_REST) {
			parsed->rest = words;
			parsed->n_rest = n;
			return n;
		}
		return store(arg, parsers[arg->type](arg, words[0], p), parsed, p) ? 1 : 0;
	}
	if (arg->kind == ARG_FLAG)
		return store(arg, json_true(), parsed, p) ? 1 : 0;
	if (n < 2) {
		bad(p, "%s: %s is missing after it", arg->name, arg->value);
		return 0;
	}
	return store(arg, parsers[arg->type](arg, words[1], p), parsed, p) ? 2 : 0;
}

static bool check_required(const struct command *cmd, struct parsed *parsed, struct problem *p)
{
	for (const struct arg *a = cmd->args; a != NULL && a->name != NULL; a++) {
		bool given = a->kind == ARG_REST ? parsed->n_rest > 0 : is_set(a, parsed);

		if (a->required && !given) {
			bad(p, "%s%s%s is missing", a->name, a->value != NULL ? " " : "",
				a->value != NULL ? a->value : "");
			return false;
		}
	}
	return true;
}

bool args_parse(const struct command *cmd, int n, char **words, struct parsed *parsed, char *err,
	size_t size)
{
	struct problem p = {err, size};

	memset(parsed, 0, sizeof(*parsed));
	parsed->params = json_object();
	parsed->opts = json_object();
	while (n > 0) {
		int used = take(cmd, n, words, parsed, &p);

		if (used == 0)
			return false;
		words += used;
		n -= used;
	}
	if (!check_required(cmd, parsed, &p))
		return false;
	return cmd->check == NULL || cmd->check(parsed, err, size);
}

void args_free(struct parsed *parsed)
{
	json_decref(parsed->params);
	json_decref(parsed->opts);
	memset(parsed, 0, sizeof(*parsed));
}
