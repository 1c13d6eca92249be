/* SPDX-License-Identifier: BSD-3-Clause */
/* Requests, answers, limits, deadlines, deferred answers and on-close hooks. */
#include "harness.h"

#include <time.h>

struct echo {
	const char *text;
};

static const struct pw_ipc_param echo_params[] = {
	{"text", PW_IPC_STRING, offsetof(struct echo, text)},
	{0},
};

static int m_echo(void *ctx, struct pw_ipc_request *req, void *params, json_t **result,
	struct pw_ipc_error *err)
{
	*result = json_pack("{s:s}", "text", ((struct echo *)params)->text);
	return 0;
}

static int m_empty(void *ctx, struct pw_ipc_request *req, void *params, json_t **result,
	struct pw_ipc_error *err)
{
	assert_null(params);
	return 0;
}

static int m_errno(void *ctx, struct pw_ipc_request *req, void *params, json_t **result,
	struct pw_ipc_error *err)
{
	*result = json_object(); /* must be dropped */
	return -ENOSPC;
}

static int m_error(void *ctx, struct pw_ipc_request *req, void *params, json_t **result,
	struct pw_ipc_error *err)
{
	return pw_ipc_error_set(err, PW_IPC_E_MISSING, "no \xff%s", "such");
}

static int m_raw(void *ctx, struct pw_ipc_request *req, void *params, json_t **result,
	struct pw_ipc_error *err)
{
	*result = json_deep_copy(pw_ipc_request_params(req));
	return 0;
}

static int m_big(void *ctx, struct pw_ipc_request *req, void *params, json_t **result,
	struct pw_ipc_error *err)
{
	char *text = calloc(1, 800001);

	memset(text, 'x', 800000);
	*result = json_string(text);
	free(text);
	return 0;
}

static int m_later(void *ctx, struct pw_ipc_request *req, void *params, json_t **result,
	struct pw_ipc_error *err)
{
	struct harness *h = ctx;

	pw_ipc_defer(req);
	h->deferred = req;
	return -EIO; /* ignored */
}

static int m_at_once(void *ctx, struct pw_ipc_request *req, void *params, json_t **result,
	struct pw_ipc_error *err)
{
	pw_ipc_defer(req);
	pw_ipc_reply(req, json_string("now"), NULL);
	return 0;
}

struct hold {
	struct pw_ipc_on_close undo;
	struct harness *h;
};

static void released(struct pw_ipc_on_close *undo)
{
	struct hold *hold = pw_container_of(undo, struct hold, undo);

	hold->h->released++;
	free(hold);
}

static int m_hold(void *ctx, struct pw_ipc_request *req, void *params, json_t **result,
	struct pw_ipc_error *err)
{
	struct hold *hold = calloc(1, sizeof(*hold)), *other = calloc(1, sizeof(*other));

	hold->undo.fn = other->undo.fn = released;
	hold->h = other->h = ctx;
	assert_int_equal(pw_ipc_conn_peer(pw_ipc_request_conn(req))->pid, getpid());
	pw_ipc_conn_on_close(pw_ipc_request_conn(req), &hold->undo);
	pw_ipc_conn_on_close(pw_ipc_request_conn(req), &other->undo);
	pw_ipc_on_close_cancel(&other->undo);
	pw_ipc_on_close_cancel(&other->undo); /* not armed: nothing happens */
	free(other);
	return 0;
}

static const struct pw_ipc_method methods[] = {
	{"echo", m_echo, echo_params, sizeof(struct echo)},
	{"empty", m_empty},
	{"errno", m_errno},
	{"error", m_error},
	{"raw", m_raw, .flags = PW_IPC_F_RAW},
	{"big", m_big},
	{"later", m_later},
	{"at_once", m_at_once},
	{"hold", m_hold},
	{0},
};

#define REQ(id, method) "{\"jsonrpc\":\"2.0\",\"id\":" #id ",\"method\":\"" method "\"}\n"

static void expect(struct harness *h, int fd, const char *request, const char *answer)
{
	harness_write(fd, request);
	harness_run(h);
	assert_non_null(harness_read(h, fd));
	assert_string_equal(h->line, answer);
}

