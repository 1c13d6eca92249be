/* SPDX-License-Identifier: BSD-3-Clause */
/* profile_types.h - types of values that only a profile has. Private to lib/gen. */
#ifndef PROFILE_TYPES_H
#define PROFILE_TYPES_H

#include "conf_foreign.h"

extern const struct conf_type profile_type_rate;     /* struct pw_gen_rate */
extern const struct conf_type profile_type_time;     /* uint64_t ns */
extern const struct conf_type profile_type_count;    /* uint64_t; 0: not set */
extern const struct conf_type profile_type_decimal;  /* double; < 0: not set */
extern const struct conf_type profile_type_ppm_list; /* percentages: uint32_t[4], count behind it */
extern const struct conf_type profile_type_ppm;      /* a percentage: uint32_t */
extern const struct conf_type profile_type_sizes;    /* struct pw_gen_sizes */
extern const struct conf_type profile_type_size_list; /* struct pw_gen_size_list */
extern const struct conf_type profile_type_ip_range;  /* struct pw_gen_ip_range */
extern const struct conf_type profile_type_mac_range; /* struct pw_gen_range */
extern const struct conf_type profile_type_range;  /* struct pw_gen_range, key's range the limits */
extern const struct conf_type profile_type_protos; /* struct pw_gen_frame: protos, n_protos */
extern const struct conf_type profile_type_tcp_flags; /* uint8_t */
extern const struct conf_type profile_type_tests;     /* uint32_t, bits of enum pw_gen_test */
extern const struct conf_type profile_type_verify;    /* uint32_t: every n-th */
/* "same", "any" or a range; struct pw_gen_expect's field */
extern const struct conf_type profile_type_expect_ip, profile_type_expect_mac;
extern const struct conf_type profile_type_expect_number;

#endif
