/* SPDX-License-Identifier: BSD-3-Clause */
/* binding.c - anti-spoof binding of a pod port. */
#include <errno.h>
#include <netinet/in.h>

#include "pw_binding.h"
#include "pw_build.h"
#include "pw_util.h"

#define IP6_SRC           8
#define IP6_DST           24
#define OPT_SOURCE_LLADDR 1
#define OPT_TARGET_LLADDR 2
#define OPT_LLADDR_LEN    8

/* Neighbour discovery by ICMPv6 type (RFC 4861 section 4): what a pod may say in it. */
#define ND_FIRST 133
static const struct nd_rule {
	bool never;      /* a router's word */
	uint8_t target;  /* an address of its own is here, from the ICMPv6 header; 0: any may */
	uint8_t options; /* they begin here ... */
	uint8_t lladdr;  /* ... and this one has its own MAC */
} nd_rules[] = {
	{.options = 8, .lladdr = OPT_SOURCE_LLADDR},               /* router solicitation */
	{.never = true},                                           /* router advertisement */
	{.options = 24, .lladdr = OPT_SOURCE_LLADDR},              /* neighbour solicitation */
	{.target = 8, .options = 24, .lladdr = OPT_TARGET_LLADDR}, /* neighbour advertisement */
	{.never = true},                                           /* redirect */
};

static const uint8_t ip6_any[16];

static int mac_init(struct pw_binding *binding, const struct pw_mac *mac)
{
	if (pw_mac_is_zero(mac) || pw_mac_is_multicast(mac))
		return -EINVAL;
	binding->mac48 = pw_mac_to_u64(mac);
	memcpy(binding->link_local, (const uint8_t[16]){0xfe, 0x80, [11] = 0xff, [12] = 0xfe}, 16);
	binding->link_local[8] = mac->b[0] ^ 0x02;
	memcpy(binding->link_local + 9, mac->b + 1, 2);
	memcpy(binding->link_local + 13, mac->b + 3, 3);
	return 0;
}

static int addr_add(struct pw_binding *binding, const struct pw_ip *ip)
{
	if (pw_ip_is_zero(ip) || pw_ip_is_multicast(ip) || pw_ip_is_loopback(ip))
		return -EINVAL;
	switch (ip->family) {
	case PW_IPV4:
		if (binding->n4 == PW_BINDING_ADDRS_MAX)
			return -ENOSPC;
		binding->v4_be[binding->n4++] = ip->v4_be;
		return 0;
	case PW_IPV6:
		if (binding->n6 == PW_BINDING_ADDRS_MAX)
			return -ENOSPC;
		memcpy(binding->v6[binding->n6++], ip->b, 16);
		return 0;
	default:
		return -EINVAL;
	}
}

int pw_binding_init(struct pw_binding *binding, const struct pw_mac *mac, const struct pw_ip *ips,
	unsigned count)
{
	struct pw_binding made = {0};
	int ret = mac_init(&made, mac);

	for (unsigned i = 0; ret == 0 && i < count; i++)
		ret = addr_add(&made, &ips[i]);
	if (ret == 0)
		*binding = made;
	return ret;
}

int pw_binding_init_mac(struct pw_binding *binding, const struct pw_mac *mac)
{
	struct pw_binding made = {.mac_only = true};
	int ret = mac_init(&made, mac);

	if (ret == 0)
		*binding = made;
	return ret;
}

static bool has_v4(const struct pw_binding *binding, uint32_t ip_be)
{
	for (unsigned i = 0; i < binding->n4; i++)
		if (binding->v4_be[i] == ip_be)
			return true;
	return false;
}

static bool has_v6(const struct pw_binding *binding, const uint8_t *ip)
{
	if (memcmp(ip, binding->link_local, 16) == 0)
		return true;
	for (unsigned i = 0; i < binding->n6; i++)
		if (memcmp(ip, binding->v6[i], 16) == 0)
			return true;
	return false;
}

static bool mac_is_own(const struct pw_binding *binding, const uint8_t *bytes)
{
	struct pw_mac mac;

	memcpy(mac.b, bytes, sizeof(mac.b));
	return pw_mac_to_u64(&mac) == binding->mac48;
}

static uint8_t check_arp(const struct pw_binding *binding, const struct pw_pkt *pkt)
{
	struct pw_arp arp;

	if (pw_arp_parse(pkt, &arp) != 0 || !mac_is_own(binding, arp.sender_mac.b))
		return PW_DROP_SPOOF_ARP;
	if (has_v4(binding, arp.sender_be) || (arp.sender_be == 0 && arp.op == 1))
		return PW_VERDICT_CONTINUE;
	return PW_DROP_SPOOF_ARP;
}

/* Every option is looked at: hosts take the last link-layer address. */
static bool options_ok(
	const struct pw_binding *binding, uint8_t lladdr, const uint8_t *opt, uint32_t len)
{
	while (len >= OPT_LLADDR_LEN) {
		uint32_t opt_len = opt[1] * 8u;

		if (opt_len == 0 || opt_len > len)
			return false;
		if (opt[0] == lladdr && !mac_is_own(binding, opt + 2))
			return false;
		opt += opt_len;
		len -= opt_len;
	}
	return len == 0;
}

static const struct nd_rule *rule_of(uint8_t type)
{
	uint8_t i = (uint8_t)(type - ND_FIRST);

	return i < PW_ARRAY_SIZE(nd_rules) ? &nd_rules[i] : NULL;
}

static bool nd_ok(const struct pw_binding *binding, const struct pw_pkt *pkt)
{
	const uint8_t *icmp = pkt->data + pkt->l4_off;
	uint32_t len = pkt->l3_off + pkt->ip_len - pkt->l4_off;
	const struct nd_rule *rule;

	if (pkt->flags & PW_PKT_FRAG_LATER)
		return true; /* of nothing that passed here: */
	rule = rule_of(icmp[0]);
	if (rule == NULL)
		return true;
	if (rule->never || pkt->flags & PW_PKT_FRAG) /* no one may fragment these (RFC 6980) */
		return false;
	if (len < rule->options || pkt->l4_off + len > pkt->m->data_len)
		return false; /* short, or longer than any host sends */
	return (rule->target == 0 || has_v6(binding, icmp + rule->target)) &&
	       options_ok(binding, rule->lladdr, icmp + rule->options, len - rule->options);
}

static uint8_t check_ip6(const struct pw_binding *binding, const struct pw_pkt *pkt)
{
	const uint8_t *ip = pkt->data + pkt->l3_off;
	bool unspecified = memcmp(ip + IP6_SRC, ip6_any, 16) == 0;

	if (unspecified ? ip[IP6_DST] != 0xff : !has_v6(binding, ip + IP6_SRC))
		return PW_DROP_SPOOF_IP;
	if (pkt->l4_proto == IPPROTO_ICMPV6 && !nd_ok(binding, pkt))
		return PW_DROP_SPOOF_ARP;
	return PW_VERDICT_CONTINUE;
}

uint8_t pw_binding_check_addrs(const struct pw_binding *binding, const struct pw_pkt *pkt)
{
	if (binding->mac_only)
		return PW_VERDICT_CONTINUE;
	if (pkt->flags & PW_PKT_IPV4)
		return has_v4(binding, pkt->src_be) ? PW_VERDICT_CONTINUE : PW_DROP_SPOOF_IP;
	if (pkt->flags & PW_PKT_ARP)
		return check_arp(binding, pkt);
	if (pkt->flags & PW_PKT_IPV6)
		return check_ip6(binding, pkt);
	return PW_VERDICT_CONTINUE; /* no address to lie about */
}
