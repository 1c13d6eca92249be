/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nat_frag.c - fragments of translated datagrams (ICMP-6): virtual reassembly.
 *
 * Only the first fragment has ports and finds a flow; the later ones of its datagram - source,
 * destination, IP id, and of IPv4 the protocol - do what it did. Nothing is put together: each goes on as it is.
 *
 *   WAITS    the first one has not come: later ones are held, untouched
 *   FOLLOWS  it has a flow: later ones are translated alike
 *   PASSES   it has none: later ones pass
 *   DROPS    it was dropped, or two fragments overlapped: so are all others
 *
 * A datagram is tracked if it may need translation: it is for a VIP, or from an address that may be
 * an endpoint's. Fragments that overlap are an attack on whoever puts them together (RFC 5722,
 * CVE-2018-5391): the datagram is dropped from there on, so it never gets complete; an exact
 * repetition is dropped alone, as Linux does. An entry ends when the datagram is complete, or
 * FRAG_SEC after its first packet; the oldest one ends early if there is no room.
 *
 * All of it is one worker's own. The fragments of a datagram come by one receive queue.
 */
#include <arpa/inet.h>

#include "nat_frag.h"
#include "nat_priv.h"

#ifdef PW_NAT_V6
#define FRAG_SEC 60 /* net.ipv6.ip6frag_time */
#else
#define FRAG_SEC 30 /* net.ipv4.ipfrag_time */
#endif
#define FRAG_MAX      64 /* of one datagram */
#define FRAG_DGRAMS   512
#define FRAG_BUCKETS  1024
#define FRAG_HELD     1024
#define FRAG_OVERHEAD 256 /* bytes of memory a held fragment costs beside its data */

enum frag_state {
	FRAG_WAITS,
	FRAG_FOLLOWS,
	FRAG_PASSES,
	FRAG_DROPS
};

struct frag_range { /* units of 8 bytes */
	uint16_t begin, end;
};

struct frag_key {
	flow_addr src_be, dst_be;
	uint32_t id; /* IPv4: with the protocol */
};

struct frag_dgram {
	struct frag_key key;
	uint32_t chain;        /* next of the bucket; or next free one */
	uint32_t older, newer; /* by age */
	uint32_t born_sec;
	uint32_t ref, generation; /* FOLLOWS: the flow */
	uint32_t held;            /* WAITS: the first one held, in the order of arrival */
	uint8_t state;
	uint8_t n;
	uint8_t on_their_way;    /* were let go, have not come again */
	uint16_t covered, total; /* units; total 0: the last one has not come */
	struct frag_range range[FRAG_MAX];
};

struct frag_held {
	struct rte_mbuf *m;
	uint32_t next;
	uint16_t port;
	uint8_t verdict; /* when it is ready to go: CONTINUE, or the reason to drop it */
};

/* Numbers begin with 1; 0 is none. W, R: one worker. */
struct frag_table {
	uint32_t oldest, newest;
	uint32_t free_dgrams, free_held;
	uint32_t ready, ready_last;
	uint32_t held_bytes, max_bytes;
	uint32_t bucket[FRAG_BUCKETS];
	struct frag_held held[FRAG_HELD + 1];
	struct frag_dgram dgram[FRAG_DGRAMS + 1];
};

int nat_frag_init(struct pw_nat *nat, uint32_t worker, uint32_t hold_bytes)
{
	struct frag_table *t = pw_zalloc(nat->alloc, "fragments", sizeof(*t));

	if (t == NULL)
		return -ENOMEM;
	t->max_bytes = hold_bytes;
	for (uint32_t i = FRAG_DGRAMS; i > 0; i--) {
		t->dgram[i].chain = t->free_dgrams;
		t->free_dgrams = i;
	}
	for (uint32_t i = FRAG_HELD; i > 0; i--) {
		t->held[i].next = t->free_held;
		t->free_held = i;
	}
	nat->workers[worker].frags = t;
	return 0;
}

void nat_frag_fini(struct pw_nat *nat, uint32_t worker)
{
	struct frag_table *t = nat->workers[worker].frags;

	if (t == NULL)
		return;
	for (uint32_t i = 1; i <= FRAG_HELD; i++)
		rte_pktmbuf_free(t->held[i].m);
	pw_free(nat->alloc, t);
}

