/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "pw_spsc.h"
#include "pw_util.h"

static void *object(uint64_t i)
{
	return (void *)(uintptr_t)i;
}

static void size_is_rounded_up_and_all_of_it_is_usable(void **state)
{
	static const struct {
		uint32_t asked, got;
	} sizes[] = {{1, 1}, {2, 2}, {3, 4}, {64, 64}, {65, 128}};

	for (size_t s = 0; s < PW_ARRAY_SIZE(sizes); s++) {
		struct pw_spsc *ring = pw_spsc_create(pw_alloc_heap(), sizes[s].asked);
		void *objs[200];

		for (uint32_t i = 0; i < PW_ARRAY_SIZE(objs); i++)
			objs[i] = object(i);
		assert_int_equal(pw_spsc_enqueue(ring, objs, 200), sizes[s].got);
		assert_int_equal(pw_spsc_enqueue(ring, objs, 1), 0);
		assert_int_equal(pw_spsc_count(ring), sizes[s].got);
		pw_spsc_destroy(ring);
	}
}

static void bad_sizes(void **state)
{
	assert_null(pw_spsc_create(pw_alloc_heap(), 0));
	assert_int_equal(errno, EINVAL);
	assert_null(pw_spsc_create(pw_alloc_heap(), UINT32_MAX));
	assert_int_equal(errno, EINVAL);
	pw_spsc_destroy(NULL);
}

static void first_in_first_out_with_random_bursts(void **state)
{
	struct pw_spsc *ring = pw_spsc_create(pw_alloc_heap(), 64);
	uint64_t in = 0, out = 0;
	void *objs[100];

	srandom(1);
	for (int round = 0; round < 100000; round++) {
		uint32_t n = (uint32_t)random() % 100;

		if (random() % 2 == 0) {
			for (uint32_t i = 0; i < n; i++)
				objs[i] = object(in + i);
			uint32_t took = pw_spsc_enqueue(ring, objs, n);

			assert_int_equal(took, PW_MIN((uint64_t)n, 64 - (in - out)));
			in += took;
		} else {
			uint32_t got = pw_spsc_dequeue(ring, objs, n);

			assert_int_equal(got, PW_MIN((uint64_t)n, in - out));
			for (uint32_t i = 0; i < got; i++)
				assert_ptr_equal(objs[i], object(out + i));
			out += got;
		}
		assert_int_equal(pw_spsc_count(ring), in - out);
	}
	pw_spsc_destroy(ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(size_is_rounded_up_and_all_of_it_is_usable),
		cmocka_unit_test(bad_sizes),
		cmocka_unit_test(first_in_first_out_with_random_bursts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
