/* SPDX-License-Identifier: BSD-3-Clause */
/* Packets to and from Services: translation, refusal, hairpin, identity flows, ports. */
#include "nat_test.h"

#define SYN 0x02
#define RST 0x04
#define ACK 0x10

static void tcp_both_ways(void **state)
{
	struct fixture fx;

	fx_open(&fx, 1024, 1);
	fx_service(&fx, IPPROTO_TCP, 1);
	check_becomes(
		&fx, tcp(CLIENT, 4000, VIP, 80, SYN), tcp(CLIENT, 4000, BACKEND(0), 8080, SYN));
	check_becomes(&fx, tcp(BACKEND(0), 8080, CLIENT, 4000, SYN | ACK),
		tcp(VIP, 80, CLIENT, 4000, SYN | ACK));
	check_becomes(
		&fx, tcp(CLIENT, 4000, VIP, 80, ACK), tcp(CLIENT, 4000, BACKEND(0), 8080, ACK));
	assert_string_equal(flows(&fx).last.state, "established");
	assert_int_equal(flows(&fx).last.kind, PW_FLOW_SERVICE);
	assert_int_equal(flows(&fx).last.snat_be, 0);
	assert_int_equal(stats(&fx).inserted, 1);
	assert_int_equal(stats(&fx).used, 1);
	fx_close(&fx);
}

/* Random addresses and ports of the VIP and its endpoint, all protocols and kinds of checksum. */
static void checksums(void **state)
{
	static const uint8_t protos[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP};
	uint8_t payload[100];
	uint64_t seed = 5;
	struct fixture fx;

	fx_open(&fx, 4096, 1);
	for (int i = 0; i < 2000; i++) {
		uint8_t proto = protos[i % 3];
		uint32_t vip = IP(10, 96, rnd(&seed) & 0xff, 1 + rnd(&seed) % 250);
		uint16_t port = 1 + rnd(&seed) % 60000, target = 1 + rnd(&seed) % 60000;
		uint32_t client = IP(10, 1 + rnd(&seed) % 90, rnd(&seed) & 0xff, 7);
		uint16_t sport = 1 + rnd(&seed) % 60000;
		struct frame_spec s = packet(proto, client, sport, vip, port);

		for (size_t k = 0; k < sizeof(payload); k++)
			payload[k] = rnd(&seed);
		s.payload = payload;
		s.payload_len = rnd(&seed) % sizeof(payload);
		if (proto == IPPROTO_TCP)
			s.tcp_flags = SYN;
		if (proto == IPPROTO_SCTP) {
			payload[0] = 1; /* INIT */
			s.payload_len = PW_MAX(s.payload_len, 4u);
		}
		s.no_udp_csum = rnd(&seed) % 4 == 0;
		s.partial = proto != IPPROTO_SCTP && !s.no_udp_csum && rnd(&seed) % 3 == 0;
		fx_service_on(&fx, vip, proto, port, i % 100, 1, target);

		struct frame_spec there = s;

		there.dst = BACKEND(i % 100);
		there.dport = target;
		check_becomes(&fx, s, there);

		struct frame_spec back = reply_to(there);

		back.tcp_flags = SYN | ACK;
		struct frame_spec want = reply_to(s);

		want.tcp_flags = SYN | ACK;
		check_becomes(&fx, back, want);
		assert_int_equal(pw_nat_service_del(fx.nat, ADDR(vip), htons(port), proto), 0);
		pw_limbo_run(fx.limbo, 100);
		pw_nat_age(fx.nat, 0, fx.now, 0);
		pw_nat_flush(fx.nat, &(struct pw_flow_filter){0});
	}
	fx_close(&fx);
}

