/* SPDX-License-Identifier: BSD-3-Clause */
/* Finding our frames among those received, and comparing them with what was sent. */
#include "pw_gen_frame.h"

#include "bytes.h"
#include "pw_csum.h"
#include "pw_util.h"
#include "stamp.h"

static const struct {
	const char *name, *text;
} faults[] = {
#define X(sym, name, text) [PW_GEN_FAULT_##sym] = {(name), (text)},
	PW_GEN_FAULTS(X)
#undef X
};

const char *pw_gen_fault_name(unsigned fault)
{
	return fault < PW_GEN_FAULT_COUNT ? faults[fault].name : "?";
}

const char *pw_gen_fault_text(unsigned fault)
{
	return fault < PW_GEN_FAULT_COUNT ? faults[fault].text : "?";
}

/* ---- where things are ---- */

static bool view_ip4(struct pw_gen_view *view)
{
	const uint8_t *ip = view->data + view->l3_off;
	unsigned head;

	if (view->len < view->l3_off + IP4_LEN || ip[0] >> 4 != 4)
		return false;
	head = (ip[0] & 0xfu) * 4;
	if (head < IP4_LEN)
		return false;
	if ((get16(ip + 6) & 0x1fff) != 0)
		return false; /* a later fragment has no L4 header */
	view->family = PW_IPV4;
	view->proto = ip[9];
	view->ttl = ip[8];
	view->l3_len = get16(ip + 2);
	view->l4_off = (uint16_t)(view->l3_off + head);
	return true;
}

static bool view_ip6(struct pw_gen_view *view)
{
	const uint8_t *ip = view->data + view->l3_off;

	if (view->len < view->l3_off + IP6_LEN || ip[0] >> 4 != 6)
		return false;
	view->family = PW_IPV6;
	view->proto = ip[6] == IPPROTO_ICMPV6 ? IPPROTO_ICMP : ip[6];
	view->ttl = ip[7];
	view->l3_len = (uint16_t)(get16(ip + 4) + IP6_LEN);
	view->l4_off = view->l3_off + IP6_LEN;
	return true;
}

static bool view_l4(struct pw_gen_view *view)
{
	unsigned head;

	switch (view->proto) {
	case IPPROTO_UDP:
		head = UDP_LEN;
		break;
	case IPPROTO_ICMP:
		head = ICMP_LEN;
		break;
	case IPPROTO_TCP:
		if (view->len < view->l4_off + TCP_LEN)
			return false;
		head = (view->data[view->l4_off + 12] >> 4) * 4u;
		break;
	default:
		return false;
	}
	view->payload_off = (uint16_t)(view->l4_off + head);
	return view->payload_off + PW_GEN_STAMP_BYTES <= view->len;
}

static bool make_view(const uint8_t *data, uint16_t len, struct pw_gen_view *view)
{
	uint16_t type;

	*view = (struct pw_gen_view){.data = data, .len = len, .l3_off = ETH_LEN};
	if (len < ETH_LEN)
		return false;
	type = get16(data + 12);
	while ((type == TYPE_VLAN || type == TYPE_QINQ) && view->l3_off + TAG_LEN <= len) {
		if (view->l3_off == ETH_LEN)
			view->vlan = get16(data + view->l3_off) & 0xfff;
		type = get16(data + view->l3_off + 2);
		view->l3_off += TAG_LEN;
	}
	if (type == TYPE_IP4 ? !view_ip4(view) : type != TYPE_IP6 || !view_ip6(view))
		return false;
	return view_l4(view);
}

enum pw_gen_found pw_gen_frame_find(
	const uint8_t *data, uint16_t len, struct pw_gen_view *view, struct pw_gen_stamp *stamp)
{
	if (!make_view(data, len, view) || data[view->payload_off] != STAMP_MAGIC)
		return PW_GEN_FOREIGN;
	return stamp_get(data + view->payload_off, stamp) ? PW_GEN_OURS : PW_GEN_UNREADABLE;
}

/* ---- checks ---- */

