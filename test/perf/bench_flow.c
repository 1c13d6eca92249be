/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bench_flow.c - what the flow table costs, without packets: `bench_flow [repetitions]`.
 *
 * For a ladder of table sizes, each filled to its size, in permuted (DRAM-hostile) order and in
 * bulk of 64, median of bulks and repetitions, in cycles of the time stamp counter:
 *   lookup   hash + prefetch of the bucket, tags, line, key
 *   process  pw_nat_process() of established flows' packets (metadata only, no frame)
 *   insert   pw_nat_process() of the first packet of a flow: VIP, choice, two keys
 * Prints figures and judges nothing; tables are on 2 MB pages if the kernel gives them.
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <rte_cycles.h>

#include "nat_priv.h"

#define BULK    64
#define MAX_REP 32

static void *huge_zalloc(const struct pw_alloc *alloc, const char *what, size_t size)
{
	size_t rounded = (size + (2u << 20) - 1) & ~(size_t)((2u << 20) - 1);
	void *ptr;

	if (size < (2u << 20))
		return pw_zalloc(pw_alloc_heap(), what, size);
	ptr = aligned_alloc(2u << 20, rounded);
	if (ptr != NULL) {
		madvise(ptr, rounded, MADV_HUGEPAGE);
		memset(ptr, 0, rounded);
	}
	return ptr;
}

static void huge_free(const struct pw_alloc *alloc, void *ptr)
{
	free(ptr);
}

static const struct pw_alloc huge = {.zalloc = huge_zalloc, .free = huge_free};

struct bench {
	struct pw_qsbr *qsbr;
	struct pw_limbo *limbo;
	struct pw_nat *nat;
	uint32_t n;
	uint32_t *order;
};

static const uint32_t vip_be = 0x0a00600a;

static struct flow_tuple tuple_of(uint32_t i)
{
	return (struct flow_tuple){
		htonl(0x0b000000 + i / 50000), vip_be, htons((uint16_t)(1024 + i % 50000)), 80};
}

static struct pw_pkt packet_of(uint32_t i)
{
	struct flow_tuple t = tuple_of(i);

	return (struct pw_pkt){
		.flags = PW_PKT_IPV4 | PW_PKT_HAS_PORTS,
		.l4_proto = IPPROTO_UDP,
		.src_be = t.src_be,
		.dst_be = t.dst_be,
		.sport_be = t.sport_be,
		.dport_be = t.dport_be,
	};
}

static uint64_t rng_state = 88172645463325252u;

static uint32_t rng(uint32_t n)
{
	rng_state ^= rng_state << 13;
	rng_state ^= rng_state >> 7;
	rng_state ^= rng_state << 17;
	return (uint32_t)((rng_state >> 32) * n >> 32);
}

