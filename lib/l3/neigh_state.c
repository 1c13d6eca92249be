/* SPDX-License-Identifier: BSD-3-Clause */
/*
 *             hold              reply               30 s            used              3 requests
 *   (none) --------> INCOMPLETE ------> REACHABLE ------> STALE ----------> PROBE ---------->
 * FAILED |  3 requests      ^  reply        |                 | reply           |
 *                        +--> FAILED        +---------------+-----------------+                 |
 *                                                           | 60 s unused: removed        3 s:
 * removed
 *
 * Times are net.ipv4.neigh.default.* of Linux; FAILED's is ours.
 */
#include <stdlib.h>

#include "neigh.h"
#include "pw_clock.h"
#include "pw_util.h"

#define SOLICITS     3                    /* mcast_solicit, ucast_solicit */
#define RETRANS_NS   (1 * PW_NS_PER_SEC)  /* retrans_time_ms */
#define REACHABLE_NS (30 * PW_NS_PER_SEC) /* base_reachable_time_ms, not randomised */
#define STALE_NS     (60 * PW_NS_PER_SEC) /* gc_stale_time */
#define FAILED_NS    (3 * PW_NS_PER_SEC)

const char *pw_neigh_state_name(enum pw_neigh_state state)
{
	static const char *const names[] = {
		[PW_NEIGH_INCOMPLETE] = "incomplete",
		[PW_NEIGH_REACHABLE] = "reachable",
		[PW_NEIGH_STALE] = "stale",
		[PW_NEIGH_PROBE] = "probe",
		[PW_NEIGH_FAILED] = "failed",
	};

	return (unsigned)state < PW_ARRAY_SIZE(names) ? names[state] : "?";
}

bool neigh_is_usable(const struct pw_neigh *neigh)
{
	return neigh->state == PW_NEIGH_REACHABLE || neigh->state == PW_NEIGH_STALE ||
	       neigh->state == PW_NEIGH_PROBE;
}

uint64_t neigh_last_used_ns(
	const struct pw_neigh_table *table, const struct pw_neigh *neigh, uint64_t now_ns)
{
	struct pw_neigh_info info;

	pw_neigh_info(neigh, now_ns, &info);

	uint64_t used_ns = table->cb.last_used_sec(table->ctx, &info) * PW_NS_PER_SEC;

	return PW_MIN(used_ns, now_ns); /* a worker's clock may be ahead */
}

static void send_request(struct pw_neigh_table *table, struct pw_neigh *neigh, uint64_t now_ns)
{
	const struct pw_mac *dst = neigh->state == PW_NEIGH_PROBE ? &neigh->mac : NULL;
	struct pw_neigh_info info;

	neigh->requests++;
	neigh->request_ns = now_ns;
	pw_neigh_info(neigh, now_ns, &info);
	table->cb.request(table->ctx, &info, dst);
}

static void enter(struct pw_neigh_table *table, struct pw_neigh *neigh, enum pw_neigh_state state,
	uint64_t now_ns)
{
	struct pw_neigh_info info;

	neigh->state = state;
	neigh->state_ns = now_ns;
	pw_neigh_info(neigh, now_ns, &info);
	table->cb.changed(table->ctx, &info);
}

void neigh_start(struct pw_neigh_table *table, struct pw_neigh *neigh, uint64_t now_ns)
{
	neigh->state = PW_NEIGH_INCOMPLETE;
	neigh->state_ns = now_ns;
	send_request(table, neigh, now_ns);
}

/* Asks again, or gives up. */
static void tick_asking(struct pw_neigh_table *table, struct pw_neigh *neigh, uint64_t now_ns)
{
	if (now_ns - neigh->request_ns < RETRANS_NS)
		return;
	if (neigh->requests < SOLICITS) {
		send_request(table, neigh, now_ns);
		return;
	}
	neigh_touch_last(table, neigh);
	enter(table, neigh, PW_NEIGH_FAILED, now_ns);
	neigh_release_held(table, neigh, false, now_ns);
}

static void tick_reachable(struct pw_neigh_table *table, struct pw_neigh *neigh, uint64_t now_ns)
{
	if (now_ns - neigh->confirmed_ns >= REACHABLE_NS)
		enter(table, neigh, PW_NEIGH_STALE, now_ns);
}

static void tick_stale(struct pw_neigh_table *table, struct pw_neigh *neigh, uint64_t now_ns)
{
	uint64_t used_ns = neigh_last_used_ns(table, neigh, now_ns);

	/* Use is told in whole seconds: one in the second it became stale may have been before. */
	if (used_ns / PW_NS_PER_SEC > neigh->state_ns / PW_NS_PER_SEC) {
		neigh->requests = 0;
		enter(table, neigh, PW_NEIGH_PROBE, now_ns);
		send_request(table, neigh, now_ns);
		return;
	}
	if (!neigh->pinned && now_ns - PW_MAX(used_ns, neigh->updated_ns) >= STALE_NS)
		neigh_remove(table, neigh, now_ns);
}

static void tick_failed(struct pw_neigh_table *table, struct pw_neigh *neigh, uint64_t now_ns)
{
	if (now_ns - neigh->state_ns >= FAILED_NS)
		neigh_remove(table, neigh, now_ns);
}

typedef void tick_fn(struct pw_neigh_table *table, struct pw_neigh *neigh, uint64_t now_ns);

void pw_neigh_tick(struct pw_neigh_table *table, uint64_t now_ns)
{
	static tick_fn *const ticks[] = {
		[PW_NEIGH_INCOMPLETE] = tick_asking,
		[PW_NEIGH_REACHABLE] = tick_reachable,
		[PW_NEIGH_STALE] = tick_stale,
		[PW_NEIGH_PROBE] = tick_asking,
		[PW_NEIGH_FAILED] = tick_failed,
	};

	/* By slot, not by list: a callback may create, and so push out, others. */
	for (uint32_t i = 0; i < table->thresh3; i++)
		if (table->neighs[i].in_use)
			ticks[table->neighs[i].state](table, &table->neighs[i], now_ns);
}

void pw_neigh_heard(struct pw_neigh_table *table, uint32_t iface, const struct pw_ip *ip,
	const struct pw_mac *mac, bool solicited, uint64_t now_ns)
{
	struct pw_neigh *neigh = pw_neigh_find(table, iface, ip);

	if (neigh == NULL || pw_mac_is_zero(mac) || pw_mac_is_multicast(mac))
		return;

	bool same_mac = neigh_is_usable(neigh) && pw_mac_equal(&neigh->mac, mac);
	bool was_reachable = neigh->state == PW_NEIGH_REACHABLE;

	neigh->updated_ns = now_ns;
	neigh_touch(table, neigh);
	if (same_mac && !solicited) /* nothing new; it does not prove that it hears us */
		return;
	neigh->mac = *mac;
	if (solicited)
		neigh->confirmed_ns = now_ns;
	if (!(same_mac && was_reachable))
		enter(table, neigh, solicited ? PW_NEIGH_REACHABLE : PW_NEIGH_STALE, now_ns);
	neigh_release_held(table, neigh, true, now_ns);
}
