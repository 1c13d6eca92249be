/* SPDX-License-Identifier: BSD-3-Clause */
/* Engines that send what they receive, as testpmd's of the same names; and rxonly. */
#include "engines.h"

static bool step_io(struct gport *port)
{
	struct rte_mbuf *pkts[BURST];
	uint16_t n = port_receive(port, pkts);

	if (n == 0)
		return false;
	port_send(port->pair, pkts, n);
	return true;
}

const struct engine engine_io = {.name = "io", .forwards = true, .step = step_io};

static bool step_mac(struct gport *port)
{
	struct rte_mbuf *pkts[BURST];
	uint16_t n = port_receive(port, pkts);
	const struct gport *out = port->pair;

	if (n == 0)
		return false;
	for (uint16_t i = 0; i < n; i++) {
		uint8_t *data = rte_pktmbuf_mtod(pkts[i], uint8_t *);

		memcpy(data, out->peer_mac.b, 6);
		memcpy(data + 6, out->mac.b, 6);
	}
	port_send(port->pair, pkts, n);
	return true;
}

const struct engine engine_mac = {.name = "mac", .forwards = true, .step = step_mac};

static bool step_macswap(struct gport *port)
{
	struct rte_mbuf *pkts[BURST];
	uint16_t n = port_receive(port, pkts);

	if (n == 0)
		return false;
	for (uint16_t i = 0; i < n; i++)
		pw_gen_swap_macs(rte_pktmbuf_mtod(pkts[i], uint8_t *));
	port_send(port->pair, pkts, n);
	return true;
}

const struct engine engine_macswap = {.name = "macswap", .forwards = true, .step = step_macswap};

static bool step_5tswap(struct gport *port)
{
	struct rte_mbuf *pkts[BURST];
	uint16_t n = port_receive(port, pkts);

	if (n == 0)
		return false;
	for (uint16_t i = 0; i < n; i++) {
		uint8_t *data = rte_pktmbuf_mtod(pkts[i], uint8_t *);
		uint16_t len = pkts[i]->data_len;

		/* A neighbour that asks who we are gets no packets before it knows. */
		if (port->host.n_ips == 0 || rte_pktmbuf_tailroom(pkts[i]) < PW_GEN_ANSWER_ROOM ||
			!pw_gen_answer(&port->host, data, &len)) {
			pw_gen_swap_5tuple(data, len);
			continue;
		}
		port->n.answered++;
		if (len > pkts[i]->data_len)
			rte_pktmbuf_append(pkts[i], len - pkts[i]->data_len);
	}
	port_send(port, pkts, n); /* back to where they came from: that is what was swapped */
	return true;
}

const struct engine engine_5tswap = {.name = "5tswap", .step = step_5tswap};

static bool step_icmpecho(struct gport *port)
{
	struct rte_mbuf *pkts[BURST], *answers[BURST], *others[BURST];
	uint16_t n = port_receive(port, pkts), n_answers = 0, n_others = 0;

	if (n == 0)
		return false;
	for (uint16_t i = 0; i < n; i++) {
		uint16_t len = pkts[i]->data_len, before = len;

		if (pkts[i]->nb_segs > 1 || rte_pktmbuf_tailroom(pkts[i]) < PW_GEN_ANSWER_ROOM ||
			!pw_gen_answer(&port->host, rte_pktmbuf_mtod(pkts[i], uint8_t *), &len)) {
			others[n_others++] = pkts[i];
			continue;
		}
		if (len > before)
			rte_pktmbuf_append(pkts[i], len - before);
		answers[n_answers++] = pkts[i];
	}
	if (n_answers > 0)
		port->n.answered += port_send(port, answers, n_answers);
	rte_pktmbuf_free_bulk(others, n_others);
	return true;
}

const struct engine engine_icmpecho = {.name = "icmpecho", .step = step_icmpecho};

static bool step_rxonly(struct gport *port)
{
	struct rte_mbuf *pkts[BURST];
	uint16_t n = port_receive(port, pkts);

	rte_pktmbuf_free_bulk(pkts, n);
	return n > 0;
}

const struct engine engine_rxonly = {.name = "rxonly", .step = step_rxonly};
