/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * port_afxdp.c - an interface of the kernel through AF_XDP sockets, one for each of its queues.
 *
 * For the host end of a veth when small packets matter, and for NICs whose driver has native XDP.
 * Frames reach us before the node's stack sees them, MTU-sized and one by one: large TCP frames are
 * segmented and every checksum is computed on the way out (port_offload.c). On the way in from a
 * veth, checksums are unfinished without a mark: xdp_csum.h.
 *
 * Every rx queue of the interface has a socket, else some of the traffic would be lost.
 *
 * Threads:  as xdp_queue.h, a socket for each queue.
 * Errors:   ENXIO of a system call: the interface is gone, and the kernel is asked nothing more.
 * Limits:   a VLAN tag that the sender leaves to the device (ethtool -K eth0 tx-vlan-offload) is
 *           lost, and the inner checksum of a tunnel inside a pod stays open: XDP shows neither.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netif.h"
#include "xdp_csum.h"
#include "xdp_prog.h"
#include "xdp_queue.h"

struct afxdp {
	int ifindex;
	int packet_fd;      /* holds promiscuous mode; asks for the link's state */
	uint16_t n_open;    /* queues */
	bool open_checksum; /* a veth: checksums may be unfinished */
	uint32_t dead;      /* W: rx, tx, control  R: all */
	struct xdp_prog prog;
	struct xdp_queue q[] __attribute__((aligned(PW_CACHE_LINE)));
};

static bool is_dead(const struct afxdp *p)
{
	return __atomic_load_n(&p->dead, __ATOMIC_RELAXED) != 0;
}

static void die(struct pw_port *port, struct afxdp *p)
{
	__atomic_store_n(&p->dead, 1, __ATOMIC_RELAXED);
	port_set_state(port, PW_PORT_DOWN);
}

/* After a system call that said so. */
static void go_down(struct pw_port *port, struct afxdp *p, int code)
{
	if (code == -ENETDOWN)
		port_set_state(port, PW_PORT_DOWN);
	else
		die(port, p);
}

static uint16_t afxdp_rx(
	struct pw_port *port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n, uint16_t *bad)
{
	struct afxdp *p = port->priv;
	struct xdp_queue *q = &p->q[queue];
	uint16_t got;
	int rc;

	if (is_dead(p))
		return 0;
	got = xdp_queue_rx(q, port->env->pool, pkts, n);
	if (got == 0) {
		rc = xdp_queue_kick_rx(q);
		if (rc < 0)
			go_down(port, p, rc);
		return 0;
	}
	for (uint16_t i = 0; i < got; i++) {
		pkts[i]->port = port->index;
		if (p->open_checksum)
			xdp_csum_mark(pkts[i]);
	}
	return got;
}

static void afxdp_tx(struct pw_port *port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n,
	struct pw_tx_result *result)
{
	struct afxdp *p = port->priv;
	struct xdp_queue *q = &p->q[queue];
	uint16_t done, error = 0;
	int rc;

	/* Nothing is put where it would lie until the link is up again. */
	if (is_dead(p) || pw_port_state(port) == PW_PORT_DOWN) {
		result->down += n;
		goto out;
	}
	done = xdp_queue_tx(q, pkts, n, &error);
	rc = xdp_queue_kick_tx(q);
	result->error += error;
	result->full += n - done;
	if (rc < 0) {
		go_down(port, p, rc);
		result->down += done - error;
	} else {
		result->sent += done - error;
	}
out:
	rte_pktmbuf_free_bulk(pkts, n);
}

/* Quiet for ever once the interface is gone. */
static int afxdp_wait_fd(struct pw_port *port, uint16_t queue)
{
	const struct afxdp *p = port->priv;

	return xdp_queue_fd(&p->q[queue]);
}

static void afxdp_poll_state(struct pw_port *port)
{
	struct afxdp *p = port->priv;
	int up = netif_is_up(p->packet_fd, p->ifindex);

	if (up < 0)
		die(port, p);
	else if (!is_dead(p))
		port_set_state(port, up ? PW_PORT_UP : PW_PORT_DOWN);
	port_log_state(port, is_dead(p) ? "the interface is gone" : "the interface is down");
}

static void afxdp_dev_stats(struct pw_port *port, struct pw_port_dev_stats *stats)
{
	const struct afxdp *p = port->priv;

	*stats = (struct pw_port_dev_stats){0};
	for (uint16_t i = 0; i < p->n_open; i++) {
		stats->rx_alloc_failed += count_read(&p->q[i].rx_alloc_failed);
		stats->tx_errors += count_read(&p->q[i].tx_errors);
		stats->rx_missed += xdp_queue_missed(&p->q[i]);
	}
}

/* ---- open, close ---- */

