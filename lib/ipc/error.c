/* SPDX-License-Identifier: BSD-3-Clause */
#include "pw_ipc_error.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "pw_util.h"

static const struct {
	int code;
	const char *name, *text;
} codes[] = {
#define CODE_ROW(suffix, number, word, sentence) {number, word, sentence},
	PW_IPC_ERRORS(CODE_ROW)
#undef CODE_ROW
};

static const struct {
	int number;
	enum pw_ipc_code code;
} from_errno[] = {
	{EEXIST, PW_IPC_E_EXISTS},
	{ENOENT, PW_IPC_E_MISSING},
	{ENODEV, PW_IPC_E_MISSING},
	{ENOSPC, PW_IPC_E_FULL},
	{EBUSY, PW_IPC_E_BUSY},
	{EAGAIN, PW_IPC_E_BUSY},
	{EADDRINUSE, PW_IPC_E_BUSY},
	{EPERM, PW_IPC_E_DENIED},
	{EACCES, PW_IPC_E_DENIED},
	{EINVAL, PW_IPC_E_PARAMS},
	{EHOSTUNREACH, PW_IPC_E_PARAMS},
	{ERANGE, PW_IPC_E_PARAMS},
};

int pw_ipc_error_set(struct pw_ipc_error *err, enum pw_ipc_code code, const char *fmt, ...)
{
	va_list ap;

	if (err == NULL)
		return code;
	err->code = code;
	va_start(ap, fmt);
	vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	return code;
}

int pw_ipc_error_errno(struct pw_ipc_error *err, int code, const char *fmt, ...)
{
	va_list ap;

	if (err == NULL)
		return pw_ipc_code_from_errno(code);
	err->code = pw_ipc_code_from_errno(code);
	if (fmt == NULL) {
		snprintf(err->msg, sizeof(err->msg), "%s", strerror(code < 0 ? -code : code));
		return err->code;
	}
	va_start(ap, fmt);
	vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	return err->code;
}

int pw_ipc_error_from(struct pw_ipc_error *err, const struct pw_err *from)
{
	if (from->msg[0] == '\0')
		return pw_ipc_error_errno(err, from->code, NULL);
	return pw_ipc_error_errno(err, from->code, "%s", from->msg);
}

enum pw_ipc_code pw_ipc_code_from_errno(int code)
{
	int number = code < 0 ? -code : code;

	for (size_t i = 0; i < PW_ARRAY_SIZE(from_errno); i++) {
		if (from_errno[i].number == number)
			return from_errno[i].code;
	}
	return PW_IPC_E_FAILED;
}

const char *pw_ipc_code_name(int code)
{
	for (size_t i = 0; i < PW_ARRAY_SIZE(codes); i++) {
		if (codes[i].code == code)
			return codes[i].name;
	}
	return "unknown";
}

const char *pw_ipc_code_text(int code)
{
	for (size_t i = 0; i < PW_ARRAY_SIZE(codes); i++) {
		if (codes[i].code == code)
			return codes[i].text;
	}
	return "unknown error";
}
