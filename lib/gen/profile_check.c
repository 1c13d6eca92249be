/* SPDX-License-Identifier: BSD-3-Clause */
/* Values of a profile against one another; what follows from them is put in place. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "profile_schema.h"
#include "pw_util.h"

static const char *path_of(
	const char *list, uint32_t i, const char *key, char buf[static CONF_PATH_MAX])
{
	snprintf(buf, CONF_PATH_MAX, *key != '\0' ? "%s[%u].%s" : "%s[%u]%s", list, i, key);
	return buf;
}

/* ---- streams ---- */

static void set_ranges(struct pw_gen_stream *stream)
{
	struct pw_gen_frame *frame = &stream->frame;
	uint32_t *range = frame->flows.range;

	frame->src = stream->src.first;
	frame->dst = stream->dst.first;
	frame->src_port = (uint16_t)stream->src_port.first;
	frame->dst_port = (uint16_t)stream->dst_port.first;
	frame->vlan = (uint16_t)stream->vlan.first;
	frame->tagged = stream->vlan.n > 0;
	frame->src_mac = pw_mac_from_u64(stream->src_mac.first);
	frame->dst_mac = pw_mac_from_u64(stream->dst_mac.first);
	frame->ttl = (uint8_t)stream->ttl;
	frame->tos = (uint8_t)stream->tos;
	stream->expect.hops = (uint8_t)stream->hops;
	range[PW_GEN_SRC_PORT] = stream->src_port.n;
	range[PW_GEN_SRC_IP] = stream->src.n;
	range[PW_GEN_DST_IP] = stream->dst.n;
	range[PW_GEN_DST_PORT] = stream->dst_port.n;
	range[PW_GEN_PROTO] = frame->n_protos;
	range[PW_GEN_VLAN] = PW_MAX(stream->vlan.n, 1u);
	range[PW_GEN_SRC_MAC] = PW_MAX(stream->src_mac.n, 1u);
	range[PW_GEN_DST_MAC] = PW_MAX(stream->dst_mac.n, 1u);
}

static void check_flows(struct conf_ctx *ctx, const struct pw_gen_stream *stream, uint32_t i)
{
	uint64_t product = pw_gen_flows_product(&stream->frame.flows);
	char path[CONF_PATH_MAX];

	path_of("streams", i, "flows", path);
	if (!conf_clean(ctx, path_of("streams", i, "", path)))
		return; /* a range that could not be read would give another number */
	path_of("streams", i, "flows", path);
	if (stream->frame.flows.n > product)
		conf_wrong(ctx, path,
			"%" PRIu64 " flows do not fit the ranges: they have %" PRIu64
			" combinations; widen src, dst, src_port or dst_port",
			stream->frame.flows.n, product);
	if (stream->frame.flows.n == 0 && product > PW_GEN_FLOWS_MAX)
		conf_wrong(ctx, path,
			"the ranges have %" PRIu64 " combinations, more than the %" PRIu64
			" flows there may be; say how many of them with flows",
			product, PW_GEN_FLOWS_MAX);
}

static void check_frame(struct conf_ctx *ctx, const struct pw_gen_stream *stream, uint32_t i)
{
	uint16_t least = pw_gen_frame_min_size(&stream->frame);
	char path[CONF_PATH_MAX];

	if (stream->src.first.family != stream->dst.first.family)
		conf_wrong(ctx, path_of("streams", i, "dst", path),
			"source and destination are not of one family");
	if (stream->frame.sizes.min < least)
		conf_wrong(ctx, path_of("streams", i, "size", path),
			"frames of %u bytes do not hold headers, stamp and FCS: %u at least, or "
			"stamp: false",
			stream->frame.sizes.min, least);
	if (stream->sticky && stream->verify_every == 0)
		conf_wrong(ctx, path_of("streams", i, "expect.sticky", path),
			"nothing is looked at with verify: none");
}

static void check_stream(struct conf_ctx *ctx, struct pw_gen_profile *profile, uint32_t i)
{
	struct pw_gen_stream *stream = &profile->streams[i];
	char path[CONF_PATH_MAX];

	if (stream->name[0] == '\0')
		snprintf(stream->name, sizeof(stream->name), "stream%u", i);
	if (stream->to == PW_GEN_PORT_UNSET)
		stream->to = stream->expect.reply ? stream->from : stream->from ^ 1;
	for (uint32_t other = 0; other < i; other++)
		if (strcmp(profile->streams[other].name, stream->name) == 0)
			conf_wrong(ctx, path_of("streams", i, "name", path),
				"streams[%u] has this name, too", other);
	if (!stream->frame.stamp) { /* nothing to measure by */
		stream->latency = false;
		stream->verify_every = 0;
	}
	set_ranges(stream);
	check_frame(ctx, stream, i);
	check_flows(ctx, stream, i);
}

