/* SPDX-License-Identifier: BSD-3-Clause */
/* The client's side. */
#include "pw_gen_conns.h"

#include <assert.h>
#include <stdlib.h>

#include "pw_clock.h"
#include "pw_gen_flow.h"
#include "pw_util.h"
#include "tcp.h"

#define SLOT_SHIFT 12 /* of a sequence number: room for SYN, request and FIN below the slot */
#define PROBES     16 /* slots looked at for a free one */
#define UDP_MARK   UINT32_C(0x70676331) /* "pgc1" */
#define UDP_LEAST  8

enum state {
	FREE,
	OPENING, /* SYN or UDP request sent */
	ASKED,   /* request sent */
	CLOSING  /* FIN sent */
};

struct slot {
	uint64_t began, stepped; /* clock */
	uint64_t number;         /* of the connection: its addresses and ports follow */
	uint32_t received;       /* bytes of the response */
	uint8_t state;
};
static_assert(sizeof(struct slot) <= 32, "two a cache line");

struct pw_gen_conns {
	const struct pw_gen_conn *conf;
	struct pw_mac src_mac;
	uint64_t hz, timeout;
	uint64_t next; /* number of the next connection */
	uint32_t n_slots, open, cursor, sweep, last;
	struct pw_gen_conn_counts counts;
	struct pw_gen_hist duration;
	struct slot slots[];
};

struct pw_gen_conns *pw_gen_conns_create(
	const struct pw_gen_conn *conf, const struct pw_mac *own_mac, uint64_t hz)
{
	struct pw_gen_conns *c = calloc(1, sizeof(*c) + conf->open * sizeof(c->slots[0]));

	if (c == NULL)
		return NULL;
	c->conf = conf;
	c->src_mac = pw_mac_is_zero(&conf->src_mac) ? *own_mac : conf->src_mac;
	c->hz = hz;
	c->timeout = (uint64_t)((unsigned __int128)conf->timeout_ns * hz / PW_NS_PER_SEC);
	c->n_slots = conf->open;
	return c;
}

void pw_gen_conns_destroy(struct pw_gen_conns *conns)
{
	free(conns);
}

const struct pw_gen_conn_counts *pw_gen_conns_counts(const struct pw_gen_conns *conns)
{
	return &conns->counts;
}

const struct pw_gen_hist *pw_gen_conns_duration(const struct pw_gen_conns *conns)
{
	return &conns->duration;
}

uint32_t pw_gen_conns_open_now(const struct pw_gen_conns *conns)
{
	return conns->open;
}

/* ---- a connection's numbers ---- */

/* From the client's side: ports change fastest, so that neighbours differ in the port. */
static struct segment tuple_of(const struct pw_gen_conns *c, uint64_t number)
{
	const struct pw_gen_conn *conf = c->conf;
	uint64_t client = number % ((uint64_t)conf->src.n * conf->src_port.n);
	uint64_t server = number % ((uint64_t)conf->dst.n * conf->dst_port.n);
	uint32_t src = get32(conf->src.first.b) + (uint32_t)(client / conf->src_port.n);
	uint32_t dst = get32(conf->dst.first.b) + (uint32_t)(server / conf->dst_port.n);

	return (struct segment){
		.proto = (uint8_t)conf->proto,
		.src_be = htonl(src),
		.dst_be = htonl(dst),
		.sport = (uint16_t)(conf->src_port.first + client % conf->src_port.n),
		.dport = (uint16_t)(conf->dst_port.first + server % conf->dst_port.n),
	};
}

static uint32_t isn_of(uint32_t slot)
{
	return slot << SLOT_SHIFT;
}

/* Addresses and ports of a received segment are those of the connection, turned round. */
static bool answers(const struct pw_gen_conns *c, const struct slot *slot, const struct segment *in)
{
	struct segment t = tuple_of(c, slot->number);

	return in->src_be == t.dst_be && in->dst_be == t.src_be && in->sport == t.dport &&
	       in->dport == t.sport;
}

static uint16_t write(const struct pw_gen_conns *c, const struct segment *seg, uint8_t *out)
{
	memcpy(out, c->conf->dst_mac.b, 6);
	memcpy(out + 6, c->src_mac.b, 6);
	return segment_write(out, seg);
}

/* ---- opening ---- */

static int64_t free_slot(struct pw_gen_conns *c)
{
	for (unsigned i = 0; i < PROBES; i++) {
		uint32_t slot = c->cursor;

		c->cursor = slot + 1 == c->n_slots ? 0 : slot + 1;
		if (c->slots[slot].state == FREE)
			return slot;
	}
	return -1;
}

static uint16_t request_len(const struct pw_gen_conn *conf)
{
	return (uint16_t)(conf->proto == IPPROTO_UDP
				  ? PW_MAX(conf->request_bytes, (uint32_t)UDP_LEAST)
				  : conf->request_bytes);
}

static void fill_request(const struct pw_gen_conns *c, uint32_t slot, uint8_t *payload)
{
	memset(payload, 'q', request_len(c->conf));
	if (c->conf->proto == IPPROTO_UDP) {
		put32(payload, UDP_MARK);
		put32(payload + 4, slot);
	}
}

