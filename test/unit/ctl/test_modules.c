/* SPDX-License-Identifier: BSD-3-Clause */
/* The methods of all modules: each once, well-formed, and exactly those of docs/control-api.md. */
#include "harness.h"

#include "pw_file.h"

static const struct pw_ipc_method *find_method(const char *name, unsigned *n)
{
	const struct pw_ipc_method *found = NULL;

	*n = 0;
	for (unsigned i = 0; ctl_modules[i] != NULL; i++) {
		const struct pw_ipc_method *m = ctl_modules[i]->methods;

		for (; m != NULL && m->name != NULL; m++) {
			if (strcmp(m->name, name) == 0) {
				found = m;
				++*n;
			}
		}
	}
	return found;
}

static void check_params(const struct pw_ipc_method *m)
{
	const struct pw_ipc_param *p = m->params;

	for (; p != NULL && p->name != NULL; p++) {
		if (p->offset >= m->params_size)
			fail_msg("%s: %s lies outside of its struct", m->name, p->name);
	}
}

static void test_methods_are_well_formed(void **state)
{
	unsigned total = 0, n;

	for (unsigned i = 0; ctl_modules[i] != NULL; i++) {
		const struct pw_ipc_method *m = ctl_modules[i]->methods;

		for (; m != NULL && m->name != NULL; m++, total++) {
			assert_non_null(m->handler);
			find_method(m->name, &n);
			if (n != 1)
				fail_msg("%s: %u times", m->name, n);
			assert_int_equal(m->params != NULL, m->params_size != 0);
			check_params(m);
		}
	}
	assert_true(total > 20);
}

/* Rows of the table of methods begin with "| `name` |". */
static bool next_documented(const char **at, char *name, size_t size)
{
	const char *row = *at, *end;

	while ((row = strstr(row, "\n| `")) != NULL) {
		row += strlen("\n| `");
		end = strchr(row, '`');
		if (end == NULL)
			return false;
		snprintf(name, size, "%.*s", (int)(end - row), row);
		*at = end;
		if (name[0] != '-')
			return true;
	}
	return false;
}

static void test_methods_are_documented(void **state)
{
	const char *at, *table;
	unsigned n, documented = 0, total = 0;
	char *text, name[64];
	size_t len;

	assert_int_equal(pw_file_read(CONTROL_API_MD, 1 << 20, &text, &len), 0);
	table = strstr(text, "## Methods");
	assert_non_null(table);
	for (at = table; next_documented(&at, name, sizeof(name)); documented++) {
		find_method(name, &n);
		if (n != 1)
			fail_msg("%s is documented, but there %u times", name, n);
	}
	for (unsigned i = 0; ctl_modules[i] != NULL; i++) {
		const struct pw_ipc_method *m = ctl_modules[i]->methods;

		for (; m != NULL && m->name != NULL; m++, total++) {
			snprintf(name, sizeof(name), "| `%s` |", m->name);
			if (strstr(table, name) == NULL)
				fail_msg("%s is not in docs/control-api.md", m->name);
		}
	}
	assert_int_equal(documented, total);
	free(text);
}

static void test_order(void **state)
{
	/* Each before the next: what a module uses is there when it starts. */
	static const char *const order[] = {"loop", "state", "ipc", "eal", "tables", "route",
		"dataplane", "poll", "bridge", "port", "host", "static", "pod", "notify"};
	unsigned at = 0;

	for (unsigned i = 0; i < PW_ARRAY_SIZE(order); i++) {
		while (ctl_modules[at] != NULL && strcmp(ctl_modules[at]->name, order[i]) != 0)
			at++;
		if (ctl_modules[at] == NULL)
			fail_msg("%s starts too early, or never", order[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_methods_are_well_formed),
		cmocka_unit_test(test_methods_are_documented),
		cmocka_unit_test(test_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
