/* SPDX-License-Identifier: BSD-3-Clause */
#include "pw_gen_profile.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "profile_schema.h"
#include "pw_clock.h"

static const struct conf_foreign kind = {.root = &profile_root, .check = profile_check};

static struct pw_ip ip4(uint32_t host)
{
	return pw_ip_from_v4(htonl(host));
}

void profile_init_stream(void *elem)
{
	struct pw_gen_stream *stream = elem;

	stream->to = PW_GEN_PORT_UNSET;
	stream->rate.unit = PW_GEN_RATE_PPS;
	stream->rate.milli = 1000 * 1000;
	pw_gen_sizes_fixed(&stream->frame.sizes, PW_GEN_SIZE_MIN);
	stream->frame.flows.order = PW_GEN_PERMUTED;
	stream->frame.flows.zipf = 1.0;
	stream->frame.protos[0] = IPPROTO_UDP;
	stream->frame.n_protos = 1;
	stream->frame.stamp = true;
	stream->frame.tcp_flags = 0x10; /* ACK */
	stream->ttl = 64;
	stream->latency = true;
	stream->verify_every = 1;
	/* RFC 2544 C.2.6.2: 198.18.0.0/15 is for benchmarks. */
	stream->src = (struct pw_gen_ip_range){ip4(0xc6120001), 1};
	stream->dst = (struct pw_gen_ip_range){ip4(0xc6130001), 1};
	stream->src_port = (struct pw_gen_range){1024, 1};
	stream->dst_port = (struct pw_gen_range){9, 1}; /* discard */
	for (unsigned f = 0; f < PW_GEN_FIELD_COUNT; f++)
		stream->expect.field[f].kind = PW_GEN_EXPECT_SAME;
	/* Most devices change them, and what came to us by a wrong one would not be here. */
	stream->expect.field[PW_GEN_SRC_MAC].kind = PW_GEN_EXPECT_ANY;
	stream->expect.field[PW_GEN_DST_MAC].kind = PW_GEN_EXPECT_ANY;
}

void profile_init_port(void *elem)
{
	struct pw_gen_port *port = elem;

	port->id = PW_GEN_PORT_UNSET;
	port->response_bytes = 64;
}

void profile_init_conn(void *elem)
{
	struct pw_gen_conn *conn = elem;

	conn->rate.unit = PW_GEN_RATE_PPS;
	conn->rate.milli = 1000 * 1000;
	conn->proto = IPPROTO_TCP;
	conn->src_port = (struct pw_gen_range){1024, 64512};
	conn->dst_port = (struct pw_gen_range){80, 1};
	conn->request_bytes = 64;
	conn->response_bytes = 64;
	conn->open = 65536;
	conn->timeout_ns = PW_NS_PER_SEC;
}

void profile_init_replay(void *elem)
{
	struct pw_gen_replay *replay = elem;

	replay->speed = 1;
	replay->loops = 1;
}

static void init_rfc2544(struct pw_gen_rfc2544 *rfc)
{
	static const uint16_t sizes[] = {64, 128, 256, 512, 1024, 1280, 1518}; /* section 9.1 */

	memcpy(rfc->sizes.v, sizes, sizeof(sizes));
	rfc->sizes.n = sizeof(sizes) / sizeof(sizes[0]);
	rfc->tests = 1u << PW_GEN_TEST_THROUGHPUT | 1u << PW_GEN_TEST_LATENCY;
	rfc->losses_ppm[0] = 0;
	rfc->losses_ppm[1] = 5000;
	rfc->n_losses = 2;
	rfc->max_rate.unit = PW_GEN_RATE_PERCENT;
	rfc->max_rate.milli = 100 * 1000;
	rfc->trial_ns = 5 * PW_NS_PER_SEC;
	rfc->final_ns = 60 * PW_NS_PER_SEC; /* section 24 */
	rfc->settle_ns = 5 * PW_NS_PER_SEC; /* section 23 */
	rfc->resolution_ppm = 5000;
}

void profile_init(struct pw_gen_profile *profile)
{
	struct pw_gen_criteria *c = &profile->criteria;

	profile->duration_ns = 10 * PW_NS_PER_SEC;
	profile->wait_ns = 2 * PW_NS_PER_SEC; /* RFC 2544 section 23 */
	profile->wait_link_ns = 10 * PW_NS_PER_SEC;
	profile->catch_up_ns = PW_NS_PER_MSEC;
	init_rfc2544(&profile->rfc2544);
	*c = (struct pw_gen_criteria){
		-1, -1, -1, -1, -1, -1, -1, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, -1, -1};
}

static struct pw_gen_profile *create(const char *path)
{
	struct pw_gen_profile *profile = calloc(1, sizeof(*profile));

	if (profile == NULL)
		return NULL;
	profile->path = strdup(path);
	if (profile->path == NULL) {
		free(profile);
		return NULL;
	}
	profile_init(profile);
	return profile;
}

struct pw_gen_profile *pw_gen_profile_parse(
	const char *name, const char *text, size_t len, struct pw_conf_errors *errors)
{
	struct pw_gen_profile *profile = create(name);

	*errors = (struct pw_conf_errors){0};
	if (profile != NULL && conf_foreign_parse(&kind, name, text, len, profile, errors) == 0)
		return profile;
	pw_gen_profile_free(profile);
	return NULL;
}

struct pw_gen_profile *pw_gen_profile_load(const char *path, struct pw_conf_errors *errors)
{
	struct pw_gen_profile *profile = create(path);

	*errors = (struct pw_conf_errors){0};
	if (profile != NULL && conf_foreign_load(&kind, path, profile, errors) == 0)
		return profile;
	pw_gen_profile_free(profile);
	return NULL;
}

void pw_gen_profile_free(struct pw_gen_profile *profile)
{
	if (profile == NULL)
		return;
	for (uint32_t i = 0; i < profile->n_replays; i++)
		free(profile->replays[i].file);
	free(profile->ports);
	free(profile->streams);
	free(profile->conns);
	free(profile->replays);
	free(profile->path);
	free(profile);
}

char *pw_gen_profile_reference(void)
{
	struct pw_gen_profile *profile = create("");
	char *text = profile != NULL ? conf_foreign_reference(&kind, profile) : NULL;

	pw_gen_profile_free(profile);
	return text;
}
