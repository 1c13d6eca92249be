/* SPDX-License-Identifier: BSD-3-Clause */
#include "port_test.h"

#include "pw_gso.h"

/* A device that keeps what it is given, up to `room` frames. */
struct sink {
	struct rte_mbuf *pkts[256];
	unsigned n, room;
};

static struct sink sink;

static void sink_tx(struct pw_port *port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n,
	struct pw_tx_result *result)
{
	assert_true(n <= PW_PORT_BURST);
	for (uint16_t i = 0; i < n; i++) {
		if (sink.n < sink.room) {
			sink.pkts[sink.n++] = pkts[i];
			result->sent++;
		} else {
			result->full++;
			rte_pktmbuf_free(pkts[i]);
		}
	}
}

static const struct pw_port_ops sink_ops = {.name = "sink", .tx = sink_tx};

static void send_burst(
	uint32_t caps, struct rte_mbuf **pkts, uint16_t n, struct pw_tx_result *result)
{
	struct pw_port port = {.ops = &sink_ops, .env = &test_env, .caps = caps};

	pw_port_tx_burst(&port, 0, pkts, n, result);
}

static int empty_sink(void **state)
{
	rte_pktmbuf_free_bulk(sink.pkts, sink.n);
	sink.n = 0;
	sink.room = PW_ARRAY_SIZE(sink.pkts);
	return pool_in_use() == 0 ? 0 : -1;
}

static const struct frame_spec tcp4 = {.version = 4, .proto = IPPROTO_TCP, .payload = 100};
static const struct frame_spec udp6 = {.version = 6, .proto = IPPROTO_UDP, .payload = 101};
static const struct frame_spec big4 = {.version = 4, .proto = IPPROTO_TCP, .payload = 60000};
static const struct frame_spec big6 = {.version = 6, .proto = IPPROTO_UDP, .payload = 12000};

static void capable_port_gets_it_untouched(void **state)
{
	struct rte_mbuf *pkts[] = {make_partial(&big4, 1448), make_partial(&udp6, 0)};
	struct rte_mbuf *want[] = {pkts[0], pkts[1]};
	struct pw_tx_result r;

	send_burst(~0u, pkts, 2, &r);
	assert_int_equal(r.sent, 2);
	assert_memory_equal(sink.pkts, want, sizeof(want));
	assert_true(pw_mbuf_is_partial(sink.pkts[0]) && pw_mbuf_is_gso(sink.pkts[0]));
}

static void checksum_is_finished(void **state)
{
	struct rte_mbuf *pkts[] = {
		make_partial(&tcp4, 0), make_frame(&udp6), make_partial(&udp6, 0)};
	struct pw_tx_result r;

	send_burst(PW_PORT_CAP_TX_MULTI_SEG, pkts, 3, &r);
	assert_int_equal(r.sent, 3);
	assert_full_checksum(sink.pkts[0], &tcp4);
	assert_full_checksum(sink.pkts[2], &udp6);
	assert_false(pw_mbuf_is_partial(sink.pkts[0]) || pw_mbuf_is_partial(sink.pkts[2]));
}

/* A frame that another port holds too keeps its bytes and its state. */
static void shared_frame_is_copied(void **state)
{
	struct rte_mbuf *m = make_partial(&tcp4, 0), *pkt = m;
	struct rte_mbuf *twin = rte_pktmbuf_clone(m, test_env.pool);
	uint8_t before[200];
	struct pw_tx_result r;

	memcpy(before, rte_pktmbuf_mtod(m, void *), m->pkt_len);
	rte_mbuf_refcnt_update(m, 1);
	send_burst(0, &pkt, 1, &r);
	assert_int_equal(r.sent, 1);
	assert_ptr_not_equal(sink.pkts[0], m);
	assert_full_checksum(sink.pkts[0], &tcp4);
	assert_true(pw_mbuf_is_partial(m));
	assert_memory_equal(rte_pktmbuf_mtod(m, void *), before, m->pkt_len);

	send_burst(0, &twin, 1, &r); /* a clone has its own metadata but shares the bytes */
	assert_int_equal(r.sent, 1);
	assert_full_checksum(sink.pkts[1], &tcp4);
	assert_memory_equal(rte_pktmbuf_mtod(m, void *), before, m->pkt_len);
	rte_pktmbuf_free(m);
}

