/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fuzz_net.h - frames out of fuzzer input, and what must hold for any packet that was parsed.
 *
 * Every segment is a heap block of its exact size (fake_mbuf.h), so that the address sanitizer sees
 * each access beyond one.
 */
#ifndef FUZZ_NET_H
#define FUZZ_NET_H

#include <arpa/inet.h>
#include <netinet/in.h>

#include "fake_mbuf.h"
#include "pw_csum.h"
#include "pw_parse.h"

/* Stays on with NDEBUG. */
#define FUZZ_CHECK(cond)                                                                           \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond);                 \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/* Takes bytes off the front of the input; zeros when it is used up. */
struct fuzz_input {
	const uint8_t *data;
	size_t left;
};

static inline uint32_t fuzz_take(struct fuzz_input *in, unsigned bytes)
{
	uint32_t v = 0;

	for (; bytes; bytes--) {
		v = v << 8 | (in->left ? *in->data : 0);
		if (in->left) {
			in->data++;
			in->left--;
		}
	}
	return v;
}

static inline struct rte_mbuf *fuzz_frame(
	struct fake_pool *pool, const uint8_t *bytes, uint32_t len, uint32_t seed)
{
	uint32_t first = seed ? seed % 97 : len, off = PW_MIN(first, len);
	struct rte_mbuf *m = fake_frame(pool, bytes, off, seed & 1 ? 128 : 0);

	while (off < len) {
		seed = seed * 1103515245 + 12345;
		uint32_t n = PW_MIN((seed >> 16) % 120, len - off);

		if (m->nb_segs > 60) /* no driver makes more of such frames */
			n = len - off;
		fake_append(pool, m, bytes + off, n);
		off += n;
	}
	return m;
}

/* Sum over a packet's L4 bytes and pseudo-header: 0xffff if its full checksum is right. A rewrite
 * must not change it, right or wrong. */
static inline uint16_t fuzz_l4_residue(const struct pw_pkt *pkt)
{
	uint16_t len = pkt->l3_off + pkt->ip_len - pkt->l4_off;
	uint32_t sum = pw_csum_pseudo4(pkt->src_be, pkt->dst_be, pkt->l4_proto, len);

	if (pkt->l4_proto == IPPROTO_ICMP)
		sum = 0;
	sum = pw_csum_fold(sum + pw_csum_mbuf(pkt->m, pkt->l4_off, len));
	return sum ? sum : 0xffff;
}

static inline uint16_t fuzz_ip_residue(const uint8_t *ip)
{
	uint16_t sum = pw_csum_fold(pw_csum_add(0, ip, (ip[0] & 15) * 4u));

	return sum ? sum : 0xffff;
}

/* What the stages rely on. */
static inline void fuzz_check_parsed(const struct pw_pkt *pkt)
{
	const struct rte_mbuf *m = pkt->m;
	uint32_t len = 0;
	uint16_t segs = 0;

	for (const struct rte_mbuf *s = m; s; s = s->next, segs++)
		len += s->data_len;
	FUZZ_CHECK(len == m->pkt_len && segs == m->nb_segs);
	FUZZ_CHECK(pkt->data == rte_pktmbuf_mtod(m, uint8_t *));
	if (pkt->verdict != PW_VERDICT_CONTINUE) {
		FUZZ_CHECK(pw_verdict_is_drop(pkt->verdict) && pkt->verdict < PW_VERDICT_COUNT);
		return;
	}
	FUZZ_CHECK(m->pkt_len >= 14 && m->data_len >= PW_MIN(m->pkt_len, 256u));
	if (!(pkt->flags & (PW_PKT_IPV4 | PW_PKT_IPV6)))
		return;
	FUZZ_CHECK(pkt->l3_off + (uint32_t)pkt->ip_len <= m->pkt_len);
	FUZZ_CHECK(pkt->l4_off <= m->data_len && pkt->l4_off <= pkt->l3_off + pkt->ip_len);
	if (pkt->flags & PW_PKT_PARTIAL)
		FUZZ_CHECK(m->l2_len + m->l3_len == pkt->l4_off && pw_mbuf_is_partial(m));
	if (pkt->flags & PW_PKT_HAS_PORTS)
		FUZZ_CHECK(pkt->l4_off + 8u <= m->data_len);
}

#endif
