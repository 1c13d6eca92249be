/* SPDX-License-Identifier: BSD-3-Clause */
/* IPv6 through the whole pipeline: routes, echoes, Services, what is refused. */
#include "world.h"

static struct world w;
static uint8_t frame[2048], want[2048], got[2048];

/* 2001:db8:: and these 32 bits (frames.h). Pods 1 and 3 are on bridge 0, pod 2 on a routed port. */
#define POD1    0x0a000001
#define POD2    0x0a000102
#define POD3    0x0a000003
#define GATEWAY 0x0a0000fe
#define VIP     0x0a600001

static void in6(uint32_t host, uint8_t ip[16])
{
	memset(ip, 0, 16);
	put32(ip, 0x20010db8);
	put32(ip + 12, host);
}

static uint32_t adj_to(uint16_t port, uint16_t bridge, uint64_t mac48)
{
	struct pw_adj tmpl = {.kind = PW_ADJ_FORWARD,
		.word = mac48 << 16 | PW_ADJ_RESOLVED,
		.src_mac48 = ROUTER_MAC,
		.port = port,
		.bridge = bridge,
		.permanent = 1,
		.mtu = 1500};

	return (uint32_t)pw_adj_alloc(w.adj, &tmpl);
}

static uint32_t adj_kind(enum pw_adj_kind kind)
{
	struct pw_adj tmpl = {.kind = (uint8_t)kind, .port = PW_PORT_NONE, .bridge = 0};

	return (uint32_t)pw_adj_alloc(w.adj, &tmpl);
}

static void route(uint32_t host, uint8_t len, uint32_t adj)
{
	uint8_t ip[16];

	in6(host, ip);
	assert_int_equal(pw_lpm6_set(w.lpm6, pw_prefix_key_v6(ip), len, adj), 0);
}

static int setup(void **state)
{
	world_make(&w, 2);
	world_bridge(&w, 0, ROUTER_MAC);
	world_port(&w, 1, 0, NULL);
	world_port(&w, 3, 0, NULL);
	world_port(&w, 2, PW_BRIDGE_NONE, NULL);
	assert_int_equal(pw_fdb_set_static(w.fdb, 0, STATION(1), 1), 0);
	assert_int_equal(pw_fdb_set_static(w.fdb, 0, STATION(3), 3), 0);
	route(POD1, 128, adj_to(1, 0, STATION(1)));
	route(POD2, 128, adj_to(2, PW_BRIDGE_NONE, STATION(2)));
	route(POD3, 128, adj_to(3, 0, STATION(3)));
	route(GATEWAY, 128, adj_kind(PW_ADJ_LOCAL));
	route(VIP, 128, adj_kind(PW_ADJ_SERVICE));
	return 0;
}

static int teardown(void **state)
{
	world_free(&w);
	return 0;
}

static void set_macs(uint8_t *out, uint64_t dst48, uint64_t src48)
{
	for (unsigned i = 0; i < 6; i++) {
		out[i] = (uint8_t)(dst48 >> (40 - 8 * i));
		out[6 + i] = (uint8_t)(src48 >> (40 - 8 * i));
	}
}

static struct frame_spec packet(
	uint8_t proto, uint32_t src, uint16_t sport, uint32_t dst, uint16_t dport)
{
	return (struct frame_spec){.ipv6 = true,
		.src = src,
		.dst = dst,
		.sport = sport,
		.dport = dport,
		.proto = proto,
		.ttl = 64,
		.tcp_flags = 2};
}

static void transmit(uint16_t port, struct frame_spec spec, uint64_t dst48)
{
	uint32_t len = frame_make(&spec, frame);

	set_macs(frame, dst48, STATION(port));
	world_rx(&w, port, frame, len);
	world_run(&w);
}

