/* SPDX-License-Identifier: BSD-3-Clause */
#include "gen_test.h"

#include "pw_csum.h"

static struct pw_gen_pattern *pattern;

static int make_pattern(void **state)
{
	pattern = pw_gen_pattern_create();
	return pattern == NULL;
}

static int free_pattern(void **state)
{
	free(pattern);
	return 0;
}

static struct pw_gen_frame *new_frame(void)
{
	struct pw_gen_frame *f = malloc(sizeof(*f));

	frame_defaults(f);
	return f;
}

static struct pw_gen_expect same(void)
{
	return (struct pw_gen_expect){0};
}

static uint32_t check(const struct pw_gen_frame *f, const struct pw_gen_expect *e, uint8_t *data,
	uint16_t len, uint64_t seq)
{
	struct pw_gen_view view;
	struct pw_gen_stamp stamp;

	assert_int_equal(pw_gen_frame_find(data, len, &view, &stamp), PW_GEN_OURS);
	assert_int_equal(stamp.seq, seq);
	return pw_gen_frame_check(f, e, &view, seq);
}

/* Every shape: what is written is found again and without fault. */
static void round_trips(void **state)
{
	static const struct {
		uint8_t family, proto;
		bool tagged;
	} shapes[] = {{4, IPPROTO_UDP, 0}, {4, IPPROTO_TCP, 0}, {4, IPPROTO_ICMP, 0},
		{6, IPPROTO_UDP, 0}, {6, IPPROTO_TCP, 1}, {6, IPPROTO_ICMP, 1},
		{4, IPPROTO_UDP, 1}};

	for (size_t i = 0; i < PW_ARRAY_SIZE(shapes); i++) {
		struct pw_gen_frame *f = new_frame();
		struct pw_gen_expect e = same();
		uint8_t data[PW_GEN_SIZE_MAX];

		if (shapes[i].family == 6) {
			assert_int_equal(pw_ip_parse("2001:db8::1", &f->src), 0);
			assert_int_equal(pw_ip_parse("2001:db8:1::ffff:0", &f->dst), 0);
		}
		f->protos[0] = shapes[i].proto;
		f->tagged = shapes[i].tagged;
		f->vlan = 100;
		f->flows.range[PW_GEN_SRC_IP] = 200;
		f->flows.range[PW_GEN_SRC_PORT] = 50;
		f->flows.range[PW_GEN_DST_MAC] = 3;
		f->flows.range[PW_GEN_VLAN] = f->tagged ? 5 : 1;
		f->flows.order = PW_GEN_PERMUTED;
		assert_int_equal(pw_gen_sizes_range(&f->sizes, pw_gen_frame_min_size(f), 1600), 0);
		assert_int_equal(pw_gen_frame_init(f, pattern), 0);
		for (uint64_t seq = 0; seq < 3000; seq++) {
			struct pw_gen_stamp stamp = {
				.run = 3, .stream = 7, .seq = seq, .clock = 99};
			uint16_t len = pw_gen_frame_write(f, &stamp, data);

			assert_int_equal(len, pw_gen_sizes_at(&f->sizes, seq) - PW_GEN_FCS);
			assert_int_equal(check(f, &e, data, len, seq), 0);
		}
		pw_gen_frame_fini(f);
		free(f);
	}
}

