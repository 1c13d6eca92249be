/* SPDX-License-Identifier: BSD-3-Clause */
#include "gen_test.h"

#include <stdbool.h>
#include <stdio.h>

#include "pw_gen_pcap.h"
#include "pw_str.h"

static void add32(struct pw_str *s, uint32_t v, bool swap)
{
	v = swap ? __builtin_bswap32(v) : v;
	pw_str_addn(s, (const char *)&v, 4);
}

static void add_frame(struct pw_str *s, uint32_t sec, uint32_t part, uint32_t len, bool swap)
{
	char data[FILENAME_MAX] = {0};

	memset(data, (int)len, len);
	add32(s, sec, swap);
	add32(s, part, swap);
	add32(s, len, swap);
	add32(s, len, swap);
	pw_str_addn(s, data, len);
}

static struct pw_str make_pcap(uint32_t magic, bool swap, uint32_t link)
{
	struct pw_str s = {0};
	const uint32_t head[6] = {magic, 0x00040002, 0, 0, 65535, link};

	for (unsigned i = 0; i < 6; i++)
		add32(&s, head[i], swap);
	return s;
}

static int parse(struct pw_str *s, size_t len, struct pw_gen_pcap *pcap, struct pw_err *err)
{
	char *copy = malloc(len + 1);

	memcpy(copy, s->s, len);
	return pw_gen_pcap_parse(pcap, "x.pcap", copy, len, err);
}

static void times_of_both_kinds_and_orders(void **state)
{
	for (unsigned i = 0; i < 4; i++) {
		bool nsec = i & 1, swap = i & 2;
		struct pw_str s = make_pcap(nsec ? 0xa1b23c4d : 0xa1b2c3d4, swap, 1);
		struct pw_gen_pcap pcap;
		struct pw_err err;

		add_frame(&s, 10, 5, 60, swap);
		add_frame(&s, 11, 4, 100, swap);
		add_frame(&s, 10, 0, 64, swap); /* clock set back */
		assert_int_equal(parse(&s, s.len, &pcap, &err), 0);
		assert_int_equal(pcap.n, 3);
		assert_int_equal(pcap.longest, 100);
		assert_int_equal(pcap.frames[0].at_ns, 0);
		assert_int_equal(pcap.frames[1].at_ns, 1000000000 - (nsec ? 1 : 1000));
		assert_int_equal(pcap.frames[2].at_ns, pcap.frames[1].at_ns);
		assert_int_equal(pcap.frames[1].data[99], 100);
		pw_gen_pcap_free(&pcap);
		pw_str_free(&s);
	}
}

static void every_cut_is_told(void **state)
{
	struct pw_str s = make_pcap(0xa1b2c3d4, false, 1);
	struct pw_gen_pcap pcap;
	struct pw_err err;

	add_frame(&s, 1, 0, 60, false);
	add_frame(&s, 1, 0, 60, false);
	for (size_t len = 0; len < s.len; len++) {
		if (len == 24 + 76) {
			assert_int_equal(parse(&s, len, &pcap, &err), 0);
			pw_gen_pcap_free(&pcap);
			continue;
		}
		assert_true(parse(&s, len, &pcap, &err) < 0);
	}
	parse(&s, s.len - 1, &pcap, &err);
	assert_string_equal(err.msg, "x.pcap: byte 116: the file is cut in frame 2");
	s.s[24 + 12] = 61; /* it was longer */
	assert_true(parse(&s, s.len, &pcap, &err) < 0);
	assert_string_equal(err.msg, "x.pcap: byte 40: frame 1 was cut when it was recorded: 60 of "
				     "its 61 bytes are there");
	s.s[0] = 0;
	assert_true(parse(&s, s.len, &pcap, &err) < 0);
	assert_string_equal(err.msg, "x.pcap: byte 0: neither pcap nor pcapng");
	pw_str_free(&s);
	s = make_pcap(0xa1b2c3d4, false, 101);
	assert_true(parse(&s, s.len, &pcap, &err) < 0);
	assert_string_equal(err.msg, "x.pcap: byte 20: link type 101 is not Ethernet");
	pw_str_free(&s);
	s = make_pcap(0xa1b2c3d4, false, 1);
	assert_true(parse(&s, s.len, &pcap, &err) < 0);
	assert_string_equal(err.msg, "x.pcap: byte 24: there is no frame in it");
	pw_str_free(&s);
}

/* Section, Ethernet interface of nanoseconds, one frame. */
static struct pw_str make_ng(void)
{
	static const uint32_t blocks[] = {0x0a0d0d0a, 28, 0x1a2b3c4d, 1, UINT32_MAX, UINT32_MAX, 28,
		1, 32, 1, 65535, 0x00010009, 9, 0, 32, 6, 92, 0, 0, 5000, 60, 60};
	struct pw_str s = {0};

	for (size_t i = 0; i < PW_ARRAY_SIZE(blocks); i++)
		add32(&s, blocks[i], false);
	for (unsigned i = 0; i < 15; i++)
		add32(&s, 0x01010101, false);
	add32(&s, 92, false);
	return s;
}

static void ng(void **state)
{
	struct pw_str s = make_ng();
	struct pw_gen_pcap pcap;
	struct pw_err err;

	assert_int_equal(parse(&s, s.len, &pcap, &err), 0);
	assert_int_equal(pcap.n, 1);
	assert_int_equal(pcap.frames[0].len, 60);
	assert_int_equal(pcap.frames[0].data[59], 1);
	pw_gen_pcap_free(&pcap);
	for (size_t len = 0; len < s.len; len++)
		assert_true(parse(&s, len, &pcap, &err) < 0);
	/* no byte may lead the reader out of the file (run with the sanitizers) */
	for (size_t i = 0; i < s.len; i++) {
		for (unsigned v = 0; v < 256; v += 5) {
			char saved = s.s[i];

			s.s[i] = (char)v;
			if (parse(&s, s.len, &pcap, &err) == 0)
				pw_gen_pcap_free(&pcap);
			s.s[i] = saved;
		}
	}
	pw_str_free(&s);
}

TESTS_MAIN(cmocka_unit_test(times_of_both_kinds_and_orders), cmocka_unit_test(every_cut_is_told),
	cmocka_unit_test(ng))
