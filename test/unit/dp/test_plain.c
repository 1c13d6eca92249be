/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The plain way and the stages must do the same to every frame.
 *
 * Two worlds get the same frames; in one of them each lies in two segments, which is not plain, so that the
 * stages take it. What leaves by each port, and in which order, what is dropped and why, what is punted and
 * what the ports count must be equal.
 */
#include "world.h"

#include "pw_csum.h"
#include "pw_nat.h"
#include "pw_plain.h"

#define BOUND_PORT  1 /* pod 10.0.0.1 */
#define LEARN_PORT  2
#define ROUTED_PORT 3
#define BACKEND     4 /* pod 10.0.0.4 */
#define ROUNDS      4000
#define TCP_ACK     0x10

static struct world worlds[2];
static uint8_t frame[2048];

static uint32_t ip_of(unsigned station)
{
	return 0x0a000000 + station;
}

static const uint32_t vip = 0x0a600001, far_net = 0x10000000;

static void add_adj(struct world *w, uint32_t ip, uint8_t len, const struct pw_adj *tmpl)
{
	struct pw_adj adj = *tmpl;
	int64_t index;

	adj.src_mac48 = ROUTER_MAC;
	adj.mtu = adj.mtu != 0 ? adj.mtu : 1500;
	index = pw_adj_alloc(w->adj, &adj);
	assert_true(index >= 0);
	assert_int_equal(pw_lpm4_set(w->lpm, htonl(ip), len, (uint32_t)index), 0);
}

static void add_routes(struct world *w)
{
	const struct pw_adj by_fdb = {.kind = PW_ADJ_FORWARD, .port = PW_PORT_NONE, .permanent = 1};
	const struct pw_adj routed = {.kind = PW_ADJ_FORWARD,
		.word = STATION(3) << 16 | PW_ADJ_RESOLVED,
		.port = ROUTED_PORT,
		.bridge = PW_BRIDGE_NONE};
	struct pw_adj adj;

	for (unsigned s = 1; s <= 5; s++) { /* station 5 is not in the FDB: flooded */
		adj = by_fdb;
		adj.word = STATION(s) << 16 | PW_ADJ_RESOLVED;
		add_adj(w, ip_of(s), 32, &adj);
	}
	add_adj(w, far_net, 8, &routed);
	adj = routed;
	adj.mtu = 120;
	add_adj(w, far_net + 0x10000, 16, &adj);
	adj = routed;
	adj.word = PW_ADJ_INCOMPLETE;
	add_adj(w, far_net + 0x20000, 16, &adj);
	adj = (struct pw_adj){.kind = PW_ADJ_BLACKHOLE, .port = PW_PORT_NONE};
	add_adj(w, far_net + 0x30000, 16, &adj);
	adj.kind = PW_ADJ_SERVICE;
	add_adj(w, vip & 0xffff0000, 16, &adj);
}

static void add_service(struct world *w, uint8_t proto)
{
	const struct pw_nat_endpoint eps[] = {
		{htonl(ip_of(BACKEND)), htons(8080)}, {htonl(far_net + 9), htons(8080)}};
	const struct pw_nat_service svc = {.vip_be = htonl(vip),
		.port_be = htons(80),
		.proto = proto,
		.endpoints = eps,
		.n_endpoints = 2};
	uint32_t id;

	assert_int_equal(pw_nat_service_set(w->nat, &svc, &id), 0);
}

