/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_qsbr.h - quiescent-state based reclamation: when has every worker let go of what it read?
 *
 * Readers (workers) say "I hold nothing" once an iteration; a writer takes a token after it
 * unlinked an object and may free it when the token has passed. Nobody ever waits (pw_limbo.h).
 * Usage:    reader: online(); for (;;) { ...read tables...; quiescent(); }
 *           reader about to block: offline(); block; online();
 *           writer: unlink(obj); token = start(); ... later: if (passed(token)) free(obj);
 * Threads:  create, destroy: control thread. online, offline, quiescent: the reader itself, which
 *           is offline until its first online(). start, passed: any thread (workers retire
 *           flows).
 * Errors:   create: NULL with errno EINVAL (no readers) or ENOMEM.
 * Order:    what was unlinked before start() is not seen by a reader after its next quiescent().
 * Cost:     quiescent: one load of a shared line, one store to an own line if it changed.
 */
#ifndef PW_QSBR_H
#define PW_QSBR_H

#include <stdbool.h>
#include <stdint.h>

#include "pw_alloc.h"

struct pw_qsbr;

struct pw_qsbr *pw_qsbr_create(
	const struct pw_alloc *alloc, uint32_t max_readers); /* NULL, errno */
void pw_qsbr_destroy(struct pw_qsbr *qsbr);
/* reader: 0 .. max_readers-1, one thread each. */
void pw_qsbr_online(struct pw_qsbr *qsbr, uint32_t reader);
void pw_qsbr_offline(struct pw_qsbr *qsbr, uint32_t reader); /* about to block: holds nothing */
void pw_qsbr_quiescent(struct pw_qsbr *qsbr, uint32_t reader);
uint64_t pw_qsbr_start(struct pw_qsbr *qsbr);
bool pw_qsbr_passed(struct pw_qsbr *qsbr, uint64_t token);

#endif
