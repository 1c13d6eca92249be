/* SPDX-License-Identifier: BSD-3-Clause */
/* pw_build6.h - IPv6 frames we originate (pw_build.h). */
#ifndef PW_BUILD6_H
#define PW_BUILD6_H

#include "pw_pkt.h"

/* Turns an ICMPv6 echo request into its reply in place: addresses swapped, type 129, hop limit 64,
 * checksum updated by RFC 1624 (it covers the addresses, whose sum stays the same). MACs are the
 * caller's. */
void pw_icmp6_echo_turn(struct pw_pkt *pkt);

#endif
