/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * service.c - Services by name (service.h): what people and the configuration say, as (VIP,
 * protocol, port) entries of the NAT and routes of their addresses.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_byteorder.h>

#include "local.h"
#include "port_reg.h"
#include "reserve.h"
#include "route.h"
#include "service_priv.h"

struct service *service_find(const struct pw_ctl *ctl, const char *name)
{
	struct service *s;

	TAILQ_FOREACH (s, &ctl->services->list, link) {
		if (strcmp(s->spec.name, name) == 0)
			return s;
	}
	return NULL;
}

uint32_t ctl_service_count(const struct pw_ctl *ctl)
{
	return ctl->services->count;
}

void service_spec_free(struct pw_conf_service *spec)
{
	free(spec->ports);
	free(spec->endpoints);
	spec->ports = NULL;
	spec->endpoints = NULL;
}

static int copy_spec(struct pw_conf_service *to, const struct pw_conf_service *from)
{
	*to = *from;
	to->ports = calloc(from->n_ports + 1, sizeof(to->ports[0]));
	to->endpoints = calloc(from->n_endpoints + 1, sizeof(to->endpoints[0]));
	if (to->ports == NULL || to->endpoints == NULL) {
		service_spec_free(to);
		return -ENOMEM;
	}
	memcpy(to->ports, from->ports, from->n_ports * sizeof(to->ports[0]));
	if (from->n_endpoints > 0)
		memcpy(to->endpoints, from->endpoints,
			from->n_endpoints * sizeof(to->endpoints[0]));
	return 0;
}

/* ---- VIP addresses ---- */

static struct vip *vip_find(const struct pw_ctl *ctl, uint32_t ip_be)
{
	struct vip *vip;

	LIST_FOREACH (vip, &ctl->services->vips, link) {
		if (vip->ip_be == ip_be)
			return vip;
	}
	return NULL;
}

static int vip_get(struct pw_ctl *ctl, uint32_t ip_be)
{
	const struct pw_prefix prefix = {.ip = pw_ip_from_v4(ip_be), .len = 32};
	struct vip *vip = vip_find(ctl, ip_be);
	int rc;

	if (vip != NULL) {
		vip->refs++;
		return 0;
	}
	vip = calloc(1, sizeof(*vip));
	if (vip == NULL)
		return -ENOMEM;
	rc = ctl_route_service_add(ctl, &prefix, true);
	if (rc != 0) {
		free(vip);
		return rc;
	}
	vip->ip_be = ip_be;
	vip->refs = 1;
	LIST_INSERT_HEAD(&ctl->services->vips, vip, link);
	return 0;
}

static void vip_put(struct pw_ctl *ctl, uint32_t ip_be)
{
	const struct pw_prefix prefix = {.ip = pw_ip_from_v4(ip_be), .len = 32};
	struct vip *vip = vip_find(ctl, ip_be);

	if (vip == NULL || --vip->refs > 0)
		return;
	(void)ctl_route_service_del(ctl, &prefix);
	LIST_REMOVE(vip, link);
	free(vip);
}

/* ---- entries of the NAT ---- */

static bool first_v4(const struct pw_conf_service *spec, uint32_t *vip_be)
{
	for (uint32_t i = 0; i < spec->cluster_ips.n; i++) {
		if (spec->cluster_ips.v[i].ip.family == PW_IPV4) {
			*vip_be = spec->cluster_ips.v[i].ip.v4_be;
			return true;
		}
	}
	return false;
}

static int put_port(struct pw_ctl *ctl, const struct pw_conf_service *spec, uint32_t vip_be,
	const struct pw_conf_service_port *port, uint32_t *id)
{
	struct pw_nat_endpoint *eps = calloc(spec->n_endpoints + 1, sizeof(*eps));
	struct pw_nat_service svc = {.vip_be = vip_be,
		.port_be = rte_cpu_to_be_16(port->port),
		.proto = (uint8_t)port->protocol,
		.endpoints = eps,
		.affinity_sec = spec->affinity_sec,
		.algorithm = spec->algorithm == PW_CONF_MAGLEV ? PW_NAT_MAGLEV : PW_NAT_RANDOM};
	int rc;

	if (eps == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < spec->n_endpoints; i++) {
		if (spec->endpoints[i].family == PW_IPV4)
			eps[svc.n_endpoints++] =
				(struct pw_nat_endpoint){.ip_be = spec->endpoints[i].v4_be,
					.port_be = rte_cpu_to_be_16(port->target_port)};
	}
	rc = pw_nat_service_set(ctl->nat, &svc, id);
	free(eps);
	return rc;
}

static void remove_ports(
	struct pw_ctl *ctl, const struct pw_conf_service *spec, uint32_t vip_be, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		(void)pw_nat_service_del(ctl->nat, vip_be, rte_cpu_to_be_16(spec->ports[i].port),
			(uint8_t)spec->ports[i].protocol);
		vip_put(ctl, vip_be);
	}
}

/* ids: one a port, filled. */
static int put_all(
	struct pw_ctl *ctl, const struct pw_conf_service *spec, uint32_t *ids, struct pw_err *err)
{
	uint32_t vip_be, i;
	int rc = 0;

