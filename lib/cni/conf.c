/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "pw_cni_conf.h"
#include "pw_cni_json.h"
#include "pw_ipc_client.h"
#include "pw_ipc_json.h"
#include "pw_str.h"
#include "pw_util.h"

/* A TAP's limits: the kernel's dev.min_mtu and the largest frame the daemon carries. */
#define MTU_MIN    68
#define MTU_MAX    9216
#define QUEUES_MAX 16

static int parse_version(struct pw_cni_conf *conf, struct pw_cni_error *error)
{
	const char *text = NULL;

	/* libcni takes a configuration without one for 0.1.0. */
	conf->version = PW_CNI_0_1_0;
	if (pw_cni_json_text(conf->root, "", "cniVersion", &text, error) != 0)
		return -EPROTO;
	if (text != NULL && pw_cni_version_parse(text, &conf->version) != 0) {
		conf->version = PW_CNI_NEWEST;
		pw_cni_fail(error, PW_CNI_E_VERSION,
			"incompatible CNI versions: config is \"%.20s\", plugin supports [%s]",
			text, PW_CNI_VERSION_ALL);
		return -EPROTO;
	}
	return 0;
}

static int parse_name(struct pw_cni_conf *conf, struct pw_cni_error *error)
{
	if (pw_cni_json_text(conf->root, "", "name", &conf->name, error) != 0 ||
		pw_cni_json_text(conf->root, "", "type", &conf->type, error) != 0)
		return -EPROTO;
	if (conf->name[0] == '\0')
		return pw_cni_fail(error, PW_CNI_E_CONFIG, "name: missing network name");
	if (!pw_name_valid(conf->name, PW_CNI_NAME_MAX))
		return pw_cni_json_fail(error, "name", pw_json_get_nocase(conf->root, "name"),
			"letters, digits, '_', '.', '-' are allowed, the first a letter or digit");
	return 0;
}

static int path_check(const char *key, const char *path, size_t max, struct pw_cni_error *error)
{
	if (path[0] != '/' || strlen(path) > max)
		return pw_cni_fail(error, PW_CNI_E_CONFIG,
			"%s: \"%.200s\": an absolute path of at most %zu bytes is needed", key,
			path, max);
	return 0;
}

static int parse_paths(struct pw_cni_conf *conf, struct pw_cni_error *error)
{
	conf->socket = PW_IPC_DEFAULT_SOCKET;
	conf->state_dir = PW_CNI_STATE_DIR;
	if (pw_cni_json_text(conf->root, "", "socket", &conf->socket, error) != 0 ||
		pw_cni_json_text(conf->root, "", "stateDir", &conf->state_dir, error) != 0)
		return -EPROTO;
	/* sun_path's 108 bytes with the NUL; and room for a queue file's name below the folder. */
	if (path_check("socket", conf->socket, 107, error) != 0)
		return -EPROTO;
	return path_check("stateDir", conf->state_dir, PATH_MAX / 2, error);
}

static int parse_interface(struct pw_cni_conf *conf, struct pw_cni_error *error)
{
	conf->queues = 1;
	if (pw_cni_json_text(conf->root, "", "mode", &conf->mode, error) != 0)
		return -EPROTO;
	if (conf->mode != NULL && strcmp(conf->mode, "bridged") != 0 &&
		strcmp(conf->mode, "routed") != 0)
		return pw_cni_json_fail(error, "mode", pw_json_get_nocase(conf->root, "mode"),
			"\"bridged\" or \"routed\" is needed");
	if (pw_cni_json_u64(conf->root, "", "queues", 1, QUEUES_MAX, &conf->queues, error) != 0)
		return -EPROTO;
	/* 0 means "choose", as in the bridge plugin. */
	if (pw_cni_json_u64(conf->root, "", "mtu", 0, MTU_MAX, &conf->mtu, error) != 0)
		return -EPROTO;
	if (conf->mtu != 0 && conf->mtu < MTU_MIN)
		return pw_cni_fail(error, PW_CNI_E_CONFIG,
			"mtu: %llu: 0 (automatic) or %d..%d is needed",
			(unsigned long long)conf->mtu, MTU_MIN, MTU_MAX);
	return 0;
}

/* host-local's short form: the range's keys directly in "ipam". */
static json_t *short_range(const json_t *ipam)
{
	static const char *const keys[] = {"subnet", "rangeStart", "rangeEnd", "gateway"};
	json_t *range;

	if (pw_json_get_nocase(ipam, "subnet") == NULL)
		return NULL;
	range = json_object();
	for (size_t i = 0; i < PW_ARRAY_SIZE(keys); i++) {
		json_t *value = pw_json_get_nocase(ipam, keys[i]);

		if (value != NULL)
			json_object_set(range, keys[i], value);
	}
	return json_pack("[o]", range);
}

