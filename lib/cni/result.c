/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pw_cni_result.h"

static void interface_free(struct pw_cni_interface *i)
{
	free(i->name);
	free(i->mac);
	free(i->sandbox);
	free(i->socket_path);
	free(i->pci_id);
}

void pw_cni_result_clear(struct pw_cni_result *result)
{
	for (unsigned i = 0; i < result->n_interfaces; i++)
		interface_free(&result->interfaces[i]);
	json_decref(result->dns);
	*result = (struct pw_cni_result){0};
}

static char *copy_text(const char *text, bool *failed)
{
	char *copy = text != NULL ? strdup(text) : NULL;

	*failed |= text != NULL && copy == NULL;
	return copy;
}

int pw_cni_result_add_interface(struct pw_cni_result *result, const struct pw_cni_interface *copy,
	struct pw_cni_error *error)
{
	struct pw_cni_interface *i = &result->interfaces[result->n_interfaces];
	bool failed = false;

	if (result->n_interfaces == PW_CNI_MAX_INTERFACES)
		return pw_cni_fail(error, PW_CNI_E_CONFIG, "result: more than %d interfaces",
			PW_CNI_MAX_INTERFACES);
	*i = (struct pw_cni_interface){
		.name = copy_text(copy->name, &failed),
		.mac = copy_text(copy->mac, &failed),
		.mtu = copy->mtu,
		.sandbox = copy_text(copy->sandbox, &failed),
		.socket_path = copy_text(copy->socket_path, &failed),
		.pci_id = copy_text(copy->pci_id, &failed),
	};
	if (failed) {
		interface_free(i);
		return pw_cni_fail(error, PW_CNI_E_INTERNAL, "out of memory");
	}
	return (int)result->n_interfaces++;
}

int pw_cni_result_add_ip(
	struct pw_cni_result *result, const struct pw_cni_address *ip, struct pw_cni_error *error)
{
	if (result->n_ips == PW_CNI_MAX_ADDRESSES)
		return pw_cni_fail(error, PW_CNI_E_CONFIG, "result: more than %d addresses",
			PW_CNI_MAX_ADDRESSES);
	result->ips[result->n_ips] = *ip;
	return (int)result->n_ips++;
}

int pw_cni_result_add_route(
	struct pw_cni_result *result, const struct pw_cni_route *route, struct pw_cni_error *error)
{
	if (result->n_routes == PW_CNI_MAX_ROUTES)
		return pw_cni_fail(
			error, PW_CNI_E_CONFIG, "result: more than %d routes", PW_CNI_MAX_ROUTES);
	result->routes[result->n_routes] = *route;
	return (int)result->n_routes++;
}

int pw_cni_result_find(const struct pw_cni_result *result, const char *ifname)
{
	for (unsigned i = 0; i < result->n_interfaces; i++) {
		const struct pw_cni_interface *one = &result->interfaces[i];

		if (one->sandbox != NULL && one->name != NULL && strcmp(one->name, ifname) == 0)
			return (int)i;
	}
	return -1;
}
