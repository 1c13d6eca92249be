/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bench_conns.c - bytes a connection costs the process (P-14): `bench_conns [--flows N] [--json FILE]`.
 *
 * Everything NAT keeps for a table of N flows is made, N packets each open one, and the growth of the
 * resident set is divided by N. Compiled for IPv4, and for IPv6 as bench_conns6 (nat6.h).
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench_json.h"
#include "nat_priv.h"

#define BULK 64

#ifdef PW_NAT_V6
#define FAMILY "IPv6"
#define GOAL   160
#else
#define FAMILY "IPv4"
#define GOAL   96
#endif

static double resident_bytes(void)
{
	unsigned long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (f == NULL || fscanf(f, "%*u %lu", &pages) != 1)
		exit(1);
	fclose(f);
	return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static const uint32_t vip = 0x0a00600a;

struct packet {
	struct pw_pkt pkt;
	uint8_t header[40];
};

static void make(struct packet *p, uint32_t i)
{
	uint32_t client = htonl(0x0b000000 + i / 50000);

	p->pkt = (struct pw_pkt){
		.flags = NAT_PKT_FAMILY | PW_PKT_HAS_PORTS,
		.data = p->header,
		.l4_proto = IPPROTO_UDP,
		.src_be = client,
		.dst_be = vip,
		.sport_be = htons((uint16_t)(1024 + i % 50000)),
		.dport_be = 80,
	};
	memset(p->header, 0, sizeof(p->header));
	memcpy(p->header + 8, &client, 4);
	memcpy(p->header + 24, &vip, 4);
}

static void fill(struct pw_nat *nat, uint32_t n)
{
	static struct packet packets[BULK];
	struct pw_pkt *batch[BULK];

	for (uint32_t i = 0; i < n; i += BULK) {
		uint32_t count = PW_MIN(n - i, (uint32_t)BULK);

		for (uint32_t k = 0; k < count; k++) {
			make(&packets[k], i + k);
			batch[k] = &packets[k].pkt;
		}
		pw_nat_process(nat, 0, batch, count, 1000);
	}
}

int main(int argc, char **argv)
{
	struct pw_nat_endpoint endpoint = {htonl(0x0af40001), htons(8080)};
	struct pw_nat_service svc = {.vip_be = vip,
		.port_be = 80,
		.proto = IPPROTO_UDP,
		.endpoints = &endpoint,
		.n_endpoints = 1};
	struct pw_nat_params params = {.max_flows = 1000000,
		.max_services = 1024,
		.max_endpoints = 4096,
		.n_workers = 1,
		.seed = 42};
	struct pw_nat_stats stats;
	FILE *json = NULL;
	char what[64];

	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--flows") == 0)
			params.max_flows = (uint32_t)atol(argv[i + 1]);
		else if (strcmp(argv[i], "--json") == 0)
			json = fopen(argv[i + 1], "w");
	}

	double before = resident_bytes();
	struct pw_qsbr *qsbr = pw_qsbr_create(pw_alloc_heap(), 1);
	struct pw_limbo *limbo = pw_limbo_create(qsbr);
	struct pw_nat *nat = pw_nat_create(pw_alloc_heap(), limbo, &params);

	if (nat == NULL || pw_nat_service_set(nat, &svc, NULL) != 0)
		return 1;
	fill(nat, params.max_flows);
	pw_nat_stats(nat, &stats);

	double each = (resident_bytes() - before) / stats.used;
	struct bench_row row = {"P-14", what, "bytes", each, each, each, 1, GOAL, false};

	snprintf(what, sizeof(what), "%s connection, all in, %u of them", FAMILY, stats.used);
	bench_print(&row);
	bench_json(json, &row, "scripts/bench.sh conns");
	bench_json_end(json);
	pw_nat_destroy(nat);
	pw_limbo_destroy(limbo);
	pw_qsbr_destroy(qsbr);
	return 0;
}
