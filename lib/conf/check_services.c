/* SPDX-License-Identifier: BSD-3-Clause */
/* Static Services: their addresses, ports and endpoints. */
#include <stdio.h>
#include <string.h>

#include "check.h"

/* "services[i].key[j]" */
static const char *at(char buf[CONF_PATH_MAX], uint32_t i, const char *key, uint32_t j)
{
	snprintf(buf, CONF_PATH_MAX, "services[%u].%s[%u]", i, key, j);
	return buf;
}

static const char *protocol_name(enum pw_conf_proto protocol)
{
	switch (protocol) {
	case PW_CONF_UDP:
		return "udp";
	case PW_CONF_SCTP:
		return "sctp";
	default:
		return "tcp";
	}
}

static void check_cluster_ip(struct conf_ctx *ctx, const struct conf_nets *nets,
	const struct pw_ip *ip, const char *path)
{
	const struct conf_net *own = conf_nets_own(nets, ip);
	char text[PW_IP_STRLEN], also[CONF_ALSO_MAX];

	pw_ip_format(ip, text);
	if (ip->family == PW_IPV6 && ctx->conf->limits.flows_ipv6 == 0)
		conf_wrong(ctx, path, "%s is IPv6, but limits.flows_ipv6 is 0", text);
	else if (own != NULL)
		conf_wrong(ctx, path, "%s is an address of this node; %s", text,
			conf_also(ctx, own->path, also));
	else if (conf_clean(ctx, "service_cidr") && conf_nets_have(nets, CONF_NET_SERVICES, ip) &&
		 !conf_nets_hold(nets, CONF_NET_SERVICES, ip))
		conf_wrong(ctx, path, "%s is outside of service_cidr (line %u)", text,
			conf_mark(ctx, "service_cidr").line);
	else if (conf_nets_hold(nets, CONF_NET_PODS, ip))
		conf_wrong(ctx, path, "%s is inside pod_cidr (line %u)", text,
			conf_mark(ctx, "pod_cidr").line);
}

static bool has_family(const struct pw_conf_prefixes *list, uint8_t family)
{
	for (uint32_t i = 0; i < list->n; i++)
		if (list->v[i].ip.family == family)
			return true;
	return false;
}

static void check_endpoints(struct conf_ctx *ctx, const struct conf_nets *nets, uint32_t i)
{
	const struct pw_conf_service *service = &ctx->conf->services[i];
	struct conf_claims once = {.ctx = ctx};
	char path[CONF_PATH_MAX], text[PW_IP_STRLEN];

	for (uint32_t j = 0; j < service->n_endpoints; j++) {
		const struct pw_ip *ip = &service->endpoints[j];

		at(path, i, "endpoints", j);
		conf_claim(&once, path, "%s", pw_ip_format(ip, text));
		if (service->cluster_ips.n > 0 && !has_family(&service->cluster_ips, ip->family))
			conf_wrong(ctx, path,
				"%s is IPv%u, but the Service has no IPv%u cluster_ip", text,
				ip->family, ip->family);
		else if (conf_nets_hold(nets, CONF_NET_SERVICES, ip))
			conf_wrong(ctx, path,
				"%s is inside service_cidr; needed: the address of a pod or host",
				text);
	}
	conf_claims_settle(&once, "endpoint", "is given twice");
}

static void check_service_ports(struct conf_ctx *ctx, uint32_t i)
{
	const struct pw_conf_service *service = &ctx->conf->services[i];
	struct conf_claims names = {.ctx = ctx};
	char port[CONF_PATH_MAX], path[CONF_PATH_MAX + 8];

	if (service->n_ports == 0) {
		snprintf(path, sizeof(path), "services[%u].ports", i);
		conf_wrong(ctx, path, "is empty; needed: at least one port; example: [{port: 80}]");
	}
	for (uint32_t j = 0; j < service->n_ports; j++) {
		snprintf(path, sizeof(path), "%s.name", at(port, i, "ports", j));
		if (service->ports[j].name[0] != '\0')
			conf_claim(&names, path, "\"%s\"", service->ports[j].name);
		else if (service->n_ports > 1)
			conf_wrong(ctx, path, "missing; each of several ports needs a name");
	}
	conf_claims_settle(&names, "port name", "is used twice in the Service");
}

static void claim_vips(struct conf_claims *vips, const struct pw_conf_service *service, uint32_t i)
{
	char port[CONF_PATH_MAX], path[CONF_PATH_MAX + 8], text[PW_IP_STRLEN];

	for (uint32_t j = 0; j < service->n_ports; j++) {
		if (service->ports[j].port == 0)
			continue; /* was not readable */
		snprintf(path, sizeof(path), "%s.port", at(port, i, "ports", j));
		for (uint32_t k = 0; k < service->cluster_ips.n; k++)
			conf_claim(vips, path, "%s port %u/%s",
				pw_ip_format(&service->cluster_ips.v[k].ip, text),
				service->ports[j].port, protocol_name(service->ports[j].protocol));
	}
}

void conf_check_services(struct conf_ctx *ctx, const struct conf_nets *nets)
{
	struct conf_claims names = {.ctx = ctx}, vips = {.ctx = ctx};
	char path[CONF_PATH_MAX];

	for (uint32_t i = 0; i < ctx->conf->n_services; i++) {
		const struct pw_conf_service *service = &ctx->conf->services[i];

		snprintf(path, sizeof(path), "services[%u].name", i);
		if (service->name[0] != '\0')
			conf_claim(&names, path, "\"%s\"", service->name);
		for (uint32_t j = 0; j < service->cluster_ips.n; j++)
			check_cluster_ip(ctx, nets, &service->cluster_ips.v[j].ip,
				at(path, i, "cluster_ip", j));
		check_service_ports(ctx, i);
		check_endpoints(ctx, nets, i);
		claim_vips(&vips, service, i);
	}
	conf_claims_settle(&names, "Service", "is given twice");
	conf_claims_settle(&vips, "virtual address", "is used twice");
}
