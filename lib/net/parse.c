/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * parse.c - Ethernet, VLAN, IPv4, TCP, UDP, SCTP.
 *
 * The straight way through is an untagged IPv4 frame without options; everything else branches off
 * it. Header bytes are only read below data_len; pw_mbuf_pull has made that enough for any header
 * that lies within the frame.
 */
#include <rte_branch_prediction.h>

#include "parse.h"
#include "pw_csum.h"
#include "pw_mbuf.h"
#include "wire.h"

#define MAC_MASK      UINT64_C(0xffffffffffff)
#define GROUP_BIT     0x01
#define MAX_VLAN_TAGS 2
#define VLAN_ID_MASK  0x0fff
#define CALLERS_FLAGS (PW_PKT_REINJECTED | PW_PKT_NO_PUNT | PW_PKT_ORIGINATED | PW_PKT_RETRIED)

/* A MAC in the low 48 bits, in memory order: good for comparisons. Reads two bytes beyond, which an
 * Ethernet header has. */
static inline uint64_t load_mac(const uint8_t *p)
{
	return rte_le_to_cpu_64(load64(p)) & MAC_MASK;
}

/* Ports as the first 4 bytes of the header have them. */
static inline void set_ports(struct pw_pkt *pkt, const uint8_t *l4)
{
	pkt->sport_be = load16(l4);
	pkt->dport_be = load16(l4 + 2);
	pkt->flags |= PW_PKT_HAS_PORTS;
}

static inline uint8_t parse_tcp(struct pw_pkt *pkt, const uint8_t *l4, uint32_t avail)
{
	unsigned len;

	if (unlikely(avail < TCP_LEN))
		return PW_DROP_L4_SHORT;
	len = (l4[TCP_DOFF] >> 4) * 4u;
	if (unlikely(len < TCP_LEN || len > avail))
		return PW_DROP_L4_HDR;
	set_ports(pkt, l4);
	return PW_VERDICT_CONTINUE;
}

/* The first fragment's length is that of the whole datagram; a GSO frame may leave it 0. */
static inline uint8_t parse_udp(struct pw_pkt *pkt, const uint8_t *l4, uint32_t avail)
{
	unsigned len;

	if (unlikely(avail < UDP_LEN))
		return PW_DROP_L4_SHORT;
	len = load16_be(l4 + UDP_TOTAL);
	if (unlikely(len < UDP_LEN && !(len == 0 && pw_mbuf_is_gso(pkt->m))))
		return PW_DROP_L4_HDR;
	if (unlikely(len > avail && !(pkt->flags & PW_PKT_FRAG)))
		return PW_DROP_L4_HDR;
	set_ports(pkt, l4);
	return PW_VERDICT_CONTINUE;
}

static inline uint8_t parse_l4(struct pw_pkt *pkt, uint32_t avail)
{
	const uint8_t *l4 = pkt->data + pkt->l4_off;

	switch (pkt->l4_proto) {
	case IPPROTO_TCP:
		return parse_tcp(pkt, l4, avail);
	case IPPROTO_UDP:
		return parse_udp(pkt, l4, avail);
	case IPPROTO_ICMP:
		return parse_icmp(pkt, l4, avail);
	case IPPROTO_SCTP:
		if (avail < SCTP_LEN)
			return PW_DROP_L4_SHORT;
		set_ports(pkt, l4);
		return PW_VERDICT_CONTINUE;
	default:
		return PW_VERDICT_CONTINUE;
	}
}

unsigned parse_l4_header_len(const struct pw_pkt *pkt)
{
	const uint8_t *l4 = pkt->data + pkt->l4_off;
	uint32_t avail = pkt->l3_off + pkt->ip_len - pkt->l4_off;

	if (pkt->l4_proto == IPPROTO_UDP)
		return avail < UDP_LEN ? 0 : UDP_LEN;
	if (avail < TCP_LEN)
		return 0;
	unsigned len = (l4[TCP_DOFF] >> 4) * 4u;

	return len < TCP_LEN || len > avail ? 0 : len;
}

