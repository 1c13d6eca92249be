/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <sys/stat.h>

#include "cni_test.h"
#include "pw_ipam_pool.h"
#include "pw_log.h"
#include "pw_util.h"

static struct pw_ipam_pool *open_boot(const char *dir, const char *boot_id)
{
	struct pw_err err;
	struct pw_ipam_pool *pool = pw_ipam_pool_create(dir, boot_id, &err);

	assert_non_null(pool);
	return pool;
}

static int take(struct pw_ipam_pool *pool, const char *id, struct pw_err *err)
{
	const struct pw_ipam_lease *lease;
	struct pw_ipam_ranges ranges;
	struct pw_prefix prefix;
	struct pw_ipam_request request = {
		.network = "net", .container_id = id, .ifname = "eth0", .ranges = &ranges};

	pw_prefix_parse("10.1.0.0/24", &prefix);
	assert_int_equal(pw_ipam_ranges_from_prefixes(&prefix, NULL, 1, &ranges, err), 0);
	return pw_ipam_pool_alloc(pool, &request, &lease, err);
}

static void assert_has(const struct pw_ipam_pool *pool, const char *id, const char *address)
{
	const struct pw_ipam_lease *lease = pw_ipam_pool_find(pool, id, "eth0");

	assert_non_null(lease);
	assert_ip(&lease->addresses[0].ip, address);
}

