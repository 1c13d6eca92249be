/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * services.c - VIPs and their endpoint sets.
 *
 * A replacement prepares everything that can fail (the new set, places in the endpoint directory),
 * then publishes the set by one release store. When the old set's grace period is over no worker
 * can insert a flow by it any more: that is when a sweep of UDP flows is asked for (CT-6).
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "nat_priv.h"

/* ---- ids ---- */

static uint32_t live_flows(const struct pw_nat *nat, uint32_t id)
{
	uint64_t n = 0;

	for (uint32_t w = 0; w <= nat->n_workers; w++) {
		const struct svc_counter *c = &nat->workers[w].svc[id];

		n += nat_counted(&c->new_flows) - nat_counted(&c->ended_flows);
	}
	return (uint32_t)n;
}

static void totals(
	const struct pw_nat *nat, uint32_t id, uint64_t *new_flows, uint64_t *no_endpoint)
{
	*new_flows = 0;
	*no_endpoint = 0;
	for (uint32_t w = 0; w <= nat->n_workers; w++) {
		*new_flows += nat_counted(&nat->workers[w].svc[id].new_flows);
		*no_endpoint += nat_counted(&nat->workers[w].svc[id].no_endpoint);
	}
}

/* A deleted service's id is given out again only when it has no flow left. */
static void id_reap(struct pw_nat *nat, uint32_t id)
{
	nat->svcs[id].life = SVC_ZOMBIE;
	if (live_flows(nat, id) > 0)
		return;
	nat->svcs[id].life = SVC_UNUSED;
	pw_idpool_free(nat->svc_ids, id);
}

static int64_t id_alloc(struct pw_nat *nat)
{
	int64_t id = pw_idpool_alloc(nat->svc_ids);

	if (id >= 0)
		return id;
	for (uint32_t i = 0; i < nat->n_svc_ids; i++)
		if (nat->svcs[i].life == SVC_ZOMBIE)
			id_reap(nat, i);
	return pw_idpool_alloc(nat->svc_ids);
}

/* ---- sets ---- */

static void set_over(void *ctx, struct grave_blob *blob)
{
	struct pw_nat *nat = ctx;
	struct svc_set *set = pw_container_of(blob, struct svc_set, blob);

	if (set->affinity_sec > 0)
		nat_forget_choices(nat, set->hash, nat->svcs[set->service].set);
	if (nat->svcs[set->service].proto == IPPROTO_UDP)
		__atomic_add_fetch(&nat->sweep_wanted, 1, __ATOMIC_RELEASE);
	if (set->is_last)
		id_reap(nat, set->service);
}

static int compare_endpoints(const void *a, const void *b)
{
	const struct svc_endpoint *x = a, *y = b;

	if (x->ip_be != y->ip_be)
		return x->ip_be < y->ip_be ? -1 : 1;
	return (int)x->port_be - (int)y->port_be;
}

static void set_sort(struct svc_set *set)
{
	uint32_t kept = 0;

	if (set->n == 0)
		return;
	qsort(set->endpoint, set->n, sizeof(set->endpoint[0]), compare_endpoints);
	for (uint32_t i = 1; i < set->n; i++)
		if (compare_endpoints(&set->endpoint[kept], &set->endpoint[i]) != 0)
			set->endpoint[++kept] = set->endpoint[i];
	set->n = kept + 1;
}

static void set_put_endpoints(struct pw_nat *nat, const struct svc_set *set, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		endpoint_put(&nat->endpoints, set->endpoint[i].id);
	nat->n_stale += n;
}

static int set_get_endpoints(struct pw_nat *nat, struct svc_set *set, uint8_t proto)
{
	for (uint32_t i = 0; i < set->n; i++) {
		struct svc_endpoint *e = &set->endpoint[i];
		int64_t id = endpoint_get(&nat->endpoints, e->ip_be, e->port_be, proto);

		if (id < 0) {
			set_put_endpoints(nat, set, i);
			return (int)id;
		}
		e->id = (uint32_t)id;
	}
	return 0;
}

static uint64_t endpoint_hash(const void *arg, uint32_t i)
{
	return svc_endpoint_hash(&((const struct svc_set *)arg)->endpoint[i]);
}

/* The table lies behind the endpoints. */
static int set_maglev(struct pw_nat *nat, struct svc_set *set, uint32_t size)
{
	uint16_t *table = (uint16_t *)&set->endpoint[set->n];
	void *scratch = pw_zalloc(nat->alloc, "maglev", set->n * 2 * sizeof(uint32_t));

	if (scratch == NULL)
		return -ENOMEM;
	maglev_build(table, size, set->n, endpoint_hash, set, scratch);
	pw_free(nat->alloc, scratch);
	set->maglev = table;
	set->maglev_size = size;
	return 0;
}

