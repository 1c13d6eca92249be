/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bench_lpm.c - routes by the million (P-15): how fast they load, how soon one change is seen, what a
 * lookup costs, and what both cost each other. `bench_lpm [--json FILE] [--quick]`
 *
 * Prefixes have the lengths of the Internet's tables (bgp.potaroo.net, 2024: IPv4 60 % /24, IPv6 48 %
 * /48), IPv6 with a node's own /64 and /128 among them; they nest, for each is taken out of an earlier
 * shorter one as often as not. Lookups are of addresses in them, 64 at a time. rte_lpm6 and rte_fib6
 * have the same prefixes, beside it.
 *
 * The churn runs with a reader beside the writer. All addresses are covered by routes that stay, so a
 * reader that misses, or gets what no route ever said, is an error: the exit code is then 1.
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_fib6.h>
#include <rte_lpm6.h>

#include "bench_json.h"
#include "pw_lpm4.h"
#include "pw_lpm6.h"
#include "pw_qsbr.h"
#include "pw_util.h"

#define BULK    64
#define N_KEYS  (1u << 18)
#define CHANGES 20000
#define COMMAND "scripts/bench.sh lpm"

struct prefix {
	struct pw_prefix_key key; /* IPv4 in the upper 32 bits */
	uint8_t len;
};

struct share {
	uint8_t len, percent;
};

static const struct share shares4[] = {{24, 60}, {23, 10}, {22, 11}, {21, 5}, {20, 5}, {19, 3},
	{18, 1}, {17, 1}, {16, 2}, {25, 1}, {32, 1}};
static const struct share shares6[] = {{48, 48}, {32, 12}, {44, 9}, {40, 9}, {36, 4}, {29, 3},
	{34, 2}, {46, 2}, {56, 1}, {64, 5}, {128, 5}};

struct family {
	const char *name;
	const struct share *shares;
	size_t n_shares;
	uint32_t n;
	double goal_load;
	struct prefix *prefixes;
	struct pw_prefix_key *keys;
	struct pw_lpm4 *lpm4;
	struct pw_lpm6 *lpm6;
	uint32_t churning; /* prefixes from here on come and go */
};

static uint64_t rng_state = 88172645463325252u;

static uint64_t rng(void)
{
	rng_state ^= rng_state << 13;
	rng_state ^= rng_state >> 7;
	rng_state ^= rng_state << 17;
	return rng_state * UINT64_C(0x2545f4914f6cdd1d);
}

static struct pw_prefix_key cut(struct pw_prefix_key key, uint8_t len)
{
	uint64_t hi = len == 0 ? 0 : len >= 64 ? UINT64_MAX : ~(UINT64_MAX >> len);
	uint64_t lo = len >= 128 ? UINT64_MAX : len <= 64 ? 0 : ~(UINT64_MAX >> (len - 64));

	return (struct pw_prefix_key){key.hi & hi, key.lo & lo};
}

static uint8_t random_len(const struct family *f)
{
	uint32_t dice = rng() % 100, sum = 0;

	for (size_t i = 0; i < f->n_shares; i++) {
		sum += f->shares[i].percent;
		if (dice < sum)
			return f->shares[i].len;
	}
	return f->shares[0].len;
}

/* Bits below an earlier, shorter prefix; or an address of its own: 2000::/3, or 1.0.0.0-223.x. */
static struct pw_prefix_key random_place(const struct family *f, uint32_t n, uint8_t len)
{
	struct pw_prefix_key key = {rng(), rng()};

	for (int tries = 0; tries < 4 && n > 0; tries++) {
		const struct prefix *p = &f->prefixes[rng() % n];
		struct pw_prefix_key below = cut(key, p->len);

		if (p->len >= len || rng() % 4 == 0)
			continue;
		key.hi = p->key.hi | (key.hi ^ below.hi);
		key.lo = p->key.lo | (key.lo ^ below.lo);
		return key;
	}
	if (f->lpm6 != NULL)
		key.hi = UINT64_C(0x2000) << 48 | (key.hi & UINT64_C(0x0fff3fffffffffff));
	else
		key.hi = key.hi % (UINT64_C(0xdf) << 56);
	return key;
}

