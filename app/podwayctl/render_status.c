/* SPDX-License-Identifier: BSD-3-Clause */
/* The overview of the daemon, and versions. */
#include "render.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

#include "pw_ipc_json.h"
#include "pw_version.h"
#include "text.h"

static void __attribute__((format(printf, 3, 4)))
line(struct ctl *ctl, const char *key, const char *fmt, ...)
{
	va_list ap;

	fprintf(ctl->out, "%s%-9s%s ", text_color(ctl, C_BOLD), key, text_color(ctl, C_NONE));
	va_start(ap, fmt);
	vfprintf(ctl->out, fmt, ap);
	va_end(ap);
	fputc('\n', ctl->out);
}

static int64_t number(const json_t *result, const char *path)
{
	return json_integer_value(pw_json_path(result, path));
}

static void show_bridges(struct ctl *ctl, const json_t *bridges)
{
	const char *key = "bridges";

	for (size_t i = 0; i < json_array_size(bridges); i++) {
		const json_t *bridge = json_array_get(bridges, i);
		char *gateways = text_value(pw_json_get(bridge, "gateways"), F_LIST, true);

		line(ctl, key, "%s: gateway %s, mac %s, %" PRId64 " port%s",
			pw_json_str(bridge, "name", "-"), gateways != NULL ? gateways : "-",
			pw_json_str(bridge, "mac", "-"), pw_json_int(bridge, "ports", 0),
			pw_json_int(bridge, "ports", 0) == 1 ? "" : "s");
		free(gateways);
		key = "";
	}
	if (json_array_size(bridges) == 0)
		line(ctl, key, "none");
}

/* What new flows have been refused for; nothing of that: "". */
static const char *flow_losses(const json_t *flows, char losses[static 256])
{
	static const struct {
		const char *key, *text;
	} items[] = {
		{"early_dropped", "dropped early"},
		{"refused_full", "refused: table full"},
		{"refused_client", "refused: client's limit"},
		{"refused_snat", "refused: no source port"},
	};
	char count[TEXT_MAX];
	size_t len = 0;

	losses[0] = '\0';
	for (size_t i = 0; i < PW_ARRAY_SIZE(items); i++) {
		int64_t n = pw_json_int(flows, items[i].key, 0);

		if (n > 0)
			len += (size_t)snprintf(losses + len, 256 - len, ", %s %s",
				text_count(n, count), items[i].text);
	}
	return losses;
}

/* flows: of one family; of size 0: the daemon has no Services of it. */
static void show_flows(struct ctl *ctl, const char *label, const json_t *flows)
{
	int64_t used = pw_json_int(flows, "used", 0), size = pw_json_int(flows, "size", 0);
	double share = text_share(used, size);
	char a[TEXT_MAX], b[TEXT_MAX], c[TEXT_MAX], losses[256];

	if (size == 0)
		return;
	line(ctl, label, "%s%s of %s (%s)%s%s", share >= 90 ? text_color(ctl, C_RED) : "",
		text_count(used, a), text_count(size, b), text_percent(share, c),
		share >= 90 ? text_color(ctl, C_NONE) : "", flow_losses(flows, losses));
}

static void show_tables(struct ctl *ctl, const json_t *r)
{
	char a[TEXT_MAX], b[TEXT_MAX], c[TEXT_MAX], d[TEXT_MAX], e[TEXT_MAX];

	line(ctl, "tables", "%s pods, %s services, %s routes, %s FDB entries, %s neighbours",
		text_count(number(r, "pods"), a), text_count(number(r, "services"), b),
		text_count(number(r, "routes"), c), text_count(number(r, "fdb"), d),
		text_count(number(r, "neighbours"), e));
	show_flows(ctl, "flows", pw_json_get(r, "flows"));
	show_flows(ctl, "IPv6", pw_json_get(r, "flows_ipv6"));
}

