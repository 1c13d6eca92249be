/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * port_afpacket.c - an interface of the kernel through packet sockets with virtio-net headers.
 *
 * For the host end of a veth, and for NICs that DPDK has no driver for. Frames cross as the kernel
 * has them (vnet_io.h): TCP of 64 KB whole, checksums unfinished. A VLAN tag that the kernel took
 * out of the frame is put back. What the node's own stack sends there is not for us.
 *
 * Several queues are several sockets of one fanout group: the kernel spreads flows by a hash that
 * is the same for both directions.
 *
 * Threads:  as vnet_io.h, a socket for each queue.
 * Limits:   the node's stack sees every frame, too: the interface should have no address, and our
 *           MAC must not be its own, or it forwards and answers by itself. Before Linux 6.2 the
 *           header cannot describe UDP segmentation: such frames of a pod are lost and counted as
 *           rx_errors (so are SCTP's and those of tunnels inside the pod on any kernel).
 */
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/utsname.h>

#include "hdrs.h"
#include "netif.h"
#include "pw_pkt.h"
#include "vnet_io.h"

/* A GSO frame counts as twice its bytes: room for about a hundred. */
#define SOCKET_BYTES (16 << 20)

#ifndef PACKET_IGNORE_OUTGOING /* Linux 4.20 */
#define PACKET_IGNORE_OUTGOING 23
#endif
#ifndef PACKET_FANOUT_FLAG_UNIQUEID /* 4.12 */
#define PACKET_FANOUT_FLAG_UNIQUEID 0x2000
#endif
#ifndef PACKET_FANOUT_FLAG_IGNORE_OUTGOING /* 6.2 */
#define PACKET_FANOUT_FLAG_IGNORE_OUTGOING 0x4000
#endif

struct afpacket {
	int ifindex;
	uint16_t n;      /* queues */
	uint64_t missed; /* control: the kernel's counter is reset by reading */
	struct vnet_io q[];
};

/* ---- rx ---- */

/* Room for what the kernel says of a frame beside its bytes. */
union ancillary {
	struct cmsghdr align;
	uint8_t bytes[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
};

static const struct tpacket_auxdata *find_auxdata(struct msghdr *msg)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(msg);

	for (; c != NULL; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level == SOL_PACKET && c->cmsg_type == PACKET_AUXDATA)
			return (const struct tpacket_auxdata *)CMSG_DATA(c);
	}
	return NULL;
}

/* After decoding: the header's offsets are of the frame without the tag. */
static void restore_tag(struct rte_mbuf *m, const struct tpacket_auxdata *aux)
{
	uint16_t tag[2];
	uint8_t *data;

	if (aux == NULL || (aux->tp_status & TP_STATUS_VLAN_VALID) == 0)
		return;
	tag[0] = aux->tp_status & TP_STATUS_VLAN_TPID_VALID ? aux->tp_vlan_tpid : ETH_P_8021Q;
	tag[0] = htobe16(tag[0]);
	tag[1] = htobe16(aux->tp_vlan_tci);
	data = (uint8_t *)rte_pktmbuf_prepend(m, VLAN_LEN); /* headroom is always there */
	if (data == NULL)
		return;
	memmove(data, data + VLAN_LEN, 2 * ETH_ALEN);
	memcpy(data + 2 * ETH_ALEN, tag, VLAN_LEN);
	if (m->l2_len != 0)
		m->l2_len += VLAN_LEN;
}

/* One frame; NULL with *more false: there is none, with *more true: it was not for us, or bad. */
static struct rte_mbuf *receive(struct pw_port *port, struct vnet_io *io, uint16_t *bad, bool *more)
{
	union ancillary ancillary;
	struct sockaddr_ll from;
	struct msghdr msg = {
		.msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = io->iov,
		.msg_iovlen = io->n_segs,
		.msg_control = &ancillary,
		.msg_controllen = sizeof(ancillary),
	};
	ssize_t len = recvmsg(io->fd, &msg, MSG_DONTWAIT | MSG_TRUNC);
	struct rte_mbuf *m;

	*more = len >= 0;
	if (len < 0) {
		vnet_io_rx_error(port, io, errno);
		return NULL;
	}
	/* In a fanout group before Linux 6.2 the kernel does not leave them out. */
	if (from.sll_pkttype == PACKET_OUTGOING)
		return NULL;
	m = vnet_io_take(port, io, (uint32_t)len, bad);
	if (m != NULL)
		restore_tag(m, find_auxdata(&msg));
	return m;
}