/* ---- what is held ---- */

static uint32_t held_cost(const struct rte_mbuf *m)
{
	return m->pkt_len + FRAG_OVERHEAD;
}

static bool hold(struct frag_table *t, struct frag_dgram *d, const struct pw_pkt *pkt)
{
	uint32_t id = t->free_held, *link = &d->held;
	struct frag_held *h = &t->held[id];

	if (id == 0 || t->held_bytes + held_cost(pkt->m) > t->max_bytes)
		return false;
	t->free_held = h->next;
	t->held_bytes += held_cost(pkt->m);
	*h = (struct frag_held){.m = pkt->m, .port = pkt->in_port};
	while (*link != 0)
		link = &t->held[*link].next;
	*link = id;
	return true;
}

static void let_go(struct frag_table *t, struct frag_dgram *d, uint8_t verdict)
{
	while (d->held != 0) {
		uint32_t id = d->held;

		d->held = t->held[id].next;
		t->held[id].verdict = verdict;
		t->held[id].next = 0;
		if (t->ready == 0)
			t->ready = id;
		else
			t->held[t->ready_last].next = id;
		t->ready_last = id;
		d->on_their_way++;
	}
}

uint32_t pw_nat_released(
	struct pw_nat *nat, uint32_t worker, struct pw_nat_released *out, uint32_t n)
{
	struct frag_table *t = nat->workers[worker].frags;
	uint32_t count = 0;

	while (t->ready != 0 && count < n) {
		uint32_t id = t->ready;
		struct frag_held *h = &t->held[id];

		t->ready = h->next;
		t->held_bytes -= held_cost(h->m);
		out[count++] = (struct pw_nat_released){h->m, h->port, h->verdict};
		h->m = NULL;
		h->next = t->free_held;
		t->free_held = id;
	}
	return count;
}

/* ---- datagrams ---- */

static const uint8_t *ip_of(const struct pw_pkt *pkt)
{
	return pkt->data + pkt->l3_off;
}

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

/* What a fragment says about its place: of IPv6 in a header of its own (RFC 8200, 4.5). */
struct frag_place {
	uint32_t id, begin, bytes; /* begin: units of 8 bytes */
	bool is_last;
};

#ifdef PW_NAT_V6
static struct frag_place place_of(const struct pw_pkt *pkt)
{
	const uint8_t *frag = ip_of(pkt) + pw_pkt_frag6_off(pkt);
	uint16_t field = get16(frag + 2);

	return (struct frag_place){
		.id = (uint32_t)get16(frag + 4) << 16 | get16(frag + 6),
		.begin = field >> 3,
		.bytes = pkt->ip_len - pw_pkt_frag6_off(pkt) - 8u,
		.is_last = (field & 1) == 0,
	};
}
#else
static struct frag_place place_of(const struct pw_pkt *pkt)
{
	uint16_t field = get16(ip_of(pkt) + 6);

	return (struct frag_place){
		.id = (uint32_t)get16(ip_of(pkt) + 4) << 8 | pkt->l4_proto,
		.begin = field & 0x1fff,
		.bytes = pkt->ip_len - 4 * (ip_of(pkt)[0] & 0xfu),
		.is_last = (field & 0x2000) == 0,
	};
}
#endif

static struct frag_key key_of(const struct pw_pkt *pkt)
{
	return (struct frag_key){nat_src(pkt), nat_dst(pkt), place_of(pkt).id};
}

static uint32_t *bucket_of(struct frag_table *t, const struct frag_key *key)
{
	uint64_t h = flow_mix((flow_addr_word(key->src_be) << 32 ^ flow_addr_word(key->dst_be)) ^
				      UINT64_C(0x9e3779b97f4a7c15),
		key->id ^ UINT64_C(0xbf58476d1ce4e5b9));

	return &t->bucket[h % FRAG_BUCKETS];
}

static struct frag_dgram *find(struct frag_table *t, const struct frag_key *key)
{
	for (uint32_t id = *bucket_of(t, key); id != 0; id = t->dgram[id].chain) {
		struct frag_dgram *d = &t->dgram[id];

		if (d->key.src_be == key->src_be && d->key.dst_be == key->dst_be &&
			d->key.id == key->id)
			return d;
	}
	return NULL;
}

