/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_rewrite.h - the one place that changes headers: NAT, TTL, checksums and MACs in one pass.
 */
#ifndef PW_REWRITE_H
#define PW_REWRITE_H

#include <netinet/in.h>
#include <string.h>

#include <rte_byteorder.h>

#include "pw_addr.h"
#include "pw_csum.h"
#include "pw_parse.h"
#include "pw_pkt.h"
#include "pw_plain.h"

/* New addresses and ports of a packet, all in network order, and the changes they make to sums. */
struct pw_nat_plan {
	uint32_t src_be, dst_be;
	uint16_t sport_be, dport_be; /* ICMP echo: the id is in the one that is not 0 */
	uint16_t l3_delta;           /* of the address words; folded */
	uint16_t l4_delta;           /* of addresses and ports; folded (full L4 checksum) */
};

/* Deltas of a plan for a packet with the old addresses and ports. */
void pw_nat_plan_deltas(struct pw_nat_plan *plan, uint32_t src_be, uint32_t dst_be,
	uint16_t sport_be, uint16_t dport_be);

/* Applies a plan: IP addresses + header checksum, ports, L4 checksum by protocol (TCP, UDP with its
 * 0 rules, SCTP's CRC, ICMP echo id) and by kind of sum (full: address and port delta; partial:
 * address delta only, un-inverted; CT-14, CT-15). Updates pkt's 5-tuple. Later fragments, ICMP
 * errors and other protocols: addresses only.
 * false: the packet is spoilt (SCTP ports of a fragment, whose CRC cannot be known): drop it. */
bool pw_rewrite_nat(struct pw_pkt *pkt, const struct pw_nat_plan *plan);

/* An ICMP error about a translated flow: the outer destination and/or source and the quoted headers
 * are translated; outer ICMP, inner IP and (if quoted) inner L4 checksums put right (ICMP-5).
 * new_outer_*: addresses for the outer header; quote_plan: new values of the quoted headers. */
bool pw_rewrite_icmp_quote(struct pw_pkt *pkt, const struct pw_icmp_quote *quote,
	uint32_t new_outer_src_be, uint32_t new_outer_dst_be, const struct pw_nat_plan *quote_plan);

/* The short way of pw_rewrite_nat() for most packets: TCP with its whole header and a full checksum. */
static inline bool pw_rewrite_nat_is_plain(const struct pw_pkt *pkt)
{
	const uint32_t mask = PW_PKT_HAS_PORTS | PW_PKT_PARTIAL | PW_PKT_ICMP_ERROR;

	return (pkt->flags & mask) == PW_PKT_HAS_PORTS && pkt->l4_proto == IPPROTO_TCP;
}

/* addrs: source and destination, ports likewise, as they lie in the headers. Deltas as in a plan. */
static inline void pw_rewrite_nat_plain(
	struct pw_pkt *pkt, uint64_t addrs, uint32_t ports, uint16_t l3_delta, uint16_t l4_delta)
{
	uint8_t *ip = pkt->data + pkt->l3_off, *l4 = pkt->data + pkt->l4_off;
	uint16_t ip_csum, l4_csum;

	memcpy(&ip_csum, ip + 10, 2);
	memcpy(&l4_csum, l4 + 16, 2);
	ip_csum = pw_csum_update_folded(ip_csum, l3_delta);
	l4_csum = pw_csum_update_folded(l4_csum, l4_delta);
	memcpy(ip + 12, &addrs, 8);
	memcpy(l4, &ports, 4);
	memcpy(ip + 10, &ip_csum, 2);
	memcpy(l4 + 16, &l4_csum, 2);
	memcpy(&pkt->src_be, &addrs, 8);
	memcpy(&pkt->sport_be, &ports, 4);
}

/* TTL - 1 with RFC 1141/1624 update; the caller has checked ttl > 1. */
void pw_rewrite_ttl(struct pw_pkt *pkt);

