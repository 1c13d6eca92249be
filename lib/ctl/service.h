/* SPDX-License-Identifier: BSD-3-Clause */
/* service.h - Services of the configuration and of services.add, put into the NAT. */
#ifndef CTL_SERVICE_H
#define CTL_SERVICE_H

#include "ctl.h"

extern const struct ctl_module ctl_module_service;
extern const struct ctl_module ctl_module_flow;

/* A Service of the configuration; called by ctl_module_static. */
int ctl_service_config(
	struct pw_ctl *ctl, const struct pw_conf_service *service, struct pw_err *err);
uint32_t ctl_service_count(const struct pw_ctl *ctl);
/* Services of services.add that were saved; called once, after the configuration's. */
void ctl_service_load_saved(struct pw_ctl *ctl);

#endif
