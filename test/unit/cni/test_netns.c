/* SPDX-License-Identifier: BSD-3-Clause */
/* What needs no rights; the rest is in test/func/cni_protocol.py. */
#include <errno.h>

#include "cni_test.h"
#include "pw_cni_link.h"
#include "pw_cni_netns.h"

static void test_own(void **state)
{
	struct pw_cni_netns netns;
	struct pw_err err;

	assert_int_equal(pw_cni_netns_open(&netns, "/proc/self/ns/net", &err), 0);
	assert_true(netns.own);
	assert_true(netns.inode != 0);
	pw_cni_netns_close(&netns);
	pw_cni_netns_close(&netns);
}

static void test_refused(void **state)
{
	struct pw_cni_netns netns;
	struct pw_err err;

	assert_int_equal(pw_cni_netns_open(&netns, "/none/such", &err), -ENOENT);
	assert_int_equal(pw_cni_netns_open(&netns, "/etc/passwd", &err), -EINVAL);
	assert_contains(err.msg, "not a namespace file");
	assert_int_equal(pw_cni_netns_open(&netns, "/proc/self/ns/uts", &err), -EINVAL);
	assert_contains(err.msg, "not of the network");
	assert_int_equal(pw_cni_netns_open(&netns, "/proc/self/status", &err), -EINVAL);
}

static void test_find(void **state)
{
	struct pw_cni_link link;
	struct pw_err err;

	assert_int_equal(pw_cni_link_open(&link, "lo", &err), 0);
	assert_int_equal(pw_cni_link_find(&link, &err), 0);
	assert_int_equal(link.ifindex, 1);
	assert_false(link.tap);
	pw_cni_link_close(&link);
	assert_int_equal(pw_cni_link_open(&link, "nonesuch0", &err), 0);
	assert_int_equal(pw_cni_link_find(&link, &err), -ENODEV);
	pw_cni_link_close(&link);
	assert_int_equal(pw_cni_link_tap_create("eth%d", 1, &err), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_find),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
