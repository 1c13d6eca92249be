/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The handler uses only system calls and atomics (signal-safety(7)); rte_mem_virt2memseg_list reads
 * a table without locks. Two threads that meet the same page both mend it, which is harmless.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rte_memory.h>

#include "mem_guard.h"
#include "pw_util.h"

/* The exception from "no globals": a signal handler has no argument. */
static struct {
	uint64_t count;                    /* W: handler (atomic)  R: control */
	uintptr_t address[MEM_GUARD_KEPT]; /* likewise */
} guard;

/* Hexadecimal digits up to anything else. */
static const char *parse_hex(const char *at, uintptr_t *value)
{
	for (*value = 0;; at++) {
		if (*at >= '0' && *at <= '9')
			*value = *value << 4 | (uintptr_t)(*at - '0');
		else if (*at >= 'a' && *at <= 'f')
			*value = *value << 4 | (uintptr_t)(*at - 'a' + 10);
		else
			return at;
	}
}

/* "7f01-7f02 rw-s ...": is the address in it, and is it shared? */
static bool line_is_shared(const char *line, uintptr_t address)
{
	uintptr_t first, end;

	line = parse_hex(line, &first);
	if (*line++ != '-')
		return false;
	line = parse_hex(line, &end);
	return address >= first && address < end && strncmp(line, " rw-s", 5) == 0;
}

static bool is_shared(uintptr_t address)
{
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	char buf[1024], line[64];
	unsigned len = 0;
	bool found = false;
	ssize_t n;

	if (fd < 0)
		return false;
	while (!found && (n = read(fd, buf, sizeof(buf))) > 0) {
		for (ssize_t i = 0; i < n && !found; i++) {
			if (buf[i] != '\n') {
				if (len < sizeof(line) - 1)
					line[len++] = buf[i];
				continue;
			}
			line[len] = '\0';
			found = line_is_shared(line, address);
			len = 0;
		}
	}
	close(fd);
	return found;
}

/* A page of zeros in the place of the one that went; huge ones can only be replaced whole. */
static bool mend(uintptr_t address)
{
	static const size_t sizes[] = {4096, UINT64_C(2) << 20, UINT64_C(1) << 30};

	for (unsigned i = 0; i < PW_ARRAY_SIZE(sizes); i++) {
		void *at = (void *)(address & ~(uintptr_t)(sizes[i] - 1));

		if (mmap(at, sizes[i], PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0) == at)
			return true;
	}
	return false;
}

static void on_bus_error(int sig, siginfo_t *info, void *context)
{
	uintptr_t address = (uintptr_t)info->si_addr;
	uint64_t number;

	(void)context;
	if (info->si_code != BUS_ADRERR || rte_mem_virt2memseg_list(info->si_addr) != NULL ||
		!is_shared(address) || !mend(address)) {
		signal(sig, SIG_DFL); /* the access is made again, and ends us */
		return;
	}
	number = __atomic_load_n(&guard.count, __ATOMIC_RELAXED);
	__atomic_store_n(&guard.address[number % MEM_GUARD_KEPT], address, __ATOMIC_RELAXED);
	__atomic_fetch_add(&guard.count, 1, __ATOMIC_RELEASE);
}

static void install(void)
{
	struct sigaction action = {.sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO};

	sigemptyset(&action.sa_mask);
	sigaction(SIGBUS, &action, NULL);
}

void mem_guard_start(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, install);
}

uint64_t mem_guard_count(void)
{
	return __atomic_load_n(&guard.count, __ATOMIC_ACQUIRE);
}

uintptr_t mem_guard_address(uint64_t number)
{
	return __atomic_load_n(&guard.address[number % MEM_GUARD_KEPT], __ATOMIC_RELAXED);
}
