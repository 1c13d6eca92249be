/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stress.h - a few threads against one container for a second (PW_STRESS_MS changes that).
 *
 * A broken invariant ends the process with a message; a race ends it with ThreadSanitizer's report.
 */
#ifndef STRESS_H
#define STRESS_H

#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "pw_clock.h"
#include "pw_limbo.h"
#include "pw_qsbr.h"
#include "pw_util.h"

#define STRESS_READERS 3

/* assert() would do, but not in a build with NDEBUG. */
#define CHECK(cond)                                                                                \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond);                 \
			_Exit(1);                                                                  \
		}                                                                                  \
	} while (0)

struct stress;

struct stress_thread {
	struct stress *stress;
	uint32_t id; /* of a reader: its QSBR number */
	uint64_t random;
	uint64_t rounds;
	pthread_t thread;
	void *(*main)(void *);
};

struct stress {
	struct pw_qsbr *qsbr;
	struct pw_limbo *limbo;
	void *arg;
	uint64_t end_ns;
	bool stop; /* atomic */
	struct stress_thread readers[STRESS_READERS];
	struct stress_thread writer; /* runs in the calling thread */
};

static inline uint32_t stress_random(struct stress_thread *thread) /* xorshift64* */
{
	thread->random ^= thread->random >> 12;
	thread->random ^= thread->random << 25;
	thread->random ^= thread->random >> 27;
	return (uint32_t)(thread->random * UINT64_C(0x2545f4914f6cdd1d) >> 32);
}

static inline void stress_init(struct stress *stress, void *arg)
{
	stress->qsbr = pw_qsbr_create(pw_alloc_heap(), STRESS_READERS);
	stress->limbo = pw_limbo_create(stress->qsbr);
	stress->arg = arg;
	CHECK(stress->qsbr != NULL && stress->limbo != NULL);
	stress->writer = (struct stress_thread){.stress = stress, .random = 88172645463325252};
}

static inline void stress_start(struct stress *stress, void *(*reader)(void *))
{
	const char *ms = getenv("PW_STRESS_MS");

	stress->end_ns = pw_clock_now_ns(pw_clock_boot()) +
			 (ms == NULL ? 1000 : strtoull(ms, NULL, 10)) * PW_NS_PER_MSEC;
	for (uint32_t i = 0; i < STRESS_READERS; i++) {
		struct stress_thread *thread = &stress->readers[i];

		*thread = (struct stress_thread){.stress = stress, .id = i, .random = i + 1};
		CHECK(pthread_create(&thread->thread, NULL, reader, thread) == 0);
	}
}

/* For sources built with PW_RACE_HOOK (pw_race.h): gives way at one point in 16, naps at one in
 * 512, so that others come to do a lot in between. */
void pw_race_hook(void);
void pw_race_hook(void)
{
	static _Thread_local uint32_t calls;

	calls++;
	if (calls % 512 == 0)
		nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
	else if (calls % 16 == 0)
		sched_yield();
}

/* The writer's loop condition; looks at the clock now and then. */
static inline bool stress_goes_on(struct stress *stress)
{
	return stress->writer.rounds++ % 64 != 0 ||
	       pw_clock_now_ns(pw_clock_boot()) < stress->end_ns;
}

/* The reader's loop condition: says that it holds nothing, and goes offline once in a while. */
static inline bool stress_reader_goes_on(struct stress_thread *thread)
{
	struct pw_qsbr *qsbr = thread->stress->qsbr;

	if (thread->rounds++ == 0) {
		pw_qsbr_online(qsbr, thread->id);
	} else if (stress_random(thread) % 256 == 0) {
		pw_qsbr_offline(qsbr, thread->id);
		pw_qsbr_online(qsbr, thread->id);
	} else {
		pw_qsbr_quiescent(qsbr, thread->id);
	}
	if (!__atomic_load_n(&thread->stress->stop, __ATOMIC_RELAXED))
		return true;
	pw_qsbr_offline(qsbr, thread->id);
	return false;
}

static inline void stress_stop(struct stress *stress)
{
	__atomic_store_n(&stress->stop, true, __ATOMIC_RELAXED);
	for (uint32_t i = 0; i < STRESS_READERS; i++) {
		CHECK(pthread_join(stress->readers[i].thread, NULL) == 0);
		printf("reader %" PRIu32 ": %" PRIu64 " rounds\n", i, stress->readers[i].rounds);
	}
	printf("writer: %" PRIu64 " rounds\n", stress->writer.rounds);
}

static inline void stress_fini(struct stress *stress)
{
	pw_limbo_destroy(stress->limbo);
	pw_qsbr_destroy(stress->qsbr);
}

#endif
