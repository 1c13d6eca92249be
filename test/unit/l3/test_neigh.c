/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "pw_clock.h"
#include "pw_neigh.h"
#include "pw_str.h"
#include "pw_util.h"

/*
 * Every callback writes a word into a log; a test compares the log of a step with what it expects:
 *   ?      broadcast request     !      unicast request
 *   I R S P F   changed to that state      -      removed
 *   +n     packet n released, resolved     xn     failed      on     pushed out of the queue
 */
struct world {
	struct pw_clock clock;
	struct pw_neigh_table *table;
	struct pw_str log;
	uint32_t used_sec;
};

static const struct pw_mac mac_a = {{2, 0, 0, 0, 0, 0xa}};
static const struct pw_mac mac_b = {{2, 0, 0, 0, 0, 0xb}};

#define IFACE 3
#define IP    1 /* any number will do */

/* Number n as an address; every third one is of IPv6. */
static const struct pw_ip *nth(uint32_t n)
{
	static struct pw_ip ip;

	ip = pw_ip_from_v4(n);
	if (n % 3 == 2)
		ip.family = PW_IPV6;
	return &ip;
}

static void on_request(void *ctx, const struct pw_neigh_info *info, const struct pw_mac *dst_mac)
{
	struct world *w = ctx;

	if (dst_mac != NULL)
		assert_true(pw_mac_equal(dst_mac, &info->mac));
	pw_str_add(&w->log, dst_mac == NULL ? "? " : "! ");
}

static void on_changed(void *ctx, const struct pw_neigh_info *info)
{
	struct world *w = ctx;

	pw_str_addf(&w->log, "%c ", "IRSPF"[info->state]);
}

static void on_release(
	void *ctx, const struct pw_neigh_info *info, void *pkt, bool resolved, bool overflow)
{
	struct world *w = ctx;
	char what = resolved ? '+' : overflow ? 'o' : 'x';

	pw_str_addf(&w->log, "%c%u ", what, (unsigned)(uintptr_t)pkt);
}

static void on_removed(void *ctx, const struct pw_neigh_info *info)
{
	struct world *w = ctx;

	pw_str_add(&w->log, "- ");
}

static uint32_t on_last_used(void *ctx, const struct pw_neigh_info *info)
{
	const struct world *w = ctx;

	/* A user pointer stands for an own time of use. */
	return info->user != NULL ? (uint32_t)(uintptr_t)info->user : w->used_sec;
}

static const struct pw_neigh_callbacks callbacks = {
	on_request, on_changed, on_release, on_removed, on_last_used};

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	pw_clock_fake_init(&w->clock, 1000 * PW_NS_PER_SEC);
	w->table = pw_neigh_create(512, 1024, &callbacks, w);
	*state = w;
	return w->table == NULL ? -1 : 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	pw_neigh_destroy(w->table);
	pw_str_free(&w->log);
	free(w);
	return 0;
}

static uint64_t now(const struct world *w)
{
	return pw_clock_now_ns(&w->clock);
}

static void expect(struct world *w, const char *log)
{
	char *got = pw_str_take(&w->log);

	assert_string_equal(got != NULL ? got : "", log);
	free(got);
}

/* Time goes by in ticks of 100 ms. */
static void pass_ms(struct world *w, uint64_t ms)
{
	for (uint64_t i = 0; i < ms / 100; i++) {
		pw_clock_fake_advance(&w->clock, 100 * PW_NS_PER_MSEC);
		pw_neigh_tick(w->table, now(w));
	}
}

static int hold_ip(struct world *w, uint32_t ip_be, uintptr_t pkt)
{
	return pw_neigh_hold(w->table, IFACE, nth(ip_be), (void *)pkt, 100, NULL, now(w));
}

static void hold(struct world *w, uintptr_t pkt)
{
	assert_int_equal(hold_ip(w, IP, pkt), 0);
}

static void heard(struct world *w, const struct pw_mac *mac, bool solicited)
{
	pw_neigh_heard(w->table, IFACE, nth(IP), mac, solicited, now(w));
}

static struct pw_neigh_info info_of(struct world *w)
{
	struct pw_neigh_info info;
	struct pw_neigh *neigh = pw_neigh_find(w->table, IFACE, nth(IP));

