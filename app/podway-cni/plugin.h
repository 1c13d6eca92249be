/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * plugin.h - one invocation of the CNI plugin: what it was asked, and the commands' entry points.
 *
 * Each command returns 0, or -EPROTO with *error; what belongs on stdout is left in plugin->answer
 * and printed by main once, at the end. Everything for people goes to stderr.
 */
#ifndef PLUGIN_H
#define PLUGIN_H

#include <jansson.h>

#include "pw_cni_conf.h"
#include "pw_cni_env.h"
#include "pw_cni_error.h"
#include "pw_cni_ipam.h"
#include "pw_cni_netns.h"
#include "pw_ipc_client.h"

struct plugin {
	struct pw_cni_env env;
	struct pw_cni_conf conf;
	json_t *answer; /* NULL: nothing to print */
};

typedef int command_fn(struct plugin *plugin, struct pw_cni_error *error);
command_fn command_add;
command_fn command_del;
command_fn command_check;
command_fn command_gc;
command_fn command_status;

/* A line on stderr, with the program's name before it: ends in the runtime's journal. */
void note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* daemon.c: calls to podwayd, its errors as those of CNI. */
struct pw_ipc_client *daemon_open(const struct plugin *plugin, struct pw_cni_error *error);
/* params: reference taken. fd: -1, or one to send along. result may be NULL. */
int daemon_call(struct pw_ipc_client *client, const char *method, json_t *params, int fd,
	uint32_t timeout_ms, json_t **result, struct pw_cni_error *error);
/* cni.del over a connection of its own; 0 when the daemon has answered that it is done. */
int daemon_del(const struct plugin *plugin, const char *container_id, const char *ifname,
	struct pw_cni_error *error);

/* pod.c: the namespace of CNI_NETNS. Code 8. */
int pod_open(const struct plugin *plugin, struct pw_cni_netns *netns, struct pw_cni_error *error);
/* Deletes IFNAME there if it is a TAP; notes what it could not do. */
void pod_delete_interface(const struct plugin *plugin, struct pw_cni_netns *netns);

/* The delegated IPAM of this invocation; only if conf.ipam_type is not NULL. */
struct pw_cni_ipam plugin_ipam(const struct plugin *plugin);

#endif
