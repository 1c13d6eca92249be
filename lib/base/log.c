/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "pw_log.h"
#include "pw_util.h"

#define LINE_MAX_BYTES 1024 /* longer lines are cut and end in "..." */

enum style {
	STYLE_PLAIN,
	STYLE_COLOUR,
	STYLE_JOURNAL
};

static const struct {
	const char *name;
	const char *padded; /* so that the areas stand in one column */
	const char *colour;
	int syslog; /* syslog(3) priority, for sd-daemon(3) prefixes */
} levels[] = {
	[PW_LOG_ERROR] = {"error", "error", "\033[31m", 3},
	[PW_LOG_WARN] = {"warn", "warn ", "\033[33m", 4},
	[PW_LOG_INFO] = {"info", "info ", "\033[32m", 6},
	[PW_LOG_DEBUG] = {"debug", "debug", "\033[90m", 7},
};

/* The process-wide state that pw_log.h speaks of. */
static _Atomic int current_level = PW_LOG_INFO;
static void (*sink_fn)(void *arg, enum pw_log_level level, const char *line);
static void *sink_arg;
static enum style style;
static pthread_once_t style_once = PTHREAD_ONCE_INIT;

/* $JOURNAL_STREAM is "device:inode" of the journal's socket. It is inherited, so it counts only if
 * it is still our stderr (systemd.exec(5)). */
static bool stderr_is_journal(void)
{
	const char *text = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;

	return text != NULL && sscanf(text, "%llu:%llu", &dev, &ino) == 2 &&
	       fstat(STDERR_FILENO, &st) == 0 && st.st_dev == dev && st.st_ino == ino;
}

static void find_style(void)
{
	const char *no_colour = getenv("NO_COLOR"); /* https://no-color.org */

	if (stderr_is_journal())
		style = STYLE_JOURNAL;
	else if (isatty(STDERR_FILENO) && (no_colour == NULL || *no_colour == '\0'))
		style = STYLE_COLOUR;
	else
		style = STYLE_PLAIN;
}

void pw_log_set_level(enum pw_log_level level)
{
	atomic_store_explicit(&current_level, (int)level, memory_order_relaxed);
}

enum pw_log_level pw_log_level(void)
{
	return (enum pw_log_level)atomic_load_explicit(&current_level, memory_order_relaxed);
}

int pw_log_level_parse(const char *text, enum pw_log_level *level)
{
	for (size_t i = 0; i < PW_ARRAY_SIZE(levels); i++) {
		if (strcmp(text, levels[i].name) == 0) {
			*level = (enum pw_log_level)i;
			return 0;
		}
	}
	return -EINVAL;
}

const char *pw_log_level_name(enum pw_log_level level)
{
	return (size_t)level < PW_ARRAY_SIZE(levels) ? levels[level].name : "?";
}

void pw_log_set_sink(void (*fn)(void *arg, enum pw_log_level level, const char *line), void *arg)
{
	sink_fn = fn;
	sink_arg = arg;
}

/* One event is one line, whatever a peer put into a name: control characters become blanks. */
static void make_one_line(char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = ' ';
}

/* Bytes before the area; the same time format as RFC 3339, in UTC. */
static int format_head(char *buf, size_t size, enum pw_log_level level)
{
	struct timespec ts;
	struct tm tm;
	char when[32];

	pthread_once(&style_once, find_style);
	if (style == STYLE_JOURNAL)
		return snprintf(buf, size, "<%d>", levels[level].syslog);
	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &tm);
	return snprintf(buf, size, "%s.%03ldZ %s%s%s ", when, ts.tv_nsec / 1000000,
		style == STYLE_COLOUR ? levels[level].colour : "", levels[level].padded,
		style == STYLE_COLOUR ? "\033[0m" : "");
}

static void write_stderr(enum pw_log_level level, const char *line)
{
	char buf[LINE_MAX_BYTES + 128];
	size_t head = (size_t)format_head(buf, sizeof(buf), level);
	size_t len = strlen(line);

	memcpy(buf + head, line, len);
	buf[head + len] = '\n';
	while (write(STDERR_FILENO, buf, head + len + 1) < 0 && errno == EINTR)
		; /* nothing was written: again */
}

static void log_line(
	enum pw_log_level level, const char *area, uint64_t held_back, const char *fmt, va_list ap)
{
	int saved_errno = errno; /* a log call changes nothing for its caller */
	char line[LINE_MAX_BYTES];
	char more[40] = "";
	size_t len, room;

	if (held_back > 0)
		snprintf(more, sizeof(more), " (%llu more)", (unsigned long long)held_back);
	room = sizeof(line) - strlen(more);
	len = PW_MIN((size_t)snprintf(line, room, "%s: ", area), room - 1);
	if (vsnprintf(line + len, room - len, fmt, ap) >= (int)(room - len))
		strcpy(line + room - 4, "...");
	strcat(line, more);
	make_one_line(line);
	if (sink_fn != NULL)
		sink_fn(sink_arg, level, line);
	else
		write_stderr(level, line);
	errno = saved_errno;
}

void pw_log(enum pw_log_level level, const char *area, const char *fmt, ...)
{
	va_list ap;

	if (level > pw_log_level())
		return;
	va_start(ap, fmt);
	log_line(level, area, 0, fmt, ap);
	va_end(ap);
}

void pw_log_limited(struct pw_log_limit *limit, uint64_t now_ns, enum pw_log_level level,
	const char *area, const char *fmt, ...)
{
	va_list ap;

	if (level > pw_log_level())
		return;
	if (now_ns - limit->start_ns >= limit->period_ns) {
		limit->start_ns = now_ns;
		limit->used = 0;
	}
	if (limit->used >= limit->burst) {
		limit->held_back++;
		return;
	}
	limit->used++;
	va_start(ap, fmt);
	log_line(level, area, limit->held_back, fmt, ap);
	va_end(ap);
	limit->held_back = 0;
}
