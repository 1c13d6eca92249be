/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nat_frag.c - later fragments follow the first one, as long as they come after it and to the same
 * worker.
 *
 * A first fragment has ports and finds its flow; what it found is noted under (source, destination,
 * IP id, protocol) in a small table of the worker, where a newer one overwrites an older one. A
 * note is good for FRAG_SEC and while the line is the same flow still. A later fragment without a
 * note is dropped if it is for a VIP, and passes else: an endpoint has other peers, too.
 */
#include "nat_priv.h"

#define FRAG_SEC 30 /* net.ipv4.ipfrag_time */

static uint16_t ip_id(const struct pw_pkt *pkt)
{
	uint16_t id;

	memcpy(&id, pkt->data + pkt->l3_off + 4, sizeof(id));
	return id;
}

static struct nat_frag *slot_of(
	struct nat_worker *worker, const struct pw_pkt *pkt, uint64_t *addr, uint32_t *id_proto)
{
	*addr = (uint64_t)pkt->src_be << 32 | pkt->dst_be;
	*id_proto = (uint32_t)ip_id(pkt) << 8 | pkt->l4_proto;

	uint64_t h = flow_mix(
		*addr ^ UINT64_C(0x9e3779b97f4a7c15), *id_proto ^ UINT64_C(0xbf58476d1ce4e5b9));

	return &worker->frags[h % NAT_FRAGS];
}

void nat_frag_note(struct pw_nat *nat, uint32_t worker, const struct pw_pkt *pkt, uint32_t ref,
	uint32_t now_sec)
{
	struct nat_frag note = {.ref = ref, .sec = now_sec};
	struct nat_frag *slot = slot_of(&nat->workers[worker], pkt, &note.addr, &note.id_proto);

	note.generation = flow_state(&nat->flows.lines[ref >> 1]) & FLOW_GEN_MASK;
	*slot = note;
}

uint32_t nat_frag_find(
	struct pw_nat *nat, uint32_t worker, const struct pw_pkt *pkt, uint32_t now_sec)
{
	uint64_t addr;
	uint32_t id_proto;
	const struct nat_frag *note = slot_of(&nat->workers[worker], pkt, &addr, &id_proto);

	if (note->ref == 0 || note->addr != addr || note->id_proto != id_proto ||
		now_sec - note->sec > FRAG_SEC)
		return 0;

	uint32_t state = flow_state(&nat->flows.lines[note->ref >> 1]);

	if (flow_state_life(state) != FLOW_LIVE || (state & FLOW_GEN_MASK) != note->generation)
		return 0;
	return note->ref;
}
