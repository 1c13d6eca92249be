/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_nat.h - Service NAT: services, flow table and the packets between them, behind one handle.
 *
 * The flow stage gives every packet that pw_nat_wants() to pw_nat_process(), 64 at a time. For a
 * hit the flow's translation is noted in the packet's metadata; a miss on a VIP chooses an endpoint
 * and inserts a flow; a direct packet to an endpoint inserts an identity flow, so that a client may
 * talk to VIP and endpoint from one source port. Nothing is written into the packet before the
 * rewrite stage calls pw_nat_rewrite(): a packet that is held or dropped meanwhile is untouched.
 *
 * A noted flow index is good until the worker's next quiescent state (the domain of `limbo`).
 *
 * Threads:  service_*, set_*, and all below "visibility": control thread.
 *           wants, process, rewrite, age: any worker with its own number, lock-free.
 * Ticks:    seconds of the coarse clock, 32 bits, from CLOCK_BOOTTIME.
 * Cost:     an established flow: one bucket and one flow line.
 */
#ifndef PW_NAT_H
#define PW_NAT_H

#include <stdbool.h>
#include <stdint.h>

#include "pw_alloc.h"
#include "pw_addr.h"
#include "pw_err.h"
#include "pw_limbo.h"
#include "pw_pkt.h"
#include "pw_rewrite.h"

struct pw_nat;

struct pw_nat_params {
	uint32_t max_flows, max_services /* service ports */, max_endpoints;
	uint32_t n_workers;
	uint64_t seed; /* of hash and choice; 0: random */
	uint32_t
		flows_per_client; /* a client with as many gets no new one (SEC-7); 0: any number */
	/* Flows are kept in this file, and those of an earlier process that are in it go on
	 * (flow_region.h says which errors there are); NULL: in memory of `alloc`. */
	const char *flow_file;
	uint32_t hold_bytes; /* for fragments that wait for their first one; 0: such are dropped */
	const uint32_t *timeout_sec; /* [PW_CT_TIMEOUT_COUNT]; NULL: defaults (pw_ct_timeout.h) */
};

struct pw_nat *pw_nat_create(const struct pw_alloc *alloc, struct pw_limbo *limbo,
	const struct pw_nat_params *params); /* NULL, errno */
void pw_nat_destroy(struct pw_nat *nat);

/* ---- services (control thread) ---- */

struct pw_nat_endpoint {
	uint32_t ip_be;
	uint16_t port_be;
};

enum pw_nat_algorithm {
	PW_NAT_RANDOM,
	PW_NAT_MAGLEV, /* SVC-17; at most 65535 endpoints */
};

#define PW_NAT_AFFINITY_SEC_MAX 86400 /* as Kubernetes */

struct pw_nat_service { /* one (VIP, protocol, port) */
	uint32_t vip_be;
	uint16_t port_be;
	uint8_t proto; /* IPPROTO_TCP, UDP, SCTP */
	const struct pw_nat_endpoint *endpoints;
	uint32_t n_endpoints; /* 0: reject (SVC-4) */
	uint32_t
		affinity_sec; /* ClientIP (SVC-9): since the client's last new connection; 0: none */
	enum pw_nat_algorithm algorithm;
};

/* Adds or atomically replaces (SVC-21): a lookup sees the old set or the new one. *id is stable
 * over replacements. -ENOSPC, -EINVAL. UDP flows of this VIP to endpoints that are gone are dropped
 * afterwards (CT-6): the call queues that sweep, pw_nat_age does it in slices. */
int pw_nat_service_set(struct pw_nat *nat, const struct pw_nat_service *svc, uint32_t *id);
/* -ENOENT. Its TCP flows go on until they end, UDP flows are swept. */
int pw_nat_service_del(struct pw_nat *nat, uint32_t vip_be, uint16_t port_be, uint8_t proto);

