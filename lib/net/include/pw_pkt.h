/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_pkt.h - a batch of packets and what the stages know of each.
 *
 * The metadata lies beside the mbufs, in an array that stays in the first-level cache; of the mbuf
 * only the first cache line is touched, except for packets with offload state.
 *
 * Offload state travels in the mbuf, in one convention for every port type (offloads.md rule 2):
 *   partial checksum  ol_flags has RTE_MBUF_F_RX_L4_CKSUM_NONE: the L4 checksum field holds the
 *                     folded, un-inverted pseudo-header sum (Linux convention, length included);
 *                     it starts at l2_len + l3_len (both 0: at the outermost L4 header), and the
 *                     field is l4_len bytes further (0: where TCP or UDP has it); a driver with
 *                     a virtio-net header calls pw_mbuf_set_partial. From pw_parse_frame on, all
 *                     three are the header lengths, as for GSO.
 *   verified          RTE_MBUF_F_RX_L4_CKSUM_GOOD
 *   GSO               RTE_MBUF_F_RX_LRO: the frame stands for several of tso_segsz payload bytes;
 *                     always partial as well; l2_len, l3_len, l4_len are the header lengths
 *                     (a driver may leave l4_len 0).
 * Threads: one worker owns a batch and its mbufs.
 */
#ifndef PW_PKT_H
#define PW_PKT_H

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "pw_util.h"
#include "pw_verdict.h"

#define PW_BATCH_MAX 64
#define PW_PORT_NONE UINT16_MAX
#define PW_ADJ_NONE  UINT32_MAX
#define PW_FLOW_NONE UINT32_MAX

enum pw_pkt_flags {
	PW_PKT_IPV4 = 1u << 0,
	PW_PKT_IPV6 = 1u << 1,
	PW_PKT_ARP = 1u << 2,
	PW_PKT_L2_MCAST = 1u << 3, /* multicast or broadcast destination MAC */
	PW_PKT_L2_BCAST = 1u << 4,
	PW_PKT_FRAG = 1u << 5,        /* any fragment */
	PW_PKT_FRAG_LATER = 1u << 6,  /* not the first: no L4 header */
	PW_PKT_HAS_PORTS = 1u << 7,   /* sport, dport valid: TCP, UDP, SCTP; ICMP echo: id */
	PW_PKT_ICMP_ERROR = 1u << 8,  /* ICMPv4 types 3, 4, 5, 11, 12; ICMPv6 below 128 */
	PW_PKT_ICMP_ECHO = 1u << 9,   /* ICMP echo request or reply */
	PW_PKT_IP_OPTIONS = 1u << 10, /* IPv6: extension headers */
	PW_PKT_PARTIAL = 1u << 11,    /* partial L4 checksum (see above) */
	PW_PKT_GSO = 1u << 12,
	PW_PKT_ROUTED = 1u << 13,     /* goes through l3: TTL and MACs change */
	PW_PKT_NAT = 1u << 14,        /* flow plan is to be applied */
	PW_PKT_NAT_REPLY = 1u << 15,  /* ... in the reply direction */
	PW_PKT_REINJECTED = 1u << 16, /* came back from the control thread */
	PW_PKT_NO_PUNT = 1u << 17,    /* ... which does not want it again */
	PW_PKT_DF = 1u << 18,
	PW_PKT_FOR_US = 1u << 19,     /* destination MAC is the router's */
	PW_PKT_ORIGINATED = 1u << 20, /* our own: no guard, no bridge, no NAT, TTL as it is */
	PW_PKT_RETRIED = 1u << 21,    /* was here before, with verdict RETRY */
	PW_PKT_TOO_BIG = 1u << 22,    /* for its way out: leaves in fragments */
	PW_PKT_ND = 1u << 23, /* ICMPv6 types 133..137 (RFC 4861), no fragment of one (RFC 6980) */
};

