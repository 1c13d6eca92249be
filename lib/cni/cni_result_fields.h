/* SPDX-License-Identifier: BSD-3-Clause */
/* cni_result_fields.h - the numbers of a route that came with 1.1.0; order of pw_cni_route.has. */
#ifndef CNI_RESULT_FIELDS_H
#define CNI_RESULT_FIELDS_H

#include <stddef.h>

#include "pw_cni_result.h"

static const struct {
	const char *key;
	size_t offset;
} cni_route_fields[] = {
	{"mtu", offsetof(struct pw_cni_route, mtu)},
	{"advmss", offsetof(struct pw_cni_route, advmss)},
	{"priority", offsetof(struct pw_cni_route, priority)},
	{"table", offsetof(struct pw_cni_route, table)},
	{"scope", offsetof(struct pw_cni_route, scope)},
};

static inline uint32_t *cni_route_field(struct pw_cni_route *route, unsigned i)
{
	return (uint32_t *)(void *)((char *)route + cni_route_fields[i].offset);
}

#endif
