/* SPDX-License-Identifier: BSD-3-Clause */
/* Static routes: the next hop can be reached, and a destination has one route. */
#include <stdio.h>
#include <string.h>

#include "check.h"

static const char *at(char buf[CONF_PATH_MAX], uint32_t i, const char *key)
{
	snprintf(buf, CONF_PATH_MAX, "routes[%u].%s", i, key);
	return buf;
}

static bool is_routed_link(const struct pw_conf *conf, const char *name)
{
	for (uint32_t i = 0; i < conf->n_bridges; i++)
		if (strcmp(conf->bridges[i].name, name) == 0)
			return conf->bridges[i].gateways.n > 0;
	for (uint32_t i = 0; i < conf->n_ports; i++)
		if (strcmp(conf->ports[i].name, name) == 0)
			return conf->ports[i].bridge[0] == '\0';
	return false;
}

static bool is_peer(const struct pw_conf *conf, const struct pw_ip *ip)
{
	for (uint32_t i = 0; i < conf->n_ports; i++)
		for (uint32_t j = 0; j < conf->ports[i].peers.n; j++)
			if (pw_ip_equal(&conf->ports[i].peers.v[j].ip, ip))
				return true;
	return false;
}

/* A link-local next hop is told with its link, others tell it themselves. */
static bool check_via_port(struct conf_ctx *ctx, uint32_t i)
{
	const struct pw_conf_route *route = &ctx->conf->routes[i];
	char path[CONF_PATH_MAX], text[PW_IP_STRLEN];

	pw_ip_format(&route->via, text);
	if (pw_ip_is_link_local(&route->via) && route->port[0] == '\0') {
		conf_wrong(ctx, at(path, i, "via"),
			"%s is link-local; needed: port, the bridge or routed port it is on", text);
		return false;
	}
	if (!pw_ip_is_link_local(&route->via) && route->port[0] != '\0') {
		conf_wrong(ctx, at(path, i, "port"),
			"only a link-local next hop needs it; %s tells its own", text);
		return false;
	}
	if (route->port[0] != '\0' && !is_routed_link(ctx->conf, route->port)) {
		conf_wrong(ctx, at(path, i, "port"),
			"\"%s\" is no bridge with a gateway and no routed port", route->port);
		return false;
	}
	return true;
}

static void check_via(struct conf_ctx *ctx, const struct conf_nets *nets, uint32_t i)
{
	const struct pw_conf_route *route = &ctx->conf->routes[i];
	const struct conf_net *own = conf_nets_own(nets, &route->via);
	char path[CONF_PATH_MAX], text[PW_IP_STRLEN], also[CONF_ALSO_MAX];

	if (!check_via_port(ctx, i))
		return;
	at(path, i, "via");
	pw_ip_format(&route->via, text);
	if (route->via.family != route->prefix.ip.family) {
		if (route->prefix.ip.family != PW_FAMILY_NONE)
			conf_wrong(ctx, path,
				"%s is not of the family of the prefix; needed: an IPv%u address",
				text, route->prefix.ip.family);
	} else if (own != NULL) {
		conf_wrong(ctx, path, "%s is an address of this node; %s", text,
			conf_also(ctx, own->path, also));
	} else if (!pw_ip_is_link_local(&route->via) && !conf_nets_on_link(nets, &route->via) &&
		   !is_peer(ctx->conf, &route->via) && conf_links_clean(ctx)) {
		conf_wrong(ctx, path,
			"%s is in no subnet of a bridge, uplink or port, so it cannot be reached; "
			"allowed: a neighbour",
			text);
	}
}

static void check_kind(struct conf_ctx *ctx, const struct conf_nets *nets, uint32_t i)
{
	const struct pw_conf_route *route = &ctx->conf->routes[i];
	bool has_via = route->via.family != PW_FAMILY_NONE;
	char path[CONF_PATH_MAX];

	if (!conf_clean(ctx, at(path, i, "kind")))
		return;
	if (route->kind != PW_CONF_ROUTE_VIA) {
		if (has_via)
			conf_wrong(ctx, at(path, i, "via"), "only a route of kind via has it");
		if (route->port[0] != '\0')
			conf_wrong(ctx, at(path, i, "port"), "only a route of kind via has it");
		if (route->kind == PW_CONF_ROUTE_HOST && !ctx->conf->host.enabled)
			conf_wrong(ctx, at(path, i, "kind"),
				"there is no host port; write host.enabled: true");
	} else if (!has_via) {
		conf_wrong(ctx, at(path, i, "via"),
			"missing; a route has a next hop (via: 192.0.2.254) or a kind (host, "
			"blackhole, unreachable, prohibit)");
	} else {
		check_via(ctx, nets, i);
	}
}

void conf_check_routes(struct conf_ctx *ctx, const struct conf_nets *nets)
{
	struct conf_claims prefixes = {.ctx = ctx};
	char path[CONF_PATH_MAX], text[PW_PREFIX_STRLEN];

	for (uint32_t i = 0; i < ctx->conf->n_routes; i++) {
		const struct pw_prefix *prefix = &ctx->conf->routes[i].prefix;

		check_kind(ctx, nets, i);
		if (prefix->ip.family != PW_FAMILY_NONE)
			conf_claim(&prefixes, at(path, i, "prefix"), "%s",
				pw_prefix_format(prefix, text));
	}
	conf_claims_settle(&prefixes, "route", "is given twice");
}
