/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_addr.h - MAC and IP addresses and prefixes: types, parse, format, compare.
 *
 * Threads:  pure functions, any thread.
 * Errors:   parsers return 0 or -EINVAL and leave the output untouched on error.
 * Text:     RFC 5952 for IPv6, dotted quad for IPv4, lower-case hex with ':' for MACs.
 */
#ifndef PW_ADDR_H
#define PW_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PW_MAC_STRLEN    18 /* "02:00:00:00:00:01" and NUL */
#define PW_IP_STRLEN     46 /* INET6_ADDRSTRLEN */
#define PW_PREFIX_STRLEN 50 /* address, '/', 3 digits, NUL */

struct pw_mac {
	uint8_t b[6];
};

enum pw_family {
	PW_FAMILY_NONE = 0,
	PW_IPV4 = 4,
	PW_IPV6 = 6
};

/* An address of either family. IPv4 sits in the first 4 bytes, network order; the rest is zero. */
struct pw_ip {
	uint8_t family; /* enum pw_family */
	union {
		uint32_t v4_be;
		uint8_t b[16];
	};
};

struct pw_prefix {
	struct pw_ip ip; /* host bits are kept: 10.0.0.1/24 is an interface address */
	uint8_t len;     /* 0..32 or 0..128 */
};

int pw_mac_parse(const char *text, struct pw_mac *mac);
const char *pw_mac_format(const struct pw_mac *mac, char buf[static PW_MAC_STRLEN]);
bool pw_mac_is_zero(const struct pw_mac *mac);
bool pw_mac_is_multicast(const struct pw_mac *mac); /* broadcast included */
bool pw_mac_equal(const struct pw_mac *a, const struct pw_mac *b);
uint64_t pw_mac_to_u64(const struct pw_mac *mac); /* b[0] is the most significant of 48 bits */
struct pw_mac pw_mac_from_u64(uint64_t v);
/* Locally administered MAC of an IPv4 address, 0a:58:<ip>, as the bridge CNI plugin makes it. */
struct pw_mac pw_mac_from_ipv4(uint32_t ip_be);

int pw_ip_parse(const char *text, struct pw_ip *ip);
const char *pw_ip_format(const struct pw_ip *ip, char buf[static PW_IP_STRLEN]);
bool pw_ip_equal(const struct pw_ip *a, const struct pw_ip *b);
int pw_ip_compare(const struct pw_ip *a, const struct pw_ip *b); /* family, then bytes: <0, 0, >0 */
struct pw_ip pw_ip_from_v4(uint32_t ip_be);
bool pw_ip_is_zero(const struct pw_ip *ip);
bool pw_ip_is_multicast(const struct pw_ip *ip);
bool pw_ip_is_loopback(const struct pw_ip *ip);
bool pw_ip_is_link_local(const struct pw_ip *ip); /* IPv6: fe80::/10 */
uint8_t pw_ip_bits(const struct pw_ip *ip);       /* 32 or 128; 0: of no family */
uint32_t pw_ip_hash(const struct pw_ip *ip);      /* any of its bits will do */

/* "10.0.0.0/24"; a bare address is accepted and means /32 or /128. */
int pw_prefix_parse(const char *text, struct pw_prefix *prefix);
const char *pw_prefix_format(const struct pw_prefix *prefix, char buf[static PW_PREFIX_STRLEN]);
struct pw_prefix pw_prefix_masked(const struct pw_prefix *prefix); /* host bits cleared */
bool pw_prefix_has_host_bits(const struct pw_prefix *prefix);
bool pw_prefix_contains(const struct pw_prefix *prefix, const struct pw_ip *ip);
bool pw_prefix_overlaps(const struct pw_prefix *a, const struct pw_prefix *b);
bool pw_prefix_equal(
	const struct pw_prefix *a, const struct pw_prefix *b); /* host bits compared too */

#endif
