/* SPDX-License-Identifier: BSD-3-Clause */
/* ICMP errors about translated flows, both directions, from ends and from routers (ICMP-5). */
#include "nat_test.h"

#define SYN 0x02
#define ACK 0x10

static uint8_t quoted[2000];

static struct frame_spec error_about(
	uint32_t src, uint32_t dst, uint8_t type, const struct frame_spec *inner)
{
	uint32_t len = frame_make(inner, quoted) - frame_l2_len(inner);
	struct frame_spec error = packet(ICMP, src, 0, dst, 0);

	error.icmp_type = type;
	error.icmp_code = 1;
	error.payload = quoted + frame_l2_len(inner);
	error.payload_len = len;
	return error;
}

/* Error from `src` about `inner`, sent to inner's source, arrives from `want_src` about `want`. */
static void check_error(struct fixture *fx, uint32_t src, struct frame_spec inner,
	uint32_t want_src, struct frame_spec want, uint8_t type)
{
	struct frame_spec error = error_about(src, inner.src, type, &inner);
	struct pw_pkt pkt = send_spec(fx, error);

	assert_int_equal(pkt.verdict, PW_VERDICT_CONTINUE);
	check_route(fx, &pkt, want.src);
	if (pkt.flags & PW_PKT_NAT)
		assert_true(pw_nat_rewrite(fx->nat, &pkt));
	error = error_about(want_src, want.src, type, &want);
	check_is_frame(&pkt, &error);
}

static void service(void **state)
{
	static const uint8_t protos[] = {IPPROTO_TCP, IPPROTO_UDP};
	static const uint8_t types[] = {ICMP_UNREACH, ICMP_TIME};

	for (int i = 0; i < 4; i++) {
		struct fixture fx;
		struct frame_spec in = packet(protos[i & 1], CLIENT, 4000, VIP, 80);
		struct frame_spec out = packet(protos[i & 1], CLIENT, 4000, BACKEND(0), 8080);
		struct frame_spec back_in = reply_to(out), back_out = reply_to(in);
		uint8_t type = types[i >> 1];

		fx_open(&fx, 64, 1);
		fx_service(&fx, protos[i & 1], 1);
		in.tcp_flags = out.tcp_flags = SYN;
		check_becomes(&fx, in, out);
		/* to the client: by the backend, by a router before it */
		check_error(&fx, BACKEND(0), out, VIP, in, type);
		check_error(&fx, ROUTER, out, ROUTER, in, type);
		/* to the backend: by the client, by a router before it */
		check_error(&fx, CLIENT, back_out, CLIENT, back_in, type);
		check_error(&fx, ROUTER, back_out, ROUTER, back_in, type);
		fx_close(&fx);
	}
}

static void hairpin(void **state)
{
	struct fixture fx;
	struct frame_spec in = udp(BACKEND(0), 4000, VIP, 80);
	struct frame_spec out = udp(SNAT, 4000, BACKEND(0), 8080);

	fx_open(&fx, 64, 1);
	fx_service(&fx, IPPROTO_UDP, 1);
	check_becomes(&fx, in, out);
	check_error(&fx, BACKEND(0), out, VIP, in, ICMP_UNREACH);
	check_error(&fx, BACKEND(0), reply_to(in), SNAT, reply_to(out), ICMP_UNREACH);
	fx_close(&fx);
}

static void foreign(void **state)
{
	struct fixture fx;
	struct frame_spec inner = udp(CLIENT, 4000, BACKEND(0), 8080);

	fx_open(&fx, 64, 1);
	fx_service(&fx, IPPROTO_UDP, 1);
	/* about no flow: passes as it is, unless it is for a VIP */
	check_error(&fx, BACKEND(0), inner, BACKEND(0), inner, ICMP_UNREACH);
	inner.src = VIP;
	check_verdict(&fx, error_about(ROUTER, VIP, ICMP_UNREACH, &inner), PW_DROP_ICMP_QUOTE);
	inner.src = VIP + 1;
	check_verdict(&fx, error_about(ROUTER, VIP + 1, ICMP_UNREACH, &inner), PW_DROP_VIP_UNKNOWN);
	/* a quote that is cut short */
	struct frame_spec cut = error_about(ROUTER, VIP, ICMP_UNREACH, &inner);

	cut.payload_len = frame_l3_len(&inner) + 2;
	check_verdict(&fx, cut, PW_DROP_ICMP_QUOTE);
	/* identity flows: nothing to translate */
	inner = udp(CLIENT, 4000, BACKEND(0), 8080);
	check_passes(&fx, inner);
	check_error(&fx, BACKEND(0), inner, BACKEND(0), inner, ICMP_UNREACH);
	/* errors neither refresh nor change a flow */
	assert_string_equal(flows(&fx).last.state, "new");
	fx_close(&fx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(service),
		cmocka_unit_test(hairpin),
		cmocka_unit_test(foreign),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
