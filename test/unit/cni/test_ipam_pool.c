/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "cni_test.h"
#include "pw_ipam_pool.h"
#include "pw_util.h"

static struct pw_ipam_ranges ranges;

static void set_ranges(const char *text)
{
	json_t *json = json_loads(text, 0, NULL);
	struct pw_err err;

	assert_non_null(json);
	assert_int_equal(pw_ipam_ranges_parse(json, &ranges, &err), 0);
	json_decref(json);
}

static struct pw_ipam_pool *open_pool(const char *dir)
{
	struct pw_err err;
	struct pw_ipam_pool *pool = pw_ipam_pool_create(dir, NULL, &err);

	assert_non_null(pool);
	return pool;
}

/* The address given, "" on error with its code in *rc. */
static const char *alloc_ip(struct pw_ipam_pool *pool, const char *network, const char *id,
	const char *wanted, int *rc, struct pw_err *err)
{
	static char text[PW_PREFIX_STRLEN];
	const struct pw_ipam_lease *lease = NULL;
	struct pw_ip ip = wanted != NULL ? ip_of(wanted) : (struct pw_ip){0};
	struct pw_ipam_request request = {.network = network,
		.container_id = id,
		.ifname = "eth0",
		.ranges = &ranges,
		.ips = &ip,
		.n_ips = wanted != NULL};

	*rc = pw_ipam_pool_alloc(pool, &request, &lease, err);
	return *rc == 0 ? pw_prefix_format(&lease->addresses[0], text) : "";
}

#define assert_alloc(pool, id, wanted, expect)                                                     \
	assert_string_equal(alloc_ip(pool, "net", id, wanted, &rc, &err), expect)
#define assert_no_alloc(pool, id, wanted, code, part)                                              \
	do {                                                                                       \
		assert_string_equal(alloc_ip(pool, "net", id, wanted, &rc, &err), "");             \
		assert_int_equal(rc, code);                                                        \
		assert_contains(err.msg, part);                                                    \
	} while (0)

static void test_round_robin(void **state)
{
	struct pw_ipam_pool *pool = open_pool(*state);
	struct pw_err err;
	bool found;
	int rc;

	set_ranges("[[{\"subnet\":\"10.1.0.0/29\"}]]"); /* .2 to .6, .1 is the gateway */
	assert_alloc(pool, "a", NULL, "10.1.0.2/29");
	assert_alloc(pool, "b", NULL, "10.1.0.3/29");
	assert_int_equal(pw_ipam_pool_free(pool, "a", "eth0", &found, &err), 0);
	assert_true(found);
	/* The freed one comes up again only after all the others. */
	assert_alloc(pool, "c", NULL, "10.1.0.4/29");
	assert_alloc(pool, "d", NULL, "10.1.0.5/29");
	assert_alloc(pool, "e", NULL, "10.1.0.6/29");
	assert_alloc(pool, "f", NULL, "10.1.0.2/29");
	assert_no_alloc(
		pool, "g", NULL, -ENOSPC, "no free address in 10.1.0.0/29: all 5 are in use");
	assert_int_equal(pw_ipam_pool_free(pool, "g", "eth0", &found, &err), 0);
	assert_false(found);
	assert_int_equal(pw_ipam_pool_free(pool, "d", "eth0", NULL, &err), 0);
	assert_alloc(pool, "g", NULL, "10.1.0.5/29");
	assert_int_equal(pw_ipam_pool_count(pool), 5);
	pw_ipam_pool_destroy(pool);
}

static void test_one_a_pair(void **state)
{
	struct pw_ipam_pool *pool = open_pool(*state);
	const struct pw_ipam_lease *lease;
	struct pw_ip ip = ip_of("10.1.0.2");
	struct pw_err err;
	int rc;

	set_ranges("[[{\"subnet\":\"10.1.0.0/24\"}]]");
	assert_alloc(pool, "a", NULL, "10.1.0.2/24");
	assert_no_alloc(pool, "a", NULL, -EEXIST, "10.1.0.2/24");
	lease = pw_ipam_pool_find(pool, "a", "eth0");
	assert_non_null(lease);
	assert_ip(&lease->gateways[0], "10.1.0.1");
	assert_string_equal(lease->network, "net");
	assert_ptr_equal(pw_ipam_pool_owner(pool, &ip), lease);
	assert_ptr_equal(pw_ipam_pool_at(pool, 0), lease);
	assert_null(pw_ipam_pool_at(pool, 1));
	assert_null(pw_ipam_pool_find(pool, "a", "net1"));
	pw_ipam_pool_destroy(pool);
}

