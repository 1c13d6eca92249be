/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_gen_conns.h - many short connections: a client that keeps 32 bytes a connection, and a server that keeps
 * none.
 *
 * TCP: SYN, SYN+ACK, ACK with the request, response, FIN, FIN, ACK: 7 segments. UDP: a request and its
 * response. Nothing is sent again: a step that is not answered in time fails the connection, which is
 * what a benchmark wants to know. The client finds the connection of a segment by the acknowledgement
 * number, whose upper 20 bits are the slot, so that it works against any TCP; the addresses and ports
 * must be right, too, or the segment counts as unexpected: the reply of a Service that comes from the
 * backend's own address.
 *
 * The server answers each segment from the segment alone.
 * Threads:  one a table.
 * Cost:     a slot is one half of a cache line; frames are written whole.
 */
#ifndef PW_GEN_CONNS_H
#define PW_GEN_CONNS_H

#include <stdbool.h>
#include <stdint.h>

#include "pw_gen_answer.h"
#include "pw_gen_hist.h"
#include "pw_gen_profile.h"

#define PW_GEN_CONN_ROOM 1514 /* bytes a frame may take */

struct pw_gen_conn_counts {
	uint64_t opened, established, completed;
	uint64_t failed;     /* not answered in time, or refused */
	uint64_t refused;    /* RST */
	uint64_t unexpected; /* segments of no connection */
};

struct pw_gen_conns;

/* conf must outlive it; hz: of the clock. NULL: out of memory. */
struct pw_gen_conns *pw_gen_conns_create(
	const struct pw_gen_conn *conf, const struct pw_mac *own_mac, uint64_t hz);
void pw_gen_conns_destroy(struct pw_gen_conns *conns);
const struct pw_gen_conn_counts *pw_gen_conns_counts(const struct pw_gen_conns *conns);
const struct pw_gen_hist *pw_gen_conns_duration(const struct pw_gen_conns *conns);
uint32_t pw_gen_conns_open_now(const struct pw_gen_conns *conns);

/* The first frame of a new connection: its length; 0: as many as allowed are open, or all are done. */
uint16_t pw_gen_conns_open(struct pw_gen_conns *conns, uint64_t now, uint8_t *out);
/* The sender had no room: that connection was not opened. */
void pw_gen_conns_unopen(struct pw_gen_conns *conns);
/* What came in: length of the frame to send back, or 0. */
uint16_t pw_gen_conns_receive(
	struct pw_gen_conns *conns, const uint8_t *data, uint16_t len, uint64_t now, uint8_t *out);
/* Looks after some of the slots: those that were not answered in time fail. */
void pw_gen_conns_sweep(struct pw_gen_conns *conns, uint64_t now, uint32_t slots);

/* The server: true if the frame in data (room for PW_GEN_CONN_ROOM bytes) became its answer. */
bool pw_gen_serve(
	const struct pw_gen_host *host, uint16_t response_bytes, uint8_t *data, uint16_t *len);

#endif
