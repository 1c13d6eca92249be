/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flow_pool.h - free lines of the flow table: a stock a worker over a shared lock-free stack.
 *
 * A line that was unlinked may still be in the hands of a worker that found it a moment ago, so it
 * first gathers in its killer's list; flow_pool_turn(), once an iteration, puts the list behind a
 * token of the QSBR domain, and returns lists whose token has passed to the stock. A free line's
 * generation differs from all its earlier ones (24 bits).
 *
 * Threads:  the worker that owns the cache; push from any.
 */
#ifndef FLOW_POOL_H
#define FLOW_POOL_H

#include "flow_table.h"

/* All lines but the LIVE ones, before there are workers. */
void flow_pool_fill(struct flow_table *table);
uint32_t flow_pool_get(struct flow_table *table, uint32_t cache); /* a FREE line, or 0 */
void flow_pool_retire(struct flow_table *table, uint32_t cache, uint32_t line);
void flow_pool_release(
	struct flow_table *table, uint32_t line); /* grace period over: shared pool */
void flow_pool_turn(struct flow_table *table, uint32_t cache);
/* Lines free for this worker: its stock and the shared pool. */
uint32_t flow_pool_count(const struct flow_table *table, uint32_t cache);

#endif
