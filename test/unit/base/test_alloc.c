/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "pw_alloc.h"
#include "pw_clock.h"
#include "pw_util.h"

static void heap_is_zeroed_and_aligned(void **state)
{
	const struct pw_alloc *heap = pw_alloc_heap();

	for (size_t size = 0; size < 300; size++) {
		unsigned char *p = pw_zalloc(heap, "test", size);

		assert_non_null(p);
		assert_int_equal((uintptr_t)p % PW_CACHE_LINE, 0);
		for (size_t i = 0; i < size; i++) {
			assert_int_equal(p[i], 0);
			p[i] = 0xff;
		}
		pw_free(heap, p);
	}
	assert_null(pw_zalloc(heap, "test", SIZE_MAX));
	pw_free(heap, NULL);
}

static void clocks(void **state)
{
	const struct pw_clock *boot = pw_clock_boot();
	uint64_t a = pw_clock_now_ns(boot), b = pw_clock_now_ns(boot);
	struct pw_clock fake;

	assert_true(a > 0 && b >= a);
	pw_clock_fake_init(&fake, 5 * PW_NS_PER_SEC);
	assert_true(pw_clock_now_ns(&fake) == 5 * PW_NS_PER_SEC);
	pw_clock_fake_advance(&fake, PW_NS_PER_MSEC);
	assert_true(pw_clock_now_ns(&fake) == UINT64_C(5001000000));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(heap_is_zeroed_and_aligned),
		cmocka_unit_test(clocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
