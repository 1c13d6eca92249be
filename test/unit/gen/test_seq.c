/* SPDX-License-Identifier: BSD-3-Clause */
#include "gen_test.h"

#include "pw_gen_seq.h"

static void in_order(void **state)
{
	struct pw_gen_seq *s = pw_gen_seq_create();

	for (uint64_t i = 0; i < 3 * PW_GEN_SEQ_WINDOW; i++)
		assert_int_equal(pw_gen_seq_record(s, i), PW_GEN_SEQ_NEW);
	assert_int_equal(s->unique, 3 * PW_GEN_SEQ_WINDOW);
	assert_int_equal(pw_gen_seq_missing(s, s->next), 0);
	assert_int_equal(s->reordered + s->duplicates + s->stale, 0);
	pw_gen_seq_destroy(s);
}

static void late_is_not_negative_loss(void **state)
{
	struct pw_gen_seq *s = pw_gen_seq_create();

	pw_gen_seq_record(s, 0);
	pw_gen_seq_record(s, 3); /* 1 and 2 are missing */
	assert_int_equal(pw_gen_seq_missing(s, 4), 2);
	assert_int_equal(pw_gen_seq_record(s, 1), PW_GEN_SEQ_REORDERED);
	assert_int_equal(pw_gen_seq_missing(s, 4), 1);
	assert_int_equal(pw_gen_seq_record(s, 1), PW_GEN_SEQ_DUPLICATE);
	assert_int_equal(pw_gen_seq_record(s, 3), PW_GEN_SEQ_DUPLICATE);
	assert_int_equal(pw_gen_seq_missing(s, 4), 1);
	assert_int_equal(s->max_distance, 3);
	/* more came than we know to be sent: never below 0 */
	assert_int_equal(pw_gen_seq_missing(s, 1), 0);
	pw_gen_seq_destroy(s);
}

static void gap_longer_than_the_window(void **state)
{
	struct pw_gen_seq *s = pw_gen_seq_create();

	pw_gen_seq_record(s, 5);
	pw_gen_seq_record(s, 5 + 10 * PW_GEN_SEQ_WINDOW);
	assert_int_equal(pw_gen_seq_record(s, 5), PW_GEN_SEQ_STALE);
	assert_int_equal(pw_gen_seq_record(s, 6 + 9 * PW_GEN_SEQ_WINDOW), PW_GEN_SEQ_REORDERED);
	assert_int_equal(pw_gen_seq_record(s, 5 + 9 * PW_GEN_SEQ_WINDOW), PW_GEN_SEQ_STALE);
	assert_int_equal(s->unique, 3);
	pw_gen_seq_destroy(s);
}

/* Random drops, duplicates and displacement, against a list of everything that came. */
static void against_a_naive_model(void **state)
{
	enum {
		N = 200000
	};
	static uint8_t came[N];
	struct pw_gen_seq *s = pw_gen_seq_create();
	uint64_t unique = 0, duplicates = 0, reordered = 0, highest = 0;

	memset(came, 0, sizeof(came));
	for (uint64_t i = 0; i < N; i++) {
		uint64_t r = pw_gen_mix(i);
		uint64_t number = r % 10 == 0 ? i : i > 1000 && r % 10 == 1 ? i - r / 16 % 1000 : i;

		if (r % 97 == 0)
			continue;
		if (came[number])
			duplicates++;
		else
			unique++;
		if (!came[number] && number < highest)
			reordered++;
		came[number] = 1;
		highest = PW_MAX(highest, number);
		pw_gen_seq_record(s, number);
	}
	assert_int_equal(s->unique, unique);
	assert_int_equal(s->duplicates, duplicates);
	assert_int_equal(s->reordered, reordered);
	assert_int_equal(s->stale, 0);
	assert_int_equal(pw_gen_seq_missing(s, N), N - unique);
	pw_gen_seq_destroy(s);
}

TESTS_MAIN(cmocka_unit_test(in_order), cmocka_unit_test(late_is_not_negative_loss),
	cmocka_unit_test(gap_longer_than_the_window), cmocka_unit_test(against_a_naive_model))
