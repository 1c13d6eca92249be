/* SPDX-License-Identifier: BSD-3-Clause */
/* Engine replay: a recorded file, with its timing, a multiple of it, or at a fixed rate. */
#include "engines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>

#include "pw_clock.h"
#include "pw_util.h"
#include "replay.h"

static void end(struct gport *port)
{
	struct replay_port *replay = port->state;

	if (replay != NULL)
		pw_gen_pcap_free(&replay->pcap);
	free(replay);
	port->state = NULL;
}

static struct pw_gen_replay *conf_of(const struct gport *port)
{
	struct pw_gen_profile *p = port->gen->profile;

	for (uint32_t i = 0; i < p->n_replays; i++)
		if (p->replays[i].from == port->id)
			return &p->replays[i];
	return NULL;
}

static int begin(struct gport *port, struct pw_err *err)
{
	struct pw_gen_replay *conf = conf_of(port);
	struct replay_port *replay;
	struct pw_gen_rate rate;
	int rc;

	if (conf == NULL)
		return pw_err_set(err, -EINVAL,
			"port %u: engine replay needs a \"replays\" entry in the profile",
			port->id);
	replay = calloc(1, sizeof(*replay));
	if (replay == NULL)
		return pw_err_set(err, -ENOMEM, "out of memory");
	port->state = replay;
	replay->conf = conf;
	rc = pw_gen_pcap_load(&replay->pcap, conf->file, err);
	if (rc != 0)
		return rc;
	if (replay->pcap.longest >
		(uint32_t)rte_pktmbuf_data_room_size(port->pool) - RTE_PKTMBUF_HEADROOM)
		return pw_err_set(err, -EMSGSIZE,
			"%s: frames of %u bytes do not fit the packet buffers", conf->file,
			replay->pcap.longest);
	rate = pw_gen_rate_of_port(&conf->rate, port->speed_bps);
	replay->unit = rate.unit;
	replay->start = rte_rdtsc();
	pw_gen_pace_start(
		&replay->pace, rate.milli, port->gen->hz, port->gen->catch_up_ns, replay->start);
	return 0;
}

/* Time of a frame of this round, in ticks since the start. */
static uint64_t due_at(const struct gport *port, const struct replay_port *r, uint32_t index)
{
	double ns = (double)r->pcap.frames[index].at_ns / r->conf->speed;

	return r->round_start + (uint64_t)(ns * (double)port->gen->hz / 1e9);
}

static bool is_due(const struct gport *port, struct replay_port *r, uint64_t now)
{
	if (!r->conf->rate_set)
		return now - r->start >= due_at(port, r, r->index);
	return pw_gen_pace_due(&r->pace, now,
		       pw_gen_rate_cost(r->unit, r->pcap.frames[r->index].len + PW_GEN_FCS),
		       1) == 1;
}

/* The next round begins one gap (the mean one) after the last frame. */
static void next_round(const struct gport *port, struct replay_port *r)
{
	uint64_t last = due_at(port, r, r->pcap.n - 1);

	r->round_start = last + (r->pcap.n > 1 ? (last - r->round_start) / (r->pcap.n - 1) : 0);
	r->index = 0;
	r->rounds++;
}

static bool over(const struct replay_port *r)
{
	return r->conf->loops != 0 && r->rounds >= r->conf->loops;
}

static bool send_one(struct gport *port, struct replay_port *r)
{
	const struct pw_gen_pcap_frame *frame = &r->pcap.frames[r->index];
	struct rte_mbuf *m = rte_pktmbuf_alloc(port->pool);
	uint8_t *data;

	if (m == NULL)
		return false;
	data = (uint8_t *)rte_pktmbuf_append(m, (uint16_t)frame->len);
	memcpy(data, frame->data, frame->len);
	if (!pw_mac_is_zero(&r->conf->dst_mac))
		memcpy(data, r->conf->dst_mac.b, 6);
	if (!pw_mac_is_zero(&r->conf->src_mac))
		memcpy(data + 6, r->conf->src_mac.b, 6);
	if (port_send(port, &m, 1) == 0)
		return false; /* the queue is full: the same frame again */
	pw_gen_pace_sent(&r->pace, pw_gen_rate_cost(r->unit, frame->len + PW_GEN_FCS));
	r->frames++;
	r->bytes += frame->len + PW_GEN_FCS;
	r->last = rte_rdtsc();
	return true;
}

static bool step(struct gport *port)
{
	struct replay_port *r = port->state;
	struct rte_mbuf *pkts[BURST];
	uint16_t n = port_receive(port, pkts);
	bool busy = n > 0;

	rte_pktmbuf_free_bulk(pkts, n);
	if (!__atomic_load_n(&port->gen->sending, __ATOMIC_RELAXED))
		return busy;
	for (unsigned i = 0; i < BURST && !over(r) && is_due(port, r, rte_rdtsc()); i++) {
		if (!send_one(port, r))
			break;
		busy = true;
		if (++r->index == r->pcap.n)
			next_round(port, r);
	}
	return busy;
}

const struct engine engine_replay = {.name = "replay", .begin = begin, .end = end, .step = step};

bool replay_result(const struct gport *port, double seconds, struct pw_gen_replay_result *result)
{
	const struct replay_port *r = port->state;

	if (port->begun != &engine_replay || r == NULL)
		return false;
	*result = (struct pw_gen_replay_result){
		.name = r->conf->name,
		.file = r->conf->file,
		.frames = r->frames,
		.bytes = r->bytes,
		.loops = r->rounds,
		.seconds = over(r) ? (double)(r->last - r->start) / (double)port->gen->hz : seconds,
		.missed = r->pace.skipped /
			  PW_MAX(pw_gen_rate_cost(r->unit, PW_GEN_SIZE_MIN), (uint64_t)1),
	};
	return true;
}

bool replay_done(const struct gport *port)
{
	return port->begun != &engine_replay || over(port->state);
}