uint16_t pw_gen_conns_open(struct pw_gen_conns *c, uint64_t now, uint8_t *out)
{
	struct segment seg;
	int64_t slot;

	if (c->conf->count != 0 && c->next >= c->conf->count)
		return 0;
	slot = free_slot(c);
	if (slot < 0)
		return 0;
	c->slots[slot] =
		(struct slot){.began = now, .stepped = now, .number = c->next++, .state = OPENING};
	c->last = (uint32_t)slot;
	c->open++;
	c->counts.opened++;
	seg = tuple_of(c, c->slots[slot].number);
	if (c->conf->proto == IPPROTO_TCP) {
		seg.flags = SYN;
		seg.seq = isn_of((uint32_t)slot);
	} else {
		seg.payload_len = request_len(c->conf);
		fill_request(c, (uint32_t)slot, out + segment_payload_off(IPPROTO_UDP));
	}
	return write(c, &seg, out);
}

void pw_gen_conns_unopen(struct pw_gen_conns *c)
{
	c->slots[c->last].state = FREE;
	c->next--;
	c->open--;
	c->counts.opened--;
}

/* ---- receiving ---- */

static void finish(struct pw_gen_conns *c, struct slot *slot, uint64_t now)
{
	uint64_t ticks = now > slot->began ? now - slot->began : 0;

	pw_gen_hist_record(
		&c->duration, (uint64_t)((unsigned __int128)ticks * PW_NS_PER_SEC / c->hz));
	slot->state = FREE;
	c->open--;
	c->counts.completed++;
}

static void fail(struct pw_gen_conns *c, struct slot *slot)
{
	slot->state = FREE;
	c->open--;
	c->counts.failed++;
}

/* The state machine of a TCP connection: flags of the segment to send, 0: none. */
static uint8_t step(struct pw_gen_conns *c, struct slot *slot, const struct segment *in,
	uint16_t *payload, uint64_t now)
{
	bool synack = (in->flags & (SYN | ACK)) == (SYN | ACK), fin = (in->flags & FIN) != 0;

	slot->stepped = now;
	if (slot->state == OPENING && synack) {
		slot->state = ASKED;
		c->counts.established++;
		*payload = request_len(c->conf);
		return PSH | ACK;
	}
	if (slot->state == ASKED && !synack) {
		slot->received += in->payload_len;
		if (!fin && (slot->received == 0 || slot->received < c->conf->response_bytes))
			return in->payload_len > 0 ? ACK : 0;
		slot->state = CLOSING;
		if (!fin)
			return FIN | ACK;
		finish(c, slot, now); /* the server closes first: one segment for both */
		return FIN | ACK;
	}
	if (slot->state == CLOSING && fin) {
		finish(c, slot, now);
		return ACK;
	}
	return 0;
}

static uint16_t receive_tcp(
	struct pw_gen_conns *c, const struct segment *in, uint64_t now, uint8_t *out)
{
	uint32_t index = (in->ack - 1) >> SLOT_SHIFT;
	struct slot *slot = index < c->n_slots ? &c->slots[index] : NULL;
	struct segment reply;
	uint8_t flags;

	if (slot == NULL || slot->state == FREE || !(in->flags & ACK) || !answers(c, slot, in)) {
		c->counts.unexpected++;
		return 0;
	}
	if (in->flags & RST) {
		c->counts.refused++;
		fail(c, slot);
		return 0;
	}
	reply = tuple_of(c, slot->number);
	flags = step(c, slot, in, &reply.payload_len, now);
	if (flags == 0)
		return 0;
	reply.flags = flags;
	reply.seq = in->ack;
	reply.ack = in->seq + in->payload_len + ((in->flags & (SYN | FIN)) != 0);
	if (reply.payload_len > 0)
		fill_request(c, index, out + segment_payload_off(IPPROTO_TCP));
	return write(c, &reply, out);
}

static void receive_udp(
	struct pw_gen_conns *c, const struct segment *in, const uint8_t *payload, uint64_t now)
{
	uint32_t index = in->payload_len >= UDP_LEAST ? get32(payload + 4) : UINT32_MAX;
	struct slot *slot = index < c->n_slots ? &c->slots[index] : NULL;

	if (slot == NULL || get32(payload) != UDP_MARK || slot->state == FREE ||
		!answers(c, slot, in)) {
		c->counts.unexpected++;
		return;
	}
	c->counts.established++;
	finish(c, slot, now);
}

uint16_t pw_gen_conns_receive(
	struct pw_gen_conns *c, const uint8_t *data, uint16_t len, uint64_t now, uint8_t *out)
{
	struct segment in;

	if (!segment_read(data, len, &in) || in.proto != c->conf->proto)
		return 0;
	if (in.proto == IPPROTO_TCP)
		return receive_tcp(c, &in, now, out);
	receive_udp(c, &in, data + in.payload_off, now);
	return 0;
}

void pw_gen_conns_sweep(struct pw_gen_conns *c, uint64_t now, uint32_t slots)
{
	for (uint32_t i = 0; i < slots && c->open > 0; i++) {
		struct slot *slot = &c->slots[c->sweep];

		c->sweep = c->sweep + 1 == c->n_slots ? 0 : c->sweep + 1;
		if (slot->state != FREE && now > slot->stepped && now - slot->stepped > c->timeout)
			fail(c, slot);
	}
}
