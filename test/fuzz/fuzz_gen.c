/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fuzz_gen.c - what podway-gen reads from others: recorded files, profiles, and frames, which it judges, answers,
 * reflects and takes for segments of its connections. The first byte says which.
 */
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>

#include "pw_gen_conns.h"
#include "pw_gen_pcap.h"
#include "pw_gen_profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void *copy_of(const uint8_t *data, size_t size, size_t room)
{
	void *copy = malloc(room > 0 ? room : 1);

	if (copy == NULL)
		abort();
	memcpy(copy, data, size);
	return copy;
}

static void as_pcap(const uint8_t *data, size_t size)
{
	struct pw_gen_pcap pcap;
	struct pw_err err;

	if (pw_gen_pcap_parse(&pcap, "x", copy_of(data, size, size), size, &err) != 0)
		return;
	for (uint32_t i = 1; i < pcap.n; i++)
		if (pcap.frames[i].at_ns < pcap.frames[i - 1].at_ns)
			abort();
	pw_gen_pcap_free(&pcap);
}

static void as_profile(const uint8_t *data, size_t size)
{
	struct pw_conf_errors errors;
	struct pw_gen_profile *profile =
		pw_gen_profile_parse("x", (const char *)data, size, &errors);

	/* Either a profile or an error that says why not. */
	if ((profile == NULL) != (errors.n > 0))
		abort();
	pw_conf_errors_free(&errors);
	pw_gen_profile_free(profile);
}

static void as_frame(const uint8_t *data, size_t size)
{
	const struct pw_gen_host host = {.mac = {{2, 0, 0, 0, 0, 1}}};
	uint16_t len = (uint16_t)size;
	struct pw_gen_stamp stamp;
	struct pw_gen_view view;
	uint8_t *exact = copy_of(data, size, size);
	uint8_t *roomy = copy_of(data, size, 2048);

	if (pw_gen_frame_find(exact, len, &view, &stamp) == PW_GEN_OURS)
		pw_gen_view_tuple_hash(&view);
	pw_gen_swap_5tuple(exact, len);
	pw_gen_serve(&host, 1400, roomy, &len);
	if (len > 1600)
		abort();
	free(exact);
	free(roomy);
}

static void as_segment(const uint8_t *data, size_t size)
{
	static const struct pw_gen_conn conf = {
		.proto = IPPROTO_TCP,
		.src = {{.family = PW_IPV4, .b = {10, 0, 0, 1}}, 1},
		.dst = {{.family = PW_IPV4, .b = {10, 0, 0, 2}}, 1},
		.src_port = {1, 65535},
		.dst_port = {80, 1},
		.request_bytes = 1400,
		.open = 4,
		.timeout_ns = 1,
	};
	const struct pw_mac mac = {{2, 0, 0, 0, 0, 1}};
	struct pw_gen_conns *conns = pw_gen_conns_create(&conf, &mac, 1000000000);
	uint8_t *exact = copy_of(data, size, size), out[2048];

	if (conns == NULL)
		abort();
	pw_gen_conns_open(conns, 0, out);
	if (pw_gen_conns_receive(conns, exact, (uint16_t)size, 1, out) > PW_GEN_CONN_ROOM)
		abort();
	pw_gen_conns_destroy(conns);
	free(exact);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const as[])(const uint8_t *data, size_t size) = {
		as_pcap, as_profile, as_frame, as_segment};

	if (size > 0 && size <= 1500)
		as[data[0] % 4](data + 1, size - 1);
	return 0;
}
