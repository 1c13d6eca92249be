/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_ipam_pool.h - who has which address: the daemon's own address management.
 *
 * One lease for each attachment (container id, interface name), with one address of every range
 * set. Addresses are handed out round robin from the one handed out last, so a freed address comes
 * up again only after all the others: stale ARP, FDB and flow entries have gone by then. An address
 * belongs to one lease at a time, whatever network it was asked for.
 *
 * On disk (scheme version in every file):
 *     <dir>/<container id>@<ifname>.json   a lease
 *     <dir>/last.json                      where the round robin of each network stands
 *     <dir>/lock                           flock'ed while the pool is open
 * Each is written by pw_file_write_atomic before the caller hears of it. A file that cannot be read
 * is renamed to *.corrupt and named in the log; the others are used.
 *
 * Threads:  one thread at a time (the daemon's control thread); another process is kept out.
 * Lifetime: create, use, destroy; leases pointed at are good until the next alloc or free.
 * Cost:     O(leases) an operation; a node has some hundreds. alloc and free wait for the disk.
 */
#ifndef PW_IPAM_POOL_H
#define PW_IPAM_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include "pw_addr.h"
#include "pw_err.h"
#include "pw_ipam_range.h"

struct pw_ipam_pool;

struct pw_ipam_request {
	const char *network;
	const char *container_id;
	const char *ifname;
	const struct pw_ipam_ranges *ranges;
	const struct pw_ip
		*ips; /* asked for: these, or an error; the rest of the sets is free choice */
	unsigned n_ips;
};

struct pw_ipam_lease {
	char *network;
	char *container_id;
	char *ifname;
	unsigned n; /* addresses, one a set, in the order of the sets */
	struct pw_prefix addresses[PW_IPAM_MAX_SETS]; /* host bits kept: 10.244.1.7/24 */
	struct pw_ip gateways[PW_IPAM_MAX_SETS];
};

/*
 * Opens (and makes) the folder and reads what is there. boot_id: text of
 * /proc/sys/kernel/random/boot_id; leases of another boot are dropped, for no container lives
 * through one. NULL: keep all.
 * NULL with errno and *err: EBUSY another process has it, or what the file system says.
 */
struct pw_ipam_pool *pw_ipam_pool_create(const char *dir, const char *boot_id, struct pw_err *err);
void pw_ipam_pool_destroy(struct pw_ipam_pool *pool); /* NULL is fine; the files stay */

/*
 * 0 with *lease; on error nothing changed and *err says why:
 *   -EEXIST  the attachment has a lease already
 *   -EBUSY   an address asked for is another's
 *   -ERANGE  an address asked for is in no range, or is a network, broadcast or gateway address
 *   -ENOSPC  no address free
 *   -EINVAL  names; other: the disk
 */
int pw_ipam_pool_alloc(struct pw_ipam_pool *pool, const struct pw_ipam_request *request,
	const struct pw_ipam_lease **lease, struct pw_err *err);
/* *found (may be NULL): whether there was one. Not an error if there was none. 0, or -errno of the
 * disk: then the lease is still there. */
int pw_ipam_pool_free(struct pw_ipam_pool *pool, const char *container_id, const char *ifname,
	bool *found, struct pw_err *err);

/* NULL if there is none. */
const struct pw_ipam_lease *pw_ipam_pool_find(
	const struct pw_ipam_pool *pool, const char *container_id, const char *ifname);
const struct pw_ipam_lease *pw_ipam_pool_owner(
	const struct pw_ipam_pool *pool, const struct pw_ip *ip);
uint32_t pw_ipam_pool_count(const struct pw_ipam_pool *pool);
const struct pw_ipam_lease *pw_ipam_pool_at(const struct pw_ipam_pool *pool, uint32_t index);
/* Of the usable addresses of these ranges; free is UINT64_MAX if it is more than that. */
void pw_ipam_pool_usage(const struct pw_ipam_pool *pool, const struct pw_ipam_ranges *ranges,
	uint64_t *used, uint64_t *free_);

#endif
