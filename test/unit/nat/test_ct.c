/* SPDX-License-Identifier: BSD-3-Clause */
/* Protocol states: tables against sequences of packets, and properties over all events. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <netinet/in.h>

#include "ct.h"
#include "pw_util.h"

/* Lower case: by the client, upper case: by the backend. s SYN, a ACK, b SYN+ACK, f FIN, r RST. */
static uint8_t flags_of(char c)
{
	switch (c | 0x20) {
	case 's':
		return TCP_SYN;
	case 'b':
		return TCP_SYN | TCP_ACK;
	case 'f':
		return TCP_FIN | TCP_ACK;
	case 'r':
		return TCP_RST | TCP_ACK;
	case 'n':
		return 0;
	default:
		return TCP_ACK;
	}
}

static const struct ct_state *tcp_after(const char *packets)
{
	uint8_t state = ct_first(&ct_tcp, flags_of(packets[0]));

	for (const char *p = packets + 1; *p; p++)
		state = ct_next(&ct_tcp, state, *p >= 'a' ? FLOW_ORIG : FLOW_REPLY, flags_of(*p));
	return &ct_tcp.states[state];
}

static const struct {
	const char *packets, *state;
	uint32_t timeout_sec;
} tcp_cases[] = {
	{"s", "syn_sent", 120},
	{"ss", "syn_sent", 120},
	{"sB", "syn_recv", 60},
	{"sBB", "syn_recv", 60},
	{"sBs", "syn_recv", 60},
	{"sBA", "syn_recv", 60},
	{"sBa", "established", 86400},
	{"sBaAaA", "established", 86400},
	{"sBas", "established", 86400}, /* a stray SYN does no harm */
	{"sBaB", "established", 86400},
	{"sS", "syn_sent2", 120}, /* simultaneous open */
	{"sSb", "syn_recv", 60},
	{"sSBa", "established", 86400},
	{"sBaf", "fin_wait", 120},
	{"sBaff", "fin_wait", 120}, /* sent again */
	{"sBafa", "fin_wait", 120},
	{"sBafA", "close_wait", 3600},
	{"sBafAAAA", "close_wait", 3600}, /* half-closed, data goes on */
	{"sBafAf", "close_wait", 3600},
	{"sBafAF", "last_ack", 30},
	{"sBafAFa", "time_wait", 120},
	{"sBaF", "fin_wait", 120},
	{"sBaFF", "fin_wait", 120},
	{"sBaFa", "close_wait", 3600},
	{"sBaFaF", "close_wait", 3600},
	{"sBaFaf", "last_ack", 30},
	{"sBaFafA", "time_wait", 120},
	{"sBafF", "last_ack", 30}, /* simultaneous close */
	{"sBafFaA", "time_wait", 120},
	{"sBaFf", "last_ack", 30},
	{"sBf", "fin_wait", 120},
	{"sBafAFaaAfF", "time_wait", 120},
	{"sBar", "close", 10},
	{"sR", "close", 10},
	{"sBaR", "close", 10},
	{"sBaRR", "close", 10},
	{"sBaRa", "established", 86400}, /* a forged RST */
	{"sBaRA", "established", 86400},
	{"sBaRF", "fin_wait", 120},
	{"sRB", "syn_recv", 60},
	{"a", "established", 86400}, /* mid-stream (identity flows) */
	{"f", "fin_wait", 120},
	{"sBafAFaS", "syn_sent2", 120},
	{"sBan", "established", 86400},
};

static void tcp_sequences(void **state)
{
	for (size_t i = 0; i < PW_ARRAY_SIZE(tcp_cases); i++) {
		const struct ct_state *s = tcp_after(tcp_cases[i].packets);

		if (strcmp(s->name, tcp_cases[i].state) != 0)
			print_message("after %s\n", tcp_cases[i].packets);
		assert_string_equal(s->name, tcp_cases[i].state);
		assert_int_equal(ct_default_sec[s->timeout], tcp_cases[i].timeout_sec);
	}
}

static void tcp_flags(void **state)
{
	assert_true(tcp_after("s")->reopens);
	assert_true(tcp_after("sBafAFa")->reopens);
	assert_true(tcp_after("sR")->reopens);
	assert_false(tcp_after("sBa")->reopens);
	assert_false(tcp_after("sB")->reopens);
	assert_false(tcp_after("sBa")->droppable);
	assert_false(tcp_after("sBafA")->droppable);
	assert_true(tcp_after("s")->droppable);
	assert_true(tcp_after("sB")->droppable);
	assert_true(tcp_after("sBafAFa")->droppable);
	assert_true(ct_opens(&ct_tcp, TCP_SYN));
	assert_true(ct_opens(&ct_tcp, TCP_SYN | 0xc0)); /* with ECN */
	assert_false(ct_opens(&ct_tcp, TCP_SYN | TCP_ACK));
	assert_true(ct_aborts(&ct_tcp, TCP_RST));
	assert_false(ct_aborts(&ct_tcp, TCP_ACK));
}