/* What leaves by the port, byte for byte; from the router's MAC, unless src48 says otherwise. */
static void check_from(uint16_t port, struct frame_spec spec, uint64_t src48)
{
	struct rte_mbuf *m = world_tx(&w, port);
	uint32_t len = frame_make(&spec, want);

	assert_non_null(m);
	set_macs(want, STATION(port), src48);
	assert_int_equal(fake_bytes(m, got), len);
	assert_memory_equal(got, want, len);
	rte_pktmbuf_free(m);
}

static void check_routed(uint16_t port, struct frame_spec spec)
{
	spec.ttl = 63;
	check_from(port, spec, ROUTER_MAC);
}

static void add_service(uint8_t proto, uint32_t backend);

/* The one punt there is; its packet is as it was sent. */
static struct pw_dp_punt expect_punt(enum pw_punt reason)
{
	struct pw_dp_punt punt;

	assert_int_equal(pw_dp_punts(w.dp, &punt, 1), 1);
	assert_string_equal(pw_punt_name(punt.reason), pw_punt_name(reason));
	assert_memory_equal(rte_pktmbuf_mtod(punt.m, void *), frame, punt.m->data_len);
	return punt;
}

static void punts(struct frame_spec spec, enum pw_punt reason)
{
	transmit(1, spec, ROUTER_MAC);
	rte_pktmbuf_free(expect_punt(reason).m);
}

static void routed_with_hop_limit(void **state)
{
	struct frame_spec s = packet(IPPROTO_UDP, POD1, 1000, POD2, 2000);

	transmit(1, s, ROUTER_MAC);
	check_routed(2, s);
	s.ttl = 1;
	punts(s, PW_PUNT_ICMP_TTL);
}

static void bridged_untouched(void **state)
{
	struct frame_spec s = packet(IPPROTO_UDP, POD1, 1000, POD3, 2000);

	transmit(1, s, STATION(3));
	check_from(3, s, STATION(1));
}

static void longest_prefix_and_kinds(void **state)
{
	struct pw_dp_punt punt;
	struct pw_ip want6 = {.family = PW_IPV6};

	route(0x0b000000, 104, adj_kind(PW_ADJ_BLACKHOLE));
	route(0x0b010000, 112, adj_kind(PW_ADJ_PROHIBIT));
	route(0x0b010100, 120, adj_kind(PW_ADJ_UNREACHABLE));
	route(0x0b010180, 121, adj_kind(PW_ADJ_GLEAN));
	transmit(1, packet(IPPROTO_UDP, POD1, 1, 0x0b020000, 2), ROUTER_MAC);
	assert_int_equal(world_drops(&w, PW_DROP_BLACKHOLE), 1);
	punts(packet(IPPROTO_UDP, POD1, 1, 0x0b010200, 2), PW_PUNT_ICMP_ADMIN);
	punts(packet(IPPROTO_UDP, POD1, 1, 0x0b010101, 2), PW_PUNT_ICMP_NET);
	punts(packet(IPPROTO_UDP, POD1, 1, 0x0c000000, 2), PW_PUNT_ICMP_NET);
	transmit(1, packet(IPPROTO_UDP, POD1, 1, 0x0b010181, 2), ROUTER_MAC);
	punt = expect_punt(PW_PUNT_NEIGH);
	in6(0x0b010181, want6.b);
	assert_true(pw_ip_equal(&punt.route_dst, &want6));
	rte_pktmbuf_free(punt.m);
}

static void too_big_for_the_way_out(void **state)
{
	struct pw_adj tmpl = *pw_adj_array(w.adj);
	struct frame_spec s = packet(IPPROTO_UDP, POD1, 1000, POD2, 2000);

	tmpl.mtu = 100;
	tmpl.port = 2;
	tmpl.bridge = PW_BRIDGE_NONE;
	route(POD2, 128, (uint32_t)pw_adj_alloc(w.adj, &tmpl));
	s.payload_len = 100;
	s.payload = got;
	punts(s, PW_PUNT_ICMP_MTU);
}

