/* SPDX-License-Identifier: BSD-3-Clause */
/* Fragments of translated datagrams (ICMP-6): order, overlaps, bounds. */
#include <arpa/inet.h>
#include <netinet/in.h>

#include "nat_test.h"

#include "pw_util.h"

#define MF 0x2000

static const uint8_t data[16] = "sixteen bytes..";

static struct frame_spec fragment(
	uint32_t src, uint16_t sport, uint32_t dst, uint16_t dport, uint16_t id, uint16_t field)
{
	struct frame_spec s = udp(src, sport, dst, dport);

	s.id = id;
	s.frag = field;
	s.payload = data;
	s.payload_len = 16; /* with the UDP header: 24 bytes, 3 units */
	return s;
}

static struct frame_spec to_vip(uint16_t id, uint16_t unit, bool more)
{
	return fragment(CLIENT, 9, VIP, 80, id, (uint16_t)(unit | (more ? MF : 0)));
}

/* Without ports: addresses only change, the data do not. */
static void check_later(
	struct fixture *fx, struct pw_pkt *pkt, struct frame_spec was, uint32_t src, uint32_t dst)
{
	uint8_t got[FRAME_MAX], want[FRAME_MAX];

	assert_string_equal(pw_verdict_name(pkt->verdict), "continue");
	if (pkt->flags & PW_PKT_NAT)
		assert_true(pw_nat_rewrite(fx->nat, pkt));

	uint32_t len = fake_bytes(pkt->m, got);

	frame_make(&was, want);
	assert_memory_equal(got + 34, want + 34, len - 34);
	assert_int_equal(get32(got + 26), src);
	assert_int_equal(get32(got + 30), dst);
	assert_int_equal(sum_fold(sum_bytes(0, got + 14, 20)), 0xffff);
	rte_pktmbuf_free(pkt->m);
}

static void check_follows(struct fixture *fx, struct frame_spec s)
{
	struct pw_pkt pkt = send_spec(fx, s);

	check_later(fx, &pkt, s, s.src, BACKEND(0));
}

static void check_held(struct fixture *fx, struct frame_spec s)
{
	struct pw_pkt pkt = send_spec(fx, s); /* the mbuf is theirs now */

	assert_string_equal(pw_verdict_name(pkt.verdict), "held");
}

static struct pw_nat_released released(struct fixture *fx)
{
	struct pw_nat_released out = {0};

	pw_nat_released(fx->nat, 0, &out, 1);
	return out;
}

/* As the data plane does. */
static struct pw_pkt again(struct fixture *fx, struct rte_mbuf *m)
{
	struct pw_pkt pkt = parse_mbuf(m);
	struct pw_pkt *batch[1] = {&pkt};

	pkt.flags |= PW_PKT_REINJECTED;
	pw_nat_process(fx->nat, 0, batch, 1, fx->now);
	return pkt;
}

static void check_dropped_late(struct fixture *fx, enum pw_verdict why)
{
	struct pw_nat_released out = released(fx);

	assert_non_null(out.m);
	assert_string_equal(pw_verdict_name(out.verdict), pw_verdict_name(why));
	rte_pktmbuf_free(out.m);
}

static void open_fx(struct fixture *fx)
{
	struct pw_nat_params params = fx_params(256, 1);

	params.hold_bytes = 4 << 20;
	fx_open_with(fx, &params);
	fx_service(fx, IPPROTO_UDP, 1);
}

static void in_order(void **state)
{
	struct fixture fx;
	struct frame_spec out = fragment(CLIENT, 9, BACKEND(0), 8080, 7, MF);
	struct frame_spec back = fragment(BACKEND(0), 8080, CLIENT, 9, 70, MF);
	struct frame_spec there = fragment(VIP, 80, CLIENT, 9, 70, MF);

	open_fx(&fx);
	check_becomes(&fx, to_vip(7, 0, true), out);
	check_follows(&fx, to_vip(7, 3, true));
	check_follows(&fx, to_vip(7, 6, false));
	/* Complete and forgotten: the id is free again at once. */
	check_becomes(&fx, to_vip(7, 0, true), out);

	/* The answer. */
	check_becomes(&fx, back, there);
	back.frag = 3;

	struct pw_pkt pkt = send_spec(&fx, back);

	check_later(&fx, &pkt, back, VIP, CLIENT);
	fx_close(&fx);
}

/* First and later ones in one batch, in whatever order. */
static void one_batch(void **state)
{
	struct fixture fx;
	struct frame_spec later = to_vip(7, 3, false), first = to_vip(7, 0, true);

	open_fx(&fx);

	struct pw_pkt a = parse_spec(&fx.pool, &later, 0), b = parse_spec(&fx.pool, &first, 0);
	struct pw_pkt *batch[] = {&a, &b};

	pw_nat_process(fx.nat, 0, batch, 2, fx.now);
	check_later(&fx, &a, later, CLIENT, BACKEND(0));
	assert_true(b.flags & PW_PKT_NAT);
	rte_pktmbuf_free(b.m);
	fx_close(&fx);
}