static void test_requested(void **state)
{
	struct pw_ipam_pool *pool = open_pool(*state);
	struct pw_err err;
	int rc;

	set_ranges("[[{\"subnet\":\"10.1.0.0/24\",\"rangeEnd\":\"10.1.0.99\"}]]");
	assert_alloc(pool, "a", "10.1.0.50", "10.1.0.50/24");
	assert_no_alloc(pool, "b", "10.1.0.50", -EBUSY, "in use by a eth0");
	assert_no_alloc(pool, "b", "10.1.0.1", -ERANGE, "gateway");
	assert_no_alloc(pool, "b", "10.1.0.100", -ERANGE, "10.1.0.100 is in none");
	assert_no_alloc(pool, "b", "fd00::1", -ERANGE, "fd00::1 is in none");
	assert_int_equal(pw_ipam_pool_count(pool), 1);
	set_ranges("[[{\"subnet\":\"10.1.0.0/24\",\"rangeStart\":\"10.1.0.0\",\"rangeEnd\":"
		   "\"10.1.0.255\"}]]");
	assert_no_alloc(pool, "b", "10.1.0.0", -ERANGE, "network or broadcast");
	assert_no_alloc(pool, "b", "10.1.0.255", -ERANGE, "network or broadcast");
	pw_ipam_pool_destroy(pool);
}

static void test_dual_stack(void **state)
{
	struct pw_ipam_pool *pool = open_pool(*state);
	struct pw_ip ips[2] = {ip_of("fd00::77"), ip_of("fd00::78")};
	struct pw_ipam_request request = {.network = "net",
		.container_id = "a",
		.ifname = "eth0",
		.ranges = &ranges,
		.ips = ips};
	const struct pw_ipam_lease *lease;
	uint64_t used, left;
	struct pw_err err;

	set_ranges("[[{\"subnet\":\"10.1.0.0/24\"}],[{\"subnet\":\"fd00::/64\"}]]");
	request.n_ips = 2; /* two of one set are one too many */
	assert_int_equal(pw_ipam_pool_alloc(pool, &request, &lease, &err), -ERANGE);
	request.n_ips = 1;
	assert_int_equal(pw_ipam_pool_alloc(pool, &request, &lease, &err), 0);
	assert_int_equal(lease->n, 2);
	assert_ip(&lease->addresses[0].ip, "10.1.0.2");
	assert_ip(&lease->addresses[1].ip, "fd00::77");
	assert_int_equal(lease->addresses[1].len, 64);
	assert_ip(&lease->gateways[1], "fd00::1");
	pw_ipam_pool_usage(pool, &ranges, &used, &left);
	assert_int_equal(used, 2);
	assert_true(left == UINT64_MAX);
	set_ranges("[[{\"subnet\":\"10.1.0.0/24\"}]]");
	pw_ipam_pool_usage(pool, &ranges, &used, &left);
	assert_int_equal(used, 1);
	assert_int_equal(left, 252);
	pw_ipam_pool_destroy(pool);
}

static void test_several_ranges(void **state)
{
	struct pw_ipam_pool *pool = open_pool(*state);
	struct pw_err err;
	int rc;

	set_ranges("[[{\"subnet\":\"10.1.0.0/30\"},{\"subnet\":\"10.2.0.0/30\"},"
		   "{\"subnet\":\"10.3.0.0/30\",\"gateway\":\"10.3.0.2\"}]]");
	assert_alloc(pool, "a", "10.2.0.2", "10.2.0.2/30");
	assert_alloc(pool, "b", NULL, "10.3.0.1/30");
	assert_alloc(pool, "c", NULL, "10.1.0.2/30");
	assert_no_alloc(pool, "d", NULL, -ENOSPC, "10.1.0.0/30 and the other ranges");
	pw_ipam_pool_destroy(pool);
}

/* An address belongs to one lease, whatever network asked; the round robin is each network's. */
static void test_networks(void **state)
{
	struct pw_ipam_pool *pool = open_pool(*state);
	struct pw_err err;
	int rc;

	set_ranges("[[{\"subnet\":\"10.1.0.0/29\"}]]");
	assert_string_equal(alloc_ip(pool, "x", "a", NULL, &rc, &err), "10.1.0.2/29");
	assert_string_equal(alloc_ip(pool, "y", "b", NULL, &rc, &err), "10.1.0.3/29");
	assert_string_equal(alloc_ip(pool, "y", "c", "10.1.0.2", &rc, &err), "");
	assert_int_equal(rc, -EBUSY);
	assert_string_equal(alloc_ip(pool, "x", "d", NULL, &rc, &err), "10.1.0.4/29");
	pw_ipam_pool_destroy(pool);
}

static void test_bad_request(void **state)
{
	struct pw_ipam_pool *pool = open_pool(*state);
	struct pw_err err;
	int rc;

	set_ranges("[[{\"subnet\":\"10.1.0.0/29\"}]]");
	assert_no_alloc(pool, "../x", NULL, -EINVAL, "container id");
	assert_no_alloc(pool, "", NULL, -EINVAL, "container id");
	ranges.n = 0;
	assert_no_alloc(pool, "a", NULL, -EINVAL, "no address ranges");
	pw_ipam_pool_destroy(pool);
}

