/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_binding.h - anti-spoof binding of a pod port: what it may say about itself (SEC-2).
 *
 * A pod's frames carry its own MAC as source and, unless only MACs are checked, its own addresses:
 *   IPv4  source in the list. 0.0.0.0 is not (pods are not DHCP clients) -> SPOOF_IP.
 *   ARP   sender MAC the pod's, sender address in the list or 0.0.0.0 in a request (probe, RFC
 * 5227)
 *         -> SPOOF_ARP.
 *   IPv6  source in the list, or the link-local address of the MAC (RFC 4291 app. A), or :: to a
 *         multicast group (duplicate address detection, RFC 4862) -> SPOOF_IP. Neighbour
 *         advertisements: target in the list or that link-local address; link-layer addresses in
 *         them and in solicitations the pod's; router advertisements and redirects: none
 *         -> SPOOF_ARP.
 * Threads:  immutable once initialized; any number of readers.
 * Lifetime: the owner publishes a new one and retires the old one (pw_limbo).
 * Cost:     IPv4: one cache line of the binding, the first one of the frame.
 */
#ifndef PW_BINDING_H
#define PW_BINDING_H

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include <rte_byteorder.h>

#include "pw_addr.h"
#include "pw_pkt.h"
#include "pw_verdict.h"

#define PW_BINDING_ADDRS_MAX 8 /* of each family */

struct pw_binding {
	uint64_t mac48; /* pw_mac_to_u64 */
	uint8_t n4, n6;
	bool mac_only; /* source MACs are checked, addresses are not (macspoofchk) */
	uint32_t v4_be[PW_BINDING_ADDRS_MAX];
	uint8_t link_local[16];
	uint8_t v6[PW_BINDING_ADDRS_MAX][16];
};
static_assert(offsetof(struct pw_binding, v6) <= 64, "IPv4 and MAC in one cache line");

/* For a pod with these addresses, in any order; without any only ARP probes and own link-local IPv6
 * pass. 0; -EINVAL: MAC zero or multicast, address zero, multicast, loopback or of no family;
 * -ENOSPC: more than PW_BINDING_ADDRS_MAX of a family. On error the binding is untouched. */
int pw_binding_init(struct pw_binding *binding, const struct pw_mac *mac, const struct pw_ip *ips,
	unsigned count);
/* Checks MACs only. -EINVAL as above. */
int pw_binding_init_mac(struct pw_binding *binding, const struct pw_mac *mac);

/* The checks behind the MAC's, for anything but IPv4 from the first address. */
uint8_t pw_binding_check_addrs(const struct pw_binding *binding, const struct pw_pkt *pkt);

/* PW_VERDICT_CONTINUE, or PW_DROP_SPOOF_{MAC,IP,ARP}. For a parsed packet. */
static inline uint8_t pw_binding_check(const struct pw_binding *binding, const struct pw_pkt *pkt)
{
	uint64_t src;

	memcpy(&src, pkt->data + 6, sizeof(src));
	if (rte_be_to_cpu_64(src) >> 16 != binding->mac48)
		return PW_DROP_SPOOF_MAC;
	if (pkt->flags & PW_PKT_IPV4 && binding->n4 && pkt->src_be == binding->v4_be[0])
		return PW_VERDICT_CONTINUE;
	return pw_binding_check_addrs(binding, pkt);
}

#endif