static uint16_t afpacket_rx(
	struct pw_port *port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n, uint16_t *bad)
{
	struct afpacket *p = port->priv;
	struct vnet_io *io = &p->q[queue];
	bool more = !vnet_io_is_dead(io);
	uint16_t got = 0;

	for (uint16_t tries = 0; more && tries < n && vnet_io_refill(port, io); tries++) {
		pkts[got] = receive(port, io, bad, &more);
		got += pkts[got] != NULL;
	}
	if (got > 0)
		port_set_state(port, PW_PORT_UP);
	return got;
}

static void afpacket_tx(struct pw_port *port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n,
	struct pw_tx_result *result)
{
	struct afpacket *p = port->priv;

	vnet_io_tx(port, &p->q[queue], pkts, n, result);
}

static int afpacket_wait_fd(struct pw_port *port, uint16_t queue)
{
	const struct afpacket *p = port->priv;

	return p->q[queue].fd; /* quiet for ever once the interface is gone */
}

/* ---- control thread ---- */

static void afpacket_poll_state(struct pw_port *port)
{
	struct afpacket *p = port->priv;
	int up = netif_is_up(p->q[0].fd, p->ifindex);

	for (uint16_t i = 0; up < 0 && i < p->n; i++)
		vnet_io_die(port, &p->q[i]);
	port_set_state(port, up > 0 ? PW_PORT_UP : PW_PORT_DOWN);
	port_log_state(port, up < 0 ? "the interface is gone" : "the interface is down");
}

static void afpacket_dev_stats(struct pw_port *port, struct pw_port_dev_stats *stats)
{
	struct afpacket *p = port->priv;

	*stats = (struct pw_port_dev_stats){0};
	for (uint16_t i = 0; i < p->n; i++) {
		struct tpacket_stats kernel = {0};
		socklen_t len = sizeof(kernel);

		(void)getsockopt(p->q[i].fd, SOL_PACKET, PACKET_STATISTICS, &kernel, &len);
		p->missed += kernel.tp_drops;
		vnet_io_add_stats(&p->q[i], stats);
	}
	stats->rx_missed = p->missed;
}

