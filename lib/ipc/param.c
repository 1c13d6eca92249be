/* SPDX-License-Identifier: BSD-3-Clause */
#include "pw_ipc_param.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "pw_ipc_json.h"
#include "pw_str.h"
#include "pw_util.h"

#define BAD(err, p, ...) bad_param(err, p, __VA_ARGS__)

/* "limit: " before what is wrong with it. */
static int __attribute__((format(printf, 3, 4)))
bad_param(struct pw_ipc_error *err, const struct pw_ipc_param *p, const char *fmt, ...)
{
	char text[384];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return pw_ipc_error_set(err, PW_IPC_E_PARAMS, "%s: %s", p->name, text);
}

static int check_length(
	const struct pw_ipc_param *p, size_t n, const char *unit, struct pw_ipc_error *err)
{
	if (n < p->min)
		return BAD(err, p, "%zu %s: at least %" PRIu64, n, unit, p->min);
	if (p->max != 0 && n > p->max)
		return BAD(err, p, "%zu %s: at most %" PRIu64, n, unit, p->max);
	return 0;
}

static int decode_string(
	const struct pw_ipc_param *p, json_t *v, void *field, struct pw_ipc_error *err)
{
	if (!json_is_string(v))
		return BAD(err, p, "must be a string");
	if (p->min == 1 && json_string_length(v) == 0)
		return BAD(err, p, "must not be empty");
	*(const char **)field = json_string_value(v);
	return check_length(p, json_string_length(v), "bytes", err);
}

static int decode_u64(
	const struct pw_ipc_param *p, json_t *v, void *field, struct pw_ipc_error *err)
{
	uint64_t max = p->max != 0 ? p->max : INT64_MAX;
	json_int_t n = json_integer_value(v);

	if (!json_is_integer(v))
		return BAD(err, p, "must be a whole number");
	if (n < 0 || (uint64_t)n < p->min || (uint64_t)n > max)
		return BAD(err, p, "%" JSON_INTEGER_FORMAT " is not in %" PRIu64 "..%" PRIu64, n,
			p->min, max);
	*(uint64_t *)field = (uint64_t)n;
	return 0;
}

static int decode_bool(
	const struct pw_ipc_param *p, json_t *v, void *field, struct pw_ipc_error *err)
{
	if (!json_is_boolean(v))
		return BAD(err, p, "must be true or false");
	*(bool *)field = json_is_true(v);
	return 0;
}

static int decode_choice(
	const struct pw_ipc_param *p, json_t *v, void *field, struct pw_ipc_error *err)
{
	const char *text = json_string_value(v);
	struct pw_str list = {0};
	int rc;

	for (int i = 0; text != NULL && p->choices[i] != NULL; i++) {
		if (strcmp(text, p->choices[i]) == 0) {
			*(int *)field = i;
			return 0;
		}
	}
	for (int i = 0; p->choices[i] != NULL; i++)
		pw_str_addf(&list, "%s\"%s\"", i == 0 ? "" : ", ", p->choices[i]);
	rc = BAD(err, p, "must be one of %s", list.s != NULL ? list.s : "nothing");
	pw_str_free(&list);
	return rc;
}

static int decode_ip(const struct pw_ipc_param *p, json_t *v, void *field, struct pw_ipc_error *err)
{
	const char *text = json_string_value(v);

	if (text == NULL || pw_ip_parse(text, field) < 0)
		return BAD(err, p, "\"%.64s\" is not an IPv4 or IPv6 address",
			text != NULL ? text : "(no string)");
	return 0;
}

static int decode_prefix(
	const struct pw_ipc_param *p, json_t *v, void *field, struct pw_ipc_error *err)
{
	const char *text = json_string_value(v);

	if (text == NULL || pw_prefix_parse(text, field) < 0)
		return BAD(err, p, "\"%.64s\" is not an address with prefix length",
			text != NULL ? text : "(no string)");
	return 0;
}

static int decode_mac(
	const struct pw_ipc_param *p, json_t *v, void *field, struct pw_ipc_error *err)
{
	const char *text = json_string_value(v);

	if (text == NULL || pw_mac_parse(text, field) < 0)
		return BAD(err, p, "\"%.64s\" is not a MAC address",
			text != NULL ? text : "(no string)");
	if (pw_mac_is_zero(field))
		return BAD(err, p, "must not be zero");
	return 0;
}

/*
 * Both list types begin alike: an array within bounds, and memory for its elements. A string alone
 * is a list of one, as in the configuration file.
 */
static int begin_list(const struct pw_ipc_param *p, json_t *v, size_t element, void **mem,
	struct pw_ipc_error *err)
{
	size_t n = json_is_array(v) ? json_array_size(v) : 1;
	int rc;

	if (!json_is_array(v) && !json_is_string(v))
		return BAD(err, p, "must be a list");
	rc = check_length(p, n, "elements", err);
	if (rc != 0 || n == 0)
		return rc;
	*mem = calloc(n, element);
	return *mem != NULL ? 0 : BAD(err, p, "out of memory");
}

static int decode_strings(
	const struct pw_ipc_param *p, json_t *v, void *field, struct pw_ipc_error *err)
{
	struct pw_ipc_strings *list = field;
	void *mem = NULL;
	json_t *item;
	size_t i;
	int rc = begin_list(p, v, sizeof(*list->v), &mem, err);

	if (rc != 0)
		return rc;
	list->v = mem;
	if (json_is_string(v))
		list->v[list->n++] = json_string_value(v);
	json_array_foreach (v, i, item) {
		if (!json_is_string(item))
			return BAD(err, p, "element %zu must be a string", i + 1);
		list->v[list->n++] = json_string_value(item);
	}
	return 0;
}