static void refusals(void **state)
{
	struct fixture fx;

	fx_open(&fx, 1024, 1);
	fx_service_on(&fx, VIP, IPPROTO_TCP, 80, 0, 1, 8080);
	fx_service_on(&fx, VIP, IPPROTO_TCP, 81, 0, 0, 0);
	fx_service_on(&fx, VIP, IPPROTO_UDP, 53, 0, 0, 0);
	/* no endpoint */
	check_punt(&fx, tcp(CLIENT, 1, VIP, 81, SYN), PW_PUNT_TCP_RST);
	check_punt(&fx, tcp(CLIENT, 1, VIP, 81, ACK), PW_PUNT_TCP_RST);
	check_verdict(&fx, tcp(CLIENT, 1, VIP, 81, RST), PW_DROP_SVC_REJECT);
	check_punt(&fx, udp(CLIENT, 1, VIP, 53), PW_PUNT_ICMP_PORT);
	/* unknown port */
	check_punt(&fx, tcp(CLIENT, 1, VIP, 82, SYN), PW_PUNT_TCP_RST);
	check_punt(&fx, udp(CLIENT, 1, VIP, 80), PW_PUNT_ICMP_PORT);
	check_punt(&fx, packet(IPPROTO_SCTP, CLIENT, 1, VIP, 80), PW_PUNT_ICMP_PORT);
	/* mid-stream */
	check_punt(&fx, tcp(CLIENT, 1, VIP, 80, ACK), PW_PUNT_TCP_RST);
	check_punt(&fx, tcp(CLIENT, 1, VIP, 80, SYN | ACK), PW_PUNT_TCP_RST);
	check_verdict(&fx, tcp(CLIENT, 1, VIP, 80, RST | ACK), PW_DROP_SVC_REJECT);
	/* nobody's address of the service CIDR */
	check_verdict(&fx, tcp(CLIENT, 1, VIP + 1, 80, SYN), PW_DROP_VIP_UNKNOWN);
	check_verdict(&fx, udp(CLIENT, 1, VIP + 1, 80), PW_DROP_VIP_UNKNOWN);
	assert_int_equal(flows(&fx).n, 0);

	struct pw_nat_service_stats svc;
	uint32_t id = fx_service_on(&fx, VIP, IPPROTO_TCP, 81, 0, 0, 0);

	assert_int_equal(pw_nat_service_stats(fx.nat, id, &svc), 0);
	assert_int_equal(svc.no_endpoint, 3);
	fx_close(&fx);
}

static void echoes(void **state)
{
	struct fixture fx;
	struct frame_spec echo = packet(ICMP, CLIENT, 77, VIP, 0);

	fx_open(&fx, 1024, 1);
	fx_service(&fx, IPPROTO_UDP, 1);
	echo.icmp_type = ICMP_ECHO;
	check_passes(&fx, echo);
	echo.dst = VIP + 1;
	check_verdict(&fx, echo, PW_DROP_VIP_UNKNOWN);
	echo.dst = BACKEND(0);
	check_passes(&fx, echo);
	fx_close(&fx);
}

static void hairpin(void **state)
{
	struct fixture fx;

	fx_open(&fx, 1024, 1);
	fx_service(&fx, IPPROTO_TCP, 1);
	check_becomes(
		&fx, tcp(BACKEND(0), 4000, VIP, 80, SYN), tcp(SNAT, 4000, BACKEND(0), 8080, SYN));
	check_becomes(&fx, tcp(BACKEND(0), 8080, SNAT, 4000, SYN | ACK),
		tcp(VIP, 80, BACKEND(0), 4000, SYN | ACK));

	struct pw_flow_info info = flows(&fx).last;

	assert_int_equal(info.kind, PW_FLOW_HAIRPIN);
	assert_true(info.snat_be == ADDR(SNAT));
	assert_int_equal(info.snat_port_be, htons(4000));
	/* the port is taken: another Service of the same pod, from the same source port */
	fx_service_on(&fx, VIP + 1, IPPROTO_TCP, 80, 0, 1, 8080);

	struct frame_spec out = sent_as(&fx, tcp(BACKEND(0), 4000, VIP + 1, 80, SYN));

	assert_int_equal(out.src, SNAT);
	assert_int_not_equal(out.sport, 4000);
	assert_true(out.sport >= 1024);
	struct frame_spec back = sent_as(&fx, reply_to(out));

	assert_int_equal(back.src, VIP + 1);
	assert_int_equal(back.dport, 4000);
	pw_nat_set_snat_address(fx.nat, 0);
	check_verdict(&fx, tcp(BACKEND(0), 4001, VIP, 80, SYN), PW_DROP_SNAT_PORTS);
	fx_close(&fx);
}

/* The node is its own endpoint: what has its address on both ends would never be answered. */
static void hairpin_of_the_node(void **state)
{
	struct fixture fx;

	fx_open(&fx, 1024, 1);
	fx_service(&fx, IPPROTO_TCP, 1);
	pw_nat_set_snat_address(fx.nat, ADDR(BACKEND(0)));
	check_becomes(
		&fx, tcp(BACKEND(0), 4000, VIP, 80, SYN), tcp(VIP, 4000, BACKEND(0), 8080, SYN));
	check_becomes(&fx, tcp(BACKEND(0), 8080, VIP, 4000, SYN | ACK),
		tcp(VIP, 80, BACKEND(0), 4000, SYN | ACK));
	fx_close(&fx);
}

