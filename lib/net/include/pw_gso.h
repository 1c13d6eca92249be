/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_gso.h - frames that stand for several: sizes on the wire, and segmentation in software.
 *
 * For ports whose way out cannot segment. Segments are what the kernel's tcp_gso_segment and
 * __udp_gso_segment make: IPv4 ids count up, TCP sequence numbers advance, FIN and PSH only on the
 * last, CWR only on the first (RFC 3168 6.1.2), every checksum complete.
 * Threads:  any; touches only its arguments (the pool has its per-core cache).
 */
#ifndef PW_GSO_H
#define PW_GSO_H

#include <stdint.h>

#include <rte_mbuf.h>

#include "pw_pkt.h"

#define PW_GSO_TCP_SIZE_MIN 48  /* SEC-6; the kernel's TCP_MIN_SND_MSS (net/tcp.h) */
#define PW_GSO_UDP_SEGS_MAX 128 /* UDP_MAX_SEGMENTS (linux/udp.h) */

/* Segments a GSO frame makes at most: enough for the `out` of pw_gso_segment. */
#define PW_GSO_SEGS_MAX (65535 / PW_GSO_TCP_SIZE_MIN + 1)

/* Length of the largest IP packet that appears on the wire for this one: what to compare with an
 * MTU. For a parsed packet. */
static inline uint32_t pw_gso_wire_len(const struct pw_pkt *pkt)
{
	uint32_t segment;

	if (!(pkt->flags & PW_PKT_GSO))
		return pkt->ip_len;
	segment = pkt->m->l3_len + pkt->m->l4_len + pkt->m->tso_segsz;
	return PW_MIN(segment, pkt->ip_len);
}

/* Splits GSO frame `m` (TCP or UDP over IPv4 or IPv6; l2_len, l3_len, l4_len, tso_segsz set as
 * pw_parse_frame leaves them) into packets of at most tso_segsz payload bytes, copied to new mbufs
 * of `pool`, chained where one is too small. `m` stays the caller's, unchanged, in every case.
 * Returns how many were put in out[0..max); -EINVAL: not such a frame; -ENOSPC: more than max;
 * -ENOMEM: no mbuf; -EMSGSIZE: the headers do not fit the pool's buffers. */
int pw_gso_segment(
	struct rte_mbuf *m, struct rte_mempool *pool, struct rte_mbuf **out, uint16_t max);

#endif
