/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

#include <rte_byteorder.h>

#include "hdrs.h"
#include "pw_csum.h"
#include "pw_gso.h"
#include "pw_pkt.h"
#include "vnet_hdr.h"

/* The same numbers as the wire's, in our byte order. */
struct fields {
	uint32_t hdr_len, gso_size, csum_start, csum_offset;
};

static void set_lens(struct rte_mbuf *m, const struct hdrs *h, uint16_t l4_len)
{
	m->l2_len = h->l2_len;
	m->l3_len = h->l3_len;
	m->l4_len = l4_len;
}

/* A kind of GSO: what a frame of it must be, and the sizes that are no attack (SEC-6). */
struct gso_kind {
	uint8_t proto;
	uint8_t ip_version; /* 0: either */
	uint16_t size_min;
	uint16_t segs_max;
};

static const struct gso_kind gso_kinds[] = {
	/* by VIRTIO_NET_HDR_GSO_* without ECN */
	[VIRTIO_NET_HDR_GSO_TCPV4] = {IPPROTO_TCP, 4, PW_GSO_TCP_SIZE_MIN, PW_GSO_SEGS_MAX},
	[VIRTIO_NET_HDR_GSO_TCPV6] = {IPPROTO_TCP, 6, PW_GSO_TCP_SIZE_MIN, PW_GSO_SEGS_MAX},
	[VIRTIO_NET_HDR_GSO_UDP_L4] = {IPPROTO_UDP, 0, 1, PW_GSO_UDP_SEGS_MAX},
};

static const struct gso_kind *find_kind(uint8_t gso_type)
{
	uint8_t type = gso_type & (uint8_t)~VIRTIO_NET_HDR_GSO_ECN;

	return type < PW_ARRAY_SIZE(gso_kinds) && gso_kinds[type].proto != 0 ? &gso_kinds[type]
									     : NULL;
}

static int decode_gso(uint8_t gso_type, const struct fields *f, struct rte_mbuf *m)
{
	const struct gso_kind *kind = find_kind(gso_type);
	uint32_t payload;
	uint16_t l4_len;
	struct hdrs h;

	if (kind == NULL || f->gso_size < kind->size_min || f->hdr_len > m->pkt_len)
		return -EINVAL;
	if (hdrs_find(m, &h) < 0 || h.fragment || h.proto != kind->proto ||
		(kind->ip_version != 0 && h.ip_version != kind->ip_version) ||
		f->csum_offset != hdrs_csum_offset(h.proto) ||
		f->csum_start != (uint32_t)h.l2_len + h.l3_len)
		return -EINVAL;
	l4_len = hdrs_l4_len(m, &h);
	if (l4_len == 0)
		return -EINVAL;
	payload = m->pkt_len - f->csum_start - l4_len;
	if (payload > f->gso_size * kind->segs_max)
		return -EINVAL;

	m->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_NONE;
	set_lens(m, &h, l4_len);
	if (payload > f->gso_size) { /* else it stands for itself only */
		m->ol_flags |= RTE_MBUF_F_RX_LRO;
		m->tso_segsz = (uint16_t)f->gso_size;
	}
	return 0;
}

/* Can pw_pkt.h's convention say it? Then nothing has to be computed. */
static bool is_plain(const struct hdrs *h, const struct fields *f)
{
	return !h->fragment && f->csum_start == (uint32_t)h->l2_len + h->l3_len &&
	       f->csum_offset != 0 && f->csum_offset == hdrs_csum_offset(h->proto) &&
	       (h->ip_version == 4 || h->l3_len == IP6_LEN);
}

/* A veth takes SCTP's CRC for one more checksum to be left open (NETIF_F_SCTP_CRC). */
static bool is_sctp(const struct hdrs *h, const struct fields *f)
{
	return h->proto == IPPROTO_SCTP && f->csum_offset == SCTP_CRC_OFF &&
	       f->csum_start == (uint32_t)h->l2_len + h->l3_len;
}

