/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * port_tap.c - kernel pods and the node itself: a TAP with virtio-net headers (vnet_io.h).
 *
 * Threads:  one queue: rx by one worker, tx by one worker, which may be different ones.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/uio.h>

#include "tap_dev.h"
#include "vnet_io.h"

static uint16_t tap_rx(
	struct pw_port *port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n, uint16_t *bad)
{
	struct vnet_io *tap = port->priv;
	uint16_t got = 0;

	if (vnet_io_is_dead(tap))
		return 0;
	for (uint16_t tries = 0; tries < n; tries++) {
		if (!vnet_io_refill(port, tap))
			return got;
		ssize_t len = readv(tap->fd, tap->iov, tap->n_segs);

		if (len < 0) {
			vnet_io_rx_error(port, tap, errno);
			break;
		}
		pkts[got] = vnet_io_take(port, tap, (uint32_t)len, bad);
		got += pkts[got] != NULL;
	}
	if (got > 0)
		port_set_state(port, PW_PORT_UP);
	return got;
}

static void tap_tx(struct pw_port *port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n,
	struct pw_tx_result *result)
{
	vnet_io_tx(port, port->priv, pkts, n, result);
}

static int tap_wait_fd(struct pw_port *port, uint16_t queue)
{
	const struct vnet_io *tap = port->priv;

	/* A dead TAP is always readable (POLLERR): nobody must wait for it. */
	return vnet_io_is_dead(tap) ? PW_PORT_SILENT : tap->fd;
}

/* The kernel says a TAP is writable only while its interface is up (tun_sock_writeable). */
static void tap_poll_state(struct pw_port *port)
{
	struct vnet_io *tap = port->priv;
	struct pollfd pfd = {.fd = tap->fd, .events = POLLOUT};

	if (!vnet_io_is_dead(tap) && poll(&pfd, 1, 0) >= 0) {
		if (pfd.revents & (POLLERR | POLLNVAL))
			vnet_io_die(port, tap);
		else
			port_set_state(port, pfd.revents & POLLOUT ? PW_PORT_UP : PW_PORT_DOWN);
	}
	port_log_state(
		port, vnet_io_is_dead(tap) ? "the interface is gone" : "the interface is down");
}

static void tap_dev_stats(struct pw_port *port, struct pw_port_dev_stats *stats)
{
	*stats = (struct pw_port_dev_stats){0};
	vnet_io_add_stats(port->priv, stats);
}

static void tap_close(struct pw_port *port)
{
	vnet_io_free(port->priv);
	free(port->priv);
}

static int tap_open(struct pw_port *port, const struct pw_port_conf *conf, struct pw_err *err)
{
	struct vnet_io *tap = aligned_alloc(PW_CACHE_LINE, sizeof(*tap));
	bool has_uso = false;
	int rc;

	if (tap == NULL)
		return pw_err_set(err, -ENOMEM, "out of memory");
	rc = vnet_io_init(tap, port->env, err);
	if (rc < 0)
		goto err_free;
	rc = tap_dev_open(conf, &has_uso, err);
	if (rc < 0)
		goto err_free;
	tap->fd = rc;
	tap_dev_mac(
		tap->fd, &port->peer_mac); /* zero if the device is gone: poll_state will tell */
	port->priv = tap;
	port->n_rxq = port->n_txq = 1;
	port->caps = PW_PORT_CAP_TX_PARTIAL | PW_PORT_CAP_TX_TSO4 | PW_PORT_CAP_TX_TSO6 |
		     PW_PORT_CAP_TX_MULTI_SEG | (has_uso ? PW_PORT_CAP_TX_USO : 0);
	return 0;

err_free:
	free(tap);
	return rc;
}

const struct pw_port_ops pw_port_tap_ops = {
	.name = "tap",
	.kernel = true,
	.wait_exact = true,
	.open = tap_open,
	.close = tap_close,
	.rx = tap_rx,
	.tx = tap_tx,
	.wait_fd = tap_wait_fd,
	.poll_state = tap_poll_state,
	.dev_stats = tap_dev_stats,
};