	assert_non_null(neigh);
	pw_neigh_info(neigh, now(w), &info);
	return info;
}

static void resolve(struct world *w)
{
	hold(w, 0);
	heard(w, &mac_a, true);
	expect(w, "? R ");
}

static void resolved_by_a_reply(void **state)
{
	struct world *w = *state;

	hold(w, 1);
	hold(w, 2);
	assert_int_equal(info_of(w).held, 2);
	struct pw_mac unknown = info_of(w).mac;

	assert_true(pw_mac_is_zero(&unknown));
	heard(w, &mac_a, true);
	expect(w, "? R +1 +2 ");
	hold(w, 3); /* punted before the worker knew */
	expect(w, "+3 ");
	assert_int_equal(info_of(w).state, PW_NEIGH_REACHABLE);
	struct pw_mac known = info_of(w).mac;

	assert_true(pw_mac_equal(&known, &mac_a));
}

static void three_requests_then_failed_then_gone(void **state)
{
	struct world *w = *state;

	hold(w, 1);
	expect(w, "? ");
	pass_ms(w, 900);
	expect(w, "");
	pass_ms(w, 100);
	expect(w, "? ");
	pass_ms(w, 1000);
	expect(w, "? ");
	pass_ms(w, 900);
	expect(w, "");
	pass_ms(w, 100);
	expect(w, "F x1 ");
	hold(w, 2); /* no new burst of requests for it */
	expect(w, "x2 ");
	pass_ms(w, 2900);
	assert_int_equal(info_of(w).state, PW_NEIGH_FAILED);
	pass_ms(w, 100);
	expect(w, "- ");
	assert_null(pw_neigh_find(w->table, IFACE, nth(IP)));
	hold(w, 3);
	expect(w, "? ");
}

static void a_late_reply_revives_a_failed_one(void **state)
{
	struct world *w = *state;

	hold(w, 1);
	pass_ms(w, 3000);
	expect(w, "? ? ? F x1 ");
	heard(w, &mac_a, true);
	expect(w, "R ");
	hold(w, 2);
	expect(w, "+2 ");
}

static void reachable_then_stale_then_gone_when_unused(void **state)
{
	struct world *w = *state;

	resolve(w);
	pass_ms(w, 29900);
	expect(w, "");
	assert_int_equal(info_of(w).age_sec, 29);
	pass_ms(w, 100);
	expect(w, "S ");
	pass_ms(w, 29900);
	expect(w, "");
	pass_ms(w, 100); /* 60 s after it was last heard of or used */
	expect(w, "- ");
	assert_int_equal(pw_neigh_count(w->table), 0);
}

static void use_puts_off_the_end_of_a_stale_one(void **state)
{
	struct world *w = *state;

	resolve(w);
	w->used_sec = 1020; /* while reachable */
	pass_ms(w, 79900);
	expect(w, "S ");
	pass_ms(w, 100);
	expect(w, "- ");
}

static void a_stale_one_in_use_is_probed_and_confirmed(void **state)
{
	struct world *w = *state;

	resolve(w);
	pass_ms(w, 30000);
	w->used_sec = 1030; /* the second in which it became stale: perhaps before */
	pass_ms(w, 100);
	expect(w, "S ");
	pass_ms(w, 800);
	w->used_sec = 1031;
	pass_ms(w, 100);
	expect(w, "P ! ");
	hold(w, 1); /* still used */
	expect(w, "+1 ");
	heard(w, &mac_a, true);
	expect(w, "R ");
	pass_ms(w, 29900);
	expect(w, "");
	pass_ms(w, 100);
	expect(w, "S ");
}

static void a_probe_without_reply_fails(void **state)
{
	struct world *w = *state;

	resolve(w);
	pass_ms(w, 30000);
	w->used_sec = 1040; /* a worker's clock may be ahead */
	pass_ms(w, 1000);
	expect(w, "S P ! ");
	pass_ms(w, 2000);
	expect(w, "! ! ");
	pass_ms(w, 1000);
	expect(w, "F ");
	pass_ms(w, 3000);
	expect(w, "- ");
}

