/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stats.h - counters as people see them: since the last stats.reset.
 *
 * The data plane's counters only grow. A reset remembers where they stood; reading subtracts that.
 * Packets in flight at the reset count as received after it, so the ledger still balances.
 */
#ifndef CTL_STATS_H
#define CTL_STATS_H

#include "ctl.h"

struct ctl_port;

extern const struct ctl_module ctl_module_stats; /* stats.reset */

/* A port begins at 0, whoever had its slot before. 0 or -ENOMEM. */
int ctl_stats_port_begin(struct pw_ctl *ctl, struct ctl_port *port);
void ctl_stats_port_end(struct pw_ctl *ctl, struct ctl_port *port);

void ctl_stats_port(
	const struct pw_ctl *ctl, const struct ctl_port *port, struct pw_dp_port_stats *stats);
uint64_t ctl_stats_port_drops(
	const struct pw_ctl *ctl, const struct ctl_port *port, enum pw_verdict reason);
uint64_t ctl_stats_drops(const struct pw_ctl *ctl, enum pw_verdict reason); /* all ports */
void ctl_stats_worker(const struct pw_ctl *ctl, uint32_t worker, struct pw_dp_worker_stats *stats);
void ctl_stats_ledger(const struct pw_ctl *ctl, struct pw_dp_ledger *ledger);

#endif
