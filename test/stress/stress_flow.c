/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stress_flow.c - the flow table under four workers and a control thread; meant for TSAN.
 *
 *   table    random insert and kill of flows whose keys collide all the time. Each thread notes the
 *            owner of both keys of a flow of its own after the insert and takes the note away
 * before the kill: a second owner of a key is a second live flow. one_each packets of the same
 * tuples on all workers at once: one flow and one backend a tuple, and every reply comes back to
 * its own client (CT-8). all      the same with endpoint changes, sweeps, expiry, a full table,
 * list and flush.
 *
 * After each: both keys of every live flow lead to it, counters agree, and when all are flushed no
 * slot, no overflow count and no line is missing. 3 s in all.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "stress.h"

#include "nat_priv.h"

#define WORKERS    4
#define PHASE_MS   900
#define TABLE_KEYS 96
#define CLIENTS    512
#define VIP_BE     htonl(0x0a60000a)
#define SNAT_BE    htonl(0x0af40001)
#define BACKEND(i) htonl(0x0af40110 + (i))
#define CLIENT(i)  htonl(0x0af50000 + (i))

struct test {
	struct pw_qsbr *qsbr;
	struct pw_limbo *limbo;
	struct pw_nat *nat;
	bool stop;
	bool changes; /* phase "all" */
	uint32_t now;
	uint32_t owner[TABLE_KEYS];
	uint32_t backend[CLIENTS];
	uint64_t statuses[5];
	uint64_t packets, replies, untranslated, retries, refused;
	pthread_barrier_t start;
};

struct worker {
	struct test *test;
	uint32_t id;
	void (*step)(struct worker *w);
	uint64_t rng;
	uint32_t mine[TABLE_KEYS], n_mine;
	uint64_t statuses[5];
	uint64_t packets, replies, untranslated, retries, refused;
};

static uint32_t below(struct worker *w, uint32_t n)
{
	w->rng ^= w->rng << 13;
	w->rng ^= w->rng >> 7;
	w->rng ^= w->rng << 17;
	return (uint32_t)((w->rng >> 32) * n >> 32);
}

/* ---- the table alone ---- */

static struct flow_key table_key(uint32_t i)
{
	return (struct flow_key){.t = {i + 1, 7, 8, 9}, .proto = IPPROTO_UDP};
}

static uint32_t key_number(const struct flow_tuple *t)
{
	return (uint32_t)t->src_be - 1;
}

