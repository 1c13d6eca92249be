/* SPDX-License-Identifier: BSD-3-Clause */
#include "gen_test.h"

#include "pw_gen_conns.h"

#define HZ UINT64_C(1000000000)

static struct pw_gen_conn conf_of(int proto, uint32_t open)
{
	return (struct pw_gen_conn){
		.proto = proto,
		.dst_mac = {{2, 0, 0, 0, 0, 2}},
		.src = {pw_ip_from_v4(htonl(0x0a000001)), 4},
		.dst = {pw_ip_from_v4(htonl(0x0a600001)), 2},
		.src_port = {1024, 1000},
		.dst_port = {80, 1},
		.request_bytes = 100,
		.response_bytes = 200,
		.open = open,
		.timeout_ns = 1000000,
	};
}

static const struct pw_mac own = {{2, 0, 0, 0, 0, 1}};

/* Frames go to the server and back until nothing is sent any more; how many there were. */
static unsigned converse(struct pw_gen_conns *c, uint16_t len, uint64_t now, uint8_t *frame)
{
	const struct pw_gen_host host = {.mac = {{2, 0, 0, 0, 0, 2}}};
	unsigned frames = 0;

	while (len > 0) {
		uint8_t reply[2048];

		frames++;
		if (!pw_gen_serve(&host, 200, frame, &len))
			break;
		frames++;
		assert_memory_equal(frame, own.b, 6);
		len = pw_gen_conns_receive(c, frame, len, ++now, reply);
		memcpy(frame, reply, len);
	}
	return frames;
}

static void tcp_in_seven_segments(void **state)
{
	struct pw_gen_conn conf = conf_of(IPPROTO_TCP, 8);
	struct pw_gen_conns *c = pw_gen_conns_create(&conf, &own, HZ);
	uint8_t frame[2048];

	for (unsigned i = 0; i < 10000; i++)
		assert_int_equal(converse(c, pw_gen_conns_open(c, 10, frame), 10, frame), 7);
	assert_int_equal(pw_gen_conns_counts(c)->established, 10000);
	assert_int_equal(pw_gen_conns_counts(c)->completed, 10000);
	assert_int_equal(pw_gen_conns_counts(c)->failed + pw_gen_conns_counts(c)->unexpected, 0);
	assert_int_equal(pw_gen_conns_open_now(c), 0);
	assert_int_equal(pw_gen_conns_duration(c)->count, 10000);
	pw_gen_conns_destroy(c);
}

static void udp_in_two(void **state)
{
	struct pw_gen_conn conf = conf_of(IPPROTO_UDP, 8);
	struct pw_gen_conns *c = pw_gen_conns_create(&conf, &own, HZ);
	uint8_t frame[2048];

	conf.request_bytes = 1;
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(converse(c, pw_gen_conns_open(c, 10, frame), 10, frame), 2);
	assert_int_equal(pw_gen_conns_counts(c)->completed, 100);
	pw_gen_conns_destroy(c);
}

static void no_more_than_allowed(void **state)
{
	struct pw_gen_conn conf = conf_of(IPPROTO_TCP, 8);
	struct pw_gen_conns *c = pw_gen_conns_create(&conf, &own, HZ);
	uint8_t frame[2048];

	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(pw_gen_conns_open(c, 0, frame), 60);
	assert_int_equal(pw_gen_conns_open(c, 0, frame), 0);
	pw_gen_conns_sweep(c, 1000000, 8);
	assert_int_equal(pw_gen_conns_counts(c)->failed, 0);
	pw_gen_conns_sweep(c, 1000001, 8);
	assert_int_equal(pw_gen_conns_counts(c)->failed, 8);
	assert_int_equal(pw_gen_conns_open(c, 0, frame), 60);
	pw_gen_conns_unopen(c);
	assert_int_equal(pw_gen_conns_counts(c)->opened, 8);
	assert_int_equal(pw_gen_conns_open_now(c), 0);
	conf.count = 9;
	assert_int_equal(pw_gen_conns_open(c, 0, frame), 60);
	assert_int_equal(pw_gen_conns_open(c, 0, frame), 0);
	pw_gen_conns_destroy(c);
}

static void wrong_source_is_unexpected(void **state)
{
	const struct pw_gen_host host = {.mac = {{2, 0, 0, 0, 0, 2}}};
	struct pw_gen_conn conf = conf_of(IPPROTO_TCP, 8);
	struct pw_gen_conns *c = pw_gen_conns_create(&conf, &own, HZ);
	uint8_t frame[2048], reply[2048];
	uint16_t len = pw_gen_conns_open(c, 0, frame);

	assert_true(pw_gen_serve(&host, 200, frame, &len));
	frame[26] ^= 1; /* not the Service's address */
	assert_int_equal(pw_gen_conns_receive(c, frame, len, 1, reply), 0);
	assert_int_equal(pw_gen_conns_counts(c)->unexpected, 1);
	frame[26] ^= 1;
	frame[47] = 0x14; /* RST, ACK */
	assert_int_equal(pw_gen_conns_receive(c, frame, len, 1, reply), 0);
	assert_int_equal(pw_gen_conns_counts(c)->refused, 1);
	assert_int_equal(pw_gen_conns_counts(c)->failed, 1);
	pw_gen_conns_destroy(c);
}

static void hostile(void **state)
{
	const struct pw_gen_host host = {.mac = {{2, 0, 0, 0, 0, 2}}};
	struct pw_gen_conn conf = conf_of(IPPROTO_TCP, 8);
	struct pw_gen_conns *c = pw_gen_conns_create(&conf, &own, HZ);
	uint8_t good[2048], reply[2048];
	uint16_t whole = pw_gen_conns_open(c, 0, good);

	for (unsigned i = 0; i < 100000; i++) {
		uint64_t r = pw_gen_mix(i);
		uint16_t len = (uint16_t)(r % (whole + 1u));
		uint8_t *data = malloc(2048);
		uint8_t *exact = malloc(PW_MAX(len, 1));

		memcpy(data, good, whole);
		data[14 + r / 64 % 40] = (uint8_t)(r >> 32);
		memcpy(exact, data, len);
		pw_gen_conns_receive(c, exact, len, 1, reply);
		pw_gen_serve(&host, 1400, data, &len);
		free(exact);
		free(data);
	}
	pw_gen_conns_destroy(c);
}

TESTS_MAIN(cmocka_unit_test(tcp_in_seven_segments), cmocka_unit_test(udp_in_two),
	cmocka_unit_test(no_more_than_allowed), cmocka_unit_test(wrong_source_is_unexpected),
	cmocka_unit_test(hostile))
