/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pod.h - attachments: one interface of one container each, from cni.prepare to cni.del.
 *
 * PREPARED  name and addresses are reserved for the connection that asked; nothing is saved
 * UP        the port forwards; saved in <state>/pods
 * LOST      its sandbox is gone, or it could not be brought back: listed until cni.del, owns
 * nothing
 */
#ifndef CTL_POD_H
#define CTL_POD_H

#include <sys/queue.h>

#include "ctl.h"
#include "pw_ipam_range.h"

#define CTL_POD_MAX_IPS PW_IPAM_MAX_SETS

enum ctl_pod_state {
	CTL_POD_PREPARED,
	CTL_POD_UP,
	CTL_POD_LOST
};

struct ctl_pod_ip {
	struct pw_prefix address; /* host bits kept */
	struct pw_ip gateway;     /* PW_FAMILY_NONE: none */
};

struct ctl_port;

struct ctl_pod {
	LIST_ENTRY(ctl_pod) link;
	struct pw_ctl *ctl;
	enum ctl_pod_state state;
	char *container_id, *ifname, *netns, *network;
	char *pod_namespace, *pod_name, *pod_uid; /* "" : not told */
	uint64_t netns_dev, netns_inode;
	uint32_t ifindex; /* in the sandbox */
	struct pw_mac mac;
	uint32_t mtu;
	struct ctl_pod_ip ips[CTL_POD_MAX_IPS];
	uint32_t n_ips;
	bool delegated;  /* addresses are another IPAM's */
	uint16_t bridge; /* PW_BRIDGE_NONE: routed */
	char port_name[PW_CONF_NAME_MAX + 1];
	struct ctl_port *port; /* UP */
	int64_t created;       /* seconds since 1970: kept over restarts */
	bool watched;          /* its sandbox can be seen from here */
	bool missed;           /* ... but was gone at the last look */
	uint64_t lost_ns;      /* LOST: since when */
	struct pw_ipc_on_close undo;
};

extern const struct ctl_module ctl_module_pod;

LIST_HEAD(ctl_pod_list, ctl_pod);
const struct ctl_pod_list *ctl_pod_list(const struct pw_ctl *ctl);
struct ctl_pod *ctl_pod_find(
	const struct pw_ctl *ctl, const char *container_id, const char *ifname);
uint32_t ctl_pod_count(const struct pw_ctl *ctl); /* UP and PREPARED */

#endif
