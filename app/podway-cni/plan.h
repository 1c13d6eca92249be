/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * plan.h - what ADD is to make: the daemon's answer to cni.prepare, completed by what the
 * configuration and a delegated IPAM say.
 */
#ifndef PLAN_H
#define PLAN_H

#include <jansson.h>

#include "pw_cni_conf.h"
#include "pw_cni_result.h"

#define PLAN_MAX_NEIGHBOURS 16

struct plan {
	char port[64]; /* the daemon's name for it */
	bool routed;
	struct pw_mac host_mac, mac;
	uint32_t mtu;
	struct pw_cni_address ips[PW_CNI_MAX_IPS];
	struct pw_cni_route routes[PW_CNI_MAX_ROUTES];
	struct {
		struct pw_ip ip;
		struct pw_mac mac;
	} neighbours[PLAN_MAX_NEIGHBOURS];
	unsigned n_ips, n_routes, n_neighbours;
	bool v4, v6; /* it has addresses of the family */
};

/* The daemon's answer; code 104 if it is not what docs/control-api.md says. */
int plan_parse(struct plan *plan, const json_t *answer, struct pw_cni_error *error);
/*
 * Routes: those on the link stay the daemon's; the others are the IPAM's or the configuration's if
 * they give any, else the daemon's. A route without gateway gets the address's of its family; one
 * of a family the pod has no address of is left out. In routed mode every gateway is reached over
 * a route on the link and a permanent neighbour entry.
 */
int plan_complete(struct plan *plan, const struct pw_cni_conf *conf,
	const struct pw_cni_result *ipam, struct pw_cni_error *error);
/* Interfaces, addresses and routes of the plan behind what *result holds already. */
int plan_result(const struct plan *plan, const struct pw_cni_env *env, struct pw_cni_result *result,
	struct pw_cni_error *error);

#endif
