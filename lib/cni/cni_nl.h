/* SPDX-License-Identifier: BSD-3-Clause */
/* cni_nl.h - libnl's errors and addresses as ours. */
#ifndef CNI_NL_H
#define CNI_NL_H

#include <netlink/addr.h>

#include "pw_addr.h"
#include "pw_err.h"

/* Sets "what: libnl's text" and returns the nearest -errno. */
int cni_nl_fail(struct pw_err *err, int nl_code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* New; NULL: out of memory. len: of the prefix. */
struct nl_addr *cni_nl_addr(const struct pw_ip *ip, unsigned len);
/* Same address and prefix length? A NULL addr is the default route's destination. */
bool cni_nl_addr_equal(struct nl_addr *addr, const struct pw_ip *ip, unsigned len);

#endif