static void check_segments(
	unsigned first, unsigned n, const struct frame_spec *whole, unsigned size)
{
	unsigned total = 0;

	for (unsigned i = first; i < first + n; i++) {
		struct frame_spec s = *whole;

		s.payload = sink.pkts[i]->pkt_len - frame_l2_len(&s) - frame_l3_len(&s) -
			    frame_l4_len(&s);
		assert_true(s.payload <= size);
		assert_full_checksum(sink.pkts[i], &s);
		total += s.payload;
	}
	assert_int_equal(total, whole->payload);
}

static void gso_is_segmented_in_order(void **state)
{
	struct rte_mbuf *pkts[] = {make_frame(&tcp4), make_partial(&big4, 1448), make_frame(&udp6),
		make_partial(&big6, 1200), make_frame(&tcp4)};
	struct pw_tx_result r;

	send_burst(PW_PORT_CAP_TX_PARTIAL | PW_PORT_CAP_TX_MULTI_SEG, pkts, 5, &r);
	assert_int_equal(r.sent, 5);
	assert_int_equal(sink.n, 1 + 42 + 1 + 10 + 1);
	check_segments(1, 42, &big4, 1448);
	check_segments(44, 10, &big6, 1200);
	assert_int_equal(sink.pkts[43]->pkt_len, 40 + 14 + 8 + 101);
}

/* TSO without USO: only the UDP frame is segmented. */
static void only_what_is_missing(void **state)
{
	struct rte_mbuf *pkts[] = {make_partial(&big4, 1448), make_partial(&big6, 1200)};
	struct pw_tx_result r;

	send_burst(PW_PORT_CAP_TX_PARTIAL | PW_PORT_CAP_TX_MULTI_SEG | PW_PORT_CAP_TX_TSO4, pkts, 2,
		&r);
	assert_int_equal(r.sent, 2);
	assert_int_equal(sink.n, 1 + 10);
	assert_true(pw_mbuf_is_gso(sink.pkts[0]));
}

static void chain_is_made_linear(void **state)
{
	static const struct frame_spec fits = {.version = 4, .proto = IPPROTO_UDP, .payload = 2030};
	struct rte_mbuf *pkts[] = {make_frame(&fits), make_frame(&big4)};
	struct pw_tx_result r;

	assert_int_equal(pkts[0]->nb_segs, 2);
	send_burst(PW_PORT_CAP_TX_PARTIAL, pkts, 2, &r);
	assert_int_equal(r.sent, 1);
	assert_int_equal(r.no_mbuf, 1); /* 60 KB fit no buffer */
	assert_int_equal(sink.pkts[0]->nb_segs, 1);
	assert_int_equal(sink.pkts[0]->pkt_len, 14 + 20 + 8 + 2030);
}

/* A queue that fills in the middle of a frame's segments loses that frame, once. */
static void full_queue(void **state)
{
	struct rte_mbuf *pkts[] = {make_frame(&tcp4), make_partial(&big4, 1448), make_frame(&tcp4)};
	struct pw_tx_result r;

	sink.room = 10;
	send_burst(0, pkts, 3, &r);
	assert_int_equal(r.sent, 1);
	assert_int_equal(r.full, 2);
}

static void contradiction_is_dropped(void **state)
{
	struct rte_mbuf *pkts[] = {make_partial(&tcp4, 0), make_partial(&big4, 1448)};
	struct pw_tx_result r;

	pkts[0]->l3_len = 400; /* behind the end */
	pkts[1]->tso_segsz = 0;
	send_burst(0, pkts, 2, &r);
	assert_int_equal(r.offload, 2);
	assert_int_equal(r.sent, 0);
}

/* Without a buffer for the segments the frame is lost and nothing leaks. */
static void no_memory(void **state)
{
	static struct rte_mbuf *hoard[TEST_POOL_SIZE];
	struct rte_mbuf *pkt = make_partial(&big4, 1448);
	unsigned n = rte_mempool_avail_count(test_env.pool);
	struct pw_tx_result r;

	assert_int_equal(rte_pktmbuf_alloc_bulk(test_env.pool, hoard, n), 0);
	send_burst(0, &pkt, 1, &r);
	assert_int_equal(r.no_mbuf, 1);
	rte_pktmbuf_free_bulk(hoard, n);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, empty_sink, empty_sink)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(capable_port_gets_it_untouched),
		TEST(checksum_is_finished),
		TEST(shared_frame_is_copied),
		TEST(gso_is_segmented_in_order),
		TEST(only_what_is_missing),
		TEST(chain_is_made_linear),
		TEST(full_queue),
		TEST(contradiction_is_dropped),
		TEST(no_memory),
	};

	return cmocka_run_group_tests(tests, start_eal, NULL);
}
