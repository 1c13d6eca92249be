/* SPDX-License-Identifier: BSD-3-Clause */
/* Lists of cores: [1, 2], 1, "1-3,5", and for the workers "auto". */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "conf_schema.h"
#include "conf_yaml.h"
#include "pw_util.h"

/* An array of cores has its count behind it. */
static_assert(offsetof(struct pw_conf, cpu.n_workers) ==
		      offsetof(struct pw_conf, cpu.workers[PW_CONF_MAX_WORKERS]),
	"workers");
static_assert(offsetof(struct pw_conf, cpu.n_kernel_ports) ==
		      offsetof(struct pw_conf, cpu.kernel_ports[PW_CONF_MAX_WORKERS]),
	"kernel_ports");

static uint32_t *count_of(const struct conf_key *key, void *base)
{
	return (uint32_t *)conf_field(key, base) + PW_CONF_MAX_WORKERS;
}

static uint32_t const_count_of(const struct conf_key *key, const void *base)
{
	return ((const uint32_t *)conf_const_field(key, base))[PW_CONF_MAX_WORKERS];
}

#define CORES_ALLOWED "allowed: cores 0..1023, such as 2, \"1-3,5\" or [1, 2, 5]"

static bool add_cores(struct conf_ctx *ctx, const struct conf_key *key, const yaml_node_t *node,
	void *base, uint64_t first, uint64_t last)
{
	uint32_t *cores = conf_field(key, base), *n = count_of(key, base);

	for (uint64_t core = first; core <= last; core++) {
		if (*n == PW_CONF_MAX_WORKERS) {
			conf_bad(ctx, node, "more than %u workers", PW_CONF_MAX_WORKERS);
			return false;
		}
		cores[(*n)++] = (uint32_t)core;
	}
	return true;
}

/* "5" or "1-3" */
static bool parse_core_range(
	const struct conf_key *key, char *text, uint64_t *first, uint64_t *last)
{
	char *dash = strchr(text, '-');

	if (dash != NULL)
		*dash++ = '\0';
	if (pw_u64_parse(text, key->range.min, key->range.max, first) < 0)
		return false;
	if (dash == NULL)
		*last = *first;
	else if (pw_u64_parse(dash, *first, key->range.max, last) < 0)
		return false;
	return true;
}

static void decode_cores_text(
	struct conf_ctx *ctx, const struct conf_key *key, yaml_node_t *node, void *base)
{
	const char *text = conf_decode_text(ctx, node, "a core or a range of cores");
	char buf[256];
	char *rest = buf;

	if (text == NULL)
		return;
	if (strlcpy(buf, text, sizeof(buf)) >= sizeof(buf)) {
		conf_bad(ctx, node, "is too long a text; " CORES_ALLOWED);
		return;
	}
	for (char *part; (part = strsep(&rest, ",")) != NULL;) {
		uint64_t first, last;

		part += strspn(part, " ");
		if (!parse_core_range(key, part, &first, &last)) {
			conf_bad(ctx, node, CONF_VALUE_FMT " is no list of cores; " CORES_ALLOWED,
				CONF_VALUE(text));
			return;
		}
		if (!add_cores(ctx, key, node, base, first, last))
			return;
	}
}

static void decode_cores(
	struct conf_ctx *ctx, const struct conf_key *key, yaml_node_t *node, void *base)
{
	if (node->type == YAML_SEQUENCE_NODE && conf_yaml_items(node) == 0)
		conf_bad(ctx, node, "is empty; " CORES_ALLOWED ", or leave the key out");
	else
		conf_decode_each(ctx, key, node, base, decode_cores_text);
}

static void dump_cores(const struct conf_key *key, const void *base, struct pw_str *out)
{
	const uint32_t *cores = conf_const_field(key, base);

	for (uint32_t i = 0; i < const_count_of(key, base); i++)
		pw_str_addf(out, "%s%u", i == 0 ? "[" : ", ", cores[i]);
	pw_str_add(out, "]");
}

static bool cores_is_set(const struct conf_key *key, const void *base)
{
	return const_count_of(key, base) > 0;
}

static void describe_cores(const struct conf_key *key, struct pw_str *out)
{
	pw_str_addf(out, "list of cores %u..%u, or a text such as \"1-3,5\"", key->range.min,
		key->range.max);
}

const struct conf_type conf_type_cores = {
	.decode = decode_cores,
	.is_set = cores_is_set,
	.dump = dump_cores,
	.describe = describe_cores,
};

/* ---- the workers' ---- */

static void decode_workers(
	struct conf_ctx *ctx, const struct conf_key *key, yaml_node_t *node, void *base)
{
	if (node->type == YAML_SCALAR_NODE && node->data.scalar.value != NULL &&
		strcmp((const char *)node->data.scalar.value, "auto") == 0)
		ctx->workers_auto = true; /* conf_complete: when control is known */
	else
		decode_cores(ctx, key, node, base);
}

static void describe_workers(const struct conf_key *key, struct pw_str *out)
{
	describe_cores(key, out);
	pw_str_add(out, ", or auto");
}

const struct conf_type conf_type_workers = {
	.decode = decode_workers,
	.is_set = cores_is_set,
	.dump = dump_cores,
	.describe = describe_workers,
};