/* After a start with flow_file: the Services are known now, and flows to others may be swept. */
void pw_nat_services_synced(struct pw_nat *nat);
struct pw_nat_restored {
	uint32_t flows;        /* that go on */
	uint32_t invalid;      /* lines that were no flows; one or two after a kill */
	const char *discarded; /* why none could go on; NULL: they could, or there were none */
};
void pw_nat_restored(const struct pw_nat *nat, struct pw_nat_restored *restored);

struct pw_nat_service_stats {
	uint64_t new_flows, no_endpoint;
	uint32_t flows; /* live now */
};
int pw_nat_service_stats(const struct pw_nat *nat, uint32_t id, struct pw_nat_service_stats *stats);

/* Addresses of the service CIDRs: packets to them are wanted even without a VIP; at most 16, IPv4
 * ones are used. -EINVAL, -ENOMEM. */
int pw_nat_set_service_cidrs(struct pw_nat *nat, const struct pw_prefix *cidrs, uint32_t n);
/* Source for hairpin and masqueraded flows; 0: none (such packets are then dropped, SNAT_PORTS). When
 * it is a client that is its own endpoint, the VIP is the source. */
void pw_nat_set_snat_address(struct pw_nat *nat, uint32_t ip_be);
/* Ports that are used with that address (CT-10); first 0: 32768-65535, the default. Host order.
 * Before there are workers. -EINVAL: last < first. */
int pw_nat_set_snat_ports(struct pw_nat *nat, uint16_t first, uint16_t last);

/* ---- packets (workers) ---- */

/* May this packet belong to a translated flow? Cheap: two bits of a filter over VIPs, endpoints and
 * SNAT addresses; false positives cost a lookup only. IPv4 packets. */
bool pw_nat_wants(const struct pw_nat *nat, const struct pw_pkt *pkt);

/* Those of n parsed packets that are to be processed: IPv4, unicast, not our own, still on their way,
 * and wanted. Returns how many; nearly free while there is no Service. n <= PW_BATCH_MAX. */
uint32_t pw_nat_select(
	const struct pw_nat *nat, struct pw_pkt *pkts, uint32_t n, struct pw_pkt **wanted);

/* For each packet sets one of
 *   - nothing (no state: goes on unchanged),
 *   - flags NAT [| NAT_REPLY], flow, route_dst_be (the translated destination),
 *   - verdict PUNT with punt TCP_RST / ICMP_PORT (no endpoint, unknown port of a VIP, TCP to a VIP
 *     in mid-stream without a flow), or a drop: FLOW_FULL, FLOW_LIMIT, SNAT_PORTS, SVC_REJECT (what must not be
 *     answered), VIP_UNKNOWN, ICMP_QUOTE, FRAG_*,
 *   - verdict RETRY: another worker is half-way with this flow. The packet is untouched; the caller
 *     gives it again in its next iteration and after 3 times drops it with FLOW_PENDING.
 *   - verdict HELD: a fragment that came before the first one of its datagram; the mbuf is now kept
 *     here, until pw_nat_released() gives it back.
 * Echo requests to a VIP that exists: left alone (LOCAL answers). Later fragments follow the first
 * one (ICMP-6); those of a datagram must come to the same worker. */
void pw_nat_process(struct pw_nat *nat, uint32_t worker, struct pw_pkt *const *pkts, uint32_t n,
	uint32_t now_sec);

/* What was HELD and may go now, or has to: to be given again (CONTINUE; as REINJECTED) or dropped.
 * Call it once an iteration; up to n. */
struct pw_nat_released {
	struct rte_mbuf *m;
	uint16_t in_port;
	uint8_t verdict;
};
uint32_t pw_nat_released(
	struct pw_nat *nat, uint32_t worker, struct pw_nat_released *out, uint32_t n);

/* Applies what process() noted. false: the packet cannot be translated (drop ICMP_QUOTE). */
bool pw_nat_rewrite(const struct pw_nat *nat, struct pw_pkt *pkt);

