/* SPDX-License-Identifier: BSD-3-Clause */
/* One port in detail, the stages of workers, and cells made of several values. */
#include "render.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "pw_ipc_json.h"
#include "pw_str.h"
#include "text.h"

#define BAR_WIDTH 24

/* --- ports NAME ---------------------------------------------------------------------------- */

static const struct {
	const char *key, *path;
	enum format format;
	bool only_waiting;
} port_lines[] = {
	{"name", "name", F_TEXT},
	{"index", "index", F_PLAIN},
	{"type", "type", F_TEXT},
	{"state", "state", F_STATE},
	{"why", "why", F_TEXT, true},
	{"bridge", "bridge", F_TEXT},
	{"pod", "pod", F_TEXT},
	{"device", "device", F_TEXT},
	{"mac", "mac", F_TEXT},
	{"peer mac", "peer_mac", F_TEXT},
	{"addresses", "addresses", F_LIST},
	{"peers", "peers", F_LIST},
	{"mtu", "mtu", F_PLAIN},
	{"queues", "queues", F_PLAIN},
	{"workers", "workers", F_LIST},
	{"drops", "drops", F_COUNT},
	{"waiting", "waiting_sec", F_AGE, true},
};

static void show_direction(struct ctl *ctl, const json_t *port, const char *key)
{
	const json_t *dir = pw_json_get(port, key);
	char a[TEXT_MAX], b[TEXT_MAX], c[TEXT_MAX], d[TEXT_MAX];

	fprintf(ctl->out, "%s%-10s%s %s packets, %s, %s GSO, largest frame %s bytes\n",
		text_color(ctl, C_BOLD), key, text_color(ctl, C_NONE),
		text_count(pw_json_int(dir, "packets", 0), a),
		text_bytes(pw_json_int(dir, "bytes", 0), b),
		text_count(pw_json_int(dir, "gso_packets", 0), c),
		text_count(pw_json_int(dir, "max_frame_bytes", 0), d));
}

static int64_t total_of(const json_t *sizes)
{
	json_t *object = (json_t *)(uintptr_t)sizes; /* the macro wants no const */
	const char *key;
	json_t *value;
	int64_t total = 0;

	json_object_foreach (object, key, value)
		total += json_integer_value(value);
	return total;
}

static char *bar(double percent)
{
	int n = (int)(percent * BAR_WIDTH / 100 + 0.5);
	char text[BAR_WIDTH + 1];

	if (n == 0 && percent > 0)
		n = 1;
	memset(text, '#', (size_t)n);
	text[n] = '\0';
	return strdup(text);
}

static void add_size_cells(struct table *t, const json_t *sizes, const char *bucket)
{
	int64_t n = pw_json_int(sizes, bucket, 0);
	double percent = text_share(n, total_of(sizes));
	char buf[TEXT_MAX];

	table_cell(t, text_count(n, buf), C_NONE);
	table_cell(t, n > 0 ? text_percent(percent, buf) : "-", C_NONE);
	table_take(t, bar(percent), C_GREEN);
}

/* Buckets in the daemon's order; each counts frames up to its size and above the one before. */
static void show_frame_sizes(struct ctl *ctl, const json_t *port)
{
	json_t *rx = pw_json_path(port, "frame_sizes.rx"),
	       *tx = pw_json_path(port, "frame_sizes.tx");
	struct table *t = table_new();
	const char *bucket;
	json_t *value;
	int from = 1;

	table_column(t, "FRAME BYTES", true);
	table_column(t, "RX", true);
	table_column(t, "SHARE", true);
	table_column(t, "", false);
	table_column(t, "TX", true);
	table_column(t, "SHARE", true);
	table_column(t, "", false);
	json_object_foreach (rx, bucket, value) {
		char range[TEXT_MAX];

		snprintf(range, sizeof(range), "%d-%s", from, bucket);
		table_cell(t, range, C_NONE);
		add_size_cells(t, rx, bucket);
		add_size_cells(t, tx, bucket);
		from = atoi(bucket) + 1;
	}
	fputc('\n', ctl->out);
	table_print(t, ctl, "");
	table_free(t);
}

void render_port(struct ctl *ctl, const json_t *port)
{
	/* Of a port that waits little is known. */
	bool waits = strcmp(pw_json_str(port, "state", ""), "waiting") == 0;

	for (size_t i = 0; i < PW_ARRAY_SIZE(port_lines); i++) {
		const json_t *value = pw_json_path(port, port_lines[i].path);
		enum color color = C_NONE;
		char *text;

		if (value == NULL && (waits || port_lines[i].only_waiting))
			continue;
		text = text_value(value, port_lines[i].format, true);
		if (text != NULL && port_lines[i].format == F_STATE)
			color = text_state_color(text);
		fprintf(ctl->out, "%s%-10s%s ", text_color(ctl, C_BOLD), port_lines[i].key,
			text_color(ctl, C_NONE));
		if (color != C_NONE)
			fputs(text_color(ctl, color), ctl->out);
		fputs(text != NULL ? text : "-", ctl->out);
		if (color != C_NONE)
			fputs(text_color(ctl, C_NONE), ctl->out);
		fputc('\n', ctl->out);
		free(text);
	}
	if (!waits) {
		show_direction(ctl, port, "rx");
		show_direction(ctl, port, "tx");
	}
	if (json_object_size(pw_json_path(port, "frame_sizes.rx")) > 0)
		show_frame_sizes(ctl, port);
}

