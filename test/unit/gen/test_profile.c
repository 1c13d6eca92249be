/* SPDX-License-Identifier: BSD-3-Clause */
#include "gen_test.h"

#include <glob.h>

#include "pw_file.h"
#include "pw_gen_profile.h"

static struct pw_gen_profile *parse(const char *text, struct pw_conf_errors *errors)
{
	return pw_gen_profile_parse("p.yaml", text, strlen(text), errors);
}

static void full(void **state)
{
	struct pw_conf_errors errors;
	struct pw_gen_profile *p =
		parse("name: nat\n"
		      "duration: 1500ms\n"
		      "ports:\n"
		      "- {id: 1, engine: 5tswap, ip: [10.0.0.2/24, 2001:db8::2/64]}\n"
		      "streams:\n"
		      "- from: 0\n"
		      "  rate: 1.5Mpps\n"
		      "  size: {64: 3, 1518: 1}\n"
		      "  flows: 1000\n"
		      "  order: zipf\n"
		      "  src: 10.0.0.0/24\n"
		      "  dst: 10.96.0.10\n"
		      "  proto: [udp, tcp]\n"
		      "  src_port: 1024+100\n"
		      "  dst_port: 53\n"
		      "  size: 80-90\n",
			&errors);

	assert_null(p); /* size is there twice */
	assert_int_equal(errors.n, 1);
	assert_string_equal(
		errors.v[0], "p.yaml:16:3: streams[0].size: key is given twice; also at line 8");
	pw_conf_errors_free(&errors);
	p = parse("streams:\n"
		  "- {from: 2, rate: 50%, size: 68-1522, flows: 1000, src: 10.0.0.0/24, src_port: "
		  "1024+100,\n"
		  "   vlan: 100-103, verify: 1/8, expect: {dst: 10.1.0.1-10.1.0.4, dst_port: 8080, "
		  "hops: 1}}\n",
		&errors);
	assert_non_null(p);
	assert_int_equal(p->streams[0].to, 3);
	assert_string_equal(p->streams[0].name, "stream0");
	assert_int_equal(pw_gen_flows_product(&p->streams[0].frame.flows), 256 * 100 * 4);
	assert_int_equal(p->streams[0].expect.field[PW_GEN_DST_IP].n, 4);
	assert_int_equal(p->streams[0].expect.hops, 1);
	assert_int_equal(p->streams[0].verify_every, 8);
	assert_int_equal(p->streams[0].rate.line, 2);
	pw_gen_profile_free(p);
}