/* A source that may not appear on the wire (RFC 1122 3.2.1.3). 0.0.0.0 says "I have no address
 * yet": DHCP (RFC 2131), IGMP reports and snooping queriers (RFC 3376 4.2.13). */
static bool ip4_source_bad(const struct pw_pkt *pkt)
{
	const uint8_t *src = (const uint8_t *)&pkt->src_be;

	if (pkt->src_be == 0)
		return !(pkt->l4_proto == IPPROTO_UDP && pkt->dst_be == UINT32_MAX) &&
		       pkt->l4_proto != IPPROTO_IGMP;
	return src[0] == IN_LOOPBACKNET || (src[0] & 0xf0) == 0xe0 || pkt->src_be == UINT32_MAX;
}

static inline bool ip4_csum_bad(const struct pw_pkt *pkt, const uint8_t *ip, uint32_t len)
{
	if ((pkt->m->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK) == RTE_MBUF_F_RX_IP_CKSUM_GOOD)
		return false;
	if (likely(len == IP4_LEN)) {
		uint64_t sum = load64(ip);

		sum = (sum >> 32) + (sum & UINT32_MAX) + load32(ip + 8);
		sum += (uint64_t)load32(ip + IP4_SRC) + load32(ip + IP4_DST);
		sum = (sum >> 32) + (sum & UINT32_MAX);
		return pw_csum_fold((uint32_t)((sum >> 16) + (sum & 0xffff))) != 0xffff;
	}
	return pw_csum_fold(pw_csum_add(0, ip, len)) != 0xffff;
}

/* Flags of a fragment. A later one that would overlap a TCP header is an attack (RFC 3128). */
static uint8_t parse_ip4_frag(struct pw_pkt *pkt, unsigned frag)
{
	unsigned offset = (frag & IP4_OFFSET_MASK) * 8;

	pkt->flags |= PW_PKT_FRAG;
	if (offset == 0)
		return PW_VERDICT_CONTINUE;
	pkt->flags |= PW_PKT_FRAG_LATER;
	if (pkt->l4_proto == IPPROTO_TCP && offset < TCP_LEN)
		return PW_DROP_L4_SHORT;
	return PW_VERDICT_CONTINUE;
}

static inline uint8_t parse_ip4(struct pw_pkt *pkt, uint32_t room)
{
	const uint8_t *ip = pkt->data + pkt->l3_off;
	unsigned hdr_len, frag;

	if (unlikely(room < IP4_LEN))
		return PW_DROP_IP4_LEN;
	if (unlikely(ip[0] != 0x45)) {
		if (ip[0] >> 4 != 4 || (ip[0] & 0xf) < 5)
			return PW_DROP_IP4_HDR;
		pkt->flags |= PW_PKT_IP_OPTIONS;
	}
	hdr_len = (ip[0] & 0xf) * 4u;
	pkt->ip_len = load16_be(ip + IP4_TOTAL);
	if (unlikely(pkt->ip_len < hdr_len || pkt->ip_len > room))
		return PW_DROP_IP4_LEN;
	if (unlikely(ip4_csum_bad(pkt, ip, hdr_len)))
		return PW_DROP_IP4_CSUM;
	pkt->l4_proto = ip[IP4_PROTO];
	pkt->l4_off = pkt->l3_off + hdr_len;
	pkt->src_be = load32(ip + IP4_SRC);
	pkt->dst_be = load32(ip + IP4_DST);
	pkt->route_dst_be = pkt->dst_be;
	if (unlikely(ip4_source_bad(pkt)))
		return PW_DROP_IP4_ADDR;
	frag = load16_be(ip + IP4_FRAG);
	pkt->flags |= PW_PKT_IPV4 | (frag & IP4_DF ? PW_PKT_DF : 0);
	if (unlikely(frag & (IP4_MF | IP4_OFFSET_MASK))) {
		uint8_t verdict = parse_ip4_frag(pkt, frag);

		if (verdict != PW_VERDICT_CONTINUE || pkt->flags & PW_PKT_FRAG_LATER)
			return verdict;
	}
	return parse_l4(pkt, pkt->ip_len - hdr_len);
}

