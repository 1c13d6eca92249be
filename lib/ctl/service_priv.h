/* SPDX-License-Identifier: BSD-3-Clause */
/* service_priv.h - what service.c and service_methods.c share. */
#ifndef CTL_SERVICE_PRIV_H
#define CTL_SERVICE_PRIV_H

#include <sys/queue.h>

#include "service.h"

enum service_origin {
	SERVICE_CONFIG,
	SERVICE_CTL
};

struct service {
	TAILQ_ENTRY(service) link;
	LIST_ENTRY(service) named; /* others whose names hash alike */
	enum service_origin origin;
	struct pw_conf_service spec; /* owned: name, ports, endpoints */
	uint32_t *ids; /* of the NAT, service_n_pairs(): all ports of the first cluster IP, .. */
};

TAILQ_HEAD(service_list, service);
LIST_HEAD(service_bucket, service);

struct vip { /* an address of Services, while it has any */
	LIST_ENTRY(vip) link;
	struct pw_ip ip;
	uint32_t refs; /* (service, port) pairs */
};

LIST_HEAD(vip_list, vip);

#define SERVICE_BUCKETS 4096 /* a power of 2 */

struct ctl_services {
	struct service_list list; /* in the order they came */
	struct service_bucket by_name[SERVICE_BUCKETS];
	struct vip_list vips[SERVICE_BUCKETS]; /* by address */
	uint32_t count;
};

/* (cluster IP, port) pairs. */
static inline uint32_t service_n_pairs(const struct pw_conf_service *spec)
{
	return spec->cluster_ips.n * spec->n_ports;
}

struct service *service_find(const struct pw_ctl *ctl, const char *name);
/* All of it or nothing. replace: of the same name and origin. Takes a copy of spec. */
int service_set(struct pw_ctl *ctl, const struct pw_conf_service *spec, enum service_origin origin,
	bool replace, struct pw_err *err);
void service_remove(struct pw_ctl *ctl, struct service *service);
void service_spec_free(struct pw_conf_service *spec);

extern const struct pw_ipc_method service_methods[];
/* From the JSON of services.add or of the state folder; out is to be freed in any case. */
int service_decode(
	const json_t *json, struct pw_conf_service *out, bool *replace, struct pw_err *err);

#endif
