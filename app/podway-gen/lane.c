/* SPDX-License-Identifier: BSD-3-Clause */
/* Streams bound to ports: made, checked against the ports, and read out. */
#include "gen.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pw_util.h"

/* "FILE:LINE:COLUMN: streams[i].rate: ", or nothing for a rate that is not from a file. */
static int place_rate(const struct gen *gen, uint32_t i, struct pw_err *err)
{
	const struct pw_gen_rate *rate = &gen->profile->streams[i].rate;
	const struct pw_conf_mark *mark = &gen->profile->streams[i].mark;

	return pw_err_prefix(err, "%s:%u:%u: streams[%u].rate", gen->profile->path,
		rate->line != 0 ? rate->line : mark->line,
		rate->line != 0 ? rate->column : mark->column, i);
}

static int bad_stream(
	const struct gen *gen, uint32_t i, struct pw_err *err, const char *key, uint32_t port)
{
	const struct pw_conf_mark *mark = &gen->profile->streams[i].mark;

	return pw_err_set(err, -EINVAL,
		"%s:%u:%u: streams[%u].%s: there is no port %u; there are %u, from 0 on",
		gen->profile->path, mark->line, mark->column, i, key, port, gen->n_ports);
}

/* A rate that no port can do is told before anything is sent. */
int lane_set_rate(struct lane *lane, const struct pw_gen_rate *asked, struct pw_err *err)
{
	struct pw_gen_rate rate = pw_gen_rate_of_port(asked, lane->from->speed_bps);
	struct pw_gen_rate speed = {PW_GEN_RATE_L1, lane->from->speed_bps * 1000, 0, 0};
	double mean = lane->frame.sizes.mean;
	char text[48], speed_text[48];

	if (asked->unit == PW_GEN_RATE_PERCENT && lane->from->speed_bps == 0)
		return pw_err_set(err, -EINVAL,
			"port %u (%s) has no speed that a percentage could be of; write pps or "
			"bps, "
			"or set ports[].speed",
			lane->from->id, lane->from->name);
	if (lane->from->speed_bps != 0 &&
		pw_gen_rate_l1_bps(&rate, mean) > (double)lane->from->speed_bps * 1.000001)
		return pw_err_set(err, -EINVAL,
			"%s of %.0f-byte frames is more than the %s of port %u (%s); if it can do "
			"more, set ports[].speed",
			pw_gen_rate_format(asked, text, sizeof(text)), mean,
			pw_gen_rate_format(&speed, speed_text, sizeof(speed_text)), lane->from->id,
			lane->from->name);
	lane->stream->rate = *asked;
	lane->rate = rate;
	lane->asked_pps = pw_gen_rate_pps(&rate, mean);
	return 0;
}

int lane_set_size(struct lane *lane, const struct pw_gen_sizes *sizes, struct pw_err *err)
{
	uint16_t least = pw_gen_frame_min_size(&lane->frame);

	if (sizes->min < least)
		return pw_err_set(err, -EINVAL,
			"frames of %u bytes do not hold headers, stamp and FCS: %u at least",
			sizes->min, least);
	if (sizes->max > rte_pktmbuf_data_room_size(lane->from->pool) - RTE_PKTMBUF_HEADROOM)
		return pw_err_set(err, -EINVAL,
			"frames of %u bytes do not fit the packet buffers: begin with a profile "
			"that "
			"has such frames",
			sizes->max);
	lane->frame.sizes = *sizes;
	return 0;
}

int lane_set_flows(struct lane *lane, uint64_t n, struct pw_err *err)
{
	struct pw_gen_flows flows = lane->frame.flows;
	uint32_t *sticky = NULL;
	int rc;

	flows.n = n;
	rc = pw_gen_flows_init(&flows);
	if (rc == 0 && lane->sticky != NULL) {
		sticky = calloc(n, sizeof(*sticky));
		rc = sticky != NULL ? 0 : -ENOMEM;
	}
	if (rc != 0) {
		pw_gen_flows_fini(&flows);
		return pw_err_set(err, rc, "%s",
			rc == -ERANGE ? "more flows than the ranges of the fields have combinations"
				      : "out of memory");
	}
	free(lane->sticky);
	lane->sticky = sticky;
	pw_gen_flows_fini(&lane->frame.flows);
	lane->frame.flows = flows;
	return 0;
}

static int lane_memory(struct lane *lane)
{
	lane->track = pw_gen_seq_create();
	lane->latency = calloc(1, sizeof(*lane->latency));
	lane->jitter = calloc(1, sizeof(*lane->jitter));
	if (lane->stream->sticky)
		lane->sticky = calloc(lane->frame.flows.n, sizeof(*lane->sticky));
	if (lane->track == NULL || lane->latency == NULL || lane->jitter == NULL ||
		(lane->stream->sticky && lane->sticky == NULL))
		return -ENOMEM;
	return 0;
}

static void lane_free(struct lane *lane)
{
	if (lane == NULL)
		return;
	pw_gen_frame_fini(&lane->frame);
	pw_gen_seq_destroy(lane->track);
	free(lane->latency);
	free(lane->jitter);
	free(lane->sticky);
	free(lane);
}

/* MACs that the profile leaves to us. */
static void default_macs(struct lane *lane)
{
	if (lane->stream->src_mac.n == 0)
		lane->frame.src_mac = lane->from->mac;
	if (lane->stream->dst_mac.n == 0)
		lane->frame.dst_mac = (struct pw_mac){{0x02, 0, 0, 0, 0, (uint8_t)lane->to->id}};
}