static void forget(struct frag_table *t, struct frag_dgram *d, uint8_t verdict)
{
	uint32_t id = (uint32_t)(d - t->dgram), *link = bucket_of(t, &d->key);

	let_go(t, d, verdict);
	while (*link != id)
		link = &t->dgram[*link].chain;
	*link = d->chain;
	*(d->older != 0 ? &t->dgram[d->older].newer : &t->oldest) = d->newer;
	*(d->newer != 0 ? &t->dgram[d->newer].older : &t->newest) = d->older;
	d->chain = t->free_dgrams;
	t->free_dgrams = id;
}

static struct frag_dgram *add(struct frag_table *t, const struct frag_key *key, uint32_t now_sec)
{
	uint32_t *bucket = bucket_of(t, key);

	if (t->free_dgrams == 0)
		forget(t, &t->dgram[t->oldest], PW_DROP_FRAG_LIMIT);

	uint32_t id = t->free_dgrams;
	struct frag_dgram *d = &t->dgram[id];

	t->free_dgrams = d->chain;
	d->key = *key;
	d->born_sec = now_sec;
	d->ref = d->held = 0;
	d->state = FRAG_WAITS;
	d->n = d->on_their_way = 0;
	d->covered = d->total = 0;
	d->chain = *bucket;
	*bucket = id;
	d->older = t->newest;
	d->newer = 0;
	*(t->newest != 0 ? &t->dgram[t->newest].newer : &t->oldest) = id;
	t->newest = id;
	return d;
}

void nat_frag_age(struct pw_nat *nat, uint32_t worker, uint32_t now_sec)
{
	struct frag_table *t = nat->workers[worker].frags;

	while (t->oldest != 0 && (int32_t)(now_sec - t->dgram[t->oldest].born_sec) > FRAG_SEC)
		forget(t, &t->dgram[t->oldest], PW_DROP_FRAG_TIMEOUT);
}

static bool is_complete(const struct frag_dgram *d)
{
	return d->total != 0 && d->covered == d->total;
}

/* ---- ranges ---- */

/* CONTINUE: new. FRAG_REPEAT: was there already. Else why the datagram is dropped. */
static uint8_t put_range(struct frag_dgram *d, struct frag_range r, bool is_last)
{
	for (unsigned i = 0; i < d->n; i++) {
		const struct frag_range *other = &d->range[i];

		if (r.begin == other->begin && r.end == other->end)
			return PW_DROP_FRAG_REPEAT;
		if (r.begin < other->end && other->begin < r.end)
			return PW_DROP_FRAG_OVERLAP;
	}
	if (d->total != 0 && (is_last || r.end > d->total))
		return PW_DROP_FRAG_OVERLAP;
	if (d->n == FRAG_MAX)
		return PW_DROP_FRAG_LIMIT;
	for (unsigned i = 0; is_last && i < d->n; i++)
		if (d->range[i].end > r.end)
			return PW_DROP_FRAG_OVERLAP;
	d->range[d->n++] = r;
	d->covered = (uint16_t)(d->covered + r.end - r.begin);
	if (is_last)
		d->total = r.end;
	return PW_VERDICT_CONTINUE;
}

/* Notes where in its datagram the fragment lies. What comes a second time because it was held,
 * here or for its next hop, is no repetition. */
static uint8_t take_note(struct frag_table *t, struct frag_dgram *d, const struct pw_pkt *pkt)
{
	struct frag_place place = place_of(pkt);
	struct frag_range range = {.begin = (uint16_t)place.begin,
		.end = (uint16_t)(place.begin + (place.bytes + 7) / 8)};

	if (place.bytes == 0 || place.begin * 8 + place.bytes > UINT16_MAX - 20 ||
		(!place.is_last && place.bytes % 8 != 0))
		return PW_DROP_FRAG_NAT;

	uint8_t verdict = put_range(d, range, place.is_last);

	if (verdict == PW_DROP_FRAG_REPEAT)
		return (pkt->flags & PW_PKT_REINJECTED) != 0 ? PW_VERDICT_CONTINUE : verdict;
	if (verdict != PW_VERDICT_CONTINUE) {
		d->state = FRAG_DROPS;
		let_go(t, d, verdict);
	}
	return verdict;
}

