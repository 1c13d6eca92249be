/* SPDX-License-Identifier: BSD-3-Clause */
#include "pw_gen_answer.h"

#include "bytes.h"
#include "pw_csum.h"

#define ARP_LEN     28
#define ARP_REQUEST 1
#define ARP_REPLY   2

#define ICMP6_ECHO        128
#define ICMP6_ECHO_REPLY  129
#define ICMP6_SOLICIT     135
#define ICMP6_ADVERTISE   136
#define ICMP6_SOLICIT_LEN 24
#define ND_SOLICITED      UINT32_C(0x60000000) /* and override */
#define ND_OPTION_LEN     8
#define ND_TARGET_MAC     2

static bool is_ours(const struct pw_gen_host *host, uint8_t family, const uint8_t *address)
{
	unsigned bytes = family == PW_IPV6 ? 16 : 4;

	for (uint32_t i = 0; i < host->n_ips; i++)
		if (host->ips[i].ip.family == family &&
			memcmp(host->ips[i].ip.b, address, bytes) == 0)
			return true;
	return host->n_ips == 0;
}

/* The L3 header behind up to two tags; 0: none. */
static uint16_t find_l3(const uint8_t *data, uint16_t len, uint16_t *type)
{
	uint16_t off = ETH_LEN;

	if (len < ETH_LEN)
		return 0;
	*type = get16(data + 12);
	for (unsigned tags = 0; tags < 2 && (*type == TYPE_VLAN || *type == TYPE_QINQ); tags++) {
		if (len < off + TAG_LEN)
			return 0;
		*type = get16(data + off + 2);
		off += TAG_LEN;
	}
	return off;
}

static void swap(uint8_t *a, uint8_t *b, size_t n)
{
	uint8_t copy[16];

	memcpy(copy, a, n);
	memcpy(a, b, n);
	memcpy(b, copy, n);
}

void pw_gen_swap_macs(uint8_t *data)
{
	swap(data, data + 6, 6);
}

static void answer_macs(const struct pw_gen_host *host, uint8_t *data)
{
	struct pw_mac *macs = (struct pw_mac *)data;

	macs[0] = macs[1];
	macs[1] = host->mac;
}

static bool answer_arp(const struct pw_gen_host *host, uint8_t *data, uint8_t *arp, uint16_t len)
{
	uint8_t target[4];

	if (len < ARP_LEN || get32(arp) != 0x00010800 || get16(arp + 4) != 0x0604 ||
		get16(arp + 6) != ARP_REQUEST || !is_ours(host, PW_IPV4, arp + 24))
		return false;
	memcpy(target, arp + 24, 4);
	put16(arp + 6, ARP_REPLY);
	memcpy(arp + 18, arp + 8, 10); /* the sender becomes the target */
	memcpy(arp + 8, host->mac.b, 6);
	memcpy(arp + 14, target, 4);
	answer_macs(host, data);
	return true;
}

static bool is_ping4(const uint8_t *ip, uint16_t len, unsigned *head)
{
	if (len < IP4_LEN + ICMP_LEN)
		return false;
	*head = (ip[0] & 0xfu) * 4;
	return *head >= IP4_LEN && len >= *head + ICMP_LEN && ip[9] == IPPROTO_ICMP &&
	       ip[*head] == 8 && ip[*head + 1] == 0 && (get16(ip + 6) & 0x3fff) == 0;
}

static bool answer_ping4(const struct pw_gen_host *host, uint8_t *data, uint8_t *ip, uint16_t len)
{
	uint8_t *icmp;
	unsigned head;

	if (!is_ping4(ip, len, &head) || !is_ours(host, PW_IPV4, ip + 16))
		return false;
	icmp = ip + head;
	icmp[0] = 0;
	put_csum(icmp + 2, pw_csum_update(get_csum(icmp + 2), pw_csum_diff16(htons(0x0800), 0)));
	swap(ip + 12, ip + 16, 4);
	ip[8] = 64;
	put_csum(ip + 10, pw_csum_ipv4_header(ip));
	answer_macs(host, data);
	return true;
}

