/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * port_ethdev.c - NICs and everything else that DPDK calls an Ethernet device.
 *
 * conf->device is a DPDK device string: a PCI address ("0000:01:00.0") or a virtual device with its
 * arguments ("net_ring0", "net_af_packet0,iface=eth1"). A device that is there already (made at EAL
 * start, or by rte_eth_from_rings) is taken as it is and not removed at close.
 *
 * Threads:  rx, tx: workers, a queue each. The rest: control thread.
 * Limits:   Debian's DPDK is built for 32 Ethernet devices a process.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_net.h>

#include "ethdev.h"
#include "offload_dpdk.h"
#include "port_priv.h"
#include "pw_pkt.h"
#include "pw_util.h"
#include "sock.h"

#define RING_SIZE      1024
#define CONNECT_POLLS  3 /* seconds that connecting may take */
#define STOP_TRIES     20
#define STOP_STEP_USEC 100
#define FRAME_OVERHEAD (RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN + 2 * RTE_VLAN_HLEN)
#define DEV_NAME_MAX   RTE_ETH_NAME_MAX_LEN

#define RX_OFFLOADS                                                                                \
	(RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_TCP_CKSUM |                            \
		RTE_ETH_RX_OFFLOAD_UDP_CKSUM)
#define TX_CSUM (RTE_ETH_TX_OFFLOAD_TCP_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM)
#define TX_TSO                                                                                     \
	(RTE_ETH_TX_OFFLOAD_TCP_TSO | RTE_ETH_TX_OFFLOAD_UDP_TSO | RTE_ETH_TX_OFFLOAD_IPV4_CKSUM)
#define TX_OFFLOADS (TX_CSUM | TX_TSO | RTE_ETH_TX_OFFLOAD_MULTI_SEGS)
#define RSS_HASH    (RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP)

struct queue_stats {
	uint64_t rx_bad, tx_errors;
} __attribute__((aligned(PW_CACHE_LINE)));

struct ethdev {
	uint16_t port_id;
	bool probed;         /* by us: to be removed */
	bool ip_csum;        /* it writes the IPv4 header checksum of segments */
	uint32_t started;    /* W: control  R: all. No burst before that */
	bool was_up;         /* since it was started last */
	unsigned polls_down; /* likewise, if it was not */
	uint64_t token;      /* grace period after which it may be stopped */
	char *wanted_path;   /* a socket without which it does not start; NULL: none */
	uint64_t owner;
	struct queue_stats stats[PW_PORT_MAX_QUEUES]; /* W: the queue's worker  R: control */
};

static bool is_started(const struct ethdev *dev)
{
	return __atomic_load_n(&dev->started, __ATOMIC_ACQUIRE) != 0;
}

uint16_t ethdev_rx(
	struct pw_port *port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n, uint16_t *bad)
{
	struct ethdev *dev = port->priv;
	uint16_t got, kept = 0;

	if (unlikely(!is_started(dev)))
		return 0;
	got = rte_eth_rx_burst(dev->port_id, queue, pkts, n);
	for (uint16_t i = 0; i < got; i++) {
		struct rte_mbuf *m = pkts[i];

		m->ol_flags &= ~RTE_MBUF_F_TX_OFFLOAD_MASK; /* a ring passes them on */
		if (offload_rx_flagged(m) && offload_from_dpdk(m) < 0)
			rte_pktmbuf_free(m);
		else
			pkts[kept++] = m;
	}
	if (kept < got) {
		*bad += got - kept;
		count_add(&dev->stats[queue].rx_bad, got - kept);
	}
	return kept;
}

/* Frames with offloads get DPDK's flags and what the driver wants in their headers. */
static struct rte_mbuf *prepare_frame(
	struct pw_port *port, uint16_t queue, struct rte_mbuf *m, struct pw_tx_result *result)
{
	struct ethdev *dev = port->priv;