static int check_mtu(const char *name, uint32_t mtu, struct pw_err *err)
{
	if (mtu <= XDP_PROG_MTU_MAX)
		return 0;
	return pw_err_set(err, -EINVAL,
		"interface %s has MTU %u: AF_XDP takes %u at most: ip link set %s mtu %u, its "
		"other end as well, or type af_packet",
		name, mtu, XDP_PROG_MTU_MAX, name, XDP_PROG_MTU_MAX);
}

/* Frames of a queue without a socket would be lost. */
static int check_queues(
	const char *name, const struct netif *netif, uint16_t n_queues, struct pw_err *err)
{
	if (netif->n_rxq <= n_queues)
		return 0;
	return pw_err_set(err, -EINVAL,
		"interface %s has %u rx queues, the port %u: queues: %u, or fewer for the "
		"interface (ethtool -L)",
		name, netif->n_rxq, n_queues, netif->n_rxq);
}

static int find_interface(const struct pw_port_conf *conf, struct netif *netif, struct pw_err *err)
{
	int rc;

	if (conf->mtu > XDP_PROG_MTU_MAX)
		return pw_err_set(err, -EINVAL,
			"mtu %u: AF_XDP takes %u at most; type af_packet "
			"takes more",
			conf->mtu, XDP_PROG_MTU_MAX);
	rc = netif_find(conf->interface, conf->mtu, netif, err);
	if (rc == 0)
		rc = check_mtu(conf->interface, netif->mtu, err);
	if (rc == 0)
		rc = check_queues(conf->interface, netif, conf->n_queues, err);
	return rc;
}

static int open_queue(struct afxdp *p, const struct pw_port_conf *conf, const struct netif *netif,
	uint16_t id, struct pw_err *err)
{
	struct xdp_queue *q = &p->q[id];
	int rc = xdp_queue_open(q, conf->interface, netif, id, conf->busy_poll, err);

	if (rc < 0)
		return rc;
	p->n_open++;
	return xdp_prog_set_socket(&p->prog, id, xdp_queue_fd(q), err);
}

/* The program first: no frame may come for sockets that are being closed. */
static void tear_down(struct afxdp *p)
{
	xdp_prog_detach(&p->prog);
	for (uint16_t i = 0; i < p->n_open; i++)
		xdp_queue_close(&p->q[i]);
	if (p->packet_fd >= 0)
		close(p->packet_fd);
	free(p);
}

static void afxdp_close(struct pw_port *port)
{
	tear_down(port->priv);
}

static int set_up(struct afxdp *p, const struct pw_port_conf *conf, const struct netif *netif,
	struct pw_err *err)
{
	int rc = netif_packet_socket(err);

	if (rc < 0)
		return rc;
	p->packet_fd = rc;
	rc = xdp_prog_attach(&p->prog, conf->interface, netif, netif->n_rxq, err);
	if (rc < 0)
		return rc;
	rc = netif_set_promisc(p->packet_fd, netif->index, err);
	for (uint16_t i = 0; rc == 0 && i < netif->n_rxq; i++)
		rc = open_queue(p, conf, netif, i, err);
	return rc < 0 ? pw_err_prefix(err, "interface %s", conf->interface) : 0;
}

/* -EBUSY: a queue has a socket already, for a while even that of a process that was killed (the
 * kernel's xp_release_deferred). */
static int afxdp_open(struct pw_port *port, const struct pw_port_conf *conf, struct pw_err *err)
{
	struct netif netif;
	struct afxdp *p;
	int rc = find_interface(conf, &netif, err);

	if (rc < 0)
		return rc;
	p = aligned_alloc(PW_CACHE_LINE, sizeof(*p) + netif.n_rxq * sizeof(p->q[0]));
	if (p == NULL)
		return pw_err_set(err, -ENOMEM, "out of memory");
	*p = (struct afxdp){
		.ifindex = netif.index,
		.packet_fd = -1,
		.open_checksum = strcmp(netif.driver, "veth") == 0,
		.prog = {-1, -1, -1},
	};
	rc = set_up(p, conf, &netif, err);
	if (rc < 0) {
		tear_down(p);
		return rc;
	}
	port->priv = p;
	port->n_rxq = netif.n_rxq;
	port->n_txq = PW_MIN(netif.n_rxq, netif.n_txq);
	if (pw_mac_is_zero(&conf->mac))
		port->mac = netif.mac;
	port->caps = PW_PORT_CAP_TX_MULTI_SEG; /* each frame is copied anyway */
	return 0;
}

const struct pw_port_ops pw_port_afxdp_ops = {
	.name = "af_xdp",
	.kernel = true,
	.open = afxdp_open,
	.close = afxdp_close,
	.rx = afxdp_rx,
	.tx = afxdp_tx,
	.wait_fd = afxdp_wait_fd,
	.poll_state = afxdp_poll_state,
	.dev_stats = afxdp_dev_stats,
};
