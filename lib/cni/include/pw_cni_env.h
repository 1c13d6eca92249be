/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_cni_env.h - what a runtime says to a CNI plugin by environment variables.
 *
 * libcni passes the runtime's whole environment, sets variables a command does not use to "" or to
 * "dummy", and Multus repeats keys of CNI_ARGS. So a variable counts when it is set and not empty,
 * one that the command does not use is not looked at, and of a repeated key the last one wins.
 * Everything that becomes a file or device name is checked here, before any path is built.
 * Threads:  reads the process's environment; call it before anything changes that.
 * Errors:   -EPROTO with code 4; several missing variables are named in one message.
 */
#ifndef PW_CNI_ENV_H
#define PW_CNI_ENV_H

#include <stdbool.h>

#include "pw_addr.h"
#include "pw_cni_error.h"

/* The specification sets no length; these keep "<id>@<ifname>.json" a legal file name. */
#define PW_CNI_ID_MAX     200
#define PW_CNI_IFNAME_MAX 15
#define PW_CNI_MAX_IPS    8

enum pw_cni_command {
	PW_CNI_NONE, /* no CNI_COMMAND: a person ran the program */
	PW_CNI_ADD,
	PW_CNI_DEL,
	PW_CNI_CHECK,
	PW_CNI_GC,
	PW_CNI_STATUS,
	PW_CNI_VERSION,
};

/* CNI_ARGS: "K=V;K=V". "" and family/zero: not given. */
struct pw_cni_args {
	bool ignore_unknown;
	char pod_namespace[64];
	char pod_name[254];
	char pod_uid[64];
	struct pw_mac mac;
	struct pw_ip ips[PW_CNI_MAX_IPS]; /* IP=a or IP=a,b */
	unsigned n_ips;
};

struct pw_cni_env {
	enum pw_cni_command command;
	const char *container_id; /* "" where the command does not use it */
	const char *netns;
	const char *ifname;
	const char *path;    /* CNI_PATH, "" if not given */
	bool netns_override; /* CNI_NETNS_OVERRIDE is true: the plugin's own namespace is allowed */
	struct pw_cni_args args;
};

const char *pw_cni_command_name(enum pw_cni_command command);
/* The strings stay those of the environment. */
int pw_cni_env_read(struct pw_cni_env *env, struct pw_cni_error *error);
int pw_cni_args_parse(const char *text, struct pw_cni_args *args, struct pw_cni_error *error);
/* A comma-separated list of addresses (a "/24" behind one is dropped); -EPROTO with `code`. */
int pw_cni_ips_parse(const char *what, const char *text, struct pw_ip *ips, unsigned *n, int code,
	struct pw_cni_error *error);

#endif