/* ---- random operations against a model that is too simple to be wrong ---- */

#define MODEL_PODS 24

struct model {
	char ids[MODEL_PODS][8];
	int address[MODEL_PODS]; /* index into order, -1: none */
	int last;                /* index of the one handed out last, -1: none */
};

/* 10.1.0.2-.6 (the gateway is .1), 10.2.0.9-.14 without the gateway .12: in this order. */
static const char *const order[] = {"10.1.0.2", "10.1.0.3", "10.1.0.4", "10.1.0.5", "10.1.0.6",
	"10.2.0.9", "10.2.0.10", "10.2.0.11", "10.2.0.13", "10.2.0.14"};
#define MODEL_SIZE ((int)PW_ARRAY_SIZE(order))

static bool model_used(const struct model *m, int index)
{
	for (int i = 0; i < MODEL_PODS; i++) {
		if (m->address[i] == index)
			return true;
	}
	return false;
}

static int model_next(const struct model *m)
{
	for (int i = 1; i <= MODEL_SIZE; i++) {
		int index = (m->last + i) % MODEL_SIZE;

		if (!model_used(m, index))
			return index;
	}
	return -1;
}

static void model_alloc(struct model *m, struct pw_ipam_pool *pool, int pod, int wanted)
{
	int expect = m->address[pod] >= 0                   ? -EEXIST
		     : wanted >= 0 && model_used(m, wanted) ? -EBUSY
		     : wanted < 0 && model_next(m) < 0      ? -ENOSPC
							    : 0;
	int index = wanted >= 0 ? wanted : model_next(m), rc;
	struct pw_err err;
	const char *text =
		alloc_ip(pool, "net", m->ids[pod], wanted >= 0 ? order[wanted] : NULL, &rc, &err);

	assert_int_equal(rc, expect);
	if (rc != 0)
		return;
	assert_true(strncmp(text, order[index], strlen(order[index])) == 0);
	assert_true(text[strlen(order[index])] == '/');
	m->address[pod] = m->last = index;
}

static void model_free(struct model *m, struct pw_ipam_pool *pool, int pod)
{
	struct pw_err err;
	bool found;

	assert_int_equal(pw_ipam_pool_free(pool, m->ids[pod], "eth0", &found, &err), 0);
	assert_int_equal(found, m->address[pod] >= 0);
	m->address[pod] = -1;
}

static void model_compare(const struct model *m, const struct pw_ipam_pool *pool)
{
	uint64_t used, left;
	uint32_t n = 0;

	for (int i = 0; i < MODEL_PODS; i++) {
		const struct pw_ipam_lease *lease = pw_ipam_pool_find(pool, m->ids[i], "eth0");

		assert_int_equal(lease != NULL, m->address[i] >= 0);
		if (lease == NULL)
			continue;
		assert_ip(&lease->addresses[0].ip, order[m->address[i]]);
		n++;
	}
	assert_int_equal(pw_ipam_pool_count(pool), n);
	pw_ipam_pool_usage(pool, &ranges, &used, &left);
	assert_int_equal(used, n);
	assert_int_equal(left, MODEL_SIZE - n);
}

static void test_random(void **state)
{
	struct pw_ipam_pool *pool = open_pool(*state);
	struct model m = {.last = -1};

	srandom(42);
	set_ranges("[[{\"subnet\":\"10.1.0.0/29\"},{\"subnet\":\"10.2.0.0/28\",\"rangeStart\":"
		   "\"10.2.0.9\",\"gateway\":\"10.2.0.12\"}]]");
	for (int i = 0; i < MODEL_PODS; i++) {
		snprintf(m.ids[i], sizeof(m.ids[i]), "pod%d", i);
		m.address[i] = -1;
	}
	for (int i = 0; i < 4000; i++) {
		int what = (int)(random() % 100), pod = (int)(random() % MODEL_PODS);

		if (what < 45) {
			model_alloc(&m, pool, pod, -1);
		} else if (what < 55) {
			model_alloc(&m, pool, pod, (int)(random() % MODEL_SIZE));
		} else if (what < 98) {
			model_free(&m, pool, pod);
		} else { /* a restart changes nothing */
			pw_ipam_pool_destroy(pool);
			pool = open_pool(*state);
		}
		model_compare(&m, pool);
	}
	pw_ipam_pool_destroy(pool);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, dir_setup, dir_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_round_robin),
		TEST(test_one_a_pair),
		TEST(test_requested),
		TEST(test_dual_stack),
		TEST(test_several_ranges),
		TEST(test_networks),
		TEST(test_bad_request),
		TEST(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
