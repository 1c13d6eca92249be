/* SPDX-License-Identifier: BSD-3-Clause */
/* Ethernet devices: those that EAL found by --vdev and -a. */
#include "gen.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <rte_bus.h>
#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_malloc.h>

#include "pw_clock.h"
#include "pw_str.h"
#include "pw_util.h"

#define RING_SIZE     1024
#define SMALL_ROOM    2048
#define DEFAULT_MBUFS 8192
#define DEFAULT_JUMBO 4096
#define MEMPOOL_CACHE 256

static struct rte_mempool *make_pool(
	uint16_t id, uint16_t max_size, uint32_t mbufs, int socket, struct pw_err *err)
{
	uint16_t room = max_size > SMALL_ROOM ? PW_GEN_SIZE_MAX + 64 : SMALL_ROOM;
	struct rte_mempool *pool;
	char name[32];

	if (mbufs == 0)
		mbufs = max_size > SMALL_ROOM ? DEFAULT_JUMBO : DEFAULT_MBUFS;
	snprintf(name, sizeof(name), "gen%u", id);
	pool = rte_pktmbuf_pool_create(
		name, mbufs, MEMPOOL_CACHE, 0, RTE_PKTMBUF_HEADROOM + room, socket);
	if (pool == NULL)
		pw_err_set(err, -ENOMEM,
			"port %u: no memory for %u packet buffers: %s; give EAL more (-m MB) or "
			"ask "
			"for fewer (--mbufs)",
			id, mbufs, rte_strerror(rte_errno));
	return pool;
}

static void set_names(struct gport *port, const struct rte_eth_dev_info *info)
{
	struct rte_ether_addr addr;

	if (rte_eth_dev_get_name_by_port(port->id, port->name) != 0)
		snprintf(port->name, sizeof(port->name), "port%u", port->id);
	port->driver = info->driver_name;
	if (rte_eth_macaddr_get(port->id, &addr) == 0)
		memcpy(port->mac.b, addr.addr_bytes, sizeof(port->mac.b));
	port->peer_mac = (struct pw_mac){{0x02, 0, 0, 0, 0, (uint8_t)port->id}};
}

static int start_port(struct gport *port, uint16_t max_size, uint32_t mbufs, struct pw_err *err)
{
	struct rte_eth_conf conf = {0};
	struct rte_eth_dev_info info;
	uint16_t rxd = RING_SIZE, txd = RING_SIZE;
	int socket = rte_eth_dev_socket_id(port->id), rc;

	rc = rte_eth_dev_info_get(port->id, &info);
	if (rc != 0)
		return pw_err_set(err, rc, "port %u: %s", port->id, rte_strerror(-rc));
	set_names(port, &info);
	if (info.tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS)
		conf.txmode.offloads |= RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
	if (info.max_mtu > RTE_ETHER_MTU && max_size > RTE_ETHER_MAX_LEN)
		conf.rxmode.mtu = (uint16_t)PW_MIN((uint32_t)info.max_mtu,
			(uint32_t)max_size - RTE_ETHER_HDR_LEN - PW_GEN_FCS);
	rc = rte_eth_dev_configure(port->id, 1, 1, &conf);
	if (rc == 0)
		rc = rte_eth_dev_adjust_nb_rx_tx_desc(port->id, &rxd, &txd);
	if (rc != 0)
		return pw_err_set(err, rc, "port %u (%s) cannot be configured: %s", port->id,
			port->name, rte_strerror(-rc));
	port->pool = make_pool(port->id, max_size, mbufs, socket, err);
	if (port->pool == NULL)
		return err->code;
	rc = rte_eth_rx_queue_setup(port->id, 0, rxd, (unsigned)socket, NULL, port->pool);
	if (rc == 0)
		rc = rte_eth_tx_queue_setup(port->id, 0, txd, (unsigned)socket, NULL);
	if (rc == 0)
		rc = rte_eth_dev_start(port->id);
	if (rc != 0)
		return pw_err_set(err, rc, "port %u (%s) cannot be started: %s", port->id,
			port->name, rte_strerror(-rc));
	rte_eth_promiscuous_enable(port->id); /* virtual ones have no such thing: fine */
	return 0;
}

static void apply_conf(struct gport *port, struct pw_gen_port *conf)
{
	port->conf = conf;
	port->host = (struct pw_gen_host){.mac = port->mac};
	if (conf == NULL)
		return;
	port->asked = conf->engine;
	if (!pw_mac_is_zero(&conf->mac))
		port->mac = conf->mac;
	if (!pw_mac_is_zero(&conf->peer_mac))
		port->peer_mac = conf->peer_mac;
	port->host = (struct pw_gen_host){port->mac, conf->ip.v, conf->ip.n};
	if (conf->speed.milli != 0) {
		port->speed_bps = (uint64_t)pw_gen_rate_l1_bps(&conf->speed, PW_GEN_SIZE_MIN);
		port->speed_set = true;
	}
}

static struct pw_gen_port *conf_of(struct gen *gen, uint16_t id)
{
	for (uint32_t i = 0; gen->profile != NULL && i < gen->profile->n_ports; i++)
		if (gen->profile->ports[i].id == id)
			return &gen->profile->ports[i];
	return NULL;
}

