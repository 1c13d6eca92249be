/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * interleave_flow.c - the shipped insert, kill, reuse and lookup under every interleaving of two or
 * three workers with a bounded number of preemptions.
 *
 * Workers are coroutines that may be switched at each PW_RACE_POINT(). A run is a list of choices;
 * after it the last choice with an untried alternative is changed, and all is done again from an
 * empty table. A preemption bound (Musuvathi, Qadeer 2007) keeps this finite: a bug that needs few
 * switches is found for certain. Buckets have two slots, so that overflow is common. Only
 * sequential consistency is explored; orders of single accesses are TSAN's business
 * (stress_flow.c).
 *
 * Afterwards the checker itself is checked: every bug of flow_hook.h must make some scenario fail.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "flow_hook.h"
#include "flow_pool.h"
#include "flow_table.h"

#define THREADS_MAX 3
#define STACK_SIZE  (64 * 1024)
#define CHOICES_MAX 1024
#define MAX_FLOWS   8

/* ---- the scheduler ---- */

struct choice {
	uint8_t taken, n; /* 0: go on; k: the k-th other runnable thread */
};

struct scheduler {
	ucontext_t main, thread[THREADS_MAX];
	void *stack[THREADS_MAX];
	bool finished[THREADS_MAX];
	unsigned n_threads, current, preemptions, bound;
	bool active;
	struct choice choice[CHOICES_MAX];
	unsigned n_choices, at;
	uint64_t runs;
	enum flow_bug bug;
};

static struct scheduler sched;

/* The alternative to take now: as the list says, or the first. */
static unsigned choose(unsigned n)
{
	if (n <= 1)
		return 0;
	if (sched.at == CHOICES_MAX)
		abort();
	if (sched.at == sched.n_choices)
		sched.choice[sched.n_choices++] = (struct choice){0, (uint8_t)n};
	return sched.choice[sched.at++].taken;
}

static bool next_run(void)
{
	while (sched.n_choices > 0) {
		struct choice *last = &sched.choice[sched.n_choices - 1];

		if (++last->taken < last->n)
			return true;
		sched.n_choices--;
	}
	return false;
}

/* The k-th (from 1) runnable thread other than the current one. */
static unsigned other(unsigned k)
{
	for (unsigned i = 0; i < sched.n_threads; i++)
		if (i != sched.current && !sched.finished[i] && --k == 0)
			return i;
	abort();
}

static unsigned n_others(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < sched.n_threads; i++)
		n += i != sched.current && !sched.finished[i];
	return n;
}

static void switch_to(unsigned thread)
{
	unsigned old = sched.current;

	sched.current = thread;
	swapcontext(&sched.thread[old], &sched.thread[thread]);
}

void pw_race_hook(void);
void pw_race_hook(void)
{
	if (!sched.active || sched.preemptions == sched.bound)
		return;

	unsigned k = choose(1 + n_others());

	if (k == 0)
		return;
	sched.preemptions++;
	switch_to(other(k));
}

bool flow_hook_bug(enum flow_bug bug)
{
	return sched.bug == bug;
}

/* ---- what the workers do ---- */

struct world {
	struct pw_qsbr *qsbr;
	struct pw_limbo *limbo;
	struct flow_table table;
	enum flow_status status[THREADS_MAX];
	uint32_t ref[THREADS_MAX];
	const char *error;
};

static struct world world;

static const uint64_t secret[2] = {UINT64_C(0x9e3779b97f4a7c15), UINT64_C(0xbf58476d1ce4e5b9)};
static struct flow_key keys[16]; /* 0..7 have the home bucket 0, the others elsewhere */

static void fail(const char *error)
{
	if (world.error == NULL)
		world.error = error;
}

static enum flow_status insert(unsigned t, unsigned orig, unsigned reply)
{
	struct flow_new f = {
		.orig = keys[orig],
		.reply = keys[reply],
		.info = flow_info(IPPROTO_UDP, 0, FLOW_ID_NONE, 0),
	};

	world.status[t] = flow_insert(&world.table, t, &f, &world.ref[t]);
	if (world.status[t] == FLOW_EXISTS &&
		!flow_line_has(&world.table.lines[world.ref[t] >> 1],
			(enum flow_dir)(world.ref[t] & 1), &keys[orig]))
		fail("EXISTS, but not this key");
	return world.status[t];
}

static void kill_key(unsigned t, unsigned key)
{
	uint32_t ref = flow_lookup(&world.table, &keys[key]);

	if (ref != 0)
		flow_kill(&world.table, t, ref >> 1, flow_state(&world.table.lines[ref >> 1]));
}

