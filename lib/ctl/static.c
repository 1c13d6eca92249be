/* SPDX-License-Identifier: BSD-3-Clause */
/* static.c - routes and Services that the configuration names: after the links they go out of. */
#include <errno.h>
#include <stdlib.h>

#include "port_wait.h"
#include "route.h"
#include "service.h"
#include "static.h"

struct ctl_static {
	uint32_t n_waiting;
	bool waits[]; /* by index of conf->routes: its port is not there yet */
};

static int add_route(struct pw_ctl *ctl, uint32_t i, struct pw_err *err)
{
	const struct pw_conf_route *route = &ctl->conf->routes[i];
	char prefix[PW_PREFIX_STRLEN];

	if (ctl_route_config(ctl, route, PW_ORIGIN_CONFIG, err) == 0)
		return 0;
	return pw_err_prefix(err, "%s:%u: routes: %s", ctl->conf->path, route->mark.line,
		pw_prefix_format(&route->prefix, prefix));
}

static int add_routes(struct pw_ctl *ctl, struct pw_err *err)
{
	for (uint32_t i = 0; i < ctl->conf->n_routes; i++) {
		int rc = add_route(ctl, i, err);

		if (rc == -EHOSTUNREACH && ctl_port_waiting_count(ctl) > 0) {
			ctl->statics->waits[i] = true;
			ctl->statics->n_waiting++;
			pw_warn("route", "%s; it waits for a port", err->msg);
		} else if (rc != 0) {
			return rc;
		}
	}
	return 0;
}

void ctl_static_retry(struct pw_ctl *ctl)
{
	struct ctl_static *statics = ctl->statics;
	char prefix[PW_PREFIX_STRLEN];
	struct pw_err err = {0};

	for (uint32_t i = 0; statics->n_waiting > 0 && i < ctl->conf->n_routes; i++) {
		if (!statics->waits[i] || add_route(ctl, i, &err) == -EHOSTUNREACH)
			continue;
		statics->waits[i] = false;
		statics->n_waiting--;
		(void)pw_prefix_format(&ctl->conf->routes[i].prefix, prefix);
		if (err.code == 0)
			pw_info("route", "the route %s of the configuration is set now", prefix);
		else
			pw_warn("route", "%s", err.msg);
		err.code = 0;
	}
}

static int add_services(struct pw_ctl *ctl, struct pw_err *err)
{
	const struct pw_conf *conf = ctl->conf;

	for (uint32_t i = 0; i < conf->n_services; i++) {
		const struct pw_conf_service *service = &conf->services[i];

		if (ctl_service_config(ctl, service, err) != 0)
			return pw_err_prefix(err, "%s:%u: services: %s", conf->path,
				service->mark.line, service->name);
	}
	return 0;
}

static void static_fini(struct pw_ctl *ctl)
{
	free(ctl->statics);
	ctl->statics = NULL;
}

static int static_init(struct pw_ctl *ctl, struct pw_err *err)
{
	int rc;

	ctl->statics = calloc(1, sizeof(*ctl->statics) + ctl->conf->n_routes * sizeof(bool));
	if (ctl->statics == NULL)
		return pw_err_set(err, -ENOMEM, "out of memory");
	rc = add_routes(ctl, err);
	if (rc == 0)
		rc = add_services(ctl, err);
	if (rc != 0)
		static_fini(ctl);
	return rc;
}

const struct ctl_module ctl_module_static = {
	.name = "static", .init = static_init, .fini = static_fini};
