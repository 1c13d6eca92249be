/* SPDX-License-Identifier: BSD-3-Clause */
/* Ranges and addresses: who has which, and that they do not meet. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "pw_util.h"

/* ---- the list of all networks of the file ---- */

static void add_all(struct conf_nets *nets, enum conf_net_kind kind, uint32_t owner,
	const struct pw_conf_prefixes *list, const char *path)
{
	for (uint32_t i = 0; i < list->n; i++) {
		struct conf_net *net = &nets->v[nets->n++];

		net->kind = kind;
		net->owner = owner;
		net->prefix = list->v[i];
		snprintf(net->path, sizeof(net->path), "%.200s[%u]", path, i);
	}
}

static uint32_t count(const struct pw_conf *conf)
{
	uint32_t n = conf->pod_cidrs.n + conf->service_cidrs.n + conf->node.addresses.n;

	for (uint32_t i = 0; i < conf->n_bridges; i++)
		n += conf->bridges[i].gateways.n;
	for (uint32_t i = 0; i < conf->n_ports; i++)
		n += conf->ports[i].addresses.n;
	return n;
}

bool conf_nets_make(struct conf_ctx *ctx, struct conf_nets *nets)
{
	const struct pw_conf *conf = ctx->conf;
	char port[CONF_PATH_MAX], path[CONF_PATH_MAX];

	*nets = (struct conf_nets){.v = calloc(count(conf) + 1, sizeof(nets->v[0]))};
	if (nets->v == NULL) {
		ctx->out_of_memory = true;
		return false;
	}
	add_all(nets, CONF_NET_PODS, 0, &conf->pod_cidrs, "pod_cidr");
	add_all(nets, CONF_NET_SERVICES, 0, &conf->service_cidrs, "service_cidr");
	add_all(nets, CONF_NET_NODE, 0, &conf->node.addresses, "node.addresses");
	for (uint32_t i = 0; i < conf->n_bridges; i++) {
		snprintf(path, sizeof(path), "bridges[%u].gateway", i);
		add_all(nets, CONF_NET_BRIDGE, i, &conf->bridges[i].gateways, path);
	}
	for (uint32_t i = 0; i < conf->n_ports; i++) {
		snprintf(path, sizeof(path), "%.200s.addresses", conf_port_path(conf, i, port));
		add_all(nets, CONF_NET_PORT, i, &conf->ports[i].addresses, path);
	}
	return true;
}

void conf_nets_free(struct conf_nets *nets)
{
	free(nets->v);
}

static bool is_own(const struct conf_net *net)
{
	return net->kind >= CONF_NET_NODE;
}

const struct conf_net *conf_nets_own(const struct conf_nets *nets, const struct pw_ip *ip)
{
	for (uint32_t i = 0; i < nets->n; i++)
		if (is_own(&nets->v[i]) && pw_ip_equal(&nets->v[i].prefix.ip, ip))
			return &nets->v[i];
	return NULL;
}

bool conf_nets_hold(const struct conf_nets *nets, enum conf_net_kind kind, const struct pw_ip *ip)
{
	for (uint32_t i = 0; i < nets->n; i++)
		if (nets->v[i].kind == kind && pw_prefix_contains(&nets->v[i].prefix, ip))
			return true;
	return false;
}

bool conf_nets_have(const struct conf_nets *nets, enum conf_net_kind kind, const struct pw_ip *ip)
{
	for (uint32_t i = 0; i < nets->n; i++)
		if (nets->v[i].kind == kind && nets->v[i].prefix.ip.family == ip->family)
			return true;
	return false;
}

bool conf_nets_on_link(const struct conf_nets *nets, const struct pw_ip *ip)
{
	return conf_nets_hold(nets, CONF_NET_BRIDGE, ip) || conf_nets_hold(nets, CONF_NET_PORT, ip);
}

/* ---- overlaps ---- */

static bool is_single(const struct conf_net *net)
{
	return net->prefix.len == (net->prefix.ip.family == PW_IPV4 ? 32 : 128);
}

/* With a wrong pods.bridge, reported elsewhere, any bridge may be the one that was meant. */
static bool is_pods_bridge(const struct pw_conf *conf, const struct conf_net *net)
{
	return net->kind == CONF_NET_BRIDGE && conf->pods.mode == PW_CONF_POD_BRIDGED &&
	       (strcmp(conf->bridges[net->owner].name, conf->pods.bridge) == 0 ||
		       !conf_has_bridge(conf, conf->pods.bridge));
}

/* a stands before b in the list, so its kind is the lower one. */
static bool may_overlap(
	const struct pw_conf *conf, const struct conf_net *a, const struct conf_net *b)
{
	if (a->kind == b->kind && a->owner == b->owner)
		return true; /* several addresses in one subnet */
	if (a->kind == CONF_NET_SERVICES || b->kind == CONF_NET_SERVICES)
		return false;
	if (is_own(a) && is_own(b) && pw_ip_equal(&a->prefix.ip, &b->prefix.ip))
		return true; /* reported as one address used twice */
	if ((is_own(a) && is_single(a)) || (is_own(b) && is_single(b)))
		return true; /* an address without a link of its own */
	return a->kind == CONF_NET_PODS && is_pods_bridge(conf, b);
}

