/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Flows outlive the process (P-18): an orderly end, a kill at every step that writes to the file, a
 * file that is damaged, of another boot, version or size.
 *
 * A kill is a copy of the file's bytes, taken from within the hooks of the sources under test, that a
 * second table opens: every flow that was there before the step must be there, the one that is being
 * made or ended may be, and nothing else; and the second table must work.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nat_test.h"

#include "nat_priv.h"
#include "pw_race.h"

#define SYN    0x02
#define SYNACK 0x12
#define ACK    0x10
#define MAX    64
#define LINE   ((off_t)sizeof(union flow_line))

static char dir[64], file[80], copy_file[80], copy2_file[80];

static int make_dir(void **state)
{
	snprintf(dir, sizeof(dir), "%s/podway-test.XXXXXX",
		access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(dir));
	snprintf(file, sizeof(file), "%s/flows", dir);
	snprintf(copy_file, sizeof(copy_file), "%s/copy", dir);
	snprintf(copy2_file, sizeof(copy2_file), "%s/copy2", dir);
	return 0;
}

static int remove_dir(void **state)
{
	unlink(file);
	unlink(copy_file);
	unlink(copy2_file);
	rmdir(dir);
	return 0;
}

static int fresh(void **state)
{
	unlink(file);
	return 0;
}

static void open_with(struct fixture *fx, const char *path, uint32_t max_flows)
{
	struct pw_nat_params params = fx_params(max_flows, 1);

	params.flow_file = path;
	params.flows_per_client = 1000;
	fx_open_with(fx, &params);
}

static void add_services(struct fixture *fx)
{
	fx_service(fx, IPPROTO_UDP, 4);
	fx_service(fx, IPPROTO_TCP, 4);
}

/* ---- what flows there are ---- */

struct flow {
	struct flow_tuple orig, reply;
	uint8_t proto;
};

struct flow_set {
	uint32_t n;
	struct flow v[MAX * 2];
};

static void collect(void *arg, const struct pw_flow_info *info)
{
	struct flow_set *set = arg;
	bool snat = info->snat_be != 0;

	set->v[set->n++] = (struct flow){
		.orig = {info->client_be, info->vip_be, info->client_port_be, info->vip_port_be},
		.reply = {info->backend_be, snat ? info->snat_be : info->client_be,
			info->backend_port_be, snat ? info->snat_port_be : info->client_port_be},
		.proto = info->proto,
	};
}

static struct flow_set flows_in(const struct pw_nat *nat, uint32_t now)
{
	struct pw_flow_filter any = {0};
	struct flow_set set = {0};

	pw_nat_flows(nat, &any, MAX * 2, now, collect, &set);
	return set;
}

static bool set_has(const struct flow_set *set, const struct flow *flow)
{
	for (uint32_t i = 0; i < set->n; i++)
		if (memcmp(&set->v[i], flow, sizeof(*flow)) == 0)
			return true;
	return false;
}

static void check_holds(const struct flow_set *set, const struct flow_set *must)
{
	for (uint32_t i = 0; i < must->n; i++)
		assert_true(set_has(set, &must->v[i]));
}

/* Both keys of each flow find it, and only these are there. */
static void check_table(const struct pw_nat *nat, const struct flow_set *set)
{
	struct pw_nat_stats stats;

	for (uint32_t i = 0; i < set->n; i++) {
		struct flow_key orig = {set->v[i].orig, set->v[i].proto};
		struct flow_key reply = {set->v[i].reply, set->v[i].proto};
		uint32_t a = flow_lookup(&nat->flows, &orig), b = flow_lookup(&nat->flows, &reply);

		assert_true(a != 0 && (a & 1) == FLOW_ORIG);
		assert_int_equal(b, a | 1);
	}
	pw_nat_stats(nat, &stats);
	assert_int_equal(stats.used, set->n);
}

/* ---- kills ---- */

static struct {
	const struct pw_nat *nat; /* whose file is copied; NULL: not armed */
	const char *path;         /* or this one */
	struct flow_set must, may;
	unsigned points;
} kill_at;