static void unsolicited_news(void **state)
{
	struct world *w = *state;

	heard(w, &mac_a, false); /* never creates */
	assert_int_equal(pw_neigh_count(w->table), 0);
	hold(w, 1);
	heard(w, &mac_a, false); /* usable, but not proven */
	expect(w, "? S +1 ");
	heard(w, &mac_a, false);
	expect(w, "");
	heard(w, &mac_a, true);
	expect(w, "R ");
	heard(w, &mac_a, false); /* the same: no step back */
	heard(w, &mac_a, true);
	expect(w, "");
	heard(w, &mac_b, false); /* it moved */
	expect(w, "S ");
	assert_int_equal(info_of(w).mac.b[5], 0xb);
	heard(w, &mac_a, true);
	expect(w, "R ");
	heard(w, &mac_b, true); /* another MAC while reachable is news as well */
	expect(w, "R ");
}

static void senseless_macs_are_ignored(void **state)
{
	struct world *w = *state;
	const struct pw_mac zero = {{0}}, mcast = {{1, 0, 0x5e, 0, 0, 1}};

	hold(w, 1);
	heard(w, &zero, true);
	heard(w, &mcast, true);
	expect(w, "? ");
	assert_int_equal(info_of(w).state, PW_NEIGH_INCOMPLETE);
}

static void a_confirmation_restarts_the_30_seconds(void **state)
{
	struct world *w = *state;

	resolve(w);
	pass_ms(w, 20000);
	heard(w, &mac_a, true);
	pass_ms(w, 29900);
	expect(w, "");
	pass_ms(w, 100);
	expect(w, "S ");
}

static void at_most_101_packets_wait(void **state)
{
	struct world *w = *state;

	for (uintptr_t i = 1; i <= 101; i++)
		hold(w, i);
	expect(w, "? ");
	hold(w, 102);
	hold(w, 103);
	expect(w, "o1 o2 ");
	assert_int_equal(info_of(w).held, 101);
}

static void at_most_212992_bytes_wait(void **state)
{
	struct world *w = *state;

	for (uintptr_t i = 1; i <= 3; i++)
		pw_neigh_hold(w->table, IFACE, nth(IP), (void *)i, 65536, NULL, now(w));
	pw_neigh_hold(w->table, IFACE, nth(IP), (void *)4, 212992 - 3 * 65536, NULL, now(w));
	expect(w, "? ");
	hold(w, 5);
	expect(w, "o1 ");
	pw_neigh_hold(w->table, IFACE, nth(IP), (void *)6, 212992, NULL, now(w));
	expect(w, "o2 o3 o4 o5 ");
	pw_neigh_hold(w->table, IFACE, nth(IP), (void *)7, 300000, NULL, now(w)); /* alone it may */
	expect(w, "o6 ");
	heard(w, &mac_a, true);
	expect(w, "R +7 ");
}

/* The 1024th and one more; nobody answers. */
static void no_more_than_thresh3(void **state)
{
	struct world *w = *state;
	char *log;

	for (uint32_t i = 0; i < 1024; i++)
		assert_int_equal(hold_ip(w, i, 1), 0);
	assert_int_equal(hold_ip(w, 5000, 1), -ENOSPC);
	assert_int_equal(hold_ip(w, 1000, 1), 0); /* of a known one it still takes packets */
	assert_int_equal(pw_neigh_count(w->table), 1024);
	log = pw_str_take(&w->log);
	assert_int_equal(strlen(log), 2 * 1024); /* one request each, nobody pushed out */
	free(log);

	pass_ms(w, 3000); /* they fail, and make room */
	pw_str_free(&w->log);
	assert_int_equal(hold_ip(w, 5000, 1), 0);
	expect(w, "- ? ");
	assert_int_equal(pw_neigh_count(w->table), 1024);
}

