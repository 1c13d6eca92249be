/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "flow_hook.h"
#include "flow_region.h"
#include "pw_util.h"

#define MAGIC        UINT64_C(0x31574f4c46445750) /* "PWDFLOW1" */
#define VERSION      1u /* of lines and states: a new one for any change */
#define HEADER_SLOTS 2
#define SLOT_BYTES   2048
#define LINES_AT     (HEADER_SLOTS * SLOT_BYTES)

struct header {
	uint64_t magic;
	uint32_t version, line_bytes;
	uint32_t n_lines, affinity_buckets;
	uint64_t sequence, secret;
	char boot_id[40];
	uint64_t checksum; /* of all before; last */
};
static_assert(sizeof(struct header) <= SLOT_BYTES, "room");

static uint64_t checksum(const struct header *h)
{
	uint64_t words[offsetof(struct header, checksum) / 8], sum = MAGIC;

	memcpy(words, h, sizeof(words));
	for (size_t i = 0; i < PW_ARRAY_SIZE(words); i++)
		sum = flow_mix(sum ^ words[i], UINT64_C(0x9e3779b97f4a7c15) + i);
	return sum;
}

static int boot_id(char id[static 40])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, id, 39);

	if (fd >= 0)
		close(fd);
	return n > 0 ? 0 : -EIO;
}

/* ---- layout ---- */

static size_t affinity_at(uint32_t n_lines)
{
	return LINES_AT + (size_t)n_lines * sizeof(union flow_line);
}

static size_t total_bytes(uint32_t n_lines, uint32_t affinity_buckets)
{
	return affinity_at(n_lines) + affinity_bytes(affinity_buckets);
}

/* hugetlbfs has pages of 2 MB and more, and takes whole ones only. */
static size_t round_up(int fd, size_t bytes)
{
	struct statfs fs;
	size_t page = 4096;

	if (fstatfs(fd, &fs) == 0 && fs.f_bsize > 4096)
		page = (size_t)fs.f_bsize;
	return (bytes + page - 1) / page * page;
}

/* ---- headers ---- */

static const char *why_invalid(const struct header *h, const char *boot)
{
	if (h->magic != MAGIC)
		return "it is no table of flows";
	if (h->checksum != checksum(h))
		return "its header is damaged";
	if (h->version != VERSION || h->line_bytes != sizeof(union flow_line))
		return "it is of another version";
	if (strncmp(h->boot_id, boot, sizeof(h->boot_id)) != 0)
		return "it is of an earlier boot";
	return NULL;
}

/* Slot of the valid header with the highest sequence number; -1: none, *why. */
static int newest(const struct header headers[HEADER_SLOTS], const char *boot, const char **why)
{
	int best = -1;

	for (int i = 0; i < HEADER_SLOTS; i++) {
		const char *bad = why_invalid(&headers[i], boot);

		if (bad != NULL) {
			if (headers[i].magic == MAGIC)
				*why = bad;
			continue;
		}
		if (best < 0 || headers[i].sequence > headers[best].sequence)
			best = i;
	}
	return best;
}

static void write_header(uint8_t *base, int slot, const struct header *header)
{
	struct header h = *header;
	uint64_t words[sizeof(h) / 8];
	uint8_t *to = base + slot * SLOT_BYTES;

	h.checksum = checksum(&h);
	memcpy(words, &h, sizeof(words));
	for (size_t i = 0; i < PW_ARRAY_SIZE(words); i++) {
		PW_RACE_POINT();
		__atomic_store_n((uint64_t *)(to + 8 * i), words[i], __ATOMIC_RELEASE);
	}
}

/* ---- another number of lines ---- */

static bool is_live(const union flow_line *line)
{
	return flow_state_life(flow_state(line)) == FLOW_LIVE;
}

/* LIVE lines from `end` on move below it. One that is in both places is found by its keys. */
static void move_down(union flow_line *lines, uint32_t end, uint32_t n)
{
	uint32_t to = 1;

	for (uint32_t from = end; from < n; from++) {
		if (!is_live(&lines[from]))
			continue;
		while (to < end && is_live(&lines[to]))
			to++;
		if (to == end)
			return;

		union flow_line copy = lines[from];

		copy.state = flow_state_set_life(copy.state, FLOW_PENDING);
		lines[to] = copy;
		PW_RACE_POINT();
		__atomic_store_n(&lines[to].state, flow_state_set_life(copy.state, FLOW_LIVE),
			__ATOMIC_RELEASE);
		PW_RACE_POINT();
	}
}

/* Zeroes a part, and gives its memory back where the file system can do that. */
static void clear(struct flow_region *region, size_t from)
{
	if (from < region->bytes &&
		fallocate(region->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)from,
			(off_t)(region->bytes - from)) < 0)
		memset(region->base + from, 0, region->bytes - from);
}

/* ---- files ---- */

static int open_file(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	struct stat st;
	int ret;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		ret = -errno;
	else if (!S_ISREG(st.st_mode) || st.st_uid != geteuid())
		ret = -EPERM;
	else if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		ret = errno == EWOULDBLOCK ? -EBUSY : -errno;
	else
		return fd;
	close(fd);
	return ret;
}

