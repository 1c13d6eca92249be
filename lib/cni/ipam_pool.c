/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ipam_pool_priv.h"
#include "pw_cni_env.h"
#include "pw_str.h"

void ipam_lease_free(struct pw_ipam_lease *lease)
{
	if (lease == NULL)
		return;
	free(lease->network);
	free(lease->container_id);
	free(lease->ifname);
	free(lease);
}

int ipam_pool_add(struct pw_ipam_pool *pool, struct pw_ipam_lease *lease)
{
	if (pool->n == pool->cap) {
		uint32_t cap = pool->cap != 0 ? pool->cap * 2 : 64;
		struct pw_ipam_lease **leases =
			reallocarray(pool->leases, cap, sizeof(struct pw_ipam_lease *));

		if (leases == NULL)
			return -ENOMEM;
		pool->leases = leases;
		pool->cap = cap;
	}
	pool->leases[pool->n++] = lease;
	return 0;
}

static struct ipam_last *last_find(
	const struct pw_ipam_pool *pool, const char *network, unsigned set)
{
	for (uint32_t i = 0; i < pool->n_last; i++) {
		if (pool->last[i].set == set && strcmp(pool->last[i].network, network) == 0)
			return &pool->last[i];
	}
	return NULL;
}

int ipam_last_set(
	struct pw_ipam_pool *pool, const char *network, unsigned set, const struct pw_ip *ip)
{
	struct ipam_last *last = last_find(pool, network, set);

	if (last == NULL) {
		last = reallocarray(pool->last, pool->n_last + 1, sizeof(*last));
		if (last == NULL)
			return -ENOMEM;
		pool->last = last;
		last += pool->n_last;
		*last = (struct ipam_last){.network = strdup(network), .set = set};
		if (last->network == NULL)
			return -ENOMEM;
		pool->n_last++;
	}
	last->ip = *ip;
	return 0;
}

struct pw_ipam_pool *pw_ipam_pool_create(const char *dir, const char *boot_id, struct pw_err *err)
{
	struct pw_ipam_pool *pool = calloc(1, sizeof(*pool));
	int rc = -ENOMEM;

	if (pool == NULL)
		goto err_out;
	pool->lock_fd = -1;
	pool->dir = strdup(dir);
	if (boot_id != NULL)
		pool->boot_id = strndup(boot_id, strcspn(boot_id, "\n"));
	if (pool->dir == NULL || (boot_id != NULL && pool->boot_id == NULL))
		goto err_out;
	rc = ipam_store_open(pool, err);
	if (rc == 0)
		rc = ipam_store_load(pool, err);
	if (rc == 0)
		return pool;
err_out:
	if (rc == -ENOMEM)
		pw_err_set(err, rc, "address pool: out of memory");
	pw_ipam_pool_destroy(pool);
	errno = -rc;
	return NULL;
}

void pw_ipam_pool_destroy(struct pw_ipam_pool *pool)
{
	if (pool == NULL)
		return;
	for (uint32_t i = 0; i < pool->n; i++)
		ipam_lease_free(pool->leases[i]);
	for (uint32_t i = 0; i < pool->n_last; i++)
		free(pool->last[i].network);
	if (pool->lock_fd >= 0)
		close(pool->lock_fd);
	free(pool->leases);
	free(pool->last);
	free(pool->boot_id);
	free(pool->dir);
	free(pool);
}

static int64_t lease_index(
	const struct pw_ipam_pool *pool, const char *container_id, const char *ifname)
{
	for (uint32_t i = 0; i < pool->n; i++) {
		if (strcmp(pool->leases[i]->container_id, container_id) == 0 &&
			strcmp(pool->leases[i]->ifname, ifname) == 0)
			return i;
	}
	return -1;
}

const struct pw_ipam_lease *pw_ipam_pool_find(
	const struct pw_ipam_pool *pool, const char *container_id, const char *ifname)
{
	int64_t i = lease_index(pool, container_id, ifname);

	return i >= 0 ? pool->leases[i] : NULL;
}

const struct pw_ipam_lease *pw_ipam_pool_owner(
	const struct pw_ipam_pool *pool, const struct pw_ip *ip)
{
	for (uint32_t i = 0; i < pool->n; i++) {
		for (unsigned a = 0; a < pool->leases[i]->n; a++) {
			if (pw_ip_equal(&pool->leases[i]->addresses[a].ip, ip))
				return pool->leases[i];
		}
	}
	return NULL;
}

uint32_t pw_ipam_pool_count(const struct pw_ipam_pool *pool)
{
	return pool->n;
}

const struct pw_ipam_lease *pw_ipam_pool_at(const struct pw_ipam_pool *pool, uint32_t index)
{
	return index < pool->n ? pool->leases[index] : NULL;
}