static void test_good(void **state)
{
	struct pw_ipc_server_stats stats;
	struct harness h;

	harness_open(&h, methods, 0, 0, 0);

	int fd = harness_client(&h);

	expect(&h, fd,
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"echo\",\"params\":{\"text\":\"hi\"}}\n",
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"text\":\"hi\"}}");
	expect(&h, fd, "{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"empty\",\"params\":{}}\r\n",
		"{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"result\":{}}");
	expect(&h, fd,
		"{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"empty\",\"params\":null,\"x\":1}\n",
		"{\"jsonrpc\":\"2.0\",\"id\":null,\"result\":{}}");
	expect(&h, fd, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"raw\",\"params\":{\"z\":[1]}}\n",
		"{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"z\":[1]}}");
	expect(&h, fd, REQ(3, "at_once"), "{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":\"now\"}");
	/* Empty lines and notifications are not answered; several requests a write are, in order.
	 */
	expect(&h, fd,
		"\n \t\r\n{\"jsonrpc\":\"2.0\",\"method\":\"errno\"}\n" REQ(4, "empty")
			REQ(5, "empty"),
		"{\"jsonrpc\":\"2.0\",\"id\":4,\"result\":{}}");
	assert_string_equal(harness_read(&h, fd), "{\"jsonrpc\":\"2.0\",\"id\":5,\"result\":{}}");
	assert_null(harness_read(&h, fd));
	pw_ipc_server_stats(h.server, &stats);
	assert_int_equal(stats.requests, 8);
	assert_int_equal(stats.errors, 1);
	assert_int_equal(stats.clients, 1);
	close(fd);
	harness_run(&h);
	pw_ipc_server_stats(h.server, &stats);
	assert_int_equal(stats.clients, 0);
	harness_close(&h);
}

static void test_bad(void **state)
{
	static const struct {
		const char *text;
		int code;
		const char *part;
	} rows[] = {
		{"nonsense\n", -32700, "not JSON"},
		{"{\"jsonrpc\":\"2.0\",\"id\":1,\n", -32700, "not JSON"},
		{"{\"a\":1,\"a\":2}\n", -32700, "duplicate"},
		{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\"}\n", -32700,
			"unable to decode"},
		{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\\u0000\"}\n", -32700, "not JSON"},
		{"[" REQ(1, "empty") "\n", -32700, "not JSON"},
		{"[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"empty\"}]\n", -32600, "batches"},
		{"[]\n", -32600, "batches"},
		{"7\n", -32600, "object"},
		{"null\n", -32600, "object"},
		{"{}\n", -32600, "jsonrpc"},
		{"{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"empty\"}\n", -32600, "jsonrpc"},
		{"{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"empty\"}\n", -32600, "\"id\""},
		{"{\"jsonrpc\":\"2.0\",\"id\":1}\n", -32600, "method"},
		{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":7}\n", -32600, "method"},
		{REQ(1, "nothing"), -32601, "unknown method \"nothing\""},
		{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"empty\",\"params\":[]}\n", -32602,
			"must be an object"},
		{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"empty\",\"params\":{\"x\":1}}\n",
			-32602, "\"x\""},
		{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"raw\",\"params\":7}\n", -32602,
			"must be an object"},
		{REQ(1, "echo"), -32602, "text: is missing"},
		{REQ(1, "errno"), -4, "No space left"},
		{REQ(1, "error"), -3, "no ?such"},
	};
	struct harness h;

	harness_open(&h, methods, 0, 0, 0);

	int fd = harness_client(&h);

	for (size_t i = 0; i < PW_ARRAY_SIZE(rows); i++) {
		harness_expect_error(&h, fd, rows[i].text, rows[i].code, rows[i].part);
		while (harness_read(&h, fd) != NULL) /* of rows that are two lines */
			;
		/* The connection stays usable. */
		expect(&h, fd, REQ(9, "empty"), "{\"jsonrpc\":\"2.0\",\"id\":9,\"result\":{}}");
	}
	close(fd);
	harness_close(&h);
}

