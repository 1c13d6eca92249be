/* SPDX-License-Identifier: BSD-3-Clause */
/* ipam_pool_priv.h - the pool in memory (ipam_pool.c) and on disk (ipam_store.c). */
#ifndef IPAM_POOL_PRIV_H
#define IPAM_POOL_PRIV_H

#include "pw_ipam_pool.h"

struct ipam_last { /* where the round robin of one set of one network stands */
	char *network;
	unsigned set;
	struct pw_ip ip;
};

struct pw_ipam_pool {
	char *dir;
	char *boot_id; /* NULL: not looked at */
	int lock_fd;
	struct pw_ipam_lease **leases;
	uint32_t n, cap;
	struct ipam_last *last;
	uint32_t n_last;
};

void ipam_lease_free(struct pw_ipam_lease *lease);
/* Takes the lease. 0 or -ENOMEM (then it stays the caller's). */
int ipam_pool_add(struct pw_ipam_pool *pool, struct pw_ipam_lease *lease);
/* 0 or -ENOMEM. */
int ipam_last_set(
	struct pw_ipam_pool *pool, const char *network, unsigned set, const struct pw_ip *ip);

int ipam_store_open(struct pw_ipam_pool *pool, struct pw_err *err);
int ipam_store_load(struct pw_ipam_pool *pool, struct pw_err *err);
int ipam_store_put(
	const struct pw_ipam_pool *pool, const struct pw_ipam_lease *lease, struct pw_err *err);
int ipam_store_del(
	const struct pw_ipam_pool *pool, const struct pw_ipam_lease *lease, struct pw_err *err);
int ipam_store_put_last(const struct pw_ipam_pool *pool, struct pw_err *err);

#endif