static int decode_prefixes(
	const struct pw_ipc_param *p, json_t *v, void *field, struct pw_ipc_error *err)
{
	struct pw_ipc_prefixes *list = field;
	void *mem = NULL;
	json_t *item;
	size_t i;
	int rc = begin_list(p, v, sizeof(*list->v), &mem, err);

	if (rc != 0)
		return rc;
	list->v = mem;
	if (json_is_string(v)) {
		list->n = 1;
		return decode_prefix(p, v, &list->v[0], err);
	}
	json_array_foreach (v, i, item) {
		rc = decode_prefix(p, item, &list->v[i], err);
		if (rc != 0)
			return rc;
		list->n++;
	}
	return 0;
}

static int decode_array(
	const struct pw_ipc_param *p, json_t *v, void *field, struct pw_ipc_error *err)
{
	if (!json_is_array(v))
		return BAD(err, p, "must be a list");
	*(json_t **)field = v;
	return 0;
}

static int decode_object(
	const struct pw_ipc_param *p, json_t *v, void *field, struct pw_ipc_error *err)
{
	if (!json_is_object(v))
		return BAD(err, p, "must be an object");
	*(json_t **)field = v;
	return 0;
}

static int decode_json(
	const struct pw_ipc_param *p, json_t *v, void *field, struct pw_ipc_error *err)
{
	*(json_t **)field = v;
	return 0;
}

static int (*const decoders[])(
	const struct pw_ipc_param *p, json_t *v, void *field, struct pw_ipc_error *err) = {
	[PW_IPC_STRING] = decode_string,
	[PW_IPC_U64] = decode_u64,
	[PW_IPC_BOOL] = decode_bool,
	[PW_IPC_CHOICE] = decode_choice,
	[PW_IPC_IP] = decode_ip,
	[PW_IPC_PREFIX] = decode_prefix,
	[PW_IPC_MAC] = decode_mac,
	[PW_IPC_STRINGS] = decode_strings,
	[PW_IPC_PREFIXES] = decode_prefixes,
	[PW_IPC_ARRAY] = decode_array,
	[PW_IPC_OBJECT] = decode_object,
	[PW_IPC_JSON] = decode_json,
};

static void set_default(const struct pw_ipc_param *p, void *field)
{
	switch (p->type) {
	case PW_IPC_U64:
		*(uint64_t *)field = p->def;
		break;
	case PW_IPC_BOOL:
		*(bool *)field = p->def != 0;
		break;
	case PW_IPC_CHOICE:
		*(int *)field = -1;
		break;
	default: /* zero says "not given" for the others */
		break;
	}
}

static const struct pw_ipc_param *find_param(const struct pw_ipc_param *params, const char *name)
{
	for (; params != NULL && params->name != NULL; params++) {
		if (strcmp(params->name, name) == 0)
			return params;
	}
	return NULL;
}

static int refuse_unknown(
	const struct pw_ipc_param *params, const char *name, struct pw_ipc_error *err)
{
	struct pw_str known = {0};
	int rc;

	for (const struct pw_ipc_param *p = params; p != NULL && p->name != NULL; p++)
		pw_str_addf(&known, "%s%s", p == params ? "" : ", ", p->name);
	rc = pw_ipc_error_set(err, PW_IPC_E_PARAMS, "unknown parameter \"%.64s\"; known: %s", name,
		known.s != NULL ? known.s : "none");
	pw_str_free(&known);
	return rc;
}

int pw_ipc_params_decode(const struct pw_ipc_param *params, const json_t *object, void *out,
	struct pw_ipc_error *err)
{
	json_t *o = (json_t *)(uintptr_t)object; /* json_object_foreach wants no const */
	const char *name;
	json_t *value;
	int rc;

	/* Defaults first: an error below must leave nothing half set for pw_ipc_params_free. */
	for (const struct pw_ipc_param *p = params; p != NULL && p->name != NULL; p++)
		set_default(p, (char *)out + p->offset);
	json_object_foreach (o, name, value) {
		if (find_param(params, name) == NULL)
			return refuse_unknown(params, name, err);
	}
	for (const struct pw_ipc_param *p = params; p != NULL && p->name != NULL; p++) {
		value = pw_json_get(object, p->name);
		if (value == NULL && !p->optional)
			return BAD(err, p, "is missing");
		if (value == NULL)
			continue;
		rc = decoders[p->type](p, value, (char *)out + p->offset, err);
		if (rc != 0)
			return rc;
	}
	return 0;
}

void pw_ipc_params_free(const struct pw_ipc_param *params, void *out)
{
	if (out == NULL)
		return;
	for (const struct pw_ipc_param *p = params; p != NULL && p->name != NULL; p++) {
		void *field = (char *)out + p->offset;

		if (p->type == PW_IPC_STRINGS) {
			free(((struct pw_ipc_strings *)field)->v);
			memset(field, 0, sizeof(struct pw_ipc_strings));
		} else if (p->type == PW_IPC_PREFIXES) {
			free(((struct pw_ipc_prefixes *)field)->v);
			memset(field, 0, sizeof(struct pw_ipc_prefixes));
		}
	}
}