static void show_memory(struct ctl *ctl, const json_t *r)
{
	int64_t failed = number(r, "memory.alloc_failed");
	char a[TEXT_MAX], b[TEXT_MAX], c[TEXT_MAX];

	line(ctl, "memory",
		"%" PRId64 " MB %s, %s of %s packet buffers free%s, %s failed allocations%s",
		number(r, "memory.size_mb"),
		json_is_true(pw_json_path(r, "memory.hugepages")) ? "in hugepages"
								  : "without hugepages",
		text_count(number(r, "memory.mbufs.free"), a),
		text_count(number(r, "memory.mbufs.size"), b),
		failed > 0 ? text_color(ctl, C_RED) : "", text_count(failed, c),
		failed > 0 ? text_color(ctl, C_NONE) : "");
}

/* Every packet is accounted for; counters read while packets move may differ by those. */
static void show_ledger(struct ctl *ctl, const json_t *r)
{
	static const char *const in[] = {"rx", "injected", "replicated"};
	static const char *const out[] = {"tx", "drops", "punted", "in_flight"};
	const json_t *ledger = pw_json_get(r, "ledger");
	char text[TEXT_MAX];
	int64_t rest = 0;

	fprintf(ctl->out, "%s%-9s%s ", text_color(ctl, C_BOLD), "packets", text_color(ctl, C_NONE));
	for (size_t i = 0; i < PW_ARRAY_SIZE(in); i++) {
		int64_t n = pw_json_int(ledger, in[i], 0);

		rest += n;
		fprintf(ctl->out, "%s%s %s", i > 0 ? " + " : "", in[i], text_count(n, text));
	}
	for (size_t i = 0; i < PW_ARRAY_SIZE(out); i++) {
		int64_t n = pw_json_int(ledger, out[i], 0);

		rest -= n;
		fprintf(ctl->out, "%s%s %s", i > 0 ? " + " : " = ",
			out[i][0] == 'i' ? "in flight" : out[i], text_count(n, text));
	}
	if (rest != 0)
		fprintf(ctl->out, " %s(does not add up: %s)%s", text_color(ctl, C_YELLOW),
			text_count(rest, text), text_color(ctl, C_NONE));
	fputc('\n', ctl->out);
}

void render_status(struct ctl *ctl, const json_t *r, const struct parsed *parsed)
{
	int64_t total = number(r, "ports.total"), up = number(r, "ports.up");
	int64_t waiting = number(r, "ports.waiting");
	char age[TEXT_MAX], more[TEXT_MAX] = "";

	line(ctl, "node", "%s, podway %s, pid %" PRId64 ", up %s", pw_json_str(r, "node", "-"),
		pw_json_str(r, "version", "-"), number(r, "pid"),
		text_age(number(r, "uptime_sec"), age));
	line(ctl, "config", "%s", pw_json_str(r, "config", "-"));
	line(ctl, "control", "core %" PRId64 ", busy for at most %" PRId64 " us in one go",
		number(r, "control.core"), number(r, "control.loop_max_us"));
	line(ctl, "workers", "%" PRId64, number(r, "workers"));
	if (waiting > 0)
		snprintf(more, sizeof(more), ", %" PRId64 " more waited for", waiting);
	line(ctl, "ports", "%s%" PRId64 " up%s of %" PRId64 "%s",
		text_color(ctl, up == total && waiting == 0 ? C_GREEN : C_YELLOW), up,
		text_color(ctl, C_NONE), total, more);
	show_bridges(ctl, pw_json_get(r, "bridges"));
	show_tables(ctl, r);
	show_memory(ctl, r);
	show_ledger(ctl, r);
}

void render_version(struct ctl *ctl, const json_t *r, const struct parsed *parsed)
{
	line(ctl, "podwayctl", "%s", PW_VERSION);
	line(ctl, "podwayd", "%s, protocol %" PRId64 ", pid %" PRId64,
		pw_json_str(r, "version", "-"), number(r, "protocol"), number(r, "pid"));
	line(ctl, "built", "%s for %s, DPDK %s", pw_json_str(r, "compiler", "-"),
		pw_json_str(r, "march", "-"), pw_json_str(r, "dpdk", "-"));
}
