/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>

#include "pw_ipam_range.h"
#include "pw_ipc_json.h"

static unsigned family_bits(uint8_t family)
{
	return family == PW_IPV4 ? 32 : 128;
}

pw_u128 pw_ipam_number(const struct pw_ip *ip)
{
	unsigned bytes = family_bits(ip->family) / 8;
	pw_u128 number = 0;

	for (unsigned i = 0; i < bytes; i++)
		number = number << 8 | ip->b[i];
	return number;
}

struct pw_ip pw_ipam_address(uint8_t family, pw_u128 number)
{
	struct pw_ip ip = {.family = family};

	for (unsigned i = family_bits(family) / 8; i > 0; i--, number >>= 8)
		ip.b[i - 1] = (uint8_t)number;
	return ip;
}

static pw_u128 subnet_first(const struct pw_ipam_range *range)
{
	return pw_ipam_number(&range->subnet.ip);
}

static pw_u128 subnet_last(const struct pw_ipam_range *range)
{
	unsigned host = family_bits(range->subnet.ip.family) - range->subnet.len;
	pw_u128 mask = host >= 128 ? ~(pw_u128)0 : ((pw_u128)1 << host) - 1;

	return subnet_first(range) | mask;
}

/* IPv6 has no broadcast: its last address is as good as any. */
static pw_u128 subnet_last_usable(const struct pw_ipam_range *range)
{
	return subnet_last(range) - (range->subnet.ip.family == PW_IPV4 ? 1 : 0);
}

bool pw_ipam_range_contains(const struct pw_ipam_range *range, const struct pw_ip *ip)
{
	return ip->family == range->subnet.ip.family &&
	       pw_ipam_number(ip) >= pw_ipam_number(&range->start) &&
	       pw_ipam_number(ip) <= pw_ipam_number(&range->end);
}

bool pw_ipam_range_usable(const struct pw_ipam_range *range, const struct pw_ip *ip)
{
	pw_u128 number = pw_ipam_number(ip);

	return pw_ipam_range_contains(range, ip) && number != subnet_first(range) &&
	       number <= subnet_last_usable(range) && !pw_ip_equal(ip, &range->gateway);
}

uint64_t pw_ipam_range_size(const struct pw_ipam_range *range)
{
	pw_u128 first = pw_ipam_number(&range->start), last = pw_ipam_number(&range->end);
	pw_u128 size;

	if (first == subnet_first(range))
		first++;
	if (last > subnet_last_usable(range))
		last = subnet_last_usable(range);
	if (first > last)
		return 0;
	size = last - first; /* one less than the number: the whole of ::/0 does not overflow */
	if (size >= UINT64_MAX)
		return UINT64_MAX;
	if (range->gateway.family == range->subnet.ip.family) {
		pw_u128 gateway = pw_ipam_number(&range->gateway);

		if (gateway >= first && gateway <= last)
			return (uint64_t)size;
	}
	return (uint64_t)size + 1;
}

static int check_inside(const struct pw_ipam_range *range, const char *where, const char *key,
	const struct pw_ip *ip, struct pw_err *err)
{
	char text[PW_IP_STRLEN], subnet[PW_PREFIX_STRLEN];

	if (pw_prefix_contains(&range->subnet, ip))
		return 0;
	return pw_err_set(err, -EINVAL, "%s.%s: \"%s\": not in the subnet %s", where, key,
		pw_ip_format(ip, text), pw_prefix_format(&range->subnet, subnet));
}

/* Fills what is missing (family NONE) and checks the whole, as host-local's Range.Canonicalize. */
static int complete(struct pw_ipam_range *range, const char *where, struct pw_err *err)
{
	uint8_t family = range->subnet.ip.family;
	char text[PW_PREFIX_STRLEN], other[PW_IP_STRLEN];
	struct pw_prefix masked = pw_prefix_masked(&range->subnet);

	pw_prefix_format(&range->subnet, text);
	if (pw_prefix_has_host_bits(&range->subnet))
		return pw_err_set(err, -EINVAL,
			"%s.subnet: \"%s\": has host bits set, the network address is %s", where,
			text, pw_ip_format(&masked.ip, other));
	if (range->subnet.len > family_bits(family) - 2)
		return pw_err_set(err, -EINVAL, "%s.subnet: \"%s\": too small, /%u is the smallest",
			where, text, family_bits(family) - 2);
	if (range->gateway.family == PW_FAMILY_NONE)
		range->gateway = pw_ipam_address(family, subnet_first(range) + 1);
	if (range->start.family == PW_FAMILY_NONE)
		range->start = pw_ipam_address(family, subnet_first(range) + 1);
	if (range->end.family == PW_FAMILY_NONE)
		range->end = pw_ipam_address(family, subnet_last_usable(range));
	if (range->gateway.family != family)
		return pw_err_set(err, -EINVAL, "%s.gateway: \"%s\": not of the subnet's family",
			where, pw_ip_format(&range->gateway, other));
	if (check_inside(range, where, "rangeStart", &range->start, err) != 0 ||
		check_inside(range, where, "rangeEnd", &range->end, err) != 0)
		return -EINVAL;
	if (pw_ip_compare(&range->start, &range->end) > 0)
		return pw_err_set(err, -EINVAL, "%s: rangeStart is behind rangeEnd", where);
	if (pw_ipam_range_size(range) == 0)
		return pw_err_set(err, -EINVAL, "%s: no usable address in it", where);
	return 0;
}

