/* SPDX-License-Identifier: BSD-3-Clause */
/* CNI_ARGS: deprecated, but where every runtime puts the pod's name. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pw_cni_env.h"
#include "pw_cni_json.h"
#include "pw_str.h"
#include "pw_util.h"

typedef int args_fn(struct pw_cni_args *args, const char *key, const char *value, size_t offset,
	size_t size, struct pw_cni_error *error);

static int take_text(struct pw_cni_args *args, const char *key, const char *value, size_t offset,
	size_t size, struct pw_cni_error *error)
{
	if (strlen(value) >= size)
		return pw_cni_fail(error, PW_CNI_E_ENV,
			"CNI_ARGS: %s=%.64s...: longer than %zu bytes", key, value, size - 1);
	strcpy((char *)args + offset, value);
	return 0;
}

static int take_bool(struct pw_cni_args *args, const char *key, const char *value, size_t offset,
	size_t size, struct pw_cni_error *error)
{
	bool yes = strcmp(value, "1") == 0 || strcasecmp(value, "true") == 0;

	if (!yes && strcmp(value, "0") != 0 && strcasecmp(value, "false") != 0)
		return pw_cni_fail(error, PW_CNI_E_ENV,
			"CNI_ARGS: %s=%.64s: true or false is needed", key, value);
	args->ignore_unknown = yes;
	return 0;
}

static int take_ips(struct pw_cni_args *args, const char *key, const char *value, size_t offset,
	size_t size, struct pw_cni_error *error)
{
	args->n_ips = 0;
	return pw_cni_ips_parse(
		"CNI_ARGS: IP", value, args->ips, &args->n_ips, PW_CNI_E_ENV, error);
}

static int take_mac(struct pw_cni_args *args, const char *key, const char *value, size_t offset,
	size_t size, struct pw_cni_error *error)
{
	struct pw_mac mac;

	if (pw_mac_parse(value, &mac) != 0 || pw_mac_is_zero(&mac) || pw_mac_is_multicast(&mac))
		return pw_cni_fail(error, PW_CNI_E_ENV,
			"CNI_ARGS: %s=%.64s: a unicast MAC address is needed", key, value);
	args->mac = mac;
	return 0;
}

#define TEXT(field)                                                                                \
	take_text, offsetof(struct pw_cni_args, field), sizeof(((struct pw_cni_args *)0)->field)

static const struct known {
	const char *key;
	args_fn *take; /* NULL: known, of no use to us */
	size_t offset, size;
} known[] = {
	{"IgnoreUnknown", take_bool, 0, 0},
	{"K8S_POD_NAMESPACE", TEXT(pod_namespace)},
	{"K8S_POD_NAME", TEXT(pod_name)},
	{"K8S_POD_UID", TEXT(pod_uid)},
	{"K8S_POD_INFRA_CONTAINER_ID", NULL, 0, 0},
	{"IP", take_ips, 0, 0},
	{"MAC", take_mac, 0, 0},
};

int pw_cni_ips_parse(const char *what, const char *text, struct pw_ip *ips, unsigned *n, int code,
	struct pw_cni_error *error)
{
	while (*text != '\0') {
		size_t len = strcspn(text, ",");
		char buf[PW_PREFIX_STRLEN];
		struct pw_prefix prefix;

		snprintf(buf, sizeof(buf), "%.*s", (int)PW_MIN(len, sizeof(buf) - 1), text);
		if (len >= sizeof(buf) || pw_prefix_parse(buf, &prefix) != 0)
			return pw_cni_fail(error, code,
				"%s: \"%s\": an IPv4 or IPv6 address is needed", what, buf);
		if (*n == PW_CNI_MAX_IPS)
			return pw_cni_fail(
				error, code, "%s: more than %d addresses", what, PW_CNI_MAX_IPS);
		ips[(*n)++] = prefix.ip;
		text += len + (text[len] == ',');
	}
	return 0;
}

static int take_pair(
	struct pw_cni_args *args, char *pair, struct pw_str *unknown, struct pw_cni_error *error)
{
	char *value = strchr(pair, '=');

	if (value == NULL)
		return pw_cni_fail(
			error, PW_CNI_E_ENV, "CNI_ARGS: \"%.64s\": KEY=VALUE is needed", pair);
	*value++ = '\0';
	for (size_t i = 0; i < PW_ARRAY_SIZE(known); i++) {
		if (strcmp(pair, known[i].key) != 0)
			continue;
		if (known[i].take == NULL || value[0] == '\0')
			return 0;
		return known[i].take(args, pair, value, known[i].offset, known[i].size, error);
	}
	pw_str_addf(unknown, "%s%.64s", unknown->len != 0 ? "," : "", pair);
	return 0;
}

int pw_cni_args_parse(const char *text, struct pw_cni_args *args, struct pw_cni_error *error)
{
	struct pw_str unknown = {0};
	char *copy = strdup(text), *at = copy, *pair;
	int rc = copy == NULL ? pw_cni_fail(error, PW_CNI_E_INTERNAL, "out of memory") : 0;

	*args = (struct pw_cni_args){0};
	while (rc == 0 && (pair = strsep(&at, ";")) != NULL) {
		if (pair[0] != '\0')
			rc = take_pair(args, pair, &unknown, error);
	}
	/* IgnoreUnknown may stand anywhere, so the unknown ones are judged at the end. */
	if (rc == 0 && unknown.len != 0 && !args->ignore_unknown)
		rc = pw_cni_fail(error, PW_CNI_E_ENV,
			"CNI_ARGS: unknown keys [%.300s]; IgnoreUnknown=1 lets them pass",
			unknown.s);
	pw_str_free(&unknown);
	free(copy);
	return rc;
}
