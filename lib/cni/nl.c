/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <netlink/errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "cni_nl.h"
#include "pw_util.h"

/* libnl folds errno into codes of its own; these are the ones somebody acts upon. */
static const struct {
	int nl, code;
} codes[] = {
	{NLE_EXIST, -EEXIST},
	{NLE_NODEV, -ENODEV},
	{NLE_OBJ_NOTFOUND, -ENODEV},
	{NLE_PERM, -EPERM},
	{NLE_NOACCESS, -EACCES},
	{NLE_NOMEM, -ENOMEM},
	{NLE_INVAL, -EINVAL},
	{NLE_NOADDR, -EADDRNOTAVAIL},
};

int cni_nl_fail(struct pw_err *err, int nl_code, const char *fmt, ...)
{
	int code = -EIO;
	char what[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	for (size_t i = 0; i < PW_ARRAY_SIZE(codes); i++) {
		if (codes[i].nl == abs(nl_code))
			code = codes[i].code;
	}
	return pw_err_set(err, code, "%s: %s", what, nl_geterror(nl_code));
}

struct nl_addr *cni_nl_addr(const struct pw_ip *ip, unsigned len)
{
	bool v4 = ip->family == PW_IPV4;
	struct nl_addr *addr = nl_addr_build(v4 ? AF_INET : AF_INET6, ip->b, v4 ? 4 : 16);

	if (addr != NULL)
		nl_addr_set_prefixlen(addr, (int)len);
	return addr;
}

bool cni_nl_addr_equal(struct nl_addr *addr, const struct pw_ip *ip, unsigned len)
{
	bool v4 = ip->family == PW_IPV4;

	if (addr == NULL || nl_addr_get_len(addr) == 0)
		return pw_ip_is_zero(ip) && len == 0 &&
		       (addr == NULL || nl_addr_get_family(addr) == (v4 ? AF_INET : AF_INET6));
	return nl_addr_get_family(addr) == (v4 ? AF_INET : AF_INET6) &&
	       nl_addr_get_prefixlen(addr) == len &&
	       memcmp(nl_addr_get_binary_addr(addr), ip->b, v4 ? 4 : 16) == 0;
}
