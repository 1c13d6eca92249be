/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * frames.h - frames from scratch, by slow and obvious code: the oracle of the tests of lib/net.
 *
 * Nothing of lib/net is used. To test a rewrite, make the frame as it is before and as it must be
 * after, and compare all bytes.
 */
#ifndef FRAMES_H
#define FRAMES_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define FRAME_MAX 70000

struct frame_spec {
	uint32_t src, dst; /* host order */
	uint16_t sport, dport, id, frag;
	uint32_t seq, ack;
	uint8_t proto, ttl, tos, tcp_flags;
	uint8_t icmp_type, icmp_code;
	uint8_t ip_options, tcp_options; /* bytes, multiples of 4 */
	uint8_t vlan_tags;
	bool ipv6, partial, no_udp_csum;
	uint32_t payload_len;
	const uint8_t *payload;
};

static inline uint32_t rnd(uint64_t *state) /* splitmix64: seeded, the same everywhere */
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return (uint32_t)(z >> 32 ^ z);
}

static inline void put16(uint8_t *p, uint32_t v)
{
	p[0] = v >> 8;
	p[1] = v;
}

static inline void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v);
}

static inline uint16_t get16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

static inline uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static inline uint64_t sum_bytes(uint64_t sum, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		sum += i & 1 ? p[i] : p[i] << 8;
	return sum;
}

