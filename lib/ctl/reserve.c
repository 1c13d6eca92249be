/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pw_log.h"
#include "reserve.h"

#define PATH "/proc/sys/net/ipv4/ip_local_reserved_ports"

bool ctl_reserve_has(const char *list, uint32_t first, uint32_t last)
{
	unsigned from, to;
	int used;

	for (; sscanf(list, " %u%n", &from, &used) == 1; list += *list == ',') {
		list += used;
		to = from;
		if (sscanf(list, "-%u%n", &to, &used) == 1)
			list += used;
		if (from <= first && last <= to)
			return true;
		list += strspn(list, " \n");
	}
	return false;
}

/* The kernel sorts and merges (65536 ports make a text of less than 400 kB). */
static int add_range(int fd, const char *list, uint32_t first, uint32_t last)
{
	size_t len = strcspn(list, "\n");
	char *text;
	ssize_t n;

	if (asprintf(&text, "%.*s%s%u-%u\n", (int)len, list, len > 0 ? "," : "", first, last) < 0)
		return -ENOMEM;
	n = pwrite(fd, text, strlen(text), 0);
	free(text);
	return n < 0 ? -errno : 0;
}

void ctl_reserve_ports(uint32_t first, uint32_t last)
{
	static const size_t room = 512 * 1024;
	char *list = calloc(1, room);
	int fd = open(PATH, O_RDWR | O_CLOEXEC);
	int rc = 0;

	if (fd < 0 || list == NULL || pread(fd, list, room - 1, 0) < 0)
		rc = -errno;
	else if (!ctl_reserve_has(list, first, last))
		rc = add_range(fd, list, first, last);
	if (rc != 0)
		pw_warn("service",
			"ports %u-%u, for masquerading, could not be reserved in " PATH
			": %s; a socket of the node that takes one loses its answers",
			first, last, strerror(-rc));
	if (fd >= 0)
		close(fd);
	free(list);
}
