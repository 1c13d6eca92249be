/* SPDX-License-Identifier: BSD-3-Clause */
/* tcp.h - IPv4 segments and datagrams, read and written whole. Private to lib/gen. */
#ifndef GEN_TCP_H
#define GEN_TCP_H

#include <stdbool.h>

#include "bytes.h"

#define FIN 0x01
#define SYN 0x02
#define RST 0x04
#define PSH 0x08
#define ACK 0x10

struct segment {
	uint32_t src_be, dst_be;
	uint16_t sport, dport;
	uint8_t proto; /* IPPROTO_TCP or _UDP */
	uint8_t flags;
	uint32_t seq, ack;
	uint16_t payload_off, payload_len;
};

/* An untagged IPv4 frame that is no fragment, all lengths right; false: it is none. */
bool segment_read(const uint8_t *data, uint16_t len, struct segment *seg);
/* Headers with checksums before payload_len bytes that are in place; MACs are the caller's. The length
 * of the frame, padded to 60 bytes. */
uint16_t segment_write(uint8_t *data, const struct segment *seg);
/* Where segment_write expects the payload. */
uint16_t segment_payload_off(uint8_t proto);

#endif
