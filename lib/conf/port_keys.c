/* SPDX-License-Identifier: BSD-3-Clause */
/* Which keys the types of ports need, may have, and must not have: one table. */
#include <string.h>

#include "pw_conf.h"
#include "pw_str.h"
#include "pw_util.h"

#define T(type)  (1u << PW_CONF_PORT_##type)
#define AT(name) offsetof(struct pw_conf_port, name)
#define NETIFS   (T(AF_PACKET) | T(AF_XDP))
#define SOCKETS  (T(VHOST_USER) | T(MEMIF) | T(VIRTIO_USER))

static const char *const type_names[] = {
	[PW_CONF_PORT_TAP] = "tap",
	[PW_CONF_PORT_AF_PACKET] = "af_packet",
	[PW_CONF_PORT_AF_XDP] = "af_xdp",
	[PW_CONF_PORT_VHOST_USER] = "vhost-user",
	[PW_CONF_PORT_ETHDEV] = "ethdev",
	[PW_CONF_PORT_MEMIF] = "memif",
	[PW_CONF_PORT_VIRTIO_USER] = "virtio-user",
};

enum holds {    /* what a field is; which value says "not given" */
	TEXT,   /* char *: NULL */
	NUMBER, /* uint32_t or enum: 0 */
	ID,     /* uint32_t: PW_CONF_ID_UNSET */
	FLAG,   /* bool: false */
};

static const struct {
	const char *key;
	size_t offset;
	enum holds holds;
	uint32_t types, required; /* bit a type */
	const char *example;
} rows[] = {
	{"device", AT(device), TEXT, T(ETHDEV), T(ETHDEV), "net_af_packet0,iface=eth1"},
	{"interface", AT(interface), TEXT, T(TAP) | NETIFS | T(VIRTIO_USER), T(TAP) | NETIFS,
		"veth1"},
	{"socket", AT(socket), TEXT, SOCKETS, T(VHOST_USER) | T(MEMIF), "/run/podway/vm0.sock"},
	{"mode", AT(mode), NUMBER, SOCKETS, 0, NULL},
	{"socket_uid", AT(socket_uid), ID, T(VHOST_USER) | T(MEMIF), 0, NULL},
	{"socket_gid", AT(socket_gid), ID, T(VHOST_USER) | T(MEMIF), 0, NULL},
	{"socket_mode", AT(socket_mode), NUMBER, T(VHOST_USER) | T(MEMIF), 0, NULL},
	{"ring_size", AT(ring_size), NUMBER, T(ETHDEV) | T(MEMIF) | T(VIRTIO_USER), 0, NULL},
	{"busy_poll", AT(busy_poll), FLAG, T(AF_XDP), 0, NULL},
	{"id", AT(id), NUMBER, T(MEMIF), 0, NULL},
	{"secret", AT(secret), TEXT, T(MEMIF), 0, NULL},
	{"buffer_size", AT(buffer_size), NUMBER, T(MEMIF), 0, NULL},
};

static bool is_given(const struct pw_conf_port *port, unsigned row)
{
	const char *field = (const char *)port + rows[row].offset;

	switch (rows[row].holds) {
	case TEXT:
		return *(char *const *)field != NULL;
	case NUMBER:
		return *(const uint32_t *)field != 0;
	case FLAG:
		return *(const bool *)field;
	default:
		return *(const uint32_t *)field != PW_CONF_ID_UNSET;
	}
}

/* "vhost-user, memif" */
static void add_types(uint32_t types, struct pw_str *out)
{
	bool first = true;

	for (unsigned t = 0; t < PW_ARRAY_SIZE(type_names); t++) {
		if ((types >> t & 1) == 0)
			continue;
		pw_str_addf(out, "%s%s", first ? "" : ", ", type_names[t]);
		first = false;
	}
}

/* Keys that a socket of the peer's cannot have. */
static bool is_of_server(unsigned row)
{
	return strncmp(rows[row].key, "socket_", strlen("socket_")) == 0;
}

/* What is wrong with one key; false: nothing. */
static bool row_problem(const struct pw_conf_port *port, unsigned row, struct pw_str *out)
{
	uint32_t type = 1u << port->type;
	bool given = is_given(port, row);

	if (given && (rows[row].types & type) == 0) {
		pw_str_add(out, "is only for ports of type ");
		add_types(rows[row].types, out);
		return true;
	}
	if (!given && (rows[row].required & type) != 0) {
		pw_str_addf(out, "missing; a port of type %s needs it; example: %s",
			type_names[port->type], rows[row].example);
		return true;
	}
	if (given && is_of_server(row) && port->mode == PW_CONF_SOCKET_CLIENT) {
		pw_str_add(out, "is only for mode server: else the socket is the peer's");
		return true;
	}
	return false;
}

/* Two ways to the back end, of which virtio-user takes one. */
static bool virtio_problem(const struct pw_conf_port *port, struct pw_str *out)
{
	bool both = port->socket != NULL && port->interface != NULL;
	bool neither = port->socket == NULL && port->interface == NULL;

	if (port->type != PW_CONF_PORT_VIRTIO_USER || (!both && !neither))
		return false;
	pw_str_addf(out,
		"%s; a port of type virtio-user needs either a socket or an interface of vhost-net",
		both ? "not together with interface" : "missing");
	return true;
}

bool pw_conf_port_keys(const struct pw_conf_port *port,
	void (*problem)(void *arg, const char *key, const char *text), void *arg)
{
	bool good = true;

	for (unsigned row = 0; row <= PW_ARRAY_SIZE(rows); row++) {
		bool last = row == PW_ARRAY_SIZE(rows);
		struct pw_str text = {0};

		if (last ? virtio_problem(port, &text) : row_problem(port, row, &text)) {
			problem(arg, last ? "socket" : rows[row].key,
				text.s != NULL ? text.s : "wrong");
			good = false;
		}
		pw_str_free(&text);
	}
	return good;
}
