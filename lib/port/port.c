/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "port_priv.h"
#include "pw_util.h"

#define MTU_MIN 68 /* RFC 791 */

static const struct pw_port_ops *const drivers[PW_PORT_TYPE_COUNT] = {
	[PW_PORT_TAP] = &pw_port_tap_ops,
	[PW_PORT_AF_PACKET] = &pw_port_afpacket_ops,
	[PW_PORT_AF_XDP] = &pw_port_afxdp_ops,
	[PW_PORT_VHOST_USER] = &pw_port_vhost_ops,
	[PW_PORT_ETHDEV] = &pw_port_ethdev_ops,
	[PW_PORT_MEMIF] = &pw_port_memif_ops,
	[PW_PORT_VIRTIO_USER] = &pw_port_virtio_user_ops,
};

const char *pw_port_type_name(enum pw_port_type type)
{
	return (unsigned)type < PW_PORT_TYPE_COUNT ? drivers[type]->name : "?";
}

void port_log_state(struct pw_port *port, const char *why)
{
	enum pw_port_state state = pw_port_state(port);

	if (port->logged_state == (uint32_t)state)
		return;
	port->logged_state = (uint32_t)state;
	if (state == PW_PORT_UP)
		pw_info(PORT_LOG, "%s up (%s, %u queue%s)", port->name, port->ops->name,
			port->n_rxq, port->n_rxq == 1 ? "" : "s");
	else
		pw_info(PORT_LOG, "%s down (%s%s%s)", port->name, port->ops->name, why ? ": " : "",
			why ? why : "");
}

static int check_conf(const struct pw_port_conf *conf, struct pw_err *err)
{
	if ((unsigned)conf->type >= PW_PORT_TYPE_COUNT)
		return pw_err_set(err, -EINVAL, "unknown port type %u", (unsigned)conf->type);
	if (conf->mtu < MTU_MIN || conf->mtu > PW_MTU_MAX)
		return pw_err_set(
			err, -EINVAL, "mtu %u: allowed %u..%u", conf->mtu, MTU_MIN, PW_MTU_MAX);
	if (conf->n_queues < 1 || conf->n_queues > PW_PORT_MAX_QUEUES)
		return pw_err_set(err, -EINVAL, "%u queues: allowed 1..%u", conf->n_queues,
			PW_PORT_MAX_QUEUES);
	if (pw_mac_is_multicast(&conf->mac) || pw_mac_is_multicast(&conf->peer_mac))
		return pw_err_set(err, -EINVAL, "a port's MAC cannot be a multicast address");
	return 0;
}

/* FNV-1a of the name in a locally administered address: the same after every restart. */
static struct pw_mac mac_from_name(const char *name)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (; *name; name++)
		hash = (hash ^ (uint8_t)*name) * UINT64_C(0x100000001b3);
	return pw_mac_from_u64((hash & UINT64_C(0xfcffffffffff)) | UINT64_C(0x020000000000));
}

struct pw_port *pw_port_open(
	const struct pw_port_env *env, const struct pw_port_conf *conf, struct pw_err *err)
{
	struct pw_port *port;

	if (check_conf(conf, err) < 0)
		goto err_prefix;
	port = aligned_alloc(
		PW_CACHE_LINE, (sizeof(*port) + PW_CACHE_LINE - 1) & ~(size_t)(PW_CACHE_LINE - 1));
	if (port == NULL) {
		pw_err_set(err, -ENOMEM, "out of memory");
		goto err_prefix;
	}
	*port = (struct pw_port){
		.ops = drivers[conf->type],
		.env = env,
		.type = conf->type,
		.index = conf->index,
		.mtu = conf->mtu,
		.n_rxq = conf->n_queues,
		.n_txq = conf->n_queues,
		.mac = pw_mac_is_zero(&conf->mac) ? mac_from_name(conf->name) : conf->mac,
		.never_sleep = conf->never_sleep,
		.kernel = drivers[conf->type]->kernel,
		.socket_id = env->socket_id,
	};
	memcpy(port->name, conf->name, sizeof(port->name) - 1);
	if (port->ops->open(port, conf, err) < 0)
		goto err_free;
	port->ops->poll_state(port);
	return port;

err_free:
	free(port);
err_prefix:
	pw_err_prefix(err, "port %.*s", PW_PORT_NAME_MAX, conf->name);
	return NULL;
}

void pw_port_close(struct pw_port *port)
{
	if (port == NULL)
		return;
	port->ops->close(port);
	free(port);
}
