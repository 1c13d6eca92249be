/* SPDX-License-Identifier: BSD-3-Clause */
/* The server's side: every answer follows from the segment alone. */
#include "pw_gen_conns.h"

#include "pw_gen_flow.h"
#include "tcp.h"

static uint32_t isn_of(const struct segment *in)
{
	return (uint32_t)pw_gen_mix((uint64_t)in->src_be << 32 ^ in->dst_be ^
				    (uint64_t)in->sport << 16 ^ in->dport ^ in->seq);
}

/* Flags of the answer, 0: none. */
static uint8_t answer_flags(const struct segment *in, uint16_t response_bytes, uint16_t *payload)
{
	*payload = 0;
	if (in->flags & RST)
		return 0;
	if (in->flags & SYN)
		return SYN | ACK;
	if (in->flags & FIN)
		return FIN | ACK;
	if (in->payload_len == 0)
		return 0;
	*payload = response_bytes;
	return PSH | ACK;
}

static bool serve_tcp(
	const struct segment *in, uint16_t response_bytes, uint8_t *data, uint16_t *len)
{
	struct segment out = {
		.proto = IPPROTO_TCP,
		.src_be = in->dst_be,
		.dst_be = in->src_be,
		.sport = in->dport,
		.dport = in->sport,
	};

	out.flags = answer_flags(in, response_bytes, &out.payload_len);
	if (out.flags == 0)
		return false;
	out.seq = in->flags & SYN ? isn_of(in) : in->ack;
	out.ack = in->seq + in->payload_len + ((in->flags & (SYN | FIN)) != 0);
	memset(data + segment_payload_off(IPPROTO_TCP), 'r', out.payload_len);
	pw_gen_swap_macs(data);
	*len = segment_write(data, &out);
	return true;
}

bool pw_gen_serve(
	const struct pw_gen_host *host, uint16_t response_bytes, uint8_t *data, uint16_t *len)
{
	struct segment in;

	if (pw_gen_answer(host, data, len))
		return true;
	if (!segment_read(data, *len, &in))
		return false;
	if (in.proto == IPPROTO_TCP)
		return serve_tcp(&in, response_bytes, data, len);
	return pw_gen_swap_5tuple(data, *len);
}
