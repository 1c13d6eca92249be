/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pw_clock.h"
#include "pw_cni_ipam.h"
#include "pw_ipc_json.h"
#include "pw_str.h"

#define OUTPUT_MAX (1u << 20)

struct child {
	pid_t pid;
	int in, out; /* our ends of its stdin and stdout; -1: closed */
	size_t sent;
	struct pw_str output;
};

static bool is_program(const char *file)
{
	struct stat st;

	return stat(file, &st) == 0 && S_ISREG(st.st_mode) && access(file, X_OK) == 0;
}

int pw_cni_ipam_lookup(
	const struct pw_cni_ipam *ipam, char file[static PATH_MAX], struct pw_cni_error *error)
{
	const char *at = ipam->path;

	if (at[0] == '\0')
		return pw_cni_fail(
			error, PW_CNI_E_ENV, "required env variables [CNI_PATH] missing");
	while (*at != '\0') {
		size_t len = strcspn(at, ":");

		if (len != 0 &&
			snprintf(file, PATH_MAX, "%.*s/%s", (int)len, at, ipam->type) < PATH_MAX &&
			is_program(file))
			return 0;
		at += len + (at[len] == ':');
	}
	return pw_cni_fail(error, PW_CNI_E_CONFIG,
		"ipam.type: \"%s\": no such program in CNI_PATH \"%.200s\"", ipam->type,
		ipam->path);
}

/* In the child, from here to its exec. */
static void become(const char *file, const char *type, const char *command, int in, int out)
{
	char *const argv[] = {(char *)(uintptr_t)type, NULL};

	/* A runtime that gives up kills us: the program must not go on alone. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_DFL);
	if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
		setenv("CNI_COMMAND", command, 1) != 0)
		_exit(127);
	/* "text file busy" while somebody installs it: libcni tries again too. */
	for (int i = 0; i < 20; i++) {
		execv(file, argv);
		if (errno != ETXTBSY)
			break;
		usleep(100000);
	}
	fprintf(stderr, "podway-cni: %s: %s\n", file, strerror(errno));
	_exit(127);
}

static int start(
	struct child *child, const char *file, const struct pw_cni_ipam *ipam, const char *command)
{
	int in[2], out[2], rc;

	if (pipe2(in, O_CLOEXEC) != 0)
		return -errno;
	if (pipe2(out, O_CLOEXEC) != 0) {
		rc = -errno;
		goto err_in;
	}
	child->pid = fork();
	if (child->pid < 0) {
		rc = -errno;
		goto err_out;
	}
	if (child->pid == 0)
		become(file, ipam->type, command, in[0], out[1]);
	close(in[0]);
	close(out[1]);
	child->in = in[1];
	child->out = out[0];
	fcntl(child->in, F_SETFL, O_NONBLOCK);
	return 0;
err_out:
	close(out[0]);
	close(out[1]);
err_in:
	close(in[0]);
	close(in[1]);
	return rc;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void feed(struct child *child, const struct pw_cni_ipam *ipam)
{
	ssize_t n = write(child->in, ipam->input + child->sent, ipam->len - child->sent);

	if (n > 0)
		child->sent += (size_t)n;
	/* A program that does not read its input has its reasons (EPIPE). */
	if (child->sent == ipam->len || (n < 0 && errno != EAGAIN && errno != EINTR))
		close_fd(&child->in);
}

static void drain(struct child *child)
{
	char buf[4096];
	ssize_t n = read(child->out, buf, sizeof(buf));

	if (n > 0)
		pw_str_addn(&child->output, buf, (size_t)n);
	if (n == 0 || (n < 0 && errno != EINTR) || child->output.len > OUTPUT_MAX)
		close_fd(&child->out);
}

/* Both ways at once, until it closed its stdout. -ETIMEDOUT, or 0. */
static int talk(struct child *child, const struct pw_cni_ipam *ipam)
{
	uint64_t end =
		pw_clock_now_ns(pw_clock_boot()) + (uint64_t)ipam->timeout_ms * PW_NS_PER_MSEC;

	while (child->out >= 0) {
		struct pollfd fds[] = {
			{.fd = child->out, .events = POLLIN}, {.fd = child->in, .events = POLLOUT}};
		uint64_t now = pw_clock_now_ns(pw_clock_boot());

		if (now >= end || poll(fds, 2, (int)((end - now) / PW_NS_PER_MSEC) + 1) == 0)
			return -ETIMEDOUT;
		if (fds[1].revents != 0)
			feed(child, ipam);
		if (fds[0].revents != 0)
			drain(child);
	}
	return 0;
}

/* Its error as ours, or a description of what it did instead. */
static int take_error(
	const struct pw_cni_ipam *ipam, const json_t *json, int status, struct pw_cni_error *error)
{
	const char *msg = pw_json_str(json, "msg", "");
	int64_t code = pw_json_int(json, "code", 0);

	if (code > 0 && code <= INT32_MAX) {
		pw_cni_fail(error, (int)code, "%s", msg);
		return pw_cni_fail_details(error, "%s", pw_json_str(json, "details", ""));
	}
	if (WIFSIGNALED(status))
		return pw_cni_fail(error, PW_CNI_E_INTERNAL,
			"IPAM plugin \"%s\" was killed by signal %d", ipam->type, WTERMSIG(status));
	return pw_cni_fail(error, PW_CNI_E_INTERNAL,
		"IPAM plugin \"%s\" failed with status %d and no error message", ipam->type,
		WEXITSTATUS(status));
}

static int judge(const struct pw_cni_ipam *ipam, struct child *child, int status, json_t **result,
	struct pw_cni_error *error)
{
	json_t *json = child->output.len != 0
			       ? json_loadb(child->output.s, child->output.len, 0, NULL)
			       : NULL;

	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		take_error(ipam, json, status, error);
		json_decref(json);
		return -EPROTO;
	}
	if (child->output.len != 0 && json == NULL)
		return pw_cni_fail(error, PW_CNI_E_DECODE,
			"IPAM plugin \"%s\" printed no JSON: %.100s", ipam->type, child->output.s);
	if (result != NULL)
		*result = json;
	else
		json_decref(json);
	return 0;
}

int pw_cni_ipam_run(const struct pw_cni_ipam *ipam, const char *command, json_t **result,
	struct pw_cni_error *error)
{
	struct child child = {.in = -1, .out = -1};
	char file[PATH_MAX];
	int status = 0, rc;

	if (result != NULL)
		*result = NULL;
	if (pw_cni_ipam_lookup(ipam, file, error) != 0)
		return -EPROTO;
	signal(SIGPIPE, SIG_IGN);
	rc = start(&child, file, ipam, command);
	if (rc != 0)
		return pw_cni_fail(error, PW_CNI_E_INTERNAL, "IPAM plugin \"%s\": cannot start: %s",
			ipam->type, strerror(-rc));
	rc = talk(&child, ipam);
	close_fd(&child.in);
	close_fd(&child.out);
	if (rc != 0)
		kill(child.pid, SIGKILL);
	while (waitpid(child.pid, &status, 0) < 0 && errno == EINTR)
		;
	if (rc != 0)
		rc = pw_cni_fail(error, PW_CNI_E_TRY_LATER,
			"IPAM plugin \"%s\" did not answer within %d s", ipam->type,
			ipam->timeout_ms / 1000);
	else
		rc = judge(ipam, &child, status, result, error);
	pw_str_free(&child.output);
	return rc;
}
