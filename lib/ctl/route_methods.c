/* SPDX-License-Identifier: BSD-3-Clause */
/* route_methods.c - routes.list, routes.add, routes.del; routes that are saved. */
#include <errno.h>
#include <string.h>

#include "bridge.h"
#include "port_reg.h"
#include "route_priv.h"
#include "saved.h"

/* ---- list ---- */

static const char *origin_text(enum pw_route_origin origin)
{
	return origin == PW_ORIGIN_CONFIG ? "config" : origin == PW_ORIGIN_CTL ? "ctl" : "auto";
}

static json_t *out_of(const struct pw_ctl *ctl, const struct pw_adj *adj)
{
	const char *name = NULL;

	switch ((enum pw_adj_kind)adj->kind) {
	case PW_ADJ_FORWARD:
	case PW_ADJ_GLEAN:
	case PW_ADJ_LOCAL:
		name = ctl_iface_name(ctl, ctl_iface_of(adj->bridge, adj->port));
		if (adj->kind == PW_ADJ_FORWARD && adj->port != PW_PORT_NONE &&
			ctl_port_at(ctl, adj->port) != NULL)
			name = ctl_port_at(ctl, adj->port)->name;
		break;
	default:
		break;
	}
	return pw_json_str_or_null(name);
}

static json_t *mac_of(const struct pw_adj *adj)
{
	uint64_t word = pw_adj_word(adj);
	struct pw_mac mac;

	if (adj->kind != PW_ADJ_FORWARD || pw_adj_word_state(word) != PW_ADJ_RESOLVED)
		return json_null();
	mac = pw_mac_from_u64(pw_adj_word_mac48(word));
	return pw_json_mac(&mac);
}

static json_t *route_json(const struct pw_ctl *ctl, const struct pw_route *route, bool active)
{
	const struct pw_adj *adj = &pw_adj_array(ctl->adj)[route->adj];
	return json_pack("{s:o, s:s, s:o, s:o, s:o, s:s, s:b}", "prefix",
		pw_json_prefix(&route->prefix), "kind", route_kind_name(route->kind), "via",
		route->via.family != PW_FAMILY_NONE ? pw_json_ip(&route->via) : json_null(), "port",
		out_of(ctl, adj), "mac", mac_of(adj), "origin", origin_text(route->origin),
		"active", active);
}

struct list_walk {
	const struct pw_ctl *ctl;
	json_t *list;
};

static bool add_route(void *arg, const struct pw_route *route, bool active)
{
	struct list_walk *walk = arg;

	json_array_append_new(walk->list, route_json(walk->ctl, route, active));
	return true;
}

struct list_params {
	struct pw_ip prefix; /* an address: the route that forwards for it */
};

static const struct pw_ipc_param list_params[] = {
	{"prefix", PW_IPC_IP, offsetof(struct list_params, prefix), .optional = true},
	{0},
};

static int routes_list(void *ctx, struct pw_ipc_request *req, void *params, json_t **result,
	struct pw_ipc_error *err)
{
	const struct list_params *p = params;
	struct list_walk walk = {.ctl = ctx, .list = json_array()};
	const struct pw_route *route;

	(void)req;
	if (p->prefix.family == PW_FAMILY_NONE) {
		pw_rib_foreach(walk.ctl->rib, add_route, &walk);
	} else {
		route = pw_rib_match(walk.ctl->rib, &p->prefix);
		if (route != NULL)
			add_route(&walk, route, true);
	}
	*result = json_pack("{s:o}", "routes", walk.list);
	return 0;
}

/* ---- saved ---- */

/* What a next hop has to be told with; NULL: nothing. */
static const char *via_port(const struct pw_ctl *ctl, const struct pw_route *route)
{
	const struct pw_adj *adj = &pw_adj_array(ctl->adj)[route->adj];

	if (!pw_ip_is_link_local(&route->via))
		return NULL;
	return ctl_iface_name(ctl, ctl_iface_of(adj->bridge, adj->port));
}

static bool save_one(void *arg, const struct pw_route *route, bool active)
{
	struct list_walk *walk = arg;
	const char *port = via_port(walk->ctl, route);
	json_t *item;

	(void)active;
	if (route->origin != PW_ORIGIN_CTL)
		return true;
	item = json_pack("{s:o}", "prefix", pw_json_prefix(&route->prefix));
	if (route->via.family != PW_FAMILY_NONE)
		json_object_set_new(item, "via", pw_json_ip(&route->via));
	else
		json_object_set_new(item, "kind", json_string(route_kind_name(route->kind)));
	if (port != NULL)
		json_object_set_new(item, "port", json_string(port));
	json_array_append_new(walk->list, item);
	return true;
}

