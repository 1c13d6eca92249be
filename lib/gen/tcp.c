/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp.h"

#include "pw_csum.h"
#include "pw_util.h"

#define MIN_FRAME 60

bool segment_read(const uint8_t *data, uint16_t len, struct segment *seg)
{
	const uint8_t *ip = data + ETH_LEN, *l4;
	unsigned head, total, l4_head;

	if (len < ETH_LEN + IP4_LEN + UDP_LEN || get16(data + 12) != TYPE_IP4 || ip[0] >> 4 != 4)
		return false;
	head = (ip[0] & 0xfu) * 4;
	total = get16(ip + 2);
	if (head < IP4_LEN || total < head + UDP_LEN || ETH_LEN + total > len ||
		(get16(ip + 6) & 0x3fff) != 0)
		return false;
	l4 = ip + head;
	*seg = (struct segment){.proto = ip[9], .sport = get16(l4), .dport = get16(l4 + 2)};
	memcpy(&seg->src_be, ip + 12, 4);
	memcpy(&seg->dst_be, ip + 16, 4);
	l4_head = UDP_LEN;
	if (seg->proto == IPPROTO_TCP) {
		if (total < head + TCP_LEN)
			return false;
		l4_head = (l4[12] >> 4) * 4u;
		seg->seq = get32(l4 + 4);
		seg->ack = get32(l4 + 8);
		seg->flags = l4[13];
	} else if (seg->proto != IPPROTO_UDP) {
		return false;
	}
	if (head + l4_head > total)
		return false;
	seg->payload_off = (uint16_t)(ETH_LEN + head + l4_head);
	seg->payload_len = (uint16_t)(total - head - l4_head);
	return true;
}

uint16_t segment_payload_off(uint8_t proto)
{
	return ETH_LEN + IP4_LEN + (proto == IPPROTO_TCP ? TCP_LEN : UDP_LEN);
}

static void write_tcp(uint8_t *l4, const struct segment *seg)
{
	put32(l4 + 4, seg->seq);
	put32(l4 + 8, seg->ack);
	l4[12] = TCP_LEN / 4 << 4;
	l4[13] = seg->flags;
	put16(l4 + 14, UINT16_MAX); /* window */
	put16(l4 + 18, 0);          /* urgent */
}

uint16_t segment_write(uint8_t *data, const struct segment *seg)
{
	bool tcp = seg->proto == IPPROTO_TCP;
	uint16_t l4_bytes = (uint16_t)((tcp ? TCP_LEN : UDP_LEN) + seg->payload_len);
	uint16_t len = ETH_LEN + IP4_LEN + l4_bytes;
	uint8_t *ip = data + ETH_LEN, *l4 = ip + IP4_LEN, *csum = l4 + (tcp ? 16 : 6);
	uint16_t sum;

	put16(data + 12, TYPE_IP4);
	ip[0] = 0x45;
	ip[1] = 0;
	put16(ip + 2, IP4_LEN + l4_bytes);
	put32(ip + 4, 0x00004000); /* id 0, DF */
	ip[8] = 64;
	ip[9] = seg->proto;
	memcpy(ip + 12, &seg->src_be, 4);
	memcpy(ip + 16, &seg->dst_be, 4);
	put_csum(ip + 10, pw_csum_ipv4_header(ip));
	put16(l4, seg->sport);
	put16(l4 + 2, seg->dport);
	if (tcp)
		write_tcp(l4, seg);
	else
		put16(l4 + 4, l4_bytes);
	put16(csum, 0);
	sum = (uint16_t)~pw_csum_fold(pw_csum_add(
		pw_csum_pseudo4(seg->src_be, seg->dst_be, seg->proto, l4_bytes), l4, l4_bytes));
	put_csum(csum, sum == 0 && !tcp ? UINT16_MAX : sum);
	if (len < MIN_FRAME) {
		memset(data + len, 0, MIN_FRAME - len);
		len = MIN_FRAME;
	}
	return len;
}
