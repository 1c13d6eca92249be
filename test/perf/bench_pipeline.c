/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bench_pipeline.c - cycles a packet that the pipeline adds, without drivers (rig.h).
 *
 * Windows of a millisecond with the pipeline and without take turns; the difference counts, and the
 * median of them. A window in which the thread was taken off its core is void, so that a machine
 * with other work still gives figures (the caches are the other work's, too, which large tables
 * feel). The packets that leave are checked by sample.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include <rte_cycles.h>
#include <rte_eal.h>

#include "rig_cases.h"
#include "rig_refs.h"

#define POOL_MBUFS 16384
#define WINDOW_SEC 0.001
#define TURNS      32 /* between two looks at the clock */
#define PAIRS_MAX  20000
#define PAIRS_MIN  15
#define NEW_ROUNDS 7
#define PATIENCE   10 /* times the time asked for, on a busy machine */

static const struct rig_case cases[] = {
	{"P-1", "L2, 64 FDB entries", RIG_L2, 64, 25},
	{"P-1", "L3, 1,000 routes", RIG_L3, 1000, 35},
	{"P-1", "Service NAT, 1,000 flows", RIG_NAT, 1000, 45},
	{"", "Service NAT, 1,000 flows, replies", RIG_REPLY, 1000},
	{"", "Service NAT, 1,000 flows, both ways", RIG_BOTH, 1000},
	{"", "L2, 64 FDB entries, IMIX", RIG_L2, 64, .imix = true},
	{"", "L3, 1,000 routes, IMIX", RIG_L3, 1000, .imix = true},
	{"", "Service NAT, 1,000 flows, IMIX", RIG_NAT, 1000, .imix = true},
	{"", "L3, 1,000 routes, partial sums", RIG_L3, 1000, .partial = true},
	{"", "Service NAT, 1,000 flows, partial sums", RIG_NAT, 1000, .partial = true},
	{"", "L2 of IPv6, 64 stations", RIG_L2_6, 64},
	{"", "L3 of IPv6, 1,000 routes", RIG_L3_6, 1000},
	{"", "Service NAT of IPv6, 1,000 UDP flows", RIG_NAT_6, 1000},
	{"P-2", "Service NAT, 64,512 flows", RIG_NAT, 64512},
	{"P-2", "Service NAT, 258,048 flows", RIG_NAT, 258048},
	{"P-2", "Service NAT, 1,032,192 flows", RIG_NAT, 1032192, 100},
	{"P-2", "Service NAT, 1,032,192 flows, Zipf", RIG_NAT, 1032192, .zipf = true},
	{"P-2", "Service NAT, 4,128,768 flows", RIG_NAT, 4128768, 110},
	{"P-2", "Service NAT, 16,515,072 flows", RIG_NAT, 16515072},
	{"P-3", "L3, 1,000,000 routes", RIG_L3, 1000000},
	{"P-6", "new connections, 258,048", RIG_NEW, 258048},
};

struct options {
	double seconds;
	uint32_t max_flows;
	uint64_t packets;
	const char *only;
	bool stages, refs;
	FILE *json;
};

/* ---- measuring ---- */

static long times_interrupted(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_nivcsw;
}

/* Cycles a packet (or lookup) of one window; < 0: void. */
struct loop {
	struct rig *rig;
	bool pipeline;
	const struct rig_ref *ref;
	void *table;
	uint32_t at;
	uint64_t sum;
};

static uint64_t loop_turns(struct loop *l)
{
	if (l->ref != NULL) {
		for (unsigned i = 0; i < TURNS; i++, l->at = (l->at + 64) & ((1u << 20) - 1))
			l->sum += l->ref->lookup(l->table, l->at);
		return TURNS * 64;
	}
	for (unsigned i = 0; i < TURNS; i++) {
		if (l->pipeline)
			rig_turn(l->rig);
		else
			rig_bare_turn(l->rig);
	}
	return TURNS * 64;
}

