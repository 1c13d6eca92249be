/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_gen_rate.h - rates and times as people write them.
 *
 *     max   1500pps 14.88Mpps   10Gbps (on the wire: preamble and gap counted)   7.6Gbps-l2 (frames
 *     with their FCS)   62.5% (of the port's speed, on the wire)
 *
 * Up to three decimals of the smallest unit are kept.
 * Threads:  pure functions.
 * Errors:   -EINVAL: not of such a form, -ERANGE: no rate (0), or above 10^12.
 */
#ifndef PW_GEN_RATE_H
#define PW_GEN_RATE_H

#include <stddef.h>
#include <stdint.h>

enum pw_gen_rate_unit {
	PW_GEN_RATE_MAX, /* as fast as it goes */
	PW_GEN_RATE_PPS,
	PW_GEN_RATE_L1, /* bits a second */
	PW_GEN_RATE_L2,
	PW_GEN_RATE_PERCENT
};

struct pw_gen_rate {
	enum pw_gen_rate_unit unit;
	uint64_t milli;        /* thousandths of a frame, bit or percent */
	uint32_t line, column; /* in the profile; 0: not from one */
};

int pw_gen_rate_parse(const char *text, struct pw_gen_rate *rate);
const char *pw_gen_rate_format(const struct pw_gen_rate *rate, char *buf, size_t size);
/* A percentage becomes bits of a port's speed; others stay. */
struct pw_gen_rate pw_gen_rate_of_port(const struct pw_gen_rate *rate, uint64_t port_bps);
/* Frames and wire bits a second of a rate that is no percentage, for frames of a mean size (FCS
 * counted). */
double pw_gen_rate_pps(const struct pw_gen_rate *rate, double mean_size);
double pw_gen_rate_l1_bps(const struct pw_gen_rate *rate, double mean_size);
/* Units (pw_gen_pace.h) a frame of this size costs. */
uint64_t pw_gen_rate_cost(enum pw_gen_rate_unit unit, uint32_t size);

/* "10s", "500ms", "20us", "1.5s", "2m", "1h": nanoseconds. */
int pw_gen_time_parse(const char *text, uint64_t *ns);
const char *pw_gen_time_format(uint64_t ns, char *buf, size_t size);

#endif
