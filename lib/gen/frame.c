/* SPDX-License-Identifier: BSD-3-Clause */
/* Writing frames. */
#include "pw_gen_frame.h"

#include <errno.h>
#include <stdlib.h>

#include "bytes.h"
#include "pw_csum.h"
#include "pw_util.h"
#include "stamp.h"

struct pw_gen_pattern *pw_gen_pattern_create(void)
{
	struct pw_gen_pattern *pattern = calloc(1, sizeof(*pattern));

	if (pattern == NULL)
		return NULL;
	for (uint32_t i = 0; i < PW_GEN_SIZE_MAX; i++)
		pattern->bytes[i] = (uint8_t)pw_gen_mix(i);
	for (uint32_t i = 1; i <= PW_GEN_SIZE_MAX; i++)
		pattern->sum[i] = pw_csum_fold(pw_csum_add(0, pattern->bytes, i));
	return pattern;
}

static uint8_t l4_len(uint8_t proto)
{
	return proto == IPPROTO_TCP ? TCP_LEN : proto == IPPROTO_UDP ? UDP_LEN : ICMP_LEN;
}

uint16_t pw_gen_frame_min_size(const struct pw_gen_frame *frame)
{
	uint16_t head = ETH_LEN + (frame->tagged ? TAG_LEN : 0) +
			(frame->src.family == PW_IPV6 ? IP6_LEN : IP4_LEN);
	uint16_t longest = 0;

	for (unsigned i = 0; i < frame->n_protos; i++)
		longest = PW_MAX(longest, (uint16_t)l4_len(frame->protos[i]));
	head = (uint16_t)(head + longest + (frame->stamp ? PW_GEN_STAMP_BYTES : 0) + PW_GEN_FCS);
	return PW_MAX(head, (uint16_t)PW_GEN_SIZE_MIN);
}

static void make_ip(const struct pw_gen_frame *frame, struct pw_gen_head *head, uint8_t *ip)
{
	if (frame->src.family == PW_IPV4) {
		ip[0] = 0x45;
		ip[1] = frame->tos;
		put16(ip + 6, 0x4000); /* DF: a generator's frames are to fit */
		ip[8] = frame->ttl;
		ip[9] = head->proto;
		memcpy(ip + 12, frame->src.b, 4);
		memcpy(ip + 16, frame->dst.b, 4);
		return;
	}
	put32(ip, 6u << 28 | (uint32_t)frame->tos << 20);
	ip[6] = head->proto == IPPROTO_ICMP ? IPPROTO_ICMPV6 : head->proto;
	ip[7] = frame->ttl;
	memcpy(ip + 8, frame->src.b, 16);
	memcpy(ip + 24, frame->dst.b, 16);
}

static void make_l4(const struct pw_gen_frame *frame, struct pw_gen_head *head, uint8_t *l4)
{
	switch (head->proto) {
	case IPPROTO_ICMP:
		l4[0] = frame->src.family == PW_IPV6 ? 128 : 8;
		put16(l4 + 4, frame->src_port);
		return;
	case IPPROTO_TCP:
		put32(l4 + 4, 1); /* sequence number */
		l4[12] = TCP_LEN / 4 << 4;
		l4[13] = frame->tcp_flags;
		put16(l4 + 14, UINT16_MAX);
		break;
	default:
		break;
	}
	put16(l4, frame->src_port);
	put16(l4 + 2, frame->dst_port);
}

static void make_head(const struct pw_gen_frame *frame, struct pw_gen_head *head, uint8_t proto)
{
	bool v6 = frame->src.family == PW_IPV6;
	uint8_t *p = head->bytes;

	*head = (struct pw_gen_head){.proto = proto};
	memcpy(p, frame->dst_mac.b, 6);
	memcpy(p + 6, frame->src_mac.b, 6);
	head->l3_off = ETH_LEN;
	if (frame->tagged) {
		put16(p + 12, TYPE_VLAN);
		put16(p + 14, frame->vlan);
		head->l3_off += TAG_LEN;
	}
	put16(p + head->l3_off - 2, v6 ? TYPE_IP6 : TYPE_IP4);
	head->l4_off = (uint8_t)(head->l3_off + (v6 ? IP6_LEN : IP4_LEN));
	head->len = (uint8_t)(head->l4_off + l4_len(proto));
	make_ip(frame, head, p + head->l3_off);
	make_l4(frame, head, p + head->l4_off);
}

int pw_gen_frame_init(struct pw_gen_frame *frame, const struct pw_gen_pattern *pattern)
{
	frame->pattern = pattern;
	for (unsigned i = 0; i < frame->n_protos; i++)
		make_head(frame, &frame->head[i], frame->protos[i]);
	return pw_gen_flows_init(&frame->flows);
}

void pw_gen_frame_fini(struct pw_gen_frame *frame)
{
	pw_gen_flows_fini(&frame->flows);
}

