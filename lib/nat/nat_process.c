/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nat_process.c - the flow stage: which packets are looked up, and what a hit does.
 *
 * Keys are built and hashed for the whole batch, then looked up in two passes (flow_table.c). The
 * first packet of a flow may be followed by others of the same batch: a miss is looked up once more
 * if the batch has inserted anything since.
 */
#include <netinet/in.h>

#include "nat_frag.h"
#include "nat_priv.h"

static inline bool wants(
	const struct gate *gate, const struct gate_cidrs *cidrs, const struct pw_pkt *pkt)
{
	return gate_wants(gate, cidrs, nat_src(pkt), nat_dst(pkt)) ||
	       /* what it is about stands in the quote */
	       (pkt->flags & PW_PKT_ICMP_ERROR) != 0;
}

bool pw_nat_wants(const struct pw_nat *nat, const struct pw_pkt *pkt)
{
	return wants(__atomic_load_n(&nat->gate, __ATOMIC_ACQUIRE),
		__atomic_load_n(&nat->cidrs, __ATOMIC_ACQUIRE), pkt);
}

/* Without an address there are no flows either, which an ICMP error could be about. */
uint32_t pw_nat_select(
	const struct pw_nat *nat, struct pw_pkt *pkts, uint32_t n, struct pw_pkt **wanted)
{
	const struct gate *gate = __atomic_load_n(&nat->gate, __ATOMIC_ACQUIRE);
	const struct gate_cidrs *cidrs = __atomic_load_n(&nat->cidrs, __ATOMIC_ACQUIRE);
	const uint32_t mask = NAT_PKT_FAMILY | PW_PKT_L2_MCAST | PW_PKT_ORIGINATED;
	uint32_t n_wanted = 0;

	if (gate_is_empty(gate) && cidrs->n == 0)
		return 0;
	for (uint32_t i = 0; i < n; i++) {
		if (pkts[i].verdict == PW_VERDICT_CONTINUE &&
			(pkts[i].flags & mask) == NAT_PKT_FAMILY && wants(gate, cidrs, &pkts[i]))
			wanted[n_wanted++] = &pkts[i];
	}
	return n_wanted;
}

/* TCP, UDP and SCTP with their ports. Echoes, which have ports too, are never translated. */
static bool has_key(const struct pw_pkt *pkt)
{
	const uint32_t mask = PW_PKT_HAS_PORTS | PW_PKT_FRAG_LATER | PW_PKT_ICMP_ECHO;

	return (pkt->flags & mask) == PW_PKT_HAS_PORTS;
}

/* The parser has checked that a TCP header is whole. An SCTP packet may end after its header. */
static inline uint8_t event_of(const struct pw_pkt *pkt)
{
	const uint8_t *l4 = pkt->data + pkt->l4_off;

	if (pkt->l4_proto == IPPROTO_TCP)
		return l4[13];
	if (pkt->l4_proto == IPPROTO_SCTP && pkt->l3_off + pkt->ip_len >= pkt->l4_off + 13)
		return l4[12];
	return 0;
}

uint8_t nat_event(const struct pw_pkt *pkt)
{
	return event_of(pkt);
}

static inline void translate(struct pw_pkt *pkt, const union flow_line *line, uint32_t ref)
{
	enum flow_dir dir = (enum flow_dir)(ref & 1);

	if (!flow_is_nat(line))
		return;
	pkt->flow = ref >> 1;
	pkt->flags |= PW_PKT_NAT | (dir == FLOW_REPLY ? PW_PKT_NAT_REPLY : 0);
	nat_set_route_dst(pkt, line->tuple[!dir].src_be);
}

void nat_translate(struct pw_pkt *pkt, const union flow_line *line, uint32_t ref)
{
	translate(pkt, line, ref);
}

/*
 * Does this SYN (INIT, ...) of the client open a connection for which the flow is no good any more?
 * After the end of the old connection: yes, as in the kernel, a new one is balanced anew. Sent
 * again, because nobody answered: if the endpoint has left the Service meanwhile.
 */
static inline bool starts_anew(const struct pw_nat *nat, const union flow_line *line,
	const struct ct_state *state, enum flow_dir dir, const struct ct_proto *ct, uint8_t event)
{
	if (!ct_opens(ct, event) || !state->reopens || dir != FLOW_ORIG)
		return false;
	if (state != &ct->states[ct_first(ct, event)])
		return true;
	return flow_service(line) != FLOW_ID_NONE &&
	       !svc_has(nat, flow_service(line), line->tuple[FLOW_REPLY].src_be,
		       line->tuple[FLOW_REPLY].sport_be);
}

/* A flow that another worker ends in this moment still translates this packet. */
static void advance(union flow_line *line, uint32_t state, const struct ct_proto *ct,
	enum flow_dir dir, uint8_t event)
{
	while (flow_state_life(state) == FLOW_LIVE) {
		uint8_t old = flow_state_ct(state);
		uint8_t new = ct_next(ct, old, dir, event);

		if (new == old || flow_state_cas(line, &state, flow_state_set_ct(state, new)))
			return;
	}
}

