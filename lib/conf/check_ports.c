/* SPDX-License-Identifier: BSD-3-Clause */
/* Bridges and ports: names, the keys that belong to a type, who is on a bridge. */
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "pw_util.h"

const char *conf_port_path(const struct pw_conf *conf, uint32_t i, char buf[CONF_PATH_MAX])
{
	uint32_t n_uplinks = 0;

	while (n_uplinks < conf->n_ports && conf->ports[n_uplinks].uplink)
		n_uplinks++;
	if (i < n_uplinks)
		snprintf(buf, CONF_PATH_MAX, "uplinks[%u]", i);
	else
		snprintf(buf, CONF_PATH_MAX, "ports[%u]", i - n_uplinks);
	return buf;
}

bool conf_links_clean(const struct conf_ctx *ctx)
{
	return conf_clean(ctx, "bridges") && conf_clean(ctx, "uplinks") && conf_clean(ctx, "ports");
}

/* "ports[1]" and "name": "ports[1].name" */
static const char *join(char buf[CONF_PATH_MAX], const char *path, const char *key)
{
	snprintf(buf, CONF_PATH_MAX, "%.200s.%s", path, key);
	return buf;
}

/* ---- claimed once ---- */

static void claim_text(
	struct conf_claims *claims, const char *path, const char *key, const char *text)
{
	char full[CONF_PATH_MAX];

	if (text != NULL && *text != '\0')
		conf_claim(claims, join(full, path, key), "\"%s\"", text);
}

static void claim_mac(struct conf_claims *claims, const char *path, const char *key,
	const char *bridge, const struct pw_mac *mac)
{
	char full[CONF_PATH_MAX], text[PW_MAC_STRLEN];

	if (*bridge != '\0' && !pw_mac_is_zero(mac))
		conf_claim(claims, join(full, path, key), "%s of bridge %s",
			pw_mac_format(mac, text), bridge);
}

/* The arguments behind the comma do not make it another device. */
static void claim_device(struct conf_claims *claims, const char *path, const char *device)
{
	char full[CONF_PATH_MAX];

	if (device != NULL)
		conf_claim(claims, join(full, path, "device"), "\"%.*s\"",
			(int)strcspn(device, ","), device);
}

void conf_check_names(struct conf_ctx *ctx)
{
	const struct pw_conf *conf = ctx->conf;
	struct conf_claims names = {.ctx = ctx}, devices = {.ctx = ctx}, sockets = {.ctx = ctx};
	struct conf_claims interfaces = {.ctx = ctx}, macs = {.ctx = ctx};
	char path[CONF_PATH_MAX];

	claim_text(&sockets, "control", "socket", conf->control_socket);
	if (conf->host.enabled)
		claim_text(&interfaces, "host", "interface", conf->host.interface);
	for (uint32_t i = 0; i < conf->n_bridges; i++) {
		const struct pw_conf_bridge *bridge = &conf->bridges[i];

		snprintf(path, sizeof(path), "bridges[%u]", i);
		claim_text(&names, path, "name", bridge->name);
		claim_mac(&macs, path, "mac", bridge->name, &bridge->mac);
	}
	for (uint32_t i = 0; i < conf->n_ports; i++) {
		const struct pw_conf_port *port = &conf->ports[i];

		conf_port_path(conf, i, path);
		claim_text(&names, path, "name", port->name);
		claim_text(&sockets, path, "socket", port->socket);
		claim_text(&interfaces, path, "interface", port->interface);
		claim_device(&devices, path, port->device);
		claim_mac(&macs, path, "peer_mac", port->bridge, &port->peer_mac);
	}
	conf_claims_settle(&names, "name", "is used twice; bridges and ports share their names");
	conf_claims_settle(&devices, "device", "is used twice");
	conf_claims_settle(&sockets, "socket", "is used twice");
	conf_claims_settle(&interfaces, "interface", "is used twice");
	conf_claims_settle(&macs, "MAC", "is used twice");
}

/* ---- keys of a type ---- */

struct key_problems {
	struct conf_ctx *ctx;
	const char *path; /* of the port */
};

static void report_key(void *arg, const char *key, const char *text)
{
	const struct key_problems *problems = arg;
	char full[CONF_PATH_MAX];

	conf_wrong(problems->ctx, join(full, problems->path, key), "%s", text);
}

static void check_type(struct conf_ctx *ctx, const struct pw_conf_port *port, const char *path)
{
	struct key_problems problems = {.ctx = ctx, .path = path};
	char full[CONF_PATH_MAX];

	if (conf_clean(ctx, join(full, path, "type")))
		(void)pw_conf_port_keys(port, report_key, &problems);
}

/* ---- bridged or routed ---- */

bool conf_has_bridge(const struct pw_conf *conf, const char *name)
{
	for (uint32_t i = 0; i < conf->n_bridges; i++)
		if (strcmp(conf->bridges[i].name, name) == 0)
			return true;
	return false;
}

static void check_bridged(struct conf_ctx *ctx, const struct pw_conf_port *port, const char *path)
{
	char full[CONF_PATH_MAX];

	if (!conf_has_bridge(ctx->conf, port->bridge) && conf_clean(ctx, "bridges"))
		conf_wrong(ctx, join(full, path, "bridge"),
			"there is no bridge \"%s\" under bridges", port->bridge);
	if (port->addresses.n > 0)
		conf_wrong(ctx, join(full, path, "addresses"),
			"a port on a bridge has no addresses; the bridge has (gateway)");
	if (!pw_mac_is_zero(&port->mac))
		conf_wrong(ctx, join(full, path, "mac"),
			"a port on a bridge has no MAC of its own; the bridge has (mac)");
}

static bool has_ipv6(const struct pw_conf_prefixes *list)
{
	for (uint32_t i = 0; i < list->n; i++)
		if (list->v[i].ip.family == PW_IPV6)
			return true;
	return false;
}

static void check_routed(struct conf_ctx *ctx, const struct pw_conf_port *port, const char *path)
{
	char full[CONF_PATH_MAX];

	/* Nothing ever reaches such a port. */
	if (port->addresses.n == 0 && port->peers.n == 0 && conf_clean(ctx, path))
		conf_wrong(ctx, path, "needs a bridge, or addresses%s",
			port->uplink ? "" : " or peers");
	if (port->mtu < 1280 && (has_ipv6(&port->addresses) || has_ipv6(&port->peers)))
		conf_wrong(ctx, join(full, path, "mtu"),
			"%u is too small for IPv6; allowed: 1280..9216", port->mtu);
}

void conf_check_ports(struct conf_ctx *ctx)
{
	char path[CONF_PATH_MAX];

	for (uint32_t i = 0; i < ctx->conf->n_ports; i++) {
		const struct pw_conf_port *port = &ctx->conf->ports[i];

		conf_port_path(ctx->conf, i, path);
		check_type(ctx, port, path);
		if (port->bridge[0] != '\0')
			check_bridged(ctx, port, path);
		else
			check_routed(ctx, port, path);
	}
}