/* From one source port to the VIP and to the endpoint itself, in both orders. */
static void identity(void **state)
{
	struct fixture fx;

	for (int direct_first = 0; direct_first < 2; direct_first++) {
		struct frame_spec to_vip = tcp(CLIENT, 4000, VIP, 80, SYN);
		struct frame_spec direct = tcp(CLIENT, 4000, BACKEND(0), 8080, SYN);
		struct frame_spec a, b;

		fx_open(&fx, 1024, 1);
		fx_service(&fx, IPPROTO_TCP, 1);
		a = sent_as(&fx, direct_first ? direct : to_vip);
		b = sent_as(&fx, direct_first ? to_vip : direct);
		assert_int_equal(a.sport, 4000); /* who comes first keeps the port */
		assert_int_not_equal(b.sport, 4000);
		assert_int_equal(a.src, CLIENT);
		assert_int_equal(b.src, CLIENT);
		assert_int_equal(a.dst, BACKEND(0));
		assert_int_equal(b.dst, BACKEND(0));
		assert_int_equal(stats(&fx).reply_conflicts, 1);

		struct frame_spec back_a = sent_as(&fx, reply_to(a));
		struct frame_spec back_b = sent_as(&fx, reply_to(b));

		assert_int_equal(back_a.src, direct_first ? BACKEND(0) : VIP);
		assert_int_equal(back_b.src, direct_first ? VIP : BACKEND(0));
		assert_int_equal(back_a.dport, 4000);
		assert_int_equal(back_b.dport, 4000);
		assert_int_equal(flows(&fx).n, 2);
		fx_close(&fx);
	}
}

static void identity_alone(void **state)
{
	struct fixture fx;
	struct frame_spec direct = udp(CLIENT, 4000, BACKEND(0), 8080);

	fx_open(&fx, 1024, 1);
	fx_service(&fx, IPPROTO_UDP, 1);
	check_passes(&fx, direct);
	check_passes(&fx, reply_to(direct));
	assert_int_equal(flows(&fx).n, 1);
	assert_int_equal(flows(&fx).last.kind, PW_FLOW_IDENTITY);
	assert_string_equal(flows(&fx).last.state, "replied");
	/* another port of an endpoint's address, and what the endpoint sends by itself */
	check_passes(&fx, udp(CLIENT, 4000, BACKEND(0), 8081));
	check_passes(&fx, udp(BACKEND(0), 8080, ROUTER, 53));
	check_passes(&fx, tcp(CLIENT, 4000, BACKEND(0), 8080, SYN)); /* other protocol */
	assert_int_equal(flows(&fx).n, 1);
	fx_close(&fx);
}

/* 511 ports below 512: the 513th client of that class finds none, within bounds. */
static void ports_used_up(void **state)
{
	struct fixture fx;
	uint32_t refused = 0;
	bool used[512] = {false};

	fx_open(&fx, 4096, 1);
	for (uint32_t i = 0; i < 60; i++)
		fx_service_on(&fx, VIP + i, IPPROTO_UDP, 80, 0, 1, 8080);
	for (uint32_t i = 0; i < 60; i++) {
		for (uint16_t port = 1; port <= 10; port++) {
			struct pw_pkt pkt = send_spec(&fx, udp(CLIENT, port, VIP + i, 80));

			if (pkt.verdict == PW_DROP_SNAT_PORTS) {
				refused++;
			} else {
				assert_int_equal(pkt.verdict, PW_VERDICT_CONTINUE);
				assert_true(pw_nat_rewrite(fx.nat, &pkt));
				assert_int_equal(DST_OF(&pkt), BACKEND(0));
				assert_true(ntohs(pkt.sport_be) < 512);
				assert_false(used[ntohs(pkt.sport_be)]);
				used[ntohs(pkt.sport_be)] = true;
			}
			rte_pktmbuf_free(pkt.m);
		}
	}
	assert_true(refused >= 600 - 511);
	assert_true(refused < 400);
	assert_int_equal(flows(&fx).n, 600 - refused);
	fx_close(&fx);
}

static void one_batch(void **state)
{
	struct frame_spec spec = tcp(CLIENT, 4000, VIP, 80, SYN);
	struct pw_pkt pkts[PW_BATCH_MAX];
	struct pw_pkt *batch[PW_BATCH_MAX];
	struct fixture fx;

	fx_open(&fx, 1024, 1);
	fx_service(&fx, IPPROTO_TCP, 8);
	for (int i = 0; i < PW_BATCH_MAX; i++) {
		spec.sport = 4000 + i % 8;
		pkts[i] = parse_spec(&fx.pool, &spec, 0);
		batch[i] = &pkts[i];
	}
	pw_nat_process(fx.nat, 0, batch, PW_BATCH_MAX, fx.now);
	assert_int_equal(stats(&fx).inserted, 8);
	assert_int_equal(stats(&fx).existed, 0); /* found by the second look, without a claim */
	for (int i = 0; i < PW_BATCH_MAX; i++) {
		assert_true(pkts[i].flags & PW_PKT_NAT);
		assert_int_equal(pkts[i].flow, pkts[i % 8].flow);
		rte_pktmbuf_free(pkts[i].m);
	}
	fx_close(&fx);
}

