/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nat_priv.h - what the files of this library share: the handle, services, a worker's own line.
 */
#ifndef NAT_PRIV_H
#define NAT_PRIV_H

#include <assert.h>
#include <netinet/in.h>

#include "pw_map64.h"
#include "pw_nat.h" /* and, of IPv6, nat6.h before it */

#include "affinity.h"
#include "client_cap.h"
#include "ct.h"
#include "endpoint.h"
#include "flow_pool.h"
#include "flow_region.h"
#include "flow_table.h"
#include "gate.h"
#include "grave.h"
#include "maglev.h"

/* ---- packets of the family ---- */

#ifdef PW_NAT_V6
#define NAT_PKT_FAMILY PW_PKT_IPV6
#define NAT_ICMP       IPPROTO_ICMPV6
static inline flow_addr nat_src(const struct pw_pkt *pkt)
{
	return pw_in6_load(pkt->data + pkt->l3_off + 8);
}
static inline flow_addr nat_dst(const struct pw_pkt *pkt)
{
	return pw_in6_load(pkt->data + pkt->l3_off + 24);
}
/* pw_nat6_route_dst() tells. */
static inline void nat_set_route_dst(struct pw_pkt *pkt, flow_addr ip_be)
{
}
#else
#define NAT_PKT_FAMILY PW_PKT_IPV4
#define NAT_ICMP       IPPROTO_ICMP
static inline flow_addr nat_src(const struct pw_pkt *pkt)
{
	return pkt->src_be;
}
static inline flow_addr nat_dst(const struct pw_pkt *pkt)
{
	return pkt->dst_be;
}
static inline void nat_set_route_dst(struct pw_pkt *pkt, flow_addr ip_be)
{
	pkt->route_dst_be = ip_be;
}
#endif

/* ---- services ---- */

struct svc_endpoint {
	flow_addr ip_be;
	uint16_t port_be;
	uint16_t unused;
	uint32_t id; /* in the endpoint directory */
};

/* Immutable; sorted by address and port, no doubles. */
struct svc_set {
	struct grave_blob blob;
	uint32_t service;
	uint32_t hash; /* of VIP, port and protocol */
	uint32_t affinity_sec;
	uint32_t maglev_size;   /* 0: random choice */
	const uint16_t *maglev; /* behind the endpoints */
	bool is_last;           /* of a deleted service: its id is free after the grace period */
	uint32_t n;
	struct svc_endpoint endpoint[];
};

static inline uint64_t svc_endpoint_hash(const struct svc_endpoint *e)
{
	return flow_mix(
		(flow_addr_word(e->ip_be) << 16 | e->port_be) ^ UINT64_C(0xbf58476d1ce4e5b9),
		UINT64_C(0x94d049bb133111eb));
}

enum svc_life {
	SVC_UNUSED,
	SVC_ACTIVE,
	SVC_RESTORED /* flows of an earlier process are its; not yet set */,
	SVC_DYING /* grace period */,
	SVC_ZOMBIE /* has flows */
};

struct svc {
	struct svc_set *set; /* W: ctl, release  R: workers. NULL: deleted */
	flow_addr vip_be;
	uint16_t port_be;
	uint8_t proto;
	uint8_t life;                        /* ctl: enum svc_life */
	uint64_t base_new, base_no_endpoint; /* ctl: counters when the id was given out */
};

/* One for each service and worker (and the control thread): W: that thread  R: ctl. */
struct svc_counter {
	uint64_t new_flows, ended_flows, no_endpoint;
};

/* ---- workers ---- */

#define NAT_COUNTERS(X)                                                                            \
	X(inserted)                                                                                \
	X(existed)                                                                                 \
	X(reply_conflicts)                                                                         \
	X(pending_seen)                                                                            \
	X(full)                                                                                    \
	X(limited)                                                                                 \
	X(snat_exhausted)                                                                          \
	X(expired)                                                                                 \
	X(early_dropped)                                                                           \
	X(restored)                                                                                \
	X(swept)                                                                                   \
	X(ended)

struct nat_worker {
	uint64_t rng; /* xorshift64* */
	struct svc_counter *svc;
#define X(name) uint64_t name;
	NAT_COUNTERS(X) /* W: this thread  R: ctl */
#undef X
	struct frag_table *frags; /* nat_frag.c */
} __attribute__((aligned(PW_CACHE_LINE)));

