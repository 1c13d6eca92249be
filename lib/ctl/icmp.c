/* SPDX-License-Identifier: BSD-3-Clause */
/* icmp.c - ICMP errors and TCP resets (icmp.h). */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "icmp.h"
#include "local.h"
#include "port_reg.h"
#include "punt.h"
#include "pw_build.h"
#include "pw_build6.h"
#include "pw_parse.h"
#include "pw_parse6.h"

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

static bool may_send(struct pw_ctl *ctl, const struct pw_ip *dst)
{
	uint32_t slot = pw_ip_hash(dst) % DST_SLOTS;
	uint64_t now_ns = ctl_now_ns(ctl);

	return take_token(&ctl->icmp->dst[slot], now_ns, DST_PER_SEC, DST_BURST) &&
	       take_token(&ctl->icmp->global, now_ns, GLOBAL_PER_SEC, GLOBAL_BURST);
}

/* ---- what is said about which packet ---- */

struct message {
	uint8_t type, code;
};

struct answer {
	struct message v4, v6; /* RFC 792, RFC 4443 */
	enum pw_verdict drop;
};

static const struct answer answers[PW_PUNT_COUNT] = {
	[PW_PUNT_ICMP_TTL] = {{11, 0}, {3, 0}, PW_DROP_TTL},
	[PW_PUNT_ICMP_NET] = {{3, 0}, {1, 0}, PW_DROP_NO_ROUTE},
	[PW_PUNT_ICMP_HOST] = {{3, 1}, {1, 3}, PW_DROP_UNREACHABLE},
	[PW_PUNT_ICMP_ADMIN] = {{3, 13}, {1, 1}, PW_DROP_PROHIBIT},
	[PW_PUNT_ICMP_PORT] = {{3, 3}, {1, 4}, PW_DROP_SVC_REJECT},
	[PW_PUNT_ICMP_PROTO] = {{3, 2}, {4, 1}, PW_DROP_LOCAL_PROTO},
	[PW_PUNT_ICMP_MTU] = {{3, 4}, {2, 0}, PW_DROP_MTU},
	[PW_PUNT_ICMP_SCOPE] = {{0, 0}, {1, 2}, PW_DROP_IP6_ROUTE},
	[PW_PUNT_TCP_RST] = {{0, 0}, {0, 0}, PW_DROP_SVC_REJECT},
};

static bool is_v6(const struct pw_pkt *pkt)
{
	return (pkt->flags & PW_PKT_IPV6) != 0;
}

/* The same punt can have two reasons: an address of ours or a VIP, a route or a silent neighbour.
 */
static enum pw_verdict drop_reason(
	const struct pw_ctl *ctl, const struct pw_dp_punt *punt, const struct pw_pkt *pkt)
{
	enum pw_verdict drop = answers[punt->reason].drop;
	const struct pw_ip dst = pw_pkt_dst_ip(pkt);
	const struct pw_adj *adj =
		punt->adj != PW_ADJ_NONE ? &pw_adj_array(ctl->adj)[punt->adj] : NULL;

	if (drop == PW_DROP_SVC_REJECT &&
		(ctl_local_is_ours(ctl, &dst) || pw_ip_is_link_local(&dst)))
		return PW_DROP_LOCAL_PROTO;
	if (drop == PW_DROP_UNREACHABLE && adj != NULL && adj->kind == PW_ADJ_FORWARD)
		return PW_DROP_NEIGH_FAILED;
	if (drop == PW_DROP_NO_ROUTE && adj != NULL && adj->kind == PW_ADJ_UNREACHABLE)
		return PW_DROP_UNREACHABLE;
	return drop;
}

static struct pw_mac mac_at(const uint8_t *p)
{
	return (struct pw_mac){{p[0], p[1], p[2], p[3], p[4], p[5]}};
}

/* MACs of answers are set when they are routed; until then those of the question, turned round,
 * will do. To a link-local address they are the right ones: it is not routed. */
static void send_back(struct pw_ctl *ctl, const struct pw_pkt *about, struct rte_mbuf *m)
{
	const struct pw_ip to = pw_pkt_src_ip(about);

	ctl_punt_send(ctl, m, pw_ip_is_link_local(&to) ? PW_DP_INJECT_TX : PW_DP_INJECT_ROUTE,
		about->in_port);
}

static bool error_allowed(const struct pw_pkt *about, const struct message *msg)
{
	return is_v6(about) ? pw_icmp6_error_allowed(about, msg->type == 2)
			    : pw_icmp_error_allowed(about);
}

static int build_error(struct rte_mbuf *m, const struct pw_pkt *about, const struct message *msg,
	uint32_t info, const struct pw_ip *source)
{
	const struct pw_mac dst = mac_at(about->data + 6), src = mac_at(about->data);

	if (!is_v6(about))
		return pw_build_icmp_error(
			m, about, msg->type, msg->code, (uint16_t)info, source->v4_be, &src, &dst);
	if (msg->type == 4) /* parameter problem: points to who named the protocol */
		info = pw_ip6_proto_off(about);
	return pw_build_icmp6_error(
		m, about, msg->type, msg->code, info, pw_in6_from_ip(source), &src, &dst);
}

/* From the address that was spoken to, if that is link-local and ours; else from the interface's. */
static struct pw_ip source_for(
	const struct pw_ctl *ctl, const struct ctl_port *port, const struct pw_pkt *about)
{
	const struct pw_ip peer = pw_pkt_src_ip(about), dst = pw_pkt_dst_ip(about);

	if (pw_ip_is_link_local(&dst))
		return dst;
	return ctl_local_source(ctl, ctl_port_iface(port), &peer);
}