/* Is the address one of these ranges, and which? */
static const struct pw_ipam_range *set_find(const struct pw_ipam_set *set, const struct pw_ip *ip)
{
	for (unsigned i = 0; i < set->n; i++) {
		if (pw_ipam_range_contains(&set->v[i], ip))
			return &set->v[i];
	}
	return NULL;
}

void pw_ipam_pool_usage(const struct pw_ipam_pool *pool, const struct pw_ipam_ranges *ranges,
	uint64_t *used, uint64_t *free_)
{
	uint64_t size = 0;

	*used = 0;
	for (unsigned s = 0; s < ranges->n; s++) {
		const struct pw_ipam_set *set = &ranges->sets[s];

		for (unsigned r = 0; r < set->n; r++) {
			if (__builtin_add_overflow(size, pw_ipam_range_size(&set->v[r]), &size))
				size = UINT64_MAX;
		}
		for (uint32_t i = 0; i < pool->n; i++) {
			for (unsigned a = 0; a < pool->leases[i]->n; a++)
				*used += set_find(set, &pool->leases[i]->addresses[a].ip) != NULL;
		}
	}
	*free_ = size == UINT64_MAX ? size : size - *used;
}

static void lease_take(
	struct pw_ipam_lease *lease, const struct pw_ipam_range *range, const struct pw_ip *ip)
{
	lease->addresses[lease->n] = (struct pw_prefix){.ip = *ip, .len = range->subnet.len};
	lease->gateways[lease->n] = range->gateway;
	lease->n++;
}

/* After the address handed out last: the next usable one that is nobody's. */
static int take_next(const struct pw_ipam_pool *pool, const struct pw_ipam_set *set,
	unsigned set_index, struct pw_ipam_lease *lease)
{
	const struct ipam_last *last = last_find(pool, lease->network, set_index);
	const struct pw_ipam_range *from = last != NULL ? set_find(set, &last->ip) : NULL;
	unsigned r = from != NULL ? (unsigned)(from - set->v) : 0;
	pw_u128 start = pw_ipam_number(&set->v[r].start), at;
	unsigned first_range = r;

	if (from != NULL)
		start = pw_ipam_number(&last->ip) + 1;
	/* Once around: the first range is visited again, from its start to where we began. */
	for (unsigned turn = 0; turn <= set->n; turn++, r = (r + 1) % set->n) {
		const struct pw_ipam_range *range = &set->v[r];
		pw_u128 end = pw_ipam_number(&range->end);
		bool again = turn == set->n && r == first_range;

		for (at = turn == 0 ? start : pw_ipam_number(&range->start);
			at <= end && !(again && at >= start); at++) {
			struct pw_ip ip = pw_ipam_address(range->subnet.ip.family, at);

			if (pw_ipam_range_usable(range, &ip) &&
				pw_ipam_pool_owner(pool, &ip) == NULL) {
				lease_take(lease, range, &ip);
				return 0;
			}
			if (at == ~(pw_u128)0)
				break;
		}
	}
	return -ENOSPC;
}

static int fail_full(const struct pw_ipam_set *set, struct pw_err *err)
{
	char subnet[PW_PREFIX_STRLEN];
	uint64_t size = 0;

	for (unsigned r = 0; r < set->n; r++)
		size += pw_ipam_range_size(&set->v[r]);
	return pw_err_set(err, -ENOSPC, "no free address in %s%s: all %llu are in use",
		pw_prefix_format(&set->v[0].subnet, subnet),
		set->n > 1 ? " and the other ranges of its set" : "", (unsigned long long)size);
}

static int take_requested(const struct pw_ipam_pool *pool, const struct pw_ipam_range *range,
	const struct pw_ip *ip, struct pw_ipam_lease *lease, struct pw_err *err)
{
	const struct pw_ipam_lease *owner = pw_ipam_pool_owner(pool, ip);
	char text[PW_IP_STRLEN];

	pw_ip_format(ip, text);
	if (!pw_ipam_range_usable(range, ip))
		return pw_err_set(err, -ERANGE, "requested address %s is the subnet's %s", text,
			pw_ip_equal(ip, &range->gateway) ? "gateway"
							 : "network or broadcast address");
	if (owner != NULL)
		return pw_err_set(err, -EBUSY, "requested address %s is in use by %s %s", text,
			owner->container_id, owner->ifname);
	lease_take(lease, range, ip);
	return 0;
}

