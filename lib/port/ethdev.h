/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ethdev.h - the ethdev driver, for the drivers that only name another device (memif, virtio-user).
 *
 * Threads:  rx, tx: workers, a queue each. The rest: control thread.
 */
#ifndef PW_PORT_ETHDEV_H
#define PW_PORT_ETHDEV_H

#include "port_priv.h"

/* conf->device is the DPDK device string, conf->ring_size the descriptors a queue. */
int ethdev_open(struct pw_port *port, const struct pw_port_conf *conf, struct pw_err *err);
void ethdev_close(struct pw_port *port);
uint16_t ethdev_rx(
	struct pw_port *port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n, uint16_t *bad);
void ethdev_tx(struct pw_port *port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n,
	struct pw_tx_result *result);
int ethdev_wait_fd(struct pw_port *port, uint16_t queue);
void ethdev_poll_state(struct pw_port *port);
void ethdev_dev_stats(struct pw_port *port, struct pw_port_dev_stats *stats);

/* The other members are these functions. */
#define ETHDEV_OPS(type_name, open_fn)                                                             \
	{                                                                                          \
		.name = (type_name), .open = (open_fn), .close = ethdev_close, .rx = ethdev_rx,    \
		.tx = ethdev_tx, .wait_fd = ethdev_wait_fd, .poll_state = ethdev_poll_state,       \
		.dev_stats = ethdev_dev_stats,                                                     \
	}

#endif
