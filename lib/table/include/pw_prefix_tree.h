/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_prefix_tree.h - prefixes of one address family in order, each with a 32-bit value.
 *
 * A path-compressed binary trie (Patricia): the authority on which prefixes exist, from which the
 * forwarding tables are made. Serves IPv4 (addresses at the top of the key) and IPv6.
 * Threads:  one thread.
 * Memory:   32-byte nodes from slabs of the allocator, at most two a prefix; kept until destroy.
 * Errors:   -EINVAL length above 128 or host bits, -EEXIST, -ENOENT, -ENOSPC max_prefixes reached,
 *           -ENOMEM; nothing has changed then. create: NULL with errno EINVAL or ENOMEM.
 * Cost:     one node a branch on the way: about log2 of the number of prefixes, at most 128.
 */
#ifndef PW_PREFIX_TREE_H
#define PW_PREFIX_TREE_H

#include <arpa/inet.h>
#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "pw_alloc.h"

struct pw_prefix_key { /* host order, most significant bit first; unused bits zero */
	uint64_t hi, lo;
};

struct pw_prefix_entry {
	struct pw_prefix_key key;
	uint8_t len;
	uint32_t value;
};

static inline struct pw_prefix_key pw_prefix_key_v4(uint32_t ip_be)
{
	return (struct pw_prefix_key){.hi = (uint64_t)ntohl(ip_be) << 32};
}

static inline uint32_t pw_prefix_key_to_v4(struct pw_prefix_key key)
{
	return htonl((uint32_t)(key.hi >> 32));
}

/* From and to the 16 bytes of an IPv6 address. */
static inline struct pw_prefix_key pw_prefix_key_v6(const uint8_t ip[16])
{
	uint64_t hi, lo;

	memcpy(&hi, ip, 8);
	memcpy(&lo, ip + 8, 8);
	return (struct pw_prefix_key){.hi = be64toh(hi), .lo = be64toh(lo)};
}

static inline void pw_prefix_key_to_v6(struct pw_prefix_key key, uint8_t ip[16])
{
	uint64_t hi = htobe64(key.hi), lo = htobe64(key.lo);

	memcpy(ip, &hi, 8);
	memcpy(ip + 8, &lo, 8);
}

struct pw_prefix_tree;

struct pw_prefix_tree *pw_prefix_tree_create(const struct pw_alloc *alloc, uint32_t max_prefixes);
void pw_prefix_tree_destroy(struct pw_prefix_tree *tree);
int pw_prefix_tree_insert(
	struct pw_prefix_tree *tree, struct pw_prefix_key key, uint8_t len, uint32_t value);
int pw_prefix_tree_remove(struct pw_prefix_tree *tree, struct pw_prefix_key key, uint8_t len);
/* Exactly this prefix: its value, to read or change, valid until it is removed; NULL: none. */
uint32_t *pw_prefix_tree_find(
	const struct pw_prefix_tree *tree, struct pw_prefix_key key, uint8_t len);
/* The longest prefix of at most max_len bits that contains the key. */
bool pw_prefix_tree_match(const struct pw_prefix_tree *tree, struct pw_prefix_key key,
	uint8_t max_len, struct pw_prefix_entry *entry);
/* In order of address, then length. fn returns false to stop and must not change the tree. */
void pw_prefix_tree_foreach(const struct pw_prefix_tree *tree,
	bool (*fn)(void *arg, const struct pw_prefix_entry *entry), void *arg);
uint32_t pw_prefix_tree_count(const struct pw_prefix_tree *tree);
uint64_t pw_prefix_tree_bytes(const struct pw_prefix_tree *tree); /* all memory it holds */

#endif