static void set_mac(uint8_t *p, const struct pw_mac *first, uint32_t offset)
{
	if (offset != 0)
		put48(p, pw_mac_to_u64(first) + offset);
}

/* The low 32 bits count; an address range of a profile does not carry beyond them. */
static void set_ip(uint8_t *p, const struct pw_ip *first, uint32_t offset)
{
	unsigned at = first->family == PW_IPV6 ? 12 : 0;

	if (offset != 0)
		put32(p + at, get32(first->b + at) + offset);
}

static void set_fields(const struct pw_gen_frame *frame, const struct pw_gen_head *head,
	const uint32_t digit[static PW_GEN_FIELD_COUNT], uint8_t *out)
{
	bool v6 = frame->src.family == PW_IPV6;
	uint8_t *ip = out + head->l3_off, *l4 = out + head->l4_off;

	set_mac(out, &frame->dst_mac, digit[PW_GEN_DST_MAC]);
	set_mac(out + 6, &frame->src_mac, digit[PW_GEN_SRC_MAC]);
	if (digit[PW_GEN_VLAN] != 0)
		put16(out + 14, (uint16_t)(frame->vlan + digit[PW_GEN_VLAN]));
	set_ip(ip + (v6 ? 8 : 12), &frame->src, digit[PW_GEN_SRC_IP]);
	set_ip(ip + (v6 ? 24 : 16), &frame->dst, digit[PW_GEN_DST_IP]);
	if (digit[PW_GEN_SRC_PORT] != 0)
		put16(l4 + (head->proto == IPPROTO_ICMP ? 4 : 0),
			(uint16_t)(frame->src_port + digit[PW_GEN_SRC_PORT]));
	if (digit[PW_GEN_DST_PORT] != 0 && head->proto != IPPROTO_ICMP)
		put16(l4 + 2, (uint16_t)(frame->dst_port + digit[PW_GEN_DST_PORT]));
}

/* Addresses, protocol and length: what a checksum of L4 covers beside L4 itself. */
static uint64_t pseudo_sum(const uint8_t *ip, bool v6, uint8_t proto, uint16_t l4_bytes)
{
	return frame_sum(ip + (v6 ? 8 : 12), v6 ? 32 : 8) + htons(proto) + htons(l4_bytes);
}

/* Lengths, then checksums: of the L4 header and the stamp as they are, of the rest by prefix sum. */
static void finish(const struct pw_gen_frame *frame, const struct pw_gen_head *head, uint8_t *out,
	uint16_t len, uint16_t pattern_len)
{
	bool v6 = frame->src.family == PW_IPV6;
	uint8_t *ip = out + head->l3_off, *l4 = out + head->l4_off;
	uint16_t l4_bytes = (uint16_t)(len - head->l4_off);
	unsigned csum_at = head->proto == IPPROTO_UDP ? 6 : head->proto == IPPROTO_TCP ? 16 : 2;
	uint64_t sum = frame->pattern->sum[pattern_len];
	uint16_t csum;

	if (head->proto == IPPROTO_UDP)
		put16(l4 + 4, l4_bytes);
	if (v6) {
		put16(ip + 4, l4_bytes);
	} else {
		put16(ip + 2, (uint16_t)(len - head->l3_off));
		put_csum(ip + 10, (uint16_t)~frame_fold(frame_sum(ip, IP4_LEN)));
	}
	if (v6 || head->proto != IPPROTO_ICMP)
		sum += pseudo_sum(ip, v6, v6 ? ip[6] : head->proto, l4_bytes);
	/* Checksum fields are 0 in the template. */
	sum += frame_sum(l4, (unsigned)(l4_bytes - pattern_len));
	csum = (uint16_t)~frame_fold(sum);
	if (csum == 0 && head->proto == IPPROTO_UDP)
		csum = UINT16_MAX;
	put_csum(l4 + csum_at, csum);
}

uint16_t pw_gen_frame_write(
	const struct pw_gen_frame *frame, const struct pw_gen_stamp *stamp, uint8_t *out)
{
	uint16_t len = (uint16_t)(pw_gen_sizes_at(&frame->sizes, stamp->seq) - PW_GEN_FCS);
	uint32_t digit[PW_GEN_FIELD_COUNT];
	const struct pw_gen_head *head;
	uint8_t *payload;

	pw_gen_flows_digits(&frame->flows, pw_gen_flows_at(&frame->flows, stamp->seq), digit);
	head = &frame->head[digit[PW_GEN_PROTO]];
	memcpy(out, head->bytes, PW_GEN_HEAD_MAX);
	set_fields(frame, head, digit, out);
	payload = out + head->len;
	if (frame->stamp) {
		stamp_put(payload, stamp);
		payload += PW_GEN_STAMP_BYTES;
	}

	uint16_t rest = (uint16_t)(len - (payload - out));

	memcpy(payload, frame->pattern->bytes, rest);
	finish(frame, head, out, len, rest);
	return len;
}
