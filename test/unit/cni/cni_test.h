/* SPDX-License-Identifier: BSD-3-Clause */
/* cni_test.h - what the unit tests of lib/cni share. */
#ifndef CNI_TEST_H
#define CNI_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pw_addr.h"

#define assert_contains(text, part)                                                                \
	do {                                                                                       \
		if (strstr((text), (part)) == NULL)                                                \
			fail_msg("\"%s\" is not in \"%s\"", (part), (text));                       \
	} while (0)

static inline struct pw_ip ip_of(const char *text)
{
	struct pw_ip ip = {0};

	assert_int_equal(pw_ip_parse(text, &ip), 0);
	return ip;
}

static inline void assert_ip(const struct pw_ip *ip, const char *text)
{
	char buf[PW_IP_STRLEN];

	assert_string_equal(ip->family != PW_FAMILY_NONE ? pw_ip_format(ip, buf) : "", text);
}

static inline int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

/* In memory where there is such a place: the pool waits for the disk at every step. */
static inline int dir_setup(void **state)
{
	char template[64];

	snprintf(template, sizeof(template), "%s/pw-cni-unit-XXXXXX",
		access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	*state = mkdtemp(template) != NULL ? strdup(template) : NULL;
	return *state != NULL ? 0 : -1;
}

static inline int dir_teardown(void **state)
{
	nftw(*state, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(*state);
	return 0;
}

#endif
