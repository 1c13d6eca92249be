/* SPDX-License-Identifier: BSD-3-Clause */
#include "pw_gen_pcap.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "pw_clock.h"
#include "pw_file.h"
#include "pw_gen_size.h"

#define FILE_MAX      ((size_t)1 << 31)
#define LINK_ETHERNET 1
#define FRAME_MIN     14
#define FRAME_MAX     (PW_GEN_SIZE_MAX - PW_GEN_FCS)

#define PCAP_USEC     0xa1b2c3d4u
#define PCAP_NSEC     0xa1b23c4du
#define PCAP_HEAD     24
#define PCAP_RECORD   16
#define NG_SECTION    0x0a0d0d0au
#define NG_ORDER      0x1a2b3c4du
#define NG_INTERFACE  1
#define NG_SIMPLE     3
#define NG_ENHANCED   6
#define NG_MAX_IFACES 16
#define NG_TSRESOL    9

struct reader {
	struct pw_gen_pcap *pcap;
	const char *name;
	size_t len, at;
	bool swap;
	uint64_t first_ns, last_ns;
	struct pw_err *err;
	struct {
		uint64_t ticks_a_sec;
		bool ethernet;
	} ifaces[NG_MAX_IFACES];
	uint32_t n_ifaces;
};

#define BAD(r, ...) pw_err_set((r)->err, -EBADMSG, __VA_ARGS__)

static const uint8_t *bytes_at(const struct reader *r, size_t at)
{
	return (const uint8_t *)r->pcap->bytes + at;
}

static uint32_t word(const struct reader *r, size_t at)
{
	uint32_t v;

	memcpy(&v, bytes_at(r, at), sizeof(v));
	return r->swap ? __builtin_bswap32(v) : v;
}

static uint16_t half(const struct reader *r, size_t at)
{
	uint16_t v;

	memcpy(&v, bytes_at(r, at), sizeof(v));
	return r->swap ? __builtin_bswap16(v) : v;
}

static int add_frame(
	struct reader *r, size_t at, uint32_t captured, uint32_t original, uint64_t at_ns)
{
	struct pw_gen_pcap *p = r->pcap;

	if (captured < original)
		return BAD(r,
			"%s: byte %zu: frame %u was cut when it was recorded: %u of its %u bytes "
			"are "
			"there",
			r->name, at, p->n + 1, captured, original);
	if (captured < FRAME_MIN || captured > FRAME_MAX)
		return BAD(r, "%s: byte %zu: frame %u has %u bytes; allowed: %u..%u", r->name, at,
			p->n + 1, captured, FRAME_MIN, FRAME_MAX);
	if ((p->n & (p->n + 1)) == 0) { /* room doubles at 0, 1, 3, 7, .. */
		struct pw_gen_pcap_frame *frames =
			reallocarray(p->frames, 2 * ((size_t)p->n + 1), sizeof(*frames));

		if (frames == NULL)
			return pw_err_set(r->err, -ENOMEM, "%s: out of memory", r->name);
		p->frames = frames;
	}
	if (p->n == 0)
		r->first_ns = at_ns;
	/* A clock that was set back must not stop the replay. */
	if (at_ns < r->first_ns + r->last_ns)
		at_ns = r->first_ns + r->last_ns;
	r->last_ns = at_ns - r->first_ns;
	p->frames[p->n++] = (struct pw_gen_pcap_frame){r->last_ns, bytes_at(r, at), captured};
	if (captured > p->longest)
		p->longest = captured;
	return 0;
}

/* ---- pcap ---- */

static int read_pcap(struct reader *r, bool nsec)
{
	uint32_t link = r->len >= PCAP_HEAD ? word(r, 20) & 0x0fffffff : 0;

	if (r->len < PCAP_HEAD)
		return BAD(r, "%s: byte %zu: the file is cut in its header", r->name, r->len);
	if (link != LINK_ETHERNET)
		return BAD(r, "%s: byte 20: link type %u is not Ethernet", r->name, link);
	for (r->at = PCAP_HEAD; r->at < r->len;) {
		uint32_t captured, original;
		uint64_t at_ns;
		int rc;

		if (r->len - r->at < PCAP_RECORD)
			return BAD(r, "%s: byte %zu: the file is cut in the header of frame %u",
				r->name, r->at, r->pcap->n + 1);
		at_ns = word(r, r->at) * PW_NS_PER_SEC + word(r, r->at + 4) * (nsec ? 1u : 1000u);
		captured = word(r, r->at + 8);
		original = word(r, r->at + 12);
		r->at += PCAP_RECORD;
		if (captured > r->len - r->at)
			return BAD(r, "%s: byte %zu: the file is cut in frame %u", r->name, r->at,
				r->pcap->n + 1);
		rc = add_frame(r, r->at, captured, original, at_ns);
		if (rc != 0)
			return rc;
		r->at += captured;
	}
	return 0;
}

/* ---- pcapng ---- */

static uint64_t ticks_of(uint8_t tsresol)
{
	uint64_t ticks = 1;

	if (tsresol & 0x80)
		return UINT64_C(1) << (tsresol & 0x3f);
	for (unsigned i = 0; i < tsresol && ticks < UINT64_C(1000000000000); i++)
		ticks *= 10;
	return ticks;
}

