/* SPDX-License-Identifier: BSD-3-Clause */
#include "cni_test.h"
#include "pw_cni_queue.h"
#include "pw_log.h"

struct seen {
	unsigned n, fail;
	char last[128];
};

static int done(void *arg, const char *container_id, const char *ifname, const char *network)
{
	struct seen *seen = arg;

	seen->n++;
	snprintf(seen->last, sizeof(seen->last), "%s %s %s", container_id, ifname, network);
	return seen->n <= seen->fail ? -1 : 0;
}

static void quiet(void *arg, enum pw_log_level level, const char *line)
{
	if (strstr(line, ".corrupt") != NULL)
		(*(unsigned *)arg)++;
}

static void test_replay(void **state)
{
	struct seen seen = {0};
	struct pw_err err;

	assert_int_equal(pw_cni_queue_replay(*state, done, &seen, &err), 0); /* no folder */
	assert_int_equal(pw_cni_queue_put(*state, "c1", "eth0", "net", &err), 0);
	assert_int_equal(pw_cni_queue_put(*state, "c1", "eth0", "net", &err), 0);
	assert_int_equal(pw_cni_queue_replay(*state, done, &seen, &err), 1);
	assert_int_equal(seen.n, 1);
	assert_string_equal(seen.last, "c1 eth0 net");
	assert_int_equal(pw_cni_queue_replay(*state, done, &seen, &err), 0);
}

/* One that could not be carried out stays for the next time. */
static void test_stays(void **state)
{
	struct seen seen = {.fail = 1};
	struct pw_err err;

	assert_int_equal(pw_cni_queue_put(*state, "c1", "eth0", "net", &err), 0);
	assert_int_equal(pw_cni_queue_put(*state, "c1", "net1", "net", &err), 0);
	assert_int_equal(pw_cni_queue_replay(*state, done, &seen, &err), 1);
	assert_int_equal(pw_cni_queue_replay(*state, done, &seen, &err), 1);
	assert_int_equal(seen.n, 3);
}

static void test_remove(void **state)
{
	struct seen seen = {0};
	struct pw_err err;

	assert_int_equal(pw_cni_queue_remove(*state, "c1", "eth0", &err), 0);
	assert_int_equal(pw_cni_queue_put(*state, "c1", "eth0", "net", &err), 0);
	assert_int_equal(pw_cni_queue_remove(*state, "c1", "eth0", &err), 0);
	assert_int_equal(pw_cni_queue_replay(*state, done, &seen, &err), 0);
}

static void test_corrupt(void **state)
{
	static const char *const texts[] = {"", "{", "{}", "{\"version\":2}",
		"{\"version\":1,\"container_id\":\"../x\",\"ifname\":\"eth0\"}"};
	struct seen seen = {0};
	unsigned warned = 0;
	struct pw_err err;
	char path[256];

	assert_int_equal(pw_cni_queue_put(*state, "c1", "eth0", "net", &err), 0);
	for (unsigned i = 0; i < 5; i++) {
		snprintf(path, sizeof(path), "%s/deletes/bad%u@eth0.json", (char *)*state, i);
		FILE *f = fopen(path, "w");

		fputs(texts[i], f);
		fclose(f);
	}
	pw_log_set_sink(quiet, &warned);
	assert_int_equal(pw_cni_queue_replay(*state, done, &seen, &err), 1);
	assert_int_equal(pw_cni_queue_replay(*state, done, &seen, &err), 0);
	pw_log_set_sink(NULL, NULL);
	assert_int_equal(warned, 5);
	assert_int_equal(seen.n, 1);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, dir_setup, dir_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_replay),
		TEST(test_stays),
		TEST(test_remove),
		TEST(test_corrupt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
