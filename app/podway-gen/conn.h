/* SPDX-License-Identifier: BSD-3-Clause */
/* conn.h - what a port of engine conn measured. */
#ifndef CONN_H
#define CONN_H

#include "gen.h"
#include "pw_gen_conns.h"

struct conn_port {
	struct pw_gen_conn *conf;
	struct pw_gen_conns *conns;
	struct pw_gen_pace pace;
	uint64_t missed; /* were due, but the generator came too late or too many were open */
};

/* False: the port made no connections. */
bool conn_result(const struct gport *port, double seconds, struct pw_gen_conn_result *result);
/* Nothing is to be opened any more (sending), or nothing is open any more. */
bool conn_done(const struct gport *port, bool sending);

#endif