/* No event takes any protocol out of its table, and every state has a name and a timeout. */
static void closed_tables(void **state)
{
	const struct ct_proto *all[] = {&ct_tcp, &ct_udp, &ct_icmp, &ct_sctp, &ct_gre, &ct_generic};

	for (size_t p = 0; p < PW_ARRAY_SIZE(all); p++) {
		assert_true(all[p]->n_states <= 16);
		for (unsigned event = 0; event < 256; event++) {
			assert_true(ct_first(all[p], (uint8_t)event) < all[p]->n_states);
			for (uint8_t s = 0; s < all[p]->n_states; s++) {
				assert_non_null(all[p]->states[s].name);
				assert_true(ct_default_sec[all[p]->states[s].timeout] > 0);
				assert_true(ct_next(all[p], s, FLOW_ORIG, (uint8_t)event) <
					    all[p]->n_states);
				assert_true(ct_next(all[p], s, FLOW_REPLY, (uint8_t)event) <
					    all[p]->n_states);
			}
		}
	}
}

static void one_way_protocols(void **state)
{
	static const struct {
		uint8_t proto;
		uint32_t one_way, replied;
	} cases[] = {
		{IPPROTO_UDP, 30, 120},
		{IPPROTO_ICMP, 30, 30},
		{IPPROTO_GRE, 30, 180},
		{IPPROTO_ESP, 600, 600},
	};

	for (size_t i = 0; i < PW_ARRAY_SIZE(cases); i++) {
		const struct ct_proto *ct = ct_proto(cases[i].proto);
		uint8_t s = ct_first(ct, 0);

		assert_int_equal(ct_default_sec[ct->states[s].timeout], cases[i].one_way);
		assert_true(ct->states[s].droppable);
		assert_int_equal(ct_next(ct, s, FLOW_ORIG, 0), s);
		s = ct_next(ct, s, FLOW_REPLY, 0);
		assert_int_equal(ct_default_sec[ct->states[s].timeout], cases[i].replied);
		assert_false(ct->states[s].droppable);
		assert_int_equal(ct_next(ct, s, FLOW_ORIG, 0), s);
		assert_int_equal(ct_next(ct, s, FLOW_REPLY, 0), s);
	}
}

/* Chunks as letters: i INIT, k INIT ACK, c COOKIE ECHO, d COOKIE ACK, x data, s SHUTDOWN,
 * t SHUTDOWN ACK, u SHUTDOWN COMPLETE, r ABORT, h HEARTBEAT, g HEARTBEAT ACK. */
static uint8_t chunk_of(char c)
{
	static const char letters[] = "xik hgrst cd  u";
	const char *at = strchr(letters, c | 0x20);

	return (uint8_t)(at - letters);
}

static void sctp_sequences(void **state)
{
	static const struct {
		const char *packets, *state;
		uint32_t timeout_sec;
	} cases[] = {
		{"i", "cookie_wait", 3},
		{"iK", "cookie_wait", 3},
		{"iKc", "cookie_echoed", 3},
		{"iKcD", "established", 210},
		{"iKcDxXhG", "established", 210},
		{"iKcDs", "shutdown_sent", 3},
		{"iKcDsT", "shutdown_ack_sent", 3},
		{"iKcDsTu", "closed", 10},
		{"iKcDS", "shutdown_recd", 3},
		{"iKcDStU", "closed", 10},
		{"iKcDr", "closed", 10},
		{"h", "heartbeat_sent", 30},
		{"hG", "established", 210},
		{"x", "established", 210},
	};

	for (size_t i = 0; i < PW_ARRAY_SIZE(cases); i++) {
		uint8_t s = ct_first(&ct_sctp, chunk_of(cases[i].packets[0]));

		for (const char *p = cases[i].packets + 1; *p; p++)
			s = ct_next(&ct_sctp, s, *p >= 'a' ? FLOW_ORIG : FLOW_REPLY, chunk_of(*p));
		if (strcmp(ct_sctp.states[s].name, cases[i].state) != 0)
			print_message("after %s\n", cases[i].packets);
		assert_string_equal(ct_sctp.states[s].name, cases[i].state);
		assert_int_equal(ct_default_sec[ct_sctp.states[s].timeout], cases[i].timeout_sec);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tcp_sequences),
		cmocka_unit_test(tcp_flags),
		cmocka_unit_test(closed_tables),
		cmocka_unit_test(one_way_protocols),
		cmocka_unit_test(sctp_sequences),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
