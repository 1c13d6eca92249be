/* SPDX-License-Identifier: BSD-3-Clause */
/* nat.c - the handle: create, destroy, totals. */
#include <errno.h>
#include <sys/random.h>

#include "nat_frag.h"
#include "nat_priv.h"

/* SplitMix64 (Steele, Lea, Flood 2014): many good seeds out of one. */
static uint64_t next_seed(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static int workers_init(struct pw_nat *nat, uint64_t *seed, uint32_t hold_bytes)
{
	size_t size = nat->n_svc_ids * sizeof(struct svc_counter);

	nat->workers =
		pw_zalloc(nat->alloc, "nat workers", (nat->n_workers + 1) * sizeof(*nat->workers));
	if (nat->workers == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i <= nat->n_workers; i++) {
		nat->workers[i].rng = next_seed(seed) | 1; /* never 0 */
		nat->workers[i].svc = pw_zalloc(nat->alloc, "service counters", size);
		if (nat->workers[i].svc == NULL)
			return -ENOMEM;
		if (i < nat->n_workers && nat_frag_init(nat, i, hold_bytes / nat->n_workers) < 0)
			return -ENOMEM;
	}
	return 0;
}

static void workers_fini(struct pw_nat *nat)
{
	for (uint32_t i = 0; nat->workers != NULL && i <= nat->n_workers; i++) {
		pw_free(nat->alloc, nat->workers[i].svc);
		nat_frag_fini(nat, i);
	}
	pw_free(nat->alloc, nat->workers);
}

static int flows_init(struct pw_nat *nat, struct pw_limbo *limbo,
	const struct pw_nat_params *params, const uint64_t secret[2])
{
	uint32_t n_lines = flow_table_lines(params->max_flows, params->n_workers);
	bool mapped = params->flow_file != NULL;
	int ret = 0;

	if (mapped)
		ret = flow_region_open(&nat->region, params->flow_file, n_lines,
			affinity_buckets(params->max_flows));
	if (ret == 0)
		ret = flow_table_init(&nat->flows, nat->alloc, limbo, params->max_flows,
			params->n_workers, secret, mapped ? nat->region.lines : NULL);
	if (ret == 0 && mapped)
		ret = nat_restore(nat, limbo);
	if (ret == 0 && mapped)
		flow_pool_fill(&nat->flows);
	return ret;
}

static int init(struct pw_nat *nat, struct pw_limbo *limbo, const struct pw_nat_params *params)
{
	uint64_t seed = params->seed;
	const uint32_t *timeouts =
		params->timeout_sec != NULL ? params->timeout_sec : ct_default_sec;
	int ret;

	if (seed == 0 && getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		return -EIO;

	const uint64_t secret[2] = {next_seed(&seed), next_seed(&seed)};

	nat->secret = next_seed(&seed);
	nat->n_workers = params->n_workers;
	memcpy(nat->timeout_sec, timeouts, sizeof(nat->timeout_sec));
	pw_nat_set_snat_ports(nat, 0, 0);
	ct_settled_fill(&nat->settled);
	nat->flows_per_client = params->flows_per_client;
	if (nat->flows_per_client > 0) {
		nat->clients = client_cap_create(nat->alloc, params->max_flows, nat->secret);
		if (nat->clients == NULL)
			return -ENOMEM;
	}
	nat->gate_addresses = params->max_services + 2 * params->max_endpoints;
	ret = grave_init(&nat->grave, limbo, nat->alloc, nat);
	if (ret == 0)
		ret = endpoint_dir_init(&nat->endpoints, nat->alloc, limbo, params->max_endpoints);
	if (ret == 0)
		ret = services_init(nat, limbo, params->max_services);
	if (ret == 0)
		ret = workers_init(nat, &seed, params->hold_bytes);
	if (ret == 0)
		ret = flows_init(nat, limbo, params, secret);
	return ret;
}

struct pw_nat *pw_nat_create(
	const struct pw_alloc *alloc, struct pw_limbo *limbo, const struct pw_nat_params *params)
{
	if (params->n_workers == 0 || params->max_flows == 0 || params->max_services == 0 ||
		params->max_endpoints == 0 || params->n_workers > 1024 ||
		params->max_flows > UINT32_MAX / 4 || params->max_services > FLOW_ID_MAX / 2 ||
		params->max_endpoints > FLOW_ID_MAX / 2) {
		errno = EINVAL;
		return NULL;
	}

	struct pw_nat *nat = pw_zalloc(alloc, "nat", sizeof(*nat));

	if (nat == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	nat->alloc = alloc;
	nat->region.fd = -1;

	int ret = init(nat, limbo, params);

	if (ret < 0) {
		pw_nat_destroy(nat);
		errno = -ret;
		return NULL;
	}
	return nat;
}

void pw_nat_destroy(struct pw_nat *nat)
{
	if (nat == NULL)
		return;
	grave_fini(&nat->grave); /* looks at services and counters: first */
	flow_table_fini(&nat->flows);
	workers_fini(nat);
	services_fini(nat);
	endpoint_dir_fini(&nat->endpoints);
	client_cap_destroy(nat->alloc, nat->clients);
	if (nat->restored != NULL)
		pw_map64_destroy(nat->restored);
	flow_region_close(&nat->region);
	pw_free(nat->alloc, nat);
}

void pw_nat_stats(const struct pw_nat *nat, struct pw_nat_stats *stats)
{
	*stats = (struct pw_nat_stats){.size = nat->flows.max_flows};
	for (uint32_t i = 0; i <= nat->n_workers; i++) {
		const struct nat_worker *w = &nat->workers[i];

#define X(name) stats->name += nat_counted(&w->name);
		NAT_COUNTERS(X)
#undef X
	}
	stats->used = stats->inserted + stats->restored > stats->ended
			      ? (uint32_t)(stats->inserted + stats->restored - stats->ended)
			      : 0;
}
