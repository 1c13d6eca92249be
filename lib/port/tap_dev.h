/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tap_dev.h - the kernel's side of a TAP: making, checking and setting it up by ioctl.
 *
 * A persistent TAP keeps the settings of whoever held it before, so everything is set at each
 * attach: non-blocking, header size and byte order, offloads.
 * Threads:  control thread.
 * Errors:   -errno with a message that names the fix.
 */
#ifndef PW_PORT_TAP_DEV_H
#define PW_PORT_TAP_DEV_H

#include "pw_port.h"

/* Takes conf->fd, or makes conf->interface in the current netns (MTU, MAC, up).
 * The fd, or -errno. A conf->fd stays the caller's on error. *has_uso: the kernel can give and take
 * UDP frames that stand for several (Linux 6.2). */
int tap_dev_open(const struct pw_port_conf *conf, bool *has_uso, struct pw_err *err);
/* MAC of the kernel's interface; works from any netns. 0 or -errno. */
int tap_dev_mac(int fd, struct pw_mac *mac);

#endif
