/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_plain.h - is a frame one of the kind that most are, with nothing wrong about it?
 *
 * Plain: untagged, between stations, IPv4 without options and not a fragment, with a
 * right header checksum, from a source that may be on the wire, TCP or UDP with a whole header. What
 * can be wrong is looked at with a few wide loads. "No" decides nothing: malformed or only unusual,
 * such a frame goes to pw_parse_frame(), which says the same of every plain one
 * (test_parse_burst.c).
 * Threads:  any; nothing is written.
 */
#ifndef PW_PLAIN_H
#define PW_PLAIN_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_byteorder.h>
#include <rte_mbuf.h>
#ifdef __AVX__
#include <rte_vect.h>
#endif

/* Where things are in a plain frame. */
enum pw_plain_offset {
	PW_PLAIN_SRC_MAC = 6,
	PW_PLAIN_IP = 14,
	PW_PLAIN_IP_LEN = PW_PLAIN_IP + 2,
	PW_PLAIN_FRAG = PW_PLAIN_IP + 6,
	PW_PLAIN_TTL = PW_PLAIN_IP + 8,
	PW_PLAIN_PROTO = PW_PLAIN_IP + 9,
	PW_PLAIN_SRC = PW_PLAIN_IP + 12, /* then the destination and both ports: 12 bytes */
	PW_PLAIN_DST = PW_PLAIN_IP + 16,
	PW_PLAIN_L4 = PW_PLAIN_IP + 20,
	PW_PLAIN_TCP_FLAGS = PW_PLAIN_L4 + 13,
	PW_PLAIN_MIN = PW_PLAIN_L4 + 13, /* bytes that are looked at whatever the frame is */
};