static void quiet(unsigned t)
{
	flow_pool_turn(&world.table, t);
	pw_qsbr_quiescent(world.qsbr, t);
}

/* As a packet does: finds a flow, and uses its translation a little later. */
static void look(unsigned t, unsigned key)
{
	uint32_t ref = flow_lookup(&world.table, &keys[key]);

	for (int i = 0; i < 3; i++) {
		PW_RACE_POINT();
		if (ref != 0 && !flow_line_has(&world.table.lines[ref >> 1],
					(enum flow_dir)(ref & 1), &keys[key]))
			fail("a line changed in the hands of a reader");
	}
	quiet(t);
}

static void same_key(unsigned t)
{
	insert(t, 0, 8 + t); /* one client, two backends */
}

static void same_flow(unsigned t)
{
	insert(t, 0, 8);
}

static void crossed(unsigned t)
{
	insert(t, t ? 8 : 0, t ? 0 : 8); /* one's original key is the other's reply key */
}

static void same_reply(unsigned t)
{
	insert(t, t, 8); /* two clients need one source port */
}

static void ring(unsigned t)
{
	insert(t, 8 + t, 8 + (t + 1) % THREADS_MAX); /* each is in the next one's way */
}

static void kill_and_insert(unsigned t)
{
	if (t == 0) {
		kill_key(0, 0);
		quiet(0);
	}
	insert(t, 0, 9 + t);
}

static void reuse(unsigned t)
{
	if (t == 1) {
		look(1, 0);
		return;
	}
	kill_key(0, 0);
	for (int i = 0; i < 3; i++)
		quiet(0);
	insert(0, 9, 10);
	insert(0, 11, 12);
}

/* Home bucket 0 is full. One worker must put key 4 into the next bucket, the other makes room in
 * the home and puts it there. */
static void overflow(unsigned t)
{
	if (t == 1)
		kill_key(1, 0);
	insert(t, 4, 12 + t);
}

static void fill_none(void)
{
}

static void fill_one(void)
{
	insert(0, 0, 8);
}

static void fill_home(void)
{
	for (unsigned i = 0; i < FLOW_SLOTS; i++)
		insert(0, i, 8 + i);
}

static const struct scenario {
	const char *name;
	unsigned n_threads, bound;
	bool someone_inserts;
	void (*before)(void);
	void (*run)(unsigned thread);
} scenarios[] = {
	{"same key, two flows", 2, 4, true, fill_none, same_key},
	{"same flow", 2, 4, true, fill_none, same_flow},
	{"keys crossed", 2, 4, true, fill_none, crossed},
	{"same reply key", 2, 4, true, fill_none, same_reply},
	{"kill and insert", 2, 4, false, fill_one, kill_and_insert},
	{"kill and reuse", 2, 4, false, fill_one, reuse},
	{"overflow", 2, 3, false, fill_home, overflow},
	{"same key, three workers", 3, 3, true, fill_none, same_key},
	{"same flow, three workers", 3, 3, true, fill_none, same_flow},
	{"ring of three", 3, 3, true, fill_none, ring},
};

/* ---- one run ---- */

static void find_keys(void)
{
	uint32_t here = 0, there = 8;
	struct flow_table *table = &world.table;

	for (uint32_t i = 1; here < 8 || there < 16; i++) {
		struct flow_key key = {.t = {i, 2, 3, 4}, .proto = IPPROTO_UDP};
		long home = flow_home(table, flow_hash(&key, secret)) - table->buckets;

		if (home == 0 && here < 8)
			keys[here++] = key;
		else if (home >= 4 && there < 16)
			keys[there++] = key;
	}
}

static void world_open(unsigned n_threads)
{
	memset(&world, 0, sizeof(world));
	world.qsbr = pw_qsbr_create(pw_alloc_heap(), n_threads);
	world.limbo = pw_limbo_create(world.qsbr);
	if (flow_table_init(&world.table, pw_alloc_heap(), world.limbo, MAX_FLOWS * 4, n_threads,
		    secret, NULL) < 0)
		abort();
	for (unsigned i = 0; i < n_threads; i++)
		pw_qsbr_online(world.qsbr, i);
}

static void world_close(void)
{
	flow_table_fini(&world.table);
	pw_limbo_destroy(world.limbo);
	pw_qsbr_destroy(world.qsbr);
}