static int set(struct family *f, const struct prefix *p, uint32_t value)
{
	if (f->lpm6 != NULL)
		return pw_lpm6_set(f->lpm6, p->key, p->len, value);
	return pw_lpm4_set(f->lpm4, pw_prefix_key_to_v4(p->key), p->len, value);
}

static int clear(struct family *f, const struct prefix *p)
{
	if (f->lpm6 != NULL)
		return pw_lpm6_clear(f->lpm6, p->key, p->len);
	return pw_lpm4_clear(f->lpm4, pw_prefix_key_to_v4(p->key), p->len);
}

static uint32_t look_up(const struct family *f, struct pw_prefix_key key)
{
	if (f->lpm6 != NULL)
		return pw_lpm6_lookup(f->lpm6, key);
	return pw_lpm4_lookup(f->lpm4, pw_prefix_key_to_v4(key));
}

/* Different prefixes, and addresses in them. */
static void make_prefixes(struct family *f)
{
	struct pw_prefix_tree *tree = pw_prefix_tree_create(pw_alloc_heap(), f->n);
	uint32_t n = 0;

	f->prefixes = calloc(f->n, sizeof(*f->prefixes));
	f->keys = calloc(N_KEYS, sizeof(*f->keys));
	while (n < f->n) {
		struct prefix p = {.len = random_len(f)};

		p.key = cut(random_place(f, n, p.len), p.len);
		if (pw_prefix_tree_insert(tree, p.key, p.len, n) == 0)
			f->prefixes[n++] = p;
	}
	for (uint32_t i = 0; i < N_KEYS; i++) {
		const struct prefix *p = &f->prefixes[rng() % n];
		struct pw_prefix_key key = {rng(), rng()}, below = cut(key, p->len);

		f->keys[i].hi = p->key.hi | (key.hi ^ below.hi);
		f->keys[i].lo = p->key.lo | (key.lo ^ below.lo);
	}
	pw_prefix_tree_destroy(tree);
}