static void make_world(struct world *w, bool services)
{
	static struct pw_binding bound;
	const struct pw_mac mac = {.b = {2, 0, 0, 0, 1, BOUND_PORT}};
	const struct pw_ip ip = {.family = PW_IPV4, .v4_be = htonl(ip_of(BOUND_PORT))};

	assert_int_equal(pw_binding_init(&bound, &mac, &ip, 1), 0);
	world_make(w, 1);
	world_bridge(w, 0, ROUTER_MAC);
	world_port(w, BOUND_PORT, 0, &bound);
	world_port(w, LEARN_PORT, 0, NULL);
	world_port(w, ROUTED_PORT, PW_BRIDGE_NONE, NULL);
	world_port(w, BACKEND, 0, NULL);
	for (uint16_t p = 1; p <= BACKEND; p++) {
		if (p != ROUTED_PORT)
			assert_int_equal(pw_fdb_set_static(w->fdb, 0, STATION(p), p), 0);
	}
	add_routes(w);
	if (services) {
		add_service(w, IPPROTO_TCP);
		add_service(w, IPPROTO_UDP);
	}
}

/* ---- frames ---- */

static uint64_t seed;

static uint32_t any_destination(void)
{
	switch (rnd(&seed) % 8) {
	case 0:
	case 1:
	case 2:
		return vip + (rnd(&seed) % 32 == 0);
	case 3:
		return far_net + (rnd(&seed) % 5 << 16) + 9; /* 4: as 0 */
	case 4:
		return 0x0b000000; /* no route */
	default:
		return ip_of(1 + rnd(&seed) % 5);
	}
}

static void put_mac(uint8_t *p, uint64_t mac48)
{
	for (unsigned i = 0; i < 6; i++)
		p[i] = (uint8_t)(mac48 >> (40 - 8 * i));
}

enum kind {
	ANY,      /* changes the states of connections */
	REQUESTS, /* only opens them */
	ANSWERS,  /* what answers a request cannot come in one batch with it */
};

static struct frame_spec any_spec(uint16_t port, enum kind kind)
{
	static const uint8_t payload[200];
	bool answer = kind == ANSWERS || (kind == ANY && rnd(&seed) % 4 == 0);
	struct frame_spec spec = {.proto = rnd(&seed) % 3 ? IPPROTO_TCP : IPPROTO_UDP,
		.src = port == ROUTED_PORT ? far_net + 9 : ip_of(port),
		.dst = any_destination(),
		.sport = (uint16_t)(1000 + rnd(&seed) % 4),
		.dport = rnd(&seed) % 16 == 0 ? 81 : 80,
		.ttl = (uint8_t)(rnd(&seed) % 8 == 0 ? rnd(&seed) % 3 : 64),
		.frag = rnd(&seed) % 2 ? 0x4000 : 0,
		.tcp_flags = kind == ANY       ? (uint8_t)(rnd(&seed) % 32)
			     : kind == ANSWERS ? TCP_ACK
					       : (uint8_t)(rnd(&seed) % 4 ? TCP_ACK : 0x02),
		.no_udp_csum = rnd(&seed) % 4 == 0,
		.payload = payload,
		.payload_len = rnd(&seed) % sizeof(payload)};

	if (answer) { /* perhaps of a backend */
		spec.sport = 8080;
		spec.dst = ip_of(1 + rnd(&seed) % 2);
		spec.dport = (uint16_t)(1000 + rnd(&seed) % 4);
	}
	return spec;
}

static uint32_t any_frame(uint16_t port, enum kind kind)
{
	struct frame_spec spec = any_spec(port, kind);
	uint32_t len = frame_make(&spec, frame);
	uint64_t src48 = STATION(rnd(&seed) % 32 ? port : 9);

	put_mac(frame, rnd(&seed) % 3 == 0 && port != ROUTED_PORT ? STATION(1 + rnd(&seed) % 5)
								  : ROUTER_MAC);
	put_mac(frame + 6, src48);
	switch (rnd(&seed) % 32) {
	case 0: /* anything wrong, mostly with the checksum */
		frame[rnd(&seed) % 54] ^= (uint8_t)(1 << rnd(&seed) % 8);
		break;
	case 1: /* wrong with a right checksum */
		frame[14 + rnd(&seed) % 20] ^= (uint8_t)(1 << rnd(&seed) % 8);
		put16(frame + 24, 0);
		put16(frame + 24, (uint16_t)~sum_fold(sum_bytes(0, frame + 14, 20)));
		break;
	case 2:
		len = rnd(&seed) % len + 1;
		break;
	case 3: /* padding */
		memset(frame + len, 0xee, 20);
		len += 20;
		break;
	}
	return len;
}

