/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Random packets, time, endpoint changes and flushes by two workers against a naive model of what a
 * UDP flow must do.
 */
#include "nat_test.h"

#define CLIENTS 40
#define VIPS    3
#define STEPS   60000

struct entry {
	bool live, replied;
	struct frame_spec out; /* what a packet to the VIP becomes */
	uint32_t last;
};

static struct entry entries[CLIENTS][VIPS];
static uint32_t set_first[VIPS], set_n[VIPS];
static uint64_t seed;

static bool in_set(uint32_t vip, uint32_t backend)
{
	return backend >= BACKEND(set_first[vip]) && backend < BACKEND(set_first[vip] + set_n[vip]);
}

static struct frame_spec run_packet(struct fixture *fx, struct frame_spec spec, uint8_t *verdict)
{
	struct pw_pkt pkt = send_by(fx, rnd(&seed) & 1, &spec);
	struct frame_spec now = spec;

	*verdict = pkt.verdict;
	if (pkt.flags & PW_PKT_NAT)
		assert_true(pw_nat_rewrite(fx->nat, &pkt));
	now.src = SRC_OF(&pkt);
	now.dst = DST_OF(&pkt);
	now.sport = ntohs(pkt.sport_be);
	now.dport = ntohs(pkt.dport_be);
	rte_pktmbuf_free(pkt.m);
	return now;
}

static bool same(const struct frame_spec *a, const struct frame_spec *b)
{
	return a->src == b->src && a->dst == b->dst && a->sport == b->sport && a->dport == b->dport;
}

static void send_to_vip(struct fixture *fx, uint32_t c, uint32_t v)
{
	struct entry *e = &entries[c][v];
	uint8_t verdict;
	struct frame_spec out =
		run_packet(fx, udp(CLIENT + c / 4, 5000 + c % 4, VIP + v, 80), &verdict);

	if (e->live) {
		assert_int_equal(verdict, PW_VERDICT_CONTINUE);
		assert_true(same(&out, &e->out));
	} else if (set_n[v] == 0) {
		assert_int_equal(verdict, PW_VERDICT_PUNT);
		return;
	} else {
		assert_int_equal(verdict, PW_VERDICT_CONTINUE);
		assert_true(in_set(v, out.dst));
		assert_int_equal(out.src, CLIENT + c / 4);
		*e = (struct entry){.live = true, .out = out};
		/* no other flow has the same reply key */
		for (uint32_t i = 0; i < CLIENTS; i++)
			for (uint32_t k = 0; k < VIPS; k++)
				assert_true(&entries[i][k] == e || !entries[i][k].live ||
					    !same(&entries[i][k].out, &out));
	}
	e->last = fx->now;
}

static void reply(struct fixture *fx, uint32_t c, uint32_t v)
{
	struct entry *e = &entries[c][v];
	struct frame_spec want = udp(VIP + v, 80, CLIENT + c / 4, 5000 + c % 4);
	uint8_t verdict;

	if (!e->live)
		return;

	struct frame_spec back = run_packet(fx, reply_to(e->out), &verdict);

	assert_int_equal(verdict, PW_VERDICT_CONTINUE);
	assert_true(same(&back, &want));
	e->replied = true;
	e->last = fx->now;
}

static uint32_t end_where(
	bool (*fn)(struct fixture *fx, uint32_t c, uint32_t v, struct entry *e), struct fixture *fx)
{
	uint32_t n = 0;

	for (uint32_t c = 0; c < CLIENTS; c++)
		for (uint32_t v = 0; v < VIPS; v++)
			if (entries[c][v].live && fn(fx, c, v, &entries[c][v])) {
				entries[c][v].live = false;
				n++;
			}
	return n;
}

static bool is_old(struct fixture *fx, uint32_t c, uint32_t v, struct entry *e)
{
	return fx->now - e->last >= (e->replied ? 120u : 30u);
}

static bool has_lost(struct fixture *fx, uint32_t c, uint32_t v, struct entry *e)
{
	return !in_set(v, e->out.dst);
}

static uint32_t flushed_client;

static bool is_flushed(struct fixture *fx, uint32_t c, uint32_t v, struct entry *e)
{
	return CLIENT + c / 4 == flushed_client;
}

static void change(struct fixture *fx, uint32_t v)
{
	set_first[v] = rnd(&seed) % 4;
	set_n[v] = rnd(&seed) % 8 == 0 ? 0 : 1 + rnd(&seed) % 4;
	fx_service_on(fx, VIP + v, IPPROTO_UDP, 80, set_first[v], set_n[v], 8080);
	fx_turn(fx);
	end_where(is_old, fx); /* the same pass */
	end_where(has_lost, fx);
}

static void step(struct fixture *fx)
{
	uint32_t c = rnd(&seed) % CLIENTS, v = rnd(&seed) % VIPS, what = rnd(&seed) % 1000;

	if (what < 500) {
		send_to_vip(fx, c, v);
	} else if (what < 980) {
		reply(fx, c, v);
	} else if (what < 990) {
		fx->now += 1 + rnd(&seed) % 20;
		pw_nat_age(fx->nat, 0, fx->now, 100000);
		end_where(is_old, fx);
	} else if (what < 997) {
		change(fx, v);
	} else {
		flushed_client = CLIENT + c / 4;

		struct pw_flow_filter filter = {.client_be = ADDR(flushed_client)};

		assert_int_equal(pw_nat_flush(fx->nat, &filter), end_where(is_flushed, fx));
	}
}

static void model(void **state)
{
	struct fixture fx;

	for (uint64_t round = 1; round <= 3; round++) {
		seed = round;
		memset(entries, 0, sizeof(entries));
		memset(set_n, 0, sizeof(set_n));
		fx_open(&fx, 512, 2);
		for (uint32_t v = 0; v < VIPS; v++)
			change(&fx, v);
		for (uint32_t i = 0; i < STEPS; i++) {
			uint32_t live = 0;

			step(&fx);
			pw_nat_age(fx.nat, i & 1, fx.now, 0); /* the end of an iteration */
			if (i % 100 != 0)
				continue;
			for (uint32_t k = 0; k < CLIENTS * VIPS; k++)
				live += entries[k / VIPS][k % VIPS].live;
			assert_int_equal(flows(&fx).n, live);
			assert_int_equal(stats(&fx).used, live);
		}
		assert_true(stats(&fx).reply_conflicts > 100);
		assert_int_equal(stats(&fx).full, 0);
		fx_close(&fx);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(model)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
