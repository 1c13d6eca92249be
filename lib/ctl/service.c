/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * service.c - Services by name (service.h): what people and the configuration say, as (VIP,
 * protocol, port) entries of the NAT and routes of their addresses.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "local.h"
#include "nat.h"
#include "port_reg.h"
#include "reserve.h"
#include "route.h"
#include "service_priv.h"

static uint32_t bucket_of(const void *key, size_t len)
{
	const uint8_t *bytes = key;
	uint32_t hash = 2166136261; /* FNV-1a */

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ bytes[i]) * 16777619;
	return (hash ^ hash >> 16) % SERVICE_BUCKETS;
}

static struct service_bucket *name_bucket(const struct pw_ctl *ctl, const char *name)
{
	return &ctl->services->by_name[bucket_of(name, strlen(name))];
}

struct service *service_find(const struct pw_ctl *ctl, const char *name)
{
	struct service *s;

	LIST_FOREACH (s, name_bucket(ctl, name), named) {
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

static struct vip_list *vip_bucket(const struct pw_ctl *ctl, const struct pw_ip *ip)
{
	return &ctl->services->vips[bucket_of(ip->b, pw_ip_bits(ip) / 8)];
}

static struct vip *vip_find(const struct pw_ctl *ctl, const struct pw_ip *ip)
{
	struct vip *vip;

	LIST_FOREACH (vip, vip_bucket(ctl, ip), link) {
		if (pw_ip_equal(&vip->ip, ip))
			return vip;
	}
	return NULL;
}

static int vip_get(struct pw_ctl *ctl, const struct pw_ip *ip)
{
	const struct pw_prefix prefix = {.ip = *ip, .len = pw_ip_bits(ip)};
	struct vip *vip = vip_find(ctl, ip);
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
	vip->ip = *ip;
	vip->refs = 1;
	LIST_INSERT_HEAD(vip_bucket(ctl, ip), vip, link);
	return 0;
}

static void vip_put(struct pw_ctl *ctl, const struct pw_ip *ip)
{
	const struct pw_prefix prefix = {.ip = *ip, .len = pw_ip_bits(ip)};
	struct vip *vip = vip_find(ctl, ip);

	if (vip == NULL || --vip->refs > 0)
		return;
	(void)ctl_route_service_del(ctl, &prefix);
	LIST_REMOVE(vip, link);
	free(vip);
}

/* ---- entries of the NAT ---- */

/* The entry of pair n: Services have one for each (cluster IP, port). */
static const struct pw_ip *pair_vip(const struct pw_conf_service *spec, uint32_t n)
{
	return &spec->cluster_ips.v[n / spec->n_ports].ip;
}

static const struct pw_conf_service_port *pair_port(const struct pw_conf_service *spec, uint32_t n)
{
	return &spec->ports[n % spec->n_ports];
}

static int put_pair(
	struct pw_ctl *ctl, const struct pw_conf_service *spec, uint32_t n, uint32_t *id)
{
	const struct pw_conf_service_port *port = pair_port(spec, n);
	const struct ctl_nat_service svc = {.vip = *pair_vip(spec, n),
		.port = port->port,
		.target_port = port->target_port,
		.proto = (uint8_t)port->protocol,
		.endpoints = spec->endpoints,
		.n_endpoints = spec->n_endpoints,
		.affinity_sec = spec->affinity_sec,
		.algorithm = spec->algorithm == PW_CONF_MAGLEV ? PW_NAT_MAGLEV : PW_NAT_RANDOM};
	int rc = vip_get(ctl, &svc.vip);

	if (rc != 0)
		return rc;
	rc = ctl_nat_service_set(ctl, &svc, id);
	if (rc != 0)
		vip_put(ctl, &svc.vip);
	return rc;
}

static void remove_pairs(struct pw_ctl *ctl, const struct pw_conf_service *spec, uint32_t n)
{
	while (n-- > 0) {
		const struct pw_conf_service_port *port = pair_port(spec, n);

		(void)ctl_nat_service_del(
			ctl, pair_vip(spec, n), port->port, (uint8_t)port->protocol);
		vip_put(ctl, pair_vip(spec, n));
	}
}

/* ids: one a pair, filled. */
static int put_all(
	struct pw_ctl *ctl, const struct pw_conf_service *spec, uint32_t *ids, struct pw_err *err)
{
	uint32_t n;
	int rc = 0;

	for (n = 0; n < service_n_pairs(spec); n++) {
		rc = put_pair(ctl, spec, n, &ids[n]);
		if (rc != 0)
			break;
	}
	if (rc == 0)
		return 0;
	remove_pairs(ctl, spec, n);
	return pw_err_set(err, rc, "service %s: %s", spec->name,
		rc == -ENOSPC ? "no room: raise limits.services or limits.endpoints"
		: rc == -EAFNOSUPPORT
			? "there are no Services over IPv6 here: limits.flows_ipv6 is 0"
			: strerror(-rc));
}

static void take_out(struct pw_ctl *ctl, const struct pw_conf_service *spec)
{
	remove_pairs(ctl, spec, service_n_pairs(spec));
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

static bool has_vip(const struct pw_conf_service *spec, const struct pw_ip *vip)
{
	for (uint32_t i = 0; i < spec->cluster_ips.n; i++) {
		if (pw_ip_equal(&spec->cluster_ips.v[i].ip, vip))
			return true;
	}
	return false;
}

/* No other Service than that of this name has the address: none has its ports. */
static bool vip_is_own(const struct pw_ctl *ctl, const struct pw_ip *ip, const char *name)
{
	const struct vip *vip = vip_find(ctl, ip);
	const struct service *own = service_find(ctl, name);

	return vip == NULL ||
	       (own != NULL && has_vip(&own->spec, ip) && vip->refs == own->spec.n_ports);
}

static int check_vip(struct pw_ctl *ctl, const struct pw_conf_service *spec,
	const struct pw_ip *vip, struct pw_err *err)
{
	const struct pw_conf_prefixes *cidrs = &ctl->conf->service_cidrs;
	bool has_cidr = false, inside = false;
	char text[PW_IP_STRLEN];
	struct service *other;

	pw_ip_format(vip, text);
	for (uint32_t i = 0; i < cidrs->n; i++) {
		has_cidr |= cidrs->v[i].ip.family == vip->family;
		inside |= pw_prefix_contains(&cidrs->v[i], vip);
	}
	if (has_cidr && !inside)
		return pw_err_set(err, -EINVAL,
			"service %s: cluster_ip %s is outside the service CIDR", spec->name, text);
	if (ctl_known_find(ctl, vip) != NULL || ctl_local_is_ours(ctl, vip))
		return pw_err_set(err, -EINVAL,
			"service %s: cluster_ip %s is an address of this node or of a pod",
			spec->name, text);
	if (vip_is_own(ctl, vip, spec->name))
		return 0;
	TAILQ_FOREACH (other, &ctl->services->list, link) {
		if (strcmp(other->spec.name, spec->name) != 0 && has_vip(&other->spec, vip) &&
			same_port(spec, &other->spec))
			return pw_err_set(err, -EEXIST,
				"service %s: cluster_ip %s has that port and protocol already in "
				"service %s",
				spec->name, text, other->spec.name);
	}
	return 0;
}

static int check_vips(struct pw_ctl *ctl, const struct pw_conf_service *spec, struct pw_err *err)
{
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < spec->cluster_ips.n; i++)
		rc = check_vip(ctl, spec, &spec->cluster_ips.v[i].ip, err);
	return rc;
}

static struct service *add_entry(
	struct pw_ctl *ctl, const struct pw_conf_service *spec, enum service_origin origin)
{
	struct service *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->ids = calloc(service_n_pairs(spec) + 1, sizeof(s->ids[0]));
	if (s->ids == NULL || copy_spec(&s->spec, spec) != 0) {
		free(s->ids);
		free(s);
		return NULL;
	}
	s->origin = origin;
	TAILQ_INSERT_TAIL(&ctl->services->list, s, link);
	LIST_INSERT_HEAD(name_bucket(ctl, s->spec.name), s, named);
	ctl->services->count++;
	return s;
}

static void drop_entry(struct pw_ctl *ctl, struct service *s)
{
	TAILQ_REMOVE(&ctl->services->list, s, link);
	LIST_REMOVE(s, named);
	ctl->services->count--;
	service_spec_free(&s->spec);
	free(s->ids);
	free(s);
}

/* Pairs of the old object that the new one does not have any more. */
static void remove_stale(
	struct pw_ctl *ctl, const struct pw_conf_service *old, const struct pw_conf_service *now)
{
	for (uint32_t n = 0; n < service_n_pairs(old); n++) {
		const struct pw_conf_service_port *port = pair_port(old, n);
		struct pw_conf_service one = *old;

		one.ports = &old->ports[n % old->n_ports];
		one.n_ports = 1;
		if (!has_vip(now, pair_vip(old, n)) || !same_port(&one, now))
			(void)ctl_nat_service_del(
				ctl, pair_vip(old, n), port->port, (uint8_t)port->protocol);
		vip_put(ctl, pair_vip(old, n)); /* the new object holds its own */
	}
}

/* The new object is put over the old one, port by port each atomically, then what is left of the
 * old one goes: no lookup ever finds nothing in between (SVC-21). */
static int replace_entry(struct pw_ctl *ctl, struct service *s, const struct pw_conf_service *spec,
	struct pw_err *err)
{
	uint32_t *ids = calloc(service_n_pairs(spec) + 1, sizeof(ids[0]));
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
	int rc;

	if (s != NULL && !replace)
		return pw_err_set(err, -EEXIST, "service %s is there already", spec->name);
	if (s != NULL && s->origin != origin)
		return pw_err_set(
			err, -EEXIST, "service %s belongs to the configuration file", spec->name);
	rc = check_vips(ctl, spec, err);
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

static const struct pw_ip *first_of(const struct pw_conf_prefixes *list, uint8_t family)
{
	for (uint32_t i = 0; i < list->n; i++) {
		if (list->v[i].ip.family == family)
			return &list->v[i].ip;
	}
	return NULL;
}

/* What hairpin flows are masqueraded to: the node's address, else the first gateway, else that of
 * routed pods. */
static struct pw_ip snat_address(const struct pw_ctl *ctl, uint8_t family)
{
	const struct pw_ip *ip = first_of(&ctl->conf->node.addresses, family);
	struct pw_ip routed = {0};

	for (uint32_t b = 0; ip == NULL && b < ctl->conf->n_bridges; b++)
		ip = first_of(&ctl->conf->bridges[b].gateways, family);
	if (ip == NULL && ctl->conf->pods.mode == PW_CONF_POD_ROUTED)
		(void)pw_ip_parse(ctl_routed_gateway(family), &routed);
	return ip != NULL ? *ip : routed;
}

static int set_nat_addresses(struct pw_ctl *ctl)
{
	static const uint8_t families[] = {PW_IPV4, PW_IPV6};
	int rc = ctl_nat_set_service_cidrs(ctl, &ctl->conf->service_cidrs);

	for (size_t i = 0; i < PW_ARRAY_SIZE(families); i++) {
		const struct pw_ip ip = snat_address(ctl, families[i]);

		ctl_nat_set_snat_address(ctl, families[i], &ip);
	}
	if (rc == 0)
		rc = ctl_nat_set_snat_ports(ctl, (uint16_t)ctl->conf->snat.first_port,
			(uint16_t)ctl->conf->snat.last_port);
	return rc;
}

static int init(struct pw_ctl *ctl, struct pw_err *err)
{
	const struct pw_conf_prefixes *cidrs = &ctl->conf->service_cidrs;
	struct ctl_services *svcs = calloc(1, sizeof(*svcs));
	int rc = 0;

	if (svcs == NULL)
		return pw_err_set(err, -ENOMEM, "services: out of memory");
	TAILQ_INIT(&svcs->list);
	ctl->services = svcs;
	for (uint32_t i = 0; rc == 0 && i < cidrs->n; i++)
		rc = ctl_route_service_add(ctl, &cidrs->v[i], false);
	if (rc == 0)
		rc = set_nat_addresses(ctl);
	if (rc != 0) {
		free(svcs);
		ctl->services = NULL;
		return pw_err_set(err, rc, "service CIDR: %s", strerror(-rc));
	}
	ctl_reserve_ports(ctl->conf->snat.first_port, ctl->conf->snat.last_port);
	return 0;
}

/* NAT and routes end with their tables. */
static void fini(struct pw_ctl *ctl)
{
	struct service *s;
	struct vip *vip;

	while ((s = TAILQ_FIRST(&ctl->services->list)) != NULL)
		drop_entry(ctl, s);
	for (unsigned i = 0; i < SERVICE_BUCKETS; i++) {
		while ((vip = LIST_FIRST(&ctl->services->vips[i])) != NULL) {
			LIST_REMOVE(vip, link);
			free(vip);
		}
	}
	free(ctl->services);
	ctl->services = NULL;
}

const struct ctl_module ctl_module_service = {
	.name = "service", .init = init, .fini = fini, .methods = service_methods};
