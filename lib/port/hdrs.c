/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_ether.h>

#include "hdrs.h"

#define L3_LEN_MAX ((1u << RTE_MBUF_L3_LEN_BITS) - 1)
#define EXT_MAX    8 /* of IPv6 headers in a row; more is an attack, not a packet */

static uint16_t load_be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static bool is_vlan(uint16_t ethertype)
{
	return ethertype == RTE_ETHER_TYPE_VLAN || ethertype == RTE_ETHER_TYPE_QINQ;
}

static int find_ip4(const uint8_t *ip, uint32_t room, struct hdrs *h)
{
	if (room < IP4_LEN || ip[0] >> 4 != 4)
		return -EINVAL;
	h->ip_version = 4;
	h->l3_len = (uint16_t)((ip[0] & 15) * 4);
	h->proto = ip[9];
	h->fragment = (load_be16(ip + 6) & 0x3fff) != 0;
	return h->l3_len >= IP4_LEN && h->l3_len <= room ? 0 : -EINVAL;
}

static bool is_ip6_option_header(uint8_t next)
{
	return next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING || next == IPPROTO_DSTOPTS;
}

static int find_ip6(const uint8_t *ip, uint32_t room, struct hdrs *h)
{
	uint32_t off = IP6_LEN;
	uint8_t next;

	if (room < IP6_LEN || ip[0] >> 4 != 6)
		return -EINVAL;
	next = ip[6];
	for (int i = 0; is_ip6_option_header(next); i++) {
		if (i == EXT_MAX || off + 8 > room)
			return -EINVAL;
		next = ip[off];
		off += 8u * (ip[off + 1] + 1u);
	}
	if (off > room || off > L3_LEN_MAX)
		return -EINVAL;
	h->ip_version = 6;
	h->l3_len = (uint16_t)off;
	h->proto = next;
	h->fragment = next == IPPROTO_FRAGMENT;
	return 0;
}

int hdrs_find(const struct rte_mbuf *m, struct hdrs *h)
{
	const uint8_t *data = rte_pktmbuf_mtod(m, const uint8_t *);
	uint32_t len = m->data_len, off = ETH_LEN;
	uint16_t ethertype;

	if (len < ETH_LEN)
		return -EINVAL;
	ethertype = load_be16(data + ETH_LEN - 2);
	while (is_vlan(ethertype) && off < ETH_LEN + 2 * VLAN_LEN) {
		off += VLAN_LEN;
		if (len < off)
			return -EINVAL;
		ethertype = load_be16(data + off - 2);
	}
	h->l2_len = (uint16_t)off;
	switch (ethertype) {
	case RTE_ETHER_TYPE_IPV4:
		return find_ip4(data + off, len - off, h);
	case RTE_ETHER_TYPE_IPV6:
		return find_ip6(data + off, len - off, h);
	default:
		return -EINVAL;
	}
}

uint16_t hdrs_csum_offset(uint8_t proto)
{
	return proto == IPPROTO_TCP ? TCP_CSUM_OFF : proto == IPPROTO_UDP ? UDP_CSUM_OFF : 0;
}

uint16_t hdrs_l4_len(const struct rte_mbuf *m, const struct hdrs *h)
{
	uint32_t off = (uint32_t)h->l2_len + h->l3_len;
	uint32_t room = off < m->data_len ? m->data_len - off : 0;
	uint16_t len;

	if (h->proto == IPPROTO_UDP)
		return room >= UDP_LEN ? UDP_LEN : 0;
	if (h->proto != IPPROTO_TCP || room < TCP_LEN)
		return 0;
	len = (uint16_t)((*rte_pktmbuf_mtod_offset(m, const uint8_t *, off + TCP_DOFF_OFF) >> 4) *
			 4);
	return len >= TCP_LEN && len <= room ? len : 0;
}