/* ---- ports and the others ---- */

static void check_ports(struct conf_ctx *ctx, const struct pw_gen_profile *profile)
{
	char path[CONF_PATH_MAX];

	for (uint32_t i = 0; i < profile->n_ports; i++)
		for (uint32_t other = 0; other < i; other++)
			if (profile->ports[i].id == profile->ports[other].id)
				conf_wrong(ctx, path_of("ports", i, "id", path),
					"ports[%u] is about this port, too", other);
}

static void check_conn(struct conf_ctx *ctx, struct pw_gen_conn *conn, uint32_t i)
{
	uint64_t tuples = (uint64_t)conn->src.n * conn->src_port.n;
	char path[CONF_PATH_MAX];

	if (conn->name[0] == '\0')
		snprintf(conn->name, sizeof(conn->name), "conn%u", i);
	for (uint32_t other = 0; other < i; other++)
		if (conn[-(int)(i - other)].from == conn->from)
			conf_wrong(ctx, path_of("conns", i, "from", path),
				"conns[%u] has this port; one a port", other);
	if (conn->rate.unit != PW_GEN_RATE_PPS && conn->rate.unit != PW_GEN_RATE_MAX)
		conf_wrong(ctx, path_of("conns", i, "rate", path),
			"connections a second are written as pps, or max");
	if (!conf_clean(ctx, path_of("conns", i, "", path)))
		return;
	if (conn->src.first.family != PW_IPV4 || conn->dst.first.family != PW_IPV4)
		conf_wrong(ctx, path_of("conns", i, "src", path), "connections are made over IPv4");
	if (tuples < conn->open)
		conf_wrong(ctx, path_of("conns", i, "open", path),
			"%u connections at a time need as many client addresses and ports; the "
			"ranges have %" PRIu64,
			conn->open, tuples);
}

static void check_replay(struct conf_ctx *ctx, struct pw_gen_replay *replay, uint32_t i)
{
	char path[CONF_PATH_MAX];

	if (replay->name[0] == '\0')
		snprintf(replay->name, sizeof(replay->name), "replay%u", i);
	for (uint32_t other = 0; other < i; other++)
		if (replay[-(int)(i - other)].from == replay->from)
			conf_wrong(ctx, path_of("replays", i, "from", path),
				"replays[%u] has this port; one a port", other);
	replay->rate_set = replay->rate.line != 0;
	if (replay->rate_set && conf_has(ctx, path_of("replays", i, "speed", path)))
		conf_wrong(ctx, path, "a fixed rate and a speed exclude one another");
	if (replay->speed <= 0)
		conf_wrong(ctx, path_of("replays", i, "speed", path), "must be above 0");
}

static void check_rfc2544(struct conf_ctx *ctx, struct pw_gen_profile *profile)
{
	struct pw_gen_rfc2544 *rfc = &profile->rfc2544;

	/* A section that is there is meant. */
	if (conf_has(ctx, "rfc2544") && !conf_has(ctx, "rfc2544.enabled"))
		rfc->enabled = true;
	if (!rfc->enabled)
		return;
	if (profile->n_streams == 0 && conf_clean(ctx, "streams"))
		conf_wrong(ctx, "rfc2544", "needs streams");
	if (rfc->max_rate.unit == PW_GEN_RATE_MAX)
		conf_wrong(ctx, "rfc2544.max_rate", "a search needs a rate to begin with, not max");
	if (rfc->resolution_ppm == 0)
		conf_wrong(ctx, "rfc2544.resolution", "must be above 0");
	for (uint32_t i = 0; i < profile->n_streams; i++) {
		uint16_t least = pw_gen_frame_min_size(&profile->streams[i].frame);

		for (uint32_t s = 0; s < rfc->sizes.n; s++)
			if (rfc->sizes.v[s] < least)
				conf_wrong(ctx, "rfc2544.sizes",
					"frames of %u bytes do not hold headers, stamp and FCS of "
					"%s: %u at least",
					rfc->sizes.v[s], profile->streams[i].name, least);
	}
}

void profile_check(struct conf_ctx *ctx, void *base)
{
	struct pw_gen_profile *profile = base;

	check_ports(ctx, profile);
	for (uint32_t i = 0; i < profile->n_streams; i++)
		check_stream(ctx, profile, i);
	for (uint32_t i = 0; i < profile->n_conns; i++)
		check_conn(ctx, &profile->conns[i], i);
	for (uint32_t i = 0; i < profile->n_replays; i++)
		check_replay(ctx, &profile->replays[i], i);
	check_rfc2544(ctx, profile);
}