/* Of an IPv4 header. The word of TTL and protocol loses 0x0100; the carry keeps -0 out. */
static inline void pw_rewrite_ip4_ttl(uint8_t *ip)
{
	uint32_t word; /* TTL, protocol, checksum */

	memcpy(&word, ip + 8, 4);
	if (RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN) { /* the first byte less 1, the last two plus 1 */
		word += word >= 0xfffe0000 ? 0x1ffff : 0xffff;
	} else {
		uint32_t sum = (word & 0xffff) + 0x0100;

		word = (word & 0xffff0000) - 0x01000000 + (uint16_t)(sum + (sum >= 0xffff));
	}
	memcpy(ip + 8, &word, 4);
}

static inline void pw_rewrite_ttl4(const struct pw_pkt *pkt)
{
	pw_rewrite_ip4_ttl(pkt->data + pkt->l3_off);
}

/* The first 12 bytes of a frame. high: destination MAC << 16 | first two bytes of the source's. */
static inline void pw_rewrite_mac_words(uint8_t *frame, uint64_t high, uint32_t low)
{
	if (RTE_BYTE_ORDER ==
		RTE_LITTLE_ENDIAN) { /* the compiler swaps with the store where it can */
		high = __builtin_bswap64(high);
		low = __builtin_bswap32(low);
	}
	memcpy(frame, &high, 8);
	memcpy(frame + 8, &low, 4);
}

/* MACs as pw_mac_to_u64 gives them. */
static inline void pw_rewrite_macs(const struct pw_pkt *pkt, uint64_t dst48, uint64_t src48)
{
	pw_rewrite_mac_words(pkt->data, dst48 << 16 | src48 >> 32, (uint32_t)src48);
}

/* Checksum of a UDP header; 0: the sender made none (RFC 768, CT-15). */
static inline uint16_t pw_rewrite_udp_csum(uint16_t field, uint16_t delta)
{
	if (field == 0)
		return 0;
	field = pw_csum_update_folded(field, delta);
	return field != 0 ? field : UINT16_MAX;
}

/* A plan as words, as they lie in the headers. */
struct pw_rewrite_words {
	uint64_t addrs; /* source, destination */
	uint32_t ports;
	uint16_t l3_delta, l4_delta;
};

static inline uint32_t pw_rewrite_words_dst(const struct pw_rewrite_words *words)
{
	uint32_t dst_be;

	memcpy(&dst_be, (const uint8_t *)&words->addrs + 4, 4);
	return dst_be;
}

/* The L4 checksum of a plain frame: a full or a partial one (CT-14). */
static inline void pw_rewrite_plain_l4(
	uint8_t *frame, const struct pw_rewrite_words *words, bool partial)
{
	bool tcp = likely(frame[PW_PLAIN_PROTO] == IPPROTO_TCP);
	uint8_t *at = frame + PW_PLAIN_L4 + (tcp ? 16 : 6);
	uint16_t field = pw_plain_load16(at);

	if (unlikely(partial))
		field = pw_csum_update_partial(field, words->l3_delta);
	else if (tcp)
		field = pw_csum_update_folded(field, words->l4_delta);
	else
		field = pw_rewrite_udp_csum(field, words->l4_delta);
	memcpy(at, &field, 2);
}

/* Of an IPv4 header whose TTL goes down by one: plus 0x0100, and the carry; never -0. */
static inline uint16_t pw_rewrite_ttl_csum(uint16_t csum)
{
	const uint16_t one = rte_cpu_to_be_16(0x0100);

	return (uint16_t)(csum + one + (csum >= UINT16_MAX - one));
}

/* Words into a plain frame (pw_plain.h), and its TTL if it is routed, in one visit: the result is that of
 * pw_rewrite_nat() and pw_rewrite_ttl(). */
static inline void pw_rewrite_plain(
	uint8_t *frame, const struct pw_rewrite_words *words, bool ttl, bool partial)
{
	uint8_t *ip = frame + PW_PLAIN_IP;
	uint16_t csum = pw_csum_update_folded(pw_plain_load16(ip + 10), words->l3_delta);

	if (ttl) {
		ip[8]--;
		csum = pw_rewrite_ttl_csum(csum);
	}
	memcpy(ip + 10, &csum, 2);
	memcpy(ip + 12, &words->addrs, 8);
	memcpy(ip + 20, &words->ports, 4);
	pw_rewrite_plain_l4(frame, words, partial);
}

#endif