/* Deeply nested input must not run the parser out of stack. */
static void test_deep(void **state)
{
	struct harness h;
	char *text = malloc(200002);

	memset(text, '[', 200000);
	strcpy(text + 200000, "\n");
	harness_open(&h, methods, 0, 0, 0);

	int fd = harness_client(&h), size = 1 << 20;

	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	harness_expect_error(&h, fd, text, -32700, "not JSON");
	free(text);
	close(fd);
	harness_close(&h);
}

/* In pieces of one byte, and with the last line ended by the end of the stream. */
static void test_pieces(void **state)
{
	static const char text[] = REQ(1, "empty");
	struct harness h;

	harness_open(&h, methods, 0, 0, 0);

	int fd = harness_client(&h);

	for (size_t i = 0; i + 1 < sizeof(text); i++) {
		assert_null(harness_read(&h, fd));
		assert_int_equal(send(fd, text + i, 1, 0), 1);
		harness_run(&h);
	}
	assert_string_equal(harness_read(&h, fd), "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}");
	assert_int_equal(send(fd, text, sizeof(text) - 2, 0), sizeof(text) - 2);
	shutdown(fd, SHUT_WR);
	harness_run(&h);
	assert_string_equal(harness_read(&h, fd), "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}");
	assert_string_equal(harness_read(&h, fd), "");
	close(fd);
	harness_close(&h);
}

/* Writes n bytes of `c` while the loop runs; false: the server closed. */
static bool pour(struct harness *h, int fd, char c, size_t n)
{
	char buf[4096];

	memset(buf, c, sizeof(buf));
	for (int turns = 0; n > 0 && turns < 100000; turns++) {
		ssize_t r = send(fd, buf, PW_MIN(n, sizeof(buf)), MSG_DONTWAIT | MSG_NOSIGNAL);

		if (r < 0 && errno != EAGAIN)
			return false;
		if (r > 0)
			n -= (size_t)r;
		event_base_loop(h->base, EVLOOP_NONBLOCK);
	}
	return true;
}

static void test_too_long(void **state)
{
	struct harness h;

	harness_open(&h, methods, 0, 0, 0);

	int fd = harness_client(&h), other = harness_client(&h);

	pour(&h, fd, ' ', PW_IPC_MAX_REQUEST + 1);
	harness_run(&h);
	assert_non_null(harness_read(&h, fd));
	assert_non_null(strstr(h.line, "-32600"));
	assert_non_null(strstr(h.line, "larger than 1 MiB"));
	assert_string_equal(harness_read(&h, fd), "");
	expect(&h, other, REQ(1, "empty"), "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}");
	close(fd);
	/* One byte less is a request like others. */
	pour(&h, other, ' ', PW_IPC_MAX_REQUEST - strlen(REQ(2, "empty")));
	expect(&h, other, REQ(2, "empty"), "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}");
	close(other);
	harness_close(&h);
}

static void run_for_ms(struct harness *h, int ms)
{
	struct timeval tv = {.tv_usec = ms * 1000};

	event_base_loopexit(h->base, &tv);
	event_base_dispatch(h->base);
}

static void test_half_line(void **state)
{
	struct pw_ipc_server_stats stats;
	struct harness h;

	harness_open(&h, methods, 0, 60, 0);

	int fd = harness_client(&h), idle = harness_client(&h);

	/* Bytes that drip in do not put the deadline off. */
	for (int i = 0; i < 8; i++) {
		send(fd, " ", 1, MSG_NOSIGNAL);
		run_for_ms(&h, 15);
	}
	assert_non_null(harness_read(&h, fd));
	assert_non_null(strstr(h.line, "not ended in time"));
	close(fd);
	/* Who says nothing may stay. */
	expect(&h, idle, REQ(1, "empty"), "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}");
	pw_ipc_server_stats(h.server, &stats);
	assert_int_equal(stats.timeouts, 1);
	close(idle);
	harness_close(&h);
}

