/* SPDX-License-Identifier: BSD-3-Clause */
/* conf_test.h - cases of YAML text and the errors that are expected of it, word by word. */
#ifndef CONF_TEST_H
#define CONF_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "pw_conf.h"
#include "pw_str.h"
#include "pw_util.h"

struct conf_case {
	const char *yaml;
	const char *errors; /* lines, in the order of the file; "" means valid */
};

static inline void run_case(const struct conf_case *c)
{
	struct pw_conf_errors errors;
	struct pw_conf *conf = pw_conf_parse("f", c->yaml, strlen(c->yaml), &errors);
	struct pw_str got = {0};

	pw_str_add(&got, "");
	for (uint32_t i = 0; i < errors.n; i++)
		pw_str_addf(&got, "%s\n", errors.v[i]);
	if (strcmp(got.s, c->errors) != 0)
		print_error("--- YAML:\n%s\n", c->yaml);
	assert_string_equal(got.s, c->errors);
	assert_int_equal(conf != NULL, errors.n == 0);
	pw_str_free(&got);
	pw_conf_free(conf);
	pw_conf_errors_free(&errors);
}

static inline void run_cases(const struct conf_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++)
		run_case(&cases[i]);
}

/* A configuration that has to be valid; the caller frees it. */
static inline struct pw_conf *parse_valid(const char *yaml)
{
	struct pw_conf_errors errors;
	struct pw_conf *conf = pw_conf_parse("f", yaml, strlen(yaml), &errors);

	for (uint32_t i = 0; i < errors.n; i++)
		print_error("%s\n", errors.v[i]);
	assert_non_null(conf);
	assert_int_equal(errors.n, 0);
	return conf;
}

#endif