static void own(struct test *t, uint32_t key, uint32_t line)
{
	uint32_t nobody = 0;

	CHECK(__atomic_compare_exchange_n(
		&t->owner[key], &nobody, line, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
}

static void disown(struct test *t, uint32_t key)
{
	__atomic_store_n(&t->owner[key], 0, __ATOMIC_RELEASE);
}

static void table_insert(struct worker *w)
{
	struct flow_table *table = &w->test->nat->flows;
	uint32_t a = below(w, TABLE_KEYS), b = below(w, TABLE_KEYS), ref = 0;
	struct flow_new f = {
		.orig = table_key(a),
		.reply = table_key(b),
		.info = flow_info(IPPROTO_UDP, 0, FLOW_ID_NONE, w->id),
	};
	enum flow_status status = a == b ? FLOW_BUSY : flow_insert(table, w->id, &f, &ref);

	w->statuses[status]++;
	if (status == FLOW_EXISTS)
		CHECK(flow_line_has(&table->lines[ref >> 1], (enum flow_dir)(ref & 1), &f.orig));
	if (status != FLOW_INSERTED)
		return;
	own(w->test, a, ref >> 1);
	own(w->test, b, ref >> 1);
	w->mine[w->n_mine++] = ref >> 1;
}

static void table_kill(struct worker *w)
{
	struct flow_table *table = &w->test->nat->flows;
	uint32_t i = below(w, w->n_mine), line = w->mine[i];

	CHECK(flow_state_life(flow_state(&table->lines[line])) == FLOW_LIVE);
	disown(w->test, key_number(&table->lines[line].tuple[0]));
	disown(w->test, key_number(&table->lines[line].tuple[1]));
	CHECK(flow_kill(table, w->id, line, flow_state(&table->lines[line])));
	w->mine[i] = w->mine[--w->n_mine];
}

static void table_lookup(struct worker *w)
{
	struct flow_table *table = &w->test->nat->flows;
	struct flow_key keys[16];
	uint64_t hashes[16];
	uint32_t refs[16];

	for (uint32_t i = 0; i < 16; i++) {
		keys[i] = table_key(below(w, TABLE_KEYS));
		hashes[i] = flow_hash(&keys[i], table->secret);
	}
	flow_lookup_bulk(table, keys, hashes, 16, refs);
	for (uint32_t i = 0; i < 16; i++)
		CHECK(refs[i] == 0 || flow_line_has(&table->lines[refs[i] >> 1],
					      (enum flow_dir)(refs[i] & 1), &keys[i]));
	/* its own flows it must find */
	if (w->n_mine > 0) {
		uint32_t line = w->mine[below(w, w->n_mine)];
		struct flow_key key = flow_line_key(&table->lines[line], FLOW_REPLY);

		CHECK(flow_lookup(table, &key) == (line << 1 | FLOW_REPLY));
	}
}

static void step_table(struct worker *w)
{
	uint32_t what = below(w, 8);

	if (what < 4)
		table_insert(w);
	else if (what < 7 && w->n_mine > 0)
		table_kill(w);
	else
		table_lookup(w);
	if (below(w, 8) == 0)
		flow_pool_turn(&w->test->nat->flows, w->id);
}

/* ---- packets ---- */

/* No frame but, for IPv6, a header with addresses. */
struct header {
	uint8_t bytes[40];
};

static struct pw_pkt udp_packet(
	struct header *header, flow_addr src, uint16_t sport, flow_addr dst, uint16_t dport)
{
	struct pw_pkt pkt = {
		.flags = NAT_PKT_FAMILY | PW_PKT_HAS_PORTS,
		.data = header->bytes,
		.l4_proto = IPPROTO_UDP,
		.sport_be = sport,
		.dport_be = dport,
		.flow = PW_FLOW_NONE,
	};

#ifdef PW_NAT_V6
	pw_in6_store(header->bytes + 8, src);
	pw_in6_store(header->bytes + 24, dst);
#else
	pkt.src_be = src;
	pkt.dst_be = pkt.route_dst_be = dst;
#endif
	return pkt;
}

static void process_one(struct worker *w, struct pw_pkt *pkt)
{
	struct pw_pkt *batch[1] = {pkt};
	uint32_t now = __atomic_load_n(&w->test->now, __ATOMIC_RELAXED);

	CHECK(pw_nat_wants(w->test->nat, pkt));
	pw_nat_process(w->test->nat, w->id, batch, 1, now);
}

/* What pw_nat_rewrite would make of it. */
static struct flow_tuple translated(const struct worker *w, const struct pw_pkt *pkt)
{
	const union flow_line *line = &w->test->nat->flows.lines[pkt->flow];
	bool reply = pkt->flags & PW_PKT_NAT_REPLY;
	struct flow_tuple in = nat_pkt_key(pkt).t;

	CHECK(flow_tuple_equal(&line->tuple[reply], &in));
	return flow_tuple_reverse(&line->tuple[!reply]);
}

static void send_and_answer(struct worker *w, uint32_t src, uint16_t sport, uint32_t client)
{
	struct test *t = w->test;
	struct header headers[2];
	struct pw_pkt pkt = udp_packet(&headers[0], src, sport, VIP_BE, htons(80));

	w->packets++;
	process_one(w, &pkt);
	if (pkt.verdict != PW_VERDICT_CONTINUE) {
		w->retries += pkt.verdict == PW_VERDICT_RETRY;
		w->refused += pkt.verdict == PW_DROP_FLOW_FULL || pkt.verdict == PW_DROP_SNAT_PORTS;
		CHECK(t->changes || pkt.verdict == PW_VERDICT_RETRY);
		return;
	}
	CHECK(pkt.flags & PW_PKT_NAT);

	struct flow_tuple out = translated(w, &pkt);
	uint32_t none = 0, backend = (uint32_t)out.dst_be;

	if (!t->changes && !__atomic_compare_exchange_n(&t->backend[client], &none, backend, false,
				   __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		CHECK(none == backend); /* one backend a tuple */

	struct pw_pkt reply =
		udp_packet(&headers[1], out.dst_be, out.dport_be, out.src_be, out.sport_be);

	process_one(w, &reply);
	w->replies++;
	if (!(reply.flags & PW_PKT_NAT)) {
		CHECK(t->changes); /* its flow ended in between */
		w->untranslated++;
		return;
	}

	struct flow_tuple back = translated(w, &reply);

	/* The same line is in use for the whole of this step: no quiescent state in between. */
	if (reply.flow == pkt.flow) {
		CHECK(back.dst_be == src && back.dport_be == sport);
		CHECK(back.src_be == VIP_BE && back.sport_be == htons(80));
	} else {
		CHECK(t->changes);
	}
}

static void step_packets(struct worker *w)
{
	uint32_t client = below(w, CLIENTS);

	if (client % 16 == 0) /* an endpoint talks to its own Service: maybe a hairpin */
		send_and_answer(w, BACKEND(client / 16 % 4), htons(client), client);
	else
		send_and_answer(w, CLIENT(client), htons(1000), client);
	if (w->test->changes && client % 8 == 1) {
		struct header header;
		struct pw_pkt direct = udp_packet(
			&header, CLIENT(client), htons(1000), BACKEND(below(w, 4)), htons(8080));

		process_one(w, &direct);
	}
	pw_nat_age(w->test->nat, w->id, __atomic_load_n(&w->test->now, __ATOMIC_RELAXED), 16);
}

/* ---- threads ---- */

static void *run_worker(void *arg)
{
	struct worker *w = arg;
	struct test *t = w->test;

	pw_qsbr_online(t->qsbr, w->id);
	pthread_barrier_wait(&t->start);
	while (!__atomic_load_n(&t->stop, __ATOMIC_RELAXED)) {
		for (int i = 0; i < 4; i++)
			w->step(w);
		pw_qsbr_quiescent(t->qsbr, w->id);
		if (below(w, 64) == 0)
			sched_yield(); /* there may be fewer processors than workers */
	}
	pw_qsbr_offline(t->qsbr, w->id);
	return NULL;
}

static void set_endpoints(struct test *t, uint32_t first, uint32_t n)
{
	struct pw_nat_endpoint e[8];
	struct pw_nat_service svc = {
		.vip_be = VIP_BE,
		.port_be = htons(80),
		.proto = IPPROTO_UDP,
		.endpoints = e,
		.n_endpoints = n,
	};

	for (uint32_t i = 0; i < n; i++)
		e[i] = (struct pw_nat_endpoint){BACKEND(first + i), htons(8080)};
	CHECK(pw_nat_service_set(t->nat, &svc, NULL) == 0);
}

static void count_one(void *arg, const struct pw_flow_info *info)
{
	CHECK(info->proto == IPPROTO_UDP && info->state != NULL);
	(*(uint32_t *)arg)++;
}

static void control_step(struct test *t, uint32_t i)
{
	struct pw_flow_filter filter = {.client_be = i % 8 ? CLIENT(i % CLIENTS) : 0};
	uint32_t n = 0;

	pw_limbo_run(t->limbo, 64);
	if (!t->changes)
		return;
	set_endpoints(t, i % 4, i % 16 == 0 ? 0 : 1 + i % 4);
	pw_nat_flows(t->nat, &(struct pw_flow_filter){0}, 100, t->now, count_one, &n);
	if (i % 4 == 0)
		pw_nat_flush(t->nat, &filter);
	__atomic_store_n(&t->now, t->now + (i % 4 == 0 ? 31 : 1), __ATOMIC_RELAXED);
}

static void sum_up(struct test *t, const struct worker *w)
{
	for (unsigned k = 0; k < 5; k++)
		t->statuses[k] += w->statuses[k];
	t->packets += w->packets;
	t->replies += w->replies;
	t->untranslated += w->untranslated;
	t->retries += w->retries;
	t->refused += w->refused;
}

static void check_table(struct test *t, bool with_counters)
{
	struct flow_table *table = &t->nat->flows;
	struct pw_nat_stats stats;
	uint32_t live = 0;

	for (uint32_t i = 1; i < table->n_lines; i++) {
		if (flow_state_life(flow_state(&table->lines[i])) != FLOW_LIVE)
			continue;
		live++;
		for (unsigned dir = 0; dir < 2; dir++) {
			struct flow_key key = flow_line_key(&table->lines[i], (enum flow_dir)dir);

			CHECK(flow_lookup(table, &key) == (i << 1 | dir));
		}
	}
	pw_nat_stats(t->nat, &stats);
	CHECK(!with_counters || stats.used == live);
	printf("  live at the end: %u\n", live);
	if (with_counters)
		CHECK(pw_nat_flush(t->nat, &(struct pw_flow_filter){0}) == live);
}

static void check_nothing_left(struct test *t)
{
	struct flow_table *table = &t->nat->flows;
	uint32_t free_lines = 0;

	for (int i = 0; i < 10; i++) {
		pw_limbo_run(t->limbo, UINT32_MAX);
		for (uint32_t w = 0; w < WORKERS; w++)
			flow_pool_turn(table, w);
	}
	for (uint32_t i = 0; i < table->n_buckets; i++) {
		CHECK(table->buckets[i].overflow == 0);
		for (unsigned k = 0; k < FLOW_SLOTS; k++)
			CHECK(table->buckets[i].ref[k] == 0 && table->buckets[i].tag[k] == 0);
	}
	for (uint32_t w = 0; w < WORKERS; w++)
		while (flow_pool_get(table, w) != 0)
			free_lines++;
	CHECK(free_lines == table->n_lines - 1);
}

static void run_phase(
	const char *name, void (*step)(struct worker *w), uint32_t max_flows, bool changes)
{
	struct pw_nat_params params = {max_flows, 8, 32, WORKERS, 99};
	struct test t = {.changes = changes, .now = 1000};
	struct worker workers[WORKERS];
	pthread_t threads[WORKERS];

	t.qsbr = pw_qsbr_create(pw_alloc_heap(), WORKERS);
	t.limbo = pw_limbo_create(t.qsbr);
	t.nat = pw_nat_create(pw_alloc_heap(), t.limbo, &params);
	CHECK(t.nat != NULL);
	pw_nat_set_snat_address(t.nat, SNAT_BE);
	set_endpoints(&t, 0, 4);
	pthread_barrier_init(&t.start, NULL, WORKERS + 1);
	for (uint32_t i = 0; i < WORKERS; i++) {
		workers[i] = (struct worker){
			.test = &t, .id = i, .step = step, .rng = 0x9e3779b97f4a7c15u * (i + 1)};
		CHECK(pthread_create(&threads[i], NULL, run_worker, &workers[i]) == 0);
	}
	pthread_barrier_wait(&t.start);

	const char *ms = getenv("PW_STRESS_MS");
	uint64_t end = pw_clock_now_ns(pw_clock_boot()) +
		       (ms == NULL ? PHASE_MS : strtoull(ms, NULL, 10)) * PW_NS_PER_MSEC;

	for (uint32_t i = 1; pw_clock_now_ns(pw_clock_boot()) < end; i++)
		control_step(&t, i);
	__atomic_store_n(&t.stop, true, __ATOMIC_RELAXED);
	for (uint32_t i = 0; i < WORKERS; i++) {
		pthread_join(threads[i], NULL);
		sum_up(&t, &workers[i]);
	}
	printf("%s: inserted %lu exists %lu reply-taken %lu busy %lu no-line %lu; packets %lu "
	       "replies %lu untranslated %lu retries %lu refused %lu\n",
		name, t.statuses[0], t.statuses[1], t.statuses[2], t.statuses[3], t.statuses[4],
		t.packets, t.replies, t.untranslated, t.retries, t.refused);
	check_table(&t, step != step_table);
	if (step == step_table)
		for (uint32_t i = 0; i < WORKERS; i++)
			while (workers[i].n_mine > 0)
				table_kill(&workers[i]);
	check_nothing_left(&t);
	pw_nat_destroy(t.nat);
	pw_limbo_destroy(t.limbo);
	pw_qsbr_destroy(t.qsbr);
	pthread_barrier_destroy(&t.start);
}

int main(void)
{
	run_phase("table", step_table, 20000, false);
	run_phase("one_each", step_packets, 4096, false);
	run_phase("all", step_packets, 4096, true);
	return 0;
}
