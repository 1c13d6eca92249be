/* SPDX-License-Identifier: BSD-3-Clause */
/* frag.c - IPv4 fragmentation (pw_frag.h): the payload is copied, the head put in front of it. */
#include <errno.h>

#include "pw_csum.h"
#include "pw_frag.h"
#include "pw_util.h"
#include "wire.h"

#define MTU_MIN      68
#define OPT_END      0
#define OPT_NOP      1
#define OPT_COPY_BIT 0x80

int pw_frag4_init(struct pw_frag4 *f, const struct rte_mbuf *m, uint32_t l3_off, uint32_t mtu)
{
	const uint8_t *data = rte_pktmbuf_mtod(m, const uint8_t *);
	const uint8_t *ip = data + l3_off;
	uint32_t hdr_len, total;

	if (mtu < MTU_MIN || l3_off + IP4_LEN > m->data_len || ip[0] >> 4 != 4)
		return -EINVAL;
	hdr_len = (ip[0] & 0xf) * 4u;
	total = load16_be(ip + IP4_TOTAL);
	if (hdr_len < IP4_LEN || l3_off + hdr_len > PW_MIN(m->data_len, PW_FRAG_HEAD_MAX) ||
		total < hdr_len || l3_off + total > m->pkt_len)
		return -EINVAL;
	*f = (struct pw_frag4){
		.m = m,
		.l3_off = l3_off,
		.head_len = l3_off + hdr_len,
		.payload = total - hdr_len,
		.room = (mtu - hdr_len) & ~7u,
		.offset = (uint16_t)load16_be(ip + IP4_FRAG),
	};
	if (f->offset & IP4_DF)
		return -EINVAL;
	memcpy(f->head, data, f->head_len);
	return 0;
}

/* Of the head, after the first fragment. A length that makes no sense ends the list. */
static void blank_options(struct pw_frag4 *f)
{
	uint8_t *opt = f->head + f->l3_off + IP4_LEN, *end = f->head + f->head_len;

	while (opt < end && *opt != OPT_END) {
		uint32_t len = 1;

		if (*opt != OPT_NOP) {
			len = opt + 1 < end ? opt[1] : 0;
			if (len < 2 || len > (uint32_t)(end - opt))
				return;
			if (!(*opt & OPT_COPY_BIT))
				memset(opt, OPT_NOP, len);
		}
		opt += len;
	}
}

static void write_head(const struct pw_frag4 *f, uint8_t *to, uint32_t len, bool last)
{
	uint8_t *ip = to + f->l3_off;
	uint32_t more = last ? f->offset & IP4_MF : IP4_MF;

	memcpy(to, f->head, f->head_len);
	store16_be(ip + IP4_TOTAL, f->head_len - f->l3_off + len);
	store16_be(ip + IP4_FRAG, more | ((f->offset & IP4_OFFSET_MASK) + f->done / 8));
	store16(ip + IP4_CSUM, pw_csum_ipv4_header(ip));
}

int pw_frag4_next(struct pw_frag4 *f, struct rte_mempool *pool, struct rte_mbuf **out)
{
	uint32_t left = f->payload - f->done, len = PW_MIN(left, f->room);
	struct rte_mbuf *frag;
	uint8_t *head;

	if (left == 0)
		return 0;
	frag = rte_pktmbuf_copy(f->m, pool, f->head_len + f->done, len);
	if (frag == NULL)
		return -ENOMEM;
	head = (uint8_t *)rte_pktmbuf_prepend(frag, (uint16_t)f->head_len);
	if (head == NULL) {
		rte_pktmbuf_free(frag);
		return -EMSGSIZE;
	}
	frag->ol_flags = 0;
	write_head(f, head, len, len == left);
	if (f->done == 0)
		blank_options(f);
	f->done += len;
	*out = frag;
	return 1;
}
