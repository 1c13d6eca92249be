/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_ipc_error.h - the error of a control request: one list of codes, shared by both halves.
 *
 * A handler returns 0, or a negative number after it filled the error:
 *
 *     return pw_ipc_error_set(err, PW_IPC_E_MISSING, "port \"%s\": no such port", name);
 *     return pw_ipc_error_from(err, &conf_err);
 *     return -ENOSPC;                             // also good: code and text come from the errno
 *
 * Threads:  the caller owns the struct.
 */
#ifndef PW_IPC_ERROR_H
#define PW_IPC_ERROR_H

#include "pw_err.h"

/* X(suffix, code, name, text). The numbers are part of the protocol (docs/control-api.md). */
#define PW_IPC_ERRORS(X)                                                                           \
	X(PARSE, -32700, "parse", "not JSON")                                                      \
	X(REQUEST, -32600, "request", "not a JSON-RPC 2.0 request")                                \
	X(METHOD, -32601, "method", "unknown method")                                              \
	X(PARAMS, -32602, "params", "bad parameters")                                              \
	X(INTERNAL, -32603, "internal", "the daemon made a mistake")                               \
	X(FAILED, -1, "failed", "failed")                                                          \
	X(EXISTS, -2, "exists", "it is there already")                                             \
	X(MISSING, -3, "missing", "there is no such thing")                                        \
	X(FULL, -4, "full", "a table, pool or address range is used up")                           \
	X(BUSY, -5, "busy", "try again later")                                                     \
	X(DENIED, -6, "denied", "the peer may not do this")

enum pw_ipc_code {
	PW_IPC_OK = 0,
#define PW_IPC_CODE(suffix, code, name, text) PW_IPC_E_##suffix = (code),
	PW_IPC_ERRORS(PW_IPC_CODE)
#undef PW_IPC_CODE
};

struct pw_ipc_error {
	int code; /* enum pw_ipc_code, or what a newer peer sent; 0: none (or not the peer's) */
	char msg[512];
};

/* Sets code and message; returns code, which is never 0. err may be NULL. */
int pw_ipc_error_set(struct pw_ipc_error *err, enum pw_ipc_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The same with the code that belongs to a negative errno. A NULL fmt: strerror's text. */
int pw_ipc_error_errno(struct pw_ipc_error *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Takes over what a lower library reported. */
int pw_ipc_error_from(struct pw_ipc_error *err, const struct pw_err *from);

/* -EEXIST: EXISTS; -ENOENT, -ENODEV: MISSING; -ENOSPC: FULL; -EBUSY, -EAGAIN: BUSY;
 * -EPERM, -EACCES: DENIED; -EINVAL, -ERANGE: PARAMS; anything else: FAILED. */
enum pw_ipc_code pw_ipc_code_from_errno(int code);
const char *pw_ipc_code_name(int code); /* "exists"; "unknown" for what is not in the list */
const char *pw_ipc_code_text(int code);

#endif
