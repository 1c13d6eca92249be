/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "cni_test.h"
#include "pw_cni_steps.h"

struct trail {
	char text[64];
	unsigned n;
	char fail_at;
};

static void leave(struct trail *t, char letter)
{
	t->text[t->n++] = letter;
}

static int run(struct trail *t, char name, struct pw_cni_error *error)
{
	if (t->fail_at == name)
		return pw_cni_fail(error, 100 + name, "%c failed", name);
	leave(t, name);
	return 0;
}

#define STEP(name, letter)                                                                         \
	static int run_##name(void *arg, struct pw_cni_error *error)                               \
	{                                                                                          \
		return run(arg, letter, error);                                                    \
	}                                                                                          \
	static void undo_##name(void *arg)                                                         \
	{                                                                                          \
		leave(arg, letter - 'a' + 'A');                                                    \
	}

STEP(a, 'a')
STEP(b, 'b')
STEP(c, 'c')
STEP(d, 'd')

static const struct pw_cni_step steps[] = {
	{"a", run_a, undo_a},
	{"b", run_b, NULL},
	{"c", run_c, undo_c},
	{"d", run_d, undo_d},
};

static void test_each_fails(void **state)
{
	static const struct {
		char fail_at;
		const char *trail;
	} rows[] = {{'a', ""}, {'b', "aA"}, {'c', "abA"}, {'d', "abcCA"}};
	struct pw_cni_error error = {0};

	for (unsigned i = 0; i < 4; i++) {
		struct trail trail = {.fail_at = rows[i].fail_at};

		assert_int_equal(pw_cni_steps_run(steps, 4, &trail, &error), -EPROTO);
		assert_int_equal(error.code, 100 + rows[i].fail_at);
		assert_string_equal(trail.text, rows[i].trail);
	}
	(void)undo_b;
}

static void test_all_succeed(void **state)
{
	struct pw_cni_error error = {0};
	struct trail trail = {0};

	assert_int_equal(pw_cni_steps_run(steps, 4, &trail, &error), 0);
	assert_string_equal(trail.text, "abcd");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_fails),
		cmocka_unit_test(test_all_succeed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
