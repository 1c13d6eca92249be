/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_mbuf.h - bytes of chained mbufs.
 *
 * Threads:  the caller owns the chain: reference count 1. Indirect segments may share their data.
 * Cost:     pull copies `len` bytes; the other functions walk the segments before `off`.
 */
#ifndef PW_MBUF_H
#define PW_MBUF_H

#include <stdint.h>

#include <rte_mbuf.h>

/* Makes the first `len` bytes contiguous and writable: in the head's own buffer if that is private
 * and large enough, else in a new head from the same pool (then *m changes).
 * 0; -EINVAL: the frame is shorter, or not the caller's alone; -ENOMEM: no mbuf, or its buffer is
 * smaller than len (the frame is unchanged). */
int pw_mbuf_pull(struct rte_mbuf **m, uint32_t len);

/* Copies [off, off + len) out. 0 or -EINVAL (outside the frame, nothing copied). */
int pw_mbuf_read(const struct rte_mbuf *m, uint32_t off, uint32_t len, void *out);

/* Copies `len` bytes in at `off`, in any segments. 0 or -EINVAL (outside, nothing written). */
int pw_mbuf_write(struct rte_mbuf *m, uint32_t off, uint32_t len, const void *in);

#endif
