/* SPDX-License-Identifier: BSD-3-Clause */
/* Words, one or several: protocols, TCP flags, tests. */
#include <ctype.h>
#include <netinet/in.h>
#include <string.h>

#include "conf_yaml.h"
#include "profile_types.h"
#include "pw_gen_profile.h"
#include "pw_util.h"

static const struct conf_word proto_words[] = {
	{"udp", IPPROTO_UDP},
	{"tcp", IPPROTO_TCP},
	{"icmp", IPPROTO_ICMP},
	{NULL, 0},
};
static const struct conf_word test_words[] = {
	{"throughput", PW_GEN_TEST_THROUGHPUT},
	{"latency", PW_GEN_TEST_LATENCY},
	{"frame-loss", PW_GEN_TEST_FRAME_LOSS},
	{"back-to-back", PW_GEN_TEST_BACK_TO_BACK},
	{NULL, 0},
};

static bool decode_word(struct conf_ctx *ctx, const yaml_node_t *node, const char *allowed,
	const struct conf_word *words, int *value)
{
	const char *text = conf_decode_text(ctx, node, allowed);

	if (text == NULL)
		return false;
	for (; words->name != NULL; words++) {
		if (strcmp(words->name, text) == 0) {
			*value = words->value;
			return true;
		}
	}
	conf_bad(ctx, node, CONF_VALUE_FMT " is not allowed; allowed: %s", CONF_VALUE(text),
		allowed);
	return false;
}

/* ---- protocols ---- */

#define PROTO_ALLOWED "udp, tcp, icmp, or a list of them"

static void append_proto(
	struct conf_ctx *ctx, const struct conf_key *key, yaml_node_t *node, void *base)
{
	struct pw_gen_frame *frame = conf_field(key, base);
	int value;

	if (!decode_word(ctx, node, PROTO_ALLOWED, proto_words, &value))
		return;
	for (unsigned i = 0; i < frame->n_protos; i++) {
		if (frame->protos[i] == value) {
			conf_bad(ctx, node, "is in the list already");
			return;
		}
	}
	frame->protos[frame->n_protos++] = (uint8_t)value;
}

static void decode_protos(
	struct conf_ctx *ctx, const struct conf_key *key, yaml_node_t *node, void *base)
{
	struct pw_gen_frame *frame = conf_field(key, base);

	frame->n_protos = 0;
	conf_decode_each(ctx, key, node, base, append_proto);
	if (frame->n_protos == 0 && node->type == YAML_SEQUENCE_NODE)
		conf_bad(ctx, node, "holds no protocol; allowed: " PROTO_ALLOWED);
}

static void dump_protos(const struct conf_key *key, const void *base, struct pw_str *out)
{
	const struct pw_gen_frame *frame = conf_const_field(key, base);

	for (unsigned i = 0; i < frame->n_protos; i++)
		for (const struct conf_word *w = proto_words; w->name != NULL; w++)
			if (w->value == frame->protos[i])
				pw_str_addf(out, "%s%s", i > 0 ? ", " : "", w->name);
}

static void describe_protos(const struct conf_key *key, struct pw_str *out)
{
	pw_str_add(out, PROTO_ALLOWED);
}

const struct conf_type profile_type_protos = {
	.decode = decode_protos,
	.dump = dump_protos,
	.describe = describe_protos,
};

/* ---- TCP flags, as tcpdump writes them ---- */

static const char flag_letters[] = "FSRPAUEC"; /* from bit 0 on: FIN SYN RST PSH ACK URG ECE CWR */

static void decode_tcp_flags(
	struct conf_ctx *ctx, const struct conf_key *key, yaml_node_t *node, void *base)
{
	const char *text = conf_decode_text(ctx, node, "letters");
	uint8_t flags = 0;

	if (text == NULL)
		return;
	for (const char *p = text; *p != '\0'; p++) {
		const char *letter = strchr(flag_letters, toupper((unsigned char)*p));

		if (letter == NULL) {
			conf_bad(ctx, node,
				CONF_VALUE_FMT " are not TCP flags; allowed: letters of FSRPAUEC; "
					       "example: SA",
				CONF_VALUE(text));
			return;
		}
		flags |= (uint8_t)(1u << (letter - flag_letters));
	}
	*(uint8_t *)conf_field(key, base) = flags;
}

static void dump_tcp_flags(const struct conf_key *key, const void *base, struct pw_str *out)
{
	uint8_t flags = *(const uint8_t *)conf_const_field(key, base);

	for (unsigned i = 0; i < 8; i++)
		if (flags & 1u << i)
			pw_str_addn(out, &flag_letters[i], 1);
}

static void describe_tcp_flags(const struct conf_key *key, struct pw_str *out)
{
	pw_str_add(out, "letters of FSRPAUEC");
}

const struct conf_type profile_type_tcp_flags = {
	.decode = decode_tcp_flags,
	.dump = dump_tcp_flags,
	.describe = describe_tcp_flags,
};

/* ---- tests of RFC 2544 ---- */

#define TESTS_ALLOWED "throughput, latency, frame-loss, back-to-back, or a list of them"

static void append_test(
	struct conf_ctx *ctx, const struct conf_key *key, yaml_node_t *node, void *base)
{
	int value;

	if (decode_word(ctx, node, TESTS_ALLOWED, test_words, &value))
		*(uint32_t *)conf_field(key, base) |= 1u << value;
}

static void decode_tests(
	struct conf_ctx *ctx, const struct conf_key *key, yaml_node_t *node, void *base)
{
	*(uint32_t *)conf_field(key, base) = 0;
	conf_decode_each(ctx, key, node, base, append_test);
}

static void dump_tests(const struct conf_key *key, const void *base, struct pw_str *out)
{
	uint32_t tests = *(const uint32_t *)conf_const_field(key, base);
	const char *comma = "";

	pw_str_add(out, "[");
	for (const struct conf_word *w = test_words; w->name != NULL; w++) {
		if (!(tests & 1u << w->value))
			continue;
		pw_str_addf(out, "%s%s", comma, w->name);
		comma = ", ";
	}
	pw_str_add(out, "]");
}

static void describe_tests(const struct conf_key *key, struct pw_str *out)
{
	pw_str_add(out, TESTS_ALLOWED);
}

const struct conf_type profile_type_tests = {
	.decode = decode_tests,
	.dump = dump_tests,
	.describe = describe_tests,
};
