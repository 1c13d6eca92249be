/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_conf.h - the daemon's configuration: one strict YAML file as one typed struct.
 *
 * An unknown key, a wrong type, a bad address, a value out of range, or values that contradict one
 * another give an error with file, line, column, key path and what is allowed:
 *
 *     /etc/podway/podway.yaml:14:11: bridges[0].gateway: "10.244.1.300/24" is not an IPv4 or IPv6
 *     address with a prefix length; example: 10.244.1.1/24
 *
 * All errors of a file are reported at once, in the order of the file: up to 20, then a line that
 * says how many more there are. What only follows from another error is not reported.
 * Threads:  none; the struct is read-only after load.
 * Lifetime: pw_conf_load allocates, pw_conf_free frees everything.
 */
#ifndef PW_CONF_H
#define PW_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pw_addr.h"
#include "pw_ct_timeout.h"

#define PW_CONF_MAX_WORKERS 64
#define PW_CONF_MAX_ADDRS   16
#define PW_CONF_NAME_MAX    31 /* names of bridges, ports, uplinks; NUL excluded */
#define PW_CONF_ID_UNSET    UINT32_MAX

enum pw_conf_tristate {
	PW_CONF_AUTO,
	PW_CONF_YES,
	PW_CONF_NO
};
enum pw_conf_idle {
	PW_CONF_IDLE_POLL,
	PW_CONF_IDLE_ADAPTIVE
};
enum pw_conf_port_type {
	PW_CONF_PORT_TAP,
	PW_CONF_PORT_AF_PACKET,
	PW_CONF_PORT_AF_XDP,
	PW_CONF_PORT_VHOST_USER,
	PW_CONF_PORT_ETHDEV,
	PW_CONF_PORT_MEMIF,
	PW_CONF_PORT_VIRTIO_USER,
};
enum pw_conf_socket_mode {    /* who makes the socket */
	PW_CONF_SOCKET_UNSET, /* what the type prefers: virtio-user is a client, others are servers */
	PW_CONF_SOCKET_SERVER, /* we */
	PW_CONF_SOCKET_CLIENT, /* the peer */
};
enum pw_conf_rx_mode {
	PW_CONF_RX_ADAPTIVE, /* as cpu.idle says */
	PW_CONF_RX_POLLING,  /* its workers never sleep */
};
enum pw_conf_pod_mode {
	PW_CONF_POD_BRIDGED,
	PW_CONF_POD_ROUTED
};
enum pw_conf_route_kind { /* what a route does */
	PW_CONF_ROUTE_VIA,
	PW_CONF_ROUTE_HOST, /* to the node itself (host port) */
	PW_CONF_ROUTE_BLACKHOLE,
	PW_CONF_ROUTE_UNREACHABLE,
	PW_CONF_ROUTE_PROHIBIT,
};
enum pw_conf_algorithm { /* how a new connection gets its endpoint */
	PW_CONF_RANDOM,
	PW_CONF_MAGLEV
};
enum pw_conf_proto {
	PW_CONF_TCP = 6,
	PW_CONF_UDP = 17,
	PW_CONF_SCTP = 132
};

struct pw_conf_mark { /* where a thing stands in its file; 1-based */
	uint32_t line, column;
};

struct pw_conf_prefixes {
	struct pw_prefix v[PW_CONF_MAX_ADDRS];
	uint32_t n;
};

struct pw_conf_bridge {
	char name[PW_CONF_NAME_MAX + 1];
	struct pw_conf_prefixes gateways; /* addresses with prefix length; may be empty: pure L2 */
	struct pw_mac mac;                /* of the gateway; zero: derived from the name */
	uint32_t ageing_sec;              /* of learned FDB entries; 300 */
	uint32_t max_fdb_per_port;        /* learned entries; 64 */
	bool hairpin;                     /* frames may leave by the port they came in; false */
	bool router_advert;               /* IPv6 hosts are told of the gateway; false */
	struct pw_conf_mark mark;
};

struct pw_conf_port {
	char name[PW_CONF_NAME_MAX + 1];
	enum pw_conf_port_type type;
	bool uplink;     /* came from uplinks: */
	char *device;    /* ethdev: DPDK device string (vdev or PCI address) */
	char *interface; /* af_packet, af_xdp: of the kernel, in the daemon's netns
			    tap: its name there; the port's name.
			    virtio-user: TAP of the kernel's vhost-net; instead of a socket */
	char *socket;    /* vhost-user, memif, virtio-user: path */
	enum pw_conf_socket_mode mode;
	uint32_t socket_uid, socket_gid; /* of a socket that we make; PW_CONF_ID_UNSET: ours */
	uint32_t socket_mode;            /* its permissions; 0: 0660 */
	uint32_t id;                     /* memif: number of the connection; 0 */
	char *secret;                    /* memif; NULL: none */
	uint32_t buffer_size;            /* memif: bytes; 0: 2048 */
	uint32_t ring_size;              /* descriptors a queue; 0: the type's default */
	enum pw_conf_rx_mode rx_mode;
	bool busy_poll; /* af_xdp: the kernel's side of a queue runs in our polls */
	char bridge[PW_CONF_NAME_MAX + 1]; /* "" : routed port */
	struct pw_conf_prefixes addresses; /* routed port: our own addresses */
	struct pw_conf_prefixes peers;     /* addresses of who is behind it: static neighbours */
	struct pw_mac mac;      /* ours on a routed port; zero: the device's or derived */
	struct pw_mac peer_mac; /* of who is behind it: a static FDB entry; zero: learn */
	uint32_t mtu;           /* 68..9216; 1500 */
	uint32_t queues;        /* 1..16; 1 */
	struct pw_conf_mark mark;
};

