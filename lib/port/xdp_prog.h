/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * xdp_prog.h - the XDP program that steers every frame of an interface to our sockets.
 *
 * Six instructions, loaded as they are: no compiler, no object file, no bpffs, and no dispatcher
 * that would share the interface with programs of others. Its attachment is a BPF link, so it is
 * gone with the descriptor, after kill -9 as well, and it can neither replace a program nor be
 * replaced. Native mode only.
 *
 * Threads:  control thread.
 * Errors:   -errno with a message that names the fix; -EBUSY: the interface has another program.
 */
#ifndef PW_PORT_XDP_PROG_H
#define PW_PORT_XDP_PROG_H

#include "netif.h"

#define XDP_PROG_MTU_MAX 3506 /* a veth's frame, headroom and skb_shared_info fill a 4 KB page */

struct xdp_prog {
	int map_fd, prog_fd, link_fd; /* -1: none */
};

/* Refuses an interface that somebody else's program is on. Frames of queues without a socket are
 * dropped from now on. */
int xdp_prog_attach(struct xdp_prog *prog, const char *name, const struct netif *netif,
	uint32_t n_queues, struct pw_err *err);
int xdp_prog_set_socket(struct xdp_prog *prog, uint32_t queue, int fd, struct pw_err *err);
void xdp_prog_detach(struct xdp_prog *prog); /* the interface is as before */

#endif