/* ---- packets ---- */

static bool is_tracked(const struct pw_nat *nat, const struct pw_pkt *pkt)
{
	return svc_is_vip(nat, nat_dst(pkt)) ||
	       gate_has(__atomic_load_n(&nat->gate, __ATOMIC_ACQUIRE), nat_src(pkt));
}

static void refuse(struct pw_pkt *pkt, uint8_t verdict)
{
	pkt->verdict = verdict;
	pkt->flags &= ~(uint32_t)(PW_PKT_NAT | PW_PKT_NAT_REPLY);
}

static enum frag_state state_after(const struct pw_pkt *pkt)
{
	if (pkt->verdict != PW_VERDICT_CONTINUE)
		return FRAG_DROPS;
	return pkt->flags & PW_PKT_NAT ? FRAG_FOLLOWS : FRAG_PASSES;
}

void nat_frag_first(struct pw_nat *nat, uint32_t worker, struct pw_pkt *pkt, uint32_t now_sec)
{
	struct frag_table *t = nat->workers[worker].frags;
	const struct frag_key key = key_of(pkt);
	struct frag_dgram *d = find(t, &key);

	if (pkt->verdict == PW_VERDICT_RETRY)
		return;
	if (d == NULL && !is_tracked(nat, pkt))
		return;
	if (d == NULL)
		d = add(t, &key, now_sec);

	uint8_t verdict = d->state == FRAG_DROPS ? PW_DROP_FRAG_NAT : take_note(t, d, pkt);

	if (verdict != PW_VERDICT_CONTINUE) {
		refuse(pkt, verdict);
		return;
	}
	d->state = state_after(pkt);
	if (d->state == FRAG_FOLLOWS) {
		d->ref = pkt->flow << 1 | ((pkt->flags & PW_PKT_NAT_REPLY) != 0);
		d->generation = flow_state(&nat->flows.lines[pkt->flow]) & FLOW_GEN_MASK;
	}
	let_go(t, d, d->state == FRAG_DROPS ? PW_DROP_FRAG_NAT : PW_VERDICT_CONTINUE);
}

static void follow(struct pw_nat *nat, const struct frag_dgram *d, struct pw_pkt *pkt)
{
	const union flow_line *line = &nat->flows.lines[d->ref >> 1];
	uint32_t state = flow_state(line);

	if (flow_state_life(state) == FLOW_LIVE && (state & FLOW_GEN_MASK) == d->generation)
		nat_translate(pkt, line, d->ref);
	else
		pkt->verdict = PW_DROP_FRAG_NAT;
}

static void wait_for_first(struct frag_table *t, struct frag_dgram *d, struct pw_pkt *pkt)
{
	if (t->max_bytes == 0)
		pkt->verdict = PW_DROP_FRAG_NAT;
	else
		pkt->verdict = hold(t, d, pkt) ? PW_VERDICT_HELD : PW_DROP_FRAG_LIMIT;
}

void nat_frag_later(struct pw_nat *nat, uint32_t worker, struct pw_pkt *pkt, uint32_t now_sec)
{
	struct frag_table *t = nat->workers[worker].frags;
	const struct frag_key key = key_of(pkt);
	struct frag_dgram *d = find(t, &key);

	if (d == NULL && !is_tracked(nat, pkt)) {
		if (nat_in_service_cidr(nat, nat_dst(pkt)))
			pkt->verdict = PW_DROP_VIP_UNKNOWN;
		return;
	}
	if (d == NULL)
		d = add(t, &key, now_sec);
	if (d->state == FRAG_DROPS) {
		pkt->verdict = PW_DROP_FRAG_NAT;
		return;
	}
	pkt->verdict = take_note(t, d, pkt);
	if (pkt->verdict != PW_VERDICT_CONTINUE)
		return;
	if (d->state == FRAG_WAITS)
		wait_for_first(t, d, pkt);
	else if (d->state == FRAG_FOLLOWS)
		follow(nat, d, pkt);
	if (d->on_their_way > 0 && (pkt->flags & PW_PKT_REINJECTED) != 0)
		d->on_their_way--;
	if (d->state != FRAG_WAITS && d->on_their_way == 0 && is_complete(d))
		forget(t, d, PW_VERDICT_CONTINUE);
}
