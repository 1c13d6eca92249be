/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * harness.h - a control plane without EAL: a configuration, bridges, the modules that need no
 * workers, and a state folder of its own that goes with it.
 */
#ifndef TEST_CTL_HARNESS_H
#define TEST_CTL_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bridge.h"
#include "ctl.h"
#include "pod_priv.h"
#include "port_reg.h"
#include "route.h"

struct harness {
	char dir[64];
	struct pw_conf *conf;
	struct pw_ctl ctl;
	struct pw_qsbr *qsbr;
	char log[4096]; /* all lines since the start */
};

static inline void harness_log(void *arg, enum pw_log_level level, const char *line)
{
	struct harness *h = arg;
	size_t len = strlen(h->log);

	snprintf(h->log + len, sizeof(h->log) - len, "%s\n", line);
}

static inline int harness_unlink(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static inline struct pw_conf *harness_conf(const char *yaml)
{
	struct pw_conf_errors errors = {0};
	struct pw_conf *conf = pw_conf_parse("test.yaml", yaml, strlen(yaml), &errors);

	for (uint32_t i = 0; i < errors.n; i++)
		print_error("%s\n", errors.v[i]);
	pw_conf_errors_free(&errors);
	assert_non_null(conf);
	return conf;
}

static inline void harness_add_bridges(struct harness *h)
{
	struct pw_ctl *ctl = &h->ctl;

	ctl->bridges = calloc(h->conf->n_bridges + 1, sizeof(ctl->bridges[0]));
	assert_non_null(ctl->bridges);
	for (uint32_t i = 0; i < h->conf->n_bridges; i++) {
		struct ctl_bridge *bridge = &ctl->bridges[i];

		bridge->conf = &h->conf->bridges[i];
		bridge->id = (uint16_t)i;
		if (bridge->conf->gateways.n > 0)
			bridge->router_mac48 = ctl_derived_mac48(ctl, bridge->conf->name);
	}
	ctl->n_bridges = h->conf->n_bridges;
}

static inline void harness_open(struct harness *h, const char *yaml)
{
	struct pw_err err = {0};
	char dir[96];

	memset(h, 0, sizeof(*h));
	strcpy(h->dir, "/tmp/podway-test-XXXXXX");
	assert_non_null(mkdtemp(h->dir));
	pw_log_set_sink(harness_log, h);
	h->conf = harness_conf(yaml);
	h->ctl.conf = h->conf;
	h->ctl.clock = pw_clock_boot();
	h->ctl.base = event_base_new();
	h->ctl.qsbr = pw_qsbr_create(pw_alloc_heap(), 1);
	h->ctl.limbo = pw_limbo_create(h->ctl.qsbr);
	h->ctl.lpm4 = pw_lpm4_create(pw_alloc_heap(), h->ctl.limbo, 64);
	h->ctl.adj = pw_adj_table_create(pw_alloc_heap(), h->ctl.limbo, 64);
	h->ctl.lpm6 = pw_lpm6_create(pw_alloc_heap(), h->ctl.limbo, 64);
	h->ctl.rib = pw_rib_create(h->ctl.lpm4, h->ctl.lpm6, 64);
	h->ctl.fdb = pw_fdb_create(pw_alloc_heap(), h->ctl.limbo, 64);
	assert_int_equal(ctl_module_route.init(&h->ctl, &err), 0);
	harness_add_bridges(h);
	assert_int_equal(ctl_module_port.init(&h->ctl, &err), 0);
	h->ctl.pods = calloc(1, sizeof(*h->ctl.pods));
	assert_non_null(h->ctl.pods);
	LIST_INIT(&h->ctl.pods->list);
	h->ctl.pods->dir = strdup(h->dir);
	snprintf(dir, sizeof(dir), "%s/ipam", h->dir);
	h->ctl.ipam = pw_ipam_pool_create(dir, NULL, &err);
	assert_non_null(h->ctl.ipam);
}

static inline void harness_close(struct harness *h)
{
	struct ctl_pod *pod;

	while ((pod = LIST_FIRST(&h->ctl.pods->list)) != NULL)
		pod_destroy(pod);
	pw_ipam_pool_destroy(h->ctl.ipam);
	free(h->ctl.pods->dir);
	free(h->ctl.pods);
	ctl_module_port.fini(&h->ctl);
	free(h->ctl.bridges);
	ctl_module_route.fini(&h->ctl);
	pw_fdb_destroy(h->ctl.fdb);
	pw_rib_destroy(h->ctl.rib);
	pw_adj_table_destroy(h->ctl.adj);
	pw_lpm6_destroy(h->ctl.lpm6);
	pw_lpm4_destroy(h->ctl.lpm4);
	pw_limbo_destroy(h->ctl.limbo);
	pw_qsbr_destroy(h->ctl.qsbr);
	event_base_free(h->ctl.base);
	pw_conf_free(h->conf);
	pw_log_set_sink(NULL, NULL);
	nftw(h->dir, harness_unlink, 8, FTW_DEPTH | FTW_PHYS);
}

#define BRIDGED_YAML                                                                               \
	"node: {name: n1}\n"                                                                       \
	"pod_cidr: 10.244.1.0/24\n"                                                                \
	"bridges: [{name: br0, gateway: 10.244.1.1/24}]\n"
#define ROUTED_YAML                                                                                \
	"node: {name: n1}\n"                                                                       \
	"pods: {mode: routed}\n"                                                                   \
	"pod_cidr: 10.244.1.0/24\n"

#endif