static void copy_bytes(const void *bytes, size_t n, const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_equal(write(fd, bytes, n), n);
	close(fd);
}

static void copy_of_file(const char *from, const char *to)
{
	static uint8_t bytes[1 << 20];
	int fd = open(from, O_RDONLY);
	ssize_t n = read(fd, bytes, sizeof(bytes));

	assert_in_range(n, 0, sizeof(bytes) - 1);
	close(fd);
	copy_bytes(bytes, (size_t)n, to);
}

static void check_start_after_kill(const char *path)
{
	struct fixture fx;
	struct flow_set set;

	open_with(&fx, path, MAX);
	set = flows_in(fx.nat, 1000);
	check_holds(&set, &kill_at.must);
	for (uint32_t i = 0; i < set.n; i++)
		assert_true(set_has(&kill_at.must, &set.v[i]) || set_has(&kill_at.may, &set.v[i]));
	check_table(fx.nat, &set);
	add_services(&fx);
	pw_nat_services_synced(fx.nat);
	sent_as(&fx, udp(CLIENT + 99, 99, VIP, 80));
	fx_turn(&fx);
	assert_int_equal(flows(&fx).n, set.n + 1);
	fx_close(&fx);
}

void pw_race_hook(void)
{
	const struct pw_nat *nat = kill_at.nat;
	const char *path = kill_at.path;

	if (nat == NULL && path == NULL)
		return;
	kill_at.nat = NULL; /* the second table has no hooks */
	kill_at.path = NULL;
	kill_at.points++;
	if (nat != NULL)
		copy_bytes(nat->region.base, nat->region.bytes, copy_file);
	else
		copy_of_file(path, copy2_file);
	check_start_after_kill(nat != NULL ? copy_file : copy2_file);
	kill_at.nat = nat;
	kill_at.path = path;
}

static void arm(struct fixture *fx)
{
	kill_at.must = flows_in(fx->nat, 1000);
	kill_at.may.n = 0;
	kill_at.points = 0;
	kill_at.nat = fx->nat;
}

static unsigned disarm(void)
{
	kill_at.nat = NULL;
	kill_at.path = NULL;
	return kill_at.points;
}

/* ---- tests ---- */

static struct frame_spec connect_tcp(struct fixture *fx, uint32_t client, uint16_t port)
{
	struct frame_spec out = sent_as(fx, tcp(client, port, VIP, 80, SYN));

	out.tcp_flags = SYNACK;
	sent_as(fx, reply_to(out));
	sent_as(fx, tcp(client, port, VIP, 80, ACK));
	return out;
}

static void orderly(void **state)
{
	struct fixture fx;
	struct pw_nat_restored restored;
	struct pw_nat_service_stats svc;
	struct frame_spec out, hair;
	struct flow_set before, after;
	uint32_t id;

	open_with(&fx, file, MAX);
	add_services(&fx);
	out = connect_tcp(&fx, CLIENT, 1000);
	sent_as(&fx, udp(CLIENT, 1001, VIP, 80));
	hair = sent_as(&fx, udp(BACKEND(0), 1002, VIP, 80));
	sent_as(&fx, udp(CLIENT, 1003, BACKEND(1), 8080));
	before = flows_in(fx.nat, 1000);
	assert_int_equal(before.n, 4);
	fx_close(&fx);

	open_with(&fx, file, MAX);
	pw_nat_restored(fx.nat, &restored);
	assert_int_equal(restored.flows, 4);
	assert_int_equal(restored.invalid, 0);
	assert_null(restored.discarded);
	after = flows_in(fx.nat, 1000);
	check_holds(&after, &before);
	check_table(fx.nat, &after);
	/* Before any Service is known again both directions go on. */
	sent_as(&fx, tcp(CLIENT, 1000, VIP, 80, ACK));
	out.tcp_flags = ACK;
	assert_int_equal(sent_as(&fx, reply_to(out)).src, VIP);
	if (hair.src == SNAT)
		assert_int_equal(sent_as(&fx, reply_to(hair)).dst, BACKEND(0));
	/* The Services get the numbers that their flows have. */
	fx_service_on(&fx, VIP, IPPROTO_UDP, 99, 0, 1, 9);
	id = fx_service(&fx, IPPROTO_TCP, 4);
	assert_int_equal(pw_nat_service_stats(fx.nat, id, &svc), 0);
	assert_int_equal(svc.flows, 1);
	assert_int_equal(svc.new_flows, 0);
	/* Only when all are known flows of gone endpoints are swept: UDP, not TCP (CT-6, SVC-19). */
	fx_turn(&fx);
	assert_int_equal(flows(&fx).n, 4);
	pw_nat_services_synced(fx.nat);
	fx_turn(&fx);
	assert_int_equal(flows(&fx).n, 2); /* TCP; and the direct one */
	assert_int_equal(stats(&fx).swept, 2);
	fx_close(&fx);
}