	m = port_mbuf_own(m, port->env->pool);
	if (m == NULL) {
		result->no_mbuf++;
		return NULL;
	}
	/* DPDK's pseudo-header sum leaves the length out for TSO, the kernel's does not. */
	if (offload_to_dpdk(m, dev->ip_csum) < 0 || rte_net_intel_cksum_prepare(m) < 0) {
		result->offload++;
		goto err_free;
	}
	if (rte_eth_tx_prepare(dev->port_id, queue, &m, 1) != 1) {
		result->error++;
		count_add(&dev->stats[queue].tx_errors, 1);
		goto err_free;
	}
	return m;

err_free:
	rte_pktmbuf_free(m);
	return NULL;
}

void ethdev_tx(struct pw_port *port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n,
	struct pw_tx_result *result)
{
	struct ethdev *dev = port->priv;
	uint16_t ready = 0, sent;

	if (unlikely(!is_started(dev))) {
		result->down += n;
		rte_pktmbuf_free_bulk(pkts, n);
		return;
	}
	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = pkts[i];

		if (pw_mbuf_is_partial(m))
			m = prepare_frame(port, queue, m, result);
		if (m != NULL)
			pkts[ready++] = m;
	}
	sent = rte_eth_tx_burst(dev->port_id, queue, pkts, ready);
	result->sent += sent;
	if (pw_port_state(port) == PW_PORT_UP)
		result->full += ready - sent;
	else
		result->down += ready - sent;
	rte_pktmbuf_free_bulk(pkts + sent, ready - sent);
}

/* 22.11's virtual devices have no receive interrupt, and a NIC's needs its queue armed first. */
int ethdev_wait_fd(struct pw_port *port, uint16_t queue)
{
	return PW_PORT_NO_FD;
}

/* Bursts end before the device stops; some microseconds. False: not yet. */
static bool stop(struct pw_port *port, struct ethdev *dev)
{
	struct pw_qsbr *qsbr = port->env->qsbr;

	if (is_started(dev)) {
		__atomic_store_n(&dev->started, 0, __ATOMIC_RELEASE);
		port_set_state(port, PW_PORT_DOWN);
		dev->token = qsbr != NULL ? pw_qsbr_start(qsbr) : 0;
	}
	for (unsigned i = 0; i < STOP_TRIES; i++) {
		if (qsbr == NULL || pw_qsbr_passed(qsbr, dev->token))
			return rte_eth_dev_stop(dev->port_id) == 0;
		usleep(STOP_STEP_USEC);
	}
	return false;
}

/* The driver's thread may be shaking hands with the peer, and does not bear to be disturbed. */
static bool may_be_connecting(struct ethdev *dev)
{
	return is_started(dev) && !dev->was_up && ++dev->polls_down < CONNECT_POLLS;
}

/*
 * The peer that makes the socket may come later than we, or go and come again. The driver connects
 * when the device starts, and never after.
 */
static void follow_peer(struct pw_port *port, struct ethdev *dev)
{
	if (pw_port_state(port) == PW_PORT_UP) {
		dev->was_up = true;
		return;
	}
	if (may_be_connecting(dev) || !sock_answers(dev->wanted_path))
		return;
	if (!stop(port, dev) || rte_eth_dev_start(dev->port_id) != 0)
		return;
	dev->was_up = false;
	dev->polls_down = 0;
	__atomic_store_n(&dev->started, 1, __ATOMIC_RELEASE);
}

void ethdev_poll_state(struct pw_port *port)
{
	struct ethdev *dev = port->priv;
	struct rte_eth_link link = {0};

	if (is_started(dev) && rte_eth_link_get_nowait(dev->port_id, &link) == 0)
		port_set_state(port, link.link_status ? PW_PORT_UP : PW_PORT_DOWN);
	if (dev->wanted_path != NULL)
		follow_peer(port, dev);
	port_log_state(port, "no link");
}

