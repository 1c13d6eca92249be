/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "pw_cni_link.h"
#include "pw_util.h"

/*
 * What the reference plugins set (containernetworking/plugins pkg/ipam ConfigureIface, bridge), and
 * why. /proc/sys/net shows the namespace of the process that looks.
 */
static const struct sysctl {
	uint8_t family;
	bool with; /* for a pod with an address of the family, or for one without */
	bool must;
	const char *name, *value;
} sysctls[] = {
	/* Gratuitous ARP when the interface comes up: neighbours forget an earlier owner. */
	{PW_IPV4, true, false, "arp_notify", "1"},
	/* A restart of the daemon is a loss of carrier: who is known before it is known after it. To
	 * ask again costs a second when the first question falls into the gap (Linux 5.16). */
	{PW_IPV4, true, false, "arp_evict_nocarrier", "0"},
	{PW_IPV6, true, true, "disable_ipv6", "0"},
	{PW_IPV6, true, false, "ndisc_evict_nocarrier", "0"},
	/* Addresses are ours to give, a router in the segment has no say. */
	{PW_IPV6, true, false, "accept_ra", "0"},
	{PW_IPV6, true, false, "accept_dad", "0"},
	{PW_IPV6, true, false, "keep_addr_on_down", "1"},
	{PW_IPV6, true, false, "ndisc_notify", "1"},
	/* No link-local address nobody asked for, and no router solicitations from it. */
	{PW_IPV6, false, false, "disable_ipv6", "1"},
};

static int sysctl_write(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int rc = fd < 0 || write(fd, value, strlen(value)) < 0 ? -errno : 0;

	if (fd >= 0)
		close(fd);
	return rc;
}

int pw_cni_link_sysctls(const char *ifname, bool v4, bool v6, struct pw_err *err)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < PW_ARRAY_SIZE(sysctls); i++) {
		const struct sysctl *s = &sysctls[i];
		bool has = s->family == PW_IPV4 ? v4 : v6;
		int rc;

		if (has != s->with)
			continue;
		snprintf(path, sizeof(path), "/proc/sys/net/ipv%u/conf/%s/%s", s->family, ifname,
			s->name);
		rc = sysctl_write(path, s->value);
		/* A kernel without IPv6, or a read-only /proc/sys: only a must is worth failing
		 * for. */
		if (rc != 0 && s->must)
			return pw_err_set(err, rc, "%s = %s: %s", path, s->value, strerror(-rc));
	}
	return 0;
}
