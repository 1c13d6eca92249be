/* SPDX-License-Identifier: BSD-3-Clause */
/* punt.h - packets that workers hand to the control thread: ARP, ICMP, held packets. */
#ifndef CTL_PUNT_H
#define CTL_PUNT_H

#include "ctl.h"

extern const struct ctl_module ctl_module_punt;
extern const struct ctl_module ctl_module_arp;
extern const struct ctl_module ctl_module_icmp;

/* Called by loop.c when the dp's event fd fires and with every poll timer; bounded work a call. */
void ctl_punt_drain(struct pw_ctl *ctl);

#endif