static void late_first(void **state)
{
	struct fixture fx;
	struct frame_spec late[] = {to_vip(7, 6, false), to_vip(7, 3, true)};

	open_fx(&fx);
	check_held(&fx, late[0]);
	check_held(&fx, late[1]);
	assert_null(released(&fx).m);
	check_becomes(&fx, to_vip(7, 0, true), fragment(CLIENT, 9, BACKEND(0), 8080, 7, MF));
	for (unsigned i = 0; i < 2; i++) { /* in the order of arrival */
		struct pw_nat_released out = released(&fx);

		assert_non_null(out.m);
		assert_int_equal(out.verdict, PW_VERDICT_CONTINUE);

		struct pw_pkt pkt = again(&fx, out.m);

		check_later(&fx, &pkt, late[i], CLIENT, BACKEND(0));
	}
	assert_null(released(&fx).m);
	/* ... and is forgotten after all of them. */
	check_held(&fx, late[0]);
	fx_close(&fx);
}

/* An endpoint talks to others than its clients: nothing is translated, nothing lost. */
static void late_first_of_a_direct_datagram(void **state)
{
	struct fixture fx;
	struct frame_spec later = fragment(BACKEND(0), 5000, ROUTER, 53, 7, 3);
	struct frame_spec first = fragment(BACKEND(0), 5000, ROUTER, 53, 7, MF);

	open_fx(&fx);
	check_held(&fx, later);
	check_passes(&fx, first);

	struct pw_pkt pkt = again(&fx, released(&fx).m);

	check_later(&fx, &pkt, later, BACKEND(0), ROUTER);
	/* Others are not tracked at all. */
	later = fragment(CLIENT, 1, ROUTER, 2, 7, 3);
	pkt = send_spec(&fx, later);
	check_later(&fx, &pkt, later, CLIENT, ROUTER);
	fx_close(&fx);
}

static void timeout(void **state)
{
	struct fixture fx;

	open_fx(&fx);
	check_held(&fx, to_vip(7, 3, false));
	fx.now += 30;
	fx_turn(&fx);
	assert_null(released(&fx).m);
	fx.now += 1;
	fx_turn(&fx);
	check_dropped_late(&fx, PW_DROP_FRAG_TIMEOUT);
	/* A first one that comes now has a new datagram. */
	sent_as(&fx, to_vip(7, 0, true));
	fx_close(&fx);
}

static void overlaps(void **state)
{
	static const struct {
		uint16_t first, second; /* units; MF is set */
		bool first_is_last, second_is_last;
		enum pw_verdict want;
	} cases[] = {
		{3, 6, false, false, PW_VERDICT_CONTINUE},
		{3, 3, false, false, PW_DROP_FRAG_REPEAT},
		{3, 4, false, false, PW_DROP_FRAG_OVERLAP},
		{4, 3, false, false, PW_DROP_FRAG_OVERLAP},
		{3, 2, false, false, PW_DROP_FRAG_OVERLAP}, /* over the first one, too */
		{6, 9, true, false, PW_DROP_FRAG_OVERLAP},  /* behind the last one */
		{6, 3, true, true, PW_DROP_FRAG_OVERLAP},   /* two last ones */
		{6, 3, false, true, PW_DROP_FRAG_OVERLAP},  /* the last one before another */
	};

	for (size_t i = 0; i < PW_ARRAY_SIZE(cases); i++) {
		struct fixture fx;

		open_fx(&fx);
		sent_as(&fx, to_vip(7, 0, true));
		check_follows(&fx, to_vip(7, cases[i].first, !cases[i].first_is_last));
		if (cases[i].want == PW_VERDICT_CONTINUE)
			check_follows(&fx, to_vip(7, cases[i].second, true));
		else
			check_verdict(&fx, to_vip(7, cases[i].second, !cases[i].second_is_last),
				(uint8_t)cases[i].want);
		/* The rest goes the same way. */
		if (cases[i].want == PW_DROP_FRAG_OVERLAP)
			check_verdict(&fx, to_vip(7, 30, true), PW_DROP_FRAG_NAT);
		fx_close(&fx);
	}
}

/* The held ones go with the one that overlaps, and so does the first when it comes. */
static void overlap_while_held(void **state)
{
	struct fixture fx;

	open_fx(&fx);
	check_held(&fx, to_vip(7, 3, true));
	check_held(&fx, to_vip(7, 6, true));
	check_verdict(&fx, to_vip(7, 5, true), PW_DROP_FRAG_OVERLAP);
	check_dropped_late(&fx, PW_DROP_FRAG_OVERLAP);
	check_dropped_late(&fx, PW_DROP_FRAG_OVERLAP);
	check_verdict(&fx, to_vip(7, 0, true), PW_DROP_FRAG_NAT);
	/* A first one that overlaps. */
	check_held(&fx, to_vip(8, 2, true));
	check_verdict(&fx, to_vip(8, 0, true), PW_DROP_FRAG_OVERLAP);
	check_dropped_late(&fx, PW_DROP_FRAG_OVERLAP);
	fx_close(&fx);
}

