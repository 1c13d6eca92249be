/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_verdict.h - what became of a packet: one number from parse to the counters.
 *
 * A verdict is a disposition (continue, transmit, flood, ...) or a drop reason. Value = counter
 * index = printed name: all three come from the list below, so they cannot disagree.
 */
#ifndef PW_VERDICT_H
#define PW_VERDICT_H

#include <stdbool.h>

/* Dispositions: X(symbol, name, text) */
#define PW_DISPOSITIONS(X)                                                                         \
	X(CONTINUE, "continue", "goes on to the next stage")                                       \
	X(TX, "tx", "leaves by its out port")                                                      \
	X(PUNT, "punt", "handed to the control thread")                                            \
	X(RETRY, "retry", "looked at again in the next iteration")                                 \
	X(HELD, "held", "kept until the first fragment of its datagram comes")                     \
	X(FRAGMENT, "fragment", "leaves in fragments")

/* Drop reasons: X(symbol, name, text) */
#define PW_DROP_REASONS(X)                                                                         \
	X(FRAME_SHORT, "frame_short", "frame shorter than an Ethernet header")                     \
	X(VNET_HDR, "vnet_hdr_bad", "virtio-net header contradicts the frame")                     \
	X(MAC_SRC, "mac_src_bad", "source MAC is multicast or zero")                               \
	X(VLAN_STACK, "vlan_stack", "more than two VLAN tags")                                     \
	X(IP4_HDR, "ip4_header_bad", "IPv4 version or header length wrong")                        \
	X(IP4_LEN, "ip4_length_bad", "IPv4 total length beyond the frame or below the header")     \
	X(IP4_CSUM, "ip4_checksum_bad", "IPv4 header checksum wrong")                              \
	X(IP4_ADDR, "ip4_address_bad", "IPv4 source is multicast, broadcast or loopback")          \
	X(IP6_HDR, "ip6_header_bad", "IPv6 version or length wrong")                               \
	X(IP6_EXT, "ip6_ext_bad",                                                                  \
		"IPv6 extension headers too many, too long, cut short or misplaced")               \
	X(IP6_ADDR, "ip6_address_bad", "IPv6 source is multicast, loopback or missing")            \
	X(L4_SHORT, "l4_short", "transport header cut short")                                      \
	X(L4_HDR, "l4_header_bad", "TCP data offset or UDP length wrong")                          \
	X(ARP, "arp_bad", "ARP that is not Ethernet/IPv4, or cut short")                           \
	X(ND, "nd_bad",                                                                            \
		"ND from off the link (hop limit below 255), cut short or with bad options")       \
	X(SPOOF_MAC, "spoof_mac", "source MAC is not the pod's")                                   \
	X(SPOOF_IP, "spoof_ip", "source address is not the pod's")                                 \
	X(SPOOF_ARP, "spoof_arp", "ARP or ND sender is not the pod")                               \
	X(L2_RESERVED, "l2_reserved", "destination 01:80:c2:00:00:0x is never forwarded")          \
	X(L2_SAME_PORT, "l2_same_port", "destination is behind the port it came from")             \
	X(L2_NO_PORT, "l2_no_port", "nobody else on the bridge")                                   \
	X(L2_NOT_OURS, "l2_not_ours", "frame on a routed port for another MAC")                    \
	X(ETHERTYPE, "ethertype", "protocol not handled on a routed port")                         \
	X(FLOW_FULL, "ct_full", "flow table full: new flow refused")                               \
	X(FLOW_LIMIT, "ct_client_limit", "client has as many flows as it may: new flow refused")   \
	X(FLOW_PENDING, "ct_pending", "flow stayed half-made too long")                            \
	X(SNAT_PORTS, "snat_ports", "no source port left to translate to")                         \
	X(SVC_REJECT, "svc_reject", "Service without endpoint or port: rejected")                  \
	X(VIP_UNKNOWN, "vip_unknown", "address of the service CIDR that no Service has")           \
	X(ICMP_QUOTE, "icmp_quote_bad", "ICMP error with a short or foreign quote for a Service")  \
	X(FRAG_NAT, "frag_nat", "fragment of a translated flow that cannot be followed")           \
	X(FRAG_OVERLAP, "frag_overlap",                                                            \
		"fragments of one datagram overlap: dropped from there on")                        \
	X(FRAG_REPEAT, "frag_repeat", "fragment that was there already")                           \
	X(FRAG_LIMIT, "frag_limit",                                                                \
		"too many fragments wait for the first ones of their datagrams")                   \
	X(FRAG_TIMEOUT, "frag_timeout", "first fragment did not come")                             \
	X(NO_ROUTE, "no_route", "no route to the destination")                                     \
	X(BLACKHOLE, "blackhole", "route says: drop")                                              \
	X(UNREACHABLE, "unreachable", "route says: host unreachable")                              \
	X(PROHIBIT, "prohibit", "route says: administratively prohibited")                         \
	X(TTL, "ttl_expired", "TTL used up")                                                       \
	X(MTU, "mtu_exceeded", "larger than the way out takes, and not to be fragmented")          \
	X(IP6_ROUTE, "ip6_not_routed", "link-local IPv6, or IPv6 is not routed")                   \
	X(MCAST_ROUTE, "mcast_not_routed", "multicast is not routed")                              \
	X(LOCAL_PROTO, "local_proto", "for our own address, but nobody listens")                   \
	X(NEIGH_FAILED, "neigh_failed", "next hop does not answer ARP or ND")                      \
	X(NEIGH_QUEUE, "neigh_queue_full", "too many packets wait for this next hop")              \
	X(PUNT_FULL, "punt_full", "control thread's queue is full")                                \
	X(PUNT_LIMIT, "punt_limit", "port's share of the control thread is used up")               \
	X(HANDOVER_FULL, "handover_full", "queue to the port's worker is full")                    \
	X(TX_FULL, "tx_full", "port's transmit queue is full")                                     \
	X(TX_DOWN, "tx_down", "port is down")                                                      \
	X(TX_GONE, "tx_gone", "port was removed while the packet was on its way")                  \
	X(TX_ERROR, "tx_error", "device refused the frame")                                        \
	X(NO_MBUF, "no_mbuf", "packet memory used up")                                             \
	X(MALFORMED_OFFLOAD, "offload_bad", "segmentation or checksum request cannot be met")

enum pw_verdict {
#define X(sym, name, text) PW_VERDICT_##sym,
	PW_DISPOSITIONS(X)
#undef X
#define X(sym, name, text) PW_DROP_##sym,
	PW_DROP_REASONS(X)
#undef X
		PW_VERDICT_COUNT
};

#define PW_DROP_FIRST PW_DROP_FRAME_SHORT

static inline bool pw_verdict_is_drop(unsigned verdict)
{
	return verdict >= PW_DROP_FIRST;
}

const char *pw_verdict_name(unsigned verdict); /* "?" out of range */
const char *pw_verdict_text(unsigned verdict);

#endif
