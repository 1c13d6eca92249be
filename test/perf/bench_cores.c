/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bench_cores.c - the way between two cores: `bench_cores A B` prints the nanoseconds that a cache line takes
 * from A to B and back, the least of many batches, so that a busy machine does not matter. Takes 50 ms.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define BATCH      200
#define RUN_NS     50000000
#define BUSY_TURNS 10000 /* then the other one's core may be in use: by us, if it is the same one */

static _Alignas(128) atomic_uint ball;
static _Alignas(128) atomic_bool over;

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static bool stay_on(int core)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(core, &set);
	return pthread_setaffinity_np(pthread_self(), sizeof(set), &set) == 0;
}

/* Waits for the ball to be at `side`; false: the other one has ended. */
static bool wait_for(unsigned side)
{
	unsigned turns = 0;

	while ((atomic_load_explicit(&ball, memory_order_acquire) & 1) != side) {
		if (atomic_load_explicit(&over, memory_order_relaxed))
			return false;
		if (++turns % BUSY_TURNS == 0)
			sched_yield();
	}
	return true;
}

static void *other(void *core)
{
	if (!stay_on(*(int *)core))
		atomic_store(&over, true);
	while (wait_for(1))
		atomic_fetch_add_explicit(&ball, 1, memory_order_release);
	return NULL;
}

static uint64_t batch(void)
{
	uint64_t start = now_ns();

	for (int i = 0; i < BATCH && wait_for(0); i++)
		atomic_fetch_add_explicit(&ball, 1, memory_order_release);
	return wait_for(0) ? (now_ns() - start) / BATCH : UINT64_MAX;
}

int main(int argc, char **argv)
{
	int a = argc == 3 ? atoi(argv[1]) : -1, b = argc == 3 ? atoi(argv[2]) : -1;
	uint64_t least = UINT64_MAX, end = now_ns() + RUN_NS;
	pthread_t thread;

	if (a < 0 || b < 0) {
		fputs("usage: bench_cores CORE CORE\n", stderr);
		return 2;
	}
	if (!stay_on(a) || pthread_create(&thread, NULL, other, &b) != 0)
		return 1;
	do {
		uint64_t ns = batch();

		if (ns < least)
			least = ns;
	} while (now_ns() < end && !atomic_load(&over));
	atomic_store(&over, true);
	pthread_join(thread, NULL);
	if (least == UINT64_MAX) {
		fprintf(stderr, "bench_cores: no cores %d and %d\n", a, b);
		return 1;
	}
	printf("%lu\n", (unsigned long)least);
	return 0;
}