void ethdev_dev_stats(struct pw_port *port, struct pw_port_dev_stats *stats)
{
	const struct ethdev *dev = port->priv;
	struct rte_eth_stats hw = {0};

	rte_eth_stats_get(dev->port_id, &hw);
	*stats = (struct pw_port_dev_stats){
		.rx_alloc_failed = hw.rx_nombuf,
		.rx_errors = hw.ierrors,
		.rx_missed = hw.imissed,
		.tx_errors = hw.oerrors,
	};
	for (uint16_t i = 0; i < PW_PORT_MAX_QUEUES; i++) {
		stats->rx_bad_vnet_hdr += count_read(&dev->stats[i].rx_bad);
		stats->tx_errors += count_read(&dev->stats[i].tx_errors);
	}
}

/* The first Ethernet port of a device string, or RTE_MAX_ETHPORTS. */
static uint16_t find_device(const char *device)
{
	struct rte_dev_iterator it;
	uint16_t port_id, found = RTE_MAX_ETHPORTS;
	char name[DEV_NAME_MAX];

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(device, ","), device);
	if (rte_eth_dev_get_port_by_name(name, &port_id) == 0)
		return port_id;
	RTE_ETH_FOREACH_MATCHING_DEV(port_id, device, &it)
	{
		found = port_id;
		rte_eth_iterator_cleanup(&it);
		break;
	}
	return found;
}

static int probe_device(struct ethdev *dev, const char *device, struct pw_err *err)
{
	int rc;

	if (device == NULL || device[0] == '\0' || device[0] == ',')
		return pw_err_set(
			err, -EINVAL, "no device: give a PCI address or a DPDK device string");
	dev->port_id = find_device(device);
	if (dev->port_id != RTE_MAX_ETHPORTS)
		return 0;
	if (rte_eth_dev_count_total() >= RTE_MAX_ETHPORTS)
		return pw_err_set(err, -ENOSPC,
			"device %s would be Ethernet device %u, but DPDK is built for %u "
			"(RTE_MAX_ETHPORTS): use tap or vhost-user ports for pods",
			device, RTE_MAX_ETHPORTS + 1, RTE_MAX_ETHPORTS);
	rc = rte_dev_probe(device);
	if (rc < 0)
		return pw_err_set(err, rc, "device %s: %s%s", device, strerror(-rc),
			strchr(device, ':') ? ": is it bound to vfio-pci?"
					    : ": wrong driver name or arguments?");
	dev->port_id = find_device(device);
	if (dev->port_id == RTE_MAX_ETHPORTS)
		return pw_err_set(err, -ENODEV, "device %s made no Ethernet port", device);
	dev->probed = true;
	return 0;
}

static void remove_device(const struct ethdev *dev)
{
	struct rte_eth_dev_info info;
	struct rte_device *device = NULL;

	if (rte_eth_dev_info_get(dev->port_id, &info) == 0)
		device = info.device;
	rte_eth_dev_stop(dev->port_id);
	rte_eth_dev_close(dev->port_id);
	if (dev->probed && device != NULL)
		rte_dev_remove(device);
}

/* So that no two ports, of ours or of another library, share a device. */
static int claim_device(
	struct ethdev *dev, const struct pw_port *port, const char *device, struct pw_err *err)
{
	struct rte_eth_dev_owner owner = {0};

	rte_eth_dev_owner_new(&owner.id);
	snprintf(owner.name, sizeof(owner.name), "%s", port->name);
	if (rte_eth_dev_owner_set(dev->port_id, &owner) < 0)
		return pw_err_set(err, -EBUSY, "device %s belongs to another port", device);
	dev->owner = owner.id;
	return 0;
}

static uint32_t caps_of(uint64_t tx_offloads)
{
	uint32_t caps = 0;

	if ((tx_offloads & TX_CSUM) == TX_CSUM)
		caps |= PW_PORT_CAP_TX_PARTIAL;
	if (tx_offloads & RTE_ETH_TX_OFFLOAD_MULTI_SEGS)
		caps |= PW_PORT_CAP_TX_MULTI_SEG;
	if (caps != (PW_PORT_CAP_TX_PARTIAL | PW_PORT_CAP_TX_MULTI_SEG))
		return caps;
	if (tx_offloads & RTE_ETH_TX_OFFLOAD_TCP_TSO)
		caps |= PW_PORT_CAP_TX_TSO4 | PW_PORT_CAP_TX_TSO6;
	if (tx_offloads & RTE_ETH_TX_OFFLOAD_UDP_TSO)
		caps |= PW_PORT_CAP_TX_USO;
	return caps;
}