static inline uint16_t sum_fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static inline uint32_t crc32c(const uint8_t *p, size_t len)
{
	uint32_t crc = ~0u;

	for (size_t i = 0; i < len; i++) {
		crc ^= p[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0x82f63b78u : crc >> 1;
	}
	return ~crc;
}

static inline uint32_t frame_l2_len(const struct frame_spec *s)
{
	return 14 + 4 * s->vlan_tags;
}

static inline uint32_t frame_l3_len(const struct frame_spec *s)
{
	return s->ipv6 ? 40 : 20 + s->ip_options;
}

static inline uint32_t frame_l4_len(const struct frame_spec *s)
{
	switch (s->proto) {
	case IPPROTO_TCP:
		return 20 + s->tcp_options;
	case IPPROTO_SCTP:
		return 12;
	default:
		return 8;
	}
}

/* Un-inverted, folded, host order. An IPv6 address is 2001:db8:: with the 32 bits at its end. */
static inline uint16_t frame_pseudo(const struct frame_spec *s, uint32_t l4_total)
{
	uint64_t sum = s->proto + l4_total;

	sum += (s->src >> 16) + (s->src & 0xffff) + (s->dst >> 16) + (s->dst & 0xffff);
	return sum_fold(sum + (s->ipv6 ? 2 * (0x2001 + 0x0db8) : 0));
}

static inline void frame_l4_csum(
	const struct frame_spec *s, uint8_t *l4, uint32_t len, uint32_t field, bool pseudo)
{
	uint16_t sum;

	put16(l4 + field, s->partial || pseudo ? frame_pseudo(s, len) : 0);
	if (s->partial)
		return;
	sum = ~sum_fold(sum_bytes(0, l4, len));
	put16(l4 + field, s->proto == IPPROTO_UDP && sum == 0 ? 0xffff : sum);
}

static inline void frame_l4(const struct frame_spec *s, uint8_t *l4)
{
	uint32_t hdr = frame_l4_len(s), len = hdr + s->payload_len;

	memset(l4, 0, hdr);
	if (s->payload_len)
		memcpy(l4 + hdr, s->payload, s->payload_len);
	put16(l4, s->sport);
	put16(l4 + 2, s->dport);
	switch (s->proto) {
	case IPPROTO_TCP:
		put32(l4 + 4, s->seq);
		put32(l4 + 8, s->ack);
		l4[12] = hdr / 4 << 4;
		l4[13] = s->tcp_flags;
		put16(l4 + 14, 502);
		memset(l4 + 20, 1, s->tcp_options); /* NOPs */
		frame_l4_csum(s, l4, len, 16, true);
		break;
	case IPPROTO_UDP:
		put16(l4 + 4, len);
		if (!s->no_udp_csum)
			frame_l4_csum(s, l4, len, 6, true);
		break;
	case IPPROTO_ICMP:
		l4[0] = s->icmp_type;
		l4[1] = s->icmp_code;
		put16(l4 + 2, 0);
		put16(l4 + 4, s->sport | s->dport); /* echo id, or 0 */
		put16(l4 + 6, s->seq);
		frame_l4_csum(s, l4, len, 2, false);
		break;
	case IPPROTO_ICMPV6:
		l4[0] = s->icmp_type;
		l4[1] = s->icmp_code;
		put16(l4 + 4, s->sport | s->dport);
		put16(l4 + 6, s->seq);
		frame_l4_csum(s, l4, len, 2, true);
		break;
	case IPPROTO_SCTP:
		put32(l4 + 4, s->seq);
		uint32_t crc = crc32c(l4, len);

		for (int i = 0; i < 4; i++)
			l4[8 + i] = crc >> 8 * i;
		break;
	}
}

static inline void frame_ip4(const struct frame_spec *s, uint8_t *ip, uint32_t total)
{
	uint32_t hdr = frame_l3_len(s);

	memset(ip, 0, 20);
	ip[0] = 0x40 | hdr / 4;
	ip[1] = s->tos;
	put16(ip + 2, total);
	put16(ip + 4, s->id);
	put16(ip + 6, s->frag);
	ip[8] = s->ttl;
	ip[9] = s->proto;
	put32(ip + 12, s->src);
	put32(ip + 16, s->dst);
	memset(ip + 20, 1, s->ip_options); /* NOPs */
	put16(ip + 10, (uint16_t)~sum_fold(sum_bytes(0, ip, hdr)));
}

static inline void frame_ip6(const struct frame_spec *s, uint8_t *ip, uint32_t total)
{
	memset(ip, 0, 40);
	ip[0] = 0x60;
	put16(ip + 4, total - 40);
	ip[6] = s->proto;
	ip[7] = s->ttl;
	put32(ip + 8, 0x20010db8);
	put32(ip + 20, s->src);
	put32(ip + 24, 0x20010db8);
	put32(ip + 36, s->dst);
}

/* Returns the length. */
static inline uint32_t frame_make(const struct frame_spec *s, uint8_t *out)
{
	static const uint8_t macs[12] = {0x0a, 0x58, 10, 0, 0, 1, 0x0a, 0x58, 10, 0, 0, 2};
	uint32_t l2 = frame_l2_len(s), l3 = frame_l3_len(s);
	uint32_t total = l3 + frame_l4_len(s) + s->payload_len;

	memcpy(out, macs, sizeof(macs));
	for (uint32_t i = 0; i < s->vlan_tags; i++) {
		put16(out + 12 + 4 * i, i + 1 < s->vlan_tags ? 0x88a8 : 0x8100);
		put16(out + 14 + 4 * i, 0x6000 | (100 + i));
	}
	put16(out + l2 - 2, s->ipv6 ? 0x86dd : 0x0800);
	if (s->ipv6)
		frame_ip6(s, out + l2, total);
	else
		frame_ip4(s, out + l2, total);
	frame_l4(s, out + l2 + l3);
	return l2 + total;
}

/* A UDP packet with plain values, to be changed at will. */
#define FRAME_UDP                                                                                  \
	{                                                                                          \
		.src = 0x0a000002, .dst = 0x0a600001, .sport = 40000, .dport = 53, .id = 7,        \
		.proto = IPPROTO_UDP, .ttl = 64                                                    \
	}
#define FRAME_TCP                                                                                  \
	{                                                                                          \
		.src = 0x0a000002, .dst = 0x0a600001, .sport = 40000, .dport = 443, .id = 7,       \
		.frag = 0x4000, .proto = IPPROTO_TCP, .ttl = 64, .seq = 1000, .ack = 2000,         \
		.tcp_flags = 0x18                                                                  \
	}

#endif
