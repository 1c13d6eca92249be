/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pw_pkt.h"

static void names_belong_to_their_values(void **state)
{
	assert_string_equal(pw_verdict_name(PW_VERDICT_CONTINUE), "continue");
	assert_string_equal(pw_verdict_name(PW_VERDICT_RETRY), "retry");
	assert_string_equal(pw_verdict_name(PW_DROP_FRAME_SHORT), "frame_short");
	assert_string_equal(pw_verdict_name(PW_DROP_MALFORMED_OFFLOAD), "offload_bad");
	assert_string_equal(pw_verdict_text(PW_DROP_TTL), "TTL used up");
	assert_string_equal(pw_punt_name(PW_PUNT_ARP), "arp");
	assert_string_equal(pw_punt_name(PW_PUNT_ND), "nd");
}

static void out_of_range_is_a_question_mark(void **state)
{
	assert_string_equal(pw_verdict_name(PW_VERDICT_COUNT), "?");
	assert_string_equal(pw_verdict_text(UINT32_MAX), "?");
	assert_string_equal(pw_punt_name(PW_PUNT_COUNT), "?");
}

static void names_are_unique(void **state)
{
	for (unsigned i = 0; i < PW_VERDICT_COUNT; i++)
		for (unsigned j = 0; j < i; j++)
			assert_string_not_equal(pw_verdict_name(i), pw_verdict_name(j));
}

static void drops_follow_dispositions(void **state)
{
	assert_false(pw_verdict_is_drop(PW_VERDICT_RETRY));
	assert_true(pw_verdict_is_drop(PW_DROP_FIRST));
	assert_true(PW_VERDICT_COUNT <= UINT8_MAX); /* struct pw_pkt has a byte for it */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_belong_to_their_values),
		cmocka_unit_test(out_of_range_is_a_question_mark),
		cmocka_unit_test(names_are_unique),
		cmocka_unit_test(drops_follow_dispositions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