/* Of this thread on a processor: the machine may have other work. */
static double cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static double seconds(uint64_t cycles)
{
	return (double)cycles / (double)rte_get_tsc_hz();
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void report(FILE *json, struct bench_row row)
{
	bench_print(&row);
	bench_json(json, &row, COMMAND);
}

static char *title(const struct family *f, const char *what)
{
	static char text[8][96];
	static unsigned next;
	char *to = text[next++ % 8];

	snprintf(to, sizeof(text[0]), "%s, %u prefixes: %s", f->name, f->n, what);
	return to;
}

static void bench_load(struct family *f, const char *order, FILE *json)
{
	double start = cpu_seconds();

	for (uint32_t i = 0; i < f->n; i++) {
		if (set(f, &f->prefixes[i], i) != 0) {
			fprintf(stderr, "prefix %u was refused\n", i);
			exit(1);
		}
	}
	double rate = f->n / (cpu_seconds() - start);

	report(json, (struct bench_row){"P-15", title(f, order), "routes/s", rate, rate, rate, 1,
			     f->goal_load, true});
}

static void bench_memory(const struct family *f, FILE *json)
{
	uint64_t bytes;

	if (f->lpm6 != NULL) {
		struct pw_lpm6_usage usage;

		pw_lpm6_usage(f->lpm6, &usage);
		bytes = usage.bytes;
	} else {
		struct pw_lpm4_usage usage;

		pw_lpm4_usage(f->lpm4, &usage);
		bytes = usage.bytes;
	}
	report(json, (struct bench_row){"", title(f, "memory"), "bytes/prefix",
			     (double)bytes / f->n, 0, 0, 1});
}

/* From the call until a lookup says so, in microseconds: the median and the worst of a hundred. */
static void bench_change(struct family *f, FILE *json)
{
	double *us = calloc(CHANGES, sizeof(*us));

	for (uint32_t i = 0; i < CHANGES; i++) {
		const struct prefix *p = &f->prefixes[rng() % f->n];
		uint32_t value = f->n + i;
		uint64_t start = rte_rdtsc();

		set(f, p, value);
		/* the first address may belong to a longer prefix */
		if (look_up(f, p->key) == UINT32_MAX)
			exit(1);
		us[i] = seconds(rte_rdtsc() - start) * 1e6;
	}
	qsort(us, CHANGES, sizeof(us[0]), compare);
	report(json,
		(struct bench_row){"P-15", title(f, "one change visible, 99 of 100 within"), "us",
			us[CHANGES / 100 * 99], us[0], us[CHANGES - 1], CHANGES, 1000, false});
	free(us);
}

static double lookup_cycles(const struct family *f, uint64_t *sum)
{
	static double bulks[N_KEYS / BULK];
	uint32_t values[BULK];

	for (uint32_t i = 0; i < N_KEYS; i += BULK) {
		uint32_t ips[BULK];

		for (uint32_t k = 0; k < BULK; k++)
			ips[k] = pw_prefix_key_to_v4(f->keys[i + k]);

		uint64_t start = rte_rdtsc();

		if (f->lpm6 != NULL)
			pw_lpm6_lookup_bulk(f->lpm6, &f->keys[i], values, BULK);
		else
			pw_lpm4_lookup_bulk(f->lpm4, ips, values, BULK);
		bulks[i / BULK] = (double)(rte_rdtsc() - start) / BULK;
		*sum += values[0];
	}
	qsort(bulks, N_KEYS / BULK, sizeof(bulks[0]), compare);
	return bulks[N_KEYS / BULK / 2];
}

static void bench_lookup(const struct family *f, FILE *json)
{
	uint64_t sum = 0;

	(void)lookup_cycles(f, &sum);
	report(json, (struct bench_row){"", title(f, "lookup"), "cycles", lookup_cycles(f, &sum), 0,
			     0, N_KEYS / BULK});
}

/* ---- DPDK's tables with the same prefixes ---- */

static void rte_bytes(struct pw_prefix_key key, uint8_t ip[16])
{
	pw_prefix_key_to_v6(key, ip);
}

static void bench_refs6(const struct family *f, FILE *json)
{
	struct rte_lpm6_config lpm_conf = {.max_rules = f->n + 8, .number_tbl8s = 1u << 19};
	struct rte_fib6_conf fib_conf = {.type = RTE_FIB6_TRIE,
		.default_nh = 0,
		.max_routes = (int)f->n + 8,
		.trie = {.nh_sz = RTE_FIB6_TRIE_4B, .num_tbl8 = 1u << 19}};
	struct rte_lpm6 *lpm = rte_lpm6_create("ref6", -1, &lpm_conf);
	struct rte_fib6 *fib = rte_fib6_create("reffib6", -1, &fib_conf);
	static uint8_t(*ips)[16];
	static double bulks[N_KEYS / BULK];
	double cpu = cpu_seconds();
	uint64_t start, sum = 0;
	uint32_t failed = 0;

	ips = malloc(N_KEYS * sizeof(*ips));
	for (uint32_t i = 0; i < N_KEYS; i++)
		rte_bytes(f->keys[i], ips[i]);
	for (uint32_t i = 0; lpm != NULL && i < f->n; i++) {
		uint8_t ip[16];

		rte_bytes(f->prefixes[i].key, ip);
		failed += rte_lpm6_add(lpm, ip, f->prefixes[i].len, i % 65536) != 0;
	}
	if (lpm != NULL) {
		double rate = f->n / (cpu_seconds() - cpu);

		report(json, (struct bench_row){"", "  rte_lpm6: load", "routes/s", rate, 0, 0, 1});
		for (uint32_t i = 0; i < N_KEYS; i += BULK) {
			int32_t hops[BULK];

			start = rte_rdtsc();
			rte_lpm6_lookup_bulk_func(lpm, &ips[i], hops, BULK);
			bulks[i / BULK] = (double)(rte_rdtsc() - start) / BULK;
			sum += (uint64_t)hops[0];
		}
		qsort(bulks, N_KEYS / BULK, sizeof(bulks[0]), compare);
		report(json, (struct bench_row){"", "  rte_lpm6: lookup", "cycles",
				     bulks[N_KEYS / BULK / 2], 0, 0, N_KEYS / BULK});
	}
	cpu = cpu_seconds();
	for (uint32_t i = 0; fib != NULL && i < f->n; i++) {
		uint8_t ip[16];

		rte_bytes(f->prefixes[i].key, ip);
		failed += rte_fib6_add(fib, ip, f->prefixes[i].len, i) != 0;
	}
	if (fib != NULL) {
		double rate = f->n / (cpu_seconds() - cpu);

		report(json, (struct bench_row){"", "  rte_fib6: load", "routes/s", rate, 0, 0, 1});
		for (uint32_t i = 0; i < N_KEYS; i += BULK) {
			uint64_t hops[BULK];

			start = rte_rdtsc();
			rte_fib6_lookup_bulk(fib, &ips[i], hops, BULK);
			bulks[i / BULK] = (double)(rte_rdtsc() - start) / BULK;
			sum += hops[0];
		}
		qsort(bulks, N_KEYS / BULK, sizeof(bulks[0]), compare);
		report(json, (struct bench_row){"", "  rte_fib6: lookup", "cycles",
				     bulks[N_KEYS / BULK / 2], 0, 0, N_KEYS / BULK});
	}
	if (failed > 0)
		printf("     (%u prefixes did not fit into DPDK's tables; sum %" PRIu64 ")\n",
			failed, sum);
	rte_lpm6_free(lpm);
	rte_fib6_free(fib);
	free(ips);
}

/* ---- churn ---- */

struct reader {
	const struct family *f;
	struct pw_qsbr *qsbr;
	uint32_t stop;
	uint64_t lookups, misses;
};

static void *reader_main(void *arg)
{
	struct reader *r = arg;
	uint32_t values[BULK], ips[BULK];

	pw_qsbr_online(r->qsbr, 0);
	for (uint32_t i = 0; !__atomic_load_n(&r->stop, __ATOMIC_RELAXED);
		i = (i + BULK) % N_KEYS) {
		for (uint32_t k = 0; k < BULK; k++)
			ips[k] = pw_prefix_key_to_v4(r->f->keys[i + k]);
		if (r->f->lpm6 != NULL)
			pw_lpm6_lookup_bulk(r->f->lpm6, &r->f->keys[i], values, BULK);
		else
			pw_lpm4_lookup_bulk(r->f->lpm4, ips, values, BULK);
		for (uint32_t k = 0; k < BULK; k++)
			r->misses += values[k] >= 3 * r->f->n;
		r->lookups += BULK;
		pw_qsbr_quiescent(r->qsbr, 0);
	}
	pw_qsbr_offline(r->qsbr, 0);
	return NULL;
}

/* Four short prefixes that stay cover everything; a tenth of the others comes and goes. */
static bool bench_churn(
	struct family *f, struct pw_qsbr *qsbr, struct pw_limbo *limbo, double for_sec, FILE *json)
{
	struct reader r = {.f = f, .qsbr = qsbr};
	uint32_t first = f->n - f->n / 10, changes = 0;
	pthread_t thread;

	for (uint64_t i = 0; i < 4; i++)
		set(f, &(struct prefix){{i << 62, 0}, 2}, (uint32_t)i);
	pthread_create(&thread, NULL, reader_main, &r);

	uint64_t start = rte_rdtsc();
	double cpu = cpu_seconds(), took;

	do {
		const struct prefix *p = &f->prefixes[first + rng() % (f->n / 10)];

		if (changes % 2 == 0)
			(void)clear(f, p);
		else
			(void)set(f, p, changes % f->n);
		changes++;
		if (changes % 64 == 0)
			pw_limbo_run(limbo, 4096);
		took = seconds(rte_rdtsc() - start);
	} while (took < for_sec);
	__atomic_store_n(&r.stop, 1, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	report(json, (struct bench_row){"", title(f, "changes with a reader beside"), "changes/s",
			     changes / (cpu_seconds() - cpu), 0, 0, changes});
	report(json, (struct bench_row){"", title(f, "lookups beside"), "lookups/s",
			     (double)r.lookups / took, 0, 0, 1});
	if (r.misses > 0)
		printf("     %" PRIu64 " WRONG ANSWERS\n", r.misses);
	return r.misses == 0 && r.lookups > 0;
}

static int in_order(const void *a, const void *b)
{
	const struct prefix *x = a, *y = b;

	if (x->key.hi != y->key.hi)
		return x->key.hi < y->key.hi ? -1 : 1;
	if (x->key.lo != y->key.lo)
		return x->key.lo < y->key.lo ? -1 : 1;
	return x->len - y->len;
}

static void shuffle(struct family *f)
{
	for (uint32_t i = f->n - 1; i > 0; i--) {
		uint32_t k = rng() % (i + 1);
		struct prefix t = f->prefixes[i];

		f->prefixes[i] = f->prefixes[k];
		f->prefixes[k] = t;
	}
}

static void make_table(struct family *f, struct pw_limbo *limbo)
{
	if (f->shares == shares6)
		f->lpm6 = pw_lpm6_create(pw_alloc_heap(), limbo, f->n + 16);
	else
		f->lpm4 = pw_lpm4_create(pw_alloc_heap(), limbo, f->n + 16);
	if (f->lpm4 == NULL && f->lpm6 == NULL) {
		fprintf(stderr, "no memory\n");
		exit(1);
	}
}

static bool bench_family(struct family *f, bool quick, FILE *json)
{
	struct pw_qsbr *qsbr = pw_qsbr_create(pw_alloc_heap(), 1);
	struct pw_limbo *limbo = pw_limbo_create(qsbr);
	bool ok;

	make_table(f, limbo);
	make_prefixes(f);
	qsort(f->prefixes, f->n, sizeof(f->prefixes[0]), in_order);
	bench_load(f, "load, in order of addresses", json); /* as routing daemons tell them */
	pw_lpm4_destroy(f->lpm4);
	pw_lpm6_destroy(f->lpm6);
	make_table(f, limbo);
	shuffle(f);
	bench_load(f, "load, in no order", json);
	bench_memory(f, json);
	bench_change(f, json);
	bench_lookup(f, json);
	if (f->lpm6 != NULL && !quick)
		bench_refs6(f, json);
	ok = bench_churn(f, qsbr, limbo, quick ? 0.5 : 3, json);
	pw_lpm4_destroy(f->lpm4);
	pw_lpm6_destroy(f->lpm6);
	pw_limbo_destroy(limbo);
	pw_qsbr_destroy(qsbr);
	free(f->prefixes);
	free(f->keys);
	return ok;
}

int main(int argc, char **argv)
{
	struct family v4 = {.name = "IPv4",
		.shares = shares4,
		.n_shares = PW_ARRAY_SIZE(shares4),
		.n = 1000000,
		.goal_load = 500000};
	struct family v6 = {.name = "IPv6",
		.shares = shares6,
		.n_shares = PW_ARRAY_SIZE(shares6),
		.n = 200000,
		.goal_load = 100000};
	const char *eal[] = {argv[0], "--no-pci", "--no-telemetry", "--no-shconf", "--log-level=3",
		"-l", "0", "-m", "2048", "--no-huge", NULL};
	FILE *json = NULL;
	bool quick = false;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--quick") == 0) {
			quick = true;
		} else if (strcmp(argv[i], "--json") == 0 && i + 1 < argc) {
			json = fopen(argv[++i], "w");
		} else {
			puts("usage: bench_lpm [--json FILE] [--quick: no DPDK tables, short "
			     "churn]");
			return 2;
		}
	}
	if (rte_eal_init(10, (char **)(uintptr_t)eal) < 0)
		return 1;

	bool ok = bench_family(&v4, quick, json);

	ok &= bench_family(&v6, quick, json);
	bench_json_end(json);
	return ok ? 0 : 1;
}
