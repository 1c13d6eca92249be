/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * render.h - what is shown otherwise than as a plain table, and cells made of several values.
 */
#ifndef PODWAYCTL_RENDER_H
#define PODWAYCTL_RENDER_H

#include "ctl.h"

void render_status(struct ctl *ctl, const json_t *result, const struct parsed *parsed);
void render_version(struct ctl *ctl, const json_t *result, const struct parsed *parsed);
void render_stages(struct ctl *ctl, const json_t *result, const struct parsed *parsed);
void render_port(struct ctl *ctl, const json_t *row);
void footer_flows(struct ctl *ctl, const json_t *result);
void footer_flow_count(struct ctl *ctl, const json_t *result);

/* malloc'ed */
char *cell_service_ports(const json_t *row, bool verbose);
char *cell_drop_ports(const json_t *row, bool verbose);

#endif
