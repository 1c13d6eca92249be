/* SPDX-License-Identifier: BSD-3-Clause */
/* Objects replaced under readers; each is poisoned when the limbo lets it go, before it is reused.
 */
#include "stress.h"

#define SLOTS 8
#define ALIVE UINT64_C(0x600d600d600d600d)
#define DEAD  UINT64_C(0xdeaddeaddeaddead)

struct object {
	uint64_t first, last; /* plain accesses: a race shows */
};

struct shared {
	struct object *slots[SLOTS]; /* W: writer  R: readers */
};

static void *reader_main(void *arg)
{
	struct stress_thread *self = arg;
	struct shared *shared = self->stress->arg;

	while (stress_reader_goes_on(self)) {
		const struct object *held[SLOTS];

		for (int i = 0; i < SLOTS; i++)
			held[i] = __atomic_load_n(&shared->slots[i], __ATOMIC_ACQUIRE);
		for (int i = 0; i < SLOTS; i++)
			CHECK(held[i]->first == ALIVE && held[i]->last == ALIVE);
	}
	return NULL;
}

static struct object *new_object(void)
{
	struct object *object = malloc(sizeof(*object));

	CHECK(object != NULL);
	*object = (struct object){ALIVE, ALIVE};
	return object;
}

static void bury(void *ctx, void *obj)
{
	struct object *object = obj;

	CHECK(object->first == ALIVE);
	*object = (struct object){DEAD, DEAD};
	++*(uint64_t *)ctx;
	free(object);
}

int main(void)
{
	struct shared shared = {0};
	struct stress stress = {0};
	uint64_t buried = 0;

	stress_init(&stress, &shared);
	for (int i = 0; i < SLOTS; i++)
		shared.slots[i] = new_object();
	stress_start(&stress, reader_main);
	while (stress_goes_on(&stress)) {
		struct object **slot = &shared.slots[stress_random(&stress.writer) % SLOTS];
		struct object *old = *slot;

		__atomic_store_n(slot, new_object(), __ATOMIC_RELEASE);
		CHECK(pw_limbo_defer(stress.limbo, bury, &buried, old) == 0);
		pw_limbo_run(stress.limbo, 8);
		while (pw_limbo_pending(stress.limbo) > 10000) { /* readers starve on few cores */
			sched_yield();
			pw_limbo_run(stress.limbo, UINT32_MAX);
		}
	}
	CHECK(buried > 0);
	stress_stop(&stress);
	stress_fini(&stress);
	for (int i = 0; i < SLOTS; i++)
		free(shared.slots[i]);
	return 0;
}
