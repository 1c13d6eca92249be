/* SPDX-License-Identifier: BSD-3-Clause */
#include "msg.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pw_str.h"

struct sink {
	struct pw_str text;
	size_t max;
};

static int sink_write(const char *data, size_t len, void *arg)
{
	struct sink *sink = arg;

	if (sink->text.len + len >= sink->max) /* one byte is kept for '\n' */
		return -1;
	pw_str_addn(&sink->text, data, len);
	return sink->text.failed ? -1 : 0;
}

int msg_encode(const json_t *doc, size_t max, char **line, size_t *len)
{
	struct sink sink = {.max = max};
	bool failed;

	if (doc == NULL)
		return -ENOMEM;
	if (json_dump_callback(doc, sink_write, &sink, JSON_COMPACT) < 0) {
		failed = sink.text.failed;
		pw_str_free(&sink.text);
		return failed ? -ENOMEM : -EMSGSIZE;
	}
	pw_str_add(&sink.text, "\n");
	*len = sink.text.len;
	*line = pw_str_take(&sink.text);
	return *line != NULL ? 0 : -ENOMEM;
}

/* A message may quote a path or be cut inside a character: what is not UTF-8 becomes '?'. */
static json_t *text_value(const char *text)
{
	json_t *value = json_string(text);
	char *copy;

	if (value != NULL)
		return value;
	copy = strdup(text);
	if (copy == NULL)
		return NULL;
	for (char *c = copy; *c != '\0'; c++) {
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	}
	value = json_string(copy);
	free(copy);
	return value;
}

json_t *msg_request(json_int_t id, const char *method, json_t *params)
{
	return json_pack("{s:s, s:I, s:s, s:o*}", "jsonrpc", "2.0", "id", id, "method", method,
		"params", params);
}

json_t *msg_result(json_t *id, json_t *result)
{
	return json_pack("{s:s, s:O?, s:o}", "jsonrpc", "2.0", "id", id, "result",
		result != NULL ? result : json_object());
}

json_t *msg_error(json_t *id, const struct pw_ipc_error *err)
{
	return json_pack("{s:s, s:O?, s:{s:i, s:o}}", "jsonrpc", "2.0", "id", id, "error", "code",
		err->code, "message", text_value(err->msg));
}