/* The runtime's ranges (capability ipRanges) come before the operator's, as in host-local. */
static int parse_ranges(struct pw_cni_conf *conf, const json_t *ipam, struct pw_cni_error *error)
{
	const json_t *runtime = pw_json_get_nocase(conf->root, "runtimeConfig");
	struct pw_ipam_ranges ranges;
	json_t *asked = NULL, *given = NULL, *own;
	struct pw_err err;

	if (pw_cni_json_array(runtime, "runtimeConfig", "ipRanges", &asked, error) != 0 ||
		pw_cni_json_array(ipam, "ipam", "ranges", &given, error) != 0)
		return -EPROTO;
	conf->ipam_ranges = json_array();
	if (asked != NULL)
		json_array_extend(conf->ipam_ranges, asked);
	own = short_range(ipam);
	if (own != NULL)
		json_array_append_new(conf->ipam_ranges, own);
	if (given != NULL)
		json_array_extend(conf->ipam_ranges, given);
	if (json_array_size(conf->ipam_ranges) == 0)
		return 0;
	if (pw_ipam_ranges_parse(conf->ipam_ranges, &ranges, &err) != 0)
		return pw_cni_fail(error, PW_CNI_E_CONFIG, "ipam.%s", err.msg);
	return 0;
}

static int parse_ipam(struct pw_cni_conf *conf, struct pw_cni_error *error)
{
	json_t *ipam = NULL;

	if (pw_cni_json_object(conf->root, "", "ipam", &ipam, error) != 0 ||
		pw_cni_json_text(ipam, "ipam", "type", &conf->ipam_type, error) != 0)
		return -EPROTO;
	/* Our own names: the built-in one. Running ourselves as IPAM plugin would never end. */
	if (conf->ipam_type != NULL && (strcmp(conf->ipam_type, "podway") == 0 ||
					       strcmp(conf->ipam_type, "podway-cni") == 0 ||
					       strcmp(conf->ipam_type, conf->type) == 0))
		conf->ipam_type = NULL;
	if (conf->ipam_type != NULL) {
		/* It becomes a file name in CNI_PATH. */
		if (!pw_name_valid(conf->ipam_type, PW_CNI_NAME_MAX))
			return pw_cni_json_fail(error, "ipam.type",
				pw_json_get_nocase(ipam, "type"),
				"the name of a program in CNI_PATH is needed");
		return 0;
	}
	if (pw_cni_json_array(ipam, "ipam", "routes", &conf->ipam_routes, error) != 0)
		return -EPROTO;
	return parse_ranges(conf, ipam, error);
}

static int parse_rest(struct pw_cni_conf *conf, struct pw_cni_error *error)
{
	if (pw_cni_json_object(conf->root, "", "dns", &conf->dns, error) != 0 ||
		pw_cni_json_object(conf->root, "", "prevResult", &conf->prev_result, error) != 0)
		return -EPROTO;
	if (pw_cni_json_array(conf->root, "", "cni.dev/valid-attachments", &conf->valid_attachments,
		    error) != 0)
		return -EPROTO;
	if (conf->valid_attachments != NULL)
		return 0;
	/* What libcni wrote before the name was settled. */
	return pw_cni_json_array(
		conf->root, "", "cni.dev/attachments", &conf->valid_attachments, error);
}

static int parse_text(struct pw_cni_conf *conf, struct pw_cni_error *error)
{
	json_error_t where;

	conf->root = json_loadb(conf->text, conf->len, 0, &where);
	if (conf->root == NULL)
		return pw_cni_fail(error, PW_CNI_E_DECODE,
			"network configuration: line %d column %d: %s", where.line, where.column,
			where.text);
	if (!json_is_object(conf->root))
		return pw_cni_fail(
			error, PW_CNI_E_DECODE, "network configuration: not a JSON object");
	return 0;
}

int pw_cni_conf_parse(struct pw_cni_conf *conf, const struct pw_cni_env *env, const char *text,
	size_t len, struct pw_cni_error *error)
{
	/* Until the version is known, errors are answered in the newest. */
	*conf = (struct pw_cni_conf){
		.text = text, .len = len, .version = PW_CNI_NEWEST, .name = "", .type = ""};
	if (parse_text(conf, error) != 0 || parse_version(conf, error) != 0 ||
		parse_name(conf, error) != 0 || parse_paths(conf, error) != 0)
		return -EPROTO;
	/* DEL frees by names only: whatever else is wrong with the file must not hold a pod back.
	 */
	if (env->command == PW_CNI_DEL) {
		struct pw_cni_error ignored = {0};

		if (parse_ipam(conf, &ignored) != 0)
			fprintf(stderr, "podway-cni: DEL: ignored: %s\n", ignored.msg);
		return 0;
	}
	if (parse_interface(conf, error) != 0 || parse_ipam(conf, error) != 0 ||
		parse_rest(conf, error) != 0)
		return -EPROTO;
	return pw_cni_conf_parse_runtime(conf, env, error);
}

void pw_cni_conf_clear(struct pw_cni_conf *conf)
{
	json_decref(conf->ipam_ranges);
	json_decref(conf->root);
	conf->ipam_ranges = NULL;
	conf->root = NULL;
}
