/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_cni_conf.h - the network configuration a runtime writes to the plugin's stdin.
 *
 * Keys of others are left alone (a runtime adds its own, an operator may note things); a bad value
 * of a key we know is refused with its name and value. Strings point into the JSON tree.
 * Threads:  none; read-only after the parse.
 * Lifetime: pw_cni_conf_parse allocates, pw_cni_conf_clear frees; `text` stays the caller's.
 * Errors:   -EPROTO with code 1 (version), 2 (cannot be honoured), 6 (no JSON), 7 (bad value).
 */
#ifndef PW_CNI_CONF_H
#define PW_CNI_CONF_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "pw_addr.h"
#include "pw_cni_env.h"
#include "pw_cni_error.h"
#include "pw_cni_version.h"
#include "pw_ipam_range.h"

#define PW_CNI_STATE_DIR    "/var/lib/podway"
#define PW_CNI_NAME_MAX     200
#define PW_CNI_MAX_MAPPINGS 64
#define PW_CNI_CONF_MAX     (1u << 20) /* bytes of stdin */

struct pw_cni_port_mapping { /* runtimeConfig.portMappings[] */
	uint16_t host_port, container_port;
	uint8_t protocol;     /* IPPROTO_TCP, _UDP, _SCTP */
	struct pw_ip host_ip; /* PW_FAMILY_NONE: all addresses of the node */
};

struct pw_cni_bandwidth {                     /* runtimeConfig.bandwidth; 0: no limit */
	uint64_t ingress_rate, egress_rate;   /* bits per second */
	uint64_t ingress_burst, egress_burst; /* bits */
};

struct pw_cni_conf {
	json_t *root;
	const char *text; /* the whole stdin, for a delegated IPAM */
	size_t len;

	enum pw_cni_version version;
	const char *name; /* of the network; "" is possible with VERSION only */
	const char *type;

	/* podway's own keys */
	const char *socket;    /* of the daemon */
	const char *state_dir; /* where DELs are queued */
	uint64_t mtu;          /* 0: the daemon's choice */
	const char *mode; /* "bridged" or "routed": what is expected of the daemon; NULL: either */
	uint64_t queues;  /* of the pod's interface; 1 */

	const char *ipam_type; /* NULL: the daemon's own */
	json_t *ipam_ranges;   /* list of range sets for the daemon; NULL: its pod CIDRs. Owned. */
	json_t *ipam_routes;   /* NULL: none given */
	json_t *dns;           /* NULL: none given */

	/* what the runtime asks for: runtimeConfig, args.cni, CNI_ARGS, in this order of precedence
	 */
	struct pw_mac mac; /* zero: none */
	struct pw_ip ips[PW_CNI_MAX_IPS];
	unsigned n_ips;
	struct pw_cni_port_mapping mappings[PW_CNI_MAX_MAPPINGS];
	unsigned n_mappings;
	struct pw_cni_bandwidth bandwidth;

	json_t *prev_result;       /* NULL: absent */
	json_t *valid_attachments; /* GC; NULL: absent */
};

/* `env` says which command it is for and what CNI_ARGS asked. On error conf->version is still the
 * one to answer in. */
int pw_cni_conf_parse(struct pw_cni_conf *conf, const struct pw_cni_env *env, const char *text,
	size_t len, struct pw_cni_error *error);
void pw_cni_conf_clear(struct pw_cni_conf *conf);

/* runtimeConfig and args.cni; called by pw_cni_conf_parse. */
int pw_cni_conf_parse_runtime(
	struct pw_cni_conf *conf, const struct pw_cni_env *env, struct pw_cni_error *error);

#endif
