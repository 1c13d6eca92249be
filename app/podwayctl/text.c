/* SPDX-License-Identifier: BSD-3-Clause */
#include "text.h"

#include <inttypes.h>
#include <string.h>

#include "pw_str.h"

#define LIST_SHORT 3 /* elements of a list shown without -v */

const char *text_count(int64_t n, char *buf)
{
	char digits[24], *out = buf;
	int len = snprintf(digits, sizeof(digits), "%" PRId64, n);

	for (int i = 0; i < len; i++) {
		*out++ = digits[i];
		if (digits[i] != '-' && i + 1 < len && (len - 1 - i) % 3 == 0)
			*out++ = ',';
	}
	*out = '\0';
	return buf;
}

const char *text_bytes(int64_t n, char *buf)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double v = (double)n;
	size_t unit = 0;

	while (v >= 1023.95 && unit + 1 < PW_ARRAY_SIZE(units)) { /* what would print as 1024.0 */
		v /= 1024;
		unit++;
	}
	if (unit == 0)
		snprintf(buf, TEXT_MAX, "%" PRId64 " B", n);
	else
		snprintf(buf, TEXT_MAX, "%.1f %s", v, units[unit]);
	return buf;
}

const char *text_age(int64_t sec, char *buf)
{
	if (sec < 60)
		snprintf(buf, TEXT_MAX, "%" PRId64 "s", sec);
	else if (sec < 3600)
		snprintf(buf, TEXT_MAX, "%" PRId64 "m%02" PRId64 "s", sec / 60, sec % 60);
	else if (sec < 86400)
		snprintf(buf, TEXT_MAX, "%" PRId64 "h%02" PRId64 "m", sec / 3600, sec / 60 % 60);
	else
		snprintf(buf, TEXT_MAX, "%" PRId64 "d%02" PRId64 "h", sec / 86400, sec / 3600 % 24);
	return buf;
}

const char *text_percent(double v, char *buf)
{
	snprintf(buf, TEXT_MAX, "%.1f %%", v);
	return buf;
}

double text_share(int64_t part, int64_t whole)
{
	return whole > 0 ? 100.0 * (double)part / (double)whole : 0;
}

/* Control characters of a hostile name must not reach the terminal. */
static void add_printable(struct pw_str *str, const char *text)
{
	for (; *text != '\0'; text++)
		pw_str_addn(str, (unsigned char)*text < 0x20 || *text == 0x7f ? "?" : text, 1);
}

static void add_scalar(struct pw_str *str, const json_t *value, enum format format)
{
	int64_t n = json_integer_value(value);
	char buf[TEXT_MAX];

	if (json_is_string(value)) {
		add_printable(str, json_string_value(value));
	} else if (json_is_boolean(value)) {
		pw_str_add(str, json_is_true(value) ? "yes" : "no");
	} else if (json_is_number(value) && format == F_PERCENT) {
		pw_str_add(str, text_percent(json_number_value(value), buf));
	} else if (json_is_real(value)) {
		pw_str_addf(str, "%.1f", json_real_value(value));
	} else if (json_is_integer(value) && format == F_COUNT) {
		pw_str_add(str, text_count(n, buf));
	} else if (json_is_integer(value) && format == F_BYTES) {
		pw_str_add(str, text_bytes(n, buf));
	} else if (json_is_integer(value) && format == F_AGE) {
		pw_str_add(str, text_age(n, buf));
	} else if (json_is_integer(value)) {
		pw_str_addf(str, "%" PRId64, n);
	} else {
		pw_str_add(str, "-");
	}
}

char *text_value(const json_t *value, enum format format, bool verbose)
{
	size_t n = json_array_size(value);
	size_t shown = verbose || n <= LIST_SHORT + 1 ? n : LIST_SHORT;
	struct pw_str str = {0};

	if (!json_is_array(value)) {
		add_scalar(&str, value, format);
		return pw_str_take(&str);
	}
	for (size_t i = 0; i < shown; i++) {
		if (i > 0)
			pw_str_add(&str, ", ");
		add_scalar(&str, json_array_get(value, i), F_TEXT);
	}
	if (shown < n)
		pw_str_addf(&str, " (+%zu)", n - shown);
	if (n == 0)
		pw_str_add(&str, "-");
	return pw_str_take(&str);
}

const char *text_color(const struct ctl *ctl, enum color color)
{
	static const char *const codes[] = {
		[C_NONE] = "\033[0m",
		[C_BOLD] = "\033[1m",
		[C_DIM] = "\033[2m",
		[C_GREEN] = "\033[32m",
		[C_YELLOW] = "\033[33m",
		[C_RED] = "\033[31m",
	};

	return ctl->color ? codes[color] : "";
}

enum color text_state_color(const char *state)
{
	static const struct {
		const char *state;
		enum color color;
	} rows[] = {
		{"up", C_GREEN},
		{"reachable", C_GREEN},
		{"permanent", C_GREEN},
		{"established", C_GREEN},
		{"waiting", C_YELLOW},
		{"stale", C_YELLOW},
		{"probe", C_YELLOW},
		{"incomplete", C_YELLOW},
		{"lost", C_RED},
		{"down", C_RED},
		{"failed", C_RED},
	};

	for (size_t i = 0; i < PW_ARRAY_SIZE(rows); i++) {
		if (strcmp(rows[i].state, state) == 0)
			return rows[i].color;
	}
	return C_NONE;
}