static int set_option(int sock, int level, int option, int value)
{
	return setsockopt(sock, level, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

/* Options before binding: no frame comes without its header. */
static int set_up_socket(int sock, int ifindex, struct pw_err *err)
{
	const struct sockaddr_ll address = {.sll_family = AF_PACKET,
		.sll_protocol = htobe16(ETH_P_ALL),
		.sll_ifindex = ifindex};
	int rc = set_option(sock, SOL_PACKET, PACKET_VNET_HDR, 1);

	if (rc < 0)
		return pw_err_set(err, rc, "PACKET_VNET_HDR: %s", strerror(-rc));
	rc = set_option(sock, SOL_PACKET, PACKET_AUXDATA, 1);
	if (rc < 0)
		return pw_err_set(err, rc, "PACKET_AUXDATA: %s", strerror(-rc));
	(void)set_option(sock, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1); /* else rx looks */
	/* FORCE needs CAP_NET_ADMIN; without it net.core.[rw]mem_max is the limit. */
	if (set_option(sock, SOL_SOCKET, SO_RCVBUFFORCE, SOCKET_BYTES) < 0)
		(void)set_option(sock, SOL_SOCKET, SO_RCVBUF, SOCKET_BYTES);
	if (set_option(sock, SOL_SOCKET, SO_SNDBUFFORCE, SOCKET_BYTES) < 0)
		(void)set_option(sock, SOL_SOCKET, SO_SNDBUF, SOCKET_BYTES);
	if (bind(sock, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return pw_err_set(err, -errno, "binding a packet socket: %s", strerror(errno));
	return 0;
}

/* The first socket gets a group of its own, whose number the others join. */
static int join_group(int sock, int *group, struct pw_err *err)
{
	socklen_t len = sizeof(*group);
	int mode = PACKET_FANOUT_HASH | PACKET_FANOUT_FLAG_IGNORE_OUTGOING, rc;

	if (*group < 0) {
		rc = set_option(sock, SOL_PACKET, PACKET_FANOUT,
			(mode | PACKET_FANOUT_FLAG_UNIQUEID) << 16);
		if (rc == -EINVAL) { /* an older kernel, without the last flag */
			mode &= ~PACKET_FANOUT_FLAG_IGNORE_OUTGOING;
			rc = set_option(sock, SOL_PACKET, PACKET_FANOUT,
				(mode | PACKET_FANOUT_FLAG_UNIQUEID) << 16);
		}
		if (rc == 0 && getsockopt(sock, SOL_PACKET, PACKET_FANOUT, group, &len) < 0)
			rc = -errno;
		*group &= ~(PACKET_FANOUT_FLAG_UNIQUEID << 16);
	} else {
		rc = set_option(sock, SOL_PACKET, PACKET_FANOUT, *group);
	}
	return rc < 0 ? pw_err_set(err, rc, "PACKET_FANOUT: %s", strerror(-rc)) : 0;
}

/* What came between binding and joining came to the other sockets as well. */
static void drain(int sock)
{
	uint8_t start[VNET_IO_HDR_LEN + ETH_LEN];

	while (recv(sock, start, sizeof(start), MSG_DONTWAIT) >= 0 || errno == EINVAL)
		;
}

static int open_queue(struct afpacket *p, uint16_t i, int *group, struct pw_err *err)
{
	int sock = netif_packet_socket(err), rc;

	if (sock < 0)
		return sock;
	p->q[i].fd = sock; /* closed with the queue */
	rc = set_up_socket(sock, p->ifindex, err);
	if (rc == 0 && i == 0)
		rc = netif_set_promisc(sock, p->ifindex, err);
	if (rc == 0 && p->n > 1)
		rc = join_group(sock, group, err);
	if (rc == 0 && i > 0)
		drain(sock);
	return rc;
}

static void free_queues(struct afpacket *p)
{
	for (uint16_t i = 0; i < p->n; i++)
		vnet_io_free(&p->q[i]);
	free(p);
}

static void afpacket_close(struct pw_port *port)
{
	free_queues(port->priv);
}

static bool kernel_knows_uso(void)
{
	struct utsname name;
	unsigned major, minor;

	return uname(&name) == 0 && sscanf(name.release, "%u.%u", &major, &minor) == 2 &&
	       (major > 6 || (major == 6 && minor >= 2));
}

static struct afpacket *allocate(
	const struct pw_port_env *env, uint16_t n, int ifindex, struct pw_err *err)
{
	struct afpacket *p = aligned_alloc(PW_CACHE_LINE, sizeof(*p) + (size_t)n * sizeof(p->q[0]));

	if (p == NULL) {
		pw_err_set(err, -ENOMEM, "out of memory");
		return NULL;
	}
	*p = (struct afpacket){.ifindex = ifindex, .n = n};
	for (uint16_t i = 0; i < n; i++) {
		if (vnet_io_init(&p->q[i], env, err) < 0) { /* nothing to free yet */
			free(p);
			return NULL;
		}
	}
	return p;
}

static int afpacket_open(struct pw_port *port, const struct pw_port_conf *conf, struct pw_err *err)
{
	struct afpacket *p;
	struct netif netif;
	int rc = netif_find(conf->interface, conf->mtu, &netif, err), group = -1;

	if (rc < 0)
		return rc;
	p = allocate(port->env, conf->n_queues, netif.index, err);
	if (p == NULL)
		return err ? err->code : -ENOMEM;
	for (uint16_t i = 0; i < p->n; i++) {
		rc = open_queue(p, i, &group, err);
		if (rc < 0) {
			pw_err_prefix(err, "interface %s", conf->interface);
			goto err_free;
		}
	}
	port->priv = p;
	port->caps = PW_PORT_CAP_TX_PARTIAL | PW_PORT_CAP_TX_TSO4 | PW_PORT_CAP_TX_TSO6 |
		     PW_PORT_CAP_TX_MULTI_SEG | (kernel_knows_uso() ? PW_PORT_CAP_TX_USO : 0);
	return 0;

err_free:
	free_queues(p);
	return rc;
}

const struct pw_port_ops pw_port_afpacket_ops = {
	.name = "af_packet",
	.kernel = true,
	.wait_exact = true,
	.open = afpacket_open,
	.close = afpacket_close,
	.rx = afpacket_rx,
	.tx = afpacket_tx,
	.wait_fd = afpacket_wait_fd,
	.poll_state = afpacket_poll_state,
	.dev_stats = afpacket_dev_stats,
};
