/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What workers share besides the flow table, with many clients in few entries: no client may be given
 * another's choice (affinity.h), and the counts of flows come out right at the end (client_cap.h).
 *
 * A member is made of its key, and no two values are the same, so that a mixture is always seen.
 */
#include "affinity.h"
#include "client_cap.h"
#include "stress.h"

#define CLIENTS 64
#define SERVICE 7

struct shared {
	struct affinity affinity;
	struct client_cap *cap;
	uint64_t found[STRESS_READERS];
};

static uint32_t member_of(uint32_t client)
{
	return client + 1;
}

static bool knows_half(const void *arg, uint32_t member)
{
	return member % 2 == 0;
}

static void *worker_main(void *arg)
{
	struct stress_thread *self = arg;
	struct shared *shared = self->stress->arg;
	uint32_t put = 0;

	while (stress_reader_goes_on(self)) {
		uint32_t client = stress_random(self) % CLIENTS;
		uint64_t key = affinity_key(client, SERVICE);
		struct affinity_found found;

		if (affinity_get(&shared->affinity, key, 0, UINT32_MAX, &found)) {
			CHECK(found.member == member_of(client));
			shared->found[self->id]++;
		}
		put++; /* second and hint together differ with every put of every worker */
		affinity_put(&shared->affinity, key, (put >> 14) * STRESS_READERS + self->id,
			(struct affinity_found){member_of(client), (uint16_t)put});

		/* A flow comes, and goes at once. */
		client_cap_add(shared->cap, client);
		CHECK(client_cap_count(shared->cap, client) <= STRESS_READERS + 1);
		client_cap_sub(shared->cap, client);
	}
	return NULL;
}

int main(void)
{
	struct shared shared = {.affinity = {.n_buckets = 4, .secret = 1}};
	struct stress stress = {0};
	uint64_t found = 0;

	stress_init(&stress, &shared);
	shared.affinity.entries = calloc(1, affinity_bytes(shared.affinity.n_buckets));
	shared.cap = client_cap_create(pw_alloc_heap(), 1, 1);
	CHECK(shared.affinity.entries != NULL && shared.cap != NULL);
	stress_start(&stress, worker_main);
	while (stress_goes_on(&stress)) {
		affinity_sweep(&shared.affinity, SERVICE, knows_half, NULL);
		sched_yield();
	}
	stress_stop(&stress);
	for (uint32_t i = 0; i < STRESS_READERS; i++)
		found += shared.found[i];
	printf("%" PRIu64 " choices found\n", found);
	CHECK(found > 0);
	for (uint32_t client = 0; client < CLIENTS; client++)
		CHECK(client_cap_count(shared.cap, client) == 0);
	client_cap_destroy(pw_alloc_heap(), shared.cap);
	free(shared.affinity.entries);
	stress_fini(&stress);
	return 0;
}