/* What a pod's device says of a checksum: mostly what fits the frame. */
struct offload {
	uint64_t flags;
	uint64_t l2_len, l3_len, l4_len;
};

static struct offload any_offload(void)
{
	static const uint8_t offsets[] = {16, 16, 6, 6, 20, 8, 0, 5};
	struct offload o = {0};
	uint32_t kind = rnd(&seed) % 8;

	if (kind < 3) {
		o.flags = RTE_MBUF_F_RX_L4_CKSUM_NONE;
		o.l2_len = kind == 0 && rnd(&seed) % 8 == 0 ? 0 : 14;
		o.l3_len = o.l2_len == 0 ? 0 : 20 + (rnd(&seed) % 16 == 0) * 8;
		o.l4_len = frame[23] == IPPROTO_TCP && rnd(&seed) % 4
				   ? 16
				   : offsets[rnd(&seed) % sizeof(offsets)];
	} else if (kind == 3) {
		o.flags = rnd(&seed) % 4 ? RTE_MBUF_F_RX_L4_CKSUM_GOOD : RTE_MBUF_F_RX_L4_CKSUM_BAD;
	}
	return o;
}

static void set_offload(struct rte_mbuf *m, const struct offload *o)
{
	m->ol_flags |= o->flags;
	m->l2_len = o->l2_len;
	m->l3_len = o->l3_len;
	m->l4_len = o->l4_len;
}

/* ---- the comparison ---- */

static void give(uint16_t port, uint32_t len)
{
	struct fake_port *fp = &worlds[1].ports[port];
	uint32_t step = 1 + rnd(&seed) % (len > 1 ? len - 1 : 1);
	struct offload o = any_offload();

	world_rx(&worlds[0], port, frame, len);
	fp->rx[fp->n_rx++] = fake_split(&worlds[1].pool, frame, len, PW_MAX(step, len / 4));
	for (unsigned i = 0; i < 2; i++)
		set_offload(worlds[i].ports[port].rx[worlds[i].ports[port].n_rx - 1], &o);
}

static void check_same(const struct rte_mbuf *a, const struct rte_mbuf *b)
{
	static uint8_t bytes[2][2048];

	assert_int_equal(fake_bytes(a, bytes[0]), fake_bytes(b, bytes[1]));
	assert_memory_equal(bytes[0], bytes[1], a->pkt_len);
	assert_int_equal(a->ol_flags, b->ol_flags);
	if (!pw_mbuf_is_partial(a)) /* then nobody looks at the lengths */
		return;
	assert_int_equal(a->l2_len, b->l2_len);
	assert_int_equal(a->l3_len, b->l3_len);
	assert_int_equal(a->l4_len, b->l4_len);
}

static void check_port(uint16_t port)
{
	struct pw_dp_port_stats stats[2];
	struct rte_mbuf *m[2];

	for (;;) {
		for (unsigned i = 0; i < 2; i++)
			m[i] = world_tx(&worlds[i], port);
		assert_int_equal(m[0] == NULL, m[1] == NULL);
		if (m[0] == NULL)
			break;
		check_same(m[0], m[1]);
		rte_pktmbuf_free(m[0]);
		rte_pktmbuf_free(m[1]);
	}
	for (unsigned i = 0; i < 2; i++)
		pw_dp_port_stats(worlds[i].dp, port, &stats[i]);
	assert_memory_equal(&stats[0], &stats[1], sizeof(stats[0]));
	for (unsigned r = PW_DROP_FIRST; r < PW_VERDICT_COUNT; r++)
		assert_int_equal(pw_dp_drops(worlds[0].dp, port, (enum pw_verdict)r),
			pw_dp_drops(worlds[1].dp, port, (enum pw_verdict)r));
}