static bool l4_csum_good(const struct pw_gen_view *view, uint16_t l4_bytes)
{
	const uint8_t *ip = view->data + view->l3_off, *l4 = view->data + view->l4_off;
	uint32_t sum = 0;

	if (view->family == PW_IPV4 && view->proto == IPPROTO_UDP && get16(l4 + 6) == 0)
		return true; /* RFC 768: none was made */
	if (view->family == PW_IPV6)
		sum = pw_csum_pseudo6(ip + 8, ip + 24, ip[6], l4_bytes);
	else if (view->proto != IPPROTO_ICMP)
		sum = pw_csum_pseudo4(
			frame_word(ip + 12), frame_word(ip + 16), view->proto, l4_bytes);
	return pw_csum_fold(pw_csum_add(sum, l4, l4_bytes)) == UINT16_MAX;
}

static uint32_t check_damage(const struct pw_gen_frame *frame, const struct pw_gen_view *view,
	uint64_t seq, uint8_t proto)
{
	uint16_t wanted = (uint16_t)(pw_gen_sizes_at(&frame->sizes, seq) - PW_GEN_FCS);
	uint16_t l3_wanted = (uint16_t)(wanted - (frame->tagged ? ETH_LEN + TAG_LEN : ETH_LEN));
	uint16_t pattern = (uint16_t)(view->payload_off + PW_GEN_STAMP_BYTES);
	uint32_t bad = 0;

	if (view->proto != proto)
		bad |= 1u << PW_GEN_FAULT_PROTO;
	/* A device may have taken the tag away or put one on: the IP length counts, and that all of
	 * it is there. */
	if (view->l3_len != l3_wanted || view->l3_off + view->l3_len > view->len)
		return bad | 1u << PW_GEN_FAULT_LENGTH;
	if (view->family == PW_IPV4 && pw_csum_ipv4_header(view->data + view->l3_off) !=
					       get_csum(view->data + view->l3_off + 10))
		bad |= 1u << PW_GEN_FAULT_IP_CSUM;
	if (!l4_csum_good(view, (uint16_t)(view->l3_off + view->l3_len - view->l4_off)))
		bad |= 1u << PW_GEN_FAULT_L4_CSUM;
	if (memcmp(view->data + pattern, frame->pattern->bytes,
		    (size_t)(view->l3_off + view->l3_len - pattern)) != 0)
		bad |= 1u << PW_GEN_FAULT_PAYLOAD;
	return bad;
}

static bool number_ok(
	const struct pw_gen_expect *expect, enum pw_gen_field field, uint64_t value, uint64_t sent)
{
	switch (expect->field[field].kind) {
	case PW_GEN_EXPECT_SAME:
		return value == sent;
	case PW_GEN_EXPECT_RANGE:
		return value - expect->field[field].first < expect->field[field].n;
	default:
		return true;
	}
}

static bool ip_ok(const struct pw_gen_expect *expect, enum pw_gen_field field,
	const struct pw_gen_view *view, const uint8_t *value, const struct pw_ip *first,
	uint32_t digit)
{
	const struct pw_ip *base = first;
	unsigned bytes, at;
	uint32_t offset;

	if (expect->field[field].kind == PW_GEN_EXPECT_ANY)
		return true;
	if (expect->field[field].kind == PW_GEN_EXPECT_RANGE)
		base = &expect->field[field].ip;
	if (base->family != view->family)
		return false;
	bytes = view->family == PW_IPV6 ? 16 : 4;
	at = bytes - 4;
	if (memcmp(value, base->b, at) != 0)
		return false;
	offset = get32(value + at) - get32(base->b + at);
	return expect->field[field].kind == PW_GEN_EXPECT_SAME ? offset == digit
							       : offset < expect->field[field].n;
}

static uint32_t check_l2(const struct pw_gen_frame *frame, const struct pw_gen_expect *expect,
	const struct pw_gen_view *view, const uint32_t digit[static PW_GEN_FIELD_COUNT])
{
	uint64_t dst = pw_mac_to_u64(&frame->dst_mac) + digit[PW_GEN_DST_MAC];
	uint64_t src = pw_mac_to_u64(&frame->src_mac) + digit[PW_GEN_SRC_MAC];
	uint64_t vlan = frame->tagged ? frame->vlan + digit[PW_GEN_VLAN] : 0u;
	uint32_t bad = 0;

	if (!number_ok(expect, PW_GEN_DST_MAC, get48(view->data), expect->reply ? src : dst))
		bad |= 1u << PW_GEN_FAULT_DST_MAC;
	if (!number_ok(expect, PW_GEN_SRC_MAC, get48(view->data + 6), expect->reply ? dst : src))
		bad |= 1u << PW_GEN_FAULT_SRC_MAC;
	if (!number_ok(expect, PW_GEN_VLAN, view->vlan, vlan))
		bad |= 1u << PW_GEN_FAULT_VLAN;
	return bad;
}

