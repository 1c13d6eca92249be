/* SPDX-License-Identifier: BSD-3-Clause */
#include "pw_ipc_json.h"

#include <string.h>
#include <strings.h>

static json_t *not_null(json_t *value)
{
	return json_is_null(value) ? NULL : value;
}

json_t *pw_json_get(const json_t *object, const char *key)
{
	return not_null(json_object_get(object, key));
}

json_t *pw_json_get_nocase(const json_t *object, const char *key)
{
	json_t *exact = json_object_get(object, key), *value;
	/* json_object_foreach wants no const; nothing is changed. */
	json_t *o = (json_t *)(uintptr_t)object;
	const char *k;

	if (exact != NULL)
		return not_null(exact);
	json_object_foreach (o, k, value) {
		if (strcasecmp(k, key) == 0)
			return not_null(value);
	}
	return NULL;
}

json_t *pw_json_path(const json_t *object, const char *path)
{
	const char *dot;

	while ((dot = strchr(path, '.')) != NULL) {
		object = json_object_getn(object, path, (size_t)(dot - path));
		path = dot + 1;
	}
	return pw_json_get(object, path);
}

const char *pw_json_str(const json_t *object, const char *key, const char *def)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : def;
}

int64_t pw_json_int(const json_t *object, const char *key, int64_t def)
{
	const json_t *value = json_object_get(object, key);

	return json_is_integer(value) ? json_integer_value(value) : def;
}

bool pw_json_bool(const json_t *object, const char *key, bool def)
{
	const json_t *value = json_object_get(object, key);

	return json_is_boolean(value) ? json_is_true(value) : def;
}

json_t *pw_json_ip(const struct pw_ip *ip)
{
	char text[PW_IP_STRLEN];

	if (ip->family == PW_FAMILY_NONE)
		return json_null();
	return json_string(pw_ip_format(ip, text));
}

json_t *pw_json_prefix(const struct pw_prefix *prefix)
{
	char text[PW_PREFIX_STRLEN];

	if (prefix->ip.family == PW_FAMILY_NONE)
		return json_null();
	return json_string(pw_prefix_format(prefix, text));
}

json_t *pw_json_mac(const struct pw_mac *mac)
{
	char text[PW_MAC_STRLEN];

	if (pw_mac_is_zero(mac))
		return json_null();
	return json_string(pw_mac_format(mac, text));
}

json_t *pw_json_str_or_null(const char *text)
{
	if (text == NULL || text[0] == '\0')
		return json_null();
	return json_string(text);
}

json_t *pw_json_u64(uint64_t value)
{
	return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value);
}
