/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * quote.h - what ICMP errors of both families have in common: words of a quote that change, and the sum of
 * their differences, by which the checksum around the quote is put right.
 *
 * All words of a quote lie at even offsets from the ICMP header, so the differences simply add up.
 */
#ifndef PW_NET_QUOTE_H
#define PW_NET_QUOTE_H

#include "pw_csum.h"
#include "wire.h"

/* Stores, and adds the change to a running sum of differences. */
static inline void put16(uint8_t *p, uint16_t value, uint32_t *delta)
{
	*delta += pw_csum_diff16(load16(p), value);
	store16(p, value);
}

static inline void put32(uint8_t *p, uint32_t value, uint32_t *delta)
{
	*delta += pw_csum_diff32(load32(p), value);
	store32(p, value);
}

/* A full checksum of the quote, if it is among the l4_bytes quoted, by what changed under it. If the sender's
 * was partial it stays as wrong as it was; receivers do not check it (offloads.md 2.8). */
static inline void put_quoted_csum(uint8_t proto, uint8_t *l4, uint32_t l4_bytes, unsigned offset,
	uint32_t change, uint32_t *delta)
{
	uint16_t field;

	if (l4_bytes < offset + sizeof(field))
		return;
	field = load16(l4 + offset);
	if (proto == IPPROTO_UDP && field == 0)
		return;
	field = pw_csum_update(field, pw_csum_fold(change));
	if (proto == IPPROTO_UDP && field == 0)
		field = UINT16_MAX;
	put16(l4 + offset, field, delta);
}

/* SCTP's, by the ports. `len`: of the quoted packet as it was sent, from its L4 header. */
static inline void put_quoted_crc(
	uint8_t *l4, uint32_t l4_bytes, uint32_t old_ports, uint32_t len, uint32_t *delta)
{
	if (l4_bytes < SCTP_LEN || len < SCTP_LEN)
		return;
	put32(l4 + SCTP_CRC, pw_csum_sctp_update(load32(l4 + SCTP_CRC), old_ports, load32(l4), len),
		delta);
}

#endif
