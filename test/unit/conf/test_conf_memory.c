/* SPDX-License-Identifier: BSD-3-Clause */
/* Every allocation fails once: no crash, no leak (seen by the sanitizer), and never half a result.
 */
#include "conf_test.h"
#include "full.h"

static uint32_t calls, fail_at; /* fail_at 0: never */

static bool fails(void)
{
	return ++calls == fail_at;
}

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__real_realloc(void *ptr, size_t size);
void *__wrap_realloc(void *ptr, size_t size);
void *__real_reallocarray(void *ptr, size_t n, size_t size);
void *__wrap_reallocarray(void *ptr, size_t n, size_t size);
char *__real_strdup(const char *text);
char *__wrap_strdup(const char *text);

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *ptr, size_t size)
{
	return fails() ? NULL : __real_realloc(ptr, size);
}

void *__wrap_reallocarray(void *ptr, size_t n, size_t size)
{
	return fails() ? NULL : __real_reallocarray(ptr, n, size);
}

char *__wrap_strdup(const char *text)
{
	return fails() ? NULL : __real_strdup(text);
}

static const char bad_yaml[] = "cpu: {contrl: 1, frequency: 2}\n"
			       "pods: {mode: x, max: y}\n"
			       "bridges: [{name: br0}, {name: br0, gateway: [10.0.0.0/24]}]\n"
			       "services: [{name: web}, {name: web}]\n";

/* Runs with every call failing in turn; how many calls there are. */
static uint32_t run(const char *yaml, bool valid)
{
	for (fail_at = 1;; fail_at++) {
		struct pw_conf_errors errors;
		struct pw_conf *conf;
		bool failed;

		calls = 0;
		conf = pw_conf_parse("f", yaml, strlen(yaml), &errors);
		failed = calls >= fail_at;
		if (!failed)
			assert_int_equal(conf != NULL, valid);
		else if (!valid)
			assert_null(conf);
		/* A text of a message may be missing, but then there is no result either. */
		if (conf != NULL)
			assert_int_equal(errors.n, 0);
		pw_conf_free(conf);
		pw_conf_errors_free(&errors);
		if (!failed)
			break;
	}
	return fail_at;
}

static void parse(void **state)
{
	assert_true(run(full_yaml, true) > 50);
	assert_true(run(bad_yaml, false) > 20);
}

static void dump(void **state)
{
	struct pw_conf *conf;

	fail_at = 0;
	conf = parse_valid(full_yaml);
	for (uint32_t i = 1; i <= 7; i++) {
		char *text;

		calls = 0;
		fail_at = i;
		text = pw_conf_dump(conf);
		assert_int_equal(text == NULL, calls >= i);
		free(text);
	}
	fail_at = 0;
	pw_conf_free(conf);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse),
		cmocka_unit_test(dump),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