/* Of IPv6, behind its extension headers. */
uint8_t parse_upper(struct pw_pkt *pkt, uint32_t avail)
{
	return parse_l4(pkt, avail);
}

/* Offset behind the tags, pkt->vlan and ->ethertype set; 0: cut short, or one tag too many. */
static uint32_t parse_vlan(struct pw_pkt *pkt, uint32_t len, uint8_t *verdict)
{
	uint32_t off = ETH_LEN;

	for (int tags = 0; pkt->ethertype == ETYPE_VLAN || pkt->ethertype == ETYPE_QINQ; tags++) {
		if (tags == MAX_VLAN_TAGS) {
			*verdict = PW_DROP_VLAN_STACK;
			return 0;
		}
		if (len < off + VLAN_LEN) {
			*verdict = PW_DROP_FRAME_SHORT;
			return 0;
		}
		if (tags == 0)
			pkt->vlan = load16_be(pkt->data + off) & VLAN_ID_MASK;
		pkt->ethertype = load16_be(pkt->data + off + 2);
		off += VLAN_LEN;
	}
	return off;
}

static inline uint8_t parse_eth(struct pw_pkt *pkt)
{
	const uint8_t *data = pkt->data;
	uint32_t len = pkt->m->pkt_len, off = ETH_LEN;
	uint8_t verdict;

	if (unlikely(len < ETH_LEN))
		return PW_DROP_FRAME_SHORT;
	if (unlikely(data[0] & GROUP_BIT))
		pkt->flags |= PW_PKT_L2_MCAST | (load_mac(data) == MAC_MASK ? PW_PKT_L2_BCAST : 0);
	if (unlikely(data[6] & GROUP_BIT || load_mac(data + 6) == 0))
		return PW_DROP_MAC_SRC;
	pkt->ethertype = load16_be(data + 12);
	if (unlikely(pkt->ethertype == ETYPE_VLAN || pkt->ethertype == ETYPE_QINQ)) {
		off = parse_vlan(pkt, len, &verdict);
		if (off == 0)
			return verdict;
	}
	pkt->l3_off = off;
	if (likely(pkt->ethertype == ETYPE_IP4))
		return parse_ip4(pkt, len - off);
	if (pkt->ethertype == ETYPE_IP6)
		return parse_ip6(pkt, len - off);
	if (pkt->ethertype == ETYPE_ARP)
		pkt->flags |= PW_PKT_ARP;
	else
		pkt->l3_off = 0;
	return PW_VERDICT_CONTINUE;
}

static inline void reset(struct pw_pkt *pkt)
{
	*pkt = (struct pw_pkt){
		.m = pkt->m,
		.data = rte_pktmbuf_mtod(pkt->m, uint8_t *),
		.flags = pkt->flags & CALLERS_FLAGS,
		.in_port = pkt->in_port,
		.out_port = PW_PORT_NONE,
		.flow = PW_FLOW_NONE,
		.adj = PW_ADJ_NONE,
		.bridge = PW_BRIDGE_NONE,
	};
}

static bool frame_pull(struct pw_pkt *pkt)
{
	uint32_t len = PW_MIN(pkt->m->pkt_len, PW_PARSE_BYTES);

	return pw_mbuf_pull(&pkt->m, len) == 0;
}

void pw_parse_frame(struct pw_pkt *pkt)
{
	const uint64_t requests = RTE_MBUF_F_RX_LRO | RTE_MBUF_F_RX_L4_CKSUM_NONE;
	const struct rte_mbuf *m = pkt->m;
	bool pulled = true, again = false;

	if (unlikely(m->data_len < m->pkt_len && m->data_len < PW_PARSE_BYTES))
		pulled = frame_pull(pkt);
	reset(pkt);
	if (unlikely(!pulled)) {
		pkt->verdict = PW_DROP_NO_MBUF;
		return;
	}
	pkt->verdict = parse_eth(pkt);
	if (!(pkt->m->ol_flags & requests) || pkt->verdict != PW_VERDICT_CONTINUE)
		return;
	pkt->verdict = parse_offload(pkt, &again);
	if (unlikely(again)) {
		reset(pkt);
		pkt->verdict = parse_eth(pkt);
	}
}