/* A next hop that is not known yet: held, and given back when it is. */
static void unresolved_next_hop(void **state)
{
	uint32_t adj = adj_to(2, PW_BRIDGE_NONE, 0);
	struct frame_spec s = packet(IPPROTO_UDP, POD1, 1000, POD2, 2000);
	struct pw_dp_punt punt;

	pw_adj_set_mac(w.adj, adj, 0, PW_ADJ_INCOMPLETE);
	route(POD2, 128, adj);
	transmit(1, s, ROUTER_MAC);
	punt = expect_punt(PW_PUNT_NEIGH);
	assert_int_equal(punt.adj, adj);
	pw_adj_set_mac(w.adj, adj, STATION(2), PW_ADJ_RESOLVED);
	assert_int_equal(pw_dp_inject(w.dp, punt.m, PW_DP_INJECT_AGAIN, 1), 0);
	world_run(&w);
	check_routed(2, s);
	pw_adj_set_mac(w.adj, adj, 0, PW_ADJ_FAILED);
	punts(s, PW_PUNT_ICMP_HOST);
}

/* The address to resolve is that of the endpoint, which is not in the packet. */
static void translated_destination_is_resolved(void **state)
{
	struct pw_ip want6 = {.family = PW_IPV6};
	struct pw_dp_punt punt;

	route(0x0b010000, 112, adj_kind(PW_ADJ_GLEAN));
	add_service(IPPROTO_UDP, 0x0b010007);
	transmit(1, packet(IPPROTO_UDP, POD1, 4000, VIP, 80), ROUTER_MAC);
	punt = expect_punt(PW_PUNT_NEIGH);
	in6(0x0b010007, want6.b);
	assert_true(pw_ip_equal(&punt.route_dst, &want6));
	rte_pktmbuf_free(punt.m);
}

/* Solicitations by multicast and ND to the router's MAC go to the control thread, not to the bridge. */
static void neighbour_discovery(void **state)
{
	struct frame_spec s = packet(IPPROTO_ICMPV6, POD1, 0, POD3, 0);

	s.icmp_type = 135;
	transmit(1, s, UINT64_C(0x3333ff000003));
	rte_pktmbuf_free(expect_punt(PW_PUNT_ND).m);
	punts(s, PW_PUNT_ND);
	transmit(2, s, UINT64_C(0x3333ff000003)); /* routed port */
	rte_pktmbuf_free(expect_punt(PW_PUNT_ND).m);
	transmit(1, s, STATION(3)); /* a probe of a neighbour */
	check_from(3, s, STATION(1));
	s.icmp_type = 143; /* MLD */
	transmit(1, s, UINT64_C(0x333300000016));
	assert_int_equal(world_tx_drain(&w, 3), 1);
}

static void echo_of(uint32_t address)
{
	struct frame_spec s = packet(IPPROTO_ICMPV6, POD1, 77, address, 0);

	s.icmp_type = 128;
	transmit(1, s, ROUTER_MAC);
	s.src = address;
	s.dst = POD1;
	s.icmp_type = 129;
	check_from(1, s, ROUTER_MAC);
}

static void echoes_are_answered(void **state)
{
	struct frame_spec s = packet(IPPROTO_UDP, POD1, 1000, GATEWAY, 2000);

	echo_of(GATEWAY);
	echo_of(VIP);
	punts(s, PW_PUNT_ICMP_PORT);
	s.proto = IPPROTO_TCP;
	punts(s, PW_PUNT_TCP_RST);
	s.proto = IPPROTO_SCTP;
	punts(s, PW_PUNT_ICMP_PROTO);
}

static void add_service(uint8_t proto, uint32_t backend)
{
	struct pw_nat6_endpoint endpoint = {.port_be = htons(8080)};
	struct pw_nat6_service svc = {
		.port_be = htons(80), .proto = proto, .endpoints = &endpoint, .n_endpoints = 1};
	uint8_t ip[16];

	in6(backend, ip);
	endpoint.ip_be = pw_in6_load(ip);
	in6(VIP, ip);
	svc.vip_be = pw_in6_load(ip);
	assert_int_equal(pw_nat6_service_set(w.nat6, &svc, NULL), 0);
}

