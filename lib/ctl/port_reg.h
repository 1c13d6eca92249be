/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * port_reg.h - every port of the daemon, by index and by name: of the configuration, added at run
 * time, of pods, and the host's.
 *
 * A port comes in one transaction (validate, open, static FDB entry and routes, view of the
 * workers) or not at all. When it goes, its name is free at once, its index and device only when no
 * worker can touch it any more. Threads:  the control thread.
 */
#ifndef CTL_PORT_REG_H
#define CTL_PORT_REG_H

#include "ctl.h"

enum ctl_port_kind {
	CTL_PORT_STATIC, /* ports: of the configuration, ports.add */
	CTL_PORT_UPLINK,
	CTL_PORT_POD,
	CTL_PORT_HOST,
};

/* Gateway of pods on routed ports: no interface has it, ARP and ND for it are answered on each of
 * them. */
static inline const char *ctl_routed_gateway(uint8_t family)
{
	return family == PW_IPV6 ? "fe80::1" : "169.254.1.1";
}

struct ctl_pod;

struct ctl_port {
	uint16_t index;
	enum ctl_port_kind kind;
	char name[PW_PORT_NAME_MAX];
	struct pw_port *port;
	uint16_t bridge;       /* PW_BRIDGE_NONE: routed */
	uint64_t router_mac48; /* our MAC as its peers see it; 0: bridge without gateway */
	uint64_t peer_mac48;   /* of who is behind it; 0: not known */
	char *device;          /* what it is made of, for people; NULL: nothing to say */
	struct pw_conf_prefixes addresses;  /* ours, on a routed port */
	struct pw_conf_prefixes peers;      /* of who is behind it */
	const struct ctl_pod *pod;          /* NULL: not a pod's */
	struct ctl_port_baseline *baseline; /* stats.h */
	json_t *added; /* parameters of ports.add, saved; NULL: not one of those */
};

struct ctl_port_spec {
	const char *name;
	enum ctl_port_kind kind;
	enum pw_port_type type;
	uint32_t mtu, queues;
	uint16_t bridge;        /* PW_BRIDGE_NONE: routed */
	struct pw_mac mac;      /* ours on a routed port; zero: the device's or derived */
	struct pw_mac peer_mac; /* zero: not known */
	const char *device, *interface;
	struct pw_port_socket socket;
	struct pw_port_memif memif;
	uint32_t ring_size;
	bool busy_poll, never_sleep;
	int fd; /* tap: the interface; -1: made here. Taken on success */
	const struct pw_conf_prefixes *addresses, *peers; /* NULL: none */
	bool antispoof; /* only peer_mac and peers may send from there */
	const struct ctl_pod *pod;
};

extern const struct ctl_module ctl_module_port;

int ctl_port_add(struct pw_ctl *ctl, const struct ctl_port_spec *spec, struct ctl_port **port,
	struct pw_err *err);
/* done (may be NULL) is called when the device is closed; not before this returns. */
void ctl_port_del(struct pw_ctl *ctl, struct ctl_port *port, void (*done)(void *arg), void *arg);

/* Ports of ports.add that were saved; called once, after the configuration's. */
void ctl_port_load_saved(struct pw_ctl *ctl);

struct ctl_port *ctl_port_at(const struct pw_ctl *ctl, uint16_t index); /* NULL: none */
struct ctl_port *ctl_port_find(const struct pw_ctl *ctl, const char *name);
/* Ports that are closing are left out. fn returns false to stop. */
void ctl_port_foreach(
	const struct pw_ctl *ctl, bool (*fn)(void *arg, struct ctl_port *port), void *arg);
uint32_t ctl_port_count(const struct pw_ctl *ctl, uint32_t *up);

static inline uint32_t ctl_port_iface(const struct ctl_port *port)
{
	return ctl_iface_of(port->bridge, port->index);
}

#endif
