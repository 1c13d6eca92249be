/* SPDX-License-Identifier: BSD-3-Clause */
/* Engine flows: sends the streams of a port, and judges what comes in. */
#include "engines.h"

#include <rte_cycles.h>

#include "pw_util.h"

/* ---- receiving ---- */

static void judge_latency(struct lane *lane, uint64_t now, uint64_t stamp)
{
	uint64_t ticks = (now - stamp) & PW_GEN_CLOCK_MASK;
	uint64_t ns;

	/* Clocks of two cores may differ by some ticks. */
	if (ticks > PW_GEN_CLOCK_MASK / 2)
		ticks = 0;
	ns = (uint64_t)((unsigned __int128)ticks * NS_PER_S / lane->from->gen->hz);
	pw_gen_hist_record(lane->latency, ns);
	if (lane->last_latency != UINT64_MAX)
		pw_gen_hist_record(lane->jitter, ns > lane->last_latency ? ns - lane->last_latency
									 : lane->last_latency - ns);
	lane->last_latency = ns;
}

static uint32_t judge_sticky(struct lane *lane, const struct pw_gen_view *view, uint64_t seq)
{
	uint32_t hash = pw_gen_view_tuple_hash(view);
	uint32_t *known = &lane->sticky[pw_gen_flows_at(&lane->frame.flows, seq)];

	if (*known == 0)
		*known = hash;
	return *known == hash ? 0 : 1u << PW_GEN_FAULT_STICKY;
}

static void judge_content(struct lane *lane, const struct pw_gen_view *view, uint64_t seq)
{
	uint32_t bad = pw_gen_frame_check(&lane->frame, &lane->stream->expect, view, seq);

	if (lane->sticky != NULL && (bad & PW_GEN_FAULT_DAMAGE) == 0)
		bad |= judge_sticky(lane, view, seq);
	lane->checked++;
	if (bad == 0)
		return;
	if (bad & PW_GEN_FAULT_DAMAGE)
		lane->corrupt++;
	else
		lane->translated_wrong++;
	for (unsigned f = 0; f < PW_GEN_FAULT_COUNT; f++)
		lane->faults[f] += bad >> f & 1;
}

static void judge(struct gport *port, const uint8_t *data, uint16_t len, uint64_t now)
{
	struct pw_gen_view view;
	struct pw_gen_stamp stamp;
	enum pw_gen_seq_verdict verdict;
	struct lane *lane;

	switch (pw_gen_frame_find(data, len, &view, &stamp)) {
	case PW_GEN_FOREIGN:
		port->n.foreign++;
		return;
	case PW_GEN_UNREADABLE:
		port->n.unreadable++;
		return;
	case PW_GEN_OURS:
		break;
	}
	if (stamp.run != port->gen->run || stamp.stream >= port->gen->n_lanes) {
		port->n.old++;
		return;
	}
	lane = port->gen->lanes[stamp.stream];
	if (lane->to != port) { /* another worker may own its tracker */
		port->n.misdelivered++;
		return;
	}
	verdict = pw_gen_seq_record(lane->track, stamp.seq);
	if (verdict == PW_GEN_SEQ_DUPLICATE || verdict == PW_GEN_SEQ_STALE)
		return;
	lane->rx_bytes += len + PW_GEN_FCS;
	if (lane->stream->latency)
		judge_latency(lane, now, stamp.clock);
	if (lane->stream->verify_every != 0 && stamp.seq % lane->stream->verify_every == 0)
		judge_content(lane, &view, stamp.seq);
}

/* A frame in several segments is looked at in one piece. */
static void judge_mbuf(struct gport *port, struct rte_mbuf *m, uint64_t now)
{
	uint8_t flat[PW_GEN_SIZE_MAX];
	const void *data = rte_pktmbuf_mtod(m, const void *);

	if (m->nb_segs > 1) {
		if (m->pkt_len > sizeof(flat)) {
			port->n.foreign++;
			return;
		}
		data = rte_pktmbuf_read(m, 0, m->pkt_len, flat);
	}
	judge(port, data, (uint16_t)m->pkt_len, now);
}

/* ARP, ND and ping for the port's own addresses: true if it was sent back. */
static bool answer(struct gport *port, struct rte_mbuf *m)
{
	uint16_t len = (uint16_t)m->pkt_len, before = len;

	if (port->host.n_ips == 0 || m->nb_segs > 1 || rte_pktmbuf_tailroom(m) < PW_GEN_ANSWER_ROOM)
		return false;
	if (!pw_gen_answer(&port->host, rte_pktmbuf_mtod(m, uint8_t *), &len))
		return false;
	if (len > before)
		rte_pktmbuf_append(m, len - before);
	else
		rte_pktmbuf_trim(m, before - len);
	port->n.answered += port_send(port, &m, 1);
	return true;
}

