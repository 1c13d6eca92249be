/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * port_virtio_user.c - the front end of a vhost back end: DPDK's virtio-user as an Ethernet device.
 *
 * With a socket: of another switch or of podway itself, which sees in us what it else sees in a VM.
 * With an interface: the kernel's vhost-net, which makes a TAP of that name.
 *
 * Threads:  rx, tx: workers, a queue each. The rest: control thread.
 * Limits:   only a server waits for a back end that went away; a client port stays down until it is
 *           made anew. The back end maps the daemon's memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ethdev.h"
#include "sock.h"

#define VHOST_NET "/dev/vhost-net"
#define RING_SIZE 256 /* QEMU's default; back ends refuse large ones */
#define RING_MAX  1024

static int check_ring(uint32_t ring_size, struct pw_err *err)
{
	if (ring_size != 0 &&
		((ring_size & (ring_size - 1)) != 0 || ring_size < 32 || ring_size > RING_MAX))
		return pw_err_set(err, -EINVAL, "ring_size %u: allowed are powers of two 32..%u",
			ring_size, RING_MAX);
	return 0;
}

static int check_vhost_net(const char *interface, struct pw_err *err)
{
	int fd = open(VHOST_NET, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return pw_err_set(err, -errno,
			"interface %s is made by the kernel's vhost-net, and " VHOST_NET
			" cannot be opened (%s): load the module (modprobe vhost_net), give the "
			"container the device, or use a tap port",
			interface, strerror(errno));
	close(fd);
	return 0;
}

static int check_conf(const struct pw_port_conf *conf, struct pw_err *err)
{
	bool socket = conf->socket.path != NULL;
	int rc = check_ring(conf->ring_size, err);

	if (rc < 0)
		return rc;
	if (socket == (conf->interface != NULL))
		return pw_err_set(err, -EINVAL,
			"virtio-user takes either a socket or an interface of vhost-net");
	if (!socket)
		return check_vhost_net(conf->interface, err);
	if (strchr(conf->socket.path, ',') != NULL)
		return pw_err_set(err, -EINVAL, "socket %s: no commas are allowed for virtio-user",
			conf->socket.path);
	rc = sock_prepare(&conf->socket, err);
	if (rc == 0 && conf->socket.client && access(conf->socket.path, F_OK) < 0)
		rc = pw_err_set(err, -errno,
			"socket %s: %s: start the back end first, or let it connect to us (mode: "
			"server)",
			conf->socket.path, strerror(errno));
	return rc;
}

static int virtio_user_open(
	struct pw_port *port, const struct pw_port_conf *conf, struct pw_err *err)
{
	struct pw_port_conf device_conf = *conf;
	bool socket = conf->socket.path != NULL;
	char device[384];
	int rc = check_conf(conf, err);

	if (rc < 0)
		return rc;
	snprintf(device, sizeof(device),
		"net_virtio_user_port%u,path=%s%s%s,queues=%u,queue_size=%u,mrg_rxbuf=1,"
		"mac=%02x:%02x:%02x:%02x:%02x:%02x%s",
		port->index, socket ? conf->socket.path : VHOST_NET,
		socket ? "" : ",iface=", socket ? "" : conf->interface, conf->n_queues,
		conf->ring_size != 0 ? conf->ring_size : RING_SIZE, port->mac.b[0], port->mac.b[1],
		port->mac.b[2], port->mac.b[3], port->mac.b[4], port->mac.b[5],
		socket && !conf->socket.client ? ",server=1" : "");
	device_conf.device = device;
	device_conf.ring_size = 0; /* said above */
	memset(&device_conf.mac, 0, sizeof(device_conf.mac));
	return ethdev_open(port, &device_conf, err);
}

const struct pw_port_ops pw_port_virtio_user_ops = ETHDEV_OPS("virtio-user", virtio_user_open);