static bool needs_scatter(const struct pw_port *port)
{
	uint32_t room = rte_pktmbuf_data_room_size(port->env->pool) - RTE_PKTMBUF_HEADROOM;

	return room < (uint32_t)port->mtu + FRAME_OVERHEAD;
}

static int configure(
	struct pw_port *port, struct ethdev *dev, struct rte_eth_dev_info *info, struct pw_err *err)
{
	struct rte_eth_conf conf = {
		.rxmode.mtu = port->mtu,
		.rxmode.offloads = RX_OFFLOADS & info->rx_offload_capa,
		.txmode.offloads = TX_OFFLOADS & info->tx_offload_capa,
	};
	int rc;

	if (port->mtu > info->max_mtu)
		return pw_err_set(err, -EINVAL, "mtu %u: the device takes %u at most", port->mtu,
			info->max_mtu);
	if (needs_scatter(port)) {
		if ((info->rx_offload_capa & RTE_ETH_RX_OFFLOAD_SCATTER) == 0)
			return pw_err_set(err, -EINVAL,
				"mtu %u needs larger mbufs for this device (memory.mbuf_bytes)",
				port->mtu);
		conf.rxmode.offloads |= RTE_ETH_RX_OFFLOAD_SCATTER;
	}
	port->n_rxq = PW_MIN(port->n_rxq, info->max_rx_queues);
	port->n_txq = PW_MIN(port->n_txq, info->max_tx_queues);
	if (port->n_rxq > 1 && (RSS_HASH & info->flow_type_rss_offloads) != 0) {
		conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		conf.rx_adv_conf.rss_conf.rss_hf = RSS_HASH & info->flow_type_rss_offloads;
	}
	rc = rte_eth_dev_configure(dev->port_id, port->n_rxq, port->n_txq, &conf);
	if (rc < 0)
		return pw_err_set(err, rc, "configure: %s", strerror(-rc));
	info->default_rxconf.offloads = conf.rxmode.offloads;
	info->default_txconf.offloads = conf.txmode.offloads;
	port->caps = caps_of(conf.txmode.offloads);
	dev->ip_csum = (conf.txmode.offloads & RTE_ETH_TX_OFFLOAD_IPV4_CKSUM) != 0;
	return 0;
}

static int set_up_queues(struct pw_port *port, const struct ethdev *dev, uint32_t ring_size,
	const struct rte_eth_dev_info *info, struct pw_err *err)
{
	uint16_t n_rxd = (uint16_t)(ring_size != 0 ? ring_size : RING_SIZE), n_txd = n_rxd;
	int rc = rte_eth_dev_adjust_nb_rx_tx_desc(dev->port_id, &n_rxd, &n_txd);

	for (uint16_t q = 0; rc == 0 && q < port->n_rxq; q++)
		rc = rte_eth_rx_queue_setup(dev->port_id, q, n_rxd, port->socket_id,
			&info->default_rxconf, port->env->pool);
	for (uint16_t q = 0; rc == 0 && q < port->n_txq; q++)
		rc = rte_eth_tx_queue_setup(
			dev->port_id, q, n_txd, port->socket_id, &info->default_txconf);
	return rc < 0 ? pw_err_set(err, rc, "queues: %s", strerror(-rc)) : 0;
}

/* A device's own MAC, unless the configuration names one. */
static int set_mac(struct pw_port *port, const struct ethdev *dev, const struct pw_mac *wanted,
	struct pw_err *err)
{
	struct rte_ether_addr addr;
	int rc;

