/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_port.h - one interface to everything that packets come from and go to.
 *
 * A driver is a const table of functions; workers never ask what kind a port is. A port has rx
 * queues, each polled by exactly one worker at a time, and tx queues, each written by exactly one
 * worker at a time; the data plane sees to that.
 *
 * Offload state in mbufs is as pw_pkt.h says. pw_port_tx_burst() makes it fit the port: what the
 * port cannot do (partial checksum, GSO) is done in software first.
 *
 * Threads:  open, close, poll_state, dev_stats: control thread. rx_burst, tx_burst: workers. close
 *           is called only when no worker can use the port any more (a grace period after it left
 *           the view).
 * Lifetime: pw_port_open allocates, pw_port_close frees.
 */
#ifndef PW_PORT_H
#define PW_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "pw_addr.h"
#include "pw_err.h"
#include "pw_qsbr.h"

#define PW_PORT_NAME_MAX   32
#define PW_PORT_MAX_QUEUES 16
#define PW_PORT_BURST      32
#define PW_MTU_MAX         9216
#define PW_BIG_DATA_ROOM   UINT16_MAX

enum pw_port_type {
	PW_PORT_TAP,
	PW_PORT_AF_PACKET,
	PW_PORT_AF_XDP,
	PW_PORT_VHOST_USER,
	PW_PORT_ETHDEV,
	PW_PORT_MEMIF,       /* an ethdev: counts against the limit of those */
	PW_PORT_VIRTIO_USER, /* likewise */
	PW_PORT_TYPE_COUNT
};
const char *pw_port_type_name(enum pw_port_type type); /* as in the configuration: "tap" */

/* What tx takes as it is; the rest is done in software. */
enum pw_port_caps {
	PW_PORT_CAP_TX_PARTIAL = 1u << 0, /* partial L4 checksums */
	PW_PORT_CAP_TX_TSO4 = 1u << 1,
	PW_PORT_CAP_TX_TSO6 = 1u << 2,
	PW_PORT_CAP_TX_MULTI_SEG = 1u << 3,
	PW_PORT_CAP_TX_USO = 1u << 4, /* UDP segmentation, both families */
};

/* What every driver may use. Shared by all ports; read-only after start. */
struct pw_port_env {
	struct rte_mempool *pool;
	/* Buffers of PW_BIG_DATA_ROOM for the payload of GSO frames from TAPs, about 20 % less CPU
	 * time than chains from pool, which are the fallback when it is empty or NULL. Good for
	 * all: one a TAP port and 64 a worker. */
	struct rte_mempool *big_pool;
	struct pw_qsbr *qsbr; /* to wait for workers before a peer's memory goes (vhost) */
	int socket_id;
};

/* vhost-user, memif, virtio-user */
#define PW_PORT_ID_KEEP UINT32_MAX
struct pw_port_socket {
	const char *path;
	bool client;       /* the peer makes the socket, we connect to it; else we make it */
	uint32_t uid, gid; /* of the socket we make; PW_PORT_ID_KEEP: ours */
	uint32_t mode;     /* its permissions; 0: 0660 */
};

struct pw_port_memif {
	uint32_t id;
	uint32_t buffer_size; /* bytes; 0: 2048 */
	const char *secret;   /* NULL: none */
};

struct pw_port_conf {
	char name[PW_PORT_NAME_MAX];
	enum pw_port_type type;
	uint16_t index;
	uint16_t mtu;
	uint16_t n_queues;      /* asked for; the port may have fewer */
	struct pw_mac mac;      /* ours; zero: the device's own or one derived from the name */
	struct pw_mac peer_mac; /* tap that we make: for the kernel's interface; zero: it chooses */
	const char *device;     /* ethdev: DPDK device string */
	/* af_packet, af_xdp: in the current netns; tap: to be made there when fd is -1; virtio-user:
	 * of vhost-net */
	const char *interface;
	uint32_t ring_size; /* ethdev, memif, virtio-user: descriptors; 0: default */
	bool never_sleep;   /* workers that read it poll, whatever their idle mode */
	bool busy_poll;     /* af_xdp: the kernel's side of a queue runs in our polls */
	struct pw_port_socket socket;
	struct pw_port_memif memif;
	int fd; /* tap: of an interface that exists, else -1; owned by the port on success */
};

enum pw_port_state {
	PW_PORT_DOWN,
	PW_PORT_UP
};

