/* SPDX-License-Identifier: BSD-3-Clause */
/* File descriptors: the right one to the right request, all others closed. */
#include "harness.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

static int m_empty(void *ctx, struct pw_ipc_request *req, void *params, json_t **result,
	struct pw_ipc_error *err)
{
	return 0;
}

static int m_fd(void *ctx, struct pw_ipc_request *req, void *params, json_t **result,
	struct pw_ipc_error *err)
{
	struct harness *h = ctx;
	struct stat st;

	h->fd_seen = pw_ipc_request_take_fd(req);
	assert_int_equal(pw_ipc_request_take_fd(req), -ENOENT);
	assert_int_equal(fstat(h->fd_seen, &st), 0);
	*result = json_pack("{s:I}", "inode", (json_int_t)st.st_ino);
	assert_true(fcntl(h->fd_seen, F_GETFD) & FD_CLOEXEC);
	close(h->fd_seen);
	return 0;
}

static int m_keep(void *ctx, struct pw_ipc_request *req, void *params, json_t **result,
	struct pw_ipc_error *err)
{
	struct harness *h = ctx;

	h->fd_seen = pw_ipc_request_take_fd(req);
	return 0;
}

static int m_leave(void *ctx, struct pw_ipc_request *req, void *params, json_t **result,
	struct pw_ipc_error *err)
{
	return 0;
}

static const struct pw_ipc_method methods[] = {
	{"empty", m_empty},
	{"fd", m_fd, .flags = PW_IPC_F_TAKES_FD},
	{"keep", m_keep, .flags = PW_IPC_F_TAKES_FD},
	{"leave", m_leave, .flags = PW_IPC_F_TAKES_FD},
	{0},
};

#define REQ(id, method) "{\"jsonrpc\":\"2.0\",\"id\":" #id ",\"method\":\"" method "\"}\n"

static int open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

static void send_fds(int sock, const char *text, const int *fds, size_t n)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(32 * sizeof(int))];
	} control = {0};
	struct iovec iov = {.iov_base = (void *)(uintptr_t)text, .iov_len = strlen(text)};
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = CMSG_SPACE(n * sizeof(int)),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(n * sizeof(int));
	memcpy(CMSG_DATA(cmsg), fds, n * sizeof(int));
	assert_int_equal(sendmsg(sock, &msg, 0), strlen(text));
}

static int64_t inode_of(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return (int64_t)st.st_ino;
}

/* The error code of the next answer, 0 for a result; *inode as "fd" told. */
static int next_code(struct harness *h, int fd, int64_t *inode)
{
	json_t *doc;
	int code;

	assert_non_null(harness_read(h, fd));
	doc = json_loads(h->line, 0, NULL);
	assert_non_null(doc);
	code = (int)json_integer_value(pw_json_path(doc, "error.code"));
	if (inode != NULL)
		*inode = json_integer_value(pw_json_path(doc, "result.inode"));
	json_decref(doc);
	return code;
}

static void test_right_one(void **state)
{
	struct harness h;
	int pipe_a[2], pipe_b[2], before;
	int64_t inode;

	harness_open(&h, methods, 0, 0, 0);

	int fd = harness_client(&h);

	assert_int_equal(pipe(pipe_a), 0);
	assert_int_equal(pipe(pipe_b), 0);
	before = open_fds();
	/* Several requests wait in the socket before the server looks. */
	harness_write(fd, REQ(1, "empty") REQ(2, "empty"));
	send_fds(fd, REQ(3, "fd"), &pipe_a[0], 1);
	harness_write(fd, REQ(4, "empty"));
	send_fds(fd, REQ(5, "fd"), &pipe_b[0], 1);
	send_fds(fd, REQ(6, "leave"), &pipe_b[0], 1);
	harness_run(&h);
	assert_int_equal(next_code(&h, fd, NULL), 0);
	assert_int_equal(next_code(&h, fd, NULL), 0);
	assert_int_equal(next_code(&h, fd, &inode), 0);
	assert_int_equal(inode, inode_of(pipe_a[0]));
	assert_int_equal(next_code(&h, fd, NULL), 0);
	assert_int_equal(next_code(&h, fd, &inode), 0);
	assert_int_equal(inode, inode_of(pipe_b[0]));
	assert_int_equal(next_code(&h, fd, NULL), 0);
	assert_int_equal(open_fds(), before);

	/* A line in two writes: the fd comes with the first. */
	send_fds(fd, "{\"jsonrpc\":\"2.0\",\"id\":7,", &pipe_a[0], 1);
	harness_run(&h);
	harness_write(fd, "\"method\":\"fd\"}\n");
	harness_run(&h);
	assert_int_equal(next_code(&h, fd, &inode), 0);
	assert_int_equal(inode, inode_of(pipe_a[0]));
	assert_int_equal(open_fds(), before);
	/* Read together with the line before: only one byte, and the fd, is the next one's. */
	harness_write(fd, REQ(8, "empty"));
	send_fds(fd, " ", &pipe_a[0], 1);
	harness_run(&h);
	assert_int_equal(next_code(&h, fd, NULL), 0);
	harness_write(fd, REQ(9, "keep"));
	harness_run(&h);
	assert_int_equal(next_code(&h, fd, NULL), 0);
	assert_int_equal(open_fds(), before + 1);
	assert_int_equal(inode_of(h.fd_seen), inode_of(pipe_a[0]));
	close(h.fd_seen);
	for (int i = 0; i < 2; i++) {
		close(pipe_a[i]);
		close(pipe_b[i]);
	}
	close(fd);
	harness_close(&h);
}

static void test_wrong(void **state)
{
	static const struct {
		const char *text;
		size_t fds;
		int code;
	} rows[] = {
		{REQ(1, "fd"), 2, -32602},
		{REQ(1, "fd"), PW_IPC_MAX_FDS, -32602},
		{REQ(1, "fd"), PW_IPC_MAX_FDS + 1, -32602},
		{REQ(1, "fd"), 30, -32602},
		{REQ(1, "empty"), 1, -32602},
		{REQ(1, "nothing"), 1, -32601},
		{"nonsense\n", 3, -32700},
		{"[]\n", 3, -32600},
	};
	struct harness h;
	int fds[30], before;

	harness_open(&h, methods, 0, 0, 0);

	int fd = harness_client(&h);

	for (size_t i = 0; i < PW_ARRAY_SIZE(fds); i++)
		fds[i] = 0;
	before = open_fds();
	for (size_t i = 0; i < PW_ARRAY_SIZE(rows); i++) {
		send_fds(fd, rows[i].text, fds, rows[i].fds);
		/* What a bad request brought must not be the next one's. */
		harness_write(fd, REQ(2, "fd"));
		harness_run(&h);
		assert_int_equal(next_code(&h, fd, NULL), rows[i].code);
		assert_int_equal(next_code(&h, fd, NULL), -32602);
		assert_int_equal(open_fds(), before);
	}
	/* More than the limit by many pieces of one line. */
	for (int i = 0; i < 12; i++)
		send_fds(fd, " ", fds, 2);
	harness_write(fd, REQ(3, "fd"));
	harness_run(&h);
	assert_int_equal(next_code(&h, fd, NULL), -32602);
	assert_non_null(strstr(h.line, "were lost"));
	assert_int_equal(open_fds(), before);
	/* Half a line with fds, then the end. */
	send_fds(fd, " ", fds, 5);
	harness_run(&h);
	assert_int_equal(open_fds(), before + 5);
	close(fd);
	harness_run(&h);
	assert_int_equal(open_fds(), before - 2);
	harness_close(&h);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_right_one),
		cmocka_unit_test(test_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
