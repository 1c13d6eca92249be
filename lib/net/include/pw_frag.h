/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_frag.h - IPv4 fragmentation (RFC 791 3.2; RFC 1812 4.2.2.7), one fragment at a time.
 *
 *     struct pw_frag4 f;
 *     struct rte_mbuf *frag;
 *     if (pw_frag4_init(&f, m, l3_off, mtu) == 0)
 *             while (pw_frag4_next(&f, pool, &frag) > 0)
 *                     send(frag);
 *
 * Fragments keep id, TTL and offset of the packet, which may be a fragment itself; their data is a
 * multiple of 8 bytes except for the last one's. Options that are not to be copied become NOPs from the
 * second one on, as the kernel has it (ip_options_fragment). What the packet asks of its device (checksum,
 * segmentation) must be done before.
 * Threads:  any; touches only its arguments (the pool has its per-core cache).
 * Lifetime: `m` stays the caller's, unchanged, and must outlive `f`.
 */
#ifndef PW_FRAG_H
#define PW_FRAG_H

#include <stdint.h>

#include <rte_mbuf.h>

#define PW_FRAG_HEAD_MAX 82 /* Ethernet, two VLAN tags, IPv4 with options */

struct pw_frag4 {
	const struct rte_mbuf *m;
	uint32_t l3_off, head_len; /* head: all up to the IP payload */
	uint32_t payload, done;    /* bytes */
	uint32_t room;             /* payload bytes of a fragment, a multiple of 8 */
	uint16_t offset;           /* flags and offset as the packet has them, host order */
	uint8_t head[PW_FRAG_HEAD_MAX];
};

/* l3_off: of the IPv4 header, which is whole and in the first segment, as pw_parse_frame leaves it. 0, or
 * -EINVAL: no such packet, one with DF, or an MTU below 68 (RFC 791). */
int pw_frag4_init(struct pw_frag4 *f, const struct rte_mbuf *m, uint32_t l3_off, uint32_t mtu);
/* 1: *out is the next one, the caller's; 0: there is none left; -ENOMEM: no mbuf; -EMSGSIZE: the pool's
 * buffers have no headroom for the head. */
int pw_frag4_next(struct pw_frag4 *f, struct rte_mempool *pool, struct rte_mbuf **out);

#endif
