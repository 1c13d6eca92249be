/* SPDX-License-Identifier: BSD-3-Clause */
/* The blocking client against a peer that a script of bytes plays, and against the real server. */
#include "harness.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "pw_ipc_client.h"

struct peer { /* answers one line with what it was told, then may close */
	int fd;
	const char *say;
	bool hang_up;
	pthread_t thread;
};

static void *peer_main(void *arg)
{
	struct peer *peer = arg;
	char c = 0;

	while (c != '\n' && recv(peer->fd, &c, 1, 0) == 1)
		;
	send(peer->fd, peer->say, strlen(peer->say), MSG_NOSIGNAL);
	if (peer->hang_up)
		shutdown(peer->fd, SHUT_RDWR);
	return NULL;
}

static int call_peer(const char *say, bool hang_up, struct pw_ipc_error *err)
{
	struct peer peer = {.say = say, .hang_up = hang_up};
	struct pw_ipc_call opts = {.timeout_ms = 50};
	struct pw_ipc_client *client;
	json_t *result;
	int pair[2], rc;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	peer.fd = pair[1];
	assert_int_equal(pthread_create(&peer.thread, NULL, peer_main, &peer), 0);
	client = pw_ipc_client_from_fd(pair[0]);
	rc = pw_ipc_client_call(client, "x", NULL, &opts, &result, err);
	if (rc == 0)
		json_decref(result);
	else
		assert_null(result);
	if (rc != 0 && rc != -EREMOTEIO) { /* what comes later may be this call's answer */
		struct pw_ipc_error err2;

		assert_int_equal(
			pw_ipc_client_call(client, "x", NULL, &opts, NULL, &err2), -ENOTCONN);
	}
	pw_ipc_client_close(client);
	pthread_join(peer.thread, NULL);
	close(pair[1]);
	return rc;
}

static void test_answers(void **state)
{
	static const struct {
		const char *say;
		bool hang_up;
		int rc, code;
		const char *msg;
	} rows[] = {
		{"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n", false, 0, 0, ""},
		{"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":null}\n", true, 0, 0, ""},
		{"{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-3,\"message\":\"no\"}}\n",
			false, -EREMOTEIO, -3, "no"},
		{"{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-5}}\n", false, -EREMOTEIO, -5,
			"try again later"},
		{"{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-6,\"message\":\"go\"}}\n",
			true, -EREMOTEIO, -6, "go"},
		{"{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{}}\n", false, -EPROTO, 0, "JSON-RPC"},
		{"{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}\n", false, -EPROTO, 0, "JSON-RPC"},
		{"{\"jsonrpc\":\"2.0\",\"id\":1}\n", false, -EPROTO, 0, "JSON-RPC"},
		{"garbage\n", false, -EPROTO, 0, "JSON-RPC"},
		{"{\"jsonrpc\":\"2.0\",", true, -ECONNRESET, 0, "closed the connection"},
		{"", true, -ECONNRESET, 0, "closed the connection"},
		{"{\"jsonrpc\":\"2.0\",", false, -ETIMEDOUT, 0, "no answer within 0.1 s"},
		{"", false, -ETIMEDOUT, 0, "no answer within"},
	};

	for (size_t i = 0; i < PW_ARRAY_SIZE(rows); i++) {
		struct pw_ipc_error err;

		assert_int_equal(call_peer(rows[i].say, rows[i].hang_up, &err), rows[i].rc);
		assert_int_equal(err.code, rows[i].code);
		if (strstr(err.msg, rows[i].msg) == NULL)
			fail_msg("row %zu: \"%s\"", i, err.msg);
	}
}

static int m_stat(void *ctx, struct pw_ipc_request *req, void *params, json_t **result,
	struct pw_ipc_error *err)
{
	int fd = pw_ipc_request_take_fd(req);
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	close(fd);
	*result = json_integer((json_int_t)st.st_ino);
	return 0;
}

static int m_big(void *ctx, struct pw_ipc_request *req, void *params, json_t **result,
	struct pw_ipc_error *err)
{
	char *text = calloc(1, 3000001);

	memset(text, 'x', 3000000);
	*result = json_string(text);
	free(text);
	return 0;
}

static int m_quit(void *ctx, struct pw_ipc_request *req, void *params, json_t **result,
	struct pw_ipc_error *err)
{
	struct timeval soon = {.tv_usec = 1000}; /* after the answer went out */