/* Adjacency remembered by the flow of a packet that has flag NAT, for the packet's direction. It is
 * good for as long as `generation` is what it was at set (the caller's, of all routes and
 * neighbours); get: PW_ADJ_NONE if it is not. ICMP errors have the flow's direction, but are
 * routed on their own: do not use it for them. */
void pw_nat_set_adj(
	const struct pw_nat *nat, const struct pw_pkt *pkt, uint32_t adj, uint32_t generation);
uint32_t pw_nat_get_adj(const struct pw_nat *nat, const struct pw_pkt *pkt, uint32_t generation);

/* One slice of ageing and of sweeps; looks at `budget` lines at most, and at all lines once a
 * second if the workers' budgets add up to that; sharing is dynamic, a sleeping worker's share is
 * done by the others. Also returns dead lines of this worker to use: call it once an iteration,
 * beside pw_qsbr_quiescent(), even with budget 0. How many lines were looked at; 0: nothing is left to
 * do in this second. */
uint32_t pw_nat_age(struct pw_nat *nat, uint32_t worker, uint32_t now_sec, uint32_t budget);

/* ---- visibility (control thread) ---- */

enum pw_flow_kind {
	PW_FLOW_SERVICE,
	PW_FLOW_HAIRPIN,
	PW_FLOW_IDENTITY
};

struct pw_flow_info {
	uint8_t proto;
	enum pw_flow_kind kind;
	const char *state;                               /* "established", ... */
	uint32_t client_be, vip_be, backend_be, snat_be; /* snat 0: source kept */
	uint16_t client_port_be, vip_port_be, backend_port_be, snat_port_be;
	uint32_t age_sec, idle_sec, timeout_sec, service_id;
};
struct pw_flow_filter { /* zero: any */
	uint8_t proto;
	uint32_t client_be, vip_be, backend_be;
	uint16_t client_port_be, vip_port_be, backend_port_be;
	const char *state;  /* as in pw_flow_info */
	uint32_t any_be[8]; /* one of these is client, VIP, backend or SNAT address */
	uint32_t n_any;
};
/* Walks the table without disturbing workers; an entry that changes meanwhile is shown or not.
 * Returns how many matched (fn is called for the first `limit`). */
uint32_t pw_nat_flows(const struct pw_nat *nat, const struct pw_flow_filter *filter, uint32_t limit,
	uint32_t now_sec, void (*fn)(void *arg, const struct pw_flow_info *info), void *arg);
/* Flows by protocol and state, those that there are; returns how many in all. */
struct pw_flow_count {
	uint8_t proto;
	const char *state;
	uint32_t flows;
};
uint32_t pw_nat_flow_counts(const struct pw_nat *nat, const struct pw_flow_filter *filter,
	void (*fn)(void *arg, const struct pw_flow_count *count), void *arg);
bool pw_nat_is_flow_state(const char *name); /* of any protocol */
uint32_t pw_nat_flush(struct pw_nat *nat, const struct pw_flow_filter *filter); /* how many went */

/* Ports in use for one destination (CT-10): of masqueraded flows. */
struct pw_nat_snat_use {
	uint32_t snat_be, dst_be;
	uint16_t dst_port_be;
	uint8_t proto;
	uint32_t used, size;
};
/* In the order of addresses. 0, -ENOMEM. */
int pw_nat_snat_uses(const struct pw_nat *nat,
	void (*fn)(void *arg, const struct pw_nat_snat_use *use), void *arg);

struct pw_nat_stats {
	uint32_t used, size;
	uint64_t inserted, ended;
	uint64_t restored;        /* from flow_file */
	uint64_t existed;         /* inserts that met a flow that another worker had just made */
	uint64_t reply_conflicts; /* flows that needed another source port */
	uint64_t pending_seen;    /* packets that met a half-made flow */
	uint64_t full;            /* new flows refused: no line left */
	uint64_t limited;         /* ... the client has as many as it may */
	uint64_t snat_exhausted;  /* ... no source port left */
	uint64_t expired, early_dropped, swept;
};
void pw_nat_stats(const struct pw_nat *nat, struct pw_nat_stats *stats);

#endif
