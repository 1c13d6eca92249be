/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_str.h - a growing string, and the checks of names that become file or device names.
 *
 * Threads:  the caller owns the struct.
 * Errors:   out of memory sets `failed`; appends after that do nothing; pw_str_take gives NULL.
 */
#ifndef PW_STR_H
#define PW_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pw_str {
	char *s; /* NUL-terminated once anything was appended */
	size_t len, cap;
	bool failed;
};

void pw_str_add(struct pw_str *str, const char *text);
void pw_str_addn(struct pw_str *str, const char *data, size_t len);
void pw_str_addf(struct pw_str *str, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
char *pw_str_take(struct pw_str *str); /* the caller frees; the struct is empty again */
void pw_str_free(struct pw_str *str);

/* ^[a-zA-Z0-9][a-zA-Z0-9_.-]*$, 1..max characters. */
bool pw_name_valid(const char *name, size_t max);
/* Linux interface name: 1..15 bytes, not "." or "..", no '/', ':' or white space. */
bool pw_ifname_valid(const char *name);
/* Whole text is a decimal number min..max: 0, else -EINVAL (not a number) or -ERANGE. */
int pw_u64_parse(const char *text, uint64_t min, uint64_t max, uint64_t *value);

#endif
