/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * check.h - checks of values against one another. Each check reports by key path (conf_wrong) and
 * goes on; none changes the configuration.
 */
#ifndef CONF_CHECK_H
#define CONF_CHECK_H

#include "conf_ctx.h"

/* ---- one owner only ----
 * Things that may be claimed once: names, cores, sockets. Claim all, then settle: each second
 * claim of one key is reported at its own place and names the place of the first. */
struct conf_claim {
	char *key, *path;
	uint32_t seq;
};

struct conf_claims {
	struct conf_ctx *ctx;
	struct conf_claim *v;
	uint32_t n, cap;
};

void conf_claim(struct conf_claims *claims, const char *path, const char *key_fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Message: "<what> <key> <problem>; also at line N". Frees the claims. */
void conf_claims_settle(struct conf_claims *claims, const char *what, const char *problem);

/* ---- what addresses are in use, and for what ---- */
enum conf_net_kind {
	CONF_NET_PODS,
	CONF_NET_SERVICES,
	CONF_NET_NODE,
	CONF_NET_BRIDGE,
	CONF_NET_PORT
};

struct conf_net {
	enum conf_net_kind kind;
	uint32_t owner; /* index of the bridge or port */
	struct pw_prefix prefix;
	char path[CONF_PATH_MAX];
};

struct conf_nets {
	struct conf_net *v;
	uint32_t n;
};

/* False: out of memory, noted in the context. */
bool conf_nets_make(struct conf_ctx *ctx, struct conf_nets *nets);
void conf_nets_free(struct conf_nets *nets);
/* The own address of the node, a bridge or a port that equals ip; NULL: none. */
const struct conf_net *conf_nets_own(const struct conf_nets *nets, const struct pw_ip *ip);
/* Is there a link (bridge or routed port) whose subnet holds ip? */
bool conf_nets_on_link(const struct conf_nets *nets, const struct pw_ip *ip);
/* Is there a range of that kind and of the family of ip; does one hold ip? */
bool conf_nets_have(const struct conf_nets *nets, enum conf_net_kind kind, const struct pw_ip *ip);
bool conf_nets_hold(const struct conf_nets *nets, enum conf_net_kind kind, const struct pw_ip *ip);

/* "uplinks[i]" or "ports[i]", as the file numbers them. */
const char *conf_port_path(const struct pw_conf *conf, uint32_t i, char buf[CONF_PATH_MAX]);
bool conf_has_bridge(const struct pw_conf *conf, const char *name);
/* Is every bridge and port as the file wants it, so that what they lack is really lacking? */
bool conf_links_clean(const struct conf_ctx *ctx);

void conf_check_names(struct conf_ctx *ctx);
void conf_check_ports(struct conf_ctx *ctx);
void conf_check_networks(struct conf_ctx *ctx, const struct conf_nets *nets);
void conf_check_routes(struct conf_ctx *ctx, const struct conf_nets *nets);
void conf_check_services(struct conf_ctx *ctx, const struct conf_nets *nets);

#endif
