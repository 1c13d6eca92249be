/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_gen_frame.h - frames of a stream: written by arithmetic, and found and checked when they come back.
 *
 * Ethernet, 802.1Q if tagged, IPv4 or IPv6, then UDP, TCP or ICMP echo, all checksums right. The
 * payload begins with a stamp of 18 bytes, so that 64-byte UDP over IPv4 holds it, and goes on with a
 * fixed pattern:
 *
 *     0  magic   1  run, so that late frames of an earlier run are told apart
 *     2  stream  4  check (ones' complement sum of the other words)
 *     6  number of the frame in its stream, 48 bits
 *    12  clock of the sender, 48 bits
 *
 * Everything else of a frame follows from stream and number (pw_gen_flow.h, pw_gen_size.h), so the
 * receiver checks each header field, the length and every byte of the payload without memory.
 * Threads:  read-only after init.
 * Cost:     write: headers, 18 bytes, and a copy of the pattern; no pass over the payload for the
 *           checksum (prefix sums of the pattern). Check: one pass.
 */
#ifndef PW_GEN_FRAME_H
#define PW_GEN_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "pw_addr.h"
#include "pw_gen_flow.h"
#include "pw_gen_size.h"

#define PW_GEN_STAMP_BYTES 18
#define PW_GEN_HEAD_MAX    80 /* Ethernet, tag, IPv6, TCP: 78 */
#define PW_GEN_PROTOS_MAX  3
#define PW_GEN_CLOCK_MASK  ((UINT64_C(1) << 48) - 1)

/* Payload behind the stamp; sum[n] is the Internet checksum's sum of its first n bytes. */
struct pw_gen_pattern {
	uint8_t bytes[PW_GEN_SIZE_MAX];
	uint32_t sum[PW_GEN_SIZE_MAX + 1];
};
struct pw_gen_pattern *pw_gen_pattern_create(void); /* NULL with errno; free() */

struct pw_gen_head { /* headers of one protocol, with the first value of every range */
	uint8_t bytes[PW_GEN_HEAD_MAX];
	uint8_t len, l3_off, l4_off;
	uint8_t proto;
};

struct pw_gen_frame {
	/* set by the caller: first values of the ranges */
	struct pw_mac src_mac, dst_mac;
	bool tagged;
	uint16_t vlan;
	struct pw_ip src, dst;
	uint8_t protos[PW_GEN_PROTOS_MAX]; /* IPPROTO_UDP, _TCP, _ICMP (echo, for either family) */
	uint8_t n_protos;
	uint16_t src_port, dst_port;
	uint8_t ttl, tos, tcp_flags;
	bool stamp;
	struct pw_gen_flows flows;
	struct pw_gen_sizes sizes;
	/* set by init */
	const struct pw_gen_pattern *pattern;
	struct pw_gen_head head[PW_GEN_PROTOS_MAX];
};

/* Smallest size (FCS counted) that holds headers and stamp, for the longest protocol. */
uint16_t pw_gen_frame_min_size(const struct pw_gen_frame *frame);
/* flows.n, .range, .order, ... are set, but not initialised. 0 or -errno of pw_gen_flows_init. */
int pw_gen_frame_init(struct pw_gen_frame *frame, const struct pw_gen_pattern *pattern);
void pw_gen_frame_fini(struct pw_gen_frame *frame);

struct pw_gen_stamp {
	uint8_t run;
	uint16_t stream;
	uint64_t seq;   /* 48 bits */
	uint64_t clock; /* 48 bits */
};

/* Writes the frame with number stamp->seq; its length without FCS. Room: the largest size, and
 * PW_GEN_HEAD_MAX at least. */
uint16_t pw_gen_frame_write(
	const struct pw_gen_frame *frame, const struct pw_gen_stamp *stamp, uint8_t *out);

/* ---- receiving ---- */

struct pw_gen_view { /* where things are in a frame */
	const uint8_t *data;
	uint16_t len;
	uint16_t vlan; /* 0: untagged */
	uint8_t family, proto, ttl;
	uint16_t l3_off, l4_off, payload_off;
	uint16_t l3_len; /* of the whole IP packet, as its header says */
};

enum pw_gen_found {
	PW_GEN_OURS,
	PW_GEN_FOREIGN,   /* not from a generator: ARP, somebody else's traffic */
	PW_GEN_UNREADABLE /* has our magic, but the stamp is damaged */
};
/* Finds the stamp; view is filled for OURS and UNREADABLE. */
enum pw_gen_found pw_gen_frame_find(
	const uint8_t *data, uint16_t len, struct pw_gen_view *view, struct pw_gen_stamp *stamp);

/* X(symbol, name, text): faults of a frame; several can be true of one */
#define PW_GEN_FAULTS(X)                                                                           \
	X(LENGTH, "length", "frame or IP length is not what was sent")                             \
	X(IP_CSUM, "ip_checksum", "IPv4 header checksum wrong")                                    \
	X(L4_CSUM, "l4_checksum", "UDP, TCP or ICMP checksum wrong")                               \
	X(PAYLOAD, "payload", "bytes behind the stamp changed")                                    \
	X(PROTO, "proto", "another protocol")                                                      \
	X(SRC_MAC, "src_mac", "source MAC not as expected")                                        \
	X(DST_MAC, "dst_mac", "destination MAC not as expected")                                   \
	X(VLAN, "vlan", "VLAN not as expected")                                                    \
	X(SRC_IP, "src", "source address not as expected")                                         \
	X(DST_IP, "dst", "destination address not as expected")                                    \
	X(SRC_PORT, "src_port", "source port not as expected")                                     \
	X(DST_PORT, "dst_port", "destination port not as expected")                                \
	X(TTL, "ttl", "TTL or hop limit not as expected")                                          \
	X(STICKY, "sticky", "frames of one flow were translated differently")

enum pw_gen_fault {
#define X(sym, name, text) PW_GEN_FAULT_##sym,
	PW_GEN_FAULTS(X)
#undef X
	PW_GEN_FAULT_COUNT
};
/* Faults that mean damage, as opposed to another translation than the expected one. */
#define PW_GEN_FAULT_DAMAGE                                                                        \
	(1u << PW_GEN_FAULT_LENGTH | 1u << PW_GEN_FAULT_IP_CSUM | 1u << PW_GEN_FAULT_L4_CSUM |     \
		1u << PW_GEN_FAULT_PAYLOAD | 1u << PW_GEN_FAULT_PROTO)
const char *pw_gen_fault_name(unsigned fault);
const char *pw_gen_fault_text(unsigned fault);

enum pw_gen_expected {
	PW_GEN_EXPECT_SAME,
	PW_GEN_EXPECT_ANY,
	PW_GEN_EXPECT_RANGE
};

struct pw_gen_expect_field {
	enum pw_gen_expected kind;
	uint64_t first;  /* RANGE of a port, VLAN or MAC as a number */
	struct pw_ip ip; /* RANGE of an address */
	uint32_t n;
};

/* What a device between sender and receiver should have made of a frame. */
struct pw_gen_expect {
	struct pw_gen_expect_field field[PW_GEN_FIELD_COUNT]; /* PROTO: not used */
	bool reply; /* source and destination have changed places */
	bool any_ttl;
	uint8_t hops; /* TTL is smaller by so much */
};

/* Bits 1 << enum pw_gen_fault, but STICKY. `seq` is the stamp's. */
uint32_t pw_gen_frame_check(const struct pw_gen_frame *frame, const struct pw_gen_expect *expect,
	const struct pw_gen_view *view, uint64_t seq);
/* Addresses and ports of the received frame as one number: for sticky checks. Never 0. */
uint32_t pw_gen_view_tuple_hash(const struct pw_gen_view *view);

#endif