static struct svc_set *set_build(struct pw_nat *nat, const struct pw_nat_service *svc)
{
	uint32_t size = svc->algorithm == PW_NAT_MAGLEV && svc->n_endpoints > 0
				? maglev_size(svc->n_endpoints)
				: 0;
	struct svc_set *set = pw_zalloc(nat->alloc, "endpoint set",
		sizeof(*set) + svc->n_endpoints * sizeof(set->endpoint[0]) +
			size * sizeof(set->maglev[0]));

	if (set == NULL)
		return NULL;
	set->blob.over = set_over;
	set->n = svc->n_endpoints;
	for (uint32_t i = 0; i < set->n; i++) {
		set->endpoint[i].ip_be = svc->endpoints[i].ip_be;
		set->endpoint[i].port_be = svc->endpoints[i].port_be;
	}
	set_sort(set);
	set->affinity_sec = svc->affinity_sec;
	set->hash = (uint32_t)flow_mix(
		nat_key(svc->vip_be, svc->port_be, svc->proto), UINT64_C(0x9e3779b97f4a7c15));
	if (size > 0 && set_maglev(nat, set, size) < 0) {
		pw_free(nat->alloc, set);
		return NULL;
	}
	return set;
}

bool svc_has(const struct pw_nat *nat, uint32_t id, flow_addr ip_be, uint16_t port_be)
{
	const struct svc_set *set = svc_set_of(nat, id);
	struct svc_endpoint key = {.ip_be = ip_be, .port_be = port_be};

	return set != NULL && set->n > 0 &&
	       bsearch(&key, set->endpoint, set->n, sizeof(key), compare_endpoints) != NULL;
}

/* ---- gate ---- */

static void add_address(void *arg, flow_addr ip_be)
{
	gate_add(arg, ip_be);
}

/* With those of deleted services that have flows left, and the SNAT addresses of before. */
static void add_vips(const struct pw_nat *nat, struct gate *gate)
{
	for (uint32_t i = 0; i < nat->n_svc_ids; i++)
		if (nat->svcs[i].life != SVC_UNUSED)
			gate_add(gate, nat->svcs[i].vip_be);
	for (uint32_t i = 0; i < PW_ARRAY_SIZE(nat->snat_seen); i++)
		if (nat->snat_seen[i] != 0)
			gate_add(gate, nat->snat_seen[i]);
}

/* Out of memory: the old one goes on, it is only less sharp. */
static void gate_renew(struct pw_nat *nat)
{
	struct gate *old = nat->gate;

	if (nat->n_stale < GATE_STALE_MIN || nat->n_stale < old->n_added / 2)
		return;

	struct gate *gate = gate_build(nat->alloc, nat->gate_addresses, nat->secret);

	if (gate == NULL)
		return;
	endpoint_foreach(&nat->endpoints, add_address, gate);
	add_vips(nat, gate);
	__atomic_store_n(&nat->gate, gate, __ATOMIC_RELEASE);
	grave_put(&nat->grave, &old->blob);
	nat->n_stale = 0;
}

int pw_nat_set_service_cidrs(struct pw_nat *nat, const struct pw_prefix *cidrs, uint32_t n)
{
	if (n > GATE_CIDRS_MAX)
		return -EINVAL;

	struct gate_cidrs *list = gate_cidrs_build(nat->alloc, cidrs, n);
	struct gate_cidrs *old = nat->cidrs;

	if (list == NULL)
		return -ENOMEM;
	__atomic_store_n(&nat->cidrs, list, __ATOMIC_RELEASE);
	grave_put(&nat->grave, &old->blob);
	return 0;
}

void pw_nat_set_snat_address(struct pw_nat *nat, flow_addr ip_be)
{
	uint32_t at = nat->n_snat_seen % PW_ARRAY_SIZE(nat->snat_seen);

	if (ip_be == nat_snat_address(nat))
		return;
	if (ip_be != 0) {
		gate_add(nat->gate, ip_be);
		nat->snat_seen[at] = ip_be;
		nat->n_snat_seen++;
	}
	__atomic_store_n(&nat->snat_now, ip_be != 0 ? at + 1 : 0, __ATOMIC_RELEASE);
}

/* Ports 32768 and up: no node ports (30000-32767), as Linux chooses them. */
int pw_nat_set_snat_ports(struct pw_nat *nat, uint16_t first, uint16_t last)
{
	if (first == 0) {
		first = 32768;
		last = UINT16_MAX;
	}
	if (last < first)
		return -EINVAL;
	nat->snat_port_min = first;
	nat->snat_ports = (uint16_t)(last - first + 1);
	return 0;
}

