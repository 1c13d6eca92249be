/* SPDX-License-Identifier: BSD-3-Clause */
#include "server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "msg.h"
#include "pw_util.h"

struct pw_ipc_request {
	struct pw_ipc_conn *conn; /* NULL: closed since */
	const struct pw_ipc_method *method;
	json_t *doc;    /* the whole request; id and params are in it */
	json_t *id;     /* NULL: a notification, which gets no answer */
	json_t *params; /* NULL: none */
	void *args;     /* params decoded */
	struct fdmsg_fds fds;
	uint32_t next_fd;
	bool deferred;
	bool in_handler; /* a reply now must leave the request to its caller */
	bool replied;
};

static void request_free(struct pw_ipc_request *req)
{
	for (uint32_t i = req->next_fd; i < req->fds.n; i++) {
		struct fdmsg_fds one = {.v = {req->fds.v[i]}, .n = 1};

		fdmsg_close(&one);
	}
	if (req->method != NULL)
		pw_ipc_params_free(req->method->params, req->args);
	free(req->args);
	json_decref(req->doc);
	free(req);
}

void request_refuse(struct pw_ipc_conn *conn, json_t *id, const struct pw_ipc_error *err)
{
	conn->server->stats.errors++;
	conn_send(conn, msg_error(id, err), id);
}

/* Result is consumed. A notification gets no answer, whatever became of it. */
static void answer(struct pw_ipc_request *req, json_t *result, const struct pw_ipc_error *err)
{
	struct pw_ipc_conn *conn = req->conn;
	bool failed = err != NULL && err->code != PW_IPC_OK;

	if (conn != NULL && req->id == NULL) {
		conn->server->stats.errors += failed;
	} else if (conn != NULL && failed) {
		request_refuse(conn, req->id, err);
	} else if (conn != NULL) {
		conn_send(conn, msg_result(req->id, result), req->id);
		return;
	}
	json_decref(result);
}

/* The members JSON-RPC 2.0 section 4 asks for. Members we do not know are left alone. */
static int check_envelope(struct pw_ipc_request *req, struct pw_ipc_error *err)
{
	const char *version;

	if (json_is_array(req->doc))
		return pw_ipc_error_set(
			err, PW_IPC_E_REQUEST, "batches are not supported: send one object a line");
	if (!json_is_object(req->doc))
		return pw_ipc_error_set(err, PW_IPC_E_REQUEST, "a request is a JSON object");
	req->id = json_object_get(req->doc, "id");
	if (req->id != NULL && !json_is_string(req->id) && !json_is_number(req->id) &&
		!json_is_null(req->id)) {
		req->id = json_null();
		return pw_ipc_error_set(
			err, PW_IPC_E_REQUEST, "\"id\" must be a string, a number or null");
	}
	version = json_string_value(json_object_get(req->doc, "jsonrpc"));
	if (version == NULL || strcmp(version, "2.0") != 0)
		return pw_ipc_error_set(err, PW_IPC_E_REQUEST, "\"jsonrpc\" must be \"2.0\"");
	if (!json_is_string(json_object_get(req->doc, "method")))
		return pw_ipc_error_set(err, PW_IPC_E_REQUEST, "\"method\" must be a string");
	return 0;
}

static const struct pw_ipc_method *find_method(
	const struct pw_ipc_method *methods, const char *name)
{
	for (; methods->name != NULL; methods++) {
		if (strcmp(methods->name, name) == 0)
			return methods;
	}
	return NULL;
}

static int check_fds(const struct pw_ipc_request *req, struct pw_ipc_error *err)
{
	bool takes = req->method->flags & PW_IPC_F_TAKES_FD;

	if (req->fds.lost)
		return pw_ipc_error_set(err, PW_IPC_E_PARAMS,
			"file descriptors were lost: at most %d may come with a request",
			PW_IPC_MAX_FDS);
	if (takes && req->fds.n != 1)
		return pw_ipc_error_set(err, PW_IPC_E_PARAMS,
			"%s takes one file descriptor, %u came", req->method->name, req->fds.n);
	if (!takes && req->fds.n != 0)
		return pw_ipc_error_set(
			err, PW_IPC_E_PARAMS, "%s takes no file descriptor", req->method->name);
	return 0;
}