static void finish_icmp6(uint8_t *ip, uint16_t icmp_len)
{
	uint8_t *icmp = ip + IP6_LEN;
	uint32_t sum = pw_csum_pseudo6(ip + 8, ip + 24, IPPROTO_ICMPV6, icmp_len);

	put16(ip + 4, icmp_len);
	put16(icmp + 2, 0);
	put_csum(icmp + 2, (uint16_t)~pw_csum_fold(pw_csum_add(sum, icmp, icmp_len)));
}

static void answer_solicitation(const struct pw_gen_host *host, uint8_t *ip)
{
	uint8_t *icmp = ip + IP6_LEN, *option = icmp + ICMP6_SOLICIT_LEN;

	icmp[0] = ICMP6_ADVERTISE;
	put32(icmp + 4, ND_SOLICITED);
	memcpy(ip + 24, ip + 8, 16);
	memcpy(ip + 8, icmp + 8, 16);
	ip[7] = 255;
	option[0] = ND_TARGET_MAC;
	option[1] = 1;
	memcpy(option + 2, host->mac.b, 6);
	finish_icmp6(ip, ICMP6_SOLICIT_LEN + ND_OPTION_LEN);
}

static bool answer_ip6(const struct pw_gen_host *host, uint8_t *data, uint8_t *ip, uint16_t *len)
{
	uint16_t room = (uint16_t)(*len - (ip - data)), icmp_len = get16(ip + 4);
	uint8_t *icmp = ip + IP6_LEN;

	if (room < IP6_LEN + ICMP_LEN || ip[6] != IPPROTO_ICMPV6 || icmp_len + IP6_LEN > room)
		return false;
	if (icmp[0] == ICMP6_ECHO && is_ours(host, PW_IPV6, ip + 24)) {
		icmp[0] = ICMP6_ECHO_REPLY;
		swap(ip + 8, ip + 24, 16);
		ip[7] = 64;
		finish_icmp6(ip, icmp_len);
	} else if (icmp[0] == ICMP6_SOLICIT && icmp_len >= ICMP6_SOLICIT_LEN &&
		   is_ours(host, PW_IPV6, icmp + 8)) {
		answer_solicitation(host, ip);
		*len = (uint16_t)((ip - data) + IP6_LEN + ICMP6_SOLICIT_LEN + ND_OPTION_LEN);
	} else {
		return false;
	}
	answer_macs(host, data);
	return true;
}

bool pw_gen_answer(const struct pw_gen_host *host, uint8_t *data, uint16_t *len)
{
	uint16_t type, off = find_l3(data, *len, &type);

	if (off == 0)
		return false;
	switch (type) {
	case TYPE_ARP:
		return answer_arp(host, data, data + off, (uint16_t)(*len - off));
	case TYPE_IP4:
		return answer_ping4(host, data, data + off, (uint16_t)(*len - off));
	case TYPE_IP6:
		return answer_ip6(host, data, data + off, len);
	default:
		return false;
	}
}

bool pw_gen_swap_5tuple(uint8_t *data, uint16_t len)
{
	uint16_t type, off = find_l3(data, len, &type), l4;
	uint8_t *ip = data + off;
	uint8_t proto;

	if (len < ETH_LEN)
		return false;
	pw_gen_swap_macs(data);
	if (off == 0)
		return false;
	if (type == TYPE_IP4 && len >= off + IP4_LEN) {
		swap(ip + 12, ip + 16, 4);
		proto = (get16(ip + 6) & 0x1fff) == 0 ? ip[9] : IPPROTO_NONE;
		l4 = (uint16_t)(off + (ip[0] & 0xf) * 4);
	} else if (type == TYPE_IP6 && len >= off + IP6_LEN) {
		swap(ip + 8, ip + 24, 16);
		proto = ip[6];
		l4 = off + IP6_LEN;
	} else {
		return false;
	}
	if ((proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_SCTP) &&
		len >= l4 + 4)
		swap(data + l4, data + l4 + 2, 2);
	return true;
}