	if (!first_v4(spec, &vip_be))
		return 0; /* IPv6 passes at the bridge only */
	for (i = 0; i < spec->n_ports; i++) {
		rc = vip_get(ctl, vip_be);
		if (rc != 0)
			break;
		rc = put_port(ctl, spec, vip_be, &spec->ports[i], &ids[i]);
		if (rc != 0) {
			vip_put(ctl, vip_be);
			break;
		}
	}
	if (rc == 0)
		return 0;
	remove_ports(ctl, spec, vip_be, i);
	return pw_err_set(err, rc, "service %s: %s", spec->name,
		rc == -ENOSPC ? "no room: raise limits.services or limits.endpoints"
			      : strerror(-rc));
}

static void take_out(struct pw_ctl *ctl, const struct pw_conf_service *spec)
{
	uint32_t vip_be;

	if (first_v4(spec, &vip_be))
		remove_ports(ctl, spec, vip_be, spec->n_ports);
}

/* ---- checks that need what the daemon has ---- */

static bool same_port(const struct pw_conf_service *a, const struct pw_conf_service *b)
{
	for (uint32_t i = 0; i < a->n_ports; i++) {
		for (uint32_t j = 0; j < b->n_ports; j++) {
			if (a->ports[i].port == b->ports[j].port &&
				a->ports[i].protocol == b->ports[j].protocol)
				return true;
		}
	}
	return false;
}

static int check_vip(
	struct pw_ctl *ctl, const struct pw_conf_service *spec, uint32_t vip_be, struct pw_err *err)
{
	const struct pw_conf_prefixes *cidrs = &ctl->conf->service_cidrs;
	const struct pw_ip vip = pw_ip_from_v4(vip_be);
	bool has_v4 = false, inside = false;
	char text[PW_IP_STRLEN];
	struct service *other;
	uint32_t other_vip;

	pw_ip_format(&vip, text);
	for (uint32_t i = 0; i < cidrs->n; i++) {
		has_v4 |= cidrs->v[i].ip.family == PW_IPV4;
		inside |= pw_prefix_contains(&cidrs->v[i], &vip);
	}
	if (has_v4 && !inside)
		return pw_err_set(err, -EINVAL,
			"service %s: cluster_ip %s is outside the service CIDR", spec->name, text);
	if (ctl_known_find(ctl, vip_be) != NULL || ctl_local_is_ours(ctl, vip_be))
		return pw_err_set(err, -EINVAL,
			"service %s: cluster_ip %s is an address of this node or of a pod",
			spec->name, text);
	TAILQ_FOREACH (other, &ctl->services->list, link) {
		if (strcmp(other->spec.name, spec->name) != 0 &&
			first_v4(&other->spec, &other_vip) && other_vip == vip_be &&
			same_port(spec, &other->spec))
			return pw_err_set(err, -EEXIST,
				"service %s: cluster_ip %s has that port and protocol already in "
				"service %s",
				spec->name, text, other->spec.name);
	}
	return 0;
}

static struct service *add_entry(
	struct pw_ctl *ctl, const struct pw_conf_service *spec, enum service_origin origin)
{
	struct service *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->ids = calloc(spec->n_ports + 1, sizeof(s->ids[0]));
	if (s->ids == NULL || copy_spec(&s->spec, spec) != 0) {
		free(s->ids);
		free(s);
		return NULL;
	}
	s->origin = origin;
	TAILQ_INSERT_TAIL(&ctl->services->list, s, link);
	ctl->services->count++;
	return s;
}

static void drop_entry(struct pw_ctl *ctl, struct service *s)
{
	TAILQ_REMOVE(&ctl->services->list, s, link);
	ctl->services->count--;
	service_spec_free(&s->spec);
	free(s->ids);
	free(s);
}

/* Ports of the old object that the new one does not have any more. */
static void remove_stale(
	struct pw_ctl *ctl, const struct pw_conf_service *old, const struct pw_conf_service *now)
{
	uint32_t old_vip, now_vip = 0;

	if (!first_v4(old, &old_vip))
		return;
	(void)first_v4(now, &now_vip);
	for (uint32_t i = 0; i < old->n_ports; i++) {
		struct pw_conf_service one = *old;

		one.ports = &old->ports[i];
		one.n_ports = 1;
		if (old_vip != now_vip || !same_port(&one, now))
			(void)pw_nat_service_del(ctl->nat, old_vip,
				rte_cpu_to_be_16(old->ports[i].port),
				(uint8_t)old->ports[i].protocol);
		vip_put(ctl, old_vip); /* the new object holds its own */
	}
}

/* The new object is put over the old one, port by port each atomically, then what is left of the
 * old one goes: no lookup ever finds nothing in between (SVC-21). */
static int replace_entry(struct pw_ctl *ctl, struct service *s, const struct pw_conf_service *spec,
	struct pw_err *err)
{
	uint32_t *ids = calloc(spec->n_ports + 1, sizeof(ids[0]));
	struct pw_conf_service copy;
	int rc;