static void test_slow_reader(void **state)
{
	struct pw_ipc_server_stats stats;
	struct harness h;

	harness_open(&h, methods, 0, 60, 1500000);

	int fd = harness_client(&h), second = harness_client(&h);

	harness_write(fd, REQ(1, "big") REQ(2, "big"));
	harness_run(&h);
	/* What waits for the first leaves too little room for a second. */
	harness_expect_error(&h, second, REQ(3, "big"), PW_IPC_E_FULL, "use a filter");
	expect(&h, second, REQ(4, "empty"), "{\"jsonrpc\":\"2.0\",\"id\":4,\"result\":{}}");
	run_for_ms(&h, 100);
	pw_ipc_server_stats(h.server, &stats);
	assert_int_equal(stats.timeouts, 1);
	assert_int_equal(stats.clients, 1);
	assert_int_equal(stats.requests, 3); /* "2" was not begun: "1" was not read */
	/* The room is free again. */
	harness_write(second, REQ(5, "big"));
	harness_run(&h);
	assert_int_equal(recv(second, h.line, 30, 0), 30);
	assert_memory_equal(h.line, "{\"jsonrpc\":\"2.0\",\"id\":5,\"resul", 30);
	close(fd);
	close(second);
	harness_close(&h);
}

static void test_too_many(void **state)
{
	struct pw_ipc_server_stats stats;
	struct harness h;

	harness_open(&h, methods, 2, 0, 0);

	int a = harness_client(&h), b = harness_client(&h), c = harness_client(&h);

	assert_non_null(harness_read(&h, c));
	assert_non_null(strstr(h.line, "\"code\":-5"));
	assert_non_null(strstr(h.line, "2 clients are connected"));
	assert_string_equal(harness_read(&h, c), "");
	close(a);
	harness_run(&h);

	int d = harness_client(&h);

	expect(&h, d, REQ(1, "empty"), "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}");
	pw_ipc_server_stats(h.server, &stats);
	assert_int_equal(stats.refused, 1);
	close(b);
	close(c);
	close(d);
	harness_close(&h);
}

static void test_later(void **state)
{
	struct pw_ipc_error err = {.code = PW_IPC_E_BUSY, .msg = "not now"};
	struct harness h;

	harness_open(&h, methods, 0, 0, 0);

	int fd = harness_client(&h), other = harness_client(&h);

	harness_write(fd, REQ(1, "later") REQ(2, "empty"));
	expect(&h, other, REQ(3, "empty"), "{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{}}");
	assert_null(harness_read(&h, fd)); /* "2" waits for "1" */
	assert_string_equal(pw_ipc_request_method(h.deferred), "later");
	pw_ipc_reply(h.deferred, NULL, &err);
	harness_run(&h);
	assert_string_equal(harness_read(&h, fd), "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{"
						  "\"code\":-5,\"message\":\"not now\"}}");
	assert_string_equal(harness_read(&h, fd), "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}");
	/* The client goes away before the answer, then the server does. */
	harness_write(fd, REQ(4, "later"));
	harness_run(&h);
	close(fd);
	harness_run(&h);
	pw_ipc_reply(h.deferred, json_object(), NULL);
	harness_run(&h);
	harness_write(other, REQ(5, "later"));
	harness_run(&h);
	pw_ipc_server_destroy(h.server);
	h.server = NULL;
	assert_null(pw_ipc_request_conn(h.deferred));
	pw_ipc_reply(h.deferred, json_object(), NULL);
	close(other);
	harness_close(&h);
}

static void test_on_close(void **state)
{
	struct harness h;

	harness_open(&h, methods, 0, 0, 0);

	int fd = harness_client(&h), other = harness_client(&h);

	expect(&h, fd, REQ(1, "hold"), "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}");
	expect(&h, other, REQ(1, "hold"), "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}");
	assert_int_equal(h.released, 0);
	close(fd);
	harness_run(&h);
	assert_int_equal(h.released, 1);
	pw_ipc_server_destroy(h.server);
	h.server = NULL;
	assert_int_equal(h.released, 2);
	close(other);
	harness_close(&h);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_deep),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_half_line),
		cmocka_unit_test(test_slow_reader),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_later),
		cmocka_unit_test(test_on_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
