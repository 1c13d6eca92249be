/* SPDX-License-Identifier: BSD-3-Clause */
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

#include <rte_byteorder.h>

#include "hdrs.h"
#include "pw_csum.h"
#include "vnet_hdr.h"
#include "xdp_csum.h"

#define IP4_TOTAL   2
#define IP4_SRC     12
#define IP4_DST     16
#define IP6_PAYLOAD 4
#define IP6_SRC     8
#define IP6_DST     24

static uint16_t load16(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static uint32_t load32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* What the field holds while the checksum is open. */
static uint16_t pseudo_sum(const uint8_t *ip, const struct hdrs *h)
{
	if (h->ip_version == 4)
		return pw_csum_pseudo4(load32(ip + IP4_SRC), load32(ip + IP4_DST), h->proto,
			(uint16_t)(rte_be_to_cpu_16(load16(ip + IP4_TOTAL)) - h->l3_len));
	return pw_csum_pseudo6(ip + IP6_SRC, ip + IP6_DST, h->proto,
		(uint16_t)(rte_be_to_cpu_16(load16(ip + IP6_PAYLOAD)) - (h->l3_len - IP6_LEN)));
}

/* Offset of the field in its header; 0: the checksum is whole, or there is none. */
static uint16_t find_open(const struct rte_mbuf *m, const struct hdrs *h)
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, h->l2_len);
	const uint8_t *l4 = ip + h->l3_len;
	bool sctp = h->proto == IPPROTO_SCTP, open;
	uint16_t offset = sctp ? SCTP_CRC_OFF : hdrs_csum_offset(h->proto);

	if (offset == 0 ||
		h->l2_len + h->l3_len + offset + (sctp ? sizeof(uint32_t) : sizeof(uint16_t)) >
			m->data_len)
		return 0;
	if (sctp)
		open = load32(l4 + offset) == 0;
	else
		open = load16(l4 + offset) == pseudo_sum(ip, h);
	return open ? offset : 0;
}

void xdp_csum_mark(struct rte_mbuf *m)
{
	struct virtio_net_hdr hdr = {.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM};
	uint16_t offset;
	struct hdrs h;

	if (hdrs_find(m, &h) < 0 || h.fragment)
		return;
	offset = find_open(m, &h);
	if (offset == 0)
		return;
	hdr.csum_start = rte_cpu_to_le_16((uint16_t)(h.l2_len + h.l3_len));
	hdr.csum_offset = rte_cpu_to_le_16(offset);
	(void)vnet_hdr_decode(&hdr, m); /* what contradicts itself stays as it is */
}
