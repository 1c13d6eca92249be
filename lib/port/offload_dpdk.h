/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * offload_dpdk.h - our offload convention (pw_pkt.h) <-> the flags DPDK's devices use.
 *
 * Receive: librte_vhost (with RTE_VHOST_USER_NET_COMPLIANT_OL_FLAGS) and virtio drivers say
 * "partial" and "stands for several" by the same flags as we, but without lengths, and unchecked.
 * Transmit: RTE_MBUF_F_TX_* flags instead of the RX ones.
 * Threads:  pure functions on the caller's mbuf.
 */
#ifndef PW_PORT_OFFLOAD_DPDK_H
#define PW_PORT_OFFLOAD_DPDK_H

#include <stdbool.h>

#include <rte_mbuf.h>

/* A received frame with RX flags: fills in the lengths. 0, or -EINVAL: it is not what it says. */
int offload_from_dpdk(struct rte_mbuf *m);
/* A partial frame whose metadata nobody else holds: TX flags. gso_ip_csum: also ask for the IPv4
 * header checksum of segments, as devices that segment want it. 0, or -EINVAL. */
int offload_to_dpdk(struct rte_mbuf *m, bool gso_ip_csum);

static inline bool offload_rx_flagged(const struct rte_mbuf *m)
{
	uint64_t l4 = m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;

	return l4 == RTE_MBUF_F_RX_L4_CKSUM_NONE || (m->ol_flags & RTE_MBUF_F_RX_LRO);
}

#endif
