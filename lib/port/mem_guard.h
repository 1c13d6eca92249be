/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mem_guard.h - survives a peer that takes its shared memory away while we read it.
 *
 * A vhost-user or memif peer gives us memory by a file descriptor, and may cut the file (ftruncate)
 * at any moment: the next access would end the process with SIGBUS. The guard puts pages of zeros
 * there instead, which harm nobody but that peer; its port is then taken out of service.
 *
 * Only shared mappings of others are so mended: memory of the EAL, private mappings and code die as
 * before.
 *
 * Threads:  start, count: control thread. The handler: any.
 */
#ifndef PW_PORT_MEM_GUARD_H
#define PW_PORT_MEM_GUARD_H

#include <stdint.h>

/* Process-wide, once; the signal's disposition is ours from then on. */
void mem_guard_start(void);
/* Faults mended so far, and where the last ones were: count() - n is the oldest one kept. */
#define MEM_GUARD_KEPT 16
uint64_t mem_guard_count(void);
uintptr_t mem_guard_address(uint64_t number);

#endif