static void killed_anywhere(void **state)
{
	struct fixture fx;
	unsigned points = 0;

	open_with(&fx, file, MAX);
	add_services(&fx);
	connect_tcp(&fx, CLIENT, 1000);
	sent_as(&fx, udp(CLIENT, 1001, VIP, 80));
	sent_as(&fx, udp(BACKEND(0), 1002, VIP, 80));

	/* A new flow. Which one is known only afterwards: made once, ended, and made again. */
	for (unsigned round = 0; round < 8; round++) {
		struct flow_set all;
		struct flow made = {0};

		arm(&fx);
		kill_at.may.n = 4; /* any endpoint */
		for (uint32_t i = 0; i < 4; i++) {
			kill_at.may.v[i] = (struct flow){
				.orig = {ADDR(CLIENT + 1), ADDR(VIP), htons(2000), htons(80)},
				.reply = {ADDR(BACKEND(i)), ADDR(CLIENT + 1), htons(8080),
					htons(2000)},
				.proto = IPPROTO_UDP,
			};
		}
		sent_as(&fx, udp(CLIENT + 1, 2000, VIP, 80));
		assert_true(disarm() > 10);
		points += kill_at.points;
		all = flows_in(fx.nat, 1000);
		for (uint32_t i = 0; i < all.n; i++)
			if (!set_has(&kill_at.must, &all.v[i]))
				made = all.v[i];

		/* Its end, and the line's way back to the stock. */
		arm(&fx);
		for (uint32_t i = 0; i < all.n; i++)
			if (memcmp(&all.v[i], &made, sizeof(made)) == 0)
				kill_at.must.v[i] = kill_at.must.v[--kill_at.must.n];
		kill_at.may.n = 1;
		kill_at.may.v[0] = made;
		pw_nat_flush(fx.nat, &(struct pw_flow_filter){.client_be = ADDR(CLIENT + 1)});
		fx_turn(&fx);
		assert_true(disarm() > 2);
		points += kill_at.points;
	}
	assert_true(points > 200);
	fx_close(&fx);
}

/* Killed while it reads the file of a killed process, of another size, too. */
static void killed_at_the_start(void **state)
{
	static const uint32_t sizes[] = {MAX, MAX * 2, MAX - 20};
	struct fixture fx;
	struct flow_set all;

	open_with(&fx, file, MAX);
	add_services(&fx);
	for (uint16_t i = 0; i < 30; i++)
		sent_as(&fx, udp(CLIENT, (uint16_t)(1000 + i), VIP, 80));
	all = flows_in(fx.nat, 1000);
	copy_bytes(fx.nat->region.base, fx.nat->region.bytes, copy_file);
	fx_close(&fx);
	for (unsigned i = 0; i < 3; i++) {
		copy_of_file(copy_file, file);
		kill_at.must = all;
		kill_at.may.n = 0;
		kill_at.points = 0;
		kill_at.path = file;
		open_with(&fx, file, sizes[i]);
		assert_true(disarm() > 30);
		assert_int_equal(flows(&fx).n, 30);
		fx_close(&fx);
	}
}

