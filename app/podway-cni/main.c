/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * podway-cni - the CNI plugin of podway (CNI specification 0.1.0 to 1.1.0).
 *
 * A runtime runs it for each pod: environment and stdin in, one JSON object on stdout out. It does
 * the work inside the pod's network namespace; addresses and packets are podwayd's.
 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plugin.h"
#include "pw_cni_result.h"
#include "pw_str.h"
#include "pw_util.h"

static const struct {
	command_fn *run;
	enum pw_cni_version since;
} commands[] = {
	[PW_CNI_ADD] = {command_add, PW_CNI_0_1_0},
	[PW_CNI_DEL] = {command_del, PW_CNI_0_1_0},
	[PW_CNI_CHECK] = {command_check, PW_CNI_0_4_0},
	[PW_CNI_GC] = {command_gc, PW_CNI_1_1_0},
	[PW_CNI_STATUS] = {command_status, PW_CNI_1_1_0},
};

static const char about[] =
	"podway-cni " PW_CNI_PLUGIN_VERSION " - CNI plugin of podway, the packet path of a node\n"
	"CNI protocol versions supported: " PW_CNI_VERSION_ALL "\n";

static const char usage[] =
	"Usage: podway-cni            run by a container runtime: CNI_COMMAND and the like in the\n"
	"                             environment, the network configuration on stdin\n"
	"       podway-cni --version  show the version\n"
	"       podway-cni --help     show this text\n"
	"\n"
	"By hand, to see whether podwayd would take a pod (exit code 0) or why not:\n"
	"\n"
	"    echo '{\"cniVersion\":\"1.1.0\",\"name\":\"podnet\",\"type\":\"podway-cni\"}' |\n"
	"            CNI_COMMAND=STATUS podway-cni\n"
	"\n"
	"Files: /etc/cni/net.d/10-podway.conflist, /run/podway/control.sock,\n"
	"       /var/lib/podway/deletes. Manual: podway-cni(8).\n";

void note(const char *fmt, ...)
{
	struct pw_str line = {0};
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	pw_str_addf(&line, "podway-cni: %s\n", text);
	if (line.s != NULL)
		fputs(line.s, stderr);
	pw_str_free(&line);
}

static int by_hand(int argc, char **argv)
{
	if (argc == 1) {
		fputs(about, stderr);
		return 0;
	}
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts("podway-cni " PW_CNI_PLUGIN_VERSION);
		return 0;
	}
	if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		printf("%s\n%s", about, usage);
		return 0;
	}
	fprintf(stderr, "podway-cni: unknown argument \"%s\"; --help tells more\n", argv[1]);
	return 2;
}

/* Always to the end: a runtime may write its configuration in pieces. */
static int read_stdin(struct pw_str *text, struct pw_cni_error *error)
{
	char buf[8192];
	ssize_t n;

	while ((n = read(STDIN_FILENO, buf, sizeof(buf))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return pw_cni_fail(error, PW_CNI_E_IO, "stdin: %s", strerror(errno));
		pw_str_addn(text, buf, (size_t)n);
		if (text->failed)
			return pw_cni_fail(error, PW_CNI_E_INTERNAL, "out of memory");
		if (text->len > PW_CNI_CONF_MAX)
			return pw_cni_fail(error, PW_CNI_E_IO,
				"stdin: network configuration of more than %u bytes",
				PW_CNI_CONF_MAX);
	}
	if (text->len == 0)
		return pw_cni_fail(
			error, PW_CNI_E_DECODE, "stdin: empty, a network configuration is needed");
	return 0;
}

static int run(struct plugin *plugin, struct pw_str *text, struct pw_cni_error *error)
{
	enum pw_cni_command command = plugin->env.command;

	if (command == PW_CNI_VERSION) {
		plugin->answer = pw_cni_version_emit();
		return 0;
	}
	if (read_stdin(text, error) != 0 ||
		pw_cni_conf_parse(&plugin->conf, &plugin->env, text->s, text->len, error) != 0)
		return -EPROTO;
	if (plugin->conf.version < commands[command].since)
		return pw_cni_fail(error, PW_CNI_E_VERSION,
			"config version \"%s\" does not allow %s",
			pw_cni_version_name(plugin->conf.version), pw_cni_command_name(command));
	return commands[command].run(plugin, error);
}

static int print(const json_t *answer)
{
	char *text = json_dumps(answer, JSON_INDENT(4));
	int rc = text != NULL && puts(text) >= 0 && fflush(stdout) == 0 ? 0 : -EIO;

	free(text);
	if (rc != 0)
		note("stdout: %s", strerror(errno));
	return rc;
}

int main(int argc, char **argv)
{
	static struct plugin plugin;
	struct pw_cni_error error = {0};
	struct pw_str text = {0};
	int rc;

	plugin.conf.version = PW_CNI_NEWEST;
	rc = pw_cni_env_read(&plugin.env, &error);
	if (rc == 0 && plugin.env.command == PW_CNI_NONE)
		return by_hand(argc, argv);
	/* A runtime that has gone must not stop a rollback half-way. */
	signal(SIGPIPE, SIG_IGN);
	if (rc == 0)
		rc = run(&plugin, &text, &error);
	if (rc != 0) {
		json_decref(plugin.answer);
		plugin.answer = pw_cni_error_emit(&error, plugin.conf.version);
		note("%s: error %d: %s", pw_cni_command_name(plugin.env.command), error.code,
			error.msg);
	}
	if (plugin.answer != NULL && print(plugin.answer) != 0)
		rc = -EIO;
	json_decref(plugin.answer);
	pw_cni_conf_clear(&plugin.conf);
	pw_str_free(&text);
	return rc == 0 ? 0 : 1;
}
