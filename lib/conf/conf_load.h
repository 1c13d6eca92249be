/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * conf_load.h - the steps of a load, in this order: defaults, decoding (conf_schema.h), what
 * follows from other values, checks of values against one another.
 */
#ifndef CONF_LOAD_H
#define CONF_LOAD_H

#include "conf_ctx.h"

void conf_defaults(struct conf_ctx *ctx);
/* Defaults that depend on what the file holds: cores, the pods' bridge, names of TAPs, ... */
void conf_complete(struct conf_ctx *ctx);
void conf_check(struct conf_ctx *ctx);

/* Defaults of one list element. */
void conf_init_bridge(void *elem);
void conf_init_uplink(void *elem);
void conf_init_port(void *elem);
void conf_init_service_port(void *elem);

#endif