static int save(struct pw_ctl *ctl, struct pw_err *err)
{
	struct list_walk walk = {.ctl = ctl, .list = json_array()};
	int rc;

	pw_rib_foreach(ctl->rib, save_one, &walk);
	rc = ctl_saved_write(ctl, "routes", walk.list, err);
	json_decref(walk.list);
	return rc;
}

/* ---- add ---- */

static const char *const kind_choices[] = {"host", "blackhole", "unreachable", "prohibit", NULL};
static const enum pw_conf_route_kind choice_kinds[] = {PW_CONF_ROUTE_HOST, PW_CONF_ROUTE_BLACKHOLE,
	PW_CONF_ROUTE_UNREACHABLE, PW_CONF_ROUTE_PROHIBIT};

struct add_params {
	struct pw_prefix prefix;
	struct pw_ip via;
	const char *port; /* that via is on */
	int kind;
	bool replace;
};

static const struct pw_ipc_param add_params[] = {
	{"prefix", PW_IPC_PREFIX, offsetof(struct add_params, prefix)},
	{"via", PW_IPC_IP, offsetof(struct add_params, via), .optional = true},
	{"port", PW_IPC_STRING, offsetof(struct add_params, port), .optional = true,
		.max = PW_CONF_NAME_MAX},
	{"kind", PW_IPC_CHOICE, offsetof(struct add_params, kind), .optional = true,
		.choices = kind_choices},
	{"replace", PW_IPC_BOOL, offsetof(struct add_params, replace), .optional = true},
	{0},
};

static int add(struct pw_ctl *ctl, const struct add_params *p, struct pw_err *err)
{
	struct pw_conf_route route = {
		.prefix = p->prefix, .kind = PW_CONF_ROUTE_VIA, .via = p->via};

	if ((p->via.family != PW_FAMILY_NONE) == (p->kind >= 0))
		return pw_err_set(err, -EINVAL,
			"say where the route goes: either via (a next hop) or kind (host, "
			"blackhole, "
			"unreachable, prohibit)");
	if (pw_prefix_has_host_bits(&p->prefix))
		return pw_err_set(err, -EINVAL, "prefix has bits set behind its length");
	if (p->kind >= 0)
		route.kind = choice_kinds[p->kind];
	else if (p->via.family != p->prefix.ip.family)
		return pw_err_set(err, -EINVAL, "prefix and next hop are of different families");
	if (p->port != NULL && p->kind >= 0)
		return pw_err_set(err, -EINVAL, "port: only with via");
	if (p->port != NULL)
		strlcpy(route.port, p->port, sizeof(route.port));
	return ctl_route_set(ctl, &route, PW_ORIGIN_CTL, p->replace, err);
}

/* What a route of ours was made of. */
static struct pw_conf_route conf_of(const struct pw_ctl *ctl, const struct pw_route *route)
{
	static const enum pw_conf_route_kind kinds[ROUTE_KIND_COUNT] = {
		[ROUTE_VIA] = PW_CONF_ROUTE_VIA,
		[ROUTE_HOST] = PW_CONF_ROUTE_HOST,
		[ROUTE_BLACKHOLE] = PW_CONF_ROUTE_BLACKHOLE,
		[ROUTE_UNREACHABLE] = PW_CONF_ROUTE_UNREACHABLE,
		[ROUTE_PROHIBIT] = PW_CONF_ROUTE_PROHIBIT,
	};

	struct pw_conf_route conf = {
		.prefix = route->prefix, .kind = kinds[route->kind], .via = route->via};
	const char *port = via_port(ctl, route);

	if (port != NULL)
		strlcpy(conf.port, port, sizeof(conf.port));
	return conf;
}

/* A change could not be saved: the table is as before. old NULL: there was no such route. */
static void undo(
	struct pw_ctl *ctl, const struct pw_prefix *prefix, const struct pw_conf_route *old)
{
	struct pw_err err = {0};

	if (old == NULL)
		(void)route_remove(ctl, prefix, PW_ORIGIN_CTL);
	else if (ctl_route_set(ctl, old, PW_ORIGIN_CTL, true, &err) != 0)
		pw_error("route", "a route is not put back: %s", err.msg);
}

static int routes_add(void *ctx, struct pw_ipc_request *req, void *params, json_t **result,
	struct pw_ipc_error *err)
{
	const struct add_params *p = params;
	struct pw_err e = {0};
	struct pw_ctl *ctl = ctx;
	const struct pw_route *there = pw_rib_get(ctl->rib, &p->prefix, PW_ORIGIN_CTL);
	struct pw_conf_route old = {0};

	(void)req;
	(void)result;
	if (there != NULL)
		old = conf_of(ctl, there);
	if (add(ctl, p, &e) != 0)
		return pw_ipc_error_from(err, &e);
	if (save(ctl, &e) != 0) {
		undo(ctl, &p->prefix, there != NULL ? &old : NULL);
		return pw_ipc_error_from(err, &e);
	}
	return 0;
}

