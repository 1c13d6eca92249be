/* SPDX-License-Identifier: BSD-3-Clause */
/* The socket file: mode, folder, stale and live ones, and what is left behind. */
#include "harness.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

static int m_empty(void *ctx, struct pw_ipc_request *req, void *params, json_t **result,
	struct pw_ipc_error *err)
{
	return 0;
}

static const struct pw_ipc_method methods[] = {{"empty", m_empty}, {0}};

struct fixture {
	struct harness h; /* for its line buffer and loop */
	char dir[32], path[64];
	struct pw_err err;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	pw_log_set_sink(harness_quiet, NULL);
	strcpy(f->dir, "ipc-listen-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->path, sizeof(f->path), "%s/sub/deep/s", f->dir);
	f->h.base = event_base_new();
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char path[80];

	unlink(f->path);
	snprintf(path, sizeof(path), "%s/sub/deep", f->dir);
	rmdir(path);
	snprintf(path, sizeof(path), "%s/sub", f->dir);
	rmdir(path);
	assert_int_equal(rmdir(f->dir), 0);
	event_base_free(f->h.base);
	free(f);
	return 0;
}

static struct pw_ipc_server *serve(struct fixture *f, const char *path, gid_t group)
{
	struct pw_ipc_server_conf conf = {
		.base = f->h.base,
		.path = path,
		.methods = methods,
		.group = group,
	};

	return pw_ipc_server_create(&conf, &f->err);
}

static int dial(const char *path)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0)
		return fd;
	close(fd);
	return -1;
}

static void test_life(void **state)
{
	struct fixture *f = *state;
	mode_t mask = umask(0);
	struct pw_ipc_server *server = serve(f, f->path, 0);
	struct stat st;
	json_t *doc;
	int fd;

	umask(mask);
	assert_non_null(server);
	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	fd = dial(f->path);
	assert_true(fd >= 0);
	doc = harness_ask(&f->h, fd, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"empty\"}\n");
	assert_non_null(json_object_get(doc, "result"));
	json_decref(doc);
	close(fd);
	/* A second one is refused and the first is not harmed. */
	assert_null(serve(f, f->path, 0));
	assert_int_equal(errno, EADDRINUSE);
	assert_int_equal(f->err.code, -EADDRINUSE);
	assert_non_null(strstr(f->err.msg, "another daemon answers"));
	fd = dial(f->path);
	assert_true(fd >= 0);
	close(fd);
	pw_ipc_server_destroy(server);
	assert_int_equal(stat(f->path, &st), -1);
}

static void test_stale(void **state)
{
	struct fixture *f = *state;
	struct pw_ipc_server *server = serve(f, f->path, 0);
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd;

	pw_ipc_server_destroy(server);
	/* A socket that was bound and left. */
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", f->path);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	close(fd);
	server = serve(f, f->path, 0);
	assert_non_null(server);
	fd = dial(f->path);
	assert_true(fd >= 0);
	close(fd);
	pw_ipc_server_destroy(server);
}

/* A successor's file is not removed by its predecessor's end. */
static void test_not_ours(void **state)
{
	struct fixture *f = *state;
	struct pw_ipc_server *first = serve(f, f->path, 0), *second;
	struct stat st;

	assert_int_equal(unlink(f->path), 0);
	second = serve(f, f->path, 0);
	assert_non_null(second);
	pw_ipc_server_destroy(first);
	assert_int_equal(stat(f->path, &st), 0);
	pw_ipc_server_destroy(second);
	assert_int_equal(stat(f->path, &st), -1);
}

static void test_bad_paths(void **state)
{
	struct fixture *f = *state;
	char longer[128];
	int fd;

	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_null(serve(f, longer, 0));
	assert_int_equal(errno, ENAMETOOLONG);
	assert_non_null(strstr(f->err.msg, "127 bytes long, a socket path has at most 107"));
	assert_null(serve(f, "", 0));
	assert_int_equal(errno, EINVAL);
	/* A file with content is somebody's. */
	pw_ipc_server_destroy(serve(f, f->path, 0));
	fd = open(f->path, O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_null(serve(f, f->path, 0));
	assert_int_equal(errno, EEXIST);
	/* A folder that cannot be: its parent is that file. */
	snprintf(longer, sizeof(longer), "%s/x/s", f->path);
	assert_null(serve(f, longer, 0));
	assert_int_equal(errno, ENOTDIR);
	assert_non_null(strstr(f->err.msg, "cannot make its folder"));
}

/* Out of fds the loop must not spin, and goes on once there are some again. */
static void test_no_fds(void **state)
{
	struct fixture *f = *state;
	struct pw_ipc_server *server = serve(f, f->path, 0);
	struct pw_ipc_server_stats stats;
	struct rlimit old, none;
	int fd = dial(f->path);

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = old;
	none.rlim_cur = 3;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	harness_run(&f->h);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	pw_ipc_server_stats(server, &stats);
	assert_int_equal(stats.accepted, 0);
	for (int i = 0; i < 3 && stats.accepted == 0; i++) {
		event_base_loop(f->h.base, EVLOOP_ONCE); /* blocks until the retry */
		pw_ipc_server_stats(server, &stats);
	}
	assert_int_equal(stats.accepted, 1);
	close(fd);
	pw_ipc_server_destroy(server);
}

/* Another user's process: turned away, unless it is of the group. Root only (setuid). */
static void as_user(struct fixture *f, gid_t group, gid_t extra, const char *want)
{
	struct pw_ipc_server *server = serve(f, f->path, group);
	int status, ready[2];
	pid_t child;

	assert_non_null(server);
	if (group == 0) /* let it get as far as the credentials check */
		assert_int_equal(chmod(f->path, 0666), 0);
	assert_int_equal(chmod(f->dir, 0755), 0);
	assert_int_equal(pipe(ready), 0);
	child = fork();
	if (child == 0) {
		char line[512] = "";
		int fd;

		if (setgroups(extra != 0 ? 1 : 0, &extra) < 0 || setgid(65534) < 0 ||
			setuid(65534) < 0)
			_exit(2);
		fd = dial(f->path);
		if (write(ready[1], "x", 1) != 1)
			_exit(3);
		send(fd, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"empty\"}\n", 43, MSG_NOSIGNAL);
		if (recv(fd, line, sizeof(line) - 1, 0) < 0)
			_exit(4);
		_exit(strstr(line, want) != NULL ? 0 : 1);
	}
	assert_int_equal(read(ready[0], &status, 1), 1);
	for (int i = 0; i < 50 && waitpid(child, &status, WNOHANG) == 0; i++) {
		struct timeval tv = {.tv_usec = 5000};

		event_base_loopexit(f->h.base, &tv);
		event_base_dispatch(f->h.base);
	}
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	close(ready[0]);
	close(ready[1]);
	pw_ipc_server_destroy(server);
}

static void test_peer(void **state)
{
	if (geteuid() != 0)
		skip();
	as_user(*state, 0, 0, "\"code\":-6");
	as_user(*state, 0, 4242, "\"code\":-6");
	as_user(*state, 4242, 4242, "\"result\":{}");
	as_user(*state, 65534, 0, "\"result\":{}");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_life, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stale, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_ours, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_paths, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_fds, setup, teardown),
		cmocka_unit_test_setup_teardown(test_peer, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