static bool receive(struct gport *port)
{
	struct rte_mbuf *pkts[BURST], *done[BURST];
	uint16_t n = port_receive(port, pkts), n_done = 0;
	uint64_t now;

	if (n == 0)
		return false;
	now = rte_rdtsc();
	if (!port->judges && port->host.n_ips == 0) { /* nothing is to be known of them */
		port->n.foreign += n;
		rte_pktmbuf_free_bulk(pkts, n);
		return true;
	}
	for (uint16_t i = 0; i < n; i++) {
		uint64_t foreign = port->n.foreign;

		if (i + 1 < n)
			rte_prefetch0(rte_pktmbuf_mtod(pkts[i + 1], void *));
		judge_mbuf(port, pkts[i], now);
		if (port->n.foreign == foreign || !answer(port, pkts[i]))
			done[n_done++] = pkts[i];
	}
	rte_pktmbuf_free_bulk(done, n_done);
	return true;
}

/* ---- sending ---- */

/* Frames that are due, with what is written off counted by its cause. */
static uint32_t due(struct lane *lane, uint64_t now)
{
	uint32_t max = BURST;
	uint64_t skipped = lane->pace.skipped, cost;
	uint32_t n;

	if (lane->stream->count != 0)
		max = (uint32_t)PW_MIN((uint64_t)max, lane->stream->count - lane->seq);
	if (max == 0)
		return 0;
	cost = pw_gen_rate_cost(lane->rate.unit, lane->frame.sizes.max);
	n = pw_gen_pace_due(&lane->pace, now, cost, max);
	skipped = lane->pace.skipped - skipped;
	if (skipped > 0) {
		uint64_t frames = skipped / cost + (skipped % cost != 0);

		if (lane->full)
			lane->missed_full += frames;
		else
			lane->missed_late += frames;
	}
	return n;
}

static uint16_t write_burst(struct lane *lane, struct rte_mbuf **pkts, uint16_t n, uint64_t now)
{
	struct pw_gen_stamp stamp = {
		.run = lane->from->gen->run,
		.stream = lane->id,
		.seq = lane->seq,
		.clock = now & PW_GEN_CLOCK_MASK,
	};

	for (uint16_t i = 0; i < n; i++, stamp.seq++) {
		uint8_t *data = rte_pktmbuf_mtod(pkts[i], uint8_t *);
		uint16_t len = pw_gen_frame_write(&lane->frame, &stamp, data);

		pkts[i]->data_len = len;
		pkts[i]->pkt_len = len;
	}
	return n;
}

/* What was not taken keeps its numbers: it is written anew the next time. */
static void account(struct lane *lane, uint16_t sent, uint64_t now)
{
	uint64_t units = 0;

	for (uint16_t i = 0; i < sent; i++) {
		uint16_t size = pw_gen_sizes_at(&lane->frame.sizes, lane->seq + i);

		units += pw_gen_rate_cost(lane->rate.unit, size);
		lane->tx_bytes += size;
	}
	pw_gen_pace_sent(&lane->pace, units);
	if (lane->seq == 0 && sent > 0)
		lane->first_tsc = now;
	lane->last_tsc = now;
	lane->seq += sent;
}

static bool send_due(struct lane *lane)
{
	struct rte_mbuf *pkts[BURST];
	uint64_t now = rte_rdtsc();
	uint16_t n = (uint16_t)due(lane, now), sent;

	if (n == 0)
		return false;
	if (rte_pktmbuf_alloc_bulk(lane->from->pool, pkts, n) != 0) {
		lane->full = true; /* all buffers are on their way */
		lane->from->n.tx_full += n;
		return false;
	}
	write_burst(lane, pkts, n, now);
	sent = port_send(lane->from, pkts, n);
	lane->full = sent < n;
	account(lane, sent, now);
	return true;
}

static int begin(struct gport *port, struct pw_err *err)
{
	uint64_t now = rte_rdtsc();

	for (uint32_t i = 0; i < port->n_lanes; i++) {
		struct lane *lane = port->lanes[i];

		pw_gen_pace_start(
			&lane->pace, lane->rate.milli, port->gen->hz, port->gen->catch_up_ns, now);
	}
	return 0;
}

static bool step(struct gport *port)
{
	bool busy = receive(port);

	if (!__atomic_load_n(&port->gen->sending, __ATOMIC_RELAXED))
		return busy;
	/* Another one begins each time, so that none gets all the room of a queue. */
	for (uint32_t i = 0; i < port->n_lanes; i++)
		busy |= send_due(port->lanes[(port->next_lane + i) % port->n_lanes]);
	port->next_lane = port->n_lanes > 0 ? (port->next_lane + 1) % port->n_lanes : 0;
	return busy;
}

const struct engine engine_flows = {
	.name = "flows",
	.begin = begin,
	.step = step,
};