/* ---- set and delete ---- */

static int check(const struct pw_nat_service *svc)
{
	if (svc->proto != IPPROTO_TCP && svc->proto != IPPROTO_UDP && svc->proto != IPPROTO_SCTP)
		return -EINVAL;
	if (svc->vip_be == 0 || svc->port_be == 0)
		return -EINVAL;
	if (svc->n_endpoints > FLOW_ID_MAX || svc->affinity_sec > PW_NAT_AFFINITY_SEC_MAX)
		return -EINVAL;
	if (svc->algorithm == PW_NAT_MAGLEV && svc->n_endpoints > MAGLEV_ENDPOINTS_MAX)
		return -EINVAL;
	for (uint32_t i = 0; i < svc->n_endpoints; i++)
		if (svc->endpoints[i].ip_be == 0 || svc->endpoints[i].port_be == 0)
			return -EINVAL;
	return 0;
}

static int vip_count_up(struct pw_nat *nat, flow_addr vip_be)
{
	uint64_t count = 0;

	pw_map64_lookup(nat->vips, nat_key(vip_be, 0, 0), &count);
	return pw_map64_set(nat->vips, nat_key(vip_be, 0, 0), count + 1);
}

static void vip_count_down(struct pw_nat *nat, flow_addr vip_be)
{
	uint64_t key = nat_key(vip_be, 0, 0);
	uint64_t count = 1;

	pw_map64_lookup(nat->vips, key, &count);
	if (count > 1) {
		pw_map64_set(nat->vips, key, count - 1);
		return;
	}
	pw_map64_del(nat->vips, key);
	nat->n_stale++;
}

/* Workers find the service by the map, so it goes in last. */
static int service_add(struct pw_nat *nat, const struct pw_nat_service *svc, struct svc_set *set)
{
	if (nat->n_services == nat->max_services)
		return -ENOSPC;

	int64_t id = nat_restored_number(nat, nat_key(svc->vip_be, svc->port_be, svc->proto));

	if (id < 0)
		id = id_alloc(nat);

	if (id < 0)
		return (int)id;

	struct svc *s = &nat->svcs[id];

	*s = (struct svc){
		.set = set,
		.vip_be = svc->vip_be,
		.port_be = svc->port_be,
		.proto = svc->proto,
		.life = SVC_ACTIVE,
	};
	totals(nat, (uint32_t)id, &s->base_new, &s->base_no_endpoint);
	set->service = (uint32_t)id;
	gate_add(nat->gate, svc->vip_be);

	int ret = vip_count_up(nat, svc->vip_be);

	if (ret < 0)
		goto err_id;
	ret = pw_map64_set(nat->vips, nat_key(svc->vip_be, svc->port_be, svc->proto), (uint64_t)id);
	if (ret < 0)
		goto err_vip;
	nat->n_services++;
	return 0;

err_vip:
	vip_count_down(nat, svc->vip_be);
err_id:
	s->set = NULL;
	id_reap(nat, (uint32_t)id); /* flows of before may have it */
	return ret;
}

static void set_retire(struct pw_nat *nat, struct svc_set *set)
{
	set_put_endpoints(nat, set, set->n);
	grave_put(&nat->grave, &set->blob);
}

static void service_replace(struct pw_nat *nat, uint32_t id, struct svc_set *set)
{
	struct svc_set *old = nat->svcs[id].set;

	set->service = id;
	__atomic_store_n(&nat->svcs[id].set, set, __ATOMIC_RELEASE);
	set_retire(nat, old);
}

/* In the file of the flows, if there is one: clients come back to their endpoints after a restart. */
static int affinity_memory(struct pw_nat *nat, struct affinity *affinity)
{
	if (nat->region.fd < 0) {
		affinity->entries =
			pw_zalloc(nat->alloc, "affinity", affinity_bytes(affinity->n_buckets));
		affinity->secret = nat->secret;
		return affinity->entries != NULL ? 0 : -ENOMEM;
	}
	affinity->entries = nat->region.affinity;
	affinity->secret = nat->region.secret;
	if (flow_region_want_affinity(&nat->region, affinity->n_buckets) < 0)
		return -ENOMEM;
	affinity_repair(affinity);
	return 0;
}

