/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <netinet/in.h>

#include "hdrs.h"
#include "offload_dpdk.h"
#include "pw_csum.h"
#include "pw_gso.h"
#include "pw_pkt.h"

/* Without USO (DPDK 22.11 has none on receive) only TCP stands for several. */
static int check_gso(struct rte_mbuf *m, const struct hdrs *h)
{
	uint32_t payload = m->pkt_len - h->l2_len - h->l3_len - m->l4_len;

	if (h->proto != IPPROTO_TCP || m->tso_segsz < PW_GSO_TCP_SIZE_MIN)
		return -EINVAL;
	if (payload <= m->tso_segsz)
		m->ol_flags &= ~RTE_MBUF_F_RX_LRO;
	return 0;
}

int offload_from_dpdk(struct rte_mbuf *m)
{
	uint16_t csum_offset, l4_len;
	struct hdrs h;

	if (!pw_mbuf_is_partial(m) || hdrs_find(m, &h) < 0 || h.fragment)
		return -EINVAL;
	l4_len = hdrs_l4_len(m, &h);
	csum_offset = hdrs_csum_offset(h.proto);
	if (l4_len == 0 || csum_offset == 0)
		return -EINVAL;
	m->l2_len = h.l2_len;
	m->l3_len = h.l3_len;
	m->l4_len = l4_len;
	if (pw_mbuf_is_gso(m) && check_gso(m, &h) < 0)
		return -EINVAL;
	if (!pw_mbuf_is_gso(m) && h.ip_version == 6 && h.l3_len != IP6_LEN)
		return pw_csum_finish(m, (uint16_t)(h.l2_len + h.l3_len), csum_offset);
	return 0;
}

int offload_to_dpdk(struct rte_mbuf *m, bool gso_ip_csum)
{
	bool gso = pw_mbuf_is_gso(m);
	uint64_t flags;
	struct hdrs h;

	if (hdrs_find(m, &h) < 0 || h.l2_len != m->l2_len || h.l3_len != m->l3_len ||
		hdrs_csum_offset(h.proto) == 0)
		return -EINVAL;
	m->l4_len = hdrs_l4_len(m, &h);
	if (m->l4_len == 0)
		return -EINVAL;
	flags = h.ip_version == 4 ? RTE_MBUF_F_TX_IPV4 : RTE_MBUF_F_TX_IPV6;
	flags |= h.proto == IPPROTO_TCP ? RTE_MBUF_F_TX_TCP_CKSUM : RTE_MBUF_F_TX_UDP_CKSUM;
	if (gso) {
		flags |= h.proto == IPPROTO_TCP ? RTE_MBUF_F_TX_TCP_SEG : RTE_MBUF_F_TX_UDP_SEG;
		if (gso_ip_csum && h.ip_version == 4)
			flags |= RTE_MBUF_F_TX_IP_CKSUM;
	}
	m->ol_flags &= ~(RTE_MBUF_F_RX_L4_CKSUM_MASK | RTE_MBUF_F_RX_LRO);
	m->ol_flags |= flags;
	return 0;
}