	if (pw_mac_is_zero(wanted)) {
		if (rte_eth_macaddr_get(dev->port_id, &addr) == 0 && !rte_is_zero_ether_addr(&addr))
			memcpy(port->mac.b, addr.addr_bytes, sizeof(port->mac.b));
		return 0;
	}
	memcpy(addr.addr_bytes, wanted->b, sizeof(wanted->b));
	rc = rte_eth_dev_default_mac_addr_set(dev->port_id, &addr);
	/* A device without filters takes every frame, whatever its address. */
	return rc < 0 && rc != -ENOTSUP ? pw_err_set(err, rc, "MAC: %s", strerror(-rc)) : 0;
}

static int start(
	struct pw_port *port, struct ethdev *dev, const struct pw_mac *mac, struct pw_err *err)
{
	int rc = set_mac(port, dev, mac, err);

	if (rc < 0)
		return rc;
	rc = rte_eth_dev_start(dev->port_id);
	if (rc < 0 && dev->wanted_path != NULL && !sock_answers(dev->wanted_path))
		return 0; /* poll_state tries again */
	if (rc < 0)
		return pw_err_set(err, rc, "start: %s", strerror(-rc));
	dev->started = 1;
	rc = rte_eth_promiscuous_enable(dev->port_id);
	if (rc < 0 && rc != -ENOTSUP)
		return pw_err_set(err, rc, "promiscuous: %s", strerror(-rc));
	return 0;
}

static void free_ethdev(struct ethdev *dev)
{
	free(dev->wanted_path);
	free(dev);
}

void ethdev_close(struct pw_port *port)
{
	struct ethdev *dev = port->priv;

	rte_eth_dev_owner_unset(dev->port_id, dev->owner);
	remove_device(dev);
	free_ethdev(dev);
}

/* DPDK's drivers on kernel sockets and TAPs. */
static bool is_kernel_device(const char *device)
{
	static const char *const drivers[] = {"net_af_packet", "net_af_xdp", "net_tap"};

	for (size_t i = 0; i < PW_ARRAY_SIZE(drivers); i++) {
		if (strncmp(device, drivers[i], strlen(drivers[i])) == 0)
			return true;
	}
	return false;
}

int ethdev_open(struct pw_port *port, const struct pw_port_conf *conf, struct pw_err *err)
{
	struct ethdev *dev = aligned_alloc(PW_CACHE_LINE, sizeof(*dev));
	struct rte_eth_dev_info info;
	int rc;

	if (dev == NULL)
		return pw_err_set(err, -ENOMEM, "out of memory");
	memset(dev, 0, sizeof(*dev));
	if (conf->socket.client && conf->type == PW_PORT_MEMIF) {
		dev->wanted_path = strdup(conf->socket.path);
		if (dev->wanted_path == NULL) {
			rc = pw_err_set(err, -ENOMEM, "out of memory");
			goto err_free;
		}
	}
	rc = probe_device(dev, conf->device, err);
	if (rc < 0)
		goto err_free;
	rc = claim_device(dev, port, conf->device, err);
	if (rc < 0)
		goto err_free;
	rc = rte_eth_dev_info_get(dev->port_id, &info);
	if (rc < 0) {
		pw_err_set(err, rc, "device information: %s", strerror(-rc));
		goto err_remove;
	}
	if (rte_eth_dev_socket_id(dev->port_id) >= 0)
		port->socket_id = rte_eth_dev_socket_id(dev->port_id);
	if ((rc = configure(port, dev, &info, err)) < 0 ||
		(rc = set_up_queues(port, dev, conf->ring_size, &info, err)) < 0 ||
		(rc = start(port, dev, &conf->mac, err)) < 0)
		goto err_prefix;
	port->priv = dev;
	port->kernel = is_kernel_device(conf->device);
	return 0;

err_prefix:
	pw_err_prefix(err, "device %s", conf->device);
err_remove:
	rte_eth_dev_owner_unset(dev->port_id, dev->owner);
	remove_device(dev);
err_free:
	free_ethdev(dev);
	return rc;
}

const struct pw_port_ops pw_port_ethdev_ops = ETHDEV_OPS("ethdev", ethdev_open);
