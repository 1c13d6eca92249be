/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * plain_sort.c - the first half of the plain way: which frames of a run are plain, and which way they go.
 *
 * What a port has or has not (bridge, binding, learning) is compiled into variants that are chosen once a
 * run. They are for clean runs, whose frames are all of one segment and ask for nothing; the run's tally
 * says so before a frame is touched. For others, from pods that leave checksums open, there is one variant
 * that looks at each mbuf.
 */
#include <rte_prefetch.h>

#include "plain.h"

#define INLINE static inline __attribute__((always_inline))

INLINE uint64_t mac48_at(const uint8_t *mac)
{
	return pw_plain_load64_be(mac) >> 16;
}

/* ---- all frames of a run ---- */

void plain_look(struct worker *w, struct run *run)
{
	struct pw_dp_dir_stats *stats = &w->ports[run->in_port].rx;
	struct rte_mbuf *const *pkts = w->mbufs;
	const uint32_t end = (uint32_t)run->first + run->n;
	struct tally tally = tally_of(pkts[run->first]);

	for (size_t i = run->first; i < end; i++) {
		const struct rte_mbuf *m = pkts[i];
		uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);

		rte_prefetch0(frame);
		tally_add(&tally, w->lens, (uint32_t)i, m);
		w->frames[i] = frame;
	}
	run->tally = tally;
	tally_count(&run->tally, w->lens + run->first, run->n, stats);
	tally_count_gso(&run->tally, pkts + run->first, run->n, stats);
}

/* ---- which way ---- */

enum variant {
	BRIDGED = 1,
	BOUND = 2,
	LEARNS = 4,
	N_VARIANTS = 8,
	UNCLEAN = 8,
};

/* One segment, no request but for a checksum that is the frame's own. */
INLINE bool is_usual(struct rte_mbuf *m)
{
	return m->nb_segs == 1 && !pw_mbuf_is_gso(m) &&
	       (m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) != RTE_MBUF_F_RX_L4_CKSUM_BAD;
}

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

INLINE void sort_run(struct worker *w, const struct run *run, struct way *routed,
	struct bridged *bridged, const unsigned variant)
{
	const struct view_port *vp = run->vp;
	const struct pw_map64_root fdb = pw_map64_root(bridged->map);
	const uint64_t router48 = vp->router_mac48;
	const uint64_t bridge_key = pw_fdb_key(vp->bridge, 0);
	const uint64_t not_to = (vp->hairpin ? PW_PORT_NONE : (uint64_t)vp->index)
				<< WAY_NOT_TO_SHIFT;
	size_t n_routed = routed->n, n_bridged = bridged->way.n;
	const size_t end = (size_t)run->first + run->n;
	uint64_t known48 = 0;

	for (size_t i = run->first; i < end; i++) {
		uint8_t *frame = w->frames[i];
		uint64_t slot = i, dst48, key;

		if ((variant & UNCLEAN) && unlikely(!is_usual(w->mbufs[i])))
			continue;
		if (unlikely(!pw_plain_headers(frame, w->lens[i])))
			continue;
		if ((variant & UNCLEAN) && pw_mbuf_is_partial(w->mbufs[i])) {
			if (unlikely(!pw_plain_partial(w->mbufs[i], frame)))
				continue;
			slot |= UINT64_C(1) << WAY_PARTIAL_SHIFT;
		}
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
			routed->slot[n_routed] = slot;
			routed->frame[n_routed++] = frame;
			continue;
		}
		key = bridge_key | dst48;
		if (!(variant & BRIDGED) || unlikely(key == 0)) /* no MAC on bridge 0 */
			continue;
		bridged->key[n_bridged] = key;
		bridged->home[n_bridged] = pw_map64_home_in(&fdb, key);
		bridged->way.slot[n_bridged] = slot | not_to;
		bridged->way.frame[n_bridged++] = frame;
	}
	routed->n = n_routed;
	bridged->way.n = n_bridged;
}

static unsigned variant_of(const struct view_port *vp)
{
	return (vp->bridge != PW_BRIDGE_NONE ? BRIDGED : 0u) | (vp->binding != NULL ? BOUND : 0u) |
	       (vp->learn ? LEARNS : 0u);
}

#define VARIANT(name, variant)                                                                     \
	static void name(struct worker *w, const struct run *run, struct way *routed,              \
		struct bridged *bridged)                                                           \
	{                                                                                          \
		sort_run(w, run, routed, bridged, variant);                                        \
	}
VARIANT(sort_routed, 0)
VARIANT(sort_routed_bound, BOUND)
VARIANT(sort_bridged, BRIDGED)
VARIANT(sort_bridged_bound, BRIDGED | BOUND)
VARIANT(sort_bridged_learns, BRIDGED | LEARNS)
VARIANT(sort_bridged_bound_learns, BRIDGED | BOUND | LEARNS)
VARIANT(sort_unclean, UNCLEAN | variant_of(run->vp))

static void (*const sort_variants[N_VARIANTS])(
	struct worker *, const struct run *, struct way *, struct bridged *) = {
	[0] = sort_routed,
	[BOUND] = sort_routed_bound,
	[LEARNS] = sort_routed, /* only bridges learn */
	[BOUND | LEARNS] = sort_routed_bound,
	[BRIDGED] = sort_bridged,
	[BRIDGED | BOUND] = sort_bridged_bound,
	[BRIDGED | LEARNS] = sort_bridged_learns,
	[BRIDGED | BOUND | LEARNS] = sort_bridged_bound_learns,
};

void plain_sort(
	struct worker *w, const struct run *run, struct way *routed, struct bridged *bridged)
{
	if (likely(tally_is_clean(&run->tally)))
		sort_variants[variant_of(run->vp)](w, run, routed, bridged);
	else
		sort_unclean(w, run, routed, bridged);
}
