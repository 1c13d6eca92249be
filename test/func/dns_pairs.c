/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dns_pairs.c - what a resolver does: two datagrams at once from a fresh socket, A and AAAA, and both answers
 * awaited (CT-8: with a race in the tracker one of them is lost, and the name takes 5 s).
 *
 *   dns_pairs serve ADDRESS PORT ID            answers every query with ID appended
 *   dns_pairs ask ADDRESS PORT PAIRS           prints a line of figures; exit code 0: nothing was lost,
 *                                              and both answers of each pair came from one server
 *
 * Source ports go round.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define IN_FLIGHT   32
#define PATIENCE_MS 5000 /* a resolver's own */
#define FIRST_PORT  1024
#define BATCH       32

struct query {
	uint64_t pair;
	uint32_t type; /* 1: A, 28: AAAA */
	uint32_t server;
};

struct pair {
	int fd;
	uint64_t number;
	uint64_t deadline_ms;
	uint32_t answers, server;
};

struct target {
	struct sockaddr_in address;
	uint16_t source; /* next source port */
};

struct totals {
	uint64_t done, lost, split, foreign;
	uint64_t first_lost, last_lost; /* numbers of pairs */
};

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static struct sockaddr_in address_of(const char *text, uint16_t port)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(port)};

	if (text != NULL && inet_pton(AF_INET, text, &sin.sin_addr) != 1) {
		fprintf(stderr, "dns_pairs: \"%s\" is no IPv4 address\n", text);
		exit(2);
	}
	return sin;
}

static void fail(const char *what)
{
	fprintf(stderr, "dns_pairs: %s: %s\n", what, strerror(errno));
	exit(2);
}

static int bound_socket(struct sockaddr_in sin)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0), size = 8 << 20;

	if (fd < 0)
		fail("socket");
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (bind(fd, (struct sockaddr *)&sin, sizeof(sin)) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static void serve(struct sockaddr_in sin, uint32_t id)
{
	struct query q[BATCH];
	struct sockaddr_in from[BATCH];
	struct iovec iov[BATCH];
	struct mmsghdr msg[BATCH];
	int fd = bound_socket(sin);

	if (fd < 0)
		fail("bind");
	for (int i = 0; i < BATCH; i++)
		iov[i] = (struct iovec){&q[i], sizeof(q[i])};
	for (;;) {
		int n;

		for (int i = 0; i < BATCH; i++)
			msg[i].msg_hdr = (struct msghdr){.msg_name = &from[i],
				.msg_namelen = sizeof(from[i]),
				.msg_iov = &iov[i],
				.msg_iovlen = 1};
		n = recvmmsg(fd, msg, BATCH, MSG_WAITFORONE, NULL);
		for (int i = 0; i < n; i++)
			q[i].server = id;
		if (n > 0 && sendmmsg(fd, msg, (unsigned int)n, 0) < 0)
			fail("sendmmsg");
	}
}

/* The tuple of the next pair; ports that somebody has are passed over. */
static int next_socket(struct target *to)
{
	int fd;

	do {
		if (to->source < FIRST_PORT)
			to->source = FIRST_PORT;
		fd = bound_socket(address_of(NULL, to->source++));
	} while (fd < 0);
	if (connect(fd, (struct sockaddr *)&to->address, sizeof(to->address)) != 0)
		fail("connect");
	return fd;
}

/* The next pair: a socket, two queries in one call. */
static void ask(struct pair *p, int epoll, uint64_t number, struct target *to)
{
	struct query q[2] = {{number, 1, 0}, {number, 28, 0}};
	struct iovec iov[2] = {{&q[0], sizeof(q[0])}, {&q[1], sizeof(q[1])}};
	struct mmsghdr msg[2] = {{.msg_hdr = {.msg_iov = &iov[0], .msg_iovlen = 1}},
		{.msg_hdr = {.msg_iov = &iov[1], .msg_iovlen = 1}}};
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = p};

	p->fd = next_socket(to);
	p->number = number;
	p->deadline_ms = now_ms() + PATIENCE_MS;
	p->answers = 0;
	if (sendmmsg(p->fd, msg, 2, 0) != 2 || epoll_ctl(epoll, EPOLL_CTL_ADD, p->fd, &ev) != 0)
		fail("asking");
}

/* Reads what there is; true when both answers are there. */
static bool answered(struct pair *p, struct totals *t)
{
	struct query q;

	while (p->answers < 2 && recv(p->fd, &q, sizeof(q), MSG_DONTWAIT) == (ssize_t)sizeof(q)) {
		if (q.pair != p->number) {
			t->foreign++; /* of an earlier user of this port */
			continue;
		}
		if (p->answers++ == 1)
			t->split += q.server != p->server;
		p->server = q.server;
	}
	return p->answers == 2;
}

static struct totals ask_all(struct target *to, uint64_t n_pairs)
{
	struct pair pairs[IN_FLIGHT];
	struct epoll_event ev[IN_FLIGHT];
	struct totals t = {0};
	uint64_t asked = 0;
	int epoll = epoll_create1(0);

	for (int i = 0; i < IN_FLIGHT; i++)
		pairs[i].fd = -1;
	while (t.done < n_pairs) {
		for (int i = 0; i < IN_FLIGHT && asked < n_pairs; i++)
			if (pairs[i].fd < 0)
				ask(&pairs[i], epoll, asked++, to);
		int n = epoll_wait(epoll, ev, IN_FLIGHT, 100);
		for (int i = 0; i < n; i++) {
			struct pair *p = ev[i].data.ptr;

			p->deadline_ms = answered(p, &t) ? 0 : p->deadline_ms;
		}
		for (int i = 0; i < IN_FLIGHT; i++) {
			if (pairs[i].fd < 0 || (n > 0 && pairs[i].deadline_ms != 0) ||
				pairs[i].deadline_ms > now_ms())
				continue;
			t.done++;
			if (pairs[i].answers < 2) {
				t.first_lost = t.lost++ == 0 ? pairs[i].number : t.first_lost;
				t.last_lost = pairs[i].number;
			}
			close(pairs[i].fd);
			pairs[i].fd = -1;
		}
	}
	close(epoll);
	return t;
}

int main(int argc, char **argv)
{
	struct target to;
	struct totals t;
	uint64_t start, n;

	if (argc != 5) {
		fprintf(stderr,
			"usage: dns_pairs serve ADDRESS PORT ID | ask ADDRESS PORT PAIRS\n");
		return 2;
	}
	to = (struct target){address_of(argv[2], (uint16_t)strtoul(argv[3], NULL, 10)), FIRST_PORT};
	n = strtoull(argv[4], NULL, 10);
	if (strcmp(argv[1], "serve") == 0)
		serve(to.address, (uint32_t)n);
	start = now_ms();
	t = ask_all(&to, n);
	printf("%llu pairs in %.1f s, %llu lost, %llu answered by two servers, %llu late\n",
		(unsigned long long)t.done, (double)(now_ms() - start) / 1000,
		(unsigned long long)t.lost, (unsigned long long)t.split,
		(unsigned long long)t.foreign);
	if (t.lost > 0)
		printf("the first lost one was pair %llu, the last one %llu\n",
			(unsigned long long)t.first_lost, (unsigned long long)t.last_lost);
	return t.lost + t.split == 0 ? 0 : 1;
}