static void other_sizes(void **state)
{
	struct fixture fx;
	struct flow_set before, after;

	open_with(&fx, file, MAX);
	add_services(&fx);
	for (uint16_t i = 0; i < 60; i++)
		sent_as(&fx, udp(CLIENT, (uint16_t)(1000 + i), VIP, 80));
	before = flows_in(fx.nat, 1000);
	fx_close(&fx);
	/* More lines: all go on, and there is room for more. */
	open_with(&fx, file, MAX * 2);
	after = flows_in(fx.nat, 1000);
	check_holds(&after, &before);
	add_services(&fx);
	for (uint16_t i = 60; i < 120; i++)
		sent_as(&fx, udp(CLIENT, (uint16_t)(1000 + i), VIP, 80));
	before = flows_in(fx.nat, 1000);
	assert_int_equal(before.n, 120);
	fx_close(&fx);
	/* Fewer: as many as there is room for. */
	open_with(&fx, file, 32);
	after = flows_in(fx.nat, 1000);
	assert_in_range(after.n, 32, 60);
	check_holds(&before, &after);
	check_table(fx.nat, &after);
	fx_close(&fx);
}

/* ---- damage ---- */

static const char *discarded(struct fixture *fx)
{
	struct pw_nat_restored restored;

	pw_nat_restored(fx->nat, &restored);
	assert_int_equal(restored.flows, 0);
	return restored.discarded != NULL ? restored.discarded : "";
}

static void make_file(void)
{
	struct fixture fx;

	unlink(file);
	open_with(&fx, file, MAX);
	add_services(&fx);
	sent_as(&fx, udp(CLIENT, 1000, VIP, 80));
	fx_close(&fx);
}

static void poke(off_t at, uint8_t value)
{
	int fd = open(file, O_WRONLY);

	assert_int_equal(pwrite(fd, &value, 1, at), 1);
	close(fd);
}

/* Another value, whatever it is now: some bytes are random. */
static void flip(off_t at)
{
	int fd = open(file, O_RDONLY);
	uint8_t value;

	assert_int_equal(pread(fd, &value, 1, at), 1);
	close(fd);
	poke(at, value ^ 0xa5);
}

static void damaged_headers(void **state)
{
	struct fixture fx;
	uint64_t garbage = 0x1234;

	/* Each byte of the header. */
	for (off_t at = 0; at < 88; at++) {
		make_file();
		flip(at);
		open_with(&fx, file, MAX);
		(void)discarded(&fx);
		add_services(&fx);
		sent_as(&fx, udp(CLIENT, 1000, VIP, 80));
		fx_close(&fx);
		open_with(&fx, file, MAX); /* and it is a good file again */
		assert_int_equal(flows(&fx).n, 1);
		fx_close(&fx);
	}
	make_file();
	assert_int_equal(truncate(file, 5000), 0);
	open_with(&fx, file, MAX);
	assert_string_equal(discarded(&fx), "it was cut short");
	fx_close(&fx);
	copy_bytes(&garbage, sizeof(garbage), file);
	open_with(&fx, file, MAX);
	assert_string_equal(discarded(&fx), "");
	fx_close(&fx);
}

/* Whatever a line says: no crash, no flow that could not be; the good one stays. */
static void damaged_lines(void **state)
{
	struct pw_nat_restored restored;
	struct fixture fx;
	uint64_t seed = 1;

	for (unsigned round = 0; round < 300; round++) {
		make_file();
		for (unsigned i = 0; i < 1 + round % 20; i++)
			poke(4096 + LINE + (off_t)(rnd(&seed) % (LINE * 60)), (uint8_t)rnd(&seed));
		open_with(&fx, file, MAX);
		pw_nat_restored(fx.nat, &restored);
		assert_in_range(restored.flows, 0, 1);
		add_services(&fx);
		pw_nat_services_synced(fx.nat);
		sent_as(&fx, udp(CLIENT + 1, 1000, VIP, 80));
		fx_turn(&fx);
		fx_close(&fx);
	}
}