struct pw_conf_route {
	struct pw_prefix prefix; /* no host bits */
	enum pw_conf_route_kind kind;
	struct pw_ip via; /* ROUTE_VIA: next hop, on link of some bridge or routed port */
	char port[PW_CONF_NAME_MAX + 1]; /* that a link-local next hop is on; "": none */
	struct pw_conf_mark mark;
};

struct pw_conf_service_port {
	char name[64]; /* "" allowed if it is the only one */
	enum pw_conf_proto protocol;
	uint16_t port;        /* 1..65535, host order */
	uint16_t target_port; /* 1..65535, host order; default: port */
};

struct pw_conf_service {
	char name[256]; /* "namespace/name"; no slash: namespace "default" is put before */
	struct pw_conf_prefixes cluster_ips; /* one of each family at most, full length */
	struct pw_conf_service_port *ports;  /* at least one */
	uint32_t n_ports;
	struct pw_ip *endpoints;
	uint32_t n_endpoints;
	uint32_t affinity_sec;            /* 0: none */
	enum pw_conf_algorithm algorithm; /* random */
	struct pw_conf_mark mark;
};

struct pw_conf {
	char *path; /* of the file */

	struct {
		char name[64]; /* default: the host name */
		/* The node's own addresses, on the host port. */
		struct pw_conf_prefixes addresses;
	} node;

	struct {
		uint32_t control; /* core of the control thread */
		/* Cores of the workers; each is there once, unless share is set. */
		uint32_t workers[PW_CONF_MAX_WORKERS];
		uint32_t n_workers;
		/* Cores of those among them that read kernel ports (TAPs) and nothing else. */
		uint32_t kernel_ports[PW_CONF_MAX_WORKERS];
		uint32_t n_kernel_ports;
		bool share;             /* allow cores used twice or by control; false */
		enum pw_conf_idle idle; /* adaptive */
	} cpu;

	struct {
		enum pw_conf_tristate hugepages; /* auto: used when enough are free */
		uint32_t size_mb;                /* EAL memory; 256 (64..1048576) */
		uint32_t mbufs;                  /* 0: by size_mb and ports */
		uint32_t mbuf_bytes;             /* data room; 2176 (2048 + headroom 128) */
	} memory;

	char *state_dir;      /* /var/lib/podway */
	char *flow_file;      /* of the flow table; default: "flows" beside the control socket */
	char *control_socket; /* /run/podway/control.sock */
	uint32_t max_clients; /* of the control socket; 64 */

	struct pw_conf_prefixes pod_cidrs;     /* one of each family at most */
	struct pw_conf_prefixes service_cidrs; /* one of each family at most */

	/* How pods that podway-cni brings are connected. */
	struct {
		enum pw_conf_pod_mode mode;        /* bridged; routed if there is no bridge */
		char bridge[PW_CONF_NAME_MAX + 1]; /* bridged: default the first bridge */
		uint32_t mtu;                      /* 1500 */
		uint32_t max;                      /* 250 */
	} pods;

	struct {
		bool enabled;       /* true */
		char interface[16]; /* podway0 */
		uint32_t mtu;       /* 1500 */
	} host;

	struct { /* sizes of tables; powers of two are not needed, they are rounded up */
		uint32_t ports;      /* 512 */
		uint32_t fdb;        /* 16384 */
		uint32_t routes;     /* 65536 */
		uint32_t neighbours; /* 1024 (kernel gc_thresh3) */
		uint32_t flows;      /* 262144 (kernel nf_conntrack_max) */
		uint32_t flows_ipv6; /* the same for IPv6; 65536, or 0: no Services over IPv6 */
		uint32_t flows_per_client; /* 0: any number; of each family */
		uint32_t services;         /* 16384; one is a (cluster IP, protocol, port) */
		uint32_t endpoints;        /* 131072 */
	} limits;

	struct {
		uint32_t timeout_sec[PW_CT_TIMEOUT_COUNT]; /* pw_ct_timeout.h */
	} conntrack;

	struct { /* source ports of masqueraded flows; 61000..65535 */
		uint32_t first_port, last_port;
	} snat;

	struct pw_conf_bridge *bridges;
	uint32_t n_bridges;
	struct pw_conf_port *ports; /* uplinks first, then ports */
	uint32_t n_ports;
	struct pw_conf_route *routes;
	uint32_t n_routes;
	struct pw_conf_service *services;
	uint32_t n_services;
};

/* Errors of one load, each a full "file:line:column: key.path: what" text. */
struct pw_conf_errors {
	char **v;
	uint32_t n;
};

/* NULL with errors filled; the caller frees both with the functions below. */
struct pw_conf *pw_conf_load(const char *path, struct pw_conf_errors *errors);
/* The same from memory; `name` stands for the file in messages. */
struct pw_conf *pw_conf_parse(
	const char *name, const char *text, size_t len, struct pw_conf_errors *errors);
void pw_conf_free(struct pw_conf *conf);
void pw_conf_errors_free(struct pw_conf_errors *errors);
/* Has a port the keys that its type needs, and none of another's? Tells of each that is wrong; for
 * ports that come from elsewhere than a file. */
bool pw_conf_port_keys(const struct pw_conf_port *port,
	void (*problem)(void *arg, const char *key, const char *text), void *arg);
/* Canonical YAML with every default written out; malloc'ed. Loading it gives the same struct. */
char *pw_conf_dump(const struct pw_conf *conf);
/* Markdown table of every key: type and range, default, meaning; malloc'ed. The reference of
 * docs/configuration.md, made from the tables that read the file. */
char *pw_conf_reference(void);

#endif
