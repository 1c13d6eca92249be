/* SPDX-License-Identifier: BSD-3-Clause */
/* build.c - Ethernet and IP headers of frames we originate. */
#include "build.h"
#include "pw_csum.h"
#include "wire.h"

uint8_t *build_eth(struct rte_mbuf *m, uint32_t len, uint16_t ethertype,
	const struct pw_mac *src_mac, const struct pw_mac *dst_mac)
{
	uint32_t total = ETH_LEN + len;
	uint8_t *p;

	if (m->pkt_len != 0 || m->next || total > rte_pktmbuf_tailroom(m))
		return NULL;
	p = rte_pktmbuf_mtod(m, uint8_t *);
	m->data_len = total;
	m->pkt_len = total;
	memcpy(p, dst_mac->b, sizeof(dst_mac->b));
	memcpy(p + 6, src_mac->b, sizeof(src_mac->b));
	store16_be(p + 12, ethertype);
	return p + ETH_LEN;
}

void build_ip4_header(uint8_t *ip, const struct build_ip4 *hdr)
{
	ip[0] = 0x45;
	ip[IP4_TOS] = hdr->tos;
	store16_be(ip + IP4_TOTAL, hdr->total_len);
	store16(ip + IP4_ID, hdr->id_be);
	store16_be(ip + IP4_FRAG, hdr->frag);
	ip[IP4_TTL] = BUILD_TTL;
	ip[IP4_PROTO] = hdr->proto;
	store32(ip + IP4_SRC, hdr->src_be);
	store32(ip + IP4_DST, hdr->dst_be);
	store16(ip + IP4_CSUM, pw_csum_ipv4_header(ip));
}

void build_ip6_header(uint8_t *ip, const struct build_ip6 *hdr)
{
	store32_be(ip, UINT32_C(6) << 28); /* no class, no flow label */
	store16_be(ip + IP6_PAYLOAD, hdr->payload);
	ip[IP6_NEXT] = hdr->proto;
	ip[IP6_HOPS] = hdr->hops;
	pw_in6_store(ip + IP6_SRC, hdr->src_be);
	pw_in6_store(ip + IP6_DST, hdr->dst_be);
}

void build_icmp6_csum(uint8_t *ip, uint32_t len)
{
	uint32_t sum = pw_csum_pseudo6(ip + IP6_SRC, ip + IP6_DST, IPPROTO_ICMPV6, len);

	sum = pw_csum_add(sum, ip + IP6_LEN, len);
	store16(ip + IP6_LEN + ICMP_CSUM, (uint16_t)~pw_csum_fold(sum));
}