/* One address of the set: the one asked for if there is such, else the next. */
static int take_of_set(const struct pw_ipam_pool *pool, const struct pw_ipam_request *request,
	unsigned s, uint32_t *asked, struct pw_ipam_lease *lease, struct pw_err *err)
{
	const struct pw_ipam_set *set = &request->ranges->sets[s];

	for (unsigned i = 0; i < request->n_ips; i++) {
		const struct pw_ipam_range *range = set_find(set, &request->ips[i]);

		if (range == NULL || !(*asked & (1u << i)))
			continue;
		*asked &= ~(1u << i);
		return take_requested(pool, range, &request->ips[i], lease, err);
	}
	if (take_next(pool, set, s, lease) != 0)
		return fail_full(set, err);
	return 0;
}

static int choose(const struct pw_ipam_pool *pool, const struct pw_ipam_request *request,
	struct pw_ipam_lease *lease, struct pw_err *err)
{
	uint32_t asked = (1u << request->n_ips) - 1;
	char text[PW_IP_STRLEN];

	for (unsigned s = 0; s < request->ranges->n; s++) {
		int rc = take_of_set(pool, request, s, &asked, lease, err);

		if (rc != 0)
			return rc;
	}
	/* Asked for twice of one set, or of none. */
	if (asked != 0)
		return pw_err_set(err, -ERANGE,
			"requested address %s is in none of the ranges, or one too many for them",
			pw_ip_format(&request->ips[__builtin_ctz(asked)], text));
	return 0;
}

static int check_request(
	const struct pw_ipam_pool *pool, const struct pw_ipam_request *request, struct pw_err *err)
{
	const struct pw_ipam_lease *lease;
	char text[PW_PREFIX_STRLEN];

	if (!pw_name_valid(request->container_id, PW_CNI_ID_MAX) ||
		!pw_ifname_valid(request->ifname) || request->network == NULL)
		return pw_err_set(err, -EINVAL, "bad container id, interface or network name");
	if (request->ranges->n == 0)
		return pw_err_set(err, -EINVAL, "no address ranges are configured");
	if (request->n_ips > PW_CNI_MAX_IPS)
		return pw_err_set(err, -EINVAL, "more than %d addresses asked for", PW_CNI_MAX_IPS);
	lease = pw_ipam_pool_find(pool, request->container_id, request->ifname);
	if (lease != NULL)
		return pw_err_set(err, -EEXIST, "%s %s has an address already: %s",
			request->container_id, request->ifname,
			pw_prefix_format(&lease->addresses[0], text));
	return 0;
}

static struct pw_ipam_lease *lease_create(const struct pw_ipam_request *request)
{
	struct pw_ipam_lease *lease = calloc(1, sizeof(*lease));

	if (lease == NULL)
		return NULL;
	lease->network = strdup(request->network);
	lease->container_id = strdup(request->container_id);
	lease->ifname = strdup(request->ifname);
	if (lease->network == NULL || lease->container_id == NULL || lease->ifname == NULL) {
		ipam_lease_free(lease);
		return NULL;
	}
	return lease;
}

int pw_ipam_pool_alloc(struct pw_ipam_pool *pool, const struct pw_ipam_request *request,
	const struct pw_ipam_lease **out, struct pw_err *err)
{
	int rc = check_request(pool, request, err);
	struct pw_ipam_lease *lease;

	if (rc != 0)
		return rc;
	lease = lease_create(request);
	if (lease == NULL)
		return pw_err_set(err, -ENOMEM, "out of memory");
	rc = choose(pool, request, lease, err);
	if (rc != 0)
		goto err_lease;
	rc = ipam_store_put(pool, lease, err);
	if (rc != 0)
		goto err_lease;
	rc = ipam_pool_add(pool, lease);
	if (rc != 0) {
		pw_err_set(err, rc, "out of memory");
		goto err_store;
	}
	/* Where the round robin stands is a convenience: losing it must not cost the pod its
	 * address. */
	for (unsigned s = 0; s < lease->n; s++)
		(void)ipam_last_set(pool, lease->network, s, &lease->addresses[s].ip);
	(void)ipam_store_put_last(pool, NULL);
	*out = lease;
	return 0;
err_store:
	(void)ipam_store_del(pool, lease, NULL);
err_lease:
	ipam_lease_free(lease);
	return rc;
}

int pw_ipam_pool_free(struct pw_ipam_pool *pool, const char *container_id, const char *ifname,
	bool *found, struct pw_err *err)
{
	int64_t i = lease_index(pool, container_id, ifname);
	int rc;

	if (found != NULL)
		*found = i >= 0;
	if (i < 0)
		return 0;
	rc = ipam_store_del(pool, pool->leases[i], err);
	if (rc != 0)
		return rc;
	ipam_lease_free(pool->leases[i]);
	pool->leases[i] = pool->leases[--pool->n];
	return 0;
}
