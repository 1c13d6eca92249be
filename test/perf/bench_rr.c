/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bench_rr.c - requests and responses between two kernels' sockets: datagrams of 64 bytes, one at a time.
 *
 *   bench_rr serve PORT                     sends back what comes
 *   bench_rr ask ADDRESS PORT SECONDS       prints "p50 p99 n" in microseconds; what is not answered in a second is
 *                                           asked again, and the time goes on
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define SIZE        64
#define SAMPLES_MAX 4000000

static uint32_t samples[SAMPLES_MAX]; /* ns */

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static int serve(int fd, struct sockaddr_in *addr)
{
	char buf[SIZE];

	if (bind(fd, (struct sockaddr *)addr, sizeof(*addr)) != 0) {
		perror("bench_rr: bind");
		return 1;
	}
	for (;;) {
		struct sockaddr_in from;
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len);

		if (n > 0)
			(void)!sendto(fd, buf, (size_t)n, 0, (struct sockaddr *)&from, len);
	}
}

/* One request until it is answered; answers to earlier ones are passed over. 0: never. */
static uint64_t ask_once(int fd, uint64_t number, uint64_t end)
{
	uint64_t buf[SIZE / sizeof(uint64_t)] = {number}, start = now_ns();

	while (now_ns() < end) {
		(void)!send(fd, buf, sizeof(buf), 0);
		while (recv(fd, buf, sizeof(buf), 0) == (ssize_t)sizeof(buf))
			if (buf[0] == number)
				return now_ns() - start;
		memset(buf, 0, sizeof(buf));
		buf[0] = number;
	}
	return 0;
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static int ask(int fd, struct sockaddr_in *addr, double seconds)
{
	struct timeval second = {.tv_sec = 1};
	uint64_t end = now_ns() + (uint64_t)(seconds * 1e9);
	uint32_t n = 0;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof(second));
	if (connect(fd, (struct sockaddr *)addr, sizeof(*addr)) != 0) {
		perror("bench_rr: connect");
		return 1;
	}
	while (n < SAMPLES_MAX) {
		uint64_t ns = ask_once(fd, n, end);

		if (ns == 0)
			break;
		samples[n++] = ns < UINT32_MAX ? (uint32_t)ns : UINT32_MAX;
	}
	if (n == 0) {
		fputs("bench_rr: no answer\n", stderr);
		return 1;
	}
	qsort(samples, n, sizeof(samples[0]), compare);
	printf("%.1f %.1f %u\n", samples[n / 2] / 1e3, samples[n - 1 - n / 100] / 1e3, n);
	return 0;
}

int main(int argc, char **argv)
{
	struct sockaddr_in addr = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (argc == 3 && strcmp(argv[1], "serve") == 0) {
		addr.sin_port = htons((uint16_t)atoi(argv[2]));
		return serve(fd, &addr);
	}
	if (argc == 5 && strcmp(argv[1], "ask") == 0 &&
		inet_pton(AF_INET, argv[2], &addr.sin_addr) == 1) {
		addr.sin_port = htons((uint16_t)atoi(argv[3]));
		return ask(fd, &addr, atof(argv[4]));
	}
	fputs("usage: bench_rr serve PORT | ask ADDRESS PORT SECONDS\n", stderr);
	return 2;
}