	if (ids == NULL || copy_spec(&copy, spec) != 0) {
		free(ids);
		return pw_err_set(err, -ENOMEM, "out of memory");
	}
	rc = put_all(ctl, spec, ids, err);
	if (rc != 0) {
		(void)put_all(
			ctl, &s->spec, s->ids, NULL); /* as it was; VIPs are referenced twice now */
		remove_stale(ctl, &s->spec, &s->spec);
		service_spec_free(&copy);
		free(ids);
		return rc;
	}
	remove_stale(ctl, &s->spec, spec);
	service_spec_free(&s->spec);
	free(s->ids);
	s->spec = copy;
	s->ids = ids;
	return 0;
}

int service_set(struct pw_ctl *ctl, const struct pw_conf_service *spec, enum service_origin origin,
	bool replace, struct pw_err *err)
{
	struct service *s = service_find(ctl, spec->name);
	uint32_t vip_be;
	int rc = 0;

	if (s != NULL && !replace)
		return pw_err_set(err, -EEXIST, "service %s is there already", spec->name);
	if (s != NULL && s->origin != origin)
		return pw_err_set(
			err, -EEXIST, "service %s belongs to the configuration file", spec->name);
	if (first_v4(spec, &vip_be))
		rc = check_vip(ctl, spec, vip_be, err);
	if (rc != 0)
		return rc;
	if (s != NULL)
		return replace_entry(ctl, s, spec, err);
	s = add_entry(ctl, spec, origin);
	if (s == NULL)
		return pw_err_set(err, -ENOMEM, "out of memory");
	rc = put_all(ctl, spec, s->ids, err);
	if (rc != 0)
		drop_entry(ctl, s);
	return rc;
}

void service_remove(struct pw_ctl *ctl, struct service *service)
{
	take_out(ctl, &service->spec);
	drop_entry(ctl, service);
}

int ctl_service_config(
	struct pw_ctl *ctl, const struct pw_conf_service *service, struct pw_err *err)
{
	return service_set(ctl, service, SERVICE_CONFIG, false, err);
}

/* ---- the module ---- */

/* What hairpin flows are masqueraded to: the node's address, else the first gateway, else that of
 * routed pods. */
static uint32_t snat_address(const struct pw_ctl *ctl)
{
	const struct pw_conf_prefixes *addrs = &ctl->conf->node.addresses;
	struct pw_ip routed;

	for (uint32_t i = 0; i < addrs->n; i++) {
		if (addrs->v[i].ip.family == PW_IPV4)
			return addrs->v[i].ip.v4_be;
	}
	for (uint32_t b = 0; b < ctl->conf->n_bridges; b++) {
		addrs = &ctl->conf->bridges[b].gateways;
		for (uint32_t i = 0; i < addrs->n; i++) {
			if (addrs->v[i].ip.family == PW_IPV4)
				return addrs->v[i].ip.v4_be;
		}
	}
	(void)pw_ip_parse(CTL_ROUTED_GATEWAY, &routed);
	return ctl->conf->pods.mode == PW_CONF_POD_ROUTED ? routed.v4_be : 0;
}

static int init(struct pw_ctl *ctl, struct pw_err *err)
{
	const struct pw_conf_prefixes *cidrs = &ctl->conf->service_cidrs;
	struct ctl_services *svcs = calloc(1, sizeof(*svcs));
	int rc = -ENOMEM;

	if (svcs == NULL)
		return pw_err_set(err, -ENOMEM, "services: out of memory");
	TAILQ_INIT(&svcs->list);
	ctl->services = svcs;
	for (uint32_t i = 0; i < cidrs->n; i++) {
		if (cidrs->v[i].ip.family != PW_IPV4)
			continue;
		rc = ctl_route_service_add(ctl, &cidrs->v[i], false);
		if (rc != 0)
			goto err_free;
		svcs->cidrs[svcs->n_cidrs++] = cidrs->v[i];
	}
	rc = pw_nat_set_service_cidrs(ctl->nat, svcs->cidrs, svcs->n_cidrs);
	if (rc != 0)
		goto err_free;
	pw_nat_set_snat_address(ctl->nat, snat_address(ctl));
	rc = pw_nat_set_snat_ports(ctl->nat, (uint16_t)ctl->conf->snat.first_port,
		(uint16_t)ctl->conf->snat.last_port);
	if (rc != 0)
		goto err_free;
	ctl_reserve_ports(ctl->conf->snat.first_port, ctl->conf->snat.last_port);
	return 0;

err_free:
	free(svcs);
	ctl->services = NULL;
	return pw_err_set(err, rc, "service CIDR: %s", strerror(-rc));
}

/* NAT and routes end with their tables. */
static void fini(struct pw_ctl *ctl)
{
	struct service *s;
	struct vip *vip;

	while ((s = TAILQ_FIRST(&ctl->services->list)) != NULL)
		drop_entry(ctl, s);
	while ((vip = LIST_FIRST(&ctl->services->vips)) != NULL) {
		LIST_REMOVE(vip, link);
		free(vip);
	}
	free(ctl->services);
	ctl->services = NULL;
}

const struct ctl_module ctl_module_service = {
	.name = "service", .init = init, .fini = fini, .methods = service_methods};
