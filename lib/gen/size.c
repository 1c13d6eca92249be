/* SPDX-License-Identifier: BSD-3-Clause */
#include "pw_gen_size.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "pw_gen_flow.h"
#include "pw_str.h"
#include "pw_util.h"

static void measure(struct pw_gen_sizes *sizes)
{
	uint64_t sum = 0;

	sizes->min = UINT16_MAX;
	sizes->max = 0;
	for (uint32_t i = 0; i < sizes->n; i++) {
		sum += sizes->cycle[i];
		sizes->min = PW_MIN(sizes->min, sizes->cycle[i]);
		sizes->max = PW_MAX(sizes->max, sizes->cycle[i]);
	}
	sizes->mean = (double)sum / sizes->n;
}

/* Fisher and Yates; the same every time. */
static void shuffle(struct pw_gen_sizes *sizes)
{
	for (uint32_t i = sizes->n - 1; i > 0; i--) {
		uint32_t j = (uint32_t)(pw_gen_mix(i) % (i + 1));
		uint16_t other = sizes->cycle[j];

		sizes->cycle[j] = sizes->cycle[i];
		sizes->cycle[i] = other;
	}
}

void pw_gen_sizes_fixed(struct pw_gen_sizes *sizes, uint16_t size)
{
	sizes->n = 1;
	sizes->cycle[0] = size;
	measure(sizes);
}

int pw_gen_sizes_range(struct pw_gen_sizes *sizes, uint16_t first, uint16_t last)
{
	if (first < PW_GEN_SIZE_MIN || last > PW_GEN_SIZE_MAX || first > last)
		return -EINVAL;
	sizes->n = last - first + 1u;
	for (uint32_t i = 0; i < sizes->n; i++)
		sizes->cycle[i] = (uint16_t)(first + i);
	shuffle(sizes);
	measure(sizes);
	return 0;
}

int pw_gen_sizes_mix(struct pw_gen_sizes *sizes, const struct pw_gen_share *shares, uint32_t n)
{
	uint32_t total = 0;

	for (uint32_t i = 0; i < n; i++) {
		if (shares[i].size < PW_GEN_SIZE_MIN || shares[i].size > PW_GEN_SIZE_MAX)
			return -EINVAL;
		total += shares[i].weight;
	}
	if (total == 0)
		return -EINVAL;
	if (total > PW_GEN_SIZE_CYCLE)
		return -E2BIG;
	sizes->n = 0;
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t w = 0; w < shares[i].weight; w++)
			sizes->cycle[sizes->n++] = shares[i].size;
	shuffle(sizes);
	measure(sizes);
	return 0;
}

int pw_gen_sizes_named(struct pw_gen_sizes *sizes, const char *name)
{
	static const struct {
		const char *name;
		struct pw_gen_share shares[3];
	} mixes[] = {
		{"imix", {{64, 7}, {594, 4}, {1518, 1}}},
		{"imix-csit", {{64, 28}, {570, 16}, {1518, 4}}},
	};

	for (size_t i = 0; i < PW_ARRAY_SIZE(mixes); i++)
		if (strcmp(mixes[i].name, name) == 0)
			return pw_gen_sizes_mix(sizes, mixes[i].shares, 3);
	return -ENOENT;
}

static bool parse_size(const char *text, uint16_t *size)
{
	uint64_t value;

	if (pw_u64_parse(text, PW_GEN_SIZE_MIN, PW_GEN_SIZE_MAX, &value) != 0)
		return false;
	*size = (uint16_t)value;
	return true;
}

int pw_gen_sizes_parse(struct pw_gen_sizes *sizes, const char *text)
{
	const char *dash = strchr(text, '-');
	uint16_t first, last;
	char copy[8];

	if (pw_gen_sizes_named(sizes, text) == 0)
		return 0;
	if (parse_size(text, &first)) {
		pw_gen_sizes_fixed(sizes, first);
		return 0;
	}
	if (dash == NULL || (size_t)(dash - text) >= sizeof(copy))
		return -EINVAL;
	snprintf(copy, sizeof(copy), "%.*s", (int)(dash - text), text);
	if (!parse_size(copy, &first) || !parse_size(dash + 1, &last))
		return -EINVAL;
	return pw_gen_sizes_range(sizes, first, last);
}