/* ---- del ---- */

struct del_params {
	struct pw_prefix prefix;
	bool missing_ok;
};

static const struct pw_ipc_param del_params[] = {
	{"prefix", PW_IPC_PREFIX, offsetof(struct del_params, prefix)},
	{"missing_ok", PW_IPC_BOOL, offsetof(struct del_params, missing_ok), .optional = true},
	{0},
};

static int routes_del(void *ctx, struct pw_ipc_request *req, void *params, json_t **result,
	struct pw_ipc_error *err)
{
	const struct del_params *p = params;
	enum pw_route_origin origin = PW_ORIGIN_CTL;
	struct pw_ctl *ctl = ctx;
	const struct pw_route *there = pw_rib_get(ctl->rib, &p->prefix, origin);
	struct pw_conf_route old = {0};
	char text[PW_PREFIX_STRLEN];
	struct pw_err e = {0};

	(void)req;
	(void)result;
	pw_prefix_format(&p->prefix, text);
	if (there != NULL)
		old = conf_of(ctl, there);
	else
		origin = PW_ORIGIN_CONFIG; /* until the next start, which reads the configuration
					      again */
	if (route_remove(ctl, &p->prefix, origin) != 0) {
		if (ctl_saved_drop(ctl, "routes", "prefix", text))
			return save(ctl, &e) != 0 ? pw_ipc_error_from(err, &e) : 0;
		if (p->missing_ok)
			return 0;
		return pw_ipc_error_set(err, PW_IPC_E_MISSING,
			"%s: no such route of the configuration or of podwayctl", text);
	}
	if (origin == PW_ORIGIN_CTL && save(ctl, &e) != 0) {
		undo(ctl, &p->prefix, &old);
		return pw_ipc_error_from(err, &e);
	}
	return 0;
}

/* ---- load ---- */

static int load_one(struct pw_ctl *ctl, json_t *item, struct pw_err *err)
{
	struct add_params p = {.kind = -1};
	struct pw_ipc_error why = {0};
	int rc;

	if (pw_ipc_params_decode(add_params, item, &p, &why) != 0)
		rc = pw_err_set(err, -EINVAL, "%s", why.msg);
	else
		rc = add(ctl, &p, err);
	pw_ipc_params_free(add_params, &p);
	if (rc != 0)
		ctl_saved_keep(ctl, "routes", item);
	return rc;
}

void ctl_route_load_saved(struct pw_ctl *ctl)
{
	json_t *items = ctl_saved_read(ctl, "routes"), *item;
	struct pw_err err = {0};
	size_t i;

	json_array_foreach (items, i, item) {
		if (load_one(ctl, item, &err) != 0)
			pw_warn("route",
				"a saved route (%s) is left out, and kept for when its port is "
				"there: %s",
				pw_json_str(item, "prefix", "?"), err.msg);
	}
	json_decref(items);
}

void ctl_route_retry_saved(struct pw_ctl *ctl)
{
	json_t *items = ctl_saved_take_kept(ctl, "routes"), *item;
	struct pw_err err = {0};
	size_t i;

	json_array_foreach (items, i, item) {
		if (load_one(ctl, item, &err) == 0)
			pw_info("route", "the saved route %s is set now",
				pw_json_str(item, "prefix", "?"));
	}
	json_decref(items);
}

struct uses_walk {
	const struct pw_ctl *ctl;
	uint32_t iface;
	struct pw_prefix *prefix;
	bool found;
};

static bool uses_iface(void *arg, const struct pw_route *route, bool active)
{
	struct uses_walk *walk = arg;
	const struct pw_adj *adj = &pw_adj_array(walk->ctl->adj)[route->adj];

	(void)active;
	if (route->kind != ROUTE_VIA || ctl_iface_of(adj->bridge, adj->port) != walk->iface)
		return true;
	*walk->prefix = route->prefix;
	walk->found = true;
	return false;
}

bool ctl_route_uses_iface(const struct pw_ctl *ctl, uint32_t iface, struct pw_prefix *prefix)
{
	struct uses_walk walk = {.ctl = ctl, .iface = iface, .prefix = prefix};

	pw_rib_foreach(ctl->rib, uses_iface, &walk);
	return walk.found;
}

extern const struct pw_ipc_method ctl_route_methods[];
const struct pw_ipc_method ctl_route_methods[] = {
	{"routes.list", routes_list, list_params, sizeof(struct list_params)},
	{"routes.add", routes_add, add_params, sizeof(struct add_params)},
	{"routes.del", routes_del, del_params, sizeof(struct del_params)},
	{0},
};
