/* SPDX-License-Identifier: BSD-3-Clause */
/* gen_test.h - what cmocka needs first, and a frame to begin with. */
#ifndef GEN_TEST_H
#define GEN_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "pw_gen_frame.h"
#include "pw_util.h"

static inline void frame_defaults(struct pw_gen_frame *f)
{
	memset(f, 0, sizeof(*f));
	f->src_mac = (struct pw_mac){{2, 0, 0, 0, 0, 1}};
	f->dst_mac = (struct pw_mac){{2, 0, 0, 0, 0, 2}};
	f->src = pw_ip_from_v4(htonl(0x0a000001));
	f->dst = pw_ip_from_v4(htonl(0x0a010001));
	f->protos[0] = IPPROTO_UDP;
	f->n_protos = 1;
	f->src_port = 1024;
	f->dst_port = 53;
	f->ttl = 64;
	f->stamp = true;
	for (unsigned i = 0; i < PW_GEN_FIELD_COUNT; i++)
		f->flows.range[i] = 1;
	pw_gen_sizes_fixed(&f->sizes, 64);
}

#define TESTS_MAIN(...)                                                                            \
	int main(void)                                                                             \
	{                                                                                          \
		const struct CMUnitTest tests[] = {__VA_ARGS__};                                   \
		return cmocka_run_group_tests(tests, NULL, NULL);                                  \
	}

#endif