/* Any flipped bit is seen: as damage, as another value of a field, or in the stamp. MACs included. */
static void every_bit_counts(void **state)
{
	struct pw_gen_frame *f = new_frame();
	struct pw_gen_expect e = same();
	struct pw_gen_stamp stamp = {.stream = 1, .seq = 5}, got;
	uint8_t data[256];
	uint16_t len;

	pw_gen_sizes_fixed(&f->sizes, 100);
	assert_int_equal(pw_gen_frame_init(f, pattern), 0);
	len = pw_gen_frame_write(f, &stamp, data);
	for (unsigned bit = 0; bit < len * 8u; bit++) {
		struct pw_gen_view view;
		enum pw_gen_found found;

		data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		found = pw_gen_frame_find(data, len, &view, &got);
		if (found == PW_GEN_OURS)
			assert_int_not_equal(pw_gen_frame_check(f, &e, &view, 5), 0);
		data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	free(f);
}

static void damage_has_its_name(void **state)
{
	struct pw_gen_frame *f = new_frame();
	struct pw_gen_expect e = same();
	struct pw_gen_stamp stamp = {.seq = 1};
	uint8_t data[256];
	uint16_t len;

	pw_gen_sizes_fixed(&f->sizes, 128);
	assert_int_equal(pw_gen_frame_init(f, pattern), 0);
	len = pw_gen_frame_write(f, &stamp, data);
	data[len - 1] ^= 0x40;
	assert_int_equal(check(f, &e, data, len, 1),
		1u << PW_GEN_FAULT_PAYLOAD | 1u << PW_GEN_FAULT_L4_CSUM);
	data[len - 1] ^= 0x40;
	assert_int_equal(check(f, &e, data, (uint16_t)(len - 1), 1), 1u << PW_GEN_FAULT_LENGTH);
	data[14 + 10] ^= 1;
	assert_int_equal(check(f, &e, data, len, 1), 1u << PW_GEN_FAULT_IP_CSUM);
	data[14 + 10] ^= 1;
	data[42] = 0; /* the magic */
	assert_int_equal(
		pw_gen_frame_find(data, len, &(struct pw_gen_view){0}, &stamp), PW_GEN_FOREIGN);
	free(f);
}

static void translate(uint8_t *data, uint32_t dst, uint16_t port)
{
	uint8_t *ip = data + 14, *udp = data + 34;
	uint16_t csum;

	dst = htonl(dst);
	port = htons(port);
	memcpy(ip + 16, &dst, 4);
	memcpy(udp + 2, &port, 2);
	ip[8]--;
	csum = pw_csum_ipv4_header(ip);
	memcpy(ip + 10, &csum, 2);
	memset(udp + 6, 0, 2); /* RFC 768: no checksum */
}

static void translation(void **state)
{
	struct pw_gen_frame *f = new_frame();
	struct pw_gen_expect e = same();
	struct pw_gen_stamp stamp = {.seq = 0};
	uint8_t data[256];
	uint16_t len;

	assert_int_equal(pw_gen_frame_init(f, pattern), 0);
	len = pw_gen_frame_write(f, &stamp, data);
	translate(data, 0x0a020003, 8080);
	assert_int_equal(check(f, &e, data, len, 0),
		1u << PW_GEN_FAULT_DST_IP | 1u << PW_GEN_FAULT_DST_PORT | 1u << PW_GEN_FAULT_TTL);
	e.field[PW_GEN_DST_IP] = (struct pw_gen_expect_field){
		.kind = PW_GEN_EXPECT_RANGE, .ip = pw_ip_from_v4(htonl(0x0a020001)), .n = 3};
	e.field[PW_GEN_DST_PORT] =
		(struct pw_gen_expect_field){.kind = PW_GEN_EXPECT_RANGE, .first = 8080, .n = 1};
	e.hops = 1;
	assert_int_equal(check(f, &e, data, len, 0), 0);
	e.field[PW_GEN_DST_IP].n = 2;
	assert_int_equal(check(f, &e, data, len, 0), 1u << PW_GEN_FAULT_DST_IP);
	free(f);
}

static void no_stamp(void **state)
{
	struct pw_gen_frame *f = new_frame();
	struct pw_gen_stamp stamp = {.seq = 0};
	struct pw_gen_view view;
	uint8_t data[256];

	f->protos[0] = IPPROTO_TCP;
	assert_int_equal(pw_gen_frame_min_size(f), 76);
	f->stamp = false;
	assert_int_equal(pw_gen_frame_min_size(f), 64);
	assert_int_equal(pw_gen_frame_init(f, pattern), 0);
	assert_int_equal(pw_gen_frame_write(f, &stamp, data), 60);
	assert_int_equal(pw_gen_frame_find(data, 60, &view, &stamp), PW_GEN_FOREIGN);
	free(f);
}

/* Nothing that comes in makes the finder read beyond the frame (run with the sanitizers). */
static void hostile(void **state)
{
	struct pw_gen_view view;
	struct pw_gen_stamp stamp;

	for (uint64_t i = 0; i < 200000; i++) {
		uint16_t len = (uint16_t)(pw_gen_mix(i) % 100);
		uint8_t *data = malloc(PW_MAX(len, 1));

		for (uint16_t k = 0; k < len; k++)
			data[k] = (uint8_t)pw_gen_mix(i * 100 + k);
		if (len > 14) {
			data[12] = i & 1 ? 0x08 : 0x86;
			data[13] = i & 1 ? 0x00 : 0xdd;
			data[14] = i & 1 ? 0x40 | (data[14] & 0xf) : 0x60;
		}
		if (len > 23 && i & 2)
			data[23] = IPPROTO_TCP;
		pw_gen_frame_find(data, len, &view, &stamp);
		free(data);
	}
}

static void sticky_hash(void **state)
{
	struct pw_gen_frame *f = new_frame();
	struct pw_gen_stamp stamp = {.seq = 0};
	struct pw_gen_view view;
	uint8_t data[256];
	uint32_t first;

	assert_int_equal(pw_gen_frame_init(f, pattern), 0);
	pw_gen_frame_write(f, &stamp, data);
	pw_gen_frame_find(data, 60, &view, &stamp);
	first = pw_gen_view_tuple_hash(&view);
	data[8] ^= 1; /* a MAC does not matter */
	assert_int_equal(pw_gen_view_tuple_hash(&view), first);
	data[37] ^= 1;
	assert_int_not_equal(pw_gen_view_tuple_hash(&view), first);
	free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trips),
		cmocka_unit_test(every_bit_counts),
		cmocka_unit_test(damage_has_its_name),
		cmocka_unit_test(translation),
		cmocka_unit_test(no_stamp),
		cmocka_unit_test(hostile),
		cmocka_unit_test(sticky_hash),
	};

	return cmocka_run_group_tests(tests, make_pattern, free_pattern);
}