/* false: the flow ended here. */
static __attribute__((noinline)) bool change(
	struct pw_nat *nat, uint32_t worker, const struct pw_pkt *pkt, uint32_t ref, uint32_t state)
{
	union flow_line *line = &nat->flows.lines[ref >> 1];
	enum flow_dir dir = (enum flow_dir)(ref & 1);
	const struct ct_proto *ct = ct_proto(pkt->l4_proto);
	uint8_t event = event_of(pkt);

	if (starts_anew(nat, line, &ct->states[flow_state_ct(state)], dir, ct, event)) {
		if (flow_kill(&nat->flows, worker, ref >> 1, state))
			nat_count_end(nat, &nat->workers[worker], line);
		return false;
	}
	advance(line, state, ct, dir, event);
	return true;
}

static inline bool hit(
	struct pw_nat *nat, uint32_t worker, struct pw_pkt *pkt, uint32_t ref, uint32_t now_sec)
{
	union flow_line *line = &nat->flows.lines[ref >> 1];
	uint32_t state = flow_state(line);

	if (unlikely(!ct_is_settled(ct_proto(pkt->l4_proto), flow_state_ct(state),
		    (enum flow_dir)(ref & 1), event_of(pkt))) &&
		!change(nat, worker, pkt, ref, state))
		return false;
	flow_touch(line, now_sec);
	translate(pkt, line, ref);
	return true;
}

bool nat_hit(
	struct pw_nat *nat, uint32_t worker, struct pw_pkt *pkt, uint32_t ref, uint32_t now_sec)
{
	return hit(nat, worker, pkt, ref, now_sec);
}

/* Echoes to a VIP are left to LOCAL; a VIP has no other protocols. */
static void keyless(struct pw_nat *nat, struct pw_pkt *pkt)
{
	if (pkt->flags & PW_PKT_ICMP_ERROR)
		nat_icmp_error(nat, pkt);
	else if (svc_is_vip(nat, nat_dst(pkt)))
		pkt->verdict = pkt->l4_proto == NAT_ICMP ? pkt->verdict : PW_DROP_SVC_REJECT;
	else if (nat_in_service_cidr(nat, nat_dst(pkt)))
		pkt->verdict = PW_DROP_VIP_UNKNOWN;
}

static uint64_t inserted_so_far(const struct pw_nat *nat, uint32_t worker)
{
	return nat->workers[worker].inserted;
}

static void process_keyed(struct pw_nat *nat, uint32_t worker, struct pw_pkt *const *pkts,
	const struct flow_key *keys, const uint32_t *refs, uint32_t n, uint32_t now_sec)
{
	uint64_t inserted = inserted_so_far(nat, worker);

	for (uint32_t i = 0; i < n; i++) {
		uint32_t ref = refs[i];

		if (unlikely(ref == 0) && inserted_so_far(nat, worker) != inserted)
			ref = flow_lookup(&nat->flows, &keys[i]);
		if (unlikely(ref == 0 || !hit(nat, worker, pkts[i], ref, now_sec)))
			nat_miss(nat, worker, pkts[i], now_sec);
		if (unlikely(pkts[i]->flags & PW_PKT_FRAG))
			nat_frag_first(nat, worker, pkts[i], now_sec);
	}
}

void pw_nat_process(struct pw_nat *nat, uint32_t worker, struct pw_pkt *const *pkts, uint32_t n,
	uint32_t now_sec)
{
	struct flow_key keys[PW_BATCH_MAX];
	uint64_t hashes[PW_BATCH_MAX];
	uint32_t refs[PW_BATCH_MAX];
	struct pw_pkt *keyed[PW_BATCH_MAX], *later[PW_BATCH_MAX];
	uint32_t n_keyed = 0, n_later = 0;

	for (uint32_t i = 0; i < n; i++) {
		if (!has_key(pkts[i])) {
			if (pkts[i]->flags & PW_PKT_FRAG_LATER) {
				later[n_later++] = pkts[i]; /* after the first ones of this batch */
				continue;
			}
			keyless(nat, pkts[i]);
			if (unlikely(pkts[i]->flags & PW_PKT_FRAG))
				nat_frag_first(nat, worker, pkts[i], now_sec);
			continue;
		}
		keyed[n_keyed] = pkts[i];
		keys[n_keyed] = nat_pkt_key(pkts[i]);
		hashes[n_keyed] = flow_hash(&keys[n_keyed], nat->flows.secret);
		__builtin_prefetch(flow_home(&nat->flows, hashes[n_keyed]));
		n_keyed++;
	}
	if (n_keyed > 0) {
		flow_lookup_bulk(&nat->flows, keys, hashes, n_keyed, refs);
		process_keyed(nat, worker, keyed, keys, refs, n_keyed, now_sec);
	}
	for (uint32_t i = 0; i < n_later; i++)
		nat_frag_later(nat, worker, later[i], now_sec);
}