static void bad_lengths(void **state)
{
	struct fixture fx;
	struct frame_spec odd = to_vip(7, 3, true);

	open_fx(&fx);
	odd.payload_len = 15; /* not a multiple of 8, and not the last one */
	check_verdict(&fx, odd, PW_DROP_FRAG_NAT);
	check_verdict(&fx, to_vip(7, 8191, false), PW_DROP_FRAG_NAT); /* beyond 65535 */
	fx_close(&fx);
}

/* An echo of an endpoint has no flow: its later fragments pass as the first one did, and are not held. */
static void echo_of_an_endpoint(void **state)
{
	struct fixture fx;
	struct frame_spec s = fragment(BACKEND(0), 7, CLIENT, 0, 7, MF);

	open_fx(&fx);
	s.proto = IPPROTO_ICMP;
	s.icmp_type = 0;

	struct pw_pkt first = send_spec(&fx, s);

	assert_string_equal(pw_verdict_name(first.verdict), "continue");
	rte_pktmbuf_free(first.m);
	s.frag = 3;

	struct pw_pkt later = send_spec(&fx, s);

	check_later(&fx, &later, s, BACKEND(0), CLIENT);
	fx_close(&fx);
}

/* What the first one met, the later ones meet. */
static void refused_first(void **state)
{
	struct fixture fx;

	open_fx(&fx);
	check_punt(&fx, fragment(CLIENT, 9, VIP, 81, 7, MF), PW_PUNT_ICMP_PORT);
	check_verdict(&fx, fragment(CLIENT, 9, VIP, 81, 7, 3), PW_DROP_FRAG_NAT);
	fx_close(&fx);
}

/* The flow has ended; then its line belongs to another one. */
static void flow_gone(void **state)
{
	struct fixture fx;

	open_fx(&fx);
	sent_as(&fx, to_vip(7, 0, true));
	pw_nat_flush(fx.nat, &(struct pw_flow_filter){0});
	check_verdict(&fx, to_vip(7, 3, true), PW_DROP_FRAG_NAT);
	fx_turn(&fx);
	for (uint16_t i = 0; i < 256; i++)
		sent_as(&fx, udp(CLIENT, (uint16_t)(100 + i), VIP, 80));
	check_verdict(&fx, to_vip(7, 6, true), PW_DROP_FRAG_NAT);
	fx_close(&fx);
}

static void bounds(void **state)
{
	struct pw_nat_params params = fx_params(256, 1);
	struct fixture fx;

	/* 64 fragments of a datagram. */
	open_fx(&fx);
	for (uint16_t i = 1; i <= 64; i++)
		check_held(&fx, to_vip(7, (uint16_t)(3 * i), true));
	check_verdict(&fx, to_vip(7, 3 * 65, true), PW_DROP_FRAG_LIMIT);
	for (unsigned i = 0; i < 64; i++)
		check_dropped_late(&fx, PW_DROP_FRAG_LIMIT);
	assert_null(released(&fx).m);
	/* 512 datagrams: the oldest makes room. */
	for (uint16_t i = 0; i < 512; i++)
		check_held(&fx, to_vip((uint16_t)(100 + i), 3, true));
	assert_null(released(&fx).m); /* it was the datagram above, which holds none */
	check_held(&fx, to_vip(1000, 3, true));
	check_dropped_late(&fx, PW_DROP_FRAG_LIMIT);
	fx_close(&fx);

	/* Bytes. */
	params.hold_bytes = 1000;
	fx_open_with(&fx, &params);
	fx_service(&fx, IPPROTO_UDP, 1);
	for (uint16_t i = 1; i <= 3; i++)
		check_held(&fx, to_vip(i, 3, true));
	check_verdict(&fx, to_vip(4, 3, true), PW_DROP_FRAG_LIMIT);
	sent_as(&fx, to_vip(1, 0, true));
	rte_pktmbuf_free(released(&fx).m);
	check_held(&fx, to_vip(5, 3, true));
	fx_close(&fx);

	/* None are held. */
	fx_open(&fx, 256, 1);
	fx_service(&fx, IPPROTO_UDP, 1);
	check_verdict(&fx, to_vip(1, 3, true), PW_DROP_FRAG_NAT);
	fx_close(&fx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_order),
		cmocka_unit_test(one_batch),
		cmocka_unit_test(late_first),
		cmocka_unit_test(late_first_of_a_direct_datagram),
		cmocka_unit_test(timeout),
		cmocka_unit_test(overlaps),
		cmocka_unit_test(overlap_while_held),
		cmocka_unit_test(bad_lengths),
		cmocka_unit_test(echo_of_an_endpoint),
		cmocka_unit_test(refused_first),
		cmocka_unit_test(flow_gone),
		cmocka_unit_test(bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
