/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * port_test.h - what the tests of lib/port share: an EAL without hugepages, frames, log capture.
 */
#ifndef PORT_TEST_H
#define PORT_TEST_H

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include <rte_eal.h>
#include <rte_mbuf.h>

#include "pw_csum.h"
#include "pw_log.h"
#include "pw_pkt.h"
#include "pw_port.h"

#define TEST_POOL_SIZE 2047

static struct pw_port_env test_env;

static inline void quiet(void *arg, enum pw_log_level level, const char *line)
{
}

/* Group set-up of every test program. */
static inline int start_eal(void **state)
{
	/* no-huge memory is a memfd, so that vhost-user peers can map it */
	static char args[][16] = {"test", "--no-huge", "--no-pci", "-m", "128", "--no-telemetry",
		"--no-shconf", "-l", "0", "--log-level", "emergency"};
	char *argv[PW_ARRAY_SIZE(args)];
	struct pw_err err;

	for (size_t i = 0; i < PW_ARRAY_SIZE(args); i++)
		argv[i] = args[i];
	if (rte_eal_init(PW_ARRAY_SIZE(args), argv) < 0)
		return -1;
	pw_log_set_sink(quiet, NULL);
	test_env.pool = pw_mempool_create(TEST_POOL_SIZE, 2176, SOCKET_ID_ANY, &err);
	return test_env.pool ? 0 : -1;
}

/* What a test frame is made of. */
struct frame_spec {
	unsigned vlans;
	uint8_t version; /* 4, 6 */
	uint8_t proto;
	unsigned ext; /* IPv6 destination option headers, 8 bytes each */
	unsigned payload;
	uint8_t tcp_flags;
};

static inline void put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline unsigned frame_l2_len(const struct frame_spec *s)
{
	return 14 + 4 * s->vlans;
}

static inline unsigned frame_l3_len(const struct frame_spec *s)
{
	return s->version == 4 ? 20 : 40 + 8 * s->ext;
}

static inline unsigned frame_l4_len(const struct frame_spec *s)
{
	return s->proto == IPPROTO_TCP ? 20 : 8;
}

static inline unsigned frame_csum_offset(const struct frame_spec *s)
{
	return s->proto == IPPROTO_TCP ? 16 : 6;
}

static inline void put_ip(uint8_t *ip, const struct frame_spec *s)
{
	unsigned l4 = frame_l4_len(s) + s->payload;
	uint16_t csum;

	if (s->version == 4) {
		ip[0] = 0x45;
		put16(ip + 2, 20 + l4);
		ip[8] = 64;
		ip[9] = s->proto;
		memcpy(ip + 12, "\x0a\0\0\1\x0a\0\0\2", 8);
		csum = pw_csum_ipv4_header(ip);
		memcpy(ip + 10, &csum, 2);
		return;
	}
	ip[0] = 0x60;
	put16(ip + 4, 8 * s->ext + l4);
	ip[6] = s->ext ? IPPROTO_DSTOPTS : s->proto;
	ip[7] = 64;
	ip[8] = ip[24] = 0xfd;
	ip[23] = 1;
	ip[39] = 2;
	for (unsigned i = 0; i < s->ext; i++)
		ip[40 + 8 * i] = i + 1 < s->ext ? IPPROTO_DSTOPTS : s->proto;
}

/* Pseudo-header sum with length: what a partial field holds. */
static inline uint16_t frame_pseudo(const uint8_t *ip, const struct frame_spec *s)
{
	unsigned l4 = frame_l4_len(s) + s->payload;
	uint32_t src, dst;

	if (s->version == 6)
		return pw_csum_pseudo6(ip + 8, ip + 24, s->proto, l4);
	memcpy(&src, ip + 12, 4);
	memcpy(&dst, ip + 16, 4);
	return pw_csum_pseudo4(src, dst, s->proto, (uint16_t)l4);
}

/* Writes the frame with a partial checksum; returns its length. */
static inline unsigned put_frame(uint8_t *p, const struct frame_spec *s)
{
	unsigned l2 = frame_l2_len(s), l3 = frame_l3_len(s), l4 = frame_l4_len(s);
	uint8_t *ip = p + l2, *l4p = ip + l3;
	uint16_t pseudo;

	memset(p, 0, l2 + l3 + l4);
	memcpy(p, "\2\0\0\0\0\2\2\0\0\0\0\1", 12);
	for (unsigned i = 0; i < s->vlans; i++)
		put16(p + 12 + 4 * i, i + 1 < s->vlans ? 0x88a8 : 0x8100);
	put16(p + l2 - 2, s->version == 4 ? 0x0800 : 0x86dd);
	put_ip(ip, s);
	put16(l4p, 1000);
	put16(l4p + 2, 2000);
	if (s->proto == IPPROTO_TCP) {
		l4p[12] = 5 << 4;
		l4p[13] = s->tcp_flags;
	} else {
		put16(l4p + 4, l4 + s->payload);
	}
	pseudo = frame_pseudo(ip, s);
	memcpy(l4p + frame_csum_offset(s), &pseudo, 2);
	for (unsigned i = 0; i < s->payload; i++)
		l4p[l4 + i] = (uint8_t)(i * 7);
	return l2 + l3 + l4 + s->payload;
}

/* The frame in mbufs, chained if it is large; no offload state. */
static inline struct rte_mbuf *make_frame(const struct frame_spec *s)
{
	static uint8_t bytes[70000];
	unsigned len = put_frame(bytes, s), off = 0;
	struct rte_mbuf *head = NULL, *last = NULL;

	while (off < len) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(test_env.pool);
		unsigned n = PW_MIN(len - off, 2048u);

		assert_non_null(m);
		memcpy(rte_pktmbuf_append(m, (uint16_t)n), bytes + off, n);
		if (head == NULL)
			head = m;
		else
			last->next = m;
		last = m;
		off += n;
		head->nb_segs += head != m;
	}
	head->pkt_len = len;
	return head;
}

/* The same with offload state: partial, and GSO if segsz is not 0. */
static inline struct rte_mbuf *make_partial(const struct frame_spec *s, unsigned segsz)
{
	struct rte_mbuf *m = make_frame(s);

	m->ol_flags = RTE_MBUF_F_RX_L4_CKSUM_NONE | (segsz ? RTE_MBUF_F_RX_LRO : 0);
	m->l2_len = frame_l2_len(s);
	m->l3_len = frame_l3_len(s);
	m->l4_len = frame_l4_len(s);
	m->tso_segsz = (uint16_t)segsz;
	return m;
}

/* Is the L4 checksum complete and right? */
static inline void assert_full_checksum(const struct rte_mbuf *m, const struct frame_spec *s)
{
	unsigned l4 = frame_l2_len(s) + frame_l3_len(s);
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, frame_l2_len(s));
	uint32_t sum = frame_pseudo(ip, s) + pw_csum_mbuf(m, l4, m->pkt_len - l4);

	assert_int_equal(pw_csum_fold(sum), 0xffff);
}

static inline unsigned pool_in_use(void)
{
	return rte_mempool_in_use_count(test_env.pool);
}

#endif
