/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nat_choose.c - which endpoint a new connection gets.
 *
 *   affinity  that of the client's last connection, if it is one still (SVC-9)
 *   Maglev    what the connection's addresses and ports say, on every node the same (SVC-17); with
 *             affinity what the client's address says
 *   random    any, with equal chance
 *
 * The middle of a TCP connection that nobody here knows - it began before a restart, or on another
 * node - goes on only where the choice is the same as it was: by affinity or Maglev (CT-5).
 */
#include "nat_priv.h"

/* Not a secret: all nodes choose alike. */
static const uint64_t maglev_seed[2] = {UINT64_C(0x2545f4914f6cdd1d), UINT64_C(0x9e3779b97f4a7c15)};

/* The upper bits of the address's hash; 0 would be "empty". */
static uint32_t member_of(const struct svc_endpoint *e)
{
	uint32_t member = (uint32_t)(svc_endpoint_hash(e) >> 40);

	return member != 0 ? member : 1;
}

static bool set_knows(const void *arg, uint32_t member)
{
	const struct svc_set *set = arg;

	for (uint32_t i = 0; i < set->n; i++)
		if (member_of(&set->endpoint[i]) == member)
			return true;
	return false;
}

/* The hint is right unless the set has changed. */
static bool place_of(const struct svc_set *set, struct affinity_found found, uint32_t *at)
{
	if (found.hint < set->n && member_of(&set->endpoint[found.hint]) == found.member) {
		*at = found.hint;
		return true;
	}
	for (uint32_t i = 0; i < set->n; i++) {
		if (member_of(&set->endpoint[i]) == found.member) {
			*at = i;
			return true;
		}
	}
	return false;
}

static bool by_affinity(const struct pw_nat *nat, const struct svc_set *set,
	const struct pw_pkt *pkt, uint32_t now_sec, uint32_t *at)
{
	struct affinity_found found;

	return set->affinity_sec > 0 &&
	       affinity_get(nat->affinity, affinity_key(flow_addr_fold(nat_src(pkt)), set->hash),
		       now_sec, set->affinity_sec, &found) &&
	       place_of(set, found, at);
}

static uint32_t by_maglev(const struct svc_set *set, const struct pw_pkt *pkt)
{
	struct flow_key key = nat_pkt_key(pkt);

	if (set->affinity_sec > 0)
		key.t.sport_be = 0;
	return set->maglev[(flow_hash(&key, maglev_seed) & UINT32_MAX) * set->maglev_size >> 32];
}

bool nat_choose_by_rule(struct pw_nat *nat, uint32_t worker, const struct svc_set *set,
	const struct pw_pkt *pkt, bool begins, uint32_t now_sec, uint32_t *at)
{
	if (by_affinity(nat, set, pkt, now_sec, at))
		return true;
	if (set->maglev_size > 0)
		*at = by_maglev(set, pkt);
	else if (begins)
		*at = nat_random_below(&nat->workers[worker], set->n);
	else
		return false;
	return true;
}

void nat_remember_choice(struct pw_nat *nat, const struct svc_set *set, flow_addr client_be,
	uint32_t at, uint32_t now_sec)
{
	affinity_put(nat->affinity, affinity_key(flow_addr_fold(client_be), set->hash), now_sec,
		(struct affinity_found){
			.member = member_of(&set->endpoint[at]), .hint = (uint16_t)at});
}

void nat_forget_choices(struct pw_nat *nat, uint32_t service_hash, const struct svc_set *left)
{
	static const struct svc_set none;

	affinity_sweep(nat->affinity, service_hash, set_knows, left != NULL ? left : &none);
}