struct learned {
	uint8_t sources[16][5]; /* [last digit][port] */
};

/* Each once: how often a source is told of depends on who its neighbours in the batch are. */
static const struct learned *learned(struct world *w)
{
	static struct learned both[2];
	struct learned *l = &both[w - worlds];
	struct pw_dp_learn learn;

	memset(l, 0, sizeof(*l));
	while (pw_dp_learns(w->dp, &learn, 1) == 1)
		l->sources[learn.mac48 & 15][learn.port] = 1;
	return l;
}

static void check_punts(void)
{
	struct pw_dp_punt punts[2];

	for (;;) {
		uint32_t n = pw_dp_punts(worlds[0].dp, &punts[0], 1);

		assert_int_equal(pw_dp_punts(worlds[1].dp, &punts[1], 1), n);
		if (n == 0)
			break;
		assert_int_equal(punts[0].reason, punts[1].reason);
		assert_int_equal(punts[0].in_port, punts[1].in_port);
		assert_int_equal(punts[0].m->pkt_len, punts[1].m->pkt_len);
		rte_pktmbuf_free(punts[0].m);
		rte_pktmbuf_free(punts[1].m);
	}
	assert_memory_equal(learned(&worlds[0]), learned(&worlds[1]), sizeof(struct learned));
}

/* A route changes now and then: what flows remember of it must not outlive it. */
static void change_routes(void)
{
	uint32_t via = rnd(&seed) % 2 ? ip_of(BACKEND) : far_net;

	for (unsigned i = 0; i < 2; i++) {
		uint32_t adj = pw_lpm4_get(worlds[i].lpm, htonl(via), via == far_net ? 8 : 32);

		assert_int_equal(pw_lpm4_set(worlds[i].lpm, htonl(far_net + 9), 32, adj), 0);
	}
}

static void run_worlds(uint32_t per_turn, bool services)
{
	uint64_t parsed[2];

	for (unsigned i = 0; i < 2; i++)
		make_world(&worlds[i], services);
	for (unsigned round = 0; round < ROUNDS; round++) {
		enum kind kind = rnd(&seed) % 3 ? REQUESTS : ANSWERS;
		uint32_t n = 1 + rnd(&seed) % per_turn;

		for (uint32_t k = 0; k < n; k++) {
			uint16_t port = (uint16_t)(1 + rnd(&seed) % 4);

			give(port, any_frame(port, per_turn == 1 ? ANY : kind));
		}
		if (rnd(&seed) % 64 == 0)
			change_routes();
		for (unsigned i = 0; i < 2; i++) {
			worlds[i].dp->workers[0]->now_sec++;
			worlds[i].dp->workers[0]->punt_left[1 + round % 4] = PUNT_PER_SEC;
			world_run(&worlds[i]);
		}
		for (uint16_t port = 1; port <= 4; port++)
			check_port(port);
		check_punts();
	}
	for (unsigned i = 0; i < 2; i++)
		parsed[i] = worlds[i].dp->workers[0]->counters.stages[PW_DP_STAGE_parse].packets;
	assert_true(parsed[0] < parsed[1] * 4 / 5); /* others took the plain way */
	for (unsigned i = 0; i < 2; i++)
		world_free(&worlds[i]);
}

static void one_by_one(void **state)
{
	(void)state;
	seed = 1;
	run_worlds(1, true);
}

static void in_batches(void **state)
{
	(void)state;
	seed = 2;
	run_worlds(40, true);
}

static void without_services(void **state)
{
	(void)state;
	seed = 3;
	run_worlds(40, false);
}

/* ---- what flows remember ---- */

static const uint8_t *sent_by(uint16_t port)
{
	static uint8_t bytes[2048];
	struct rte_mbuf *m = world_tx(&worlds[0], port);

	if (m == NULL)
		return NULL;
	fake_bytes(m, bytes);
	rte_pktmbuf_free(m);
	return bytes;
}

