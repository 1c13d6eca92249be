/* SPDX-License-Identifier: BSD-3-Clause */
/* replay.h - a port of engine replay, and what it sent. */
#ifndef REPLAY_H
#define REPLAY_H

#include "gen.h"
#include "pw_gen_pcap.h"

struct replay_port {
	struct pw_gen_replay *conf;
	struct pw_gen_pcap pcap;
	struct pw_gen_pace pace; /* of a fixed rate */
	enum pw_gen_rate_unit unit;
	uint64_t start, last; /* clock */
	uint64_t round_start; /* ticks since the start */
	uint32_t index, rounds;
	uint64_t frames, bytes;
};

/* False: the port replayed nothing. */
bool replay_result(const struct gport *port, double seconds, struct pw_gen_replay_result *result);
bool replay_done(const struct gport *port);

#endif