/* Not only long enough: with memory behind it, or a worker would die of SIGBUS one day. */
static int reserve(int fd, size_t from, size_t bytes)
{
	return -posix_fallocate(fd, (off_t)from, (off_t)bytes);
}

static int map_file(struct flow_region *region, size_t bytes)
{
	void *base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, region->fd, 0);

	if (base == MAP_FAILED)
		return -errno;
	(void)madvise(base, bytes, MADV_HUGEPAGE); /* where shmem_enabled says "advise" */
	region->base = base;
	region->bytes = bytes;
	region->lines = (union flow_line *)(region->base + LINES_AT);
	return 0;
}

/* The header of the file as it is: its slot, or -1: none that is good for us. */
static int find_old(struct flow_region *region, const char *boot, off_t size, struct header *old)
{
	struct header headers[HEADER_SLOTS] = {0};
	int slot;

	for (int i = 0; i < HEADER_SLOTS; i++)
		if (pread(region->fd, &headers[i], sizeof(headers[i]), i * SLOT_BYTES) !=
			sizeof(headers[i]))
			headers[i].magic = 0;
	slot = newest(headers, boot, &region->discarded);
	if (slot < 0)
		return -1;
	*old = headers[slot];
	if (old->n_lines > 0 && (size_t)size >= total_bytes(old->n_lines, old->affinity_buckets))
		return slot;
	region->discarded = "it was cut short";
	return -1;
}

/* As long as both the old and the new content need it, and mapped. */
static int set_length(struct flow_region *region, off_t size, const struct header *h, int slot,
	const struct header *old)
{
	size_t need = total_bytes(h->n_lines, h->affinity_buckets);

	if (slot >= 0)
		need = PW_MAX(need, total_bytes(old->n_lines, old->affinity_buckets));
	need = round_up(region->fd, need);
	if (slot < 0) {
		if (ftruncate(region->fd, 0) < 0)
			return -errno;
		size = 0;
	}
	if ((size_t)size != need && ftruncate(region->fd, (off_t)need) < 0)
		return -errno;
	return map_file(region, need);
}

/* Affinity entries are forgotten if the number of lines changes: their place does. */
static int set_layout(
	struct flow_region *region, struct header *h, int slot, const struct header *old)
{
	int ret;

	if (slot >= 0 && h->n_lines < old->n_lines)
		move_down(region->lines, h->n_lines, old->n_lines);
	else if (slot >= 0)
		clear(region, affinity_at(old->n_lines));
	ret = reserve(region->fd, 0, affinity_at(h->n_lines));
	if (ret < 0)
		return ret;
	if (getrandom(&h->secret, sizeof(h->secret), 0) != sizeof(h->secret))
		return -EIO;
	h->sequence = slot >= 0 ? old->sequence + 1 : 1;
	write_header(region->base, slot == 0 ? 1 : 0, h);
	/* A kill before this ends in entries that no client and member fit. */
	if (slot >= 0)
		clear(region, affinity_at(h->n_lines));
	region->secret = h->secret;
	return 0;
}

/* Lines of the old file, or none. */
static int load(struct flow_region *region, uint32_t n_lines, uint32_t affinity_buckets)
{
	struct header h = {
		.magic = MAGIC,
		.version = VERSION,
		.line_bytes = sizeof(union flow_line),
		.n_lines = n_lines,
		.affinity_buckets = affinity_buckets,
	};
	struct header old = {0};
	struct stat st;
	int slot, ret = boot_id(h.boot_id);

	if (ret < 0 || fstat(region->fd, &st) < 0)
		return ret < 0 ? ret : -errno;
	slot = find_old(region, h.boot_id, st.st_size, &old);
	ret = set_length(region, st.st_size, &h, slot, &old);
	if (ret < 0)
		return ret;
	region->has_flows = slot >= 0;
	if (slot < 0 || old.n_lines != n_lines || old.affinity_buckets != affinity_buckets)
		return set_layout(region, &h, slot, &old);
	region->secret = old.secret;
	return reserve(region->fd, 0, affinity_at(n_lines));
}

int flow_region_open(
	struct flow_region *region, const char *path, uint32_t n_lines, uint32_t affinity_buckets)
{
	int ret;

	*region = (struct flow_region){.fd = open_file(path)};
	if (region->fd < 0)
		return region->fd;
	ret = load(region, n_lines, affinity_buckets);
	if (ret < 0) {
		flow_region_close(region);
		return ret;
	}
	region->affinity = (struct affinity_entry *)(region->base + affinity_at(n_lines));
	return 0;
}

void flow_region_close(struct flow_region *region)
{
	if (region->base != NULL)
		munmap(region->base, region->bytes);
	if (region->fd >= 0)
		close(region->fd);
	region->base = NULL;
	region->fd = -1;
}

int flow_region_want_affinity(struct flow_region *region, uint32_t affinity_buckets)
{
	return reserve(region->fd, (size_t)((uint8_t *)region->affinity - region->base),
		affinity_bytes(affinity_buckets));
}
