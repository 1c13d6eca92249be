/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_err.h - an error a person reads: code and message, passed up by handle.
 *
 * Usage:    if (x) return pw_err_set(err, -EINVAL, "mtu %u: allowed 68..9216", mtu);
 * Threads:  the caller owns the struct; no sharing.
 */
#ifndef PW_ERR_H
#define PW_ERR_H

#include <stdarg.h>

struct pw_err {
	int code; /* negative errno; 0 = no error */
	char msg[512];
};

/* Sets code and message, returns code. err may be NULL: then only the code is returned. */
int pw_err_set(struct pw_err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Puts "text: " before the message; returns err->code. */
int pw_err_prefix(struct pw_err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