static void shuffle(struct bench *b)
{
	for (uint32_t i = b->n - 1; i > 0; i--) {
		uint32_t k = rng(i + 1), t = b->order[i];

		b->order[i] = b->order[k];
		b->order[k] = t;
	}
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median_of(double *values, uint32_t n)
{
	qsort(values, n, sizeof(values[0]), compare);

	double middle = values[n / 2];

	free(values);
	return middle;
}

/* Median over the bulks: one bulk that was interrupted does not count. */
static double run_process(struct bench *b)
{
	struct pw_pkt pkts[BULK], *ptrs[BULK];
	double *cycles = malloc((b->n / BULK) * sizeof(*cycles));

	for (uint32_t i = 0; i + BULK <= b->n; i += BULK) {
		for (uint32_t k = 0; k < BULK; k++) {
			pkts[k] = packet_of(b->order[i + k]);
			ptrs[k] = &pkts[k];
		}
		uint64_t start = rte_rdtsc_precise();

		pw_nat_process(b->nat, 0, ptrs, BULK, 1000);
		cycles[i / BULK] = (double)(rte_rdtsc_precise() - start) / BULK;
	}
	return median_of(cycles, b->n / BULK);
}

static double run_lookup(struct bench *b)
{
	const struct flow_table *table = &b->nat->flows;
	uint64_t found = 0;
	double *cycles = malloc((b->n / BULK) * sizeof(*cycles));

	for (uint32_t i = 0; i + BULK <= b->n; i += BULK) {
		struct flow_key keys[BULK];
		uint64_t hashes[BULK];
		uint32_t refs[BULK];

		for (uint32_t k = 0; k < BULK; k++)
			keys[k] = (struct flow_key){tuple_of(b->order[i + k]), IPPROTO_UDP};
		uint64_t start = rte_rdtsc_precise();

		for (uint32_t k = 0; k < BULK; k++) {
			hashes[k] = flow_hash(&keys[k], table->secret);
			__builtin_prefetch(flow_home(table, hashes[k]));
		}
		flow_lookup_bulk(table, keys, hashes, BULK, refs);
		cycles[i / BULK] = (double)(rte_rdtsc_precise() - start) / BULK;
		for (uint32_t k = 0; k < BULK; k++)
			found += refs[k] != 0;
	}
	if (found != b->n / BULK * BULK)
		printf("(found %" PRIu64 " of %u) ", found, b->n);
	return median_of(cycles, b->n / BULK);
}

static double median(struct bench *b, double (*run)(struct bench *b), unsigned rep)
{
	double results[MAX_REP];

	for (unsigned i = 0; i < rep; i++) {
		shuffle(b);
		results[i] = run(b);
	}
	qsort(results, rep, sizeof(results[0]), compare);
	return results[rep / 2];
}

static void bench_size(uint32_t n, unsigned rep)
{
	struct pw_nat_endpoint e[16];
	struct pw_nat_service svc = {.vip_be = vip_be,
		.port_be = 80,
		.proto = IPPROTO_UDP,
		.endpoints = e,
		.n_endpoints = 16};
	struct pw_nat_params params = {
		.max_flows = n,
		.max_services = 1024,
		.max_endpoints = 4096,
		.n_workers = 1,
		.seed = 42,
	};
	struct bench b = {.n = n};

	b.qsbr = pw_qsbr_create(pw_alloc_heap(), 1);
	b.limbo = pw_limbo_create(b.qsbr);
	b.nat = pw_nat_create(&huge, b.limbo, &params);
	b.order = malloc(n * sizeof(*b.order));
	if (b.nat == NULL || b.order == NULL) {
		printf("%9u  no memory\n", n);
		exit(1);
	}
	for (uint32_t i = 0; i < n; i++)
		b.order[i] = i;
	shuffle(&b);
	for (uint32_t i = 0; i < 16; i++)
		e[i] = (struct pw_nat_endpoint){htonl(0x0af40000 + i), htons(8080)};
	pw_nat_service_set(b.nat, &svc, NULL);

	/* The rest below a bulk of 64 is not inserted, nor looked up. */
	double insert = run_process(&b);
	unsigned warm = n < 100000 ? 31 : rep;

	b.n = n / BULK * BULK;
	/* what the first run inserted, in whatever order it comes */
	double lookup = median(&b, run_lookup, warm);
	double process = median(&b, run_process, warm);
	struct pw_nat_stats stats;

	pw_nat_stats(b.nat, &stats);
	printf("%9u  %8.1f  %8.1f  %8.1f   %u flows, %.1f bytes each\n", n, lookup, process, insert,
		stats.used, 64.0 * ((double)b.nat->flows.n_buckets + b.nat->flows.n_lines) / n);
	pw_nat_destroy(b.nat);
	pw_limbo_destroy(b.limbo);
	pw_qsbr_destroy(b.qsbr);
	free(b.order);
}

int main(int argc, char **argv)
{
	static const uint32_t ladder[] = {1024, 16384, 64512, 258048, 1032192, 4128768};
	unsigned rep = argc > 1 ? (unsigned)atoi(argv[1]) : 7;

	rep = PW_MIN(PW_MAX(rep, 1u), (unsigned)MAX_REP);
	printf("    flows    lookup   process    insert   (cycles each)\n");
	for (size_t i = 0; i < PW_ARRAY_SIZE(ladder); i++)
		bench_size(ladder[i], rep);
	return 0;
}
