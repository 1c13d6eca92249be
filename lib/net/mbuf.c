/* SPDX-License-Identifier: BSD-3-Clause */
/* mbuf.c - reading, writing and pulling up chained mbufs. */
#include <errno.h>
#include <string.h>

#include "pw_mbuf.h"
#include "pw_util.h"

int pw_mbuf_read(const struct rte_mbuf *m, uint32_t off, uint32_t len, void *out)
{
	uint8_t *to = out;

	if (off > m->pkt_len || len > m->pkt_len - off)
		return -EINVAL;
	for (; len; m = m->next, off = 0) {
		while (off >= m->data_len) {
			off -= m->data_len;
			m = m->next;
		}
		uint32_t n = PW_MIN(len, m->data_len - off);

		memcpy(to, rte_pktmbuf_mtod_offset(m, const uint8_t *, off), n);
		to += n;
		len -= n;
	}
	return 0;
}

int pw_mbuf_write(struct rte_mbuf *m, uint32_t off, uint32_t len, const void *in)
{
	const uint8_t *from = in;

	if (off > m->pkt_len || len > m->pkt_len - off)
		return -EINVAL;
	for (; len; m = m->next, off = 0) {
		while (off >= m->data_len) {
			off -= m->data_len;
			m = m->next;
		}
		uint32_t n = PW_MIN(len, m->data_len - off);

		memcpy(rte_pktmbuf_mtod_offset(m, uint8_t *, off), from, n);
		from += n;
		len -= n;
	}
	return 0;
}

/* Can `len` bytes lie in the head's own buffer? Moves what is there forward if that makes room. */
static bool head_make_room(struct rte_mbuf *m, uint32_t len)
{
	if (!RTE_MBUF_DIRECT(m) || m->buf_len < len)
		return false;
	if ((uint32_t)m->buf_len - m->data_off < len) {
		uint16_t off = PW_MIN(RTE_PKTMBUF_HEADROOM, m->buf_len - len);

		memmove((char *)m->buf_addr + off, rte_pktmbuf_mtod(m, char *), m->data_len);
		m->data_off = off;
	}
	return true;
}

/* An empty mbuf that stands for `m` in everything but data and segments. */
static struct rte_mbuf *head_alloc(const struct rte_mbuf *m, uint32_t len)
{
	struct rte_mbuf *head = m->pool ? rte_pktmbuf_alloc(m->pool) : NULL;

	if (!head)
		return NULL;
	if (rte_pktmbuf_tailroom(head) < len) {
		rte_pktmbuf_free(head);
		return NULL;
	}
	head->port = m->port;
	head->ol_flags = m->ol_flags & ~(RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL);
	head->packet_type = m->packet_type;
	head->pkt_len = m->pkt_len;
	head->vlan_tci = m->vlan_tci;
	head->vlan_tci_outer = m->vlan_tci_outer;
	head->hash = m->hash;
	head->tx_offload = m->tx_offload;
	rte_mbuf_dynfield_copy(head, m);
	return head;
}

/* Moves bytes from the segments at `seg` to the head until it holds `len`; frees emptied ones. */
static void head_fill(struct rte_mbuf *head, struct rte_mbuf *seg, uint16_t rest_segs, uint32_t len)
{
	while (head->data_len < len) {
		uint16_t n = PW_MIN(len - head->data_len, seg->data_len);

		memcpy(rte_pktmbuf_mtod_offset(head, char *, head->data_len),
			rte_pktmbuf_mtod(seg, char *), n);
		head->data_len += n;
		seg->data_off += n;
		seg->data_len -= n;
		if (seg->data_len == 0) {
			struct rte_mbuf *next = seg->next;

			rte_pktmbuf_free_seg(seg);
			seg = next;
			rest_segs--;
		}
	}
	head->next = seg;
	head->nb_segs = 1 + rest_segs;
}

int pw_mbuf_pull(struct rte_mbuf **m, uint32_t len)
{
	struct rte_mbuf *old = *m;

	if (len <= old->data_len)
		return 0;
	if (len > old->pkt_len || len > UINT16_MAX || rte_mbuf_refcnt_read(old) != 1)
		return -EINVAL;
	if (head_make_room(old, len)) {
		head_fill(old, old->next, old->nb_segs - 1, len);
		return 0;
	}
	struct rte_mbuf *head = head_alloc(old, len);

	if (!head)
		return -ENOMEM;
	head_fill(head, old, old->nb_segs, len);
	*m = head;
	return 0;
}
