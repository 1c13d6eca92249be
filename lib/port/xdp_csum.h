/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * xdp_csum.h - unfinished checksums that nothing marks.
 *
 * A veth's end sends TCP and UDP with the pseudo-header sum in the checksum field, and SCTP with
 * zero for a CRC; AF_XDP has no flag that tells (offloads.md 2.1). A field that is exactly that is
 * taken for unfinished. One whole checksum in 65536 looks the same: finishing it gives the same
 * value again if the data is right. A corrupted packet would be repaired, so this is only for
 * veths, where nothing corrupts.
 * Threads:  pure function on the caller's mbuf.
 * Cost:     the cache lines of the headers, that the next stage needs as well.
 */
#ifndef PW_PORT_XDP_CSUM_H
#define PW_PORT_XDP_CSUM_H

#include <rte_mbuf.h>

/* m has its data and lengths; sets its offload state as pw_pkt.h says if the checksum is open. */
void xdp_csum_mark(struct rte_mbuf *m);

#endif