static void check_keys(void)
{
	struct flow_table *table = &world.table;
	uint32_t holders[16] = {0}, slots = 0, live = 0;

	for (uint32_t i = 1; i < table->n_lines; i++) {
		if (flow_state_life(flow_state(&table->lines[i])) != FLOW_LIVE)
			continue;
		live++;
		for (unsigned d = 0; d < 2; d++) {
			struct flow_key key = flow_line_key(&table->lines[i], (enum flow_dir)d);

			if (flow_lookup(table, &key) != (i << 1 | d))
				fail("a key of a live flow does not lead to it");
			for (unsigned k = 0; k < 16; k++)
				holders[k] += flow_tuple_equal(&keys[k].t, &key.t);
		}
	}
	for (unsigned k = 0; k < 16; k++)
		if (holders[k] > 1)
			fail("two live flows have one key");
	for (uint32_t b = 0; b < table->n_buckets; b++)
		for (unsigned s = 0; s < FLOW_SLOTS; s++)
			slots += table->buckets[b].ref[s] != 0;
	if (slots != 2 * live)
		fail("a slot was lost");
}

static void check_end(const struct scenario *s)
{
	bool inserted = false;

	for (unsigned t = 0; t < s->n_threads; t++) {
		if (world.status[t] == FLOW_NO_LINE)
			fail("no line");
		inserted |= world.status[t] == FLOW_INSERTED;
	}
	if (s->someone_inserts && !inserted)
		fail("nobody inserted");
	check_keys();
}

static const struct scenario *scenario;

static void thread_main(void)
{
	scenario->run(sched.current);
	pw_qsbr_offline(world.qsbr, sched.current);
	sched.finished[sched.current] = true;

	unsigned n = n_others();

	if (n == 0) {
		setcontext(&sched.main);
		abort();
	}
	sched.current = other(1 + choose(n));
	setcontext(&sched.thread[sched.current]);
}

static void run_once(void)
{
	memset(sched.finished, 0, sizeof(sched.finished));
	sched.at = 0;
	sched.preemptions = 0;
	sched.n_threads = scenario->n_threads;
	sched.bound = scenario->bound;
	for (unsigned i = 0; i < sched.n_threads; i++) {
		getcontext(&sched.thread[i]);
		sched.thread[i].uc_stack.ss_sp = sched.stack[i];
		sched.thread[i].uc_stack.ss_size = STACK_SIZE;
		sched.thread[i].uc_link = NULL;
		makecontext(&sched.thread[i], thread_main, 0);
	}
	sched.active = true;
	sched.current = sched.n_threads; /* none: which one begins is a choice */
	sched.current = other(1 + choose(n_others()));
	swapcontext(&sched.main, &sched.thread[sched.current]);
	sched.active = false;
	sched.runs++;
}

/* NULL, or what went wrong in the first run that failed. */
static const char *explore(const struct scenario *s, enum flow_bug bug)
{
	const char *error = NULL;

	scenario = s;
	sched.bug = bug;
	sched.n_choices = 0;
	sched.runs = 0;
	do {
		world_open(s->n_threads);
		s->before();
		run_once();
		check_end(s);
		error = world.error;
		world_close();
	} while (error == NULL && next_run());
	return error;
}

static int check_shipped(void)
{
	int failed = 0;

	for (size_t i = 0; i < PW_ARRAY_SIZE(scenarios); i++) {
		const char *error = explore(&scenarios[i], FLOW_BUG_NONE);

		printf("%-26s %8lu runs, <= %u preemptions: %s\n", scenarios[i].name, sched.runs,
			scenarios[i].bound, error == NULL ? "ok" : error);
		failed |= error != NULL;
	}
	return failed;
}

static int check_bugs(void)
{
	int failed = 0;

	for (int bug = FLOW_BUG_NONE + 1; bug < FLOW_BUG_COUNT; bug++) {
		const char *error = NULL;
		size_t i = 0;

		for (; i < PW_ARRAY_SIZE(scenarios) && error == NULL; i++)
			error = explore(&scenarios[i], (enum flow_bug)bug);
		printf("seeded bug %d: %s%s%s\n", bug, error ? scenarios[i - 1].name : "NOT FOUND",
			error ? ": " : "", error ? error : "");
		failed |= error == NULL;
	}
	return failed;
}

int main(void)
{
	for (unsigned i = 0; i < THREADS_MAX; i++)
		sched.stack[i] = malloc(STACK_SIZE);
	world_open(1);
	find_keys();
	world_close();

	int failed = check_shipped();

	failed |= check_bugs();
	for (unsigned i = 0; i < THREADS_MAX; i++)
		free(sched.stack[i]);
	return failed;
}
