/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Routes come and go under readers. A value is the index of an object that says which prefix it was
 * made for, and that is poisoned after its grace period: what a lookup gives must contain the
 * address, and must still be alive. 10.0.0.0/8 always has a route: no address in it may ever miss.
 */
#include <arpa/inet.h>

#include "pw_lpm4.h"
#include "stress.h"

#define OBJECTS  4096
#define PREFIXES 500
#define NET      UINT32_C(0x0a000000)

struct object { /* plain accesses: a race shows */
	uint32_t ip;
	uint8_t len;
	bool alive;
};

struct routes {
	struct pw_lpm4 *lpm;
	struct object objects[OBJECTS];
	uint32_t free[OBJECTS];
	uint32_t n_free;
};

static uint32_t mask_of(uint8_t len)
{
	return len == 0 ? 0 : UINT32_MAX << (32 - len);
}

/* Few addresses, so that prefixes nest and groups come and go. */
static uint32_t random_ip(struct stress_thread *thread)
{
	return NET | (stress_random(thread) & UINT32_C(0x00030103));
}

static void check_value(const struct routes *routes, uint32_t ip, uint32_t value)
{
	CHECK(value < OBJECTS);

	const struct object *object = &routes->objects[value];

	CHECK(object->alive);
	CHECK((ip & mask_of(object->len)) == object->ip);
}

static void *reader_main(void *arg)
{
	struct stress_thread *self = arg;
	const struct routes *routes = self->stress->arg;

	while (stress_reader_goes_on(self)) {
		uint32_t ips[32], values[32];

		for (uint32_t i = 0; i < 32; i++)
			ips[i] = htonl(random_ip(self));
		pw_lpm4_lookup_bulk(routes->lpm, ips, values, 32);
		for (uint32_t i = 0; i < 32; i++) {
			check_value(routes, ntohl(ips[i]), values[i]);
			check_value(routes, ntohl(ips[i]), pw_lpm4_lookup(routes->lpm, ips[i]));
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

static void set_route(struct stress *stress, struct routes *routes, uint32_t ip, uint8_t len)
{
	if (routes->n_free == 0)
		return;

	uint32_t old = pw_lpm4_get(routes->lpm, htonl(ip), len);
	uint32_t value = routes->free[--routes->n_free];

	routes->objects[value] = (struct object){.ip = ip, .len = len, .alive = true};
	if (pw_lpm4_set(routes->lpm, htonl(ip), len, value) == 0)
		retire(stress, routes, old);
	else /* full: nobody saw it */
		bury(routes, &routes->objects[value]);
}

static void clear_route(struct stress *stress, struct routes *routes, uint32_t ip, uint8_t len)
{
	uint32_t old = pw_lpm4_get(routes->lpm, htonl(ip), len);

	if (pw_lpm4_clear(routes->lpm, htonl(ip), len) == 0)
		retire(stress, routes, old);
}

static void change_one(struct stress *stress, struct routes *routes)
{
	static const uint8_t lens[] = {15, 16, 17, 23, 24, 25, 30, 31, 32, 32};
	struct stress_thread *self = &stress->writer;
	uint8_t len = lens[stress_random(self) % PW_ARRAY_SIZE(lens)];
	uint32_t ip = random_ip(self) & mask_of(len);
	uint32_t dice = stress_random(self) % 256;
	uint32_t sets = self->rounds / 256 % 2 == 0 ? 160 : 40; /* fills, empties, fills ... */

	if (dice == 0)
		set_route(stress, routes, NET, 8); /* replaced, never cleared */
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
	routes.lpm = pw_lpm4_create(pw_alloc_heap(), stress.limbo, PREFIXES);
	CHECK(routes.lpm != NULL);
	for (uint32_t i = 0; i < OBJECTS; i++)
		routes.free[routes.n_free++] = i;
	set_route(&stress, &routes, NET, 8);
	stress_start(&stress, reader_main);
	while (stress_goes_on(&stress)) {
		change_one(&stress, &routes);
		pw_limbo_run(stress.limbo, 4);
		if (routes.n_free < OBJECTS / 2)
			sched_yield();
	}
	stress_stop(&stress);
	pw_lpm4_destroy(routes.lpm);
	stress_fini(&stress);
	return 0;
}