static int decode_args(struct pw_ipc_request *req, struct pw_ipc_error *err)
{
	const struct pw_ipc_method *method = req->method;

	req->params = json_object_get(req->doc, "params");
	if (json_is_null(req->params))
		req->params = NULL;
	if (req->params != NULL && !json_is_object(req->params))
		return pw_ipc_error_set(err, PW_IPC_E_PARAMS, "\"params\" must be an object");
	if (method->flags & PW_IPC_F_RAW)
		return 0;
	if (method->params_size > 0) {
		req->args = calloc(1, method->params_size);
		if (req->args == NULL)
			return pw_ipc_error_errno(err, -ENOMEM, NULL);
	}
	return pw_ipc_params_decode(method->params, req->params, req->args, err);
}

/* Finds out what is asked. 0, or an error to answer with. */
static int prepare(struct pw_ipc_request *req, struct pw_ipc_error *err)
{
	const char *name;
	int rc = check_envelope(req, err);

	if (rc != 0)
		return rc;
	name = json_string_value(json_object_get(req->doc, "method"));
	req->method = find_method(req->conn->server->conf.methods, name);
	if (req->method == NULL)
		return pw_ipc_error_set(err, PW_IPC_E_METHOD, "unknown method \"%.64s\"", name);
	rc = check_fds(req, err);
	return rc != 0 ? rc : decode_args(req, err);
}

static void call_handler(struct pw_ipc_request *req)
{
	struct pw_ipc_error err = {0};
	json_t *result = NULL;
	int rc;

	req->in_handler = true;
	rc = req->method->handler(req->conn->server->conf.ctx, req, req->args, &result, &err);
	req->in_handler = false;
	if (req->deferred) {
		json_decref(result);
		if (req->replied)
			request_free(req);
		else
			req->conn->current = req;
		return;
	}
	if (rc != 0 && err.code == PW_IPC_OK)
		pw_ipc_error_errno(&err, rc, NULL);
	if (rc == 0)
		err.code = PW_IPC_OK;
	answer(req, result, &err);
	request_free(req);
}

static bool is_blank(const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (strchr(" \t\r", line[i]) == NULL || line[i] == '\0')
			return false;
	}
	return true;
}

void request_handle(struct pw_ipc_conn *conn, const char *line, size_t len, struct fdmsg_fds *fds)
{
	struct pw_ipc_request *req;
	struct pw_ipc_error err;
	json_error_t where;

	if (is_blank(line, len))
		return;
	conn->server->stats.requests++;
	req = calloc(1, sizeof(*req));
	if (req == NULL) {
		pw_ipc_error_errno(&err, -ENOMEM, NULL);
		request_refuse(conn, NULL, &err);
		return;
	}
	req->conn = conn;
	req->fds = *fds;
	fds->n = 0; /* they are the request's now */
	req->doc = json_loadb(line, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &where);
	if (req->doc == NULL)
		pw_ipc_error_set(
			&err, PW_IPC_E_PARSE, "not JSON: %s (column %d)", where.text, where.column);
	if (req->doc == NULL || prepare(req, &err) != 0) {
		/* What cannot be told from a request is answered with a null id (section 5). */
		if (req->id == NULL && (err.code == PW_IPC_E_PARSE || err.code == PW_IPC_E_REQUEST))
			request_refuse(conn, NULL, &err);
		else
			answer(req, NULL, &err);
		request_free(req);
		return;
	}
	call_handler(req);
}

void request_orphan(struct pw_ipc_request *req)
{
	req->conn = NULL;
}

void pw_ipc_defer(struct pw_ipc_request *req)
{
	req->deferred = true;
}

void pw_ipc_reply(struct pw_ipc_request *req, json_t *result, const struct pw_ipc_error *err)
{
	answer(req, result, err);
	req->replied = true;
	if (req->in_handler)
		return;
	if (req->conn != NULL) {
		req->conn->current = NULL;
		conn_wake(req->conn);
	}
	request_free(req);
}

struct pw_ipc_conn *pw_ipc_request_conn(struct pw_ipc_request *req)
{
	return req->conn;
}

const char *pw_ipc_request_method(const struct pw_ipc_request *req)
{
	return req->method->name;
}

const json_t *pw_ipc_request_params(const struct pw_ipc_request *req)
{
	return req->params;
}

int pw_ipc_request_take_fd(struct pw_ipc_request *req)
{
	if (req->next_fd >= req->fds.n)
		return -ENOENT;
	return req->fds.v[req->next_fd++];
}
