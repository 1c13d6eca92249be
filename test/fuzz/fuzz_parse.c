/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fuzz_parse.c - any bytes, in any segments, with any offload request: through the parser, then
 * through everything a stage may do with a packet that was let through.
 */
#include "fuzz_net.h"
#include "pw_rewrite6.h"
#include "pw_binding.h"
#include "pw_build.h"
#include "pw_build6.h"
#include "pw_gso.h"
#include "pw_rewrite.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum control { /* bits of the first input byte */
	CTL_PARTIAL = 1,
	CTL_LRO = 2,
	CTL_IP_GOOD = 4,
	CTL_FIX_CSUM = 8, /* else nearly no input would get beyond the header checksum */
	CTL_NO_MEMORY = 16,
	CTL_SMALL_BUFFERS = 32,
};

static struct fake_pool pool;
static const struct pw_mac mac1 = {{2, 0, 0, 0, 0, 1}}, mac2 = {{2, 0, 0, 0, 0, 2}};

static void fix_ip_csum(uint8_t *frame, uint32_t len)
{
	uint32_t hdr_len;

	if (len < 34 || frame[12] != 8 || frame[13] != 0)
		return;
	hdr_len = (frame[14] & 15) * 4u;
	if (hdr_len < 20 || 14 + hdr_len > len)
		return;
	uint16_t field = pw_csum_ipv4_header(frame + 14);

	memcpy(frame + 24, &field, 2);
}

static struct rte_mbuf *read_frame(struct fuzz_input *in, uint8_t control)
{
	uint32_t seed = fuzz_take(in, 2);
	uint32_t l2 = fuzz_take(in, 1), l3 = fuzz_take(in, 1), l4 = fuzz_take(in, 1);
	uint32_t segsz = fuzz_take(in, 2);
	uint8_t *frame = malloc(in->left + 1);
	struct rte_mbuf *m;

	memcpy(frame, in->data, in->left);
	if (control & CTL_FIX_CSUM)
		fix_ip_csum(frame, in->left);
	m = fuzz_frame(&pool, frame, in->left, seed);
	free(frame);
	m->l2_len = l2;
	m->l3_len = l3;
	m->l4_len = l4;
	m->tso_segsz = segsz;
	if (control & CTL_PARTIAL)
		m->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_NONE;
	if (control & CTL_LRO)
		m->ol_flags |= RTE_MBUF_F_RX_LRO;
	if (control & CTL_IP_GOOD)
		m->ol_flags |= RTE_MBUF_F_RX_IP_CKSUM_GOOD;
	return m;
}

static void build_about6(const struct pw_pkt *pkt)
{
	struct rte_mbuf *m = fake_mbuf_new(&pool, 14 + 1280);
	struct pw_nd nd;

	if ((pkt->flags & PW_PKT_IPV6) != 0 && pw_icmp6_error_allowed(pkt, true))
		FUZZ_CHECK(pw_build_icmp6_error(
				   m, pkt, 4, 1, pw_ip6_proto_off(pkt), 1, &mac1, &mac2) == 0);
	if (pw_nd_parse(pkt, &nd) == 0)
		FUZZ_CHECK(pkt->flags & PW_PKT_ND);
	rte_pktmbuf_free(m);
}

static void build_about(const struct pw_pkt *pkt)
{
	struct rte_mbuf *m = fake_mbuf_new(&pool, 14 + 576);
	struct pw_arp arp;

	if (pw_icmp_error_allowed(pkt))
		FUZZ_CHECK(pw_build_icmp_error(m, pkt, 3, 4, 1450, 1, &mac1, &mac2) == 0);
	m->data_len = m->pkt_len = 0;
	(void)pw_build_tcp_rst(m, pkt, &mac1, &mac2);
	(void)pw_arp_parse(pkt, &arp);
	build_about6(pkt);
	rte_pktmbuf_free(m);
}

static void check_binding(const struct pw_pkt *pkt)
{
	struct pw_binding binding;
	struct pw_ip ip = pw_ip_from_v4(htonl(0x0a000002));
	struct pw_mac mac;

	memcpy(mac.b, pkt->data + 6, 6);
	FUZZ_CHECK(pw_binding_init(&binding, &mac, &ip, 1) == 0);
	uint8_t verdict = pw_binding_check(&binding, pkt);

	FUZZ_CHECK(verdict == PW_VERDICT_CONTINUE || verdict == PW_DROP_SPOOF_IP ||
		   verdict == PW_DROP_SPOOF_ARP);
}

/* A partial checksum has no residue yet; ports are not covered, addresses are in the field. */
static bool has_residue(const struct pw_pkt *pkt)
{
	const uint8_t *l4 = pkt->data + pkt->l4_off;

	if (pkt->flags & (PW_PKT_FRAG | PW_PKT_PARTIAL) || !(pkt->flags & PW_PKT_HAS_PORTS))
		return false;
	if (pkt->l4_proto == IPPROTO_UDP)
		return l4[6] != 0 || l4[7] != 0;
	return pkt->l4_proto == IPPROTO_TCP || pkt->l4_proto == IPPROTO_ICMP;
}