/* What only the driver knows; since open. */
struct pw_port_dev_stats {
	uint64_t rx_alloc_failed; /* no mbuf: poll given up */
	uint64_t rx_errors;       /* read errors, truncated frames */
	uint64_t rx_bad_vnet_hdr; /* frames dropped for it: the caller's VNET_HDR drops */
	uint64_t tx_errors;
	uint64_t rx_missed; /* lost before we could read, if the device tells */
};

/* Instead of a descriptor to wait for. */
#define PW_PORT_NO_FD  (-1) /* somebody must look */
#define PW_PORT_SILENT (-2) /* nothing will come any more: the device is gone */

struct pw_port;

/* Every mbuf given to tx is consumed; this says what became of them. */
struct pw_tx_result {
	uint16_t sent;    /* frames given in that left (a segmented one counts once) */
	uint16_t full;    /* queue full */
	uint16_t down;    /* port or peer down */
	uint16_t error;   /* device refused */
	uint16_t offload; /* PW_DROP_MALFORMED_OFFLOAD */
	uint16_t no_mbuf; /* software segmentation had no memory */
};

struct pw_port_ops {
	const char *name;
	bool kernel;     /* rx and tx are system calls */
	bool wait_exact; /* rx has something if and only if wait_fd is readable */
	int (*open)(struct pw_port *port, const struct pw_port_conf *conf, struct pw_err *err);
	void (*close)(struct pw_port *port);
	/* Up to n frames; *bad: frames dropped for a bad vnet header (counted by the caller). */
	uint16_t (*rx)(struct pw_port *port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n,
		uint16_t *bad);
	/* Consumes all n; fills full, down, error and sent. */
	void (*tx)(struct pw_port *port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n,
		struct pw_tx_result *result);
	/* Readable when rx has something; or PW_PORT_NO_FD, or PW_PORT_SILENT. */
	int (*wait_fd)(struct pw_port *port, uint16_t queue);
	/* A descriptor that tells of packets only when asked to (NULL: it always does). The queue's
	 * worker asks before it waits, and calls rx once more for what came before that; false: it
	 * cannot be told. It says so when it no longer waits. */
	bool (*arm)(struct pw_port *port, uint16_t queue);
	void (*disarm)(struct pw_port *port, uint16_t queue);
	/* Control thread, about once a second and after open: refreshes state (link, peer). */
	void (*poll_state)(struct pw_port *port);
	void (*dev_stats)(struct pw_port *port, struct pw_port_dev_stats *stats);
};

struct pw_port {
	const struct pw_port_ops *ops;
	const struct pw_port_env *env;
	char name[PW_PORT_NAME_MAX];
	enum pw_port_type type;
	uint16_t index;
	uint16_t mtu;
	uint16_t n_rxq, n_txq; /* really there */
	uint32_t caps;  /* enum pw_port_caps. W: driver (atomic, may change when a peer connects) */
	uint32_t state; /* enum pw_port_state. W: driver (atomic)  R: all */
	uint32_t logged_state; /* W, R: control thread, so that a change is logged once */
	bool never_sleep;      /* workers that read it poll */
	bool kernel;           /* rx and tx cost system calls: may be given workers of their own */
	struct pw_mac mac; /* of the device: our side of a routed port, the pod's side of none */
	struct pw_mac peer_mac; /* tap: of the kernel's interface at open; else zero: unknown */
	int socket_id;
	void *priv;
};

/* NULL with err set; the message names the fix. */
struct pw_port *pw_port_open(
	const struct pw_port_env *env, const struct pw_port_conf *conf, struct pw_err *err);
void pw_port_close(struct pw_port *port); /* NULL is fine */

static inline uint16_t pw_port_rx_burst(
	struct pw_port *port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n, uint16_t *bad)
{
	return port->ops->rx(port, queue, pkts, n, bad);
}

/* Consumes all n frames. n <= PW_PORT_BURST. */
void pw_port_tx_burst(struct pw_port *port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n,
	struct pw_tx_result *result);

/* The same for frames of one segment without partial checksum or GSO, which every port can send. */
static inline void pw_port_tx_plain(struct pw_port *port, uint16_t queue, struct rte_mbuf **pkts,
	uint16_t n, struct pw_tx_result *result)
{
	*result = (struct pw_tx_result){0};
	port->ops->tx(port, queue, pkts, n, result);
}

static inline enum pw_port_state pw_port_state(const struct pw_port *port)
{
	return (enum pw_port_state)__atomic_load_n(&port->state, __ATOMIC_ACQUIRE);
}

/* The daemon's packet memory: n mbufs of data_room bytes. NULL with err set. */
struct rte_mempool *pw_mempool_create(
	uint32_t n, uint16_t data_room, int socket_id, struct pw_err *err);

#endif
