/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pw_cni_json.h"
#include "pw_ipc_json.h"
#include "pw_str.h"

const char *pw_cni_json_quote(const json_t *value, char buf[static PW_CNI_JSON_QUOTE])
{
	char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);

	if (text == NULL)
		snprintf(buf, PW_CNI_JSON_QUOTE, "?");
	else if (strlen(text) < PW_CNI_JSON_QUOTE)
		snprintf(buf, PW_CNI_JSON_QUOTE, "%s", text);
	else
		snprintf(buf, PW_CNI_JSON_QUOTE, "%.*s...", PW_CNI_JSON_QUOTE - 4, text);
	free(text);
	return buf;
}

int pw_cni_json_fail(
	struct pw_cni_error *error, const char *where, const json_t *value, const char *want)
{
	char quote[PW_CNI_JSON_QUOTE];

	return pw_cni_fail(
		error, PW_CNI_E_CONFIG, "%s: %s: %s", where, pw_cni_json_quote(value, quote), want);
}

static int fail_member(struct pw_cni_error *error, const char *where, const char *key,
	const json_t *value, const char *want)
{
	char path[256];

	snprintf(path, sizeof(path), "%s%s%s", where, where[0] != '\0' ? "." : "", key);
	return pw_cni_json_fail(error, path, value, want);
}

int pw_cni_json_object(const json_t *object, const char *where, const char *key, json_t **out,
	struct pw_cni_error *error)
{
	json_t *value = pw_json_get_nocase(object, key);

	if (value == NULL)
		return 0;
	if (!json_is_object(value))
		return fail_member(error, where, key, value, "an object is needed");
	*out = value;
	return 0;
}

int pw_cni_json_array(const json_t *object, const char *where, const char *key, json_t **out,
	struct pw_cni_error *error)
{
	json_t *value = pw_json_get_nocase(object, key);

	if (value == NULL)
		return 0;
	if (!json_is_array(value))
		return fail_member(error, where, key, value, "a list is needed");
	*out = value;
	return 0;
}

int pw_cni_json_text(const json_t *object, const char *where, const char *key, const char **out,
	struct pw_cni_error *error)
{
	json_t *value = pw_json_get_nocase(object, key);

	if (value == NULL)
		return 0;
	if (!json_is_string(value))
		return fail_member(error, where, key, value, "a string is needed");
	if (json_string_length(value) != 0)
		*out = json_string_value(value);
	return 0;
}

int pw_cni_json_u64(const json_t *object, const char *where, const char *key, uint64_t min,
	uint64_t max, uint64_t *out, struct pw_cni_error *error)
{
	json_t *value = pw_json_get_nocase(object, key);
	uint64_t number = 0;
	char want[80];
	bool good = false;

	if (value == NULL)
		return 0;
	if (json_is_integer(value)) {
		number = (uint64_t)json_integer_value(value);
		good = json_integer_value(value) >= 0 && number >= min && number <= max;
	} else if (json_is_string(value)) {
		good = pw_u64_parse(json_string_value(value), min, max, &number) == 0;
	}
	if (!good) {
		snprintf(want, sizeof(want), "a number %llu..%llu is needed",
			(unsigned long long)min, (unsigned long long)max);
		return fail_member(error, where, key, value, want);
	}
	*out = number;
	return 0;
}

int pw_cni_json_mac(const json_t *object, const char *where, const char *key, struct pw_mac *out,
	struct pw_cni_error *error)
{
	const char *text = NULL;
	struct pw_mac mac;

	if (pw_cni_json_text(object, where, key, &text, error) != 0)
		return -EPROTO;
	if (text == NULL)
		return 0;
	if (pw_mac_parse(text, &mac) != 0 || pw_mac_is_zero(&mac) || pw_mac_is_multicast(&mac))
		return fail_member(error, where, key, pw_json_get_nocase(object, key),
			"a unicast MAC address is needed, like 02:00:00:00:00:01");
	*out = mac;
	return 0;
}

int pw_cni_json_ip(const json_t *object, const char *where, const char *key, struct pw_ip *out,
	struct pw_cni_error *error)
{
	const char *text = NULL;

	if (pw_cni_json_text(object, where, key, &text, error) != 0)
		return -EPROTO;
	if (text != NULL && pw_ip_parse(text, out) != 0)
		return fail_member(error, where, key, pw_json_get_nocase(object, key),
			"an IPv4 or IPv6 address is needed");
	return 0;
}

int pw_cni_json_prefix(const json_t *object, const char *where, const char *key,
	struct pw_prefix *out, struct pw_cni_error *error)
{
	const char *text = NULL;

	if (pw_cni_json_text(object, where, key, &text, error) != 0)
		return -EPROTO;
	if (text != NULL && pw_prefix_parse(text, out) != 0)
		return fail_member(error, where, key, pw_json_get_nocase(object, key),
			"an address with a prefix length is needed, like 10.244.1.0/24");
	return 0;
}