static const char *describe(const struct conf_net *net)
{
	static const char *const names[] = {
		[CONF_NET_PODS] = "pod_cidr",
		[CONF_NET_SERVICES] = "service_cidr",
		[CONF_NET_NODE] = "node.addresses",
		[CONF_NET_BRIDGE] = "subnet of a bridge",
		[CONF_NET_PORT] = "subnet of a port",
	};

	return names[net->kind];
}

static void report_overlap(struct conf_ctx *ctx, const struct conf_net *a, const struct conf_net *b)
{
	char text_a[PW_PREFIX_STRLEN], text_b[PW_PREFIX_STRLEN], also[CONF_ALSO_MAX];

	if (conf_clean(ctx, a->path))
		conf_wrong(ctx, b->path, "%s overlaps %s (%s); %s",
			pw_prefix_format(&b->prefix, text_b), pw_prefix_format(&a->prefix, text_a),
			describe(a), conf_also(ctx, a->path, also));
}

static void check_overlaps(struct conf_ctx *ctx, const struct conf_nets *nets)
{
	/* Pairs: there are few. Somebody with 10,000 addresses that all overlap gets no more
	 * errors than are kept. */
	for (uint32_t b = 1; b < nets->n; b++) {
		for (uint32_t a = 0; a < b; a++) {
			if (ctx->n_problems >= CONF_PROBLEMS_MAX)
				return;
			if (pw_prefix_overlaps(&nets->v[a].prefix, &nets->v[b].prefix) &&
				!may_overlap(ctx->conf, &nets->v[a], &nets->v[b]))
				report_overlap(ctx, &nets->v[a], &nets->v[b]);
		}
	}
}

/* ---- addresses that are used once ---- */

static void claim_peers(struct conf_claims *claims, const struct pw_conf *conf, uint32_t i)
{
	char port[CONF_PATH_MAX], path[CONF_PATH_MAX], text[PW_IP_STRLEN];

	for (uint32_t j = 0; j < conf->ports[i].peers.n; j++) {
		snprintf(path, sizeof(path), "%.200s.peers[%u]", conf_port_path(conf, i, port), j);
		conf_claim(claims, path, "%s", pw_ip_format(&conf->ports[i].peers.v[j].ip, text));
	}
}

static void check_addresses(struct conf_ctx *ctx, const struct conf_nets *nets)
{
	struct conf_claims addresses = {.ctx = ctx};
	char text[PW_IP_STRLEN];

	for (uint32_t i = 0; i < nets->n; i++)
		if (is_own(&nets->v[i]))
			conf_claim(&addresses, nets->v[i].path, "%s",
				pw_ip_format(&nets->v[i].prefix.ip, text));
	for (uint32_t i = 0; i < ctx->conf->n_ports; i++)
		claim_peers(&addresses, ctx->conf, i);
	conf_claims_settle(&addresses, "address", "is used twice");
}

static void check_peers(struct conf_ctx *ctx, const struct conf_nets *nets)
{
	char port[CONF_PATH_MAX], path[CONF_PATH_MAX], text[PW_IP_STRLEN];

	for (uint32_t i = 0; i < ctx->conf->n_ports; i++) {
		const struct pw_conf_prefixes *peers = &ctx->conf->ports[i].peers;

		for (uint32_t j = 0; j < peers->n; j++) {
			if (!conf_nets_hold(nets, CONF_NET_SERVICES, &peers->v[j].ip))
				continue;
			snprintf(path, sizeof(path), "%.200s.peers[%u]",
				conf_port_path(ctx->conf, i, port), j);
			conf_wrong(ctx, path, "%s is inside service_cidr",
				pw_ip_format(&peers->v[j].ip, text));
		}
	}
}

/* A pod finds its gateway in its own subnet. A bridge without gateways may have one elsewhere. */
static void check_pods_gateway(
	struct conf_ctx *ctx, const struct conf_nets *nets, const struct conf_net *pods)
{
	char text[PW_PREFIX_STRLEN];
	bool any = false;

	for (uint32_t i = 0; i < nets->n; i++) {
		const struct conf_net *net = &nets->v[i];

		if (!is_pods_bridge(ctx->conf, net) ||
			net->prefix.ip.family != pods->prefix.ip.family)
			continue;
		if (pw_prefix_overlaps(&pods->prefix, &net->prefix))
			return;
		any = true;
	}
	if (any && conf_has_bridge(ctx->conf, ctx->conf->pods.bridge) &&
		conf_clean(ctx, "bridges") && conf_clean(ctx, "pods"))
		conf_wrong(ctx, pods->path,
			"%s holds no gateway of bridge %s, so pods would have none; add one to the "
			"bridge, or choose another pods.bridge",
			pw_prefix_format(&pods->prefix, text), ctx->conf->pods.bridge);
}

void conf_check_networks(struct conf_ctx *ctx, const struct conf_nets *nets)
{
	check_overlaps(ctx, nets);
	check_addresses(ctx, nets);
	check_peers(ctx, nets);
	for (uint32_t i = 0; i < nets->n; i++)
		if (nets->v[i].kind == CONF_NET_PODS)
			check_pods_gateway(ctx, nets, &nets->v[i]);
}
