/* SPDX-License-Identifier: BSD-3-Clause */
/* icmp.c - ICMP errors and TCP resets (icmp.h). */
#include <errno.h>
#include <stdlib.h>

#include "icmp.h"
#include "local.h"
#include "port_reg.h"
#include "punt.h"
#include "pw_build.h"
#include "pw_parse.h"

#define GLOBAL_PER_SEC 1000
#define GLOBAL_BURST   50
#define DST_PER_SEC    1
#define DST_BURST      6
#define DST_SLOTS      1024 /* destinations that share a slot share its tokens */

struct bucket { /* tokens in thousandths */
	uint64_t last_ns;
	uint64_t milli;
};

struct ctl_icmp {
	struct bucket global;
	struct bucket dst[DST_SLOTS];
};

static bool take_token(struct bucket *b, uint64_t now_ns, uint64_t per_sec, uint64_t burst)
{
	uint64_t gained =
		(now_ns - b->last_ns) / 1000 * per_sec / 1000; /* us * tokens/s / 1000 = milli */

	if (b->last_ns == 0 || gained > burst * 1000)
		gained = burst * 1000;
	if (gained > 0) { /* else the time is kept until it is worth something */
		b->milli = PW_MIN(b->milli + gained, burst * 1000);
		b->last_ns = now_ns;
	}
	if (b->milli < 1000)
		return false;
	b->milli -= 1000;
	return true;
}

static bool may_send(struct pw_ctl *ctl, uint32_t dst_be)
{
	uint32_t slot = (dst_be * UINT32_C(2654435761)) >> 22;
	uint64_t now_ns = ctl_now_ns(ctl);

	return take_token(&ctl->icmp->dst[slot], now_ns, DST_PER_SEC, DST_BURST) &&
	       take_token(&ctl->icmp->global, now_ns, GLOBAL_PER_SEC, GLOBAL_BURST);
}

/* ---- what is said about which packet ---- */

struct answer {
	uint8_t type, code;
	enum pw_verdict drop;
};

static const struct answer answers[PW_PUNT_COUNT] = {
	[PW_PUNT_ICMP_TTL] = {11, 0, PW_DROP_TTL},
	[PW_PUNT_ICMP_NET] = {3, 0, PW_DROP_NO_ROUTE},
	[PW_PUNT_ICMP_HOST] = {3, 1, PW_DROP_UNREACHABLE},
	[PW_PUNT_ICMP_ADMIN] = {3, 13, PW_DROP_PROHIBIT},
	[PW_PUNT_ICMP_PORT] = {3, 3, PW_DROP_SVC_REJECT},
	[PW_PUNT_ICMP_PROTO] = {3, 2, PW_DROP_LOCAL_PROTO},
	[PW_PUNT_ICMP_MTU] = {3, 4, PW_DROP_MTU},
	[PW_PUNT_TCP_RST] = {0, 0, PW_DROP_SVC_REJECT},
};

/* The same punt can have two reasons: an address of ours or a VIP, a route or a silent neighbour.
 */
static enum pw_verdict drop_reason(
	const struct pw_ctl *ctl, const struct pw_dp_punt *punt, const struct pw_pkt *pkt)
{
	enum pw_verdict drop = answers[punt->reason].drop;
	const struct pw_adj *adj =
		punt->adj != PW_ADJ_NONE ? &pw_adj_array(ctl->adj)[punt->adj] : NULL;

	if (drop == PW_DROP_SVC_REJECT && ctl_local_is_ours(ctl, pkt->dst_be))
		return PW_DROP_LOCAL_PROTO;
	if (drop == PW_DROP_UNREACHABLE && adj != NULL && adj->kind == PW_ADJ_FORWARD)
		return PW_DROP_NEIGH_FAILED;
	return drop;
}

static struct pw_mac mac_at(const uint8_t *p)
{
	return (struct pw_mac){{p[0], p[1], p[2], p[3], p[4], p[5]}};
}

