/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stage_plain.c - the short way of most packets, from header to port without metadata.
 *
 * Takes the plain frames (pw_plain.h) whose way is certain: sender as bound, source known, destination
 * in the FDB or by a resolved adjacency, no flow or one that goes on. They are rewritten here and get an
 * out_ports[] entry. Everything else, and every doubt, is left untouched for the stages from parse on,
 * which know all the rules; this one only knows when none of their exceptions applies, so that it never
 * drops, punts nor counts.
 *
 * A pass does one thing to all packets, from arrays in the first-level cache; what a port has or has not
 * (bridge, binding, learning) is compiled into variants that are chosen once a run.
 */
#include <rte_prefetch.h>

#include "forward.h"
#include "pw_plain.h"
#include "pw_rewrite.h"

#define INLINE static inline __attribute__((always_inline))

/* Packets that go one way, in the order of the batch. */
struct way {
	size_t n;
	uint8_t *frame[PW_BATCH_MAX];
	uint64_t slot
		[PW_BATCH_MAX]; /* in the batch; bridged: | port to which it must not go << 16 */
};

struct bridged {
	struct way way;
	const struct pw_map64 *map;
	uint64_t key[PW_BATCH_MAX];
	const struct pw_map64_bucket *home[PW_BATCH_MAX];
};

INLINE uint64_t mac48_at(const uint8_t *mac)
{
	return pw_plain_load64_be(mac) >> 16;
}

/* ---- which way: a run of frames from one port ---- */

enum variant {
	BRIDGED = 1,
	BOUND = 2,
	LEARNS = 4,
	N_VARIANTS = 8
};

/* As pw_binding_check() for IPv4 from the first address; of several, the guard stage finds the others. */
INLINE bool is_bound(const struct pw_binding *binding, uint64_t src48, const uint8_t *frame)
{
	return src48 == binding->mac48 &&
	       (binding->mac_only || (binding->n4 > 0 && pw_plain_load32(frame + PW_PLAIN_SRC) ==
								 binding->v4_be[0]));
}

static __attribute__((noinline)) bool source_known(
	const struct worker *w, const struct view_port *vp, uint64_t src48)
{
	bool elsewhere;

	return pw_fdb_source_known(
		w->dp->params.fdb, vp->bridge, src48, vp->index, w->now_sec, &elsewhere);
}

INLINE void sort_run(struct worker *w, struct run *run, struct way *routed, struct bridged *bridged,
	const unsigned variant)
{
	const struct view_port *vp = run->vp;
	const struct pw_map64_root fdb = pw_map64_root(bridged->map);
	const uint64_t router48 = vp->router_mac48;
	const uint64_t bridge_key = pw_fdb_key(vp->bridge, 0);
	const uint64_t not_to = (vp->hairpin ? PW_PORT_NONE : (uint64_t)vp->index) << 16;
	struct rte_mbuf *const *pkts = w->mbufs;
	struct tally tally = tally_of(pkts[run->first]);
	size_t n_routed = routed->n, n_bridged = bridged->way.n;
	const size_t end = (size_t)run->first + run->n;
	uint64_t known48 = 0;

	for (size_t i = run->first; i < end; i++) {
		struct rte_mbuf *m = pkts[i];
		uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);
		uint64_t dst48, key;

		rte_prefetch0(rte_pktmbuf_mtod(pkts[i + PLAIN_AHEAD], void *));
		tally_add(&tally, w->lens, i, m);
		if (unlikely(!pw_plain_mbuf(m) || !pw_plain_headers(frame, m->pkt_len)))
			continue;
		if (variant & (BOUND | LEARNS)) {
			uint64_t src48 = mac48_at(frame + PW_PLAIN_SRC_MAC);

			if ((variant & BOUND) && unlikely(!is_bound(vp->binding, src48, frame)))
				continue;
			if ((variant & LEARNS) && src48 != known48) {
				if (unlikely(!source_known(w, vp, src48)))
					continue;
				known48 = src48;
			}
		}
		dst48 = mac48_at(frame);
		if (dst48 == router48) {
			routed->slot[n_routed] = i;
			routed->frame[n_routed++] = frame;
			continue;
		}
		key = bridge_key | dst48;
		if (!(variant & BRIDGED) || unlikely(key == 0)) /* no MAC on bridge 0 */
			continue;
		bridged->key[n_bridged] = key;
		bridged->home[n_bridged] = pw_map64_home_in(&fdb, key);
		bridged->way.slot[n_bridged] = not_to | i;
		bridged->way.frame[n_bridged++] = frame;
	}
	routed->n = n_routed;
	bridged->way.n = n_bridged;
	run->tally = tally;
}

#define VARIANT(name, variant)                                                                     \
	static void name(                                                                          \
		struct worker *w, struct run *run, struct way *routed, struct bridged *bridged)    \
	{                                                                                          \
		sort_run(w, run, routed, bridged, variant);                                        \
	}
