/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_csum.h - Internet checksums: full (RFC 1071), incremental (RFC 1624), partial (offloads.md).
 *
 * Sums are ones'-complement, un-inverted, of 16-bit words in memory order, so that values compare
 * with packet bytes without a swap.
 */
#ifndef PW_CSUM_H
#define PW_CSUM_H

#include <stddef.h>
#include <stdint.h>

#include <rte_mbuf.h>

/* Both halves are added with the carry that the lower one, which is the same sum, gives. */
static inline uint16_t pw_csum_fold(uint32_t sum)
{
	return (uint16_t)((sum + (sum << 16 | sum >> 16)) >> 16);
}

/* Change of a sum when 32-bit old becomes new (both in network order). Add to a running delta. */
static inline uint32_t pw_csum_diff32(uint32_t old_be, uint32_t new_be)
{
	uint32_t inv = ~old_be;

	return (inv & 0xffff) + (inv >> 16) + (new_be & 0xffff) + (new_be >> 16);
}

static inline uint32_t pw_csum_diff16(uint16_t old_be, uint16_t new_be)
{
	return (uint16_t)~old_be + (uint32_t)new_be;
}

/* RFC 1624 eqn. 3 for a checksum field (inverted on the wire): HC' = ~(~HC + delta). */
static inline uint16_t pw_csum_update(uint16_t field, uint32_t delta)
{
	return (uint16_t)~pw_csum_fold((uint16_t)~field + delta);
}

/* The same for a folded delta: the sum is inverted, so it loses what the header gains, and a borrow comes in at
 * the other end. */
static inline uint16_t pw_csum_update_folded(uint16_t field, uint16_t delta)
{
	return (uint16_t)(field - delta - (field < delta));
}

/* The same for a partial (un-inverted pseudo-header) sum. */
static inline uint16_t pw_csum_update_partial(uint16_t field, uint32_t delta)
{
	return pw_csum_fold(field + delta);
}

/* Adds to an unfolded running sum; data starts at an even offset of what is summed. */
uint32_t pw_csum_add(uint32_t sum, const void *data, size_t len);
/* Value for the field, whatever is in it now. The header is as long as its ihl says. */
uint16_t pw_csum_ipv4_header(const void *ip);
/* Pseudo-header sum (folded, un-inverted) for an IPv4 packet: what a partial field holds. */
uint16_t pw_csum_pseudo4(uint32_t src_be, uint32_t dst_be, uint8_t proto, uint16_t l4_len);
uint16_t pw_csum_pseudo6(const void *src, const void *dst, uint8_t proto, uint32_t l4_len);
/* Folded sum over [off, off + len) of a chained mbuf. */
uint16_t pw_csum_mbuf(const struct rte_mbuf *m, uint32_t off, uint32_t len);
/* Finishes a partial checksum in software: sums from csum_start to the end, writes the inverted
 * result at csum_start + csum_offset (UDP: 0 becomes 0xffff), clears the partial flag. 0 or
 * -EINVAL. Writes to the data, which must not be shared with another packet (flood copies). */
int pw_csum_finish(struct rte_mbuf *m, uint16_t csum_start, uint16_t csum_offset);
/* The same for a packet as pw_parse_frame leaves it, for ports that cannot pass a partial checksum
 * on: start from l2_len and l3_len, offset by protocol, end by the IP length (padding stays out).
 * 0 (nothing to do included), or -EINVAL: GSO, or not TCP or UDP of that length. */
int pw_csum_finish_packet(struct rte_mbuf *m);

/* SCTP's CRC32c field after a change of the ports (both as the 4 bytes on the wire), without
 * reading the packet: a corrupted one stays corrupted. `len`: of the SCTP packet, >= 12. */
uint32_t pw_csum_sctp_update(
	uint32_t crc_field, uint32_t old_ports, uint32_t new_ports, uint32_t len);
/* Computes and writes the CRC of the SCTP packet from sctp_off to the end, whatever is in the field
 * now. 0, or -EINVAL: shorter than its header. */
int pw_csum_sctp_finish(struct rte_mbuf *m, uint32_t sctp_off);
/* Adds to a running CRC32c, which starts as UINT32_MAX and is inverted at the end. */
uint32_t pw_csum_crc32c(uint32_t crc, const void *data, size_t len);

#endif
