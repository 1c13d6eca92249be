/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vnet_hdr.h - virtio-net header <-> offload state of an mbuf (pw_pkt.h's convention).
 *
 * The 10-byte header, little-endian (VIRTIO 1.2, 5.1.6), as the kernel's TAP speaks it after
 * TUNSETVNETLE. A pod with CAP_NET_RAW writes its own headers through PACKET_VNET_HDR, so every
 * field is checked against the frame before it is believed.
 *
 * A frame that asks for a checksum in a place our convention cannot say (an inner packet of a
 * tunnel, IPv6 extension headers, a fragment) gets it here, in software.
 * Threads:  pure functions on the caller's mbuf.
 */
#ifndef PW_PORT_VNET_HDR_H
#define PW_PORT_VNET_HDR_H

#include <linux/virtio_net.h>

#include <rte_mbuf.h>

#ifndef VIRTIO_NET_HDR_GSO_UDP_L4 /* Linux 6.2 */
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif

/* m has its data and lengths; sets ol_flags, l2_len, l3_len, l4_len, tso_segsz.
 * 0, or -EINVAL: the header contradicts the frame, or is of a kind we did not ask for (UFO). */
int vnet_hdr_decode(const struct virtio_net_hdr *hdr, struct rte_mbuf *m);

/* 0, or -EINVAL: the offload state contradicts the frame. */
int vnet_hdr_encode(const struct rte_mbuf *m, struct virtio_net_hdr *hdr);

#endif
