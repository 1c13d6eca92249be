/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wire.h - header layouts as offsets, and loads and stores at any alignment. Private to lib/net.
 *
 * Offsets instead of packed structs: a header may start at any byte, and the compiler turns each of
 * these calls into one instruction.
 */
#ifndef PW_NET_WIRE_H
#define PW_NET_WIRE_H

#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

#include <rte_byteorder.h>

#define ETH_LEN     14
#define VLAN_LEN    4
#define ARP_LEN     28
#define IP4_LEN     20
#define IP4_LEN_MAX 60
#define IP6_LEN     40
#define TCP_LEN     20
#define TCP_LEN_MAX 60
#define UDP_LEN     8
#define SCTP_LEN    12
#define ICMP_LEN    8

#define ETYPE_IP4  0x0800
#define ETYPE_ARP  0x0806
#define ETYPE_VLAN 0x8100
#define ETYPE_IP6  0x86dd
#define ETYPE_QINQ 0x88a8

enum ip4_offset {
	IP4_TOS = 1,
	IP4_TOTAL = 2,
	IP4_ID = 4,
	IP4_FRAG = 6,
	IP4_TTL = 8,
	IP4_PROTO = 9,
	IP4_CSUM = 10,
	IP4_SRC = 12,
	IP4_DST = 16,
};
#define IP4_DF          0x4000
#define IP4_MF          0x2000
#define IP4_OFFSET_MASK 0x1fff

enum ip6_offset {
	IP6_PAYLOAD = 4,
	IP6_NEXT = 6,
	IP6_HOPS = 7,
	IP6_SRC = 8,
	IP6_DST = 24
};

enum tcp_offset {
	TCP_SEQ = 4,
	TCP_ACK = 8,
	TCP_DOFF = 12,
	TCP_FLAGS = 13,
	TCP_CSUM = 16
};
#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_PSH 0x08
#define TCP_AK  0x10
#define TCP_CWR 0x80

enum udp_offset {
	UDP_TOTAL = 4,
	UDP_CSUM = 6
};
enum sctp_offset {
	SCTP_CRC = 8
};
enum icmp_offset {
	ICMP_TYPE = 0,
	ICMP_CODE = 1,
	ICMP_CSUM = 2,
	ICMP_ID = 4,
	ICMP_INFO = 6
};
#define ICMP_ECHO_REPLY   0
#define ICMP_ECHO_REQUEST 8

#define ICMP6_ECHO_REQUEST 128
#define ICMP6_ECHO_REPLY   129
#define ICMP6_ND_FIRST     133
#define ICMP6_ND_LAST      137

static inline uint16_t load16(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint32_t load32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint64_t load64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline void store16(uint8_t *p, uint16_t v)
{
	memcpy(p, &v, sizeof(v));
}

static inline void store32(uint8_t *p, uint32_t v)
{
	memcpy(p, &v, sizeof(v));
}

/* Host order. */
static inline uint16_t load16_be(const uint8_t *p)
{
	return rte_be_to_cpu_16(load16(p));
}

static inline uint32_t load32_be(const uint8_t *p)
{
	return rte_be_to_cpu_32(load32(p));
}

static inline void store16_be(uint8_t *p, uint16_t v)
{
	store16(p, rte_cpu_to_be_16(v));
}

static inline void store32_be(uint8_t *p, uint32_t v)
{
	store32(p, rte_cpu_to_be_32(v));
}

/* Where a protocol keeps its Internet checksum, from the start of its header; 0: it has none that
 * a device can complete. */
static inline unsigned l4_csum_offset(uint8_t proto)
{
	return proto == IPPROTO_TCP ? TCP_CSUM : proto == IPPROTO_UDP ? UDP_CSUM : 0;
}

#endif
