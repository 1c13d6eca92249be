/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Routes come and go under readers. A value is the index of an object that says which prefix it was
 * made for, and that is poisoned after its grace period: what a lookup gives must contain the
 * address, and must still be alive. 2001:db8::/32 always has a route: no address in it may ever miss.
 */
#include "pw_lpm6.h"
#include "stress.h"

#define OBJECTS  4096
#define PREFIXES 500

static const struct pw_prefix_key net = {UINT64_C(0x20010db8) << 32, 0};

struct object { /* plain accesses: a race shows */
	struct pw_prefix_key ip;
	uint8_t len;
	bool alive;
};

struct routes {
	struct pw_lpm6 *lpm;
	struct object objects[OBJECTS];
	uint32_t free[OBJECTS];
	uint32_t n_free;
};

static struct pw_prefix_key cut(struct pw_prefix_key ip, uint8_t len)
{
	uint64_t hi = len >= 64 ? UINT64_MAX : ~(UINT64_MAX >> len);
	uint64_t lo = len >= 128 ? UINT64_MAX : len <= 64 ? 0 : ~(UINT64_MAX >> (len - 64));

	return (struct pw_prefix_key){ip.hi & hi, ip.lo & lo};
}

/* Few addresses, so that prefixes nest, and paths part and join. */
static struct pw_prefix_key random_ip(struct stress_thread *thread)
{
	uint64_t dice = stress_random(thread);

	return (struct pw_prefix_key){net.hi | (dice & 0x10011), dice >> 8 & 0x8001};
}

static void check_value(const struct routes *routes, struct pw_prefix_key ip, uint32_t value)
{
	CHECK(value < OBJECTS);

	const struct object *object = &routes->objects[value];

	CHECK(object->alive);
	ip = cut(ip, object->len);
	CHECK(ip.hi == object->ip.hi && ip.lo == object->ip.lo);
}

static void *reader_main(void *arg)
{
	struct stress_thread *self = arg;
	const struct routes *routes = self->stress->arg;

	while (stress_reader_goes_on(self)) {
		struct pw_prefix_key ips[32];
		uint32_t values[32];

		for (uint32_t i = 0; i < 32; i++)
			ips[i] = random_ip(self);
		pw_lpm6_lookup_bulk(routes->lpm, ips, values, 32);
		for (uint32_t i = 0; i < 32; i++) {
			check_value(routes, ips[i], values[i]);
			check_value(routes, ips[i], pw_lpm6_lookup(routes->lpm, ips[i]));
		}
	}
	return NULL;
}

static void bury(void *ctx, void *obj)
{
	struct routes *routes = ctx;
	struct object *object = obj;

	CHECK(object->alive);
	object->alive = false;
	routes->free[routes->n_free++] = (uint32_t)(object - routes->objects);
}

static void retire(struct stress *stress, struct routes *routes, uint32_t value)
{
	if (value != PW_LPM_MISS)
		CHECK(pw_limbo_defer(stress->limbo, bury, routes, &routes->objects[value]) == 0);
}

static void set_route(
	struct stress *stress, struct routes *routes, struct pw_prefix_key ip, uint8_t len)
{
	if (routes->n_free == 0)
		return;

	uint32_t old = pw_lpm6_get(routes->lpm, ip, len);
	uint32_t value = routes->free[--routes->n_free];

	routes->objects[value] = (struct object){.ip = ip, .len = len, .alive = true};
	if (pw_lpm6_set(routes->lpm, ip, len, value) == 0)
		retire(stress, routes, old);
	else /* full: nobody saw it */
		bury(routes, &routes->objects[value]);
}

static void clear_route(
	struct stress *stress, struct routes *routes, struct pw_prefix_key ip, uint8_t len)
{
	uint32_t old = pw_lpm6_get(routes->lpm, ip, len);

	if (pw_lpm6_clear(routes->lpm, ip, len) == 0)
		retire(stress, routes, old);
}

static void change_one(struct stress *stress, struct routes *routes)
{
	static const uint8_t lens[] = {33, 44, 48, 60, 62, 64, 64, 112, 126, 128, 128};
	struct stress_thread *self = &stress->writer;
	uint8_t len = lens[stress_random(self) % PW_ARRAY_SIZE(lens)];
	struct pw_prefix_key ip = cut(random_ip(self), len);
	uint32_t dice = stress_random(self) % 256;
	uint32_t sets = self->rounds / 256 % 2 == 0 ? 160 : 40; /* fills, empties, fills ... */

	if (dice == 0)
		set_route(stress, routes, net, 32); /* replaced, never cleared */
	else if (dice < sets)
		set_route(stress, routes, ip, len);
	else
		clear_route(stress, routes, ip, len);
}

int main(void)
{
	static struct routes routes;
	struct stress stress = {0};

	stress_init(&stress, &routes);
	routes.lpm = pw_lpm6_create(pw_alloc_heap(), stress.limbo, PREFIXES);
	CHECK(routes.lpm != NULL);
	for (uint32_t i = 0; i < OBJECTS; i++)
		routes.free[routes.n_free++] = i;
	set_route(&stress, &routes, net, 32);
	stress_start(&stress, reader_main);
	while (stress_goes_on(&stress)) {
		change_one(&stress, &routes);
		pw_limbo_run(stress.limbo, 4);
		if (routes.n_free < OBJECTS / 2)
			sched_yield();
	}
	stress_stop(&stress);
	pw_lpm6_destroy(routes.lpm);
	stress_fini(&stress);
	return 0;
}
