/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * port_memif.c - DPDK and VPP pods by shared memory: DPDK's memif driver as an Ethernet device.
 *
 * Server: the socket is ours, the memory the peer's (it is the one who connects). Client: the
 * reverse; we try about once a second, at first and after the peer went. Ring and buffer size are
 * the client's choice.
 *
 * Threads:  rx, tx: workers, a queue each. The rest: control thread.
 * Limits:   one port a socket. A memif server reads memory that its client owns and may take away
 *           at any moment, and the driver unmaps it without asking the workers: let in only peers
 *           that are trusted, the others through vhost-user.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ethdev.h"
#include "mem_guard.h"
#include "sock.h"

#define BUFFER_SIZE   2048
#define RING_LOG2     10
#define RING_LOG2_MAX 14 /* the driver's ETH_MEMIF_MAX_LOG2_RING_SIZE */
#define SECRET_MAX    24 /* and its ETH_MEMIF_SECRET_SIZE */

static int ring_log2(uint32_t ring_size, unsigned *log2, struct pw_err *err)
{
	*log2 = RING_LOG2;
	if (ring_size == 0)
		return 0;
	if ((ring_size & (ring_size - 1)) != 0 || ring_size < 2 || ring_size > 1u << RING_LOG2_MAX)
		return pw_err_set(err, -EINVAL, "ring_size %u: allowed are powers of two 2..%u",
			ring_size, 1u << RING_LOG2_MAX);
	*log2 = (unsigned)__builtin_ctz(ring_size);
	return 0;
}

static int check_conf(const struct pw_port_conf *conf, struct pw_err *err)
{
	const char *secret = conf->memif.secret;

	/* The device string is cut at commas. */
	if (conf->socket.path != NULL && strchr(conf->socket.path, ',') != NULL)
		return pw_err_set(err, -EINVAL, "socket %s: no commas are allowed for memif",
			conf->socket.path);
	if (secret != NULL && (strlen(secret) >= SECRET_MAX || strpbrk(secret, ", ") != NULL))
		return pw_err_set(err, -EINVAL,
			"secret: %u characters at most, no commas and no blanks", SECRET_MAX - 1);
	return 0;
}

static int memif_open(struct pw_port *port, const struct pw_port_conf *conf, struct pw_err *err)
{
	struct pw_port_conf device_conf = *conf;
	char device[384];
	unsigned log2;
	int rc;

	if ((rc = check_conf(conf, err)) < 0 || (rc = ring_log2(conf->ring_size, &log2, err)) < 0 ||
		(rc = sock_prepare(&conf->socket, err)) < 0)
		return rc;
	snprintf(device, sizeof(device),
		"net_memif_port%u,role=%s,id=%u,socket=%s,socket-abstract=no,rsize=%u,bsize=%u,"
		"mac=%02x:%02x:%02x:%02x:%02x:%02x%s%s",
		port->index, conf->socket.client ? "client" : "server", conf->memif.id,
		conf->socket.path, log2,
		conf->memif.buffer_size != 0 ? conf->memif.buffer_size : BUFFER_SIZE,
		port->mac.b[0], port->mac.b[1], port->mac.b[2], port->mac.b[3], port->mac.b[4],
		port->mac.b[5], conf->memif.secret != NULL ? ",secret=" : "",
		conf->memif.secret != NULL ? conf->memif.secret : "");
	mem_guard_start();
	device_conf.device = device;
	device_conf.ring_size = 0; /* said above */
	memset(&device_conf.mac, 0, sizeof(device_conf.mac));
	rc = ethdev_open(port, &device_conf, err);
	if (rc < 0)
		return rc;
	rc = sock_finish(&conf->socket, err);
	if (rc < 0)
		ethdev_close(port);
	return rc;
}

const struct pw_port_ops pw_port_memif_ops = ETHDEV_OPS("memif", memif_open);