static void send_error(
	struct pw_ctl *ctl, const struct pw_pkt *about, enum pw_punt reason, uint32_t info)
{
	const struct message *msg = is_v6(about) ? &answers[reason].v6 : &answers[reason].v4;
	const struct ctl_port *port = ctl_port_at(ctl, about->in_port);
	const struct pw_ip peer = pw_pkt_src_ip(about);
	struct pw_ip source;
	struct rte_mbuf *m;

	if (port == NULL || !error_allowed(about, msg) || !may_send(ctl, &peer))
		return;
	m = rte_pktmbuf_alloc(ctl->pool);
	if (m == NULL)
		return;
	source = source_for(ctl, port, about);
	if (build_error(m, about, msg, info, &source) == 0)
		send_back(ctl, about, m);
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
		send_back(ctl, about, m);
	else
		rte_pktmbuf_free(m); /* a RST is not answered by one */
}

/* MTU of the way out (RFC 1191, RFC 4443 3.2). */
static uint32_t mtu_info(const struct pw_ctl *ctl, const struct pw_dp_punt *punt)
{
	if (punt->reason != PW_PUNT_ICMP_MTU || punt->adj == PW_ADJ_NONE)
		return 0;
	return pw_adj_array(ctl->adj)[punt->adj].mtu;
}

/* false: it was no packet, and is dropped. */
static bool parse(struct pw_ctl *ctl, const struct pw_dp_punt *punt, struct pw_pkt *pkt)
{
	*pkt = (struct pw_pkt){.m = punt->m, .in_port = punt->in_port};
	pw_parse_frame(pkt);
	pkt->m->port = punt->in_port;
	if (pkt->verdict == PW_VERDICT_CONTINUE)
		return true;
	ctl_punt_drop(ctl, pkt->m, (enum pw_verdict)pkt->verdict);
	return false;
}

static void refuse(struct pw_ctl *ctl, const struct pw_dp_punt *punt, const struct pw_pkt *pkt)
{
	if (punt->reason == PW_PUNT_TCP_RST)
		send_reset(ctl, pkt);
	else if (!punt->originated)
		send_error(ctl, pkt, punt->reason, mtu_info(ctl, punt));
	ctl_punt_drop(ctl, pkt->m, drop_reason(ctl, punt, pkt));
}

void ctl_icmp_punt(struct pw_ctl *ctl, const struct pw_dp_punt *punt)
{
	struct pw_pkt pkt;

	if (parse(ctl, punt, &pkt))
		refuse(ctl, punt, &pkt);
}

/* ---- IPv6 to us on one link ---- */

static bool is_echo_request(const struct pw_pkt *pkt)
{
	return (pkt->flags & (PW_PKT_ICMP_ECHO | PW_PKT_FRAG)) == PW_PKT_ICMP_ECHO &&
	       pkt->data[pkt->l4_off] == 128;
}

/* The request itself becomes the reply. */
static void answer_echo(struct pw_ctl *ctl, struct pw_pkt *pkt)
{
	struct rte_mbuf *m = rte_pktmbuf_copy(pkt->m, ctl->pool, 0, UINT32_MAX);
	const struct pw_mac dst = mac_at(pkt->data + 6), src = mac_at(pkt->data);
	struct pw_pkt reply = {.m = m, .in_port = pkt->in_port};

	if (m == NULL)
		return;
	pw_parse_frame(&reply);
	pw_icmp6_echo_turn(&reply);
	memcpy(reply.data, dst.b, sizeof(dst.b));
	memcpy(reply.data + 6, src.b, sizeof(src.b));
	send_back(ctl, pkt, reply.m);
}

/* What is said to anything but an echo; PW_PUNT_COUNT: nothing. */
static enum pw_punt refusal_of(const struct pw_pkt *pkt)
{
	switch (pkt->l4_proto) {
	case IPPROTO_TCP:
		return PW_PUNT_TCP_RST;
	case IPPROTO_UDP:
		return PW_PUNT_ICMP_PORT;
	case IPPROTO_ICMPV6:
		return PW_PUNT_COUNT;
	default:
		return PW_PUNT_ICMP_PROTO;
	}
}

void ctl_icmp_link(struct pw_ctl *ctl, const struct pw_dp_punt *punt)
{
	const struct ctl_port *port = ctl_port_at(ctl, punt->in_port);
	struct pw_dp_punt refused = *punt;
	struct pw_ip dst;
	struct pw_pkt pkt;

	if (!parse(ctl, punt, &pkt))
		return;
	dst = pw_pkt_dst_ip(&pkt);
	if (port == NULL ||
		(pw_ip_is_link_local(&dst) && !ctl_local_has(ctl, ctl_port_iface(port), &dst))) {
		ctl_punt_drop(ctl, pkt.m, port == NULL ? PW_DROP_TX_GONE : PW_DROP_IP6_ROUTE);
		return;
	}
	if (is_echo_request(&pkt)) {
		answer_echo(ctl, &pkt);
		ctl_punt_consume(ctl, pkt.m);
		return;
	}
	refused.reason = refusal_of(&pkt);
	refused.m = pkt.m;
	if (refused.reason != PW_PUNT_COUNT)
		refuse(ctl, &refused, &pkt);
	else
		ctl_punt_drop(ctl, pkt.m, PW_DROP_LOCAL_PROTO);
}

void ctl_icmp_unresolved(struct pw_ctl *ctl, struct rte_mbuf *m)
{
	struct pw_pkt pkt = {.m = m, .in_port = m->port};
	bool originated = m->hash.fdir.hi != 0;

	if (ctl->dp != NULL && !originated) {
		pw_parse_frame(&pkt);
		pkt.m->port = pkt.in_port;
		if (pkt.verdict == PW_VERDICT_CONTINUE)
			send_error(ctl, &pkt, PW_PUNT_ICMP_HOST, 0);
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
