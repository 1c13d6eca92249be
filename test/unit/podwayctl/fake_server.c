/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fake_server SOCKET CANNED.json LOG - answers each method with what the file holds under
 * "method {params}" or "method", and writes every request to LOG. An object {"error": {code,
 * message}} is answered as that error. Says "ready" once it listens; ends at the end of its
 * standard input.
 */
#include <err.h>
#include <event2/event.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "pw_ipc_json.h"
#include "pw_ipc_server.h"

struct fake {
	json_t *canned;
	FILE *log;
};

static int answer(void *ctx, struct pw_ipc_request *req, void *params, json_t **result,
	struct pw_ipc_error *error)
{
	struct fake *fake = ctx;
	const char *method = pw_ipc_request_method(req);
	char *text = json_dumps(pw_ipc_request_params(req), JSON_COMPACT);
	json_t *value, *e;
	char key[256];

	fprintf(fake->log, "-> %s %s\n", method, text != NULL ? text : "");
	fflush(fake->log);
	snprintf(key, sizeof(key), "%s %s", method, text != NULL ? text : "");
	free(text);
	value = json_object_get(fake->canned, key);
	if (value == NULL)
		value = json_object_get(fake->canned, method);
	e = pw_json_get(value, "error");
	if (e != NULL)
		return pw_ipc_error_set(error, (enum pw_ipc_code)pw_json_int(e, "code", -1), "%s",
			pw_json_str(e, "message", ""));
	*result = json_incref(value);
	return 0;
}

static struct pw_ipc_method *make_methods(json_t *canned)
{
	struct pw_ipc_method *methods = calloc(json_object_size(canned) + 1, sizeof(*methods));
	const char *name;
	json_t *value;
	size_t n = 0;

	json_object_foreach (canned, name, value) {
		methods[n].name = name;
		methods[n].handler = answer;
		methods[n++].flags = PW_IPC_F_RAW;
	}
	return methods;
}

static void on_stdin(evutil_socket_t fd, short what, void *base)
{
	char c;

	if (read(fd, &c, 1) <= 0)
		event_base_loopbreak(base);
}

int main(int argc, char **argv)
{
	struct event_base *base = event_base_new();
	struct pw_ipc_server *server;
	struct pw_ipc_method *methods;
	struct event *quit;
	struct fake fake;
	struct pw_err error;
	json_error_t where;

	if (argc != 4)
		errx(2, "usage: fake_server SOCKET CANNED.json LOG");
	fake.canned = json_load_file(argv[2], 0, &where);
	if (fake.canned == NULL)
		errx(1, "%s:%d: %s", argv[2], where.line, where.text);
	fake.log = fopen(argv[3], "a");
	if (fake.log == NULL)
		err(1, "%s", argv[3]);
	methods = make_methods(fake.canned);
	struct pw_ipc_server_conf conf = {
		.base = base,
		.path = argv[1],
		.methods = methods,
		.ctx = &fake,
	};
	server = pw_ipc_server_create(&conf, &error);
	if (server == NULL)
		errx(1, "%s", error.msg);
	quit = event_new(base, STDIN_FILENO, EV_READ | EV_PERSIST, on_stdin, base);
	event_add(quit, NULL);
	puts("ready");
	fflush(stdout);
	event_base_dispatch(base);
	event_free(quit);
	pw_ipc_server_destroy(server);
	event_base_free(base);
	free(methods);
	json_decref(fake.canned);
	fclose(fake.log);
	return 0;
}