VARIANT(sort_routed, 0)
VARIANT(sort_routed_bound, BOUND)
VARIANT(sort_bridged, BRIDGED)
VARIANT(sort_bridged_bound, BRIDGED | BOUND)
VARIANT(sort_bridged_learns, BRIDGED | LEARNS)
VARIANT(sort_bridged_bound_learns, BRIDGED | BOUND | LEARNS)

static void (*const sort_variants[N_VARIANTS])(
	struct worker *, struct run *, struct way *, struct bridged *) = {
	[0] = sort_routed,
	[BOUND] = sort_routed_bound,
	[LEARNS] = sort_routed, /* only bridges learn */
	[BOUND | LEARNS] = sort_routed_bound,
	[BRIDGED] = sort_bridged,
	[BRIDGED | BOUND] = sort_bridged_bound,
	[BRIDGED | LEARNS] = sort_bridged_learns,
	[BRIDGED | BOUND | LEARNS] = sort_bridged_bound_learns,
};

static unsigned variant_of(const struct view_port *vp)
{
	return (vp->bridge != PW_BRIDGE_NONE ? BRIDGED : 0u) | (vp->binding != NULL ? BOUND : 0u) |
	       (vp->learn ? LEARNS : 0u);
}

/* ---- bridged ---- */

/* To a port, rewritten if there is a plan. 1: done; 0: not for us. */
INLINE uint32_t bridge_one(
	struct worker *w, const struct bridged *bridged, uint32_t i, const struct pw_nat_plan *plan)
{
	uint64_t slot = bridged->way.slot[i];
	uint16_t out_port;
	uint64_t found;

	if (unlikely(!pw_map64_find(bridged->map, bridged->home[i], bridged->key[i], &found)))
		return 0;
	out_port = pw_fdb_result_port(found);
	if (unlikely(out_port == slot >> 16))
		return 0;
	if (plan != NULL)
		pw_rewrite_plain(bridged->way.frame[i], plan, false);
	w->out_ports[(uint16_t)slot] = out_port;
	return 1;
}

static uint32_t bridge_all(struct worker *w, const struct bridged *bridged)
{
	uint32_t done = 0;

	for (uint32_t i = 0; i < bridged->way.n; i++)
		done += bridge_one(w, bridged, i, NULL);
	return done;
}

static uint32_t bridge_translated(
	struct worker *w, const struct bridged *bridged, const struct pw_nat_plain *nat)
{
	uint32_t done = 0;

	for (uint32_t i = 0; i < nat->n_left; i++)
		done += bridge_one(w, bridged, nat->left[i], NULL);
	for (uint32_t i = 0; i < nat->n_translated; i++)
		done += bridge_one(w, bridged, nat->translated[i].number, &nat->translated[i].plan);
	return done;
}

/* ---- routed ---- */

/* By a resolved adjacency to a neighbour, if nothing stands against it. 1: done; 0: not for us. */
INLINE uint32_t route_one(struct worker *w, const struct way *way, uint32_t i,
	const struct pw_adj *adj, const struct pw_nat_plan *plan)
{
	uint8_t *frame = way->frame[i];
	uint64_t word = pw_adj_word(adj);
	uint16_t out_port;

	if (unlikely(adj->kind != PW_ADJ_FORWARD || pw_adj_word_state(word) != PW_ADJ_RESOLVED ||
		     ttl_ends(frame[PW_PLAIN_TTL]) || pw_plain_ip_len(frame) > adj->mtu))
		return 0;
	out_port = adj_out_port(w, adj, word);
	if (unlikely(out_port == PORT_FLOOD))
		return 0;
	adj_used(w, adj);
	if (plan != NULL)
		pw_rewrite_plain(frame, plan, true);
	else
		pw_rewrite_ip4_ttl(frame + PW_PLAIN_IP);
	pw_rewrite_mac_words(frame, pw_adj_mac_high(adj, word), adj->src_low);
	w->out_ports[way->slot[i]] = out_port;
	return 1;
}

/* The lookups of several packets overlap by themselves: nothing waits for one of them but its own
 * adjacency's fetch. numbers NULL: all n of the way. How many are done. */
INLINE uint32_t route_some(
	struct worker *w, const struct way *way, const uint16_t *numbers, uint32_t n)
{
	const struct pw_adj *adjs = pw_adj_array(w->dp->params.adj);
	const struct pw_lpm4_root lpm = pw_lpm4_root(w->dp->params.lpm4);
	uint32_t adj[PW_BATCH_MAX], done = 0;

