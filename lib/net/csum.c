/* SPDX-License-Identifier: BSD-3-Clause */
/* csum.c - Internet checksum of flat memory (RFC 1071) and the SCTP CRC (RFC 9260 appendix A). */
#include "pw_csum.h"
#include "wire.h"

uint32_t pw_csum_add(uint32_t sum, const void *data, size_t len)
{
	const uint8_t *p = data;
	uint64_t acc = sum;
	size_t words = len / 4;

	/* 32-bit words into a 64-bit sum: no carries to handle, and the compiler vectorizes it. */
	for (size_t i = 0; i < words; i++)
		acc += load32(p + 4 * i);
	p += 4 * words;
	if (len & 2) {
		acc += load16(p);
		p += 2;
	}
	if (len & 1) {
		uint8_t last[2] = {*p, 0};

		acc += load16(last);
	}
	acc = (acc & UINT32_MAX) + (acc >> 32);
	acc = (acc & UINT32_MAX) + (acc >> 32);
	return (uint32_t)acc;
}

uint16_t pw_csum_ipv4_header(const void *ip)
{
	const uint8_t *p = ip;
	size_t len = (p[0] & 0xf) * 4u;
	uint32_t sum = pw_csum_add(0, p, IP4_CSUM);

	return (uint16_t)~pw_csum_fold(pw_csum_add(sum, p + IP4_SRC, len - IP4_SRC));
}

uint16_t pw_csum_pseudo4(uint32_t src_be, uint32_t dst_be, uint8_t proto, uint16_t l4_len)
{
	uint64_t sum = (uint64_t)src_be + dst_be + rte_cpu_to_be_16(proto) +
		       (uint64_t)rte_cpu_to_be_16(l4_len);

	sum = (sum & UINT32_MAX) + (sum >> 32);
	sum = (sum & UINT32_MAX) + (sum >> 32);
	return pw_csum_fold((uint32_t)sum);
}

uint16_t pw_csum_pseudo6(const void *src, const void *dst, uint8_t proto, uint32_t l4_len)
{
	const uint32_t tail[2] = {rte_cpu_to_be_32(l4_len), rte_cpu_to_be_32(proto)};
	uint32_t sum = pw_csum_add(0, src, 16);

	sum = pw_csum_add(sum, dst, 16);
	return pw_csum_fold(pw_csum_add(sum, tail, sizeof(tail)));
}

#ifdef __SSE4_2__
#include <nmmintrin.h>

static uint32_t crc32c_byte(uint32_t crc, uint8_t byte)
{
	return _mm_crc32_u8(crc, byte);
}

static uint32_t crc32c_word(uint32_t crc, uint64_t word)
{
	return (uint32_t)_mm_crc32_u64(crc, word);
}
#else
static uint32_t crc32c_byte(uint32_t crc, uint8_t byte)
{
	crc ^= byte;
	for (int i = 0; i < 8; i++)
		crc = (crc >> 1) ^ (0x82f63b78u & -(crc & 1));
	return crc;
}

/* The bytes in the order they have in memory. */
static uint32_t crc32c_word(uint32_t crc, uint64_t word)
{
	const uint8_t *p = (const uint8_t *)&word;

	for (size_t i = 0; i < sizeof(word); i++)
		crc = crc32c_byte(crc, p[i]);
	return crc;
}
#endif

uint32_t pw_csum_crc32c(uint32_t crc, const void *data, size_t len)
{
	const uint8_t *p = data;
	uint64_t word;

	for (; len >= sizeof(word); len -= sizeof(word), p += sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		crc = crc32c_word(crc, word);
	}
	for (; len > 0; len--, p++)
		crc = crc32c_byte(crc, *p);
	return crc;
}

/* A CRC is linear: crc(a) ^ crc(b) is the CRC, from a zero start, of a ^ b. Two packets that differ
 * in the ports alone differ in four bytes and are equal (zero) for the rest. */
uint32_t pw_csum_sctp_update(
	uint32_t crc_field, uint32_t old_ports, uint32_t new_ports, uint32_t len)
{
	uint32_t diff = old_ports ^ new_ports, crc = 0;
	const uint8_t *p = (const uint8_t *)&diff;

	for (int i = 0; i < 4; i++)
		crc = crc32c_byte(crc, p[i]);
	for (len -= 4; len >= 8; len -= 8)
		crc = crc32c_word(crc, 0);
	for (; len; len--)
		crc = crc32c_byte(crc, 0);
	return crc_field ^ rte_cpu_to_le_32(crc);
}
