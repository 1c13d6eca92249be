/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "pw_file.h"

/* Every test runs in its own empty folder. */
static int enter_folder(void **state)
{
	char *dir = strdup("/tmp/pw_file_XXXXXX");

	if (dir == NULL || mkdtemp(dir) == NULL || chdir(dir) < 0)
		return -1;
	*state = dir;
	return 0;
}

static int leave_folder(void **state)
{
	char cmd[64];
	int rc;

	snprintf(cmd, sizeof(cmd), "rm -rf %s", (char *)*state);
	rc = chdir("/") < 0 || system(cmd) != 0;
	free(*state);
	return rc;
}

static void assert_content(const char *path, const char *want)
{
	char *data;
	size_t len;

	assert_int_equal(pw_file_read(path, 1 << 20, &data, &len), 0);
	assert_int_equal(len, strlen(want));
	assert_string_equal(data, want);
	free(data);
}

static void write_then_read(void **state)
{
	struct stat st;

	assert_int_equal(pw_file_write_atomic("f", "old", 3, 0600), 0);
	assert_content("f", "old");
	umask(077);
	assert_int_equal(pw_file_write_atomic("f", "newer", 5, 0640), 0);
	umask(022);
	assert_content("f", "newer");
	assert_int_equal(stat("f", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640); /* exact, whatever the umask */
	assert_int_equal(pw_file_write_quick("f", "quick", 5, 0600), 0);
	assert_content("f", "quick");
	assert_int_equal(pw_file_write_atomic("f", "", 0, 0600), 0);
	assert_content("f", "");
	assert_int_not_equal(access("f.tmp", F_OK), 0);
}

static void stale_temporary_is_replaced(void **state)
{
	assert_int_equal(pw_file_write_atomic("victim", "keep", 4, 0600), 0);
	assert_int_equal(symlink("victim", "f.tmp"), 0);
	assert_int_equal(pw_file_write_atomic("f", "data", 4, 0600), 0);
	assert_content("f", "data");
	assert_content("victim", "keep");
}

static void failed_write_leaves_nothing(void **state)
{
	char path[PATH_MAX + 10];

	assert_int_equal(pw_file_write_atomic("no/f", "x", 1, 0600), -ENOENT);
	assert_int_equal(mkdir("d", 0700), 0);
	assert_int_equal(pw_file_write_atomic("d", "x", 1, 0600), -EISDIR);
	assert_int_not_equal(access("d.tmp", F_OK), 0);
	memset(path, 'a', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(pw_file_write_atomic(path, "x", 1, 0600), -ENAMETOOLONG);
}

static void read_limits(void **state)
{
	char big[10000];
	char *data;
	size_t len;

	memset(big, 'b', sizeof(big));
	assert_int_equal(pw_file_write_atomic("f", big, sizeof(big), 0600), 0);
	assert_int_equal(pw_file_read("f", sizeof(big), &data, &len), 0);
	assert_int_equal(len, sizeof(big));
	assert_memory_equal(data, big, sizeof(big));
	assert_int_equal(data[len], '\0');
	free(data);
	assert_int_equal(pw_file_read("f", sizeof(big) - 1, &data, &len), -EFBIG);
	assert_int_equal(pw_file_read("none", 10, &data, &len), -ENOENT);
	assert_int_equal(pw_file_read(".", 10, &data, &len), -EISDIR);
}

static void read_of_proc(void **state)
{
	char *data;
	size_t len;

	assert_int_equal(pw_file_read("/proc/self/status", 1 << 16, &data, &len), 0);
	assert_true(len > 0);
	assert_non_null(strstr(data, "Pid:"));
	free(data);
}

static void folders(void **state)
{
	struct stat st;

	assert_int_equal(pw_file_mkdirs("a/b//c/", 0755), 0);
	assert_int_equal(stat("a/b/c", &st), 0);
	assert_true(S_ISDIR(st.st_mode));
	assert_int_equal(pw_file_mkdirs("a/b/c", 0755), 0);
	assert_int_equal(pw_file_mkdirs("/tmp", 0755), 0);
	assert_int_equal(symlink("a", "link"), 0);
	assert_int_equal(pw_file_mkdirs("link/d", 0755), 0);
	assert_int_equal(pw_file_write_atomic("file", "x", 1, 0600), 0);
	assert_int_equal(pw_file_mkdirs("file", 0755), -ENOTDIR);
	assert_int_equal(pw_file_mkdirs("file/x", 0755), -ENOTDIR);
	assert_int_equal(pw_file_mkdirs("", 0755), -ENOENT);
}

#define in_folder(fn) cmocka_unit_test_setup_teardown(fn, enter_folder, leave_folder)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		in_folder(write_then_read),
		in_folder(stale_temporary_is_replaced),
		in_folder(failed_write_leaves_nothing),
		in_folder(read_limits),
		in_folder(read_of_proc),
		in_folder(folders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