static void rewrite(struct pw_pkt *pkt)
{
	uint8_t *ip = pkt->data + pkt->l3_off;
	struct pw_nat_plan plan = {htonl(0x0a0b0c0d), pkt->src_be, htons(999), pkt->sport_be, 0, 0};
	uint16_t ip_residue = fuzz_ip_residue(ip), residue = 0;
	bool sum = has_residue(pkt);

	if (pkt->flags & PW_PKT_ICMP_ECHO)
		plan.dport_be = 0;
	if (sum)
		residue = fuzz_l4_residue(pkt);
	pw_nat_plan_deltas(&plan, pkt->src_be, pkt->dst_be, pkt->sport_be, pkt->dport_be);
	if (pw_rewrite_nat(pkt, &plan)) {
		FUZZ_CHECK(pkt->src_be == plan.src_be && pkt->dst_be == plan.dst_be);
		FUZZ_CHECK(!sum || residue == fuzz_l4_residue(pkt));
	}
	if (ip[8] > 1)
		pw_rewrite_ttl(pkt);
	FUZZ_CHECK(ip_residue == fuzz_ip_residue(ip));
}

static void rewrite_quote(struct pw_pkt *pkt)
{
	struct pw_nat_plan plan = {1, 2, 3, 4, 0, 0};
	struct pw_icmp_quote quote;
	uint16_t residue = fuzz_l4_residue(pkt);

	if (!pw_parse_icmp_quote(pkt, &quote))
		return;
	FUZZ_CHECK(quote.l4_off + quote.l4_bytes <= pkt->m->data_len && quote.l4_bytes >= 8);
	FUZZ_CHECK(pw_rewrite_icmp_quote(pkt, &quote, 5, 6, &plan));
	FUZZ_CHECK(residue == fuzz_l4_residue(pkt));
}

/* Addresses of which each 16-bit word is new. */
static const struct pw_nat6_plan plan6 = {
	.src_be = ~(pw_in6)1, .dst_be = 3, .sport_be = 5, .dport_be = 7};

static void rewrite6(struct pw_pkt *pkt)
{
	const uint8_t *ip = pkt->data + pkt->l3_off;
	pw_in6 src = pw_in6_load(ip + 8), dst = pw_in6_load(ip + 24);
	struct pw_nat6_plan there = plan6, back = {.src_be = src,
						   .dst_be = dst,
						   .sport_be = pkt->sport_be,
						   .dport_be = pkt->dport_be};
	uint16_t ports[2] = {pkt->sport_be, pkt->dport_be};

	if (pkt->flags & PW_PKT_ICMP_ECHO)
		there.dport_be = 0;
	pw_nat6_plan_deltas(&there, src, dst, ports[0], ports[1]);
	pw_nat6_plan_deltas(&back, there.src_be, there.dst_be, there.sport_be, there.dport_be);
	if (pw_rewrite_nat6(pkt, &there)) {
		FUZZ_CHECK(pw_in6_load(ip + 8) == there.src_be &&
			   pw_in6_load(ip + 24) == there.dst_be);
		FUZZ_CHECK(pw_rewrite_nat6(pkt, &back));
		FUZZ_CHECK(pw_in6_load(ip + 8) == src && pw_in6_load(ip + 24) == dst);
	}
}

static void rewrite_quote6(struct pw_pkt *pkt)
{
	struct pw_icmp6_quote quote;

	if (!pw_parse_icmp6_quote(pkt, &quote))
		return;
	FUZZ_CHECK(quote.l4_off + quote.l4_bytes <= pkt->m->data_len && quote.l4_bytes >= 8);
	FUZZ_CHECK(pw_rewrite_icmp6_quote(pkt, &quote, 5, 6, &plan6));
}

static void segment(struct pw_pkt *pkt)
{
	static struct rte_mbuf *out[PW_GSO_SEGS_MAX];
	int n = pw_gso_segment(pkt->m, &pool.mp, out, PW_GSO_SEGS_MAX);
	uint32_t payload = 0, hdr_len = pkt->m->l2_len + pkt->m->l3_len + pkt->m->l4_len;

	FUZZ_CHECK(n > 0 || n == -ENOMEM || n == -EMSGSIZE);
	for (int i = 0; i < n; i++) {
		payload += out[i]->pkt_len - hdr_len;
		rte_pktmbuf_free(out[i]);
	}
	FUZZ_CHECK(n < 0 || payload == pkt->l3_off + (uint32_t)pkt->ip_len - hdr_len);
}

static void use(struct pw_pkt *pkt)
{
	check_binding(pkt);
	build_about(pkt);
	(void)pw_gso_wire_len(pkt);
	if (pkt->flags & PW_PKT_ICMP_ERROR)
		(pkt->flags & PW_PKT_IPV4 ? rewrite_quote : rewrite_quote6)(pkt);
	if (pkt->flags & PW_PKT_IPV4)
		rewrite(pkt);
	if (pkt->flags & PW_PKT_IPV6)
		rewrite6(pkt);
	if ((pkt->flags & (PW_PKT_ICMP_ECHO | PW_PKT_IPV4)) == (PW_PKT_ICMP_ECHO | PW_PKT_IPV4) &&
		pkt->data[pkt->l4_off] == 8)
		pw_icmp_echo_turn(pkt);
	if (pkt->flags & PW_PKT_GSO)
		segment(pkt);
	else
		FUZZ_CHECK(pw_csum_finish_packet(pkt->m) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	uint8_t control = fuzz_take(&in, 1);
	struct pw_pkt pkt = {.in_port = 1};

	if (in.left > 65549)
		return -1;
	fake_pool_init(&pool, control & CTL_SMALL_BUFFERS ? 150 : 2176);
	pkt.m = read_frame(&in, control);
	if (control & CTL_NO_MEMORY)
		pool.left = 0;
	pw_parse_frame(&pkt);
	fuzz_check_parsed(&pkt);
	if (pkt.verdict == PW_VERDICT_CONTINUE)
		use(&pkt);
	rte_pktmbuf_free(pkt.m);
	FUZZ_CHECK(pool.in_use == 0);
	return 0;
}