	event_base_loopexit(ctx, &soon);
	return 0;
}

static int m_raw(void *ctx, struct pw_ipc_request *req, void *params, json_t **result,
	struct pw_ipc_error *err)
{
	return 0;
}

static const struct pw_ipc_method methods[] = {
	{"stat", m_stat, .flags = PW_IPC_F_TAKES_FD | PW_IPC_F_RAW},
	{"big", m_big},
	{"quit", m_quit},
	{"raw", m_raw, .flags = PW_IPC_F_RAW},
	{0},
};

static void *server_main(void *base)
{
	event_base_dispatch(base);
	return NULL;
}

static void test_real_server(void **state)
{
	char dir[] = "ipc-client-XXXXXX", path[64];
	struct pw_ipc_server_conf conf = {.methods = methods, .path = path};
	struct pw_ipc_client *client;
	struct pw_ipc_server *server;
	struct pw_ipc_error err;
	struct stat st;
	json_t *result;
	pthread_t thread;
	char *huge;
	int fd;

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/s", dir);
	errno = 0;
	assert_null(pw_ipc_client_open(path, 100));
	assert_int_equal(errno, ENOENT);
	conf.base = conf.ctx = event_base_new();
	server = pw_ipc_server_create(&conf, NULL);
	assert_non_null(server);
	assert_int_equal(pthread_create(&thread, NULL, server_main, conf.base), 0);

	client = pw_ipc_client_open(path, 1000);
	assert_non_null(client);
	fd = open("/dev/null", O_RDONLY);
	assert_int_equal(fstat(fd, &st), 0);
	struct pw_ipc_call with_fd = {.fds = &fd, .n_fds = 1};

	assert_int_equal(pw_ipc_client_call(client, "stat", NULL, &with_fd, &result, &err), 0);
	assert_int_equal(json_integer_value(result), st.st_ino);
	json_decref(result);
	assert_int_equal(pw_ipc_client_call(client, "big", NULL, NULL, &result, &err), 0);
	assert_int_equal(json_string_length(result), 3000000);
	json_decref(result);
	assert_int_equal(pw_ipc_client_call(client, "none", NULL, NULL, NULL, &err), -EREMOTEIO);
	assert_int_equal(err.code, PW_IPC_E_METHOD);
	/* Too large is found out before anything is sent, so the connection stays good. */
	huge = calloc(1, PW_IPC_MAX_REQUEST + 1);
	memset(huge, 'y', PW_IPC_MAX_REQUEST);
	assert_int_equal(
		pw_ipc_client_call(client, "raw", json_pack("{s:s}", "a", huge), NULL, NULL, &err),
		-E2BIG);
	huge[PW_IPC_MAX_REQUEST - 100] = '\0';
	/* In several pieces, the fd with the first only. */
	assert_int_equal(pw_ipc_client_call(client, "stat", json_pack("{s:s}", "a", huge), &with_fd,
				 NULL, &err),
		0);
	assert_int_equal(
		pw_ipc_client_call(client, "raw", json_pack("{s:s}", "a", huge), NULL, NULL, &err),
		0);
	free(huge);
	assert_int_equal(pw_ipc_client_call(client, "quit", NULL, NULL, NULL, &err), 0);
	pthread_join(thread, NULL);
	pw_ipc_server_destroy(server);
	assert_int_equal(pw_ipc_client_call(client, "big", NULL, NULL, NULL, &err), -EPIPE);
	pw_ipc_client_close(client);
	event_base_free(conf.base);
	close(fd);
	rmdir(dir);
}

static void test_open_errors(void **state)
{
	char dir[] = "ipc-client-XXXXXX", path[64], longer[200];
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	struct pw_ipc_client *first;
	int fd;

	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_null(pw_ipc_client_open(longer, 100));
	assert_int_equal(errno, ENAMETOOLONG);
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/s", dir);
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_null(pw_ipc_client_open(path, 100));
	assert_int_equal(errno, ECONNREFUSED);
	/* Nobody accepts and the queue is full: the time limit holds. */
	assert_int_equal(listen(fd, 0), 0);
	first = pw_ipc_client_open(path, 30);
	assert_non_null(first);
	assert_null(pw_ipc_client_open(path, 30));
	assert_int_equal(errno, EAGAIN);
	pw_ipc_client_close(first);
	close(fd);
	unlink(path);
	rmdir(dir);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_real_server),
		cmocka_unit_test(test_open_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
