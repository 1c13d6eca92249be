/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nat.h - the NAT of the daemon: lib/nat has one for each family, here they take and give addresses
 * of either.
 *
 * Errors as in pw_nat.h.
 */
#ifndef CTL_NAT_H
#define CTL_NAT_H

#include "ctl.h"

/* The tables themselves, in their configured sizes. 0, or -errno with errno set as well. */
int ctl_nat_create(struct pw_ctl *ctl);
void ctl_nat_destroy(struct pw_ctl *ctl);

/* ---- Services ---- */

/* Are there Services of this family? What is below knows none of another one. */
bool ctl_nat_has(const struct pw_ctl *ctl, uint8_t family);

struct ctl_nat_service {
	struct pw_ip vip;
	uint16_t port, target_port;
	uint8_t proto;
	const struct pw_ip *endpoints; /* those of another family than the VIP's are passed over */
	uint32_t n_endpoints;
	uint32_t affinity_sec;
	enum pw_nat_algorithm algorithm;
};
int ctl_nat_service_set(struct pw_ctl *ctl, const struct ctl_nat_service *svc, uint32_t *id);
int ctl_nat_service_del(struct pw_ctl *ctl, const struct pw_ip *vip, uint16_t port, uint8_t proto);
int ctl_nat_service_stats(
	const struct pw_ctl *ctl, uint8_t family, uint32_t id, struct pw_nat_service_stats *stats);
void ctl_nat_services_synced(struct pw_ctl *ctl);
/* Of both families, each to its own. */
int ctl_nat_set_service_cidrs(struct pw_ctl *ctl, const struct pw_conf_prefixes *cidrs);
/* Of family NONE: none for `family`. */
void ctl_nat_set_snat_address(struct pw_ctl *ctl, uint8_t family, const struct pw_ip *ip);
int ctl_nat_set_snat_ports(struct pw_ctl *ctl, uint16_t first, uint16_t last);

/* ---- flows ---- */

struct ctl_endpoint {
	struct pw_ip ip; /* of family NONE: none; in a filter: any */
	uint16_t port;   /* 0: any */
};

struct ctl_flow {
	uint8_t proto;
	enum pw_flow_kind kind;
	const char *state;
	struct ctl_endpoint client, vip, backend, snat;
	uint32_t age_sec, idle_sec, timeout_sec;
};

#define CTL_FLOW_ANY_MAX 8
struct ctl_flow_filter { /* zero: any. Flows match that are of the family of all its addresses */
	uint8_t proto;
	struct ctl_endpoint client, vip, backend;
	const char *state;
	struct pw_ip any[CTL_FLOW_ANY_MAX]; /* one of these, of any family, is on some side */
	uint32_t n_any;
};

/* IPv4 first. How many match; fn is called for the first `limit`. */
uint32_t ctl_nat_flows(const struct pw_ctl *ctl, const struct ctl_flow_filter *filter,
	uint32_t limit, void (*fn)(void *arg, const struct ctl_flow *flow), void *arg);
/* By protocol and state; one that both families have is told twice. */
uint32_t ctl_nat_flow_counts(const struct pw_ctl *ctl, const struct ctl_flow_filter *filter,
	void (*fn)(void *arg, const struct pw_flow_count *count), void *arg);
uint32_t ctl_nat_flush(struct pw_ctl *ctl, const struct ctl_flow_filter *filter);

struct ctl_snat_use {
	struct pw_ip snat;
	struct ctl_endpoint dst;
	uint8_t proto;
	uint32_t used, size;
};
int ctl_nat_snat_uses(
	const struct pw_ctl *ctl, void (*fn)(void *arg, const struct ctl_snat_use *use), void *arg);

void ctl_nat_stats(const struct pw_ctl *ctl, uint8_t family, struct pw_nat_stats *stats);

#endif