/* MACs of answers are set when they are routed; until then those of the question, turned round,
 * will do. */
static void send_error(
	struct pw_ctl *ctl, const struct pw_pkt *about, uint8_t type, uint8_t code, uint16_t info)
{
	const struct pw_mac dst = mac_at(about->data + 6), src = mac_at(about->data);
	const struct ctl_port *port = ctl_port_at(ctl, about->in_port);
	struct rte_mbuf *m;
	uint32_t source_be;

	if (port == NULL || !pw_icmp_error_allowed(about) || !may_send(ctl, about->src_be))
		return;
	m = rte_pktmbuf_alloc(ctl->pool);
	if (m == NULL)
		return;
	source_be = ctl_local_source(ctl, ctl_port_iface(port), about->src_be);
	if (pw_build_icmp_error(m, about, type, code, info, source_be, &src, &dst) == 0)
		ctl_punt_send(ctl, m, PW_DP_INJECT_ROUTE, about->in_port);
	else
		rte_pktmbuf_free(m);
}

static void send_reset(struct pw_ctl *ctl, const struct pw_pkt *about)
{
	const struct pw_mac dst = mac_at(about->data + 6), src = mac_at(about->data);
	struct rte_mbuf *m = rte_pktmbuf_alloc(ctl->pool);

	if (m == NULL)
		return;
	if (pw_build_tcp_rst(m, about, &src, &dst) == 0)
		ctl_punt_send(ctl, m, PW_DP_INJECT_ROUTE, about->in_port);
	else
		rte_pktmbuf_free(m); /* a RST is not answered by one */
}

/* MTU of the way out, for type 3 code 4 (RFC 1191). */
static uint16_t mtu_info(const struct pw_ctl *ctl, const struct pw_dp_punt *punt)
{
	if (punt->reason != PW_PUNT_ICMP_MTU || punt->adj == PW_ADJ_NONE)
		return 0;
	return pw_adj_array(ctl->adj)[punt->adj].mtu;
}

void ctl_icmp_punt(struct pw_ctl *ctl, const struct pw_dp_punt *punt)
{
	const struct answer *a = &answers[punt->reason];
	struct pw_pkt pkt = {.m = punt->m, .in_port = punt->in_port};

	pw_parse_frame(&pkt);
	pkt.m->port = punt->in_port;
	if (pkt.verdict != PW_VERDICT_CONTINUE) {
		ctl_punt_drop(ctl, pkt.m, (enum pw_verdict)pkt.verdict);
		return;
	}
	if (punt->reason == PW_PUNT_TCP_RST)
		send_reset(ctl, &pkt);
	else if (!punt->originated)
		send_error(ctl, &pkt, a->type, a->code, mtu_info(ctl, punt));
	ctl_punt_drop(ctl, pkt.m, drop_reason(ctl, punt, &pkt));
}

void ctl_icmp_unresolved(struct pw_ctl *ctl, struct rte_mbuf *m)
{
	struct pw_pkt pkt = {.m = m, .in_port = m->port};
	bool originated = m->hash.fdir.hi != 0;

	if (ctl->dp != NULL && !originated) {
		pw_parse_frame(&pkt);
		pkt.m->port = pkt.in_port;
		if (pkt.verdict == PW_VERDICT_CONTINUE)
			send_error(ctl, &pkt, 3, 1, 0);
	}
	ctl_punt_drop(ctl, pkt.m, PW_DROP_NEIGH_FAILED);
}

static int init(struct pw_ctl *ctl, struct pw_err *err)
{
	ctl->icmp = calloc(1, sizeof(*ctl->icmp));
	return ctl->icmp != NULL ? 0 : pw_err_set(err, -ENOMEM, "icmp: out of memory");
}

static void fini(struct pw_ctl *ctl)
{
	free(ctl->icmp);
	ctl->icmp = NULL;
}

const struct ctl_module ctl_module_icmp = {.name = "icmp", .init = init, .fini = fini};
