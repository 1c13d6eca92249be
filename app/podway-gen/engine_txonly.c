/* SPDX-License-Identifier: BSD-3-Clause */
/* Engines txonly (one flow) and flowgen (1024 destinations), as fast as it goes, without a profile. */
#include "engines.h"

#include <netinet/in.h>
#include <stdlib.h>

#define FLOWGEN_FLOWS 1024 /* testpmd's default */

struct fixed {
	struct pw_gen_frame frame;
	uint64_t seq;
};

static void end(struct gport *port)
{
	struct fixed *fixed = port->state;

	if (fixed != NULL)
		pw_gen_frame_fini(&fixed->frame);
	free(fixed);
	port->state = NULL;
}

static int begin(struct gport *port, struct pw_err *err, uint32_t flows)
{
	struct fixed *fixed = calloc(1, sizeof(*fixed));
	struct pw_gen_frame *frame;

	if (fixed == NULL)
		return pw_err_set(err, -ENOMEM, "out of memory");
	frame = &fixed->frame;
	port->state = fixed;
	frame->src_mac = port->mac;
	frame->dst_mac = port->peer_mac;
	frame->src = pw_ip_from_v4(htonl(0xc6120001)); /* 198.18.0.1, RFC 2544 */
	frame->dst = pw_ip_from_v4(htonl(0xc6130001));
	frame->protos[0] = IPPROTO_UDP;
	frame->n_protos = 1;
	frame->src_port = frame->dst_port = 9;
	frame->ttl = 64;
	for (unsigned f = 0; f < PW_GEN_FIELD_COUNT; f++)
		frame->flows.range[f] = 1;
	frame->flows.range[PW_GEN_DST_IP] = flows;
	pw_gen_sizes_fixed(&frame->sizes, PW_GEN_SIZE_MIN);
	return pw_gen_frame_init(frame, port->gen->pattern);
}

static int begin_txonly(struct gport *port, struct pw_err *err)
{
	return begin(port, err, 1);
}

static int begin_flowgen(struct gport *port, struct pw_err *err)
{
	return begin(port, err, FLOWGEN_FLOWS);
}

static bool send_burst(struct gport *port)
{
	struct fixed *fixed = port->state;
	struct pw_gen_stamp stamp = {.seq = fixed->seq};
	struct rte_mbuf *pkts[BURST];

	if (!__atomic_load_n(&port->gen->sending, __ATOMIC_RELAXED) ||
		rte_pktmbuf_alloc_bulk(port->pool, pkts, BURST) != 0)
		return false;
	for (uint16_t i = 0; i < BURST; i++, stamp.seq++) {
		uint8_t *data = rte_pktmbuf_mtod(pkts[i], uint8_t *);

		pkts[i]->data_len = pw_gen_frame_write(&fixed->frame, &stamp, data);
		pkts[i]->pkt_len = pkts[i]->data_len;
	}
	fixed->seq += port_send(port, pkts, BURST);
	return true;
}

const struct engine engine_txonly = {
	.name = "txonly",
	.begin = begin_txonly,
	.end = end,
	.step = send_burst,
};

static bool step_flowgen(struct gport *port)
{
	struct rte_mbuf *pkts[BURST];
	uint16_t n = port_receive(port, pkts);

	rte_pktmbuf_free_bulk(pkts, n);
	return send_burst(port) || n > 0;
}

const struct engine engine_flowgen = {
	.name = "flowgen",
	.begin = begin_flowgen,
	.end = end,
	.step = step_flowgen,
};
