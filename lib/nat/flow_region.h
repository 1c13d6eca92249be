/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flow_region.h - flow lines in a file, so that connections outlive the process (P-18).
 *
 *   byte 0, 2048   two headers; the valid one with the higher sequence number counts
 *   byte 4096      lines
 *   behind them    affinity entries; sparse until the first Service wants them
 *
 * The file is mapped shared: what a killed process had stored is in it, in program order. It holds
 * no pointers, and nothing that can be built anew: buckets, free lists and counters are not in it.
 * A header is written beside the valid one, so a process killed on the way leaves the old one. The
 * file of another boot, version or layout is emptied; of another number of lines, flows are kept as
 * far as there is room.
 *
 * Put it on a tmpfs or hugetlbfs: workers write to it, and a file system that writes back would
 * make them wait.
 * Threads:  control thread, before and after there are workers.
 * Errors:   of open(); -EBUSY another process has it; -EPERM not an own regular file; -ENOSPC.
 */
#ifndef FLOW_REGION_H
#define FLOW_REGION_H

#include <stdbool.h>

#include "affinity.h"
#include "flow_line.h"

struct flow_region {
	int fd; /* -1: none */
	uint8_t *base;
	size_t bytes;
	union flow_line *lines; /* [0] is not used */
	struct affinity_entry *affinity;
	uint64_t secret; /* of affinity; the same as long as the file */
	bool has_flows;  /* lines are those of an earlier process */
	const char
		*discarded; /* why the file's flows were not kept; NULL: they were, or had none */
};

int flow_region_open(
	struct flow_region *region, const char *path, uint32_t n_lines, uint32_t affinity_buckets);
/* The file stays. */
void flow_region_close(struct flow_region *region);
/* Memory for the affinity entries: 0 or -ENOSPC. */
int flow_region_want_affinity(struct flow_region *region, uint32_t affinity_buckets);

#endif
