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
 * A pass does one thing to all packets, from arrays in the first-level cache. The first ones, which say what
 * is plain and which way it goes, are in plain_sort.c.
 */
#include "forward.h"
#include "plain.h"
#include "pw_nat_plain.h"

#define INLINE static inline __attribute__((always_inline))

/* ---- bridged ---- */

/* To a port, rewritten if there are words. 1: done; 0: not for us. */
INLINE uint32_t bridge_one(struct worker *w, const struct bridged *bridged, uint32_t i,
	const struct pw_rewrite_words *words)
{
	uint16_t out_port;
	uint64_t found;

	if (unlikely(!pw_map64_find(bridged->map, bridged->home[i], bridged->key[i], &found)))
		return 0;
	out_port = pw_fdb_result_port(found);
	if (unlikely(out_port == way_not_to(&bridged->way, i)))
		return 0;
	if (words != NULL)
		pw_rewrite_plain(
			bridged->way.frame[i], words, false, way_is_partial(&bridged->way, i));
	w->out_ports[way_slot(&bridged->way, i)] = out_port;
	return 1;
}

static uint32_t bridge_all(struct worker *w, const struct bridged *bridged)
{
	uint32_t done = 0;

	for (uint32_t i = 0; i < bridged->way.n; i++)
		done += bridge_one(w, bridged, i, NULL);
	return done;
}

static uint32_t bridge_found(
	struct worker *w, const struct bridged *bridged, struct pw_nat_plain *found)
{
	const struct pw_nat_wanted *end = found->wanted + found->n_wanted;
	struct pw_rewrite_words words;
	struct pw_nat_hit hit;
	uint32_t done = 0;

	for (const struct pw_nat_wanted *next = found->wanted; next < end; next++) {
		hit = pw_nat_plain_hit(found, next);
		if (unlikely(hit.line == NULL))
			continue;
		words = pw_nat_plain_words(hit);
		done += bridge_one(w, bridged, next->number, &words);
	}
	for (uint32_t i = 0; i < found->n_left; i++)
		done += bridge_one(w, bridged, found->left[i], NULL);
	return done;
}

/* ---- routed ---- */

/* By a resolved adjacency to a neighbour, if nothing stands against it. 1: done; 0: not for us. */
INLINE uint32_t route_one(struct worker *w, const struct way *way, uint32_t i,
	const struct pw_adj *adj, const struct pw_rewrite_words *words)
{
	uint8_t *frame = way->frame[i];
	uint64_t word = pw_adj_word(adj);
	uint16_t out_port = adj->port;

	if (unlikely(!pw_adj_word_leads(word) || ttl_ends(frame[PW_PLAIN_TTL]) ||
		     pw_plain_ip_len(frame) > adj->mtu))
		return 0;
	if (out_port == PW_PORT_NONE) {
		out_port = adj_out_port(w, adj, word);
		if (unlikely(out_port == PORT_FLOOD))
			return 0;
	}
	adj_used(w, adj);
	if (words != NULL)
		pw_rewrite_plain(frame, words, true, way_is_partial(way, i));
	else
		pw_rewrite_ip4_ttl(frame + PW_PLAIN_IP);
	pw_rewrite_mac_words(frame, pw_adj_mac_high(adj, word), adj->src_low);
	w->out_ports[way_slot(way, i)] = out_port;
	return 1;
}

/* While one packet's entry comes, those of the others are asked for. numbers NULL: all n of the way. How many
 * are done. */
INLINE uint32_t route_some(
	struct worker *w, const struct way *way, const uint16_t *numbers, uint32_t n)
{
	const struct pw_adj *adjs = pw_adj_array(w->dp->params.adj);
	const struct pw_lpm4_root lpm = pw_lpm4_root(w->dp->params.lpm4);
	const uint32_t *slots[PW_BATCH_MAX];
	uint32_t done = 0;

	for (uint32_t k = 0; k < n; k++) {
		const uint8_t *frame = way->frame[numbers != NULL ? numbers[k] : k];

		slots[k] = pw_lpm4_slot(&lpm, pw_plain_load32(frame + PW_PLAIN_DST));
	}
	for (uint32_t k = 0; k < n; k++) {
		uint32_t i = numbers != NULL ? numbers[k] : k;
		uint32_t dst_be = pw_plain_load32(way->frame[i] + PW_PLAIN_DST);
		uint32_t adj = pw_lpm4_slot_value(&lpm, slots[k], dst_be);

		if (likely(adj != PW_LPM_MISS))
			done += route_one(w, way, i, &adjs[adj], NULL);
	}
	return done;
}

static uint32_t route_all(struct worker *w, const struct way *way)
{
	return route_some(w, way, NULL, (uint32_t)way->n);
}

/* A flow remembers its adjacency; a change of any route makes all of them look again. */
static __attribute__((noinline)) uint32_t flow_adj(
	struct worker *w, const struct pw_nat_plain *found, struct pw_nat_hit hit, uint32_t dst_be)
{
	uint32_t adj = pw_lpm4_lookup(w->dp->params.lpm4, dst_be);

	if (adj != PW_LPM_MISS)
		pw_nat_plain_set_adj(found, hit, adj);
	return adj;
}

static uint32_t route_found(struct worker *w, const struct way *way, struct pw_nat_plain *found)
{
	const struct pw_adj *adjs = pw_adj_array(w->dp->params.adj);
	const struct pw_nat_wanted *end = found->wanted + found->n_wanted;
	struct pw_rewrite_words words;
	struct pw_nat_hit hit;
	uint32_t done = 0;

	for (const struct pw_nat_wanted *next = found->wanted; next < end; next++) {
		uint32_t adj;

		hit = pw_nat_plain_hit(found, next);
		if (unlikely(hit.line == NULL))
			continue;
		words = pw_nat_plain_words(hit);
		if (unlikely(!pw_nat_plain_get_adj(found, hit, &adj))) {
			adj = flow_adj(w, found, hit, pw_rewrite_words_dst(&words));
			if (adj == PW_LPM_MISS)
				continue;
		}
		done += route_one(w, way, next->number, &adjs[adj], &words);
	}
	return done + route_some(w, way, found->left, found->n_left);
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

static uint32_t translate(
	struct worker *w, const struct pw_nat *nat, struct way *routed, struct bridged *bridged)
{
	uint32_t generation = pw_lpm4_generation(w->dp->params.lpm4); /* before any lookup */
	struct pw_nat_plain found;
	uint32_t done = 0;

	if (bridged->way.n > 0) {
		pw_nat_plain_find(nat, bridged->way.frame, (uint32_t)bridged->way.n, w->now_sec,
			generation, &found);
		done += bridge_found(w, bridged, &found);
	}
	if (routed->n > 0) {
		pw_nat_plain_find(
			nat, routed->frame, (uint32_t)routed->n, w->now_sec, generation, &found);
		done += route_found(w, routed, &found);
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
	for (uint16_t r = 0; r < w->n_runs; r++) {
		if (likely(w->runs[r].is_received))
			plain_look(w, &w->runs[r]);
	}
	for (uint16_t r = 0; r < w->n_runs; r++) {
		if (likely(w->runs[r].is_received))
			plain_sort(w, &w->runs[r], &routed, &bridged);
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