static double window(struct loop *l)
{
	const uint64_t length = (uint64_t)(WINDOW_SEC * (double)rte_get_tsc_hz());
	long before = times_interrupted();
	uint64_t start = rte_rdtsc(), packets = 0, now;

	do {
		packets += loop_turns(l);
		now = rte_rdtsc();
	} while (now - start < length);
	return times_interrupted() != before ? -1 : (double)(now - start) / (double)packets;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

struct figure {
	double median, low, high; /* low and high: of ten windows, one is below, one above */
	unsigned pairs;
};

static struct figure figure_of(double *values, unsigned n)
{
	qsort(values, n, sizeof(*values), compare);
	return (struct figure){values[n / 2], values[n / 10], values[n - 1 - n / 10], n};
}

/* a's windows, less b's if there is one. */
static struct figure measure(struct loop *a, struct loop *b, double seconds)
{
	static double net[PAIRS_MAX];
	uint64_t hz = rte_get_tsc_hz(), start = rte_rdtsc();
	uint64_t soon = start + (uint64_t)(seconds * (double)hz);
	uint64_t late = start + (uint64_t)(seconds * PATIENCE * (double)hz);
	unsigned n = 0;

	while (n < PAIRS_MAX && (rte_rdtsc() < soon || (n < PAIRS_MIN && rte_rdtsc() < late))) {
		double with = window(a), without = b != NULL ? window(b) : 0;

		if (with >= 0 && without >= 0)
			net[n++] = with - without;
	}
	if (n == 0)
		rig_die("not one window of a millisecond without interruption: the machine is too "
			"busy");
	return figure_of(net, n);
}

static struct figure measure_rig(struct rig *rig, double seconds)
{
	struct loop with = {.rig = rig, .pipeline = true}, without = {.rig = rig};

	rig_run(rig, PW_MAX(rig->source.n, 100000u)); /* warm */
	return measure(&with, &without, seconds);
}

/* Every flow once: whole passes over fresh tables, less what source and sink cost. */
static struct figure measure_new(
	struct rte_mempool *pool, const struct rig_case *c, uint64_t *wrong)
{
	double net[NEW_ROUNDS];

	for (unsigned r = 0; r < NEW_ROUNDS; r++) {
		struct rig *rig = rig_case_make(pool, c);
		struct loop without = {.rig = rig};
		double bare = measure(&without, NULL, 0.02).median;
		uint64_t start;

		rig->source.next = 0;
		start = rte_rdtsc();
		rig_run(rig, c->n);
		net[r] = (double)(rte_rdtsc() - start) / c->n - bare;
		*wrong += rig->sink.wrong;
		rig_free(rig);
	}
	return figure_of(net, NEW_ROUNDS);
}

/* ---- printing ---- */

/* Where the cycles go; the clock reads between the stages cost some themselves. */
static void print_stages(struct rig *rig)
{
	struct pw_dp_worker_stats stats, before;

	pw_dp_worker_stats(rig->dp, 0, &before);
	pw_dp_measure_cycles(rig->dp, true);
	rig_run(rig, 2000000);
	pw_dp_measure_cycles(rig->dp, false);
	pw_dp_worker_stats(rig->dp, 0, &stats);
	printf("      ");
	for (unsigned s = 0; s < PW_DP_STAGE_COUNT; s++) {
		uint64_t packets = stats.stages[s].packets - before.stages[s].packets;

		if (packets > 0)
			printf(" %s %.1f", pw_dp_stage_name((enum pw_dp_stage)s),
				(double)(stats.stages[s].cycles - before.stages[s].cycles) /
					(double)packets);
	}
	printf("\n");
}

static void print_json(FILE *json, const char *id, const char *what, const char *unit,
	const struct figure *f, double goal)
{
	struct utsname uts;

	uname(&uts);
	fprintf(json, "%s\n {\"id\": \"%s\", \"what\": \"%s\", \"value\": %.1f, \"unit\": \"%s\", ",
		ftell(json) == 0 ? "[" : ",", id, what, f->median, unit);
	fprintf(json,
		"\"peer\": null, \"min\": %.1f, \"max\": %.1f, \"pairs\": %u, \"ratio\": null, ",
		f->low, f->high, f->pairs);
	if (goal > 0)
		fprintf(json, "\"goal\": %.0f, \"met\": %s, ", goal,
			f->median <= goal ? "true" : "false");
	else
		fprintf(json, "\"goal\": null, \"met\": null, ");
	fprintf(json, "\"command\": \"scripts/bench.sh pipeline\", \"machine\": \"%s %s\"}",
		uts.machine, uts.release);
}

static void print_row(const struct options *o, const char *id, const char *what, const char *unit,
	const struct figure *f, double goal)
{
	printf("%-4s %-40s %7.1f (%.1f .. %.1f)", id, what, f->median, f->low, f->high);
	if (goal > 0)
		printf("  goal %.0f: x %.2f", goal, f->median / goal);
	printf("\n");
	fflush(stdout);
	if (o->json != NULL)
		print_json(o->json, id, what, unit, f, goal);
}

/* ---- rows ---- */

static uint64_t run_case(
	struct rte_mempool *pool, const struct rig_case *c, const struct options *o)
{
	uint64_t wrong = 0;
	struct figure f;

	if (c->traffic == RIG_NEW && o->packets == 0) {
		f = measure_new(pool, c, &wrong);
	} else {
		struct rig *rig = rig_case_make(pool, c);

		if (o->packets != 0)
			rig_run(rig, o->packets);
		else
			f = measure_rig(rig, o->seconds);
		wrong = rig->sink.wrong;
		if (o->stages)
			print_stages(rig);
		rig_free(rig);
	}
	if (o->packets == 0)
		print_row(o, c->id, c->what, "cycles/packet", &f, c->goal);
	if (wrong != 0)
		printf("     %" PRIu64 " WRONG PACKETS in the sample\n", wrong);
	return wrong;
}

static void run_ref(const struct rig_ref *ref, const struct options *o)
{
	struct loop loop = {.ref = ref, .table = ref->make(ref->n)};
	struct figure f = measure(&loop, NULL, o->seconds / 2);

	ref->free(loop.table);
	print_row(o, "", ref->what, "cycles/lookup", &f, 0);
}

static bool is_chosen(const char *what, const char *only)
{
	size_t n = strlen(only);

	if (n == 0 || only[n - 1] != '$')
		return strstr(what, only) != NULL;
	n--;
	return strlen(what) >= n && strncmp(what + strlen(what) - n, only, n) == 0;
}

static uint64_t run_all(struct rte_mempool *pool, const struct options *o)
{
	uint64_t wrong = 0;

	printf("%-4s %-40s %s\n", "", "",
		"cycles a packet: median (of ten windows, one below .. one above)");
	for (size_t i = 0; i < PW_ARRAY_SIZE(cases); i++) {
		if (cases[i].n <= o->max_flows && is_chosen(cases[i].what, o->only))
			wrong += run_case(pool, &cases[i], o);
	}
	if (!o->refs || o->packets != 0)
		return wrong;
	printf("%-4s %-40s %s\n", "", "", "cycles a lookup, 64 at a time, random keys, all found");
	for (unsigned i = 0; i < rig_n_refs; i++) {
		if (is_chosen(rig_refs[i].what, o->only))
			run_ref(&rig_refs[i], o);
	}
	return wrong;
}

static void help(void)
{
	puts("usage: bench_pipeline [options]\n"
	     "Cycles a packet that the pipeline adds, by scenario.\n"
	     "  --seconds S     for each scenario (1)\n"
	     "  --max-flows N   leave out what is larger (5,000,000)\n"
	     "  --only TEXT     scenarios whose name contains it (with TEXT$: ends so)\n"
	     "  --no-refs       no lookups of DPDK's tables\n"
	     "  --stages        cycles of each stage, too\n"
	     "  --packets N     no clock: send N packets, to count instructions with\n"
	     "                  valgrind --tool=callgrind --toggle-collect=worker_turn\n"
	     "  --core N        (1)\n"
	     "  --huge          memory on hugepages\n"
	     "  --json FILE");
}

static const struct option long_options[] = {{"seconds", required_argument, NULL, 's'},
	{"max-flows", required_argument, NULL, 'm'}, {"json", required_argument, NULL, 'j'},
	{"huge", no_argument, NULL, 'g'}, {"packets", required_argument, NULL, 'p'},
	{"only", required_argument, NULL, 'o'}, {"stages", no_argument, NULL, 't'},
	{"no-refs", no_argument, NULL, 'n'}, {"core", required_argument, NULL, 'c'},
	{"help", no_argument, NULL, 'h'}, {0}};

int main(int argc, char **argv)
{
	struct options o = {.seconds = 1, .max_flows = 5000000, .only = "", .refs = true};
	const char *eal[] = {argv[0], "--no-pci", "--no-telemetry", "--no-shconf", "--log-level=3",
		"-l", "1", "-m", "1024", "--no-huge", NULL};
	int n_eal = 10, opt;
	struct rte_mempool *pool;
	uint64_t wrong;

	while ((opt = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		switch (opt) {
		case 's':
			o.seconds = atof(optarg);
			break;
		case 'm':
			o.max_flows = (uint32_t)atol(optarg);
			break;
		case 'j':
			o.json = fopen(optarg, "w");
			if (o.json == NULL)
				rig_die("cannot write the JSON file");
			break;
		case 'p':
			o.packets = strtoull(optarg, NULL, 10);
			break;
		case 'o':
			o.only = optarg;
			break;
		case 't':
			o.stages = true;
			break;
		case 'n':
			o.refs = false;
			break;
		case 'c':
			eal[6] = optarg;
			break;
		case 'g':
			n_eal = 9;
			break;
		default:
			help();
			return opt == 'h' ? 0 : 2;
		}
	}
	eal[n_eal] = NULL;
	if (rte_eal_init(n_eal, (char **)(uintptr_t)eal) < 0)
		rig_die("the EAL does not start; with --huge, are there hugepages?");
	pool = rte_pktmbuf_pool_create("bench", POOL_MBUFS, 256, 0, 2176, SOCKET_ID_ANY);
	if (pool == NULL)
		rig_die("no packet memory");
	wrong = run_all(pool, &o);
	if (o.json != NULL) {
		fprintf(o.json, "\n]\n");
		fclose(o.json);
	}
	return wrong == 0 ? 0 : 1;
}
