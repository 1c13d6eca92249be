/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_gen_result.h - what a run measured: as JSON, and against its criteria.
 *
 * Three kinds of missing frames are kept apart: those a port did not take in time (missed: the
 * generator's own), those that did not arrive (lost: the device's), and those that were damaged.
 * Threads:  none. Pointers stay the caller's.
 */
#ifndef PW_GEN_RESULT_H
#define PW_GEN_RESULT_H

#include <jansson.h>

#include "pw_gen_hist.h"
#include "pw_gen_profile.h"
#include "pw_str.h"

struct pw_gen_stream_result {
	const char *name;
	uint32_t from, to;
	struct pw_gen_rate asked; /* as asked for */
	double asked_pps;         /* 0: max */
	uint64_t flows;
	double mean_size;             /* FCS counted */
	double seconds;               /* of sending */
	uint64_t tx_frames, tx_bytes; /* bytes with FCS */
	uint64_t missed_full;         /* due, but the port's queue was full */
	uint64_t missed_late;         /* due, but the generator came too late */
	uint64_t rx_frames;           /* each counted once */
	uint64_t rx_bytes;
	uint64_t lost, reordered, duplicates, stale;
	uint64_t reorder_distance; /* the largest */
	uint64_t checked, corrupt, translated_wrong;
	uint64_t faults[PW_GEN_FAULT_COUNT];
	const struct pw_gen_hist *latency, *jitter; /* NULL: not measured */
};

struct pw_gen_port_result {
	uint32_t id;
	const char *name, *driver, *engine;
	char path[96]; /* what of the driver is used: burst functions, rings */
	char mac[PW_MAC_STRLEN];
	uint64_t speed_bps; /* 0: unknown */
	uint64_t rx_frames, rx_bytes, tx_frames, tx_bytes, tx_full;
	uint64_t foreign, unreadable, misdelivered, answered;
	uint64_t dev_missed, dev_rx_errors, dev_tx_errors, dev_no_mbuf;
};

struct pw_gen_conn_result {
	const char *name;
	int proto;
	double asked_cps, seconds;
	uint64_t opened, established, completed, failed, refused, unexpected, missed;
	const struct pw_gen_hist *duration; /* of whole connections */
};

struct pw_gen_replay_result {
	const char *name, *file;
	uint64_t frames, bytes, loops;
	double seconds;
	uint64_t missed; /* the port's queue was full */
};

/* One line of an RFC 2544 test. */
struct pw_gen_trial_result {
	enum pw_gen_test test;
	uint32_t size, loss_ppm; /* accepted loss (throughput) */
	double load_percent;     /* of max_rate, or of the found rate (latency) */
	double offered_pps, received_pps, l1_bps, loss_percent;
	double p50_us, p99_us, p999_us, max_us;
	uint64_t burst_frames; /* back-to-back */
	uint32_t trials;
	bool found;
};

struct pw_gen_environment {
	const char *version, *dpdk, *compiler;
	char *cpu, *kernel, *command; /* malloc'ed */
	uint32_t cores;
};

struct pw_gen_result {
	const char *name, *profile;
	char started[32]; /* UTC, ISO 8601 */
	double seconds;
	const char *ended_early; /* why; NULL: it ran to its end */
	struct pw_gen_environment env;
	struct pw_gen_stream_result *streams;
	uint32_t n_streams;
	struct pw_gen_port_result *ports;
	uint32_t n_ports;
	struct pw_gen_conn_result *conns;
	uint32_t n_conns;
	struct pw_gen_replay_result *replays;
	uint32_t n_replays;
	struct pw_gen_trial_result *trials;
	uint32_t n_trials;
};

/* One line of text for each criterion that is not met, appended to `out`; how many. */
uint32_t pw_gen_criteria_check(const struct pw_gen_criteria *criteria,
	const struct pw_gen_result *result, struct pw_str *out);
/* New reference; NULL: out of memory. `failures` as pw_gen_criteria_check wrote it. */
json_t *pw_gen_result_json(
	const struct pw_gen_result *result, uint32_t n_failed, const char *failures);

const char *pw_gen_test_name(enum pw_gen_test test);

#endif
