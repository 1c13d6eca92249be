/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bytes.h - header layouts as offsets, loads and stores of network order at any alignment. Private to
 * lib/gen.
 */
#ifndef PW_GEN_BYTES_H
#define PW_GEN_BYTES_H

#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

#define ETH_LEN  14
#define TAG_LEN  4
#define IP4_LEN  20
#define IP6_LEN  40
#define UDP_LEN  8
#define TCP_LEN  20
#define ICMP_LEN 8

#define TYPE_IP4  0x0800
#define TYPE_ARP  0x0806
#define TYPE_VLAN 0x8100
#define TYPE_QINQ 0x88a8
#define TYPE_IP6  0x86dd

static inline uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t get32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return __builtin_bswap32(v);
}

static inline uint64_t get48(const uint8_t *p)
{
	return (uint64_t)get16(p) << 32 | get32(p + 2);
}

static inline void put16(uint8_t *p, uint16_t v)
{
	v = __builtin_bswap16(v);
	memcpy(p, &v, sizeof(v));
}

static inline void put32(uint8_t *p, uint32_t v)
{
	v = __builtin_bswap32(v);
	memcpy(p, &v, sizeof(v));
}

static inline void put48(uint8_t *p, uint64_t v)
{
	put16(p, (uint16_t)(v >> 32));
	put32(p + 2, (uint32_t)v);
}

/* A checksum from pw_csum_* is in memory order. */
static inline void put_csum(uint8_t *p, uint16_t csum)
{
	memcpy(p, &csum, sizeof(csum));
}

static inline uint16_t get_csum(const uint8_t *p)
{
	uint16_t csum;

	memcpy(&csum, p, sizeof(csum));
	return csum;
}

#endif
