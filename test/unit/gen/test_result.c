/* SPDX-License-Identifier: BSD-3-Clause */
#include "gen_test.h"

#include "pw_gen_result.h"

static struct pw_gen_hist hist;

static struct pw_gen_stream_result good(void)
{
	memset(&hist, 0, sizeof(hist));
	for (unsigned i = 1; i <= 1000; i++)
		pw_gen_hist_record(&hist, i * 100);
	return (struct pw_gen_stream_result){
		.name = "up",
		.to = 1,
		.asked = {PW_GEN_RATE_PPS, 1000000, 0, 0},
		.asked_pps = 1000,
		.mean_size = 64,
		.seconds = 10,
		.tx_frames = 10000,
		.tx_bytes = 640000,
		.rx_frames = 9999,
		.rx_bytes = 639936,
		.lost = 1,
		.latency = &hist,
		.jitter = &hist,
	};
}

static struct pw_gen_criteria none(void)
{
	return (struct pw_gen_criteria){
		-1, -1, -1, -1, -1, -1, -1, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, -1, -1};
}

static void as_json(void **state)
{
	struct pw_gen_stream_result s = good();
	struct pw_gen_result r = {.name = "n", .streams = &s, .n_streams = 1, .seconds = 10};
	json_t *root, *stream;

	s.faults[PW_GEN_FAULT_TTL] = 3;
	root = pw_gen_result_json(&r, 1, "one line\nanother\n");
	stream = json_array_get(json_object_get(root, "streams"), 0);
	assert_false(json_is_true(json_object_get(root, "passed")));
	assert_int_equal(json_array_size(json_object_get(root, "failures")), 2);
	assert_int_equal(json_integer_value(json_object_get(stream, "lost")), 1);
	assert_true(json_real_value(json_object_get(stream, "tx_pps")) == 1000);
	assert_true(json_real_value(json_object_get(stream, "tx_l1_bps")) == 672000);
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(stream, "faults"), "ttl")), 3);
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(stream, "latency"), "count")),
		1000);
	json_decref(root);
}

static uint32_t failed(
	const struct pw_gen_criteria *c, struct pw_gen_stream_result *s, const char *text)
{
	struct pw_gen_result r = {.streams = s, .n_streams = 1};
	struct pw_str out = {0};
	uint32_t n = pw_gen_criteria_check(c, &r, &out);

	if (text != NULL)
		assert_string_equal(out.s, text);
	pw_str_free(&out);
	return n;
}

static void criteria(void **state)
{
	struct pw_gen_stream_result s = good();
	struct pw_gen_criteria c = none();

	assert_int_equal(failed(&c, &s, NULL), 0);
	c.loss_percent = 0.01;
	assert_int_equal(failed(&c, &s, NULL), 0);
	c.loss_percent = 0;
	assert_int_equal(failed(&c, &s, "up: loss 0.01 %, allowed: at most 0 %\n"), 1);
	c = none();
	c.latency_p50_us = 50;
	c.latency_p99_us = 101;
	c.rate_error_percent = 0.1;
	c.min_rx_pps = 1000;
	c.duplicates = 0;
	s.duplicates = 2;
	assert_int_equal(failed(&c, &s,
				 "up: latency p50 50.175 us, allowed: at most 50 us\n"
				 "up: received rate 999.9 pps, allowed: at least 1000 pps\n"
				 "up: 2 frames duplicated, allowed: at most 0\n"),
		3);
	/* nothing was sent: nothing is good */
	s.tx_frames = 0;
	c = none();
	c.loss_percent = 1;
	assert_int_equal(failed(&c, &s, NULL), 1);
}

static void criteria_of_a_search(void **state)
{
	struct pw_gen_trial_result t[] = {
		{.test = PW_GEN_TEST_THROUGHPUT, .size = 64, .found = true, .received_pps = 5e6},
		{.test = PW_GEN_TEST_THROUGHPUT, .size = 128, .loss_ppm = 5000},
		{.test = PW_GEN_TEST_LATENCY, .size = 64, .found = true, .p50_us = 3, .p99_us = 30},
		{.test = PW_GEN_TEST_FRAME_LOSS, .size = 64, .found = true, .loss_percent = 50},
	};
	struct pw_gen_result r = {.trials = t, .n_trials = PW_ARRAY_SIZE(t)};
	struct pw_gen_criteria c = none();
	struct pw_str out = {0};

	c.min_rx_pps = 6e6;
	c.latency_p50_us = 3;
	c.latency_p99_us = 25;
	c.loss_percent = 0; /* of runs */
	assert_int_equal(pw_gen_criteria_check(&c, &r, &out), 3);
	assert_string_equal(out.s,
		"throughput, 64 bytes: received rate 5e+06 pps, allowed: at least 6e+06 pps\n"
		"throughput, 128 bytes: no rate loses 0.5 % or less\n"
		"latency, 64 bytes: latency p99 30 us, allowed: at most 25 us\n");
	pw_str_free(&out);
}

TESTS_MAIN(cmocka_unit_test(criteria_of_a_search), cmocka_unit_test(as_json),
	cmocka_unit_test(criteria))