/* Two lines with one key: one stays. */
static void doubles(void **state)
{
	struct pw_nat_restored restored;
	struct fixture fx;
	uint8_t bytes[4096 + LINE * 64];
	int fd;

	make_file();
	fd = open(file, O_RDWR);
	assert_int_equal(pread(fd, bytes, sizeof(bytes), 0), sizeof(bytes));
	for (off_t line = 1; line < 60; line++)
		if (bytes[4096 + LINE * line + FLOW_STATE_AT] % 8 == FLOW_LIVE)
			assert_int_equal(
				pwrite(fd, bytes + 4096 + LINE * line, LINE, 4096 + LINE * 60),
				LINE);
	close(fd);
	open_with(&fx, file, MAX);
	pw_nat_restored(fx.nat, &restored);
	assert_int_equal(restored.flows, 1);
	assert_int_equal(restored.invalid, 1);
	fx_close(&fx);
}

static void refused_files(void **state)
{
	struct pw_nat_params params = fx_params(MAX, 1);
	struct pw_qsbr *qsbr = pw_qsbr_create(pw_alloc_heap(), 1);
	struct pw_limbo *limbo = pw_limbo_create(qsbr);
	struct fixture fx;

	params.flow_file = file;
	open_with(&fx, file, MAX);
	errno = 0;
	assert_null(pw_nat_create(pw_alloc_heap(), limbo, &params));
	assert_int_equal(errno, EBUSY);
	fx_close(&fx);
	unlink(file);
	assert_int_equal(symlink("/dev/null", file), 0);
	assert_null(pw_nat_create(pw_alloc_heap(), limbo, &params));
	assert_int_equal(errno, ELOOP);
	unlink(file);
	params.flow_file = "/nowhere/flows";
	assert_null(pw_nat_create(pw_alloc_heap(), limbo, &params));
	assert_int_equal(errno, ENOENT);
	pw_limbo_destroy(limbo);
	pw_qsbr_destroy(qsbr);
}

/* Clients come back to their endpoints. */
static void affinity_stays(void **state)
{
	struct pw_nat_endpoint endpoints[10];
	struct pw_nat_service svc = {
		.vip_be = ADDR(VIP),
		.port_be = htons(80),
		.proto = IPPROTO_TCP,
		.endpoints = endpoints,
		.n_endpoints = 10,
		.affinity_sec = 100,
	};
	struct fixture fx;
	uint32_t was[20];

	for (uint32_t i = 0; i < 10; i++)
		endpoints[i] = (struct pw_nat_endpoint){ADDR(BACKEND(i)), htons(8080)};
	open_with(&fx, file, MAX);
	assert_int_equal(pw_nat_service_set(fx.nat, &svc, NULL), 0);
	for (uint32_t c = 0; c < 20; c++)
		was[c] = sent_as(&fx, tcp(CLIENT + c, 1000, VIP, 80, SYN)).dst;
	fx_close(&fx);
	open_with(&fx, file, MAX);
	assert_int_equal(pw_nat_service_set(fx.nat, &svc, NULL), 0);
	for (uint32_t c = 0; c < 20; c++)
		assert_int_equal(sent_as(&fx, tcp(CLIENT + c, 2000, VIP, 80, SYN)).dst, was[c]);
	fx_close(&fx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(orderly, fresh),
		cmocka_unit_test_setup(killed_anywhere, fresh),
		cmocka_unit_test_setup(killed_at_the_start, fresh),
		cmocka_unit_test_setup(other_sizes, fresh),
		cmocka_unit_test_setup(damaged_headers, fresh),
		cmocka_unit_test_setup(damaged_lines, fresh),
		cmocka_unit_test_setup(doubles, fresh),
		cmocka_unit_test_setup(refused_files, fresh),
		cmocka_unit_test_setup(affinity_stays, fresh),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
