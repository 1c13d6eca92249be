/* SPDX-License-Identifier: BSD-3-Clause */
/* build_arp.c - ARP for Ethernet and IPv4 (RFC 826), both ways. */
#include <errno.h>

#include "build.h"
#include "wire.h"

enum arp_offset {
	ARP_HTYPE = 0,
	ARP_PTYPE = 2,
	ARP_HLEN = 4,
	ARP_PLEN = 5,
	ARP_OP = 6,
	ARP_SHA = 8,
	ARP_SPA = 14,
	ARP_THA = 18,
	ARP_TPA = 24,
};
#define ARP_ETHERNET   1
#define ARP_OP_REQUEST 1
#define ARP_OP_REPLY   2

int pw_arp_parse(const struct pw_pkt *pkt, struct pw_arp *arp)
{
	const uint8_t *p = pkt->data + pkt->l3_off;
	uint16_t op;

	if (!(pkt->flags & PW_PKT_ARP) || pkt->m->data_len < pkt->l3_off + ARP_LEN)
		return -EINVAL;
	if (load16_be(p + ARP_HTYPE) != ARP_ETHERNET || load16_be(p + ARP_PTYPE) != ETYPE_IP4 ||
		p[ARP_HLEN] != 6 || p[ARP_PLEN] != 4)
		return -EINVAL;
	op = load16_be(p + ARP_OP);
	if (op != ARP_OP_REQUEST && op != ARP_OP_REPLY)
		return -EINVAL;
	arp->op = op;
	memcpy(arp->sender_mac.b, p + ARP_SHA, 6);
	memcpy(arp->target_mac.b, p + ARP_THA, 6);
	arp->sender_be = load32(p + ARP_SPA);
	arp->target_be = load32(p + ARP_TPA);
	return 0;
}

int pw_build_arp(struct rte_mbuf *m, uint16_t op, const struct pw_mac *dst_mac,
	const struct pw_mac *sender_mac, uint32_t sender_be, const struct pw_mac *target_mac,
	uint32_t target_be)
{
	uint8_t *p;

	if (op != ARP_OP_REQUEST && op != ARP_OP_REPLY)
		return -EINVAL;
	p = build_eth(m, ARP_LEN, ETYPE_ARP, sender_mac, dst_mac);
	if (!p)
		return -ENOSPC;
	store16_be(p + ARP_HTYPE, ARP_ETHERNET);
	store16_be(p + ARP_PTYPE, ETYPE_IP4);
	p[ARP_HLEN] = 6;
	p[ARP_PLEN] = 4;
	store16_be(p + ARP_OP, op);
	memcpy(p + ARP_SHA, sender_mac->b, 6);
	store32(p + ARP_SPA, sender_be);
	memcpy(p + ARP_THA, target_mac->b, 6);
	store32(p + ARP_TPA, target_be);
	return 0;
}
