/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fuzz_quote.c - ICMP errors with any quote: only the quote is the fuzzer's, so that it gets there
 * every time. All checksums keep their residue, right or wrong, and nothing else changes.
 */
#include "fuzz_net.h"
#include "pw_rewrite.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fake_pool pool;

static struct rte_mbuf *read_error(struct fuzz_input *in)
{
	static const uint8_t types[] = {3, 4, 5, 11, 12};
	uint32_t seed = fuzz_take(in, 2), len = 42 + in->left;
	uint8_t *frame = calloc(1, len);
	uint16_t field;

	frame[5] = frame[11] = 2;
	frame[12] = 8;
	frame[14] = 0x45;
	frame[22] = 64;
	frame[23] = IPPROTO_ICMP;
	memcpy(frame + 26, (uint8_t[]){10, 0, 0, 1, 10, 0, 0, 2}, 8);
	frame[34] = types[fuzz_take(in, 1) % sizeof(types)];
	memcpy(frame + 42, in->data, in->left);
	len = 42 + in->left;
	frame[16] = (len - 14) >> 8;
	frame[17] = len - 14;
	field = pw_csum_ipv4_header(frame + 14);
	memcpy(frame + 24, &field, 2);
	field = ~pw_csum_fold(pw_csum_add(0, frame + 34, len - 34));
	memcpy(frame + 36, &field, 2);
	struct rte_mbuf *m = fuzz_frame(&pool, frame, len, seed);

	free(frame);
	return m;
}

/* Bytes of the quote that may change: addresses, checksum, ports or id, L4 checksum. */
static bool may_change(const struct pw_icmp_quote *quote, uint32_t at)
{
	uint32_t ip = at - quote->l3_off, l4 = at - quote->l4_off;

	if (at < quote->l4_off)
		return (ip >= 10 && ip < 20);
	switch (quote->proto) {
	case IPPROTO_TCP:
		return l4 < 4 || l4 == 16 || l4 == 17;
	case IPPROTO_UDP:
		return l4 < 4 || l4 == 6 || l4 == 7;
	case IPPROTO_SCTP:
		return l4 < 4 || (l4 >= 8 && l4 < 12);
	default:
		return l4 >= 2 && l4 < 6;
	}
}

static void check_rewritten(const struct pw_pkt *pkt, const struct pw_icmp_quote *quote,
	const struct pw_nat_plan *plan, const uint8_t *before)
{
	const uint8_t *ip = pkt->data + quote->l3_off, *l4 = pkt->data + quote->l4_off;
	uint32_t end = pkt->m->data_len;
	uint16_t ports[2];

	FUZZ_CHECK(fuzz_ip_residue(ip) == fuzz_ip_residue(before + quote->l3_off));
	FUZZ_CHECK(fuzz_ip_residue(pkt->data + pkt->l3_off) == 0xffff);
	FUZZ_CHECK(fuzz_l4_residue(pkt) == 0xffff);
	FUZZ_CHECK(
		memcmp(ip + 12, &plan->src_be, 4) == 0 && memcmp(ip + 16, &plan->dst_be, 4) == 0);
	if (quote->proto != IPPROTO_ICMP) {
		memcpy(ports, l4, 4);
		FUZZ_CHECK(ports[0] == plan->sport_be && ports[1] == plan->dport_be);
	}
	for (uint32_t at = quote->l3_off; at < end; at++)
		FUZZ_CHECK(pkt->data[at] == before[at] || may_change(quote, at));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	struct pw_nat_plan plan = {.src_be = fuzz_take(&in, 4),
		.dst_be = fuzz_take(&in, 4),
		.sport_be = fuzz_take(&in, 2),
		.dport_be = fuzz_take(&in, 2)};
	struct pw_pkt pkt = {.in_port = 1};
	struct pw_icmp_quote quote;

	if (in.left > 1500)
		return -1;
	fake_pool_init(&pool, 2176);
	pkt.m = read_error(&in);
	pw_parse_frame(&pkt);
	fuzz_check_parsed(&pkt);
	FUZZ_CHECK(pkt.verdict == PW_VERDICT_CONTINUE && pkt.flags & PW_PKT_ICMP_ERROR);
	if (pw_parse_icmp_quote(&pkt, &quote)) {
		uint8_t *before = malloc(pkt.m->data_len);

		memcpy(before, pkt.data, pkt.m->data_len);
		FUZZ_CHECK(pw_rewrite_icmp_quote(&pkt, &quote, 0x01020304, 0x05060708, &plan));
		check_rewritten(&pkt, &quote, &plan, before);
		free(before);
	}
	rte_pktmbuf_free(pkt.m);
	FUZZ_CHECK(pool.in_use == 0);
	return 0;
}