static void above_thresh2_the_least_recently_used_goes(void **state)
{
	struct world *w = *state;

	for (uint32_t i = 0; i < 512; i++) {
		assert_int_equal(hold_ip(w, i, 0), 0);
		pw_neigh_heard(w->table, IFACE, nth(i), &mac_a, true, now(w));
	}
	pw_str_free(&w->log);
	assert_int_equal(hold_ip(w, 1000, 0), 0); /* all too fresh: grows */
	expect(w, "? ");
	assert_int_equal(pw_neigh_count(w->table), 513);

	pass_ms(w, 2500);
	pw_neigh_heard(w->table, IFACE, nth(0), &mac_a, true, now(w));
	pw_neigh_set_pinned(pw_neigh_find(w->table, IFACE, nth(1)), true);
	pw_neigh_set_user(pw_neigh_find(w->table, IFACE, nth(2)), (void *)(uintptr_t)1002);
	pw_neigh_heard(w->table, IFACE, nth(1000), &mac_a, true, now(w));
	pass_ms(w, 2500);
	pw_str_free(&w->log);
	assert_int_equal(hold_ip(w, 1001, 0), 0);
	expect(w, "- ? ");
	assert_non_null(pw_neigh_find(w->table, IFACE, nth(0))); /* heard of */
	assert_non_null(pw_neigh_find(w->table, IFACE, nth(1))); /* pinned */
	assert_non_null(pw_neigh_find(w->table, IFACE, nth(2))); /* used by the data path */
	assert_null(pw_neigh_find(w->table, IFACE, nth(3)));
	assert_non_null(pw_neigh_find(w->table, IFACE, nth(4)));
}

static void pinned_ones_do_not_age(void **state)
{
	struct world *w = *state;

	resolve(w);
	pw_neigh_set_pinned(pw_neigh_find(w->table, IFACE, nth(IP)), true);
	pass_ms(w, 200000);
	expect(w, "S ");
}

static void flush_and_delete_release_what_is_held(void **state)
{
	struct world *w = *state;

	hold(w, 1);
	assert_int_equal(pw_neigh_hold(w->table, 9, nth(IP), (void *)2, 100, NULL, now(w)), 0);
	expect(w, "? ? ");
	assert_int_equal(pw_neigh_flush_iface(w->table, 9), 1);
	expect(w, "x2 - ");
	assert_int_equal(pw_neigh_flush_iface(w->table, 9), 0);
	pw_neigh_delete(w->table, pw_neigh_find(w->table, IFACE, nth(IP)));
	expect(w, "x1 - ");
	hold(w, 3);
	pw_neigh_destroy(w->table);
	w->table = NULL;
	expect(w, "? x3 - ");
}

static bool count_one(void *arg, const struct pw_neigh_info *info)
{
	return ++*(int *)arg < 2;
}

static void foreach_stops(void **state)
{
	struct world *w = *state;
	int calls = 0;

	for (uint32_t i = 0; i < 3; i++)
		hold_ip(w, i, 0);
	pw_neigh_foreach(w->table, now(w), count_one, &calls);
	assert_int_equal(calls, 2);
}

static void bad_arguments(void **state)
{
	struct pw_neigh_callbacks incomplete = callbacks;

	incomplete.removed = NULL;
	assert_null(pw_neigh_create(0, 0, &callbacks, NULL));
	assert_int_equal(errno, EINVAL);
	assert_null(pw_neigh_create(11, 10, &callbacks, NULL));
	assert_int_equal(errno, EINVAL);
	assert_null(pw_neigh_create(5, 10, &incomplete, NULL));
	assert_int_equal(errno, EINVAL);
	pw_neigh_destroy(NULL);
	assert_string_equal(pw_neigh_state_name(PW_NEIGH_PROBE), "probe");
	assert_string_equal(pw_neigh_state_name((enum pw_neigh_state)99), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(resolved_by_a_reply),
		T(three_requests_then_failed_then_gone),
		T(a_late_reply_revives_a_failed_one),
		T(reachable_then_stale_then_gone_when_unused),
		T(use_puts_off_the_end_of_a_stale_one),
		T(a_stale_one_in_use_is_probed_and_confirmed),
		T(a_probe_without_reply_fails),
		T(unsolicited_news),
		T(senseless_macs_are_ignored),
		T(a_confirmation_restarts_the_30_seconds),
		T(at_most_101_packets_wait),
		T(at_most_212992_bytes_wait),
		T(no_more_than_thresh3),
		T(above_thresh2_the_least_recently_used_goes),
		T(pinned_ones_do_not_age),
		T(flush_and_delete_release_what_is_held),
		T(foreach_stops),
		T(bad_arguments),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
