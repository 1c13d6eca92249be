/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "pw_addr.h"
#include "pw_str.h"
#include "pw_util.h"

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int pw_mac_parse(const char *text, struct pw_mac *mac)
{
	struct pw_mac m;

	if (strlen(text) != PW_MAC_STRLEN - 1)
		return -EINVAL;
	for (size_t i = 0; i < sizeof(m.b); i++, text += 3) {
		int hi = hex_digit(text[0]), lo = hex_digit(text[1]);
		char end = i + 1 < sizeof(m.b) ? ':' : '\0';

		if (hi < 0 || lo < 0 || text[2] != end)
			return -EINVAL;
		m.b[i] = (uint8_t)(hi << 4 | lo);
	}
	*mac = m;
	return 0;
}

const char *pw_mac_format(const struct pw_mac *mac, char buf[static PW_MAC_STRLEN])
{
	snprintf(buf, PW_MAC_STRLEN, "%02x:%02x:%02x:%02x:%02x:%02x", mac->b[0], mac->b[1],
		mac->b[2], mac->b[3], mac->b[4], mac->b[5]);
	return buf;
}

bool pw_mac_is_zero(const struct pw_mac *mac)
{
	return pw_mac_to_u64(mac) == 0;
}

bool pw_mac_is_multicast(const struct pw_mac *mac)
{
	return (mac->b[0] & 1) != 0;
}

