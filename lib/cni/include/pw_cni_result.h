/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_cni_result.h - the result of ADD: read from a runtime or an IPAM plugin, written for one.
 *
 * One model, that of version 1.1.0; older versions are converted when read and when written.
 * Threads:  the caller owns the struct.
 * Lifetime: zero it, fill it by pw_cni_result_parse or the adders, end with pw_cni_result_clear.
 * Errors:   -EPROTO with code 7 (bad value, or more than the limits below), 999 (out of memory).
 */
#ifndef PW_CNI_RESULT_H
#define PW_CNI_RESULT_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "pw_addr.h"
#include "pw_cni_error.h"
#include "pw_cni_version.h"

#define PW_CNI_MAX_INTERFACES 32
#define PW_CNI_MAX_ADDRESSES  32
#define PW_CNI_MAX_ROUTES     256

struct pw_cni_interface { /* strings: NULL if absent */
	char *name;
	char *mac;
	uint32_t mtu; /* 0: absent */
	char *sandbox;
	char *socket_path;
	char *pci_id;
};

struct pw_cni_address {
	struct pw_prefix address;
	struct pw_ip gateway; /* PW_FAMILY_NONE: absent */
	int interface;        /* index into interfaces, -1: absent */
};

struct pw_cni_route {
	struct pw_prefix dst;
	struct pw_ip gw; /* PW_FAMILY_NONE: absent */
	/* From 1.1.0 on; absent if the bit below is not set (0 is a value for some of them). */
	uint32_t mtu, advmss, priority, table, scope;
	unsigned has; /* 1 << index in this order */
};

struct pw_cni_result {
	struct pw_cni_interface interfaces[PW_CNI_MAX_INTERFACES];
	struct pw_cni_address ips[PW_CNI_MAX_ADDRESSES];
	struct pw_cni_route routes[PW_CNI_MAX_ROUTES];
	unsigned n_interfaces, n_ips, n_routes;
	json_t *dns; /* NULL: absent; owned */
};

/* Any version, "ip4"/"ip6" of 0.2.0 too. `what` opens the messages ("prevResult"). On error the
 * struct is clear. */
int pw_cni_result_parse(struct pw_cni_result *result, const json_t *json, const char *what,
	struct pw_cni_error *error);
void pw_cni_result_clear(struct pw_cni_result *result);

/* Each returns the index, or -EPROTO. The interface's strings are copied. */
int pw_cni_result_add_interface(struct pw_cni_result *result, const struct pw_cni_interface *copy,
	struct pw_cni_error *error);
int pw_cni_result_add_ip(
	struct pw_cni_result *result, const struct pw_cni_address *ip, struct pw_cni_error *error);
int pw_cni_result_add_route(
	struct pw_cni_result *result, const struct pw_cni_route *route, struct pw_cni_error *error);

/* Index of the interface of that name inside a sandbox, -1 if there is none. */
int pw_cni_result_find(const struct pw_cni_result *result, const char *ifname);

/* The answers. New references; NULL with *error filled. */
json_t *pw_cni_result_emit(const struct pw_cni_result *result, enum pw_cni_version version,
	struct pw_cni_error *error);
json_t *pw_cni_error_emit(const struct pw_cni_error *error, enum pw_cni_version version);
json_t *pw_cni_version_emit(void);

#endif