/* One packet of a batch. W, R: the owning worker. */
struct pw_pkt {
	struct rte_mbuf *m;
	uint8_t *data;      /* first byte of the Ethernet header */
	uint32_t flags;     /* enum pw_pkt_flags */
	uint16_t in_port;   /* port index */
	uint16_t out_port;  /* PW_PORT_NONE until decided */
	uint8_t verdict;    /* enum pw_verdict */
	uint8_t l4_proto;   /* IPPROTO_*, of the outermost IP header */
	uint16_t ethertype; /* host order, after VLAN tags */
	uint16_t l3_off;    /* bytes from data; 0: none */
	uint16_t l4_off;
	uint16_t ip_len; /* IPv4 total length, IPv6 payload + 40; host order */
	uint16_t vlan;   /* outer VLAN id, 0: untagged */
	/* IPv4 5-tuple as on the wire (network order). Order is that of struct pw_flow_key4. IPv6 has
	 * ports here, but no addresses (pw_parse6.h). */
	uint32_t src_be, dst_be;
	uint16_t sport_be, dport_be; /* ICMP echo request: id, 0; reply: 0, id */
	uint32_t route_dst_be;       /* what l3 looks up: dst_be, or the translated one */
	uint32_t flow;               /* flow index, PW_FLOW_NONE */
	uint32_t adj;                /* adjacency index, PW_ADJ_NONE */
	uint16_t bridge;             /* of the ingress port; PW_BRIDGE_NONE on a routed port */
	uint16_t punt;               /* why, if verdict is PUNT: enum pw_punt */
};
static_assert(sizeof(struct pw_pkt) == 64, "one cache line a packet");

struct pw_batch {
	uint16_t n;
	struct pw_pkt pkt[PW_BATCH_MAX] __attribute__((aligned(64)));
};

#define PW_BRIDGE_NONE UINT16_MAX

/* Why a packet goes to the control thread. */
#define PW_PUNTS(X)                                                                                \
	X(ARP, "arp")                                                                              \
	X(NEIGH, "neighbour")     /* next hop unresolved: hold the packet, untouched */            \
	X(ICMP_TTL, "icmp-ttl")   /* the control thread answers with an ICMP error, then drops */  \
	X(ICMP_NET, "icmp-net")   /* no route */                                                   \
	X(ICMP_HOST, "icmp-host") /* unreachable route or failed neighbour */                      \
	X(ICMP_ADMIN, "icmp-admin")                                                                \
	X(ICMP_PORT, "icmp-port") /* rejected Service (UDP), closed local port */                  \
	X(ICMP_PROTO, "icmp-proto")                                                                \
	X(ICMP_MTU, "icmp-mtu")                                                                    \
	X(TCP_RST, "tcp-rst") /* rejected Service (TCP) */                                         \
	X(ND, "nd")                                                                                \
	X(LINK, "link-local")       /* IPv6 to us, from or to a link-local address */              \
	X(ICMP_SCOPE, "icmp-scope") /* IPv6 from a link-local address to beyond its link */

enum pw_punt {
#define X(sym, name) PW_PUNT_##sym,
	PW_PUNTS(X)
#undef X
	PW_PUNT_COUNT
};
const char *pw_punt_name(unsigned punt);

/* Marks a partial checksum as a virtio-net header describes it (csum_start, csum_offset: virtio
 * 1.2, 5.1.6.2). 0; -EINVAL: not representable, which no sensible frame needs. */
static inline int pw_mbuf_set_partial(struct rte_mbuf *m, uint16_t csum_start, uint16_t csum_offset)
{
	const unsigned l2_len = 14; /* any split of the sum will do; the parser puts it right */

	if (csum_start < l2_len || csum_start - l2_len >= 1u << RTE_MBUF_L3_LEN_BITS ||
		csum_offset >= 1u << RTE_MBUF_L4_LEN_BITS)
		return -EINVAL;
	m->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_NONE;
	m->l2_len = l2_len;
	m->l3_len = csum_start - l2_len;
	m->l4_len = csum_offset;
	return 0;
}

static inline bool pw_mbuf_is_partial(const struct rte_mbuf *m)
{
	return (m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_NONE;
}

static inline bool pw_mbuf_is_gso(const struct rte_mbuf *m)
{
	return (m->ol_flags & RTE_MBUF_F_RX_LRO) != 0;
}

#endif
