/* SPDX-License-Identifier: BSD-3-Clause */
/* static.c - routes and Services that the configuration names: after the links they go out of. */
#include "route.h"
#include "service.h"
#include "static.h"

static int static_init(struct pw_ctl *ctl, struct pw_err *err)
{
	const struct pw_conf *conf = ctl->conf;
	char prefix[PW_PREFIX_STRLEN];
	int rc;

	for (uint32_t i = 0; i < conf->n_routes; i++) {
		const struct pw_conf_route *route = &conf->routes[i];

		rc = ctl_route_config(ctl, route, PW_ORIGIN_CONFIG, err);
		if (rc != 0)
			return pw_err_prefix(err, "%s:%u: routes: %s", conf->path, route->mark.line,
				pw_prefix_format(&route->prefix, prefix));
	}
	for (uint32_t i = 0; i < conf->n_services; i++) {
		const struct pw_conf_service *service = &conf->services[i];

		rc = ctl_service_config(ctl, service, err);
		if (rc != 0)
			return pw_err_prefix(err, "%s:%u: services: %s", conf->path,
				service->mark.line, service->name);
	}
	return 0;
}

const struct ctl_module ctl_module_static = {.name = "static", .init = static_init};
