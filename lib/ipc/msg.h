/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * msg.h - JSON-RPC 2.0 messages as lines of text; used by both halves.
 *
 * Threads:  pure.
 */
#ifndef PW_IPC_MSG_H
#define PW_IPC_MSG_H

#include <stddef.h>

#include <jansson.h>

#include "pw_ipc_error.h"

/* Compact JSON and '\n'. 0, -EMSGSIZE above max bytes, -ENOMEM. *line is malloc'ed. */
int msg_encode(const json_t *doc, size_t max, char **line, size_t *len);
/* New messages; NULL: out of memory. id is borrowed (NULL: null); result's and params' reference
 * is taken, NULL means {} (result) or none (params). */
json_t *msg_request(json_int_t id, const char *method, json_t *params);
json_t *msg_result(json_t *id, json_t *result);
json_t *msg_error(json_t *id, const struct pw_ipc_error *err);

#endif
