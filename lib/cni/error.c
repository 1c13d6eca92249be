/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "pw_cni_error.h"

int pw_cni_fail(struct pw_cni_error *error, int code, const char *fmt, ...)
{
	va_list ap;

	error->code = code;
	error->details[0] = '\0';
	va_start(ap, fmt);
	vsnprintf(error->msg, sizeof(error->msg), fmt, ap);
	va_end(ap);
	return -EPROTO;
}

int pw_cni_fail_err(
	struct pw_cni_error *error, int code, const char *what, const struct pw_err *err)
{
	return pw_cni_fail(error, code, "%s: %s", what, err->msg);
}

int pw_cni_fail_details(struct pw_cni_error *error, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(error->details, sizeof(error->details), fmt, ap);
	va_end(ap);
	return -EPROTO;
}

/* Length of the UTF-8 sequence at s (RFC 3629, without the finer exclusions), 0 if there is none.
 */
static int sequence_len(const unsigned char *s)
{
	int n = s[0] < 0x80   ? 1
		: s[0] < 0xc2 ? 0
		: s[0] < 0xe0 ? 2
		: s[0] < 0xf0 ? 3
		: s[0] < 0xf5 ? 4
			      : 0;

	for (int i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	}
	/* Overlong forms, surrogates and what is above U+10FFFF. */
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
		(s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

static void clean(char *text)
{
	unsigned char *s = (unsigned char *)text;

	while (*s != '\0') {
		int n = sequence_len(s);

		if (n == 0) {
			*s = '?';
			n = 1;
		}
		s += n;
	}
}

void pw_cni_error_clean(struct pw_cni_error *error)
{
	clean(error->msg);
	clean(error->details);
}
