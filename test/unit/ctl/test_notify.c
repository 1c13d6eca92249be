/* SPDX-License-Identifier: BSD-3-Clause */
/* systemd's protocol: what is said, to a path and to an abstract name, and when nobody listens. */
#include "harness.h"

#include <sys/socket.h>
#include <sys/un.h>

#include "notify.h"

static int listen_on(const char *name)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	size_t len = strlen(name);

	assert_true(fd >= 0);
	memcpy(addr.sun_path, name, len);
	if (name[0] == '@')
		addr.sun_path[0] = '\0';
	assert_int_equal(bind(fd, (struct sockaddr *)&addr,
				 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)),
		0);
	return fd;
}

static void expect(int fd, const char *text)
{
	char buf[64] = "";

	assert_true(recv(fd, buf, sizeof(buf) - 1, 0) > 0);
	assert_string_equal(buf, text);
}

static void start_stop(int fd)
{
	struct pw_ctl ctl = {0};
	struct pw_err err = {0};

	assert_int_equal(ctl_module_notify.init(&ctl, &err), 0);
	if (fd >= 0)
		expect(fd, "READY=1");
	ctl_module_notify.fini(&ctl);
	if (fd >= 0)
		expect(fd, "STOPPING=1");
}

static void with_socket(const char *name)
{
	int fd = listen_on(name);

	setenv("NOTIFY_SOCKET", name, 1);
	start_stop(fd);
	close(fd);
	unlink(name);
}

static void test_path(void **state)
{
	char name[64];

	snprintf(name, sizeof(name), "/tmp/podway-notify-%d", (int)getpid());
	with_socket(name);
}

static void test_abstract(void **state)
{
	char name[64];

	snprintf(name, sizeof(name), "@podway-notify-%d", (int)getpid());
	with_socket(name);
}

static void test_nobody(void **state)
{
	unsetenv("NOTIFY_SOCKET");
	start_stop(-1);
	setenv("NOTIFY_SOCKET", "/nonexistent/socket", 1);
	start_stop(-1);
	setenv("NOTIFY_SOCKET", "relative", 1); /* warned of, not an error */
	start_stop(-1);
}

static void quiet(void *arg, enum pw_log_level level, const char *line)
{
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_path),
		cmocka_unit_test(test_abstract),
		cmocka_unit_test(test_nobody),
	};

	pw_log_set_sink(quiet, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
