/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <string.h>

#include "pw_err.h"

int pw_err_set(struct pw_err *err, int code, const char *fmt, ...)
{
	char msg[sizeof(err->msg)]; /* an argument may point into err->msg */
	va_list ap;

	if (err == NULL)
		return code;
	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	memcpy(err->msg, msg, sizeof(msg));
	err->code = code;
	return code;
}

int pw_err_prefix(struct pw_err *err, const char *fmt, ...)
{
	char msg[sizeof(err->msg)];
	va_list ap;

	if (err == NULL)
		return 0;
	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	/* What does not fit is cut at the end. */
	strlcat(msg, ": ", sizeof(msg));
	strlcat(msg, err->msg, sizeof(msg));
	memcpy(err->msg, msg, sizeof(msg));
	return err->code;
}
