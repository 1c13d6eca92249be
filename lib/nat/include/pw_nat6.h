/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_nat6.h - Service NAT of IPv6: pw_nat.h again, with addresses of 16 bytes (SVC-22).
 *
 * A handle of its own, with its own Services, flow table and file; nothing is translated from one
 * family to the other. The functions are those of pw_nat.h, made from the same sources (nat6.h), and
 * what is said there holds here; a flow's line has 128 bytes, and its lookup touches three cache
 * lines.
 *
 * Two differences: the translated destination is not in the packet's metadata, which has no room for
 * it, but pw_nat6_route_dst() tells it; and ICMP is ICMPv6 (RFC 4443).
 */
#ifndef PW_NAT6_H
#define PW_NAT6_H

#include "pw_in6.h"
#include "pw_nat.h"

struct pw_nat6;

struct pw_nat6 *pw_nat6_create(const struct pw_alloc *alloc, struct pw_limbo *limbo,
	const struct pw_nat_params *params); /* NULL, errno */
void pw_nat6_destroy(struct pw_nat6 *nat);

/* ---- services (control thread) ---- */

struct pw_nat6_endpoint {
	pw_in6 ip_be;
	uint16_t port_be;
};

struct pw_nat6_service { /* as struct pw_nat_service */
	pw_in6 vip_be;
	uint16_t port_be;
	uint8_t proto;
	const struct pw_nat6_endpoint *endpoints;
	uint32_t n_endpoints;
	uint32_t affinity_sec;
	enum pw_nat_algorithm algorithm;
};

int pw_nat6_service_set(struct pw_nat6 *nat, const struct pw_nat6_service *svc, uint32_t *id);
int pw_nat6_service_del(struct pw_nat6 *nat, pw_in6 vip_be, uint16_t port_be, uint8_t proto);
void pw_nat6_services_synced(struct pw_nat6 *nat);
void pw_nat6_restored(const struct pw_nat6 *nat, struct pw_nat_restored *restored);
int pw_nat6_service_stats(
	const struct pw_nat6 *nat, uint32_t id, struct pw_nat_service_stats *stats);
int pw_nat6_set_service_cidrs(struct pw_nat6 *nat, const struct pw_prefix *cidrs, uint32_t n);
void pw_nat6_set_snat_address(struct pw_nat6 *nat, pw_in6 ip_be);
int pw_nat6_set_snat_ports(struct pw_nat6 *nat, uint16_t first, uint16_t last);

/* ---- packets (workers) ---- */

bool pw_nat6_wants(const struct pw_nat6 *nat, const struct pw_pkt *pkt);
uint32_t pw_nat6_select(
	const struct pw_nat6 *nat, struct pw_pkt *pkts, uint32_t n, struct pw_pkt **wanted);
void pw_nat6_process(struct pw_nat6 *nat, uint32_t worker, struct pw_pkt *const *pkts, uint32_t n,
	uint32_t now_sec);
/* Where a packet with flag NAT goes. */
pw_in6 pw_nat6_route_dst(const struct pw_nat6 *nat, const struct pw_pkt *pkt);
uint32_t pw_nat6_released(
	struct pw_nat6 *nat, uint32_t worker, struct pw_nat_released *out, uint32_t n);
bool pw_nat6_rewrite(const struct pw_nat6 *nat, struct pw_pkt *pkt);
void pw_nat6_set_adj(
	const struct pw_nat6 *nat, const struct pw_pkt *pkt, uint32_t adj, uint32_t generation);
uint32_t pw_nat6_get_adj(const struct pw_nat6 *nat, const struct pw_pkt *pkt, uint32_t generation);
uint32_t pw_nat6_age(struct pw_nat6 *nat, uint32_t worker, uint32_t now_sec, uint32_t budget);

/* ---- visibility (control thread) ---- */

struct pw_flow6_info { /* as struct pw_flow_info */
	uint8_t proto;
	enum pw_flow_kind kind;
	const char *state;
	pw_in6 client_be, vip_be, backend_be, snat_be;
	uint16_t client_port_be, vip_port_be, backend_port_be, snat_port_be;
	uint32_t age_sec, idle_sec, timeout_sec, service_id;
};
struct pw_flow6_filter { /* as struct pw_flow_filter */
	uint8_t proto;
	pw_in6 client_be, vip_be, backend_be;
	uint16_t client_port_be, vip_port_be, backend_port_be;
	const char *state;
	pw_in6 any_be[8];
	uint32_t n_any;
};
uint32_t pw_nat6_flows(const struct pw_nat6 *nat, const struct pw_flow6_filter *filter,
	uint32_t limit, uint32_t now_sec, void (*fn)(void *arg, const struct pw_flow6_info *info),
	void *arg);
uint32_t pw_nat6_flow_counts(const struct pw_nat6 *nat, const struct pw_flow6_filter *filter,
	void (*fn)(void *arg, const struct pw_flow_count *count), void *arg);
uint32_t pw_nat6_flush(struct pw_nat6 *nat, const struct pw_flow6_filter *filter);

struct pw_nat6_snat_use { /* as struct pw_nat_snat_use */
	pw_in6 snat_be, dst_be;
	uint16_t dst_port_be;
	uint8_t proto;
	uint32_t used, size;
};
int pw_nat6_snat_uses(const struct pw_nat6 *nat,
	void (*fn)(void *arg, const struct pw_nat6_snat_use *use), void *arg);
void pw_nat6_stats(const struct pw_nat6 *nat, struct pw_nat_stats *stats);

#endif
