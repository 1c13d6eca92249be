/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_log.h - the process's log: one line an event, to stderr, for people and for journald.
 *
 *     2026-11-24T09:12:33.123Z info  port: br0/pod-3f2a up (tap, 1 queue)
 *
 * With stderr at the journal ($JOURNAL_STREAM) the time is left out and a <N> priority put before
 * the line. Colours only on a terminal. The level and the sink are the one process-wide state of
 * the library (a log is a property of the process, not of an object).
 * Threads:  any thread but a worker's fast path; one write(2) a line.
 */
#ifndef PW_LOG_H
#define PW_LOG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdarg.h>

enum pw_log_level {
	PW_LOG_ERROR,
	PW_LOG_WARN,
	PW_LOG_INFO,
	PW_LOG_DEBUG
};

void pw_log_set_level(enum pw_log_level level);
enum pw_log_level pw_log_level(void);
int pw_log_level_parse(const char *text, enum pw_log_level *level); /* 0 or -EINVAL */
const char *pw_log_level_name(enum pw_log_level level);
/* Tests: every line goes to fn instead of stderr; NULL restores. */
void pw_log_set_sink(void (*fn)(void *arg, enum pw_log_level level, const char *line), void *arg);

void pw_log(enum pw_log_level level, const char *area, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* At most `burst` lines a `period_ns` for one call site; what was held back is said with the next
 * line ("(12 more)"). The state belongs to the caller: one static or member a site. */
struct pw_log_limit {
	uint64_t period_ns;
	uint32_t burst;
	uint32_t used;
	uint64_t held_back;
	uint64_t start_ns;
};
void pw_log_limited(struct pw_log_limit *limit, uint64_t now_ns, enum pw_log_level level,
	const char *area, const char *fmt, ...) __attribute__((format(printf, 5, 6)));

#define pw_error(area, ...) pw_log(PW_LOG_ERROR, area, __VA_ARGS__)
#define pw_warn(area, ...)  pw_log(PW_LOG_WARN, area, __VA_ARGS__)
#define pw_info(area, ...)  pw_log(PW_LOG_INFO, area, __VA_ARGS__)
#define pw_debug(area, ...) pw_log(PW_LOG_DEBUG, area, __VA_ARGS__)

#endif
