/* SPDX-License-Identifier: BSD-3-Clause */
/* Two rings in a circle: objects filled here, checked there, and sent back for reuse. */
#include "pw_spsc.h"
#include "stress.h"

#define OBJECTS 64
#define BURST   16

struct object {
	uint64_t sequence; /* plain accesses: a race shows */
};

struct rings {
	struct pw_spsc *there, *back;
	uint64_t checked;
};

static void *consumer_main(void *arg)
{
	struct stress_thread *self = arg;
	struct rings *rings = self->stress->arg;
	void *objs[BURST];

	if (self->id != 0) /* a ring has one consumer */
		return NULL;
	while (stress_reader_goes_on(self)) {
		uint32_t n = pw_spsc_dequeue(rings->there, objs, 1 + stress_random(self) % BURST);

		for (uint32_t i = 0; i < n; i++) {
			struct object *object = objs[i];

			CHECK(object->sequence == rings->checked);
			object->sequence = UINT64_MAX;
			rings->checked++;
		}
		CHECK(pw_spsc_enqueue(rings->back, objs, n) == n); /* holds all there are */
		if (n == 0)
			sched_yield();
	}
	return NULL;
}

int main(void)
{
	static struct object objects[OBJECTS];
	struct rings rings = {
		.there = pw_spsc_create(pw_alloc_heap(), 32), /* is full now and then */
		.back = pw_spsc_create(pw_alloc_heap(), OBJECTS),
	};
	struct stress stress = {0};
	uint64_t sent = 0;
	void *objs[OBJECTS];
	uint32_t n_free = OBJECTS;

	CHECK(rings.there != NULL && rings.back != NULL);
	for (uint32_t i = 0; i < OBJECTS; i++)
		objs[i] = &objects[i];
	stress_init(&stress, &rings);
	stress_start(&stress, consumer_main);
	while (stress_goes_on(&stress)) {
		uint32_t n = PW_MIN(n_free, 1 + stress_random(&stress.writer) % BURST);
		void **burst = &objs[n_free - n];

		for (uint32_t i = 0; i < n; i++)
			((struct object *)burst[i])->sequence = sent + i;

		uint32_t took = pw_spsc_enqueue(rings.there, burst, n);

		CHECK(pw_spsc_count(rings.there) <= 32);
		for (uint32_t i = took; i < n; i++) /* did not fit: stay here */
			burst[i - took] = burst[i];
		sent += took;
		n_free -= took;
		n_free += pw_spsc_dequeue(rings.back, &objs[n_free], OBJECTS - n_free);
		if (took == 0)
			sched_yield();
	}
	stress_stop(&stress);
	CHECK(rings.checked > 0 && rings.checked <= sent);
	printf("%" PRIu64 " objects went round\n", rings.checked);
	stress_fini(&stress);
	pw_spsc_destroy(rings.there);
	pw_spsc_destroy(rings.back);
	return 0;
}