static int read_interface(struct reader *r, size_t body, size_t end)
{
	uint64_t ticks = 1000000;

	if (end - body < 8 || r->n_ifaces == NG_MAX_IFACES)
		return BAD(r, "%s: byte %zu: bad interface block, or more than %u of them", r->name,
			body, NG_MAX_IFACES);
	for (size_t at = body + 8; at + 4 <= end;) {
		uint16_t code = half(r, at), len = half(r, at + 2);

		if (code == 0 || at + 4 + len > end)
			break;
		if (code == NG_TSRESOL && len >= 1)
			ticks = ticks_of(*bytes_at(r, at + 4));
		at += 4 + ((len + 3u) & ~3u);
	}
	r->ifaces[r->n_ifaces].ticks_a_sec = ticks;
	r->ifaces[r->n_ifaces++].ethernet = half(r, body) == LINK_ETHERNET;
	return 0;
}

static int read_enhanced(struct reader *r, size_t body, size_t end)
{
	uint32_t iface, captured;
	uint64_t ticks;

	if (end - body < 20)
		return BAD(r, "%s: byte %zu: the file is cut in a frame's block", r->name, body);
	iface = word(r, body);
	captured = word(r, body + 12);
	if (iface >= r->n_ifaces || captured > end - body - 20)
		return BAD(r, "%s: byte %zu: block of frame %u contradicts itself", r->name, body,
			r->pcap->n + 1);
	if (!r->ifaces[iface].ethernet)
		return BAD(r, "%s: byte %zu: frame %u is not of an Ethernet interface", r->name,
			body, r->pcap->n + 1);
	ticks = (uint64_t)word(r, body + 4) << 32 | word(r, body + 8);
	return add_frame(r, body + 20, captured, word(r, body + 16),
		(uint64_t)((unsigned __int128)ticks * PW_NS_PER_SEC /
			   r->ifaces[iface].ticks_a_sec));
}

/* It has no time: with the frame before it. */
static int read_simple(struct reader *r, size_t body, size_t end)
{
	uint32_t original;

	if (end - body < 4 || r->n_ifaces == 0)
		return BAD(r, "%s: byte %zu: the file is cut in a frame's block", r->name, body);
	original = word(r, body);
	return add_frame(r, body + 4,
		original <= end - body - 4 ? original : (uint32_t)(end - body - 4), original,
		r->first_ns + r->last_ns);
}

static int read_section(struct reader *r)
{
	uint32_t order;

	if (r->len - r->at < 12)
		return BAD(r, "%s: byte %zu: the file is cut in its header", r->name, r->len);
	memcpy(&order, bytes_at(r, r->at + 8), sizeof(order));
	if (order != NG_ORDER && order != __builtin_bswap32(NG_ORDER))
		return BAD(r, "%s: byte %zu: no pcapng section", r->name, r->at + 8);
	r->swap = order != NG_ORDER;
	r->n_ifaces = 0;
	return 0;
}

static int read_block(struct reader *r, uint32_t type, size_t body, size_t end)
{
	switch (type) {
	case NG_INTERFACE:
		return read_interface(r, body, end);
	case NG_ENHANCED:
		return read_enhanced(r, body, end);
	case NG_SIMPLE:
		return read_simple(r, body, end);
	default:
		return 0; /* statistics, names, comments */
	}
}

static int read_pcapng(struct reader *r)
{
	for (r->at = 0; r->at < r->len;) {
		uint32_t type, block;
		int rc = 0;

		if (r->len - r->at < 12)
			return BAD(r, "%s: byte %zu: the file is cut in the header of a block",
				r->name, r->at);
		type = word(r, r->at);
		if (type == NG_SECTION)
			rc = read_section(r);
		if (rc != 0)
			return rc;
		block = word(r, r->at + 4);
		if (block < 12 || block % 4 != 0 || block > r->len - r->at)
			return BAD(r, "%s: byte %zu: the file is cut in a block of %u bytes",
				r->name, r->at, block);
		rc = read_block(r, type, r->at + 8, r->at + block - 4);
		if (rc != 0)
			return rc;
		r->at += block;
	}
	return 0;
}

static int read_any(struct reader *r)
{
	uint32_t magic;

	if (r->len < sizeof(magic))
		return BAD(r, "%s: byte %zu: the file is cut in its header", r->name, r->len);
	magic = word(r, 0);
	if (magic == NG_SECTION)
		return read_pcapng(r);
	r->swap = magic != PCAP_USEC && magic != PCAP_NSEC;
	magic = word(r, 0);
	if (magic != PCAP_USEC && magic != PCAP_NSEC)
		return BAD(r, "%s: byte 0: neither pcap nor pcapng", r->name);
	return read_pcap(r, magic == PCAP_NSEC);
}

int pw_gen_pcap_parse(
	struct pw_gen_pcap *pcap, const char *name, char *bytes, size_t len, struct pw_err *err)
{
	struct reader r = {.pcap = pcap, .name = name, .len = len, .err = err};
	int rc;

	*pcap = (struct pw_gen_pcap){.bytes = bytes};
	rc = read_any(&r);
	if (rc == 0 && pcap->n == 0)
		rc = BAD(&r, "%s: byte %zu: there is no frame in it", name, len);
	if (rc != 0)
		pw_gen_pcap_free(pcap);
	return rc;
}

int pw_gen_pcap_load(struct pw_gen_pcap *pcap, const char *path, struct pw_err *err)
{
	char *bytes;
	size_t len;
	int rc = pw_file_read(path, FILE_MAX, &bytes, &len);

	*pcap = (struct pw_gen_pcap){0};
	if (rc != 0)
		return pw_err_set(err, rc, "%s: cannot be read: %s", path, strerror(-rc));
	return pw_gen_pcap_parse(pcap, path, bytes, len, err);
}

void pw_gen_pcap_free(struct pw_gen_pcap *pcap)
{
	free(pcap->frames);
	free(pcap->bytes);
	*pcap = (struct pw_gen_pcap){0};
}
