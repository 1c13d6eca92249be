/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * eal_log.c - DPDK's log as a part of ours.
 *
 * DPDK writes to a stdio stream; ours is a cookie that hands each line on with its level. Errors
 * and warnings keep theirs, the rest (of use to who debugs DPDK) is debug.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <rte_log.h>

#include "eal.h"

static enum pw_log_level level_of(int dpdk)
{
	if (dpdk <= (int)RTE_LOG_ERR)
		return PW_LOG_ERROR;
	return dpdk == (int)RTE_LOG_WARNING ? PW_LOG_WARN : PW_LOG_DEBUG;
}

static void end_line(struct ctl_eal_log *log)
{
	enum pw_log_level level = level_of(rte_log_cur_msg_loglevel());

	log->line[log->len] = '\0';
	if (log->len > 0) {
		if (level == PW_LOG_ERROR && log->first_error[0] == '\0')
			memcpy(log->first_error, log->line, log->len + 1);
		pw_log(level, "dpdk", "%s", log->line);
	}
	log->len = 0;
}

static ssize_t on_write(void *cookie, const char *data, size_t n)
{
	struct ctl_eal_log *log = cookie;

	for (size_t i = 0; i < n; i++) {
		if (data[i] == '\n')
			end_line(log);
		else if (log->len < sizeof(log->line) - 1)
			log->line[log->len++] = data[i];
	}
	return (ssize_t)n;
}

int ctl_eal_log_open(struct ctl_eal_log *log)
{
	const cookie_io_functions_t io = {.write = on_write};

	log->stream = fopencookie(log, "w", io);
	if (log->stream == NULL)
		return -ENOMEM;
	setvbuf(log->stream, NULL, _IOLBF, 0);
	return rte_openlog_stream(log->stream) == 0 ? 0 : -EIO;
}

void ctl_eal_log_close(struct ctl_eal_log *log)
{
	if (log == NULL)
		return;
	(void)rte_openlog_stream(NULL);
	if (log->stream != NULL)
		fclose(log->stream);
	free(log);
}