/* Only the owner writes; others may read at any time. */
static inline void nat_count(uint64_t *counter)
{
	__atomic_store_n(counter, *counter + 1, __ATOMIC_RELAXED);
}
static inline uint64_t nat_counted(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

/* Marsaglia 2003 / Vigna 2016; the upper half is the good one. */
static inline uint32_t nat_random(struct nat_worker *worker)
{
	uint64_t x = worker->rng;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	worker->rng = x;
	return (uint32_t)(x * UINT64_C(0x2545f4914f6cdd1d) >> 32);
}
static inline uint32_t nat_random_below(struct nat_worker *worker, uint32_t n)
{
	return (uint32_t)((uint64_t)nat_random(worker) * n >> 32);
}

/* ---- the handle ---- */

struct pw_nat {
	/* Read by workers for each packet. */
	struct gate *gate;        /* W: ctl, release  R: workers */
	struct gate_cidrs *cidrs; /* W: ctl, release  R: workers */
	uint32_t snat_now;        /* W: ctl  R: workers: snat_seen[snat_now - 1]; 0: none */
	uint16_t snat_port_min, snat_ports; /* ports for it: set before there are workers */
	uint32_t flows_per_client;          /* 0: any number */
	struct client_cap *clients;         /* NULL: not limited */
	struct affinity *affinity;          /* W: ctl, before a set that needs it  R: workers */
	uint32_t n_workers;
	struct nat_worker *workers; /* [n_workers] is the control thread's */
	struct svc *svcs;           /* by service id */
	struct pw_map64 *vips; /* nat_key(vip, port, proto) -> service id; nat_key(vip, 0, 0) ->
				  how many services it has */
	struct endpoint_dir endpoints;
	struct flow_table flows;
	uint32_t timeout_sec[PW_CT_TIMEOUT_COUNT]; /* by ct_state.timeout */
	struct ct_settled settled;                 /* constant */

	/* Control thread. */
	const struct pw_alloc *alloc __attribute__((aligned(PW_CACHE_LINE)));
	struct grave grave;
	struct pw_idpool *svc_ids;
	uint32_t n_svc_ids, n_services, max_services;
	uint32_t gate_addresses;
	uint32_t n_stale;       /* addresses in the gate that may be useless */
	flow_addr snat_seen[8]; /* R: workers, the current one */
	uint32_t n_snat_seen;
	struct flow_region region; /* fd -1: none */
	struct pw_map64 *restored; /* nat_key() -> number of SVC_RESTORED ones; NULL: synced */
	uint32_t n_not_restored;
	uint64_t secret;

	/* Ageing: {second of this pass << 1 | does it sweep? << 32 | next line}. W, R: workers, CAS
	 */
	uint64_t pass __attribute__((aligned(PW_CACHE_LINE)));
	uint32_t sweep_wanted;  /* W: ctl  R: workers; sweeps asked for */
	uint32_t unsynced;      /* W: ctl  R: workers; 1: not all Services are known, no sweeps */
	uint32_t sweep_started; /* W, R: workers; the newest one a pass has begun with */
};

/* 0: none. A place is used again after eight changes, which no worker sleeps through. */
static inline flow_addr nat_snat_address(const struct pw_nat *nat)
{
	uint32_t now = __atomic_load_n(&nat->snat_now, __ATOMIC_ACQUIRE);

	return now == 0 ? 0 : nat->snat_seen[now - 1];
}
static inline struct nat_worker *nat_control(const struct pw_nat *nat)
{
	return &nat->workers[nat->n_workers];
}
/* flow_new.info of a flow that belongs to no service has FLOW_ID_NONE. */
static inline void nat_count_end(
	const struct pw_nat *nat, struct nat_worker *worker, const union flow_line *line)
{
	nat_count(&worker->ended);
	if (nat->clients != NULL)
		client_cap_sub(nat->clients, flow_addr_fold(line->tuple[FLOW_ORIG].src_be));
	if (flow_service(line) != FLOW_ID_NONE)
		nat_count(&worker->svc[flow_service(line)].ended_flows);
}

/* services.c */
int services_init(struct pw_nat *nat, struct pw_limbo *limbo, uint32_t max_services);
void services_fini(struct pw_nat *nat);
static inline const struct svc_set *svc_set_of(const struct pw_nat *nat, uint32_t id)
{
	return __atomic_load_n(&nat->svcs[id].set, __ATOMIC_ACQUIRE);
}
/* Is the endpoint still one of the service id's? Also false if the service is gone. */
bool svc_has(const struct pw_nat *nat, uint32_t id, flow_addr ip_be, uint16_t port_be);
static inline bool svc_find(
	const struct pw_nat *nat, flow_addr ip_be, uint16_t port_be, uint8_t proto, uint32_t *id)
{
	uint64_t value;

	if (!pw_map64_lookup(nat->vips, nat_key(ip_be, port_be, proto), &value))
		return false;
	*id = (uint32_t)value;
#ifdef PW_NAT_V6
	return nat->svcs[value].vip_be == ip_be;
#else
	return true;
#endif
}
static inline bool svc_is_vip(const struct pw_nat *nat, flow_addr ip_be)
{
	uint64_t count;

	return pw_map64_lookup(nat->vips, nat_key(ip_be, 0, 0), &count);
}
static inline bool nat_in_service_cidr(const struct pw_nat *nat, flow_addr ip_be)
{
	return gate_cidrs_have(__atomic_load_n(&nat->cidrs, __ATOMIC_ACQUIRE), ip_be);
}

/* nat_new.c: a packet without a flow. Sets verdict or the flow. */
void nat_miss(struct pw_nat *nat, uint32_t worker, struct pw_pkt *pkt, uint32_t now_sec);
/* Would it do nothing to a packet with this destination? */
bool nat_miss_passes(const struct pw_nat *nat, flow_addr dst_be, uint16_t dport_be, uint8_t proto);

/* nat_choose.c. false: a connection that began elsewhere, and nothing says where. */
bool nat_choose_by_rule(struct pw_nat *nat, uint32_t worker, const struct svc_set *set,
	const struct pw_pkt *pkt, bool begins, uint32_t now_sec, uint32_t *at);
static inline bool nat_choose(struct pw_nat *nat, uint32_t worker, const struct svc_set *set,
	const struct pw_pkt *pkt, bool begins, uint32_t now_sec, uint32_t *at)
{
	if (set->affinity_sec > 0 || set->maglev_size > 0)
		return nat_choose_by_rule(nat, worker, set, pkt, begins, now_sec, at);
	*at = nat_random_below(&nat->workers[worker], set->n);
	return begins;
}
void nat_remember_choice(struct pw_nat *nat, const struct svc_set *set, flow_addr client_be,
	uint32_t at, uint32_t now_sec);
/* Control thread: of endpoints that are not in `left` (NULL: of all). */
void nat_forget_choices(struct pw_nat *nat, uint32_t service_hash, const struct svc_set *left);

/* nat_restore.c */
int nat_restore(struct pw_nat *nat, struct pw_limbo *limbo);   /* 0, -ENOMEM */
int64_t nat_restored_number(struct pw_nat *nat, uint64_t key); /* once; -ENOENT: no flows */

/* nat_snat.c: inserts with the client's port, or another one that is free. */
enum flow_status nat_insert(struct pw_nat *nat, uint32_t worker, struct flow_new *f, uint32_t *ref);

/* nat_process.c: a packet of a flow. false: the flow ended here, the packet starts a new one. */
bool nat_hit(
	struct pw_nat *nat, uint32_t worker, struct pw_pkt *pkt, uint32_t ref, uint32_t now_sec);
uint8_t nat_event(const struct pw_pkt *pkt);
/* Notes the flow in the packet, if it translates. */
void nat_translate(struct pw_pkt *pkt, const union flow_line *line, uint32_t ref);
static inline struct flow_key nat_pkt_key(const struct pw_pkt *pkt)
{
	return (struct flow_key){
		.t = {nat_src(pkt), nat_dst(pkt), pkt->sport_be, pkt->dport_be},
		.proto = pkt->l4_proto,
	};
}

/* nat_icmp.c */
void nat_icmp_error(struct pw_nat *nat, struct pw_pkt *pkt);

#endif