static const struct {
	const char *text, *error;
} wrong[] = {
	{"stream: []\n", "p.yaml:1:1: stream: unknown key; did you mean \"streams\"?"},
	{"streams:\n- {from: 0, rte: 1pps}\n",
		"p.yaml:2:13: streams[0].rte: unknown key; did you mean \"rate\"?"},
	{"streams:\n- {rate: 1pps}\n",
		"p.yaml:2:3: streams[0].from: missing; needed: port that sends it"},
	{"streams:\n- {from: 0, rate: 110%}\n", "p.yaml:2:19: streams[0].rate: 110% is more than "
						"the port's speed: no port can do that"},
	{"streams:\n- {from: 0, rate: fast}\n",
		"p.yaml:2:19: streams[0].rate: \"fast\" is not a rate; allowed: max, or a number "
		"with "
		"pps, kpps, Mpps, %, bps .. Gbps, bps-l2 .. Gbps-l2; example: 1.5Mpps"},
	{"streams:\n- {from: 0, flows: 300, src: 10.0.0.0/24}\n",
		"p.yaml:2:20: streams[0].flows: 300 flows do not fit the ranges: they have 256 "
		"combinations; widen src, dst, src_port or dst_port"},
	{"streams:\n- {from: 0, src: 10.0.0.0/8}\n",
		"p.yaml:2:3: streams[0].flows: the ranges have 16777216 combinations, more than "
		"the "
		"10000000 flows there may be; say how many of them with flows"},
	{"streams:\n- {from: 0, flows: 10000001}\n", "p.yaml:2:20: streams[0].flows: \"10000001\" "
						     "is not a whole number from 1 to 10000000"},
	{"streams:\n- {from: 0, proto: tcp}\n", "p.yaml:2:3: streams[0].size: frames of 64 bytes "
						"do not hold headers, stamp and FCS: 76 "
						"at least, or stamp: false"},
	{"streams:\n- {from: 0, size: 9217}\n",
		"p.yaml:2:19: streams[0].size: \"9217\" is not allowed; allowed: a size 64..9216 "
		"with "
		"FCS, a list, a range such as 64-1518, weights such as {64: 7, 1518: 1}, imix or "
		"imix-csit"},
	{"streams:\n- {from: 0, src: 10.0.0.5-10.0.0.1}\n",
		"p.yaml:2:18: streams[0].src: \"10.0.0.5-10.0.0.1\" is not allowed; allowed: an "
		"address, "
		"a range A-B, A+N for N addresses from A on, or a prefix; example: "
		"10.0.0.1-10.0.0.254"},
	{"streams:\n- {from: 0, dst: 2001:db8::1}\n",
		"p.yaml:2:18: streams[0].dst: source and destination are not of one family"},
	{"streams:\n- {from: 0, name: a}\n- {from: 1, name: a}\n",
		"p.yaml:3:19: streams[1].name: streams[0] has this name, too"},
	{"ports:\n- {id: 0, engine: fast}\n",
		"p.yaml:2:19: ports[0].engine: \"fast\" is not allowed; allowed: auto, io, mac, "
		"macswap, "
		"5tswap, icmpecho, rxonly, txonly, flowgen, flows, rr, conn or replay"},
	{"ports:\n- {id: 0}\n- {id: 0}\n",
		"p.yaml:3:8: ports[1].id: ports[0] is about this port, too"},
	{"duration: 10\n", "p.yaml:1:11: duration: \"10\" is not a time; allowed: a number with "
			   "ns, us, ms, s, m or "
			   "h; example: 10s"},
	{"rfc2544: {}\n", "p.yaml:1:10: rfc2544: needs streams"},
	{"streams:\n- {from: 0}\nrfc2544: {sizes: [64, 63]}\n",
		"p.yaml:3:23: rfc2544.sizes[1]: \"63\" is not a frame size; allowed: 64..9216, FCS "
		"counted"},
	{"conns:\n- {from: 0, dst_mac: 02:00:00:00:00:01, src: 10.0.0.1, dst: 10.0.0.2, src_port: "
	 "1-10}\n",
		"p.yaml:2:3: conns[0].open: 65536 connections at a time need as many client "
		"addresses "
		"and ports; the ranges have 10"},
	{"streams: [",
		"p.yaml:2:1: not valid YAML: did not find expected node content, while parsing a "
		"flow node at line 2; does a value begin with ':', as an IPv6 address may? It "
		"needs quotes"},
};

static void errors_name_their_place(void **state)
{
	for (size_t i = 0; i < PW_ARRAY_SIZE(wrong); i++) {
		struct pw_conf_errors errors;

		assert_null(parse(wrong[i].text, &errors));
		assert_int_equal(errors.n, 1);
		assert_string_equal(errors.v[0], wrong[i].error);
		pw_conf_errors_free(&errors);
	}
}

static void unreadable(void **state)
{
	struct pw_conf_errors errors;

	assert_null(pw_gen_profile_load("/nonexistent.yaml", &errors));
	assert_int_equal(errors.n, 1);
	assert_string_equal(
		errors.v[0], "/nonexistent.yaml: cannot be read: No such file or directory");
	pw_conf_errors_free(&errors);
}

static void shipped_profiles(void **state)
{
	glob_t found;

	assert_int_equal(glob(PW_SOURCE_ROOT "/config/gen/*.yaml", 0, NULL, &found), 0);
	assert_true(found.gl_pathc >= 4);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		struct pw_conf_errors errors;
		struct pw_gen_profile *p = pw_gen_profile_load(found.gl_pathv[i], &errors);

		if (p == NULL)
			fail_msg("%s", errors.n > 0 ? errors.v[0] : "no memory");
		pw_gen_profile_free(p);
	}
	globfree(&found);
}

static void reference_is_in_the_docs(void **state)
{
	char *reference = pw_gen_profile_reference(), *docs;
	size_t len;

	assert_int_equal(
		pw_file_read(PW_SOURCE_ROOT "/docs/benchmarking.md", 1 << 20, &docs, &len), 0);
	if (strstr(docs, reference) == NULL)
		fail_msg("docs/benchmarking.md is old: put the output of podway-gen reference into "
			 "it");
	free(reference);
	free(docs);
}

static void engine_names(void **state)
{
	enum pw_gen_engine engine;

	for (unsigned i = 0; i < PW_GEN_ENGINE_COUNT; i++) {
		assert_int_equal(pw_gen_engine_parse(pw_gen_engine_name(i), &engine), 0);
		assert_int_equal(engine, i);
	}
	assert_true(pw_gen_engine_parse("other", &engine) < 0);
}

TESTS_MAIN(cmocka_unit_test(full), cmocka_unit_test(errors_name_their_place),
	cmocka_unit_test(unreadable), cmocka_unit_test(shipped_profiles),
	cmocka_unit_test(reference_is_in_the_docs), cmocka_unit_test(engine_names))
