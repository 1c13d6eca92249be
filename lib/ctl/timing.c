/* SPDX-License-Identifier: BSD-3-Clause */
#include "timing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct row {
	uint64_t count, total_ns, max_ns;
	uint32_t classes[CTL_TIMING_CLASSES];
};

struct ctl_timing {
	unsigned n; /* rows: work, then methods */
	uint64_t longest_ns;
	struct row rows[];
};

static const char *const work_names[] = {
#define X(id, name) name,
	CTL_TIMING_WORK(X)
#undef X
};

/* 0, 1, 2, 3, then four classes a power of two. */
unsigned ctl_timing_class(uint64_t us)
{
	unsigned log2, class;

	if (us < 4)
		return (unsigned)us;
	log2 = 63 - (unsigned)__builtin_clzll(us);
	class = (log2 - 1) * 4 + (unsigned)(us >> (log2 - 2) & 3);
	return PW_MIN(class, CTL_TIMING_CLASSES - 1u);
}

uint64_t ctl_timing_class_us(unsigned class)
{
	unsigned log2 = class / 4 + 1;

	if (class < 4)
		return class;
	return ((UINT64_C(4) + class % 4 + 1) << (log2 - 2)) - 1;
}

static void add(struct pw_ctl *ctl, unsigned i, uint64_t start_ns, bool is_turn)
{
	struct ctl_timing *timing = ctl->timing;
	uint64_t ns = ctl_now_ns(ctl) - start_ns;
	struct row *row;

	if (timing == NULL || i >= timing->n)
		return;
	row = &timing->rows[i];
	row->count++;
	row->total_ns += ns;
	row->max_ns = PW_MAX(row->max_ns, ns);
	row->classes[ctl_timing_class(ns / PW_NS_PER_USEC)]++;
	if (is_turn)
		timing->longest_ns = PW_MAX(timing->longest_ns, ns);
}

void ctl_timing_work(struct pw_ctl *ctl, enum ctl_timing_work work, uint64_t start_ns)
{
	add(ctl, work, start_ns, work == CTL_TIMING_PACKETS);
}

void ctl_timing_method(struct pw_ctl *ctl, unsigned i, uint64_t start_ns)
{
	add(ctl, CTL_TIMING_COUNT + i, start_ns, true);
}

void ctl_timing_reset(struct pw_ctl *ctl)
{
	memset(ctl->timing->rows, 0, ctl->timing->n * sizeof(ctl->timing->rows[0]));
}

uint64_t ctl_timing_max_us(const struct pw_ctl *ctl)
{
	return ctl->timing->longest_ns / PW_NS_PER_USEC;
}

/* ---- requests.list ---- */

/* All but `above` took no longer. */
static uint64_t quantile_us(const struct row *row, uint64_t above)
{
	uint64_t seen = 0;

	for (unsigned class = CTL_TIMING_CLASSES; class -- > 0;) {
		seen += row->classes[class];
		if (seen > above)
			return PW_MIN(ctl_timing_class_us(class), row->max_ns / PW_NS_PER_USEC);
	}
	return 0;
}

static json_t *describe(const struct row *row, const char *name)
{
	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o}", "request", name, "count",
		pw_json_u64(row->count), "mean_us",
		pw_json_u64(row->total_ns / row->count / PW_NS_PER_USEC), "p50_us",
		pw_json_u64(quantile_us(row, row->count / 2)), "p99_us",
		pw_json_u64(quantile_us(row, row->count / 100)), "max_us",
		pw_json_u64(row->max_ns / PW_NS_PER_USEC));
}

static int requests_list(void *ctx, struct pw_ipc_request *req, void *params, json_t **result,
	struct pw_ipc_error *err)
{
	const struct pw_ctl *ctl = ctx;
	json_t *list = json_array();

	for (unsigned i = 0; i < ctl->timing->n; i++) {
		const char *name = i < CTL_TIMING_COUNT ? work_names[i]
							: ctl->methods[i - CTL_TIMING_COUNT].name;

		if (ctl->timing->rows[i].count > 0)
			json_array_append_new(list, describe(&ctl->timing->rows[i], name));
	}
	*result = json_pack("{s:o}", "requests", list);
	return 0;
}

/* ---- module ---- */

static int timing_init(struct pw_ctl *ctl, struct pw_err *err)
{
	unsigned n = CTL_TIMING_COUNT;

	for (const struct pw_ipc_method *m = ctl->methods; m->name != NULL; m++)
		n++;
	ctl->timing = calloc(1, sizeof(*ctl->timing) + n * sizeof(ctl->timing->rows[0]));
	if (ctl->timing == NULL)
		return pw_err_set(err, -ENOMEM, "out of memory");
	ctl->timing->n = n;
	return 0;
}

static void timing_fini(struct pw_ctl *ctl)
{
	free(ctl->timing);
	ctl->timing = NULL;
}

static const struct pw_ipc_method methods[] = {
	{"requests.list", requests_list},
	{0},
};

const struct ctl_module ctl_module_timing = {
	.name = "timing", .init = timing_init, .fini = timing_fini, .methods = methods};