/* Clients are remembered from the first Service on that wants it. */
static int affinity_init(struct pw_nat *nat)
{
	struct affinity *affinity;

	if (nat->affinity != NULL)
		return 0;
	affinity = pw_zalloc(nat->alloc, "affinity", sizeof(*affinity));
	if (affinity == NULL)
		return -ENOMEM;
	affinity->n_buckets = affinity_buckets(nat->flows.max_flows);
	if (affinity_memory(nat, affinity) < 0) {
		pw_free(nat->alloc, affinity);
		return -ENOMEM;
	}
	nat->affinity = affinity;
	return 0;
}

int pw_nat_service_set(struct pw_nat *nat, const struct pw_nat_service *svc, uint32_t *id)
{
	int ret = check(svc);

	if (ret == 0 && svc->affinity_sec > 0)
		ret = affinity_init(nat);
	if (ret < 0)
		return ret;

	struct svc_set *set = set_build(nat, svc);
	uint32_t found;

	if (set == NULL)
		return -ENOMEM;
	ret = set_get_endpoints(nat, set, svc->proto);
	if (ret < 0)
		goto err_set;
	for (uint32_t i = 0; i < set->n; i++)
		gate_add(nat->gate, set->endpoint[i].ip_be);
	if (svc_find(nat, svc->vip_be, svc->port_be, svc->proto, &found)) {
		service_replace(nat, found, set);
	} else {
		ret = service_add(nat, svc, set);
		if (ret < 0)
			goto err_endpoints;
	}
	if (id != NULL)
		*id = set->service;
	gate_renew(nat);
	return 0;

err_endpoints:
	set_put_endpoints(nat, set, set->n);
err_set:
	pw_free(nat->alloc, set);
	return ret;
}

int pw_nat_service_del(struct pw_nat *nat, flow_addr vip_be, uint16_t port_be, uint8_t proto)
{
	uint32_t id;

	if (!svc_find(nat, vip_be, port_be, proto, &id))
		return -ENOENT;

	struct svc *s = &nat->svcs[id];
	struct svc_set *old = s->set;

	pw_map64_del(nat->vips, nat_key(vip_be, port_be, proto));
	vip_count_down(nat, vip_be);
	s->life = SVC_DYING;
	__atomic_store_n(&s->set, NULL, __ATOMIC_RELEASE);
	old->is_last = true;
	set_retire(nat, old);
	nat->n_services--;
	gate_renew(nat);
	return 0;
}

int pw_nat_service_stats(const struct pw_nat *nat, uint32_t id, struct pw_nat_service_stats *stats)
{
	if (id >= nat->n_svc_ids || nat->svcs[id].life != SVC_ACTIVE)
		return -ENOENT;
	totals(nat, id, &stats->new_flows, &stats->no_endpoint);
	stats->new_flows -= nat->svcs[id].base_new;
	stats->no_endpoint -= nat->svcs[id].base_no_endpoint;
	stats->flows = live_flows(nat, id);
	return 0;
}

/* ---- create and destroy ---- */

int services_init(struct pw_nat *nat, struct pw_limbo *limbo, uint32_t max_services)
{
	/* Twice as many ids: deleted services keep theirs while they have flows. */
	nat->n_svc_ids = 2 * max_services;
	nat->max_services = max_services;
	nat->svcs = pw_zalloc(nat->alloc, "services", nat->n_svc_ids * sizeof(*nat->svcs));
	nat->svc_ids = pw_idpool_create(nat->n_svc_ids);
	/* A service has up to two keys; deleted slots wait for a grace period. */
	nat->vips = pw_map64_create(nat->alloc, limbo, 4 * max_services);
	nat->gate = gate_build(nat->alloc, nat->gate_addresses, nat->secret);
	nat->cidrs = gate_cidrs_build(nat->alloc, NULL, 0);
	if (nat->svcs == NULL || nat->svc_ids == NULL || nat->vips == NULL || nat->gate == NULL ||
		nat->cidrs == NULL)
		return -ENOMEM;
	return 0;
}

void services_fini(struct pw_nat *nat)
{
	for (uint32_t i = 0; nat->svcs != NULL && i < nat->n_svc_ids; i++)
		pw_free(nat->alloc, nat->svcs[i].set);
	if (nat->affinity != NULL && nat->region.fd < 0)
		pw_free(nat->alloc, nat->affinity->entries);
	pw_free(nat->alloc, nat->affinity);
	pw_free(nat->alloc, nat->cidrs);
	pw_free(nat->alloc, nat->gate);
	if (nat->vips != NULL)
		pw_map64_destroy(nat->vips);
	if (nat->svc_ids != NULL)
		pw_idpool_destroy(nat->svc_ids);
	pw_free(nat->alloc, nat->svcs);
}
