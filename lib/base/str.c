/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pw_str.h"
#include "pw_util.h"

/* Room for len more bytes and the NUL. */
static bool reserve(struct pw_str *str, size_t len)
{
	if (str->failed)
		return false;
	if (len >= SIZE_MAX / 2 - str->len) {
		str->failed = true;
		return false;
	}

	size_t need = str->len + len + 1;

	if (need <= str->cap)
		return true;

	size_t cap = PW_MAX(PW_MAX(need, str->cap * 2), (size_t)64);
	char *s = realloc(str->s, cap);

	if (s == NULL) {
		str->failed = true;
		return false;
	}
	str->s = s;
	str->cap = cap;
	return true;
}

void pw_str_addn(struct pw_str *str, const char *data, size_t len)
{
	if (!reserve(str, len))
		return;
	if (len > 0)
		memcpy(str->s + str->len, data, len);
	str->len += len;
	str->s[str->len] = '\0';
}

void pw_str_add(struct pw_str *str, const char *text)
{
	pw_str_addn(str, text, strlen(text));
}

void pw_str_addf(struct pw_str *str, const char *fmt, ...)
{
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (len < 0) {
		str->failed = true;
		return;
	}
	if (!reserve(str, (size_t)len))
		return;
	va_start(ap, fmt);
	vsnprintf(str->s + str->len, (size_t)len + 1, fmt, ap);
	va_end(ap);
	str->len += (size_t)len;
}

char *pw_str_take(struct pw_str *str)
{
	char *s = NULL;

	/* Nothing appended is the empty text, not a failure. */
	if (reserve(str, 0)) {
		s = str->s;
		s[str->len] = '\0';
		str->s = NULL;
	}
	pw_str_free(str);
	return s;
}

void pw_str_free(struct pw_str *str)
{
	free(str->s);
	*str = (struct pw_str){0};
}

/* Not isalnum(): names must not depend on the locale. */
static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool pw_name_valid(const char *name, size_t max)
{
	size_t len = strlen(name);

	if (len == 0 || len > max || !is_alnum(name[0]))
		return false;
	for (size_t i = 1; i < len; i++)
		if (!is_alnum(name[i]) && strchr("_.-", name[i]) == NULL)
			return false;
	return true;
}

/* As dev_valid_name() of the kernel (net/core/dev.c), with '%' refused too: it is a template. */
bool pw_ifname_valid(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len > 15 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	return strpbrk(name, "/:% \t\n\v\f\r") == NULL;
}

int pw_u64_parse(const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
	uint64_t v = 0;
	bool overflow = false;

	if (*text == '\0')
		return -EINVAL;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL; /* before -ERANGE: "99..9x" is not a number */
		overflow |= __builtin_mul_overflow(v, UINT64_C(10), &v);
		overflow |= __builtin_add_overflow(v, (uint64_t)(*text - '0'), &v);
	}
	if (overflow || v < min || v > max)
		return -ERANGE;
	*value = v;
	return 0;
}
