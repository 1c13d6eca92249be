/* SPDX-License-Identifier: BSD-3-Clause */
/* csum_mbuf.c - checksums over chained mbufs, and completion of partial ones. */
#include <errno.h>

#include "pw_csum.h"
#include "pw_mbuf.h"
#include "pw_pkt.h"
#include "wire.h"

uint16_t pw_csum_mbuf(const struct rte_mbuf *m, uint32_t off, uint32_t len)
{
	uint32_t sum = 0, done = 0;

	for (; m && done < len; m = m->next) {
		if (off >= m->data_len) {
			off -= m->data_len;
			continue;
		}
		uint32_t n = PW_MIN(len - done, m->data_len - off);
		uint16_t part = pw_csum_fold(
			pw_csum_add(0, rte_pktmbuf_mtod_offset(m, const void *, off), n));

		/* After an odd number of bytes, the halves of each word are exchanged. */
		sum += done & 1 ? rte_bswap16(part) : part;
		done += n;
		off = 0;
	}
	return pw_csum_fold(sum);
}

/* Sum of [start, end), which includes the partial value, into the field. */
static int finish_range(struct rte_mbuf *m, uint32_t start, uint32_t end, uint16_t csum_offset)
{
	uint16_t field;

	if (end > m->pkt_len || start + csum_offset + sizeof(field) > end)
		return -EINVAL;
	field = (uint16_t)~pw_csum_mbuf(m, start, end - start);
	if (field == 0 && csum_offset == UDP_CSUM)
		field = UINT16_MAX; /* 0 would say: no checksum (RFC 768) */
	m->ol_flags &= ~RTE_MBUF_F_RX_L4_CKSUM_MASK;
	return pw_mbuf_write(m, start + csum_offset, sizeof(field), &field);
}

int pw_csum_finish(struct rte_mbuf *m, uint16_t csum_start, uint16_t csum_offset)
{
	return finish_range(m, csum_start, m->pkt_len, csum_offset);
}

int pw_csum_sctp_finish(struct rte_mbuf *m, uint32_t sctp_off)
{
	const struct rte_mbuf *seg = m;
	uint32_t crc = UINT32_MAX, off = sctp_off, field = 0;

	if (sctp_off + SCTP_LEN > m->pkt_len)
		return -EINVAL;
	pw_mbuf_write(m, sctp_off + SCTP_CRC, sizeof(field), &field); /* counts as zero */
	for (; seg != NULL; seg = seg->next) {
		if (off < seg->data_len)
			crc = pw_csum_crc32c(crc, rte_pktmbuf_mtod_offset(seg, const void *, off),
				seg->data_len - off);
		off -= PW_MIN(off, seg->data_len);
	}
	field = rte_cpu_to_le_32(~crc); /* RFC 9260 appendix A */
	return pw_mbuf_write(m, sctp_off + SCTP_CRC, sizeof(field), &field);
}

int pw_csum_finish_packet(struct rte_mbuf *m)
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, m->l2_len);
	uint32_t l4 = m->l2_len + m->l3_len, end;
	uint8_t proto;

	if (!pw_mbuf_is_partial(m))
		return 0;
	if (pw_mbuf_is_gso(m) || m->l2_len < ETH_LEN || m->l3_len < IP4_LEN || l4 > m->data_len)
		return -EINVAL;
	if (ip[0] >> 4 == 4) {
		end = m->l2_len + load16_be(ip + IP4_TOTAL);
		proto = ip[IP4_PROTO];
	} else {
		if (ip[0] >> 4 != 6 || m->l3_len != IP6_LEN)
			return -EINVAL;
		end = m->l2_len + IP6_LEN + load16_be(ip + IP6_PAYLOAD);
		proto = ip[IP6_NEXT];
	}
	if (!l4_csum_offset(proto))
		return -EINVAL;
	return finish_range(m, l4, end, l4_csum_offset(proto));
}