bool pw_mac_equal(const struct pw_mac *a, const struct pw_mac *b)
{
	return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

uint64_t pw_mac_to_u64(const struct pw_mac *mac)
{
	uint64_t v = 0;

	for (size_t i = 0; i < sizeof(mac->b); i++)
		v = v << 8 | mac->b[i];
	return v;
}

struct pw_mac pw_mac_from_u64(uint64_t v)
{
	struct pw_mac mac;

	for (size_t i = sizeof(mac.b); i-- > 0; v >>= 8)
		mac.b[i] = (uint8_t)v;
	return mac;
}

struct pw_mac pw_mac_from_ipv4(uint32_t ip_be)
{
	struct pw_mac mac = {.b = {0x0a, 0x58}};

	memcpy(mac.b + 2, &ip_be, sizeof(ip_be));
	return mac;
}

/* Bytes of an address; 0 for no family. */
static size_t ip_bytes(const struct pw_ip *ip)
{
	switch (ip->family) {
	case PW_IPV4:
		return 4;
	case PW_IPV6:
		return 16;
	default:
		return 0;
	}
}

int pw_ip_parse(const char *text, struct pw_ip *ip)
{
	struct pw_ip v4 = {.family = PW_IPV4}, v6 = {.family = PW_IPV6};

	/* Cleared by hand: an initializer of the union clears its first member only. */
	memset(v4.b, 0, sizeof(v4.b));
	memset(v6.b, 0, sizeof(v6.b));
	if (inet_pton(AF_INET, text, v4.b) == 1)
		*ip = v4;
	else if (inet_pton(AF_INET6, text, v6.b) == 1)
		*ip = v6;
	else
		return -EINVAL;
	return 0;
}

const char *pw_ip_format(const struct pw_ip *ip, char buf[static PW_IP_STRLEN])
{
	if (ip_bytes(ip) == 0)
		snprintf(buf, PW_IP_STRLEN, "none");
	else
		inet_ntop(ip->family == PW_IPV4 ? AF_INET : AF_INET6, ip->b, buf, PW_IP_STRLEN);
	return buf;
}

int pw_ip_compare(const struct pw_ip *a, const struct pw_ip *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return memcmp(a->b, b->b, ip_bytes(a));
}

bool pw_ip_equal(const struct pw_ip *a, const struct pw_ip *b)
{
	return pw_ip_compare(a, b) == 0;
}

struct pw_ip pw_ip_from_v4(uint32_t ip_be)
{
	struct pw_ip ip;

	memset(&ip, 0, sizeof(ip));
	ip.family = PW_IPV4;
	ip.v4_be = ip_be;
	return ip;
}

bool pw_ip_is_zero(const struct pw_ip *ip)
{
	static const uint8_t zero[16];

	return memcmp(ip->b, zero, ip_bytes(ip)) == 0;
}

bool pw_ip_is_multicast(const struct pw_ip *ip)
{
	switch (ip->family) {
	case PW_IPV4:
		return (ip->b[0] & 0xf0) == 0xe0; /* RFC 5771 */
	case PW_IPV6:
		return ip->b[0] == 0xff; /* RFC 4291 section 2.7 */
	default:
		return false;
	}
}

bool pw_ip_is_loopback(const struct pw_ip *ip)
{
	static const uint8_t v6_loopback[16] = {[15] = 1};

	switch (ip->family) {
	case PW_IPV4:
		return ip->b[0] == 127;
	case PW_IPV6:
		return memcmp(ip->b, v6_loopback, sizeof(v6_loopback)) == 0;
	default:
		return false;
	}
}

bool pw_ip_is_link_local(const struct pw_ip *ip)
{
	return ip->family == PW_IPV6 && ip->b[0] == 0xfe && (ip->b[1] & 0xc0) == 0x80;
}

uint8_t pw_ip_bits(const struct pw_ip *ip)
{
	return (uint8_t)(ip_bytes(ip) * 8);
}

/* Both halves, then the finalizer of MurmurHash3: addresses that differ in one byte, wherever it
 * lies, differ in all bits of the result. */
uint32_t pw_ip_hash(const struct pw_ip *ip)
{
	uint64_t half[2], h;

	memcpy(half, ip->b, sizeof(half)); /* of IPv4 the second one is zero */
	h = half[0] * UINT64_C(0x9e3779b97f4a7c15) ^ half[1];
	h = (h ^ h >> 33) * UINT64_C(0xff51afd7ed558ccd);
	h = (h ^ h >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
	return (uint32_t)(h ^ h >> 33);
}

int pw_prefix_parse(const char *text, struct pw_prefix *prefix)
{
	char addr[PW_IP_STRLEN];
	const char *slash = strchr(text, '/');
	size_t addr_len = slash != NULL ? (size_t)(slash - text) : strlen(text);
	struct pw_ip ip;
	uint64_t len;

	if (addr_len >= sizeof(addr))
		return -EINVAL;
	memcpy(addr, text, addr_len);
	addr[addr_len] = '\0';
	if (pw_ip_parse(addr, &ip) < 0)
		return -EINVAL;

	uint64_t bits = ip_bytes(&ip) * 8;

	if (slash == NULL)
		len = bits;
	else if (strlen(slash + 1) > 3 || pw_u64_parse(slash + 1, 0, bits, &len) < 0)
		return -EINVAL;
	prefix->ip = ip;
	prefix->len = (uint8_t)len;
	return 0;
}

const char *pw_prefix_format(const struct pw_prefix *prefix, char buf[static PW_PREFIX_STRLEN])
{
	char ip[PW_IP_STRLEN];

	snprintf(buf, PW_PREFIX_STRLEN, "%s/%u", pw_ip_format(&prefix->ip, ip), prefix->len);
	return buf;
}

struct pw_prefix pw_prefix_masked(const struct pw_prefix *prefix)
{
	struct pw_prefix masked = *prefix;

	for (size_t i = 0; i < ip_bytes(&masked.ip); i++) {
		int net_bits = (int)prefix->len - (int)i * 8; /* of this byte; any sign */

		if (net_bits <= 0)
			masked.ip.b[i] = 0;
		else if (net_bits < 8)
			masked.ip.b[i] &= (uint8_t)(0xff << (8 - net_bits));
	}
	return masked;
}

bool pw_prefix_has_host_bits(const struct pw_prefix *prefix)
{
	struct pw_prefix masked = pw_prefix_masked(prefix);

	return !pw_ip_equal(&masked.ip, &prefix->ip);
}

bool pw_prefix_contains(const struct pw_prefix *prefix, const struct pw_ip *ip)
{
	struct pw_prefix host = {.ip = *ip, .len = prefix->len};
	struct pw_prefix a = pw_prefix_masked(prefix), b = pw_prefix_masked(&host);

	return pw_ip_equal(&a.ip, &b.ip);
}

bool pw_prefix_overlaps(const struct pw_prefix *a, const struct pw_prefix *b)
{
	/* Two prefixes are disjoint or one holds the other: the shorter one decides. */
	return a->len <= b->len ? pw_prefix_contains(a, &b->ip) : pw_prefix_contains(b, &a->ip);
}

bool pw_prefix_equal(const struct pw_prefix *a, const struct pw_prefix *b)
{
	return a->len == b->len && pw_ip_equal(&a->ip, &b->ip);
}