static void read_speed(struct gport *port)
{
	struct rte_eth_link link = {0};

	if (port->speed_set)
		return;
	rte_eth_link_get_nowait(port->id, &link);
	port->speed_bps = 0;
	if (link.link_speed != RTE_ETH_SPEED_NUM_NONE &&
		link.link_speed != RTE_ETH_SPEED_NUM_UNKNOWN)
		port->speed_bps = (uint64_t)link.link_speed * 1000000;
}

int ports_open(struct gen *gen, uint16_t max_size, uint32_t mbufs, struct pw_err *err)
{
	uint16_t id;
	int rc;

	RTE_ETH_FOREACH_DEV(id)
	{
		struct gport *port;

		if (id >= PW_GEN_PORTS_MAX)
			return pw_err_set(err, -E2BIG, "more than %u ports", PW_GEN_PORTS_MAX);
		port = &gen->ports[id];
		port->id = id;
		port->gen = gen;
		gen->n_ports = id + 1u;
		rc = start_port(port, max_size, mbufs, err);
		if (rc != 0)
			return rc;
		apply_conf(port, conf_of(gen, id));
		read_speed(port);
	}
	if (gen->n_ports == 0)
		return pw_err_set(err, -ENODEV,
			"there is no port; name one before the --, such as --vdev net_ring0, "
			"--vdev "
			"net_vhost0,iface=SOCKET or -a 0000:01:00.0");
	return 0;
}

void ports_close(struct gen *gen)
{
	for (uint32_t i = 0; i < gen->n_ports; i++) {
		engine_end(&gen->ports[i]);
		rte_eth_dev_stop(gen->ports[i].id);
		rte_eth_dev_close(gen->ports[i].id);
	}
	for (uint32_t i = 0; i < gen->n_ports; i++)
		rte_mempool_free(gen->ports[i].pool);
	gen->n_ports = 0;
}

bool port_is_up(const struct gport *port)
{
	struct rte_eth_link link = {0};

	return rte_eth_link_get_nowait(port->id, &link) == 0 && link.link_status == RTE_ETH_LINK_UP;
}

static bool all_up(struct gen *gen)
{
	for (uint32_t i = 0; i < gen->n_ports; i++)
		if (!port_is_up(&gen->ports[i]))
			return false;
	return true;
}

int ports_wait_up(struct gen *gen, uint64_t timeout_ns, struct pw_err *err)
{
	uint64_t end = pw_clock_now_ns(pw_clock_boot()) + timeout_ns;
	struct pw_str down = {0};
	bool up;

	while (!(up = all_up(gen)) && pw_clock_now_ns(pw_clock_boot()) < end && !*gen->stop)
		usleep(10000);
	for (uint32_t i = 0; i < gen->n_ports; i++) {
		struct gport *port = &gen->ports[i];

		read_speed(port);
		port->was_up = port_is_up(port);
		if (!port->was_up)
			pw_str_addf(&down, " %u (%s)", port->id, port->name);
	}
	if (!up)
		pw_err_set(err, -ETIMEDOUT, "no link on port%s: nobody is at the other end",
			down.s != NULL ? down.s : "");
	pw_str_free(&down);
	return up ? 0 : -ETIMEDOUT;
}

struct gport *ports_gone(struct gen *gen)
{
	for (uint32_t i = 0; i < gen->n_ports; i++)
		if (gen->ports[i].was_up && !port_is_up(&gen->ports[i]))
			return &gen->ports[i];
	return NULL;
}

void port_stats_reset(struct gport *port)
{
	memset(&port->n, 0, sizeof(port->n));
	rte_eth_stats_reset(port->id);
}

/* Which of its ways the driver took, as far as it tells. */
static void describe_path(const struct gport *port, char *buf, size_t size)
{
	struct rte_eth_burst_mode rx = {0}, tx = {0};
	bool told = rte_eth_rx_burst_mode_get(port->id, 0, &rx) == 0 &&
		    rte_eth_tx_burst_mode_get(port->id, 0, &tx) == 0;

	if (told)
		snprintf(buf, size, "rx %.40s, tx %.40s", rx.info, tx.info);
	else
		snprintf(buf, size, "%s", port->driver);
}

void port_result(const struct gport *port, struct pw_gen_port_result *r)
{
	struct rte_eth_stats stats = {0};

	rte_eth_stats_get(port->id, &stats);
	*r = (struct pw_gen_port_result){
		.id = port->id,
		.name = port->name,
		.driver = port->driver,
		.engine = port->engine != NULL ? port->engine->name : "none",
		.speed_bps = port->speed_bps,
		.rx_frames = port->n.rx_frames,
		.rx_bytes = port->n.rx_bytes,
		.tx_frames = port->n.tx_frames,
		.tx_bytes = port->n.tx_bytes,
		.tx_full = port->n.tx_full,
		.foreign = port->n.foreign,
		.unreadable = port->n.unreadable,
		.misdelivered = port->n.misdelivered,
		.answered = port->n.answered,
		.dev_missed = stats.imissed,
		.dev_rx_errors = stats.ierrors,
		.dev_tx_errors = stats.oerrors,
		.dev_no_mbuf = stats.rx_nombuf,
	};
	pw_mac_format(&port->mac, r->mac);
	describe_path(port, r->path, sizeof(r->path));
}
