/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * gso.c - TCP and UDP segmentation in software.
 *
 * The headers are copied to each segment and patched there; the payload is copied, which costs less
 * than chains of indirect mbufs for the frames of 64 KB and the segments of 1.4 KB seen here, and
 * the checksum is summed while the bytes are in the first-level cache.
 */
#include <errno.h>

#include "pw_csum.h"
#include "pw_gso.h"
#include "pw_mbuf.h"
#include "wire.h"

/* What a GSO frame says of itself. W: gso_read. */
struct gso {
	const struct rte_mbuf *m;
	uint32_t l3_off, l4_off, hdr_len; /* hdr_len: up to the payload */
	uint32_t payload, size;           /* bytes in all and per segment */
	uint8_t proto;
	bool ipv6;
};

static bool gso_read_ip(struct gso *g, const uint8_t *ip)
{
	uint32_t end, l3_len = g->l4_off - g->l3_off;

	g->ipv6 = ip[0] >> 4 == 6;
	if (g->ipv6) {
		if (l3_len != IP6_LEN)
			return false;
		g->proto = ip[IP6_NEXT];
		end = g->l3_off + IP6_LEN + load16_be(ip + IP6_PAYLOAD);
	} else {
		if (ip[0] >> 4 != 4 || l3_len != (ip[0] & 0xf) * 4u)
			return false;
		g->proto = ip[IP4_PROTO];
		end = g->l3_off + load16_be(ip + IP4_TOTAL);
	}
	if (end < g->hdr_len || end > g->m->pkt_len)
		return false;
	g->payload = end - g->hdr_len;
	return true;
}

/* Checks all that the rest relies on; the caller may be any port. */
static bool gso_read(struct gso *g, const struct rte_mbuf *m)
{
	const uint8_t *data = rte_pktmbuf_mtod(m, const uint8_t *);

	*g = (struct gso){
		.m = m,
		.l3_off = m->l2_len,
		.l4_off = m->l2_len + m->l3_len,
		.hdr_len = m->l2_len + m->l3_len + m->l4_len,
		.size = m->tso_segsz,
	};
	if (!pw_mbuf_is_gso(m) || g->size == 0 || m->l2_len < ETH_LEN || m->l3_len < IP4_LEN ||
		g->hdr_len > m->data_len)
		return false;
	if (!gso_read_ip(g, data + g->l3_off))
		return false;
	if (g->proto == IPPROTO_TCP)
		return m->l4_len >= TCP_LEN && m->l4_len == (data[g->l4_off + TCP_DOFF] >> 4) * 4u;
	return g->proto == IPPROTO_UDP && m->l4_len == UDP_LEN;
}

static void patch_ip4(uint8_t *ip, uint32_t len, uint32_t index)
{
	store16_be(ip + IP4_TOTAL, len);
	store16_be(ip + IP4_ID, load16_be(ip + IP4_ID) + index);
	store16(ip + IP4_CSUM, pw_csum_ipv4_header(ip));
}

static void patch_tcp(uint8_t *tcp, uint32_t offset, bool first, bool last)
{
	store32_be(tcp + TCP_SEQ, load32_be(tcp + TCP_SEQ) + offset);
	if (!first)
		tcp[TCP_FLAGS] &= ~TCP_CWR;
	if (!last)
		tcp[TCP_FLAGS] &= ~(TCP_FIN | TCP_PSH);
}

static uint16_t pseudo(const struct gso *g, const uint8_t *ip, uint32_t l4_len)
{
	if (g->ipv6)
		return pw_csum_pseudo6(ip + IP6_SRC, ip + IP6_DST, g->proto, l4_len);
	return pw_csum_pseudo4(load32(ip + IP4_SRC), load32(ip + IP4_DST), g->proto, l4_len);
}

/* Headers of segment `index` whose payload, `len` bytes from `offset`, is in place already. The
 * checksum is left partial and finished over the whole chain. */
static void patch_headers(
	const struct gso *g, struct rte_mbuf *seg, uint32_t index, uint32_t offset, uint32_t len)
{
	uint8_t *data = rte_pktmbuf_mtod(seg, uint8_t *);
	uint8_t *ip = data + g->l3_off, *l4 = data + g->l4_off;
	uint32_t l4_len = g->hdr_len - g->l4_off + len;
	unsigned field = l4_csum_offset(g->proto);

	if (g->ipv6)
		store16_be(ip + IP6_PAYLOAD, l4_len);
	else
		patch_ip4(ip, g->l4_off - g->l3_off + l4_len, index);
	if (g->proto == IPPROTO_TCP)
		patch_tcp(l4, offset, index == 0, offset + len == g->payload);
	else
		store16_be(l4 + UDP_TOTAL, l4_len);
	store16(l4 + field, pseudo(g, ip, l4_len));
	pw_csum_finish(seg, g->l4_off, field);
}

/* Appends `len` bytes from `offset` of the frame to the chain at `head`. */
static int append_copy(const struct gso *g, struct rte_mempool *pool, struct rte_mbuf *head,
	uint32_t offset, uint32_t len)
{
	struct rte_mbuf *tail = head;

	while (len) {
		uint32_t n = PW_MIN(len, rte_pktmbuf_tailroom(tail));

		pw_mbuf_read(
			g->m, offset, n, rte_pktmbuf_mtod_offset(tail, void *, tail->data_len));
		tail->data_len += n;
		head->pkt_len += n;
		offset += n;
		len -= n;
		if (len == 0)
			break;
		tail->next = rte_pktmbuf_alloc(pool);
		if (!tail->next)
			return -ENOMEM;
		tail = tail->next;
		head->nb_segs++;
		if (rte_pktmbuf_tailroom(tail) == 0)
			return -EMSGSIZE;
	}
	return 0;
}

static int make_segment(
	const struct gso *g, struct rte_mempool *pool, uint32_t index, struct rte_mbuf **out)
{
	uint32_t offset = index * g->size, len = PW_MIN(g->size, g->payload - offset);
	struct rte_mbuf *seg = rte_pktmbuf_alloc(pool);
	int ret = -EMSGSIZE;

	if (!seg)
		return -ENOMEM;
	seg->port = g->m->port;
	if (rte_pktmbuf_tailroom(seg) < g->hdr_len)
		goto err_free;
	ret = append_copy(g, pool, seg, 0, g->hdr_len);
	if (ret == 0)
		ret = append_copy(g, pool, seg, g->hdr_len + offset, len);
	if (ret != 0)
		goto err_free;
	patch_headers(g, seg, index, offset, len);
	*out = seg;
	return 0;
err_free:
	rte_pktmbuf_free(seg);
	return ret;
}

int pw_gso_segment(
	struct rte_mbuf *m, struct rte_mempool *pool, struct rte_mbuf **out, uint16_t max)
{
	struct gso g;
	uint32_t count, i;
	int ret = 0;

	if (!gso_read(&g, m))
		return -EINVAL;
	count = PW_MAX(1u, (g.payload + g.size - 1) / g.size);
	if (count > max)
		return -ENOSPC;
	for (i = 0; i < count; i++) {
		ret = make_segment(&g, pool, i, &out[i]);
		if (ret != 0)
			goto err_segments;
	}
	return (int)count;
err_segments:
	while (i-- > 0)
		rte_pktmbuf_free(out[i]);
	return ret;
}