/* --- workers stages ------------------------------------------------------------------------ */

static int64_t all_cycles(const json_t *stages)
{
	int64_t sum = 0;

	for (size_t i = 0; i < json_array_size(stages); i++)
		sum += pw_json_int(json_array_get(stages, i), "cycles", 0);
	return sum;
}

static void ratio_cell(struct table *t, int64_t part, int64_t whole)
{
	char buf[TEXT_MAX] = "-";

	if (part > 0 && whole > 0)
		snprintf(buf, sizeof(buf), "%.1f", (double)part / (double)whole);
	table_cell(t, buf, C_NONE);
}

static void add_stages(struct table *t, const json_t *worker)
{
	const json_t *stages = pw_json_get(worker, "stages");
	int64_t sum = all_cycles(stages);
	char buf[TEXT_MAX];

	for (size_t i = 0; i < json_array_size(stages); i++) {
		const json_t *stage = json_array_get(stages, i);
		int64_t packets = pw_json_int(stage, "packets", 0);
		int64_t cycles = pw_json_int(stage, "cycles", 0);

		snprintf(buf, sizeof(buf), "%" PRId64, pw_json_int(worker, "id", 0));
		table_cell(t, buf, C_NONE);
		table_take(t, text_value(pw_json_get(stage, "name"), F_TEXT, false), C_NONE);
		table_cell(t, text_count(packets, buf), C_NONE);
		ratio_cell(t, packets, pw_json_int(stage, "batches", 0));
		ratio_cell(t, cycles, packets);
		table_cell(t, sum > 0 ? text_percent(text_share(cycles, sum), buf) : "-", C_NONE);
	}
}

void render_stages(struct ctl *ctl, const json_t *result, const struct parsed *parsed)
{
	const json_t *workers = pw_json_get(result, "workers");
	struct table *t = table_new();
	int64_t cycles = 0;

	table_column(t, "WORKER", true);
	table_column(t, "STAGE", false);
	table_column(t, "PACKETS", true);
	table_column(t, "PKT/BATCH", true);
	table_column(t, "CYCLES/PKT", true);
	table_column(t, "SHARE", true);
	for (size_t i = 0; i < json_array_size(workers); i++) {
		const json_t *worker = json_array_get(workers, i);

		add_stages(t, worker);
		cycles += all_cycles(pw_json_get(worker, "stages"));
	}
	table_print(t, ctl, "");
	table_free(t);
	if (cycles == 0)
		fputs("Cycles are not measured; begin with: podwayctl workers cycles on\n",
			ctl->out);
}

/* --- cells and footers --------------------------------------------------------------------- */

void footer_flows(struct ctl *ctl, const json_t *result)
{
	int64_t shown = (int64_t)json_array_size(pw_json_get(result, "flows"));
	int64_t total = pw_json_int(result, "total", shown);
	char a[TEXT_MAX], b[TEXT_MAX];

	if (shown < total)
		fprintf(ctl->out, "%s of %s flows; more with limit N, fewer with a filter\n",
			text_count(shown, a), text_count(total, b));
}

void footer_flow_count(struct ctl *ctl, const json_t *result)
{
	char text[TEXT_MAX];

	fprintf(ctl->out, "%s in all\n", text_count(pw_json_int(result, "total", 0), text));
}

char *cell_service_ports(const json_t *row, bool verbose)
{
	const json_t *ports = pw_json_get(row, "ports");
	struct pw_str str = {0};

	for (size_t i = 0; i < json_array_size(ports); i++) {
		const json_t *port = json_array_get(ports, i);
		int64_t number = pw_json_int(port, "port", 0);
		int64_t target = pw_json_int(port, "target_port", number);

		pw_str_addf(&str, "%s%s:%" PRId64, i > 0 ? ", " : "",
			pw_json_str(port, "protocol", "?"), number);
		if (target != number)
			pw_str_addf(&str, "->%" PRId64, target);
	}
	if (str.len == 0)
		pw_str_add(&str, "-");
	return pw_str_take(&str);
}

static int most_first(const void *a, const void *b)
{
	int64_t x = pw_json_int(*(json_t *const *)a, "packets", 0);
	int64_t y = pw_json_int(*(json_t *const *)b, "packets", 0);

	return x < y ? 1 : x > y ? -1 : 0;
}

char *cell_drop_ports(const json_t *row, bool verbose)
{
	const json_t *by_port = pw_json_get(row, "by_port");
	size_t n = json_array_size(by_port), shown;
	json_t **sorted = calloc(n + 1, sizeof(*sorted));
	struct pw_str str = {0};
	char buf[TEXT_MAX];

	if (sorted == NULL)
		return NULL;
	for (size_t i = 0; i < n; i++)
		sorted[i] = json_array_get(by_port, i);
	qsort(sorted, n, sizeof(*sorted), most_first);
	shown = verbose || n <= 4 ? n : 3;
	for (size_t i = 0; i < shown; i++) {
		pw_str_addf(&str, "%s%s %s", i > 0 ? ", " : "", pw_json_str(sorted[i], "port", "?"),
			text_count(pw_json_int(sorted[i], "packets", 0), buf));
	}
	if (shown < n)
		pw_str_addf(&str, " (+%zu)", n - shown);
	if (n == 0)
		pw_str_add(&str, "-");
	free(sorted);
	return pw_str_take(&str);
}
