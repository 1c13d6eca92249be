/* SPDX-License-Identifier: BSD-3-Clause */
/* pod_priv.h - what the files of the attachments share. */
#ifndef CTL_POD_PRIV_H
#define CTL_POD_PRIV_H

#include "pod.h"
#include "pw_ipam_pool.h"

#define POD_LOG "pod"

struct ctl_pods {
	struct ctl_pod_list list;
	uint32_t count; /* UP and PREPARED */
	char *dir;      /* <state>/pods */
	struct ctl_pod *next_watched;
};

/* ---- pod.c: objects ---- */

/* Texts are copied; NULL texts become "". NULL: out of memory. */
struct ctl_pod *pod_create(struct pw_ctl *ctl, const char *container_id, const char *ifname);
int pod_set_text(char **field, const char *text);              /* 0 or -ENOMEM */
void pod_enter(struct ctl_pod *pod, enum ctl_pod_state state); /* into the list */
void pod_destroy(
	struct ctl_pod *pod); /* out of the list, if it is there, and freed. NULL is fine */
/* "default/web-0 (eth0)", or the container id; for logs. */
const char *pod_label(const struct ctl_pod *pod, char *buf, size_t size);

/* Opens its port on the TAP `fd` (taken on success). 0 or -errno. */
int pod_open_port(struct ctl_pod *pod, int fd, struct pw_err *err);
/* Port, address and saved state go; done(arg), which may be NULL, when the device is closed. */
void pod_release(struct ctl_pod *pod, void (*done)(void *arg), void *arg);
/* The same because its sandbox is gone: it stays listed. */
void pod_lose(struct ctl_pod *pod, const char *why);
/* The MAC by which routed pods know us. */
struct pw_mac pod_router_mac(const struct pw_ctl *ctl);

/* ---- pod_plan.c: what cni.prepare decides ---- */

struct pod_request {
	const char *container_id, *ifname, *netns, *network;
	const char *pod_namespace, *pod_name, *pod_uid; /* NULL: not given */
	struct pw_mac mac;                              /* zero: chosen */
	uint64_t mtu;                                   /* 0: the configured one */
	const struct pw_ip *ips;                        /* wanted of the built-in IPAM */
	unsigned n_ips;
	const json_t *ranges;              /* NULL: pod_cidr */
	const struct pw_prefix *addresses; /* given by another IPAM */
	unsigned n_addresses;
};

/* A new pod, not in the list yet. 0 or -errno with *err. */
int pod_plan(struct pw_ctl *ctl, const struct pod_request *request, struct ctl_pod **pod,
	struct pw_err *err);
/* The answer to cni.prepare. */
json_t *pod_plan_json(const struct ctl_pod *pod);

/* ---- pod_state.c: one file each ---- */

int pod_state_save(const struct ctl_pod *pod, struct pw_err *err);
int pod_state_remove(const struct pw_ctl *ctl, const char *container_id, const char *ifname);
/* fn gets each saved pod, not in the list yet, and owns it. Bad files are set aside (*.corrupt). */
int pod_state_load(struct pw_ctl *ctl, void (*fn)(struct ctl_pod *pod), struct pw_err *err);
json_t *pod_state_to_json(const struct ctl_pod *pod);
/* NULL with *err: what is wrong with it. */
struct ctl_pod *pod_state_from_json(struct pw_ctl *ctl, const json_t *json, struct pw_err *err);

/* ---- pod_restore.c: after a restart ---- */

/* Takes its persistent TAP again, after checks; the fd, or -errno. */
int pod_open_tap(const struct ctl_pod *pod, struct pw_err *err);
int pod_restore_all(struct pw_ctl *ctl, struct pw_err *err);
/* Is the sandbox where it was? */
bool pod_sandbox_exists(const struct ctl_pod *pod);

/* ---- cni_methods.c ---- */

extern const struct pw_ipc_method cni_methods[];

#endif
