/* SPDX-License-Identifier: BSD-3-Clause */
/* options.h - the command line: what is EAL's, and what is ours. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "pw_gen_profile.h"

#define EAL_ARGS_MAX 64

struct options {
	const char *profile, *json;
	const char *engine, *rate, *size, *flows, *duration;
	uint32_t mbufs;
	bool interactive, share, quiet;
};

/* argv from behind the "--" on. False: said on stderr what is wrong. */
bool options_parse(struct options *options, int argc, char **argv);
void options_help(void);
/* EAL's own arguments with what we add: a prefix of our own, so that other DPDK programs of the machine
 * are not in the way. The number of them; out has room for EAL_ARGS_MAX. */
int options_eal(int argc, char **argv, char **out);
/* The profile that is named, or one made from the other options. NULL: said on stderr. */
struct pw_gen_profile *options_profile(const struct options *options);
/* podway-gen check PROFILE */
int options_check(int argc, char **argv);

#endif