static int decode_csum(const struct fields *f, struct rte_mbuf *m)
{
	struct hdrs h;
	bool found = hdrs_find(m, &h) == 0;

	if (found && is_sctp(&h, f))
		return pw_csum_sctp_finish(m, f->csum_start);
	if (!found || !is_plain(&h, f))
		return pw_csum_finish(m, (uint16_t)f->csum_start, (uint16_t)f->csum_offset);
	m->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_NONE;
	set_lens(m, &h, hdrs_l4_len(m, &h));
	return 0;
}

int vnet_hdr_decode(const struct virtio_net_hdr *hdr, struct rte_mbuf *m)
{
	struct fields f;

	if (hdr->gso_type == VIRTIO_NET_HDR_GSO_NONE &&
		(hdr->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) == 0) {
		if (hdr->flags & VIRTIO_NET_HDR_F_DATA_VALID)
			m->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_GOOD;
		return 0;
	}
	/* A segment needs a checksum of its own: GSO without NEEDS_CSUM is against the standard. */
	if ((hdr->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) == 0)
		return -EINVAL;
	f = (struct fields){
		.hdr_len = rte_le_to_cpu_16(hdr->hdr_len),
		.gso_size = rte_le_to_cpu_16(hdr->gso_size),
		.csum_start = rte_le_to_cpu_16(hdr->csum_start),
		.csum_offset = rte_le_to_cpu_16(hdr->csum_offset),
	};
	if (f.csum_start < ETH_LEN || f.csum_start + f.csum_offset + 2 > m->pkt_len)
		return -EINVAL;
	if (hdr->gso_type == VIRTIO_NET_HDR_GSO_NONE)
		return decode_csum(&f, m);
	return decode_gso(hdr->gso_type, &f, m);
}

static int encode_gso(const struct rte_mbuf *m, const struct hdrs *h, struct virtio_net_hdr *hdr)
{
	uint32_t l4 = (uint32_t)m->l2_len + m->l3_len;

	if (m->tso_segsz == 0 || m->l4_len == 0 || hdrs_l4_len(m, h) != m->l4_len)
		return -EINVAL;
	hdr->gso_size = rte_cpu_to_le_16(m->tso_segsz);
	hdr->hdr_len = rte_cpu_to_le_16((uint16_t)(l4 + m->l4_len));
	if (h->proto == IPPROTO_UDP) {
		hdr->gso_type = VIRTIO_NET_HDR_GSO_UDP_L4;
		return 0;
	}
	hdr->gso_type = h->ip_version == 4 ? VIRTIO_NET_HDR_GSO_TCPV4 : VIRTIO_NET_HDR_GSO_TCPV6;
	/* CWR goes into the first segment only (RFC 3168, 6.1.2): the receiver must be told. */
	if (*rte_pktmbuf_mtod_offset(m, const uint8_t *, l4 + TCP_FLAGS_OFF) & TCP_CWR)
		hdr->gso_type |= VIRTIO_NET_HDR_GSO_ECN;
	return 0;
}

int vnet_hdr_encode(const struct rte_mbuf *m, struct virtio_net_hdr *hdr)
{
	uint16_t csum_offset;
	struct hdrs h;

	memset(hdr, 0, sizeof(*hdr));
	if (!pw_mbuf_is_partial(m)) {
		if (pw_mbuf_is_gso(m))
			return -EINVAL;
		if ((m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_GOOD)
			hdr->flags = VIRTIO_NET_HDR_F_DATA_VALID;
		return 0;
	}
	if (hdrs_find(m, &h) < 0 || h.l2_len != m->l2_len || h.l3_len != m->l3_len)
		return -EINVAL;
	csum_offset = hdrs_csum_offset(h.proto);
	if (csum_offset == 0 || (uint32_t)h.l2_len + h.l3_len + csum_offset + 2 > m->pkt_len)
		return -EINVAL;
	hdr->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	hdr->csum_start = rte_cpu_to_le_16((uint16_t)(h.l2_len + h.l3_len));
	hdr->csum_offset = rte_cpu_to_le_16(csum_offset);
	return pw_mbuf_is_gso(m) ? encode_gso(m, &h, hdr) : 0;
}
