/* SPDX-License-Identifier: BSD-3-Clause */
/* Frame sizes: one, a list, a range "64-1518", a mapping of size to weight, or the name of a mix. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf_yaml.h"
#include "profile_types.h"
#include "pw_gen_profile.h"
#include "pw_util.h"

#define SIZES_ALLOWED                                                                              \
	"a size 64..9216 with FCS, a list, a range such as 64-1518, weights such as {64: 7, "      \
	"1518: 1}, imix or imix-csit"

static bool parse_size(const char *text, uint16_t *size)
{
	uint64_t value;

	if (pw_u64_parse(text, PW_GEN_SIZE_MIN, PW_GEN_SIZE_MAX, &value) != 0)
		return false;
	*size = (uint16_t)value;
	return true;
}

static bool decode_one_size(struct conf_ctx *ctx, const yaml_node_t *node, uint16_t *size)
{
	const char *text = conf_decode_text(ctx, node, "a size");

	if (text == NULL)
		return false;
	if (parse_size(text, size))
		return true;
	conf_bad(ctx, node, CONF_VALUE_FMT " is not a frame size; allowed: %u..%u, FCS counted",
		CONF_VALUE(text), PW_GEN_SIZE_MIN, PW_GEN_SIZE_MAX);
	return false;
}

static void decode_list(struct conf_ctx *ctx, yaml_node_t *node, struct pw_gen_sizes *sizes)
{
	struct pw_gen_share shares[PW_GEN_SIZE_MIX_MAX];
	uint32_t n = conf_yaml_items(node);

	if (n == 0 || n > PW_GEN_SIZE_MIX_MAX) {
		conf_bad(ctx, node, "has %u sizes; allowed: 1..%u", n, PW_GEN_SIZE_MIX_MAX);
		return;
	}
	for (uint32_t i = 0; i < n; i++) {
		size_t len = conf_push_index(ctx, i);
		bool ok = decode_one_size(ctx, conf_yaml_item(ctx, node, i), &shares[i].size);

		conf_pop(ctx, len);
		if (!ok)
			return;
		shares[i].weight = 1;
	}
	pw_gen_sizes_mix(sizes, shares, n);
}

static void decode_weights(struct conf_ctx *ctx, yaml_node_t *node, struct pw_gen_sizes *sizes)
{
	struct pw_gen_share shares[PW_GEN_SIZE_MIX_MAX];
	uint32_t n = 0;

	for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
		pair < node->data.mapping.pairs.top; pair++) {
		const yaml_node_t *value = conf_yaml_node(ctx, pair->value);
		uint64_t weight;

		if (n == PW_GEN_SIZE_MIX_MAX) {
			conf_bad(ctx, node, "has more than %u sizes", PW_GEN_SIZE_MIX_MAX);
			return;
		}
		if (!decode_one_size(ctx, conf_yaml_node(ctx, pair->key), &shares[n].size))
			return;
		if (value->type != YAML_SCALAR_NODE ||
			pw_u64_parse(conf_yaml_text(value), 1, 9216, &weight) != 0) {
			conf_bad(ctx, value, "a weight must be a whole number 1..9216");
			return;
		}
		shares[n++].weight = (uint16_t)weight;
	}
	if (pw_gen_sizes_mix(sizes, shares, n) != 0)
		conf_bad(ctx, node, "weights must add up to 1..%u", PW_GEN_SIZE_CYCLE);
}

static void decode_text(struct conf_ctx *ctx, yaml_node_t *node, struct pw_gen_sizes *sizes)
{
	const char *text = conf_decode_text(ctx, node, "a frame size");

	if (text != NULL && pw_gen_sizes_parse(sizes, text) != 0)
		conf_bad(ctx, node, CONF_VALUE_FMT " is not allowed; allowed: " SIZES_ALLOWED,
			CONF_VALUE(text));
}

static void decode_sizes(
	struct conf_ctx *ctx, const struct conf_key *key, yaml_node_t *node, void *base)
{
	struct pw_gen_sizes *sizes = conf_field(key, base);

	if (node->type == YAML_SEQUENCE_NODE)
		decode_list(ctx, node, sizes);
	else if (node->type == YAML_MAPPING_NODE)
		decode_weights(ctx, node, sizes);
	else
		decode_text(ctx, node, sizes);
}

static void dump_sizes(const struct conf_key *key, const void *base, struct pw_str *out)
{
	const struct pw_gen_sizes *sizes = conf_const_field(key, base);

	pw_str_addf(out, sizes->n == 1 ? "%u" : "%u-%u", sizes->min, sizes->max);
}

static void describe_sizes(const struct conf_key *key, struct pw_str *out)
{
	pw_str_add(out, SIZES_ALLOWED);
}

const struct conf_type profile_type_sizes = {
	.decode = decode_sizes,
	.dump = dump_sizes,
	.describe = describe_sizes,
};

/* ---- the sizes of an RFC 2544 test: one after the other ---- */

static void append_size(
	struct conf_ctx *ctx, const struct conf_key *key, yaml_node_t *node, void *base)
{
	struct pw_gen_size_list *list = conf_field(key, base);

	if (list->n == PW_GEN_TESTS_MAX)
		conf_bad(ctx, node, "more than %u sizes", PW_GEN_TESTS_MAX);
	else if (decode_one_size(ctx, node, &list->v[list->n]))
		list->n++;
}

static void decode_size_list(
	struct conf_ctx *ctx, const struct conf_key *key, yaml_node_t *node, void *base)
{
	((struct pw_gen_size_list *)conf_field(key, base))->n = 0;
	conf_decode_each(ctx, key, node, base, append_size);
}

static void dump_size_list(const struct conf_key *key, const void *base, struct pw_str *out)
{
	const struct pw_gen_size_list *list = conf_const_field(key, base);

	pw_str_add(out, "[");
	for (uint32_t i = 0; i < list->n; i++)
		pw_str_addf(out, "%s%u", i > 0 ? ", " : "", list->v[i]);
	pw_str_add(out, "]");
}

static void describe_size_list(const struct conf_key *key, struct pw_str *out)
{
	pw_str_addf(out, "size 64..9216 with FCS, or list of up to %u", PW_GEN_TESTS_MAX);
}

const struct conf_type profile_type_size_list = {
	.decode = decode_size_list,
	.dump = dump_size_list,
	.describe = describe_size_list,
};