/* Uniform over the endpoints: chi-square with 7 degrees of freedom, p = 1e-6 at 40. */
static void balance(void **state)
{
	uint32_t count[8] = {0};
	double chi = 0;
	struct fixture fx;

	fx_open(&fx, 16384, 1);
	fx_service(&fx, IPPROTO_UDP, 8);
	for (int i = 0; i < 8000; i++)
		count[sent_as(&fx, udp(CLIENT + i / 4000, 1024 + i % 4000, VIP, 80)).dst -
			BACKEND(0)]++;
	for (int i = 0; i < 8; i++)
		chi += (count[i] - 1000.0) * (count[i] - 1000.0) / 1000.0;
	assert_true(chi < 40);
	fx_close(&fx);
}

/* CT-4: nothing of a flow's packets - flags, sequence numbers, in any state - makes one pass
 * untranslated, or be dropped. */
static void never_untranslated(void **state)
{
	struct fixture fx;
	uint64_t seed = 4;

	fx_open(&fx, 256, 1);
	fx_service(&fx, IPPROTO_TCP, 1);
	for (unsigned i = 0; i < 5000; i++) {
		uint16_t port = (uint16_t)(40000 + rnd(&seed) % 8);
		struct frame_spec there = tcp(CLIENT, port, VIP, 80, 0x02), back;

		if (i % 16 == 0)
			fx_turn(&fx); /* a SYN on a closed flow uses a new line */
		sent_as(&fx, there);  /* there is a flow, new or old */
		there.tcp_flags = (uint8_t)rnd(&seed);
		there.seq = rnd(&seed);
		there.ack = rnd(&seed);
		back = tcp(BACKEND(0), 8080, CLIENT, port, (uint8_t)rnd(&seed));
		back.seq = rnd(&seed);
		assert_int_equal(sent_as(&fx, there).dst, BACKEND(0));
		assert_int_equal(sent_as(&fx, back).src, VIP);
	}
	fx_close(&fx);
}

static void reopen(void **state)
{
	struct fixture fx;
	struct frame_spec syn = tcp(CLIENT, 4000, VIP, 80, SYN);

	fx_open(&fx, 1024, 1);
	fx_service(&fx, IPPROTO_TCP, 1);
	sent_as(&fx, syn);
	sent_as(&fx, syn); /* again: same flow */
	assert_int_equal(stats(&fx).inserted, 1);
	/* the endpoint left before it answered: the next SYN goes to the new one */
	fx_service_on(&fx, VIP, IPPROTO_TCP, 80, 1, 1, 8080);
	assert_int_equal(sent_as(&fx, syn).dst, BACKEND(1));
	/* established: stays, although the endpoint leaves */
	sent_as(&fx, tcp(BACKEND(1), 8080, CLIENT, 4000, SYN | ACK));
	sent_as(&fx, tcp(CLIENT, 4000, VIP, 80, ACK));
	fx_service_on(&fx, VIP, IPPROTO_TCP, 80, 2, 1, 8080);
	fx_turn(&fx);
	assert_int_equal(sent_as(&fx, tcp(CLIENT, 4000, VIP, 80, ACK)).dst, BACKEND(1));
	/* closed by RST, and opened again from the same port */
	sent_as(&fx, tcp(BACKEND(1), 8080, CLIENT, 4000, RST));
	assert_string_equal(flows(&fx).last.state, "close");
	assert_int_equal(sent_as(&fx, syn).dst, BACKEND(2));
	assert_int_equal(flows(&fx).n, 1);
	assert_int_equal(stats(&fx).used, 1);
	/* the same with the endpoint still there: a new flow all the same, balanced anew */
	uint64_t before = stats(&fx).inserted;

	sent_as(&fx, tcp(BACKEND(2), 8080, CLIENT, 4000, SYN | ACK));
	sent_as(&fx, syn); /* a stray one does not count */
	assert_int_equal(stats(&fx).inserted, before);
	sent_as(&fx, tcp(BACKEND(2), 8080, CLIENT, 4000, RST));
	sent_as(&fx, syn);
	assert_int_equal(stats(&fx).inserted, before + 1);
	assert_string_equal(flows(&fx).last.state, "syn_sent");
	fx_close(&fx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tcp_both_ways),
		cmocka_unit_test(checksums),
		cmocka_unit_test(refusals),
		cmocka_unit_test(echoes),
		cmocka_unit_test(hairpin),
		cmocka_unit_test(hairpin_of_the_node),
		cmocka_unit_test(identity),
		cmocka_unit_test(identity_alone),
		cmocka_unit_test(ports_used_up),
		cmocka_unit_test(one_batch),
		cmocka_unit_test(balance),
		cmocka_unit_test(never_untranslated),
		cmocka_unit_test(reopen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
