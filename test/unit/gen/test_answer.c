/* SPDX-License-Identifier: BSD-3-Clause */
#include "gen_test.h"

#include "pw_csum.h"
#include "pw_gen_answer.h"

static const uint8_t arp_request[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 9, 8, 6, 0,
	1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 9, 10, 0, 0, 9, 0, 0, 0, 0, 0, 0, 10, 0, 0, 1};

static struct pw_prefix prefixes[2];

static struct pw_gen_host host_of(const char *v4, const char *v6)
{
	struct pw_gen_host host = {.mac = {{2, 0, 0, 0, 0, 1}}, .ips = prefixes, .n_ips = 2};

	assert_int_equal(pw_prefix_parse(v4, &prefixes[0]), 0);
	assert_int_equal(pw_prefix_parse(v6, &prefixes[1]), 0);
	return host;
}

static void arp(void **state)
{
	struct pw_gen_host host = host_of("10.0.0.1/24", "2001:db8::1/64");
	uint8_t data[64];
	uint16_t len = sizeof(arp_request);

	memcpy(data, arp_request, len);
	assert_true(pw_gen_answer(&host, data, &len));
	assert_int_equal(len, sizeof(arp_request));
	assert_memory_equal(data, "\2\0\0\0\0\11\2\0\0\0\0\1", 12);
	assert_memory_equal(data + 20, "\0\2\2\0\0\0\0\1\12\0\0\1\2\0\0\0\0\11\12\0\0\11", 22);
	/* answers are not answered, and others' requests are not ours */
	assert_false(pw_gen_answer(&host, data, &len));
	memcpy(data, arp_request, len);
	data[41] = 2;
	assert_false(pw_gen_answer(&host, data, &len));
	host.n_ips = 0;
	assert_true(pw_gen_answer(&host, data, &len));
	for (len = 0; len < sizeof(arp_request); len++) {
		memcpy(data, arp_request, sizeof(arp_request));
		assert_false(pw_gen_answer(&host, data, &len));
	}
}

static void set_csum(uint8_t *at, uint16_t csum)
{
	memcpy(at, &csum, 2);
}

static void ping(void **state)
{
	struct pw_gen_host host = host_of("10.0.0.1/24", "2001:db8::1/64");
	uint8_t data[64] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 9, 8, 0, 0x45, 0, 0, 46, 0, 0, 0, 0,
		17, 1, 0, 0, 10, 0, 0, 9, 10, 0, 0, 1, 8, 0, 0, 0, 1, 2, 3, 4, 5, 6};
	uint16_t len = 60;

	set_csum(data + 24, pw_csum_ipv4_header(data + 14));
	set_csum(data + 36, (uint16_t)~pw_csum_fold(pw_csum_add(0, data + 34, 26)));
	assert_true(pw_gen_answer(&host, data, &len));
	assert_int_equal(data[34], 0);
	assert_int_equal(pw_csum_fold(pw_csum_add(0, data + 34, 26)), UINT16_MAX);
	assert_int_equal(pw_csum_fold(pw_csum_add(0, data + 14, 20)), UINT16_MAX);
	assert_memory_equal(data + 26, "\12\0\0\1\12\0\0\11", 8);
	assert_false(pw_gen_answer(&host, data, &len));
}

static void neighbour_solicitation(void **state)
{
	struct pw_gen_host host = host_of("10.0.0.1/24", "2001:db8::1/64");
	uint8_t data[96] = {0x33, 0x33, 0xff, 0, 0, 1, 2, 0, 0, 0, 0, 9, 0x86, 0xdd, 0x60, 0, 0, 0,
		0, 24, 58, 255};
	uint16_t len = 14 + 40 + 24;

	memcpy(data + 22, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x09", 16);
	memcpy(data + 38, "\xff\x02\0\0\0\0\0\0\0\0\0\1\xff\0\0\x01", 16);
	data[54] = 135;
	memcpy(data + 62, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", 16);
	assert_true(pw_gen_answer(&host, data, &len));
	assert_int_equal(len, 14 + 40 + 32);
	assert_int_equal(data[54], 136);
	assert_int_equal(data[58], 0x60);
	assert_memory_equal(data + 78, "\2\1\2\0\0\0\0\1", 8);
	assert_memory_equal(data + 22, prefixes[1].ip.b, 16);
	assert_int_equal(pw_csum_fold(pw_csum_add(
				 pw_csum_pseudo6(data + 22, data + 38, 58, 32), data + 54, 32)),
		UINT16_MAX);
}

static void swaps_keep_checksums(void **state)
{
	static struct pw_gen_frame f;
	struct pw_gen_expect e = {.reply = true};
	struct pw_gen_pattern *pattern = pw_gen_pattern_create();
	struct pw_gen_stamp stamp = {.seq = 11};
	struct pw_gen_view view;
	uint8_t data[256];
	uint16_t len;

	frame_defaults(&f);
	f.tagged = true;
	f.vlan = 7;
	pw_gen_sizes_fixed(&f.sizes, 90);
	assert_int_equal(pw_gen_frame_init(&f, pattern), 0);
	len = pw_gen_frame_write(&f, &stamp, data);
	assert_true(pw_gen_swap_5tuple(data, len));
	assert_int_equal(pw_gen_frame_find(data, len, &view, &stamp), PW_GEN_OURS);
	assert_int_equal(pw_gen_frame_check(&f, &e, &view, 11), 0);
	for (uint16_t cut = 0; cut < 50; cut++) {
		uint8_t *part = malloc(PW_MAX(cut, 1));

		memcpy(part, data, cut);
		pw_gen_swap_5tuple(part, cut);
		free(part);
	}
	free(pattern);
}

TESTS_MAIN(cmocka_unit_test(arp), cmocka_unit_test(ping), cmocka_unit_test(neighbour_solicitation),
	cmocka_unit_test(swaps_keep_checksums))