static int add_lane(struct gen *gen, uint32_t i, struct pw_err *err)
{
	struct pw_gen_stream *stream = &gen->profile->streams[i];
	struct lane *lane;
	int rc;

	if (stream->from >= gen->n_ports)
		return bad_stream(gen, i, err, "from", stream->from);
	if (stream->to >= gen->n_ports && gen->n_ports == 1)
		stream->to = stream->from; /* a loop */
	if (stream->to >= gen->n_ports)
		return bad_stream(gen, i, err, "to", stream->to);
	if (posix_memalign((void **)&lane, RTE_CACHE_LINE_SIZE, sizeof(*lane)) != 0)
		return pw_err_set(err, -ENOMEM, "out of memory");
	memset(lane, 0, sizeof(*lane));
	lane->stream = stream;
	lane->frame = stream->frame;
	lane->from = &gen->ports[stream->from];
	lane->to = &gen->ports[stream->to];
	lane->id = (uint16_t)i;
	default_macs(lane);
	rc = lane_set_rate(lane, &stream->rate, err);
	if (rc != 0)
		place_rate(gen, i, err);
	if (rc == 0) {
		rc = pw_gen_frame_init(&lane->frame, gen->pattern);
		rc = rc == 0 ? lane_memory(lane) : rc;
		if (rc != 0)
			pw_err_set(err, rc, "stream %s: %s", stream->name, strerror(-rc));
	}
	if (rc != 0) {
		lane_free(lane);
		return rc;
	}
	gen->lanes[gen->n_lanes++] = lane;
	lane->from->lanes[lane->from->n_lanes++] = lane;
	return 0;
}

int lanes_make(struct gen *gen, struct pw_err *err)
{
	for (uint32_t i = 0; i < gen->profile->n_streams; i++) {
		int rc = add_lane(gen, i, err);

		if (rc != 0)
			return rc;
	}
	return 0;
}

void lanes_free(struct gen *gen)
{
	for (uint32_t i = 0; i < gen->n_lanes; i++)
		lane_free(gen->lanes[i]);
	gen->n_lanes = 0;
	for (uint32_t i = 0; i < gen->n_ports; i++)
		gen->ports[i].n_lanes = gen->ports[i].next_lane = 0;
}

void lane_reset(struct lane *lane)
{
	lane->seq = lane->tx_bytes = lane->missed_full = lane->missed_late = 0;
	lane->first_tsc = lane->last_tsc = 0;
	lane->full = false;
	pw_gen_seq_reset(lane->track);
	memset(lane->latency, 0, sizeof(*lane->latency));
	memset(lane->jitter, 0, sizeof(*lane->jitter));
	memset(lane->faults, 0, sizeof(lane->faults));
	lane->last_latency = UINT64_MAX;
	lane->rx_bytes = lane->checked = lane->corrupt = lane->translated_wrong = 0;
	if (lane->sticky != NULL)
		memset(lane->sticky, 0, lane->frame.flows.n * sizeof(*lane->sticky));
}

bool lanes_done(const struct gen *gen)
{
	for (uint32_t i = 0; i < gen->n_lanes; i++)
		if (gen->lanes[i]->stream->count == 0 ||
			gen->lanes[i]->seq < gen->lanes[i]->stream->count)
			return false;
	return true;
}

bool lanes_all_arrived(const struct gen *gen)
{
	for (uint32_t i = 0; i < gen->n_lanes; i++)
		if (gen->lanes[i]->stream->frame.stamp &&
			pw_gen_seq_missing(gen->lanes[i]->track, gen->lanes[i]->seq) > 0)
			return false;
	return true;
}

/* What was due until the end and not sent any more belongs to what the generator missed. */
static uint64_t still_due(const struct lane *lane, double seconds)
{
	uint64_t known = lane->seq + lane->missed_full + lane->missed_late;
	uint64_t due = (uint64_t)(lane->asked_pps * seconds);

	if (lane->stream->count != 0 || due <= known + BURST)
		return 0;
	return due - known;
}

void lane_result(const struct lane *lane, double seconds, struct pw_gen_stream_result *r)
{
	const struct pw_gen_seq *track = lane->track;
	bool stamped = lane->frame.stamp;

	/* One that has sent its count was done before the run was. */
	if (lane->stream->count != 0 && lane->seq == lane->stream->count)
		seconds = (double)(lane->last_tsc - lane->pace.start) / (double)lane->from->gen->hz;
	*r = (struct pw_gen_stream_result){
		.name = lane->stream->name,
		.from = lane->from->id,
		.to = lane->to->id,
		.asked = lane->stream->rate,
		.asked_pps = lane->asked_pps,
		.flows = lane->frame.flows.n,
		.mean_size = lane->frame.sizes.mean,
		.seconds = seconds,
		.tx_frames = lane->seq,
		.tx_bytes = lane->tx_bytes,
		.missed_full = lane->missed_full,
		.missed_late = lane->missed_late + still_due(lane, seconds),
		.rx_frames = track->unique,
		.rx_bytes = lane->rx_bytes,
		.lost = stamped ? pw_gen_seq_missing(track, lane->seq) : 0,
		.reordered = track->reordered,
		.reorder_distance = track->max_distance,
		.duplicates = track->duplicates,
		.stale = track->stale,
		.checked = lane->checked,
		.corrupt = lane->corrupt,
		.translated_wrong = lane->translated_wrong,
		.latency = lane->stream->latency ? lane->latency : NULL,
		.jitter = lane->stream->latency ? lane->jitter : NULL,
	};
	memcpy(r->faults, lane->faults, sizeof(r->faults));
}
