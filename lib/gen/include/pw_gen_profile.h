/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_gen_profile.h - what a run is to do: one strict YAML file as one struct.
 *
 * Read by the tables of lib/conf: an unknown key, a bad value, more flows than the ranges have
 * combinations, a size that does not hold the headers: each is an error with file, line, column and
 * key path, all of a file at once, and nothing is sent. What depends on the ports of the machine (is
 * there such a port, is it fast enough) is checked by the program once it has opened them.
 * Threads:  none; read-only after load.
 * Lifetime: pw_gen_profile_load allocates, pw_gen_profile_free frees everything.
 */
#ifndef PW_GEN_PROFILE_H
#define PW_GEN_PROFILE_H

#include "pw_conf.h"
#include "pw_gen_frame.h"
#include "pw_gen_rate.h"

#define PW_GEN_STREAMS_MAX 64
#define PW_GEN_PORTS_MAX   32
#define PW_GEN_NAME_MAX    31
#define PW_GEN_PORT_UNSET  UINT32_MAX
#define PW_GEN_TESTS_MAX   16

struct pw_gen_ip_range {
	struct pw_ip first;
	uint32_t n;
};

struct pw_gen_range {
	uint64_t first;
	uint32_t n;
};

struct pw_gen_stream {
	char name[PW_GEN_NAME_MAX + 1];
	uint32_t from, to; /* ports; `to`: where its frames are to come back */
	struct pw_gen_rate rate;
	struct pw_gen_frame frame; /* not initialised before the run */
	uint64_t count;            /* frames to send; 0: until the end of the run */
	uint32_t verify_every;     /* check every n-th frame; 0: none */
	bool latency;
	bool sticky; /* a flow must always be translated alike */
	struct pw_gen_expect expect;
	/* As they stand in the file; put into `frame` by the checks. */
	struct pw_gen_range src_mac, dst_mac, vlan, src_port, dst_port;
	struct pw_gen_ip_range src, dst;
	uint32_t ttl, tos, hops;
	struct pw_conf_mark mark;
};

enum pw_gen_engine {
	PW_GEN_ENGINE_AUTO, /* flows, conn or replay, if the profile has one for the port; else rxonly */
	PW_GEN_ENGINE_IO,
	PW_GEN_ENGINE_MAC,
	PW_GEN_ENGINE_MACSWAP,
	PW_GEN_ENGINE_5TSWAP,
	PW_GEN_ENGINE_ICMPECHO,
	PW_GEN_ENGINE_RXONLY,
	PW_GEN_ENGINE_TXONLY,
	PW_GEN_ENGINE_FLOWGEN,
	PW_GEN_ENGINE_FLOWS,
	PW_GEN_ENGINE_RR,
	PW_GEN_ENGINE_CONN,
	PW_GEN_ENGINE_REPLAY,
	PW_GEN_ENGINE_COUNT
};
const char *pw_gen_engine_name(enum pw_gen_engine engine);
/* -EINVAL: no such engine. */
int pw_gen_engine_parse(const char *name, enum pw_gen_engine *engine);

struct pw_gen_port {
	uint32_t id;
	enum pw_gen_engine engine;
	struct pw_mac mac; /* ours; zero: the device's */
	struct pw_mac
		peer_mac; /* destination of engine mac; zero: 02:00:00:00:00:<port>, as testpmd */
	struct pw_conf_prefixes ip; /* answered: ARP, ND, ping */
	struct pw_gen_rate speed;   /* of a port that does not know it, or lies */
	uint32_t response_bytes;    /* engine rr: of a TCP response */
	struct pw_conf_mark mark;
};

struct pw_gen_conn {
	char name[PW_GEN_NAME_MAX + 1];
	uint32_t from;
	struct pw_gen_rate rate; /* connections a second, in pps */
	int proto;               /* IPPROTO_TCP or _UDP */
	struct pw_mac src_mac, dst_mac;
	struct pw_gen_ip_range src, dst;
	struct pw_gen_range src_port, dst_port;
	uint32_t request_bytes, response_bytes;
	uint32_t open; /* at most at a time */
	uint64_t count;
	uint64_t timeout_ns;
	struct pw_conf_mark mark;
};

struct pw_gen_replay {
	char name[PW_GEN_NAME_MAX + 1];
	uint32_t from;
	char *file;
	double speed;            /* of the original timing; 1 */
	struct pw_gen_rate rate; /* instead of the timing; unset: milli 0 and unit MAX */
	bool rate_set;
	uint32_t loops;                 /* 0: until the end of the run */
	struct pw_mac src_mac, dst_mac; /* zero: as in the file */
	struct pw_conf_mark mark;
};

enum pw_gen_test {
	PW_GEN_TEST_THROUGHPUT,
	PW_GEN_TEST_LATENCY,
	PW_GEN_TEST_FRAME_LOSS,
	PW_GEN_TEST_BACK_TO_BACK,
	PW_GEN_TEST_COUNT
};

struct pw_gen_size_list {
	uint16_t v[PW_GEN_TESTS_MAX];
	uint32_t n;
};

struct pw_gen_rfc2544 {
	bool enabled;
	struct pw_gen_size_list sizes;
	uint32_t tests;         /* bits of enum pw_gen_test */
	uint32_t losses_ppm[4]; /* accepted; one search each */
	uint32_t n_losses;
	struct pw_gen_rate max_rate; /* of every stream */
	uint64_t trial_ns, final_ns; /* while searching; of the last one */
	uint64_t settle_ns;
	uint32_t resolution_ppm; /* of max_rate */
};

struct pw_gen_criteria {
	double loss_percent; /* < 0: not asked for */
	double latency_p50_us, latency_p99_us, latency_p999_us, jitter_p99_us;
	double rate_error_percent;
	double min_rx_pps;
	uint32_t reordered, duplicates, corrupt, translated_wrong; /* UINT32_MAX: not asked for */
	double conn_failed_percent, min_conns;
};

struct pw_gen_profile {
	char *path;
	char name[PW_GEN_NAME_MAX + 1];
	uint64_t duration_ns;  /* 0: until stopped */
	uint64_t warmup_ns;    /* before counting begins */
	uint64_t wait_ns;      /* for late frames, after sending */
	uint64_t catch_up_ns;  /* pw_gen_pace.h */
	uint64_t wait_link_ns; /* for the peers of ports */
	struct pw_gen_port *ports;
	uint32_t n_ports;
	struct pw_gen_stream *streams;
	uint32_t n_streams;
	struct pw_gen_conn *conns;
	uint32_t n_conns;
	struct pw_gen_replay *replays;
	uint32_t n_replays;
	struct pw_gen_rfc2544 rfc2544;
	struct pw_gen_criteria criteria;
};

/* NULL with errors filled (pw_conf_errors_free). */
struct pw_gen_profile *pw_gen_profile_load(const char *path, struct pw_conf_errors *errors);
struct pw_gen_profile *pw_gen_profile_parse(
	const char *name, const char *text, size_t len, struct pw_conf_errors *errors);
void pw_gen_profile_free(struct pw_gen_profile *profile);
/* Markdown table of every key; malloc'ed. docs/benchmarking.md holds it. */
char *pw_gen_profile_reference(void);

#endif