static uint32_t check_l3(const struct pw_gen_frame *frame, const struct pw_gen_expect *expect,
	const struct pw_gen_view *view, const uint32_t digit[static PW_GEN_FIELD_COUNT])
{
	const uint8_t *ip = view->data + view->l3_off;
	const uint8_t *src = ip + (view->family == PW_IPV6 ? 8 : 12);
	const uint8_t *dst = ip + (view->family == PW_IPV6 ? 24 : 16);
	uint32_t bad = 0;

	if (!ip_ok(expect, PW_GEN_SRC_IP, view, src, expect->reply ? &frame->dst : &frame->src,
		    digit[expect->reply ? PW_GEN_DST_IP : PW_GEN_SRC_IP]))
		bad |= 1u << PW_GEN_FAULT_SRC_IP;
	if (!ip_ok(expect, PW_GEN_DST_IP, view, dst, expect->reply ? &frame->src : &frame->dst,
		    digit[expect->reply ? PW_GEN_SRC_IP : PW_GEN_DST_IP]))
		bad |= 1u << PW_GEN_FAULT_DST_IP;
	if (!expect->any_ttl && view->ttl + expect->hops != frame->ttl)
		bad |= 1u << PW_GEN_FAULT_TTL;
	return bad;
}

static uint32_t check_ports(const struct pw_gen_frame *frame, const struct pw_gen_expect *expect,
	const struct pw_gen_view *view, const uint32_t digit[static PW_GEN_FIELD_COUNT])
{
	const uint8_t *l4 = view->data + view->l4_off;
	uint64_t src = frame->src_port + digit[PW_GEN_SRC_PORT];
	uint64_t dst = frame->dst_port + digit[PW_GEN_DST_PORT];
	uint32_t bad = 0;

	if (view->proto == IPPROTO_ICMP) { /* the id stands for the source port */
		if (!number_ok(expect, PW_GEN_SRC_PORT, get16(l4 + 4), src))
			bad |= 1u << PW_GEN_FAULT_SRC_PORT;
		return bad;
	}
	if (!number_ok(expect, PW_GEN_SRC_PORT, get16(l4), expect->reply ? dst : src))
		bad |= 1u << PW_GEN_FAULT_SRC_PORT;
	if (!number_ok(expect, PW_GEN_DST_PORT, get16(l4 + 2), expect->reply ? src : dst))
		bad |= 1u << PW_GEN_FAULT_DST_PORT;
	return bad;
}

uint32_t pw_gen_frame_check(const struct pw_gen_frame *frame, const struct pw_gen_expect *expect,
	const struct pw_gen_view *view, uint64_t seq)
{
	uint32_t digit[PW_GEN_FIELD_COUNT];

	pw_gen_flows_digits(&frame->flows, pw_gen_flows_at(&frame->flows, seq), digit);
	return check_damage(frame, view, seq, frame->protos[digit[PW_GEN_PROTO]]) |
	       check_l2(frame, expect, view, digit) | check_l3(frame, expect, view, digit) |
	       check_ports(frame, expect, view, digit);
}

uint32_t pw_gen_view_tuple_hash(const struct pw_gen_view *view)
{
	const uint8_t *ip = view->data + view->l3_off;
	unsigned at = view->family == PW_IPV6 ? 8 : 12, bytes = view->family == PW_IPV6 ? 32 : 8;
	uint64_t h = view->proto;

	for (unsigned i = 0; i < bytes; i += 4)
		h = pw_gen_mix(h ^ frame_word(ip + at + i));
	/* ICMP has its checksum where the others have ports; the id stands for those. */
	h = pw_gen_mix(h ^ (view->proto == IPPROTO_ICMP ? get16(view->data + view->l4_off + 4)
							: frame_word(view->data + view->l4_off)));
	return (uint32_t)h | 1;
}
