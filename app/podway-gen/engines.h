/* SPDX-License-Identifier: BSD-3-Clause */
/* engines.h - what a port can do; each has a file of its own, or shares one with its like. */
#ifndef ENGINES_H
#define ENGINES_H

#include "gen.h"

extern const struct engine engine_io, engine_mac, engine_macswap, engine_5tswap, engine_icmpecho;
extern const struct engine engine_rxonly;
extern const struct engine engine_flows, engine_txonly, engine_flowgen;
extern const struct engine engine_conn, engine_rr, engine_replay;

#endif
