/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "addr_rules.h"
#include "conf_schema.h"
#include "pw_util.h"

uint8_t conf_full_length(const struct pw_ip *ip)
{
	return ip->family == PW_IPV4 ? 32 : 128;
}

static bool is_broadcast(const struct pw_ip *ip)
{
	static const uint8_t ones[4] = {0xff, 0xff, 0xff, 0xff};

	return ip->family == PW_IPV4 && memcmp(ip->b, ones, sizeof(ones)) == 0;
}

static bool is_v4_mapped(const struct pw_ip *ip)
{
	static const uint8_t head[12] = {[10] = 0xff, [11] = 0xff};

	return ip->family == PW_IPV6 && memcmp(ip->b, head, sizeof(head)) == 0;
}

/* All addresses of the file belong to one node each. */
static const char *unicast_problem(const struct pw_ip *ip)
{
	static const struct {
		bool (*is)(const struct pw_ip *ip);
		const char *problem;
	} kinds[] = {
		{pw_ip_is_zero, "is the unspecified address"},
		{pw_ip_is_multicast, "is a multicast address"},
		{pw_ip_is_loopback, "is a loopback address"},
		{is_broadcast, "is the broadcast address"},
		{is_v4_mapped, "is an IPv4 address written as IPv6; write the IPv4 address"},
	};

	for (size_t i = 0; i < PW_ARRAY_SIZE(kinds); i++)
		if (kinds[i].is(ip))
			return kinds[i].problem;
	return NULL;
}

/* Not the first and, in IPv4, not the last address of its link; /31 (RFC 3021), /32, /127
 * (RFC 6164) and /128 have neither. */
static const char *interface_problem(const struct pw_prefix *prefix)
{
	struct pw_prefix last = pw_prefix_masked(prefix);

	if (pw_ip_is_link_local(&prefix->ip))
		return "is link-local; each bridge and routed port has such an address of its own";
	if (prefix->len == 0)
		return "has length 0";
	if (prefix->len >= conf_full_length(&prefix->ip) - 1)
		return NULL;
	if (!pw_prefix_has_host_bits(prefix))
		return "is the address of the network, not of one interface in it";
	if (prefix->ip.family == PW_IPV6)
		return NULL;
	for (int i = prefix->len; i < 32; i++)
		last.ip.b[i / 8] |= (uint8_t)(0x80 >> i % 8);
	return pw_ip_equal(&last.ip, &prefix->ip) ? "is the broadcast address of its network"
						  : NULL;
}

/* Pods and Services: neither the whole Internet nor something that holds special addresses. */
static const char *range_problem(const struct pw_prefix *prefix)
{
	static const char *const special[] = {
		"0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/3", "::/16", "fe80::/10", "ff00::/8"};

	if (prefix->len < (prefix->ip.family == PW_IPV4 ? 8 : 16))
		return "is too large a range";
	for (size_t i = 0; i < PW_ARRAY_SIZE(special); i++) {
		struct pw_prefix other;

		if (pw_prefix_parse(special[i], &other) == 0 && pw_prefix_overlaps(&other, prefix))
			return "holds special addresses";
	}
	return NULL;
}

const char *conf_prefix_problem(unsigned int rules, const struct pw_prefix *prefix, bool has_length)
{
	const char *problem = unicast_problem(&prefix->ip);

	if (rules & CONF_IP_RANGE)
		return has_length ? range_problem(prefix) : "has no prefix length";
	if (problem != NULL)
		return problem;
	if ((rules & CONF_IP_HOST) && prefix->len != conf_full_length(&prefix->ip))
		return "is a range, not one address";
	if (rules & CONF_IP_INTERFACE) {
		if (!has_length && !(rules & CONF_IP_LENGTH_OPTIONAL))
			return "has no prefix length";
		return interface_problem(prefix);
	}
	return NULL;
}
