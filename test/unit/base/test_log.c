/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <cmocka.h>

#include "pw_log.h"

struct seen {
	char line[2048];
	enum pw_log_level level;
	int n;
};

static void remember(void *arg, enum pw_log_level level, const char *line)
{
	struct seen *seen = arg;

	snprintf(seen->line, sizeof(seen->line), "%s", line);
	seen->level = level;
	seen->n++;
}

static int catch_lines(void **state)
{
	*state = calloc(1, sizeof(struct seen));
	pw_log_set_level(PW_LOG_INFO);
	pw_log_set_sink(remember, *state);
	return 0;
}

static int release_lines(void **state)
{
	pw_log_set_sink(NULL, NULL);
	free(*state);
	return 0;
}

static void levels(void **state)
{
	struct seen *seen = *state;
	enum pw_log_level level;

	pw_info("port", "br0/%s up", "pod-1");
	assert_string_equal(seen->line, "port: br0/pod-1 up");
	assert_int_equal(seen->level, PW_LOG_INFO);
	pw_debug("port", "not shown");
	assert_int_equal(seen->n, 1);
	pw_log_set_level(PW_LOG_DEBUG);
	pw_debug("port", "shown");
	pw_log_set_level(PW_LOG_ERROR);
	pw_warn("port", "not shown");
	assert_int_equal(seen->n, 2);
	for (int i = PW_LOG_ERROR; i <= PW_LOG_DEBUG; i++) {
		const char *name = pw_log_level_name((enum pw_log_level)i);

		assert_int_equal(pw_log_level_parse(name, &level), 0);
		assert_int_equal(level, i);
	}
	assert_int_equal(pw_log_level_parse("loud", &level), -EINVAL);
}

static void one_event_is_one_line(void **state)
{
	struct seen *seen = *state;

	errno = ENOSPC;
	pw_info("cni", "pod \"%s\"", "a\nb\033[31m\x7f");
	assert_int_equal(errno, ENOSPC);
	assert_string_equal(seen->line, "cni: pod \"a b [31m \"");
}

static void long_lines_are_cut(void **state)
{
	struct seen *seen = *state;
	char text[4000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	pw_info("x", "%s", text);
	assert_int_equal(strlen(seen->line), 1023);
	assert_string_equal(seen->line + 1020, "...");
	pw_log(PW_LOG_INFO, text, "x");
	assert_int_equal(strlen(seen->line), 1023);
}

static void limited(void **state)
{
	struct seen *seen = *state;
	struct pw_log_limit limit = {.period_ns = 100, .burst = 2};

	for (int i = 0; i < 14; i++)
		pw_log_limited(&limit, 1000, PW_LOG_WARN, "arp", "table full");
	assert_int_equal(seen->n, 2);
	pw_log_limited(&limit, 1099, PW_LOG_WARN, "arp", "table full");
	assert_int_equal(seen->n, 2);
	pw_log_limited(&limit, 1100, PW_LOG_WARN, "arp", "table full");
	assert_int_equal(seen->n, 3);
	assert_string_equal(seen->line, "arp: table full (13 more)");
	pw_log_limited(&limit, 1100, PW_LOG_WARN, "arp", "table full");
	assert_string_equal(seen->line, "arp: table full");
	/* A line below the level is no event: it takes nothing from the burst. */
	pw_log_limited(&limit, 1200, PW_LOG_DEBUG, "arp", "detail");
	assert_int_equal(limit.held_back, 0);
	assert_int_equal(limit.used, 2);
}

/* What a child with stderr on a pipe writes; with_journal: the pipe is named as the journal. */
static void stderr_of_child(bool with_journal, char *buf, size_t size)
{
	int fds[2], status;
	struct stat st;
	char id[64];
	size_t used = 0;
	ssize_t n;

	assert_int_equal(pipe(fds), 0);

	pid_t pid = fork();

	if (pid == 0) {
		dup2(fds[1], STDERR_FILENO);
		fstat(STDERR_FILENO, &st);
		snprintf(id, sizeof(id), "%llu:%llu", (unsigned long long)st.st_dev,
			(unsigned long long)st.st_ino + !with_journal);
		setenv("JOURNAL_STREAM", id, 1);
		pw_warn("port", "down");
		_exit(0);
	}
	close(fds[1]);
	while ((n = read(fds[0], buf + used, size - 1 - used)) > 0)
		used += (size_t)n;
	buf[used] = '\0';
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
}

static void stderr_formats(void **state)
{
	char buf[256];
	regex_t re;

	stderr_of_child(true, buf, sizeof(buf));
	assert_string_equal(buf, "<4>port: down\n");

	stderr_of_child(false, buf, sizeof(buf));
	assert_int_equal(regcomp(&re,
				 "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}"
				 "\\.[0-9]{3}Z warn  port: down\n$",
				 REG_EXTENDED | REG_NOSUB),
		0);
	assert_int_equal(regexec(&re, buf, 0, NULL, 0), 0);
	regfree(&re);
}

#define with_sink(fn) cmocka_unit_test_setup_teardown(fn, catch_lines, release_lines)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(stderr_formats), /* first: the style is found once a process */
		with_sink(levels),
		with_sink(one_event_is_one_line),
		with_sink(long_lines_are_cut),
		with_sink(limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