	for (uint32_t k = 0; k < n; k++) {
		const uint8_t *frame = way->frame[numbers != NULL ? numbers[k] : k];

		adj[k] = pw_lpm4_lookup_in(&lpm, pw_plain_load32(frame + PW_PLAIN_DST));
		rte_prefetch0(&adjs[adj[k]]); /* of a miss: harmless */
	}
	for (uint32_t k = 0; k < n; k++) {
		if (likely(adj[k] != PW_LPM_MISS))
			done += route_one(
				w, way, numbers != NULL ? numbers[k] : k, &adjs[adj[k]], NULL);
	}
	return done;
}

static uint32_t route_all(struct worker *w, const struct way *way)
{
	return route_some(w, way, NULL, (uint32_t)way->n);
}

/* A flow remembers its adjacency; a change of any route makes all of them look again. */
static __attribute__((noinline)) uint32_t flow_adj(
	struct worker *w, const struct pw_nat_translated *t, uint32_t generation)
{
	uint32_t adj = pw_lpm4_lookup(w->dp->params.lpm4, t->plan.dst_be);

	if (adj != PW_LPM_MISS)
		pw_nat_plain_set_adj(w->dp->params.nat, t->flow, adj, generation);
	return adj;
}
static_assert(PW_LPM_MISS == PW_ADJ_NONE, "one test");

static uint32_t route_translated(struct worker *w, const struct way *way,
	const struct pw_nat_plain *nat, uint32_t generation)
{
	const struct pw_adj *adjs = pw_adj_array(w->dp->params.adj);
	const struct pw_nat_translated *end = nat->translated + nat->n_translated;
	uint32_t done = route_some(w, way, nat->left, nat->n_left);

	for (const struct pw_nat_translated *t = nat->translated; t < end; t++) {
		uint32_t adj = t->adj;

		if (unlikely(adj == PW_ADJ_NONE))
			adj = flow_adj(w, t, generation);
		if (likely(adj != PW_ADJ_NONE))
			done += route_one(w, way, t->number, &adjs[adj], &t->plan);
	}
	return done;
}

/* ---- the batch ---- */

/* Those on their way stand among the others: the stages behind see that they are done with. */
static void mark_done(struct worker *w, const struct run *run)
{
	for (uint32_t i = run->first; i < (uint32_t)run->first + run->n; i++) {
		struct pw_pkt *pkt = &w->batch.pkt[i];

		if (w->out_ports[i] == PW_PORT_NONE)
			continue;
		pkt->m = w->mbufs[i];
		pkt->flags = 0;
		pkt->verdict = PW_VERDICT_TX;
		pkt->in_port = run->in_port;
		pkt->out_port = w->out_ports[i];
	}
}

/* Received frames, all of them: before anything becomes of them. */
static void count_run(struct worker *w, const struct run *run)
{
	struct pw_dp_dir_stats *stats = &w->ports[run->in_port].rx;

	tally_count(&run->tally, w->lens + run->first, run->n, stats);
	tally_count_gso(&run->tally, w->mbufs + run->first, run->n, stats);
}

static uint32_t translate(
	struct worker *w, const struct pw_nat *nat, struct way *routed, struct bridged *bridged)
{
	uint32_t generation = pw_lpm4_generation(w->dp->params.lpm4); /* before any lookup */
	struct pw_nat_plain translation;
	uint32_t done = 0;

	if (bridged->way.n > 0) {
		pw_nat_plain(nat, bridged->way.frame, (uint32_t)bridged->way.n, w->now_sec,
			generation, &translation);
		done += bridge_translated(w, bridged, &translation);
	}
	if (routed->n > 0) {
		pw_nat_plain(nat, routed->frame, (uint32_t)routed->n, w->now_sec, generation,
			&translation);
		done += route_translated(w, routed, &translation, generation);
	}
	return done;
}

void stage_plain(struct worker *w)
{
	const struct pw_nat *nat = w->dp->params.nat;
	struct bridged bridged;
	struct way routed;

	bridged.map = pw_fdb_map(w->dp->params.fdb);
	bridged.way.n = 0;
	routed.n = 0;
	memset(w->out_ports, 0xff, sizeof(w->out_ports));
	static_assert(PW_PORT_NONE == 0xffff, "memset");
	for (uint32_t i = 0; i < PLAIN_AHEAD; i++)
		w->mbufs[w->batch.n + i] = w->mbufs[0];
	for (uint16_t r = 0; r < w->n_runs; r++) {
		struct run *run = &w->runs[r];

		if (likely(run->is_received)) {
			sort_variants[variant_of(run->vp)](w, run, &routed, &bridged);
			count_run(w, run);
		}
	}
	if (nat == NULL || pw_nat_is_idle(nat))
		w->n_plain = (uint16_t)(bridge_all(w, &bridged) + route_all(w, &routed));
	else
		w->n_plain = (uint16_t)translate(w, nat, &routed, &bridged);
	if (w->n_plain == 0 || w->n_plain == w->batch.n)
		return;
	for (uint16_t r = 0; r < w->n_runs; r++)
		mark_done(w, &w->runs[r]);
}