/* Routed to the backend, and back; and a backend in the client's own subnet, which answers by
 * bridge. */
static void services(void **state)
{
	static const uint8_t protos[] = {IPPROTO_TCP, IPPROTO_UDP};
	static const uint32_t backends[] = {POD2, POD3};

	for (int i = 0; i < 4; i++) {
		uint8_t proto = protos[i & 1];
		uint32_t backend = backends[i >> 1];
		uint16_t port = backend == POD2 ? 2 : 3;

		add_service(proto, backend);
		transmit(1, packet(proto, POD1, 4000 + i, VIP, 80), ROUTER_MAC);
		check_routed(port, packet(proto, POD1, 4000 + i, backend, 8080));

		struct frame_spec back = packet(proto, VIP, 80, POD1, 4000 + i);

		back.tcp_flags = 0x12;
		struct frame_spec reply = packet(proto, backend, 8080, POD1, 4000 + i);

		reply.tcp_flags = 0x12;
		if (port == 2) {
			transmit(2, reply, ROUTER_MAC);
			check_routed(1, back);
		} else {
			transmit(3, reply, STATION(1));
			check_from(1, back, STATION(3));
		}
	}
	transmit(1, packet(IPPROTO_TCP, POD1, 5000, VIP, 81), ROUTER_MAC);

	struct pw_dp_punt punt;

	assert_int_equal(pw_dp_punts(w.dp, &punt, 1), 1);
	assert_int_equal(punt.reason, PW_PUNT_TCP_RST);
	rte_pktmbuf_free(punt.m);
}

static void send_link_local(bool source, uint32_t dst)
{
	struct frame_spec s = packet(IPPROTO_UDP, POD1, 1000, dst, 2000);
	uint32_t len = frame_make(&s, frame);

	set_macs(frame, ROUTER_MAC, STATION(1));
	frame[source ? 22 : 38] = 0xfe;
	frame[source ? 23 : 39] = 0x80;
	world_rx(&w, 1, frame, len);
	world_run(&w);
}

/* Link-local addresses are spoken to, but not forwarded for. */
static void link_local(void **state)
{
	send_link_local(true, POD2);
	rte_pktmbuf_free(expect_punt(PW_PUNT_ICMP_SCOPE).m);
	send_link_local(true, GATEWAY);
	rte_pktmbuf_free(expect_punt(PW_PUNT_LINK).m);
	send_link_local(false, POD2);
	rte_pktmbuf_free(expect_punt(PW_PUNT_LINK).m);
}

/* Both families in one batch: each has its own way. */
static void mixed_batch(void **state)
{
	struct frame_spec six = packet(IPPROTO_UDP, POD1, 1000, POD2, 2000), four = six;
	uint32_t adj = adj_to(2, PW_BRIDGE_NONE, STATION(2));

	four.ipv6 = false;
	assert_int_equal(pw_lpm4_set(w.lpm, htonl(POD2), 32, adj), 0);
	for (unsigned i = 0; i < 8; i++) {
		uint32_t len = frame_make(i % 2 == 0 ? &six : &four, frame);

		set_macs(frame, ROUTER_MAC, STATION(1));
		world_rx(&w, 1, frame, len);
	}
	world_run(&w);
	for (unsigned i = 0; i < 8; i++)
		check_routed(2, i % 2 == 0 ? six : four);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(routed_with_hop_limit),
		T(bridged_untouched),
		T(longest_prefix_and_kinds),
		T(echoes_are_answered),
		T(services),
		T(too_big_for_the_way_out),
		T(unresolved_next_hop),
		T(translated_destination_is_resolved),
		T(neighbour_discovery),
		T(link_local),
		T(mixed_batch),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
