/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_ipam_range.h - address ranges, as the host-local IPAM plugin understands them.
 *
 * A pod gets one address of every set; a set is one or more ranges of one family. Dual stack is two
 * sets. Never handed out: the subnet's network address, its IPv4 broadcast address, the gateway.
 * Threads:  pure functions.
 * Errors:   -EINVAL with "ranges[1][0].subnet: ..." in *err.
 */
#ifndef PW_IPAM_RANGE_H
#define PW_IPAM_RANGE_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "pw_addr.h"
#include "pw_err.h"

#define PW_IPAM_MAX_SETS   4
#define PW_IPAM_MAX_RANGES 8 /* a set */

typedef unsigned __int128 pw_u128; /* the one typedef: an address as a number, host order */

struct pw_ipam_range {
	struct pw_prefix subnet; /* no host bits */
	struct pw_ip start, end; /* both are handed out */
	struct pw_ip gateway;
};

struct pw_ipam_set {
	struct pw_ipam_range v[PW_IPAM_MAX_RANGES];
	unsigned n;
};

struct pw_ipam_ranges {
	struct pw_ipam_set sets[PW_IPAM_MAX_SETS];
	unsigned n;
};

pw_u128 pw_ipam_number(const struct pw_ip *ip);
struct pw_ip pw_ipam_address(uint8_t family, pw_u128 number);

/* host-local's "ranges": [[{subnet, rangeStart?, rangeEnd?, gateway?}, ..], ..]. Keys in any case.
 * Default gateway: the subnet's first address; start: the first; end: the last usable one. */
int pw_ipam_ranges_parse(const json_t *json, struct pw_ipam_ranges *ranges, struct pw_err *err);
/* One set a prefix, each with its defaults. The gateway of the i-th is gateways[i], or the default
 * where that has no family; gateways may be NULL. */
int pw_ipam_ranges_from_prefixes(const struct pw_prefix *prefixes, const struct pw_ip *gateways,
	unsigned n, struct pw_ipam_ranges *ranges, struct pw_err *err);

bool pw_ipam_range_contains(const struct pw_ipam_range *range, const struct pw_ip *ip);
/* In [start, end], and neither network, broadcast nor gateway address. */
bool pw_ipam_range_usable(const struct pw_ipam_range *range, const struct pw_ip *ip);
/* Number of usable addresses; UINT64_MAX if it is more. */
uint64_t pw_ipam_range_size(const struct pw_ipam_range *range);

#endif