static void write_file(const char *dir, const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static bool is_there(const char *dir, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return access(path, F_OK) == 0;
}

/* The round robin goes on where it was, also when the last lease has been given back. */
static void test_restart(void **state)
{
	struct pw_ipam_pool *pool = open_boot(*state, NULL);
	struct pw_err err;

	assert_int_equal(take(pool, "a", &err), 0);
	assert_int_equal(take(pool, "b", &err), 0);
	assert_int_equal(pw_ipam_pool_free(pool, "b", "eth0", NULL, &err), 0);
	pw_ipam_pool_destroy(pool);
	pool = open_boot(*state, NULL);
	assert_int_equal(pw_ipam_pool_count(pool), 1);
	assert_has(pool, "a", "10.1.0.2");
	assert_int_equal(take(pool, "c", &err), 0);
	assert_has(pool, "c", "10.1.0.4");
	pw_ipam_pool_destroy(pool);
}

static void test_reboot(void **state)
{
	struct pw_ipam_pool *pool = open_boot(*state, "boot-1\n");
	struct pw_err err;

	assert_int_equal(take(pool, "a", &err), 0);
	pw_ipam_pool_destroy(pool);
	pool = open_boot(*state, "boot-1");
	assert_int_equal(pw_ipam_pool_count(pool), 1);
	pw_ipam_pool_destroy(pool);
	pool = open_boot(*state, "boot-2");
	assert_int_equal(pw_ipam_pool_count(pool), 0);
	assert_false(is_there(*state, "a@eth0.json"));
	/* Not the address of before the reboot at once. */
	assert_int_equal(take(pool, "b", &err), 0);
	assert_has(pool, "b", "10.1.0.3");
	pw_ipam_pool_destroy(pool);
}

static void test_one_owner(void **state)
{
	struct pw_ipam_pool *pool = open_boot(*state, NULL);
	struct pw_err err;

	assert_null(pw_ipam_pool_create(*state, NULL, &err));
	assert_int_equal(errno, EBUSY);
	assert_contains(err.msg, "another process");
	pw_ipam_pool_destroy(pool);
	pool = open_boot(*state, NULL);
	pw_ipam_pool_destroy(pool);
}

static void count_line(void *arg, enum pw_log_level level, const char *line)
{
	if (strstr(line, "set aside") != NULL)
		(*(unsigned *)arg)++;
}

#define LEASE(id, ip)                                                                              \
	"{\"version\":1,\"container_id\":\"" id "\",\"ifname\":\"eth0\",\"network\":\"n\","        \
	"\"addresses\":[{\"address\":\"" ip "\",\"gateway\":\"10.1.0.1\"}]}"

static void test_corrupt(void **state)
{
	static const struct {
		const char *file, *text;
	} rows[] = {
		{"c1@eth0.json", ""},
		{"c2@eth0.json", "{\"version\":1,\"container_id\":\"c2\""},
		{"c3@eth0.json", "{\"version\":2}"},
		{"c4@eth0.json", LEASE("other", "10.1.0.9/24")}, /* not its file's name */
		{"c5@eth0.json", LEASE("c5", "nonsense")},
		{"c6@eth0.json", LEASE("c6", "10.1.0.2/24")}, /* a's address */
		{"c7@eth0.json", "{\"version\":1,\"container_id\":\"c7\",\"ifname\":\"eth0\","
				 "\"network\":\"n\",\"addresses\":[]}"},
		{"last.json", "x"},
	};
	struct pw_ipam_pool *pool = open_boot(*state, NULL);
	unsigned warned = 0;
	struct pw_err err;
	char name[64];

	assert_int_equal(take(pool, "a", &err), 0);
	pw_ipam_pool_destroy(pool);
	for (unsigned i = 0; i < PW_ARRAY_SIZE(rows); i++)
		write_file(*state, rows[i].file, rows[i].text);
	write_file(*state, "b@eth0.json", LEASE("b", "10.1.0.3/24"));
	write_file(*state, "a@eth0.json.tmp", "half"); /* of a crash: not looked at */
	pw_log_set_sink(count_line, &warned);
	pool = open_boot(*state, NULL);
	pw_log_set_sink(NULL, NULL);
	assert_int_equal(warned, PW_ARRAY_SIZE(rows));
	assert_int_equal(pw_ipam_pool_count(pool), 2);
	assert_has(pool, "b", "10.1.0.3");
	for (unsigned i = 0; i < PW_ARRAY_SIZE(rows); i++) {
		/* Of two with one address the first read stays, and the folder has no order. */
		if (strcmp(rows[i].file, "c6@eth0.json") == 0)
			continue;
		snprintf(name, sizeof(name), "%s.corrupt", rows[i].file);
		assert_true(is_there(*state, name));
		assert_false(is_there(*state, rows[i].file));
	}
	assert_true(is_there(*state, "a@eth0.json.corrupt") != is_there(*state, "a@eth0.json"));
	pw_ipam_pool_destroy(pool);
}

/* What could not be written was not given out. */
static void test_unwritable(void **state)
{
	struct pw_ipam_pool *pool = open_boot(*state, NULL);
	struct pw_err err;
	char path[256];

	snprintf(path, sizeof(path), "%s/a@eth0.json", (char *)*state);
	assert_int_equal(mkdir(path, 0700), 0); /* in the way of the rename */
	assert_true(take(pool, "a", &err) < 0);
	assert_contains(err.msg, "a@eth0.json");
	assert_int_equal(pw_ipam_pool_count(pool), 0);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(take(pool, "a", &err), 0);
	assert_has(pool, "a", "10.1.0.2");
	/* The same for what cannot be removed: the lease stays. */
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_true(pw_ipam_pool_free(pool, "a", "eth0", NULL, &err) < 0);
	assert_has(pool, "a", "10.1.0.2");
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(pw_ipam_pool_free(pool, "a", "eth0", NULL, &err), 0);
	pw_ipam_pool_destroy(pool);
}

static void test_bad_folder(void **state)
{
	struct pw_err err;

	assert_null(pw_ipam_pool_create("/dev/null/x", NULL, &err));
	assert_int_equal(errno, ENOTDIR);
	pw_ipam_pool_destroy(NULL);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, dir_setup, dir_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_restart),
		TEST(test_reboot),
		TEST(test_one_owner),
		TEST(test_corrupt),
		TEST(test_unwritable),
		TEST(test_bad_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