static uint32_t make_to_vip(uint8_t flags)
{
	const struct frame_spec spec = {.proto = IPPROTO_TCP,
		.src = ip_of(BOUND_PORT),
		.dst = vip,
		.sport = 5000,
		.dport = 80,
		.ttl = 64,
		.tcp_flags = flags};
	uint32_t len = frame_make(&spec, frame);

	put_mac(frame, ROUTER_MAC);
	put_mac(frame + 6, STATION(BOUND_PORT));
	return len;
}

static void send_to_vip(uint8_t flags)
{
	world_rx(&worlds[0], BOUND_PORT, frame, make_to_vip(flags));
	world_run(&worlds[0]);
}

static uint64_t parsed_so_far(void)
{
	return worlds[0].dp->workers[0]->counters.stages[PW_DP_STAGE_parse].packets;
}

static void a_flow_follows_its_route(void **state)
{
	struct world *w = &worlds[0];
	uint32_t there, here;
	uint64_t parsed;
	uint16_t port;

	(void)state;
	make_world(w, true);
	there = pw_lpm4_get(w->lpm, htonl(far_net), 8);
	here = pw_lpm4_get(w->lpm, htonl(ip_of(BACKEND)), 32);
	send_to_vip(0x02);
	port = w->ports[BACKEND].n_tx > 0 ? BACKEND : ROUTED_PORT;
	assert_non_null(sent_by(port));
	parsed = parsed_so_far();
	for (unsigned i = 0; i < 3; i++) { /* looked up, remembered */
		send_to_vip(TCP_ACK);
		assert_non_null(sent_by(port));
	}
	for (unsigned i = 0; i < 4; i++) {
		uint32_t adj = i % 2 ? here : there;

		assert_int_equal(pw_lpm4_set(w->lpm, htonl(ip_of(BACKEND)), 32, adj), 0);
		assert_int_equal(pw_lpm4_set(w->lpm, htonl(far_net + 9), 32, adj), 0);
		for (unsigned k = 0; k < 2; k++) {
			send_to_vip(TCP_ACK);
			assert_non_null(sent_by(i % 2 ? BACKEND : ROUTED_PORT));
		}
	}
	assert_int_equal(pw_lpm4_clear(w->lpm, htonl(far_net + 9), 32), 0);
	assert_int_equal(parsed_so_far(), parsed); /* all of them by the plain way */
	world_free(w);
}

/* A kernel pod's packets: only the pseudo-header's sum changes, by what the IP header's changes (CT-14). */
static void a_partial_checksum_goes_the_plain_way(void **state)
{
	struct world *w = &worlds[0];
	const struct offload tcp = {RTE_MBUF_F_RX_L4_CKSUM_NONE, 14, 20, 16};
	const uint8_t *sent;
	uint64_t parsed;
	uint16_t port, sum;

	(void)state;
	make_world(w, true);
	send_to_vip(0x02);
	port = w->ports[BACKEND].n_tx > 0 ? BACKEND : ROUTED_PORT;
	assert_non_null(sent_by(port));
	parsed = parsed_so_far();
	make_to_vip(TCP_ACK);
	sum = pw_csum_pseudo4(htonl(ip_of(BOUND_PORT)), htonl(vip), IPPROTO_TCP, 20);
	memcpy(frame + 50, &sum, 2);
	world_rx(w, BOUND_PORT, frame, 54);
	set_offload(w->ports[BOUND_PORT].rx[0], &tcp);
	world_run(w);
	sent = sent_by(port);
	assert_non_null(sent);
	assert_int_equal(
		pw_plain_load16(sent + 50), pw_csum_pseudo4(pw_plain_load32(sent + 26),
						    pw_plain_load32(sent + 30), IPPROTO_TCP, 20));
	assert_int_equal(parsed_so_far(), parsed);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_by_one),
		cmocka_unit_test(in_batches),
		cmocka_unit_test(without_services),
		cmocka_unit_test(a_flow_follows_its_route),
		cmocka_unit_test(a_partial_checksum_goes_the_plain_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
