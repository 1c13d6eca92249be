/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "pw_cni_env.h"
#include "pw_str.h"
#include "pw_util.h"

static const char *const commands[] = {
	[PW_CNI_NONE] = "",
	[PW_CNI_ADD] = "ADD",
	[PW_CNI_DEL] = "DEL",
	[PW_CNI_CHECK] = "CHECK",
	[PW_CNI_GC] = "GC",
	[PW_CNI_STATUS] = "STATUS",
	[PW_CNI_VERSION] = "VERSION",
};

#define BIT(command) (1u << (command))
#define POD_COMMANDS (BIT(PW_CNI_ADD) | BIT(PW_CNI_DEL) | BIT(PW_CNI_CHECK))

/* Which command reads which variable, and which it cannot do without. */
static const struct variable {
	const char *name;
	size_t offset;
	unsigned used;
	unsigned required;
} variables[] = {
	{"CNI_CONTAINERID", offsetof(struct pw_cni_env, container_id), POD_COMMANDS, POD_COMMANDS},
	{"CNI_NETNS", offsetof(struct pw_cni_env, netns), POD_COMMANDS,
		BIT(PW_CNI_ADD) | BIT(PW_CNI_CHECK)},
	{"CNI_IFNAME", offsetof(struct pw_cni_env, ifname), POD_COMMANDS, POD_COMMANDS},
	/* Needed only with a delegated IPAM, which then says so. */
	{"CNI_PATH", offsetof(struct pw_cni_env, path), UINT_MAX, 0},
};

const char *pw_cni_command_name(enum pw_cni_command command)
{
	return commands[command];
}

static int read_command(struct pw_cni_env *env, struct pw_cni_error *error)
{
	const char *text = getenv("CNI_COMMAND");

	env->command = PW_CNI_NONE;
	if (text == NULL || text[0] == '\0')
		return 0;
	for (unsigned i = PW_CNI_ADD; i < PW_ARRAY_SIZE(commands); i++) {
		if (strcmp(text, commands[i]) == 0) {
			env->command = i;
			return 0;
		}
	}
	return pw_cni_fail(error, PW_CNI_E_ENV, "unknown CNI_COMMAND: %.40s", text);
}

static int read_variables(struct pw_cni_env *env, struct pw_cni_error *error)
{
	struct pw_str missing = {0};

	for (size_t i = 0; i < PW_ARRAY_SIZE(variables); i++) {
		const struct variable *v = &variables[i];
		const char *text = (v->used & BIT(env->command)) ? getenv(v->name) : NULL;

		if (text == NULL)
			text = "";
		memcpy((char *)env + v->offset, &text, sizeof(text));
		if (text[0] == '\0' && (v->required & BIT(env->command)))
			pw_str_addf(&missing, "%s%s", missing.len != 0 ? "," : "", v->name);
	}
	if (missing.len != 0)
		pw_cni_fail(error, PW_CNI_E_ENV, "required env variables [%s] missing", missing.s);
	pw_str_free(&missing);
	return error->code == 0 ? 0 : -EPROTO;
}

static int check_names(const struct pw_cni_env *env, struct pw_cni_error *error)
{
	if (!pw_name_valid(env->container_id, PW_CNI_ID_MAX))
		return pw_cni_fail(error, PW_CNI_E_ENV,
			"CNI_CONTAINERID \"%.64s\": 1..%d letters, digits, '_', '.', '-' are "
			"allowed, "
			"the first a letter or digit",
			env->container_id, PW_CNI_ID_MAX);
	if (!pw_ifname_valid(env->ifname))
		return pw_cni_fail(error, PW_CNI_E_ENV,
			"CNI_IFNAME \"%.64s\": an interface name has 1..%d bytes, is not \".\" or "
			"\"..\", and has no '/', ':' or white space",
			env->ifname, PW_CNI_IFNAME_MAX);
	/* DEL does not care what the path of a namespace that may be gone looks like. */
	if (env->command != PW_CNI_DEL && (env->netns[0] != '/' || strlen(env->netns) >= PATH_MAX))
		return pw_cni_fail(error, PW_CNI_E_ENV,
			"CNI_NETNS \"%.200s\": an absolute path is needed", env->netns);
	return 0;
}

/* What Go's strconv.ParseBool takes for true. */
static bool is_true(const char *text)
{
	static const char *const yes[] = {"1", "t", "T", "true", "TRUE", "True"};

	for (size_t i = 0; text != NULL && i < PW_ARRAY_SIZE(yes); i++) {
		if (strcmp(text, yes[i]) == 0)
			return true;
	}
	return false;
}

int pw_cni_env_read(struct pw_cni_env *env, struct pw_cni_error *error)
{
	const char *args;

	*env = (struct pw_cni_env){.container_id = "", .netns = "", .ifname = "", .path = ""};
	if (read_command(env, error) != 0)
		return -EPROTO;
	if (env->command == PW_CNI_NONE || env->command == PW_CNI_VERSION)
		return 0;
	if (read_variables(env, error) != 0)
		return -EPROTO;
	env->netns_override = is_true(getenv("CNI_NETNS_OVERRIDE"));
	if (!(POD_COMMANDS & BIT(env->command)))
		return 0;
	if (check_names(env, error) != 0)
		return -EPROTO;
	/* DEL needs nothing from CNI_ARGS: a bad value there must not keep a pod from going. */
	args = getenv("CNI_ARGS");
	if (args == NULL || env->command == PW_CNI_DEL)
		return 0;
	return pw_cni_args_parse(args, &env->args, error);
}
