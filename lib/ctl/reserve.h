/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * reserve.h - ports that the kernel gives to no socket by itself (net.ipv4.ip_local_reserved_ports).
 *
 * Masqueraded flows use source ports of an address that the kernel owns too (CT-10); a socket with
 * the same port and peer would get their answers. Ranges that are there already stay, and ours
 * stays when the daemon ends: its flows go on when it starts again.
 */
#ifndef CTL_RESERVE_H
#define CTL_RESERVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A failure is a warning in the log: forwarding works all the same. */
void ctl_reserve_ports(uint32_t first, uint32_t last);
/* Does the list ("1-3,8,100-200") hold all of first..last in one range? For tests. */
bool ctl_reserve_has(const char *list, uint32_t first, uint32_t last);

#endif
