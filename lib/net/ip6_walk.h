/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ip6_walk.h - along the extension headers of an IPv6 packet (RFC 8200 section 4), with bounds.
 *
 * Known headers are walked over: hop-by-hop (first only), destination options, routing (not type 0,
 * RFC 5095), fragment (once), authentication. Whatever else comes is the upper layer: the walk does
 * not guess. At most IP6_EXT_MAX headers and IP6_EXT_BYTES bytes (L3-8): nobody needs more, and a
 * longer chain is made to hide something or to keep a forwarder busy (RFC 8504 5.3, RFC 9098).
 */
#ifndef PW_NET_IP6_WALK_H
#define PW_NET_IP6_WALK_H

#include <stdbool.h>
#include <stdint.h>

#define IP6_EXT_MAX   8
#define IP6_EXT_BYTES 256

struct ip6_walk {
	uint8_t proto;      /* of the header at l4_off */
	bool is_frag;       /* and not whole in one "fragment" (RFC 6946) */
	bool is_later;      /* not the first: what lies at l4_off is no header */
	uint16_t l4_off;    /* from `ip` */
	uint16_t frag_off;  /* of the fragment header, from `ip`; 0: none */
	uint16_t named_off; /* of the byte that says proto, from `ip` */
};

enum ip6_walk_result {
	IP6_WALK_OK,
	IP6_WALK_SHORT, /* the chain goes on beyond `len` */
	IP6_WALK_BAD,   /* too long, or a header where it must not be */
};

/* len: readable bytes at ip, the fixed header among them. */
enum ip6_walk_result ip6_walk(const uint8_t *ip, uint32_t len, struct ip6_walk *walk);

#endif