static int take_ip(const json_t *json, const char *where, const char *key, struct pw_ip *ip,
	struct pw_err *err)
{
	const json_t *value = pw_json_get_nocase(json, key);
	const char *text = json_string_value(value);

	if (value == NULL || (text != NULL && text[0] == '\0'))
		return 0;
	if (text == NULL || pw_ip_parse(text, ip) != 0)
		return pw_err_set(err, -EINVAL,
			"%s.%s: \"%.50s\": an IPv4 or IPv6 address is needed", where, key,
			text != NULL ? text : "");
	return 0;
}

static int parse_range(
	const json_t *json, const char *where, struct pw_ipam_range *range, struct pw_err *err)
{
	const char *subnet = json_string_value(pw_json_get_nocase(json, "subnet"));

	*range = (struct pw_ipam_range){0};
	if (subnet == NULL || pw_prefix_parse(subnet, &range->subnet) != 0)
		return pw_err_set(err, -EINVAL,
			"%s.subnet: \"%.50s\": a prefix is needed, like 10.244.1.0/24", where,
			subnet != NULL ? subnet : "");
	if (take_ip(json, where, "rangeStart", &range->start, err) != 0 ||
		take_ip(json, where, "rangeEnd", &range->end, err) != 0 ||
		take_ip(json, where, "gateway", &range->gateway, err) != 0)
		return -EINVAL;
	return complete(range, where, err);
}

static bool overlap(const struct pw_ipam_range *a, const struct pw_ipam_range *b)
{
	return pw_ipam_range_contains(a, &b->start) || pw_ipam_range_contains(b, &a->start);
}

static int parse_set(
	const json_t *json, unsigned index, struct pw_ipam_set *set, struct pw_err *err)
{
	char where[48];
	json_t *entry;
	size_t i;

	if (!json_is_array(json) || json_array_size(json) == 0)
		return pw_err_set(
			err, -EINVAL, "ranges[%u]: a list of at least one range is needed", index);
	if (json_array_size(json) > PW_IPAM_MAX_RANGES)
		return pw_err_set(
			err, -EINVAL, "ranges[%u]: more than %d ranges", index, PW_IPAM_MAX_RANGES);
	json_array_foreach (json, i, entry) {
		snprintf(where, sizeof(where), "ranges[%u][%zu]", index, i);
		if (parse_range(entry, where, &set->v[i], err) != 0)
			return -EINVAL;
		if (set->v[i].subnet.ip.family != set->v[0].subnet.ip.family)
			return pw_err_set(err, -EINVAL,
				"%s: IPv4 and IPv6 in one set; use a set for each", where);
		set->n++;
	}
	return 0;
}

static int check_overlaps(const struct pw_ipam_ranges *ranges, struct pw_err *err)
{
	const struct pw_ipam_range *all[PW_IPAM_MAX_SETS * PW_IPAM_MAX_RANGES];
	unsigned n = 0;

	for (unsigned s = 0; s < ranges->n; s++) {
		for (unsigned r = 0; r < ranges->sets[s].n; r++) {
			const struct pw_ipam_range *one = &ranges->sets[s].v[r];

			for (unsigned i = 0; i < n; i++) {
				if (overlap(one, all[i]))
					return pw_err_set(err, -EINVAL,
						"ranges[%u][%u]: overlaps another range", s, r);
			}
			all[n++] = one;
		}
	}
	return 0;
}

int pw_ipam_ranges_parse(const json_t *json, struct pw_ipam_ranges *ranges, struct pw_err *err)
{
	json_t *entry;
	size_t i;

	*ranges = (struct pw_ipam_ranges){0};
	if (!json_is_array(json) || json_array_size(json) == 0)
		return pw_err_set(err, -EINVAL, "ranges: a list of range sets is needed");
	if (json_array_size(json) > PW_IPAM_MAX_SETS)
		return pw_err_set(err, -EINVAL, "ranges: more than %d sets", PW_IPAM_MAX_SETS);
	json_array_foreach (json, i, entry) {
		if (parse_set(entry, (unsigned)i, &ranges->sets[i], err) != 0)
			return -EINVAL;
		ranges->n++;
	}
	return check_overlaps(ranges, err);
}

int pw_ipam_ranges_from_prefixes(const struct pw_prefix *prefixes, const struct pw_ip *gateways,
	unsigned n, struct pw_ipam_ranges *ranges, struct pw_err *err)
{
	char where[48];

	*ranges = (struct pw_ipam_ranges){0};
	if (n > PW_IPAM_MAX_SETS)
		return pw_err_set(err, -EINVAL, "ranges: more than %d sets", PW_IPAM_MAX_SETS);
	for (unsigned i = 0; i < n; i++) {
		struct pw_ipam_range *range = &ranges->sets[i].v[0];

		snprintf(where, sizeof(where), "ranges[%u][0]", i);
		range->subnet = prefixes[i];
		if (gateways != NULL)
			range->gateway = gateways[i];
		if (complete(range, where, err) != 0)
			return -EINVAL;
		ranges->sets[i].n = 1;
		ranges->n++;
	}
	return check_overlaps(ranges, err);
}
