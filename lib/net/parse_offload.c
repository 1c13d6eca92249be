/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * parse_offload.c - are the mbuf's checksum and segmentation requests those of this packet?
 *
 * The requests come from pods, some of which may write what they like into a virtio-net header
 * (AF_PACKET with PACKET_VNET_HDR, vhost-user guests). After this check a request fits the headers
 * that were parsed, or it is gone (SEC-5, SEC-6).
 */
#include "parse.h"
#include "pw_csum.h"
#include "pw_gso.h"
#include "wire.h"

/* A partial checksum that is not the outermost TCP's or UDP's (an inner one of a tunnel that a pod
 * built itself, behind IPv6 extension headers, of another protocol): completed here. Never in front
 * of the L4 header: a pod could change addresses that way. */
static uint8_t finish_foreign(struct pw_pkt *pkt, uint16_t start, uint16_t offset, bool *again)
{
	if (pkt->l4_off == 0 || start < pkt->l4_off || offset == 0)
		return PW_DROP_MALFORMED_OFFLOAD;
	if (pw_csum_finish(pkt->m, start, offset) != 0)
		return PW_DROP_MALFORMED_OFFLOAD;
	*again = true;
	return PW_VERDICT_CONTINUE;
}

/* Segment size and count within what a sender of good will produces. */
static bool gso_size_ok(const struct pw_pkt *pkt, unsigned l4_hdr_len)
{
	uint32_t payload = pkt->l3_off + pkt->ip_len - pkt->l4_off - l4_hdr_len;
	uint32_t size = pkt->m->tso_segsz;

	if (pkt->l4_proto == IPPROTO_TCP)
		return size >= PW_GSO_TCP_SIZE_MIN;
	return size > 0 && payload <= size * PW_GSO_UDP_SEGS_MAX;
}

uint8_t parse_offload(struct pw_pkt *pkt, bool *again)
{
	struct rte_mbuf *m = pkt->m;
	bool gso = pw_mbuf_is_gso(m), plain;
	unsigned start = m->l2_len + m->l3_len, csum_off = l4_csum_offset(pkt->l4_proto), hdr_len;

	if (!pw_mbuf_is_partial(
		    m)) /* checksum good, bad or unknown: nothing to do, but GSO needs it */
		return gso ? PW_DROP_MALFORMED_OFFLOAD : PW_VERDICT_CONTINUE;
	plain = pkt->flags & (PW_PKT_IPV4 | PW_PKT_IPV6) && csum_off && !(pkt->flags & PW_PKT_FRAG);
	hdr_len = plain ? parse_l4_header_len(pkt) : 0;
	if (start == 0)
		start = pkt->l4_off;
	plain = hdr_len && start == pkt->l4_off &&
		(m->l4_len == 0 || m->l4_len == hdr_len || (!gso && m->l4_len == csum_off));
	if (!plain)
		return gso ? PW_DROP_MALFORMED_OFFLOAD
			   : finish_foreign(pkt, start, m->l4_len, again);
	if (gso && !gso_size_ok(pkt, hdr_len))
		return PW_DROP_MALFORMED_OFFLOAD;
	m->l2_len = pkt->l3_off;
	m->l3_len = pkt->l4_off - pkt->l3_off;
	m->l4_len = hdr_len;
	pkt->flags |= gso ? PW_PKT_PARTIAL | PW_PKT_GSO : PW_PKT_PARTIAL;
	return PW_VERDICT_CONTINUE;
}
