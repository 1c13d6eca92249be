/* SPDX-License-Identifier: BSD-3-Clause */
/* Engines conn (clients of many short connections) and rr (their server, and a reflector for the rest). */
#include "engines.h"

#include <errno.h>
#include <stdlib.h>

#include <rte_cycles.h>

#include "conn.h"

#define SWEEP 64 /* slots a step */

/* ---- conn ---- */

static void end(struct gport *port)
{
	struct conn_port *conn = port->state;

	if (conn != NULL)
		pw_gen_conns_destroy(conn->conns);
	free(conn);
	port->state = NULL;
}

static struct pw_gen_conn *conf_of(const struct gport *port)
{
	struct pw_gen_profile *p = port->gen->profile;

	for (uint32_t i = 0; i < p->n_conns; i++)
		if (p->conns[i].from == port->id)
			return &p->conns[i];
	return NULL;
}

static int begin(struct gport *port, struct pw_err *err)
{
	struct pw_gen_conn *conf = conf_of(port);
	struct conn_port *conn;

	if (conf == NULL)
		return pw_err_set(err, -EINVAL,
			"port %u: engine conn needs a \"conns\" entry in the profile", port->id);
	conn = calloc(1, sizeof(*conn));
	port->state = conn;
	if (conn != NULL)
		conn->conns = pw_gen_conns_create(conf, &port->mac, port->gen->hz);
	if (conn == NULL || conn->conns == NULL)
		return pw_err_set(err, -ENOMEM, "port %u: no memory for %u connections", port->id,
			conf->open);
	conn->conf = conf;
	pw_gen_pace_start(
		&conn->pace, conf->rate.milli, port->gen->hz, port->gen->catch_up_ns, rte_rdtsc());
	return 0;
}

static struct rte_mbuf *new_frame(struct gport *port)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(port->pool);

	if (m == NULL)
		port->n.tx_full++;
	return m;
}

static bool open_due(struct gport *port, struct conn_port *conn)
{
	uint64_t now = rte_rdtsc(), skipped = conn->pace.skipped;
	uint32_t n = pw_gen_pace_due(&conn->pace, now, PW_GEN_PACE_UNIT, BURST);
	struct rte_mbuf *m;
	uint32_t i;

	conn->missed += (conn->pace.skipped - skipped) / PW_GEN_PACE_UNIT;
	for (i = 0; i < n && (m = new_frame(port)) != NULL; i++) {
		uint16_t len = pw_gen_conns_open(conn->conns, now, rte_pktmbuf_mtod(m, uint8_t *));

		if (len == 0) {
			rte_pktmbuf_free(m);
			break;
		}
		m->data_len = len;
		m->pkt_len = len;
		if (port_send(port, &m, 1) == 0) {
			pw_gen_conns_unopen(conn->conns);
			break;
		}
		pw_gen_pace_sent(&conn->pace, PW_GEN_PACE_UNIT);
	}
	return i > 0;
}

static uint16_t take(struct gport *port, struct conn_port *conn, struct rte_mbuf *in, uint64_t now,
	struct rte_mbuf **out)
{
	struct rte_mbuf *m;
	uint16_t len = (uint16_t)in->data_len;

	if (in->nb_segs > 1)
		return 0;
	if (port->host.n_ips > 0 && rte_pktmbuf_tailroom(in) >= PW_GEN_ANSWER_ROOM &&
		pw_gen_answer(&port->host, rte_pktmbuf_mtod(in, uint8_t *), &len)) {
		m = rte_pktmbuf_copy(in, port->pool, 0, UINT32_MAX);
		if (m == NULL)
			return 0;
		if (len > in->data_len)
			rte_pktmbuf_append(m, len - in->data_len);
		port->n.answered++;
		*out = m;
		return 1;
	}
	m = new_frame(port);
	if (m == NULL)
		return 0;
	len = pw_gen_conns_receive(conn->conns, rte_pktmbuf_mtod(in, uint8_t *), in->data_len, now,
		rte_pktmbuf_mtod(m, uint8_t *));
	if (len == 0) {
		rte_pktmbuf_free(m);
		return 0;
	}
	m->data_len = len;
	m->pkt_len = len;
	*out = m;
	return 1;
}

static bool receive(struct gport *port, struct conn_port *conn)
{
	struct rte_mbuf *pkts[BURST], *replies[BURST];
	uint16_t n = port_receive(port, pkts), n_replies = 0;
	uint64_t now = rte_rdtsc();

	if (n == 0)
		return false;
	for (uint16_t i = 0; i < n; i++)
		n_replies += take(port, conn, pkts[i], now, &replies[n_replies]);
	rte_pktmbuf_free_bulk(pkts, n);
	if (n_replies > 0)
		port_send(port, replies, n_replies);
	return true;
}

static bool step(struct gport *port)
{
	struct conn_port *conn = port->state;
	bool busy = receive(port, conn);

	if (__atomic_load_n(&port->gen->sending, __ATOMIC_RELAXED))
		busy |= open_due(port, conn);
	pw_gen_conns_sweep(conn->conns, rte_rdtsc(), SWEEP);
	return busy;
}

const struct engine engine_conn = {.name = "conn", .begin = begin, .end = end, .step = step};

bool conn_result(const struct gport *port, double seconds, struct pw_gen_conn_result *r)
{
	const struct conn_port *conn = port->state;
	const struct pw_gen_conn_counts *counts;

	if (port->begun != &engine_conn || conn == NULL)
		return false;
	counts = pw_gen_conns_counts(conn->conns);
	*r = (struct pw_gen_conn_result){
		.name = conn->conf->name,
		.proto = conn->conf->proto,
		.asked_cps = pw_gen_rate_pps(&conn->conf->rate, PW_GEN_SIZE_MIN),
		.seconds = seconds,
		.opened = counts->opened,
		.established = counts->established,
		.completed = counts->completed,
		/* What is still open when the wait is over was not answered. */
		.failed = counts->failed + pw_gen_conns_open_now(conn->conns),
		.refused = counts->refused,
		.unexpected = counts->unexpected,
		.missed = conn->missed,
		.duration = pw_gen_conns_duration(conn->conns),
	};
	return true;
}

bool conn_done(const struct gport *port, bool sending)
{
	const struct conn_port *conn = port->state;

	if (port->begun != &engine_conn)
		return true;
	if (sending)
		return conn->conf->count != 0 &&
		       pw_gen_conns_counts(conn->conns)->opened >= conn->conf->count;
	return pw_gen_conns_open_now(conn->conns) == 0;
}

/* ---- rr ---- */

static bool step_rr(struct gport *port)
{
	uint16_t response = port->conf != NULL ? (uint16_t)port->conf->response_bytes : 64;
	struct rte_mbuf *pkts[BURST], *answers[BURST], *others[BURST];
	uint16_t n = port_receive(port, pkts), n_answers = 0, n_others = 0;

	if (n == 0)
		return false;
	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = pkts[i];
		uint16_t len = m->data_len;

		if (m->nb_segs > 1 || m->data_len + rte_pktmbuf_tailroom(m) < PW_GEN_CONN_ROOM ||
			!pw_gen_serve(
				&port->host, response, rte_pktmbuf_mtod(m, uint8_t *), &len)) {
			others[n_others++] = m;
			continue;
		}
		m->data_len = len;
		m->pkt_len = len;
		answers[n_answers++] = m;
	}
	if (n_answers > 0)
		port->n.answered += port_send(port, answers, n_answers);
	rte_pktmbuf_free_bulk(others, n_others);
	return true;
}

const struct engine engine_rr = {.name = "rr", .step = step_rr};
