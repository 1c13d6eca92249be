/* SPDX-License-Identifier: BSD-3-Clause */
/* port_priv.h - what the files of the port registry share. */
#ifndef CTL_PORT_PRIV_H
#define CTL_PORT_PRIV_H

#include "port_reg.h"

/* port_links.c: all that other tables hold of a port: static FDB entry, our addresses, known peers.
 */
int port_links_add(struct pw_ctl *ctl, struct ctl_port *port, struct pw_err *err);
void port_links_del(struct pw_ctl *ctl, struct ctl_port *port);

/* port_conf.c: ports of the configuration. */
int port_conf_add_all(struct pw_ctl *ctl, struct pw_err *err);
int port_conf_add(struct pw_ctl *ctl, const struct pw_conf_port *conf, struct ctl_port **port,
	struct pw_err *err);

/* port_methods.c */
extern const struct pw_ipc_method port_methods[];

#endif
