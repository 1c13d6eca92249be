/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_in6.h - an IPv6 address as one number, for tables and packets.
 *
 * The 16 bytes as they lie in memory: good for copies and for ==, which take two loads each; its
 * value has no meaning, like that of a uint32_t in network order. Aligned to 4 bytes, as in headers
 * and keys.
 */
#ifndef PW_IN6_H
#define PW_IN6_H

#include <stdint.h>
#include <string.h>

#include "pw_addr.h"

typedef unsigned __int128 pw_in6 __attribute__((aligned(4)));

static inline pw_in6 pw_in6_load(const void *bytes)
{
	pw_in6 in6;

	memcpy(&in6, bytes, sizeof(in6));
	return in6;
}

static inline void pw_in6_store(void *bytes, pw_in6 in6)
{
	memcpy(bytes, &in6, sizeof(in6));
}

static inline struct pw_ip pw_in6_to_ip(pw_in6 in6)
{
	struct pw_ip ip = {.family = PW_IPV6};

	pw_in6_store(ip.b, in6);
	return ip;
}

static inline pw_in6 pw_in6_from_ip(const struct pw_ip *ip)
{
	return pw_in6_load(ip->b);
}

#endif
