/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * parse_burst.c - the straight way through the parser, for most packets there are.
 *
 * An untagged IPv4 frame between stations, without options, not a fragment, that carries TCP or UDP:
 * what can be wrong with it is looked at with a few wide loads, and the metadata it shares with its
 * neighbours is copied. Whatever differs, be it malformed or only unusual, goes to
 * pw_parse_frame(), which decides; both say the same about the same frame (test_parse_burst.c).
 */
#include <rte_branch_prediction.h>
#include <rte_vect.h>

#include "parse.h"
#include "wire.h"

#define L4_OFF       (ETH_LEN + IP4_LEN)
#define GROUP_BIT    0x01
#define GROUP_BITS   UINT64_C(0x0001000000000001) /* of both MACs, in the first 8 bytes */
#define TYPE_AND_IHL 0x450008                     /* EtherType IPv4, version 4, 5 words */
#define TYPE_MASK    0xffffff
#define FRAG_MASK    0xff3f /* more fragments, offset: as a little-endian word */
#define DF_BIT       0x40
#define DF_SHIFT     12
static_assert(DF_BIT << DF_SHIFT == PW_PKT_DF, "one shift");

#define REQUESTS (RTE_MBUF_F_RX_LRO | RTE_MBUF_F_RX_L4_CKSUM_NONE)

/*
 * Ones' complement arithmetic is arithmetic modulo 65535, where 2^16, 2^32 and 2^64 are all 1: the
 * words may be added up 64 bits at a time, and the sum is right if it is a multiple (it is not 0;
 * compilers make one multiplication of the test). The last byte of the first load is the fragment
 * offset's, 0 for a frame that gets here: adding 32 bits to that cannot overflow.
 */
static inline bool header_sum_ok(const uint8_t *ip)
{
	uint64_t head = rte_cpu_to_le_64(load64(ip)) + rte_cpu_to_le_32(load32(ip + IP4_DST));
	uint64_t sum = head + rte_cpu_to_le_64(load64(ip + 8));

	return (sum + (sum < head)) % 0xffff == 0;
}

/* 0/8 (sometimes allowed), loopback, multicast and above are for the full parser to judge. */
static inline bool source_is_plain(const uint8_t *src)
{
	return (uint8_t)(src[0] - 1) < 0xe0 - 1 && src[0] != IN_LOOPBACKNET;
}

/* `avail`: IP payload, at least a UDP header. */
static inline bool l4_is_plain(const uint8_t *l4, uint8_t proto, uint32_t avail)
{
	if (proto == IPPROTO_TCP) {
		uint32_t len;

		if (unlikely(avail < TCP_LEN))
			return false;
		len = l4[TCP_DOFF] >> 2 & 0x3c;
		return len - TCP_LEN <= avail - TCP_LEN;
	}
	return proto == IPPROTO_UDP &&
	       load16_be(l4 + UDP_TOTAL) - (uint32_t)UDP_LEN <= avail - (uint32_t)UDP_LEN;
}

/* Headers are where they can be read. */
static inline bool headers_are_first(const struct rte_mbuf *m)
{
	return m->data_len == m->pkt_len || m->data_len >= PW_PARSE_BYTES;
}

/* false: for the full parser; the frame, and what is asked of it, may have changed. */
static __attribute__((noinline)) bool offload_straight(struct pw_pkt *pkt)
{
	bool again = false;

	pkt->verdict = parse_offload(pkt, &again);
	return !again;
}

/*
 * Both MACs are stations', the EtherType is IPv4, the header has 5 words, and it is no fragment:
 * single bits of the first 22 bytes, all of them compared at once where the CPU can do so.
 */
#ifdef __AVX__
static inline bool kind_is_plain(const uint8_t *data)
{
	const __m256i mask = _mm256_setr_epi8(GROUP_BIT, 0, 0, 0, 0, 0, GROUP_BIT, 0, 0, 0, 0, 0,
		-1, -1, -1, 0, 0, 0, 0, 0, 0x3f, -1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
	const __m256i want = _mm256_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ETYPE_IP4 >> 8,
		ETYPE_IP4 & 0xff, 0x45, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
	__m256i have = _mm256_loadu_si256((const __m256i *)(const void *)data);

	return _mm256_testz_si256(_mm256_xor_si256(have, want), mask) != 0;
}
#else
static inline bool kind_is_plain(const uint8_t *data)
{
	return (load64(data) & rte_cpu_to_le_64(GROUP_BITS)) == 0 &&
	       (rte_le_to_cpu_32(load32(data + 12)) & TYPE_MASK) == TYPE_AND_IHL &&
	       (rte_le_to_cpu_16(load16(data + ETH_LEN + IP4_FRAG)) & FRAG_MASK) == 0;
}
#endif

static inline bool parse_straight(
	struct pw_pkt *pkt, const struct pw_pkt *common, struct rte_mbuf *m)
{
	uint8_t *data = rte_pktmbuf_mtod(m, uint8_t *);
	const uint8_t *ip = data + ETH_LEN;
	uint32_t len = m->pkt_len, ip_len;

	if (unlikely(!headers_are_first(m) || len < L4_OFF + UDP_LEN))
		return false;
	if (unlikely(!kind_is_plain(data) || rte_le_to_cpu_64(load64(data + 6)) << 16 == 0))
		return false;
	ip_len = load16_be(ip + IP4_TOTAL);
	if (unlikely(ip_len - (IP4_LEN + UDP_LEN) > len - (L4_OFF + UDP_LEN) ||
		     !header_sum_ok(ip) || !source_is_plain(ip + IP4_SRC) ||
		     !l4_is_plain(data + L4_OFF, ip[IP4_PROTO], ip_len - IP4_LEN)))
		return false;
	*pkt = *common;
	pkt->m = m;
	pkt->data = data;
	pkt->flags = common->flags | PW_PKT_IPV4 | PW_PKT_HAS_PORTS |
		     (ip[IP4_FRAG] & DF_BIT) << DF_SHIFT;
	pkt->l4_proto = ip[IP4_PROTO];
	pkt->ip_len = (uint16_t)ip_len;
	memcpy(&pkt->src_be, ip + IP4_SRC, 12); /* addresses and ports, as they lie */
	pkt->route_dst_be = load32(ip + IP4_DST);
	return likely((m->ol_flags & REQUESTS) == 0) || offload_straight(pkt);
}
static_assert(offsetof(struct pw_pkt, dport_be) == offsetof(struct pw_pkt, src_be) + 10, "layout");

static __attribute__((noinline, cold)) void parse_other(
	struct pw_pkt *pkt, const struct pw_pkt *common, struct rte_mbuf *m)
{
	pkt->m = m;
	pkt->flags = common->flags;
	pkt->in_port = common->in_port;
	pw_parse_frame(pkt);
	pkt->bridge = common->bridge;
}

void pw_parse_burst(const struct pw_parse_origin *from, struct rte_mbuf *const *mbufs,
	struct pw_pkt *pkts, uint32_t n)
{
	const struct pw_pkt common = {
		.flags = from->flags,
		.in_port = from->in_port,
		.out_port = PW_PORT_NONE,
		.verdict = PW_VERDICT_CONTINUE,
		.ethertype = ETYPE_IP4,
		.l3_off = ETH_LEN,
		.l4_off = L4_OFF,
		.flow = PW_FLOW_NONE,
		.adj = PW_ADJ_NONE,
		.bridge = from->bridge,
	};

	for (uint32_t i = 0; i < n; i++) {
		if (unlikely(!parse_straight(&pkts[i], &common, mbufs[i])))
			parse_other(&pkts[i], &common, mbufs[i]);
	}
}