static inline uint16_t pw_plain_load16(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint32_t pw_plain_load32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint64_t pw_plain_load64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* Swapped by the compiler, with the load where the CPU can: DPDK's swaps are assembly. */
static inline uint16_t pw_plain_load16_be(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint64_t pw_plain_load64_be(const uint8_t *p)
{
	uint64_t v = pw_plain_load64(p);

	return RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN ? __builtin_bswap64(v) : v;
}

/*
 * Both MACs are stations', the EtherType is IPv4, the header has 5 words, and it is no fragment:
 * single bits of the first 22 bytes, all of them compared at once where the CPU can do so.
 */
#ifdef __AVX__
static inline bool pw_plain_kind(const uint8_t *data)
{
	const __m256i mask = _mm256_setr_epi8(1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, -1, -1, -1, 0, 0,
		0, 0, 0, 0x3f, -1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
	const __m256i want = _mm256_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x08, 0x00, 0x45,
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
	__m256i have = _mm256_loadu_si256((const __m256i *)(const void *)data);

	return _mm256_testz_si256(_mm256_xor_si256(have, want), mask) != 0;
}
#else
static inline bool pw_plain_kind(const uint8_t *data)
{
	const uint64_t group_bits = UINT64_C(0x0001000000000001);

	return (pw_plain_load64(data) & rte_cpu_to_le_64(group_bits)) == 0 &&
	       (rte_le_to_cpu_32(pw_plain_load32(data + 12)) & 0xffffff) == 0x450008 &&
	       (rte_le_to_cpu_16(pw_plain_load16(data + PW_PLAIN_FRAG)) & 0xff3f) == 0;
}
#endif

/*
 * Ones' complement arithmetic is arithmetic modulo 65535, where 2^16, 2^32 and 2^64 are all 1: the
 * words may be added up 64 bits at a time, and the sum is right if it is a multiple (it is not 0;
 * compilers make one multiplication of the test). The last byte of the first load is the fragment
 * offset's, 0 for a frame that gets here: adding 32 bits to that cannot overflow.
 */
static inline bool pw_plain_sum_ok(const uint8_t *ip)
{
	uint64_t head =
		rte_cpu_to_le_64(pw_plain_load64(ip)) + rte_cpu_to_le_32(pw_plain_load32(ip + 16));
	uint64_t sum = head + rte_cpu_to_le_64(pw_plain_load64(ip + 8));

	return (sum + (sum < head)) % 0xffff == 0;
}

/* First bytes of sources: 0/8 (sometimes allowed), loopback, multicast and above are for the full parser to
 * judge. */
static inline bool pw_plain_source(uint8_t first)
{
	static const bool plain[256] = {[1 ... 126] = true, [128 ... 223] = true};

	return plain[first];
}

/* Bytes of a TCP header, by that which holds its length in words; too many for any packet, if it says fewer
 * than 5. */
static inline uint32_t pw_plain_tcp_bytes(uint8_t words)
{
	static const uint16_t bytes[256] = {[0 ... 0x4f] = UINT16_MAX,
		[0x50 ... 0x5f] = 20,
		[0x60 ... 0x6f] = 24,
		[0x70 ... 0x7f] = 28,
		[0x80 ... 0x8f] = 32,
		[0x90 ... 0x9f] = 36,
		[0xa0 ... 0xaf] = 40,
		[0xb0 ... 0xbf] = 44,
		[0xc0 ... 0xcf] = 48,
		[0xd0 ... 0xdf] = 52,
		[0xe0 ... 0xef] = 56,
		[0xf0 ... 0xff] = 60};

	return bytes[words];
}

/* `avail`: IP payload, at least a UDP header, at most UINT16_MAX - 20. */
static inline bool pw_plain_l4(const uint8_t *l4, uint8_t proto, uint32_t avail)
{
	if (likely(proto == IPPROTO_TCP))
		return pw_plain_tcp_bytes(l4[12]) <= avail;
	return proto == IPPROTO_UDP && pw_plain_load16_be(l4 + 4) - 8u <= avail - 8;
}

/* "No" for those of the rare vendor whose addresses begin with four zeros. */
static inline bool pw_plain_source_mac(const uint8_t *mac)
{
	return pw_plain_load32(mac) != 0;
}

static inline uint32_t pw_plain_ip_len(const uint8_t *data)
{
	return pw_plain_load16_be(data + PW_PLAIN_IP_LEN);
}

/* The headers of a frame of `len` bytes, of which all headers can be read. Shorter ones than PW_PLAIN_MIN are UDP
 * with next to nothing in it, which is rare. */
static inline bool pw_plain_headers(const uint8_t *data, uint32_t len)
{
	const uint32_t udp_min = 20 + 8; /* IP bytes */
	uint32_t ip_len;

	if (unlikely(len < PW_PLAIN_MIN || !pw_plain_kind(data) ||
		     !pw_plain_source_mac(data + PW_PLAIN_SRC_MAC)))
		return false;
	ip_len = pw_plain_ip_len(data);
	return likely(ip_len - udp_min <= len - (PW_PLAIN_IP + udp_min) &&
		      pw_plain_sum_ok(data + PW_PLAIN_IP) && pw_plain_source(data[PW_PLAIN_SRC]) &&
		      pw_plain_l4(data + PW_PLAIN_L4, data[PW_PLAIN_PROTO], ip_len - 20));
}

/*
 * Of a plain frame with a partial checksum (pw_pkt.h): is it that of its own TCP or UDP header? Then the mbuf
 * says so in the way in which the parser leaves it, which is the same test (parse_offload.c).
 */
static inline bool pw_plain_partial(struct rte_mbuf *m, const uint8_t *data)
{
	bool tcp = data[PW_PLAIN_PROTO] == IPPROTO_TCP;
	uint32_t header = tcp ? data[PW_PLAIN_L4 + 12] >> 2 & 0x3cu : 8, field = tcp ? 16 : 6;
	uint32_t start = m->l2_len + m->l3_len;

	if ((start != PW_PLAIN_L4 && start != 0) ||
		(m->l4_len != field && m->l4_len != header && m->l4_len != 0))
		return false;
	m->l2_len = PW_PLAIN_IP;
	m->l3_len = PW_PLAIN_L4 - PW_PLAIN_IP;
	m->l4_len = header;
	return true;
}

#endif
