/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fuzz_frag.c - any series of fragments, of several datagrams at a time, in any order and overlap,
 * with time passing in between.
 *
 * What must hold: nothing for a VIP passes untranslated, of fragments that overlap one passes at most,
 * headers stay right, and what is held comes out again.
 */
#include "../unit/nat/nat_test.h"
#include "fuzz_net.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MF        0x2000
#define DATAGRAMS 4
#define UNITS     40 /* of 8 bytes, where a fragment may begin; larger datagrams add nothing */

/* What has passed of a datagram since time passed last. */
struct passed {
	uint64_t units; /* bit i: unit i */
	uint32_t end;   /* units of the whole one, 0: not known */
};

struct run {
	struct fixture fx;
	struct passed passed[4][DATAGRAMS];
};

static const uint8_t payload[16 * 8];

/* Who talks to whom, two bits: a client to the VIP, a client to nobody special, a backend, a client to a backend. */
static struct frame_spec between(unsigned who)
{
	switch (who) {
	case 0:
		return udp(CLIENT, 9, VIP, 80);
	case 1:
		return udp(CLIENT, 9, ROUTER, 80);
	case 2:
		return udp(BACKEND(0), 8080, CLIENT, 9);
	default:
		return udp(CLIENT + 1, 9, BACKEND(0), 8080);
	}
}

static void check_passed(struct run *r, struct pw_pkt *pkt, unsigned who)
{
	uint32_t src = ntohl(pkt->src_be), dst = ntohl(pkt->dst_be);

	if (pkt->flags & PW_PKT_NAT) {
		FUZZ_CHECK(pw_nat_rewrite(r->fx.nat, pkt));
		src = get32(pkt->data + pkt->l3_off + 12);
		dst = get32(pkt->data + pkt->l3_off + 16);
	}
	FUZZ_CHECK(fuzz_ip_residue(pkt->data + pkt->l3_off) == 0xffff);
	FUZZ_CHECK(dst != VIP); /* never untranslated (CT-4) */
	FUZZ_CHECK(who != 0 || (src == CLIENT && (dst == BACKEND(0) || dst == BACKEND(1))));
	FUZZ_CHECK(who != 1 || (src == CLIENT && dst == ROUTER));
	FUZZ_CHECK(who != 2 || dst == CLIENT);
}

/* Of two fragments that overlap one passes at most, until the datagram was complete. */
static void check_overlap(struct run *r, const uint8_t *ip, unsigned who)
{
	struct passed *p = &r->passed[who][get16(ip + 4) & (DATAGRAMS - 1)];
	uint32_t begin = get16(ip + 6) & 0x1fff, n = (get16(ip + 2) - 20u) / 8;
	uint64_t mask = ((UINT64_C(1) << n) - 1) << begin;

	if (who == 1 || who == 3 || (begin == 0 && !(get16(ip + 6) & MF)))
		return; /* not tracked: neither a VIP nor from an endpoint; no fragment */
	FUZZ_CHECK((p->units & mask) == 0);
	p->units |= mask;
	if (!(get16(ip + 6) & MF))
		p->end = begin + n;
	if (p->end > 0 && p->units == (UINT64_C(1) << p->end) - 1)
		*p = (struct passed){0};
}

static void judge(struct run *r, struct pw_pkt *pkt, unsigned who)
{
	if (pkt->verdict == PW_VERDICT_HELD)
		return;
	if (pkt->verdict == PW_VERDICT_CONTINUE) {
		check_overlap(r, pkt->data + pkt->l3_off, who);
		check_passed(r, pkt, who);
	}
	rte_pktmbuf_free(pkt->m);
}

static unsigned who_is(const struct pw_pkt *pkt)
{
	uint32_t dst = get32(pkt->data + pkt->l3_off + 16);

	return dst == VIP ? 0 : dst == ROUTER ? 1 : dst == CLIENT ? 2 : 3;
}

/* What was held and now goes on, as the data plane does it. */
static void go_on(struct run *r)
{
	struct pw_nat_released out[8];
	uint32_t n;

	while ((n = pw_nat_released(r->fx.nat, 0, out, 8)) > 0) {
		for (uint32_t i = 0; i < n; i++) {
			struct pw_pkt pkt = {0}, *batch[1] = {&pkt};

			if (out[i].verdict != PW_VERDICT_CONTINUE) {
				FUZZ_CHECK(out[i].verdict >= PW_DROP_FIRST);
				rte_pktmbuf_free(out[i].m);
				continue;
			}
			pkt = parse_mbuf(out[i].m);
			pkt.flags |= PW_PKT_REINJECTED;
			pw_nat_process(r->fx.nat, 0, batch, 1, r->fx.now);
			judge(r, &pkt, who_is(&pkt));
		}
	}
}

static void send_one(struct run *r, struct fuzz_input *in)
{
	unsigned name = fuzz_take(in, 1), who = name & 3;
	uint16_t unit = (uint16_t)(fuzz_take(in, 1) % UNITS);
	unsigned shape = fuzz_take(in, 1);
	struct frame_spec s = between(who);

	s.id = (uint16_t)(name >> 2 & (DATAGRAMS - 1));
	s.frag = (uint16_t)(unit | (shape & 0x80 ? MF : 0));
	s.payload = payload;
	/* The UDP header, in later ones any 8 bytes, counts as the first unit. */
	s.payload_len = (uint32_t)((shape & 15) * 8 + (s.frag & MF ? 0 : shape >> 4 & 7));

	struct pw_pkt pkt = send_spec(&r->fx, s);

	judge(r, &pkt, who);
	go_on(r);
}

static void pass_time(struct run *r, uint32_t sec)
{
	r->fx.now += sec;
	memset(r->passed, 0, sizeof(r->passed));
	pw_nat_age(r->fx.nat, 0, r->fx.now, 64);
	go_on(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pw_nat_params params = fx_params(64, 1);
	struct fuzz_input in = {data, size};
	struct run r = {0};

	if (size > 4096)
		return -1;
	params.hold_bytes = 64 << 10;
	fx_open_with(&r.fx, &params);
	fx_service(&r.fx, IPPROTO_UDP, 2);
	while (in.left > 0) {
		unsigned what = fuzz_take(&in, 1);

		if (what < 0xf0)
			send_one(&r, &in);
		else if (what < 0xf8)
			pass_time(&r, what & 7);
		else
			pass_time(&r, 31);
	}
	pass_time(&r, 31);
	pass_time(&r, 31);
	FUZZ_CHECK(r.fx.pool.in_use == 0);
	fx_close(&r.fx);
	return 0;
}
