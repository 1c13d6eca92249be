/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_gen_search.h - which load to try next (RFC 2544 sections 24 and 26): a search without a port or a clock.
 *
 *     pw_gen_search_start(&s, 5000, 0);
 *     while (pw_gen_search_next(&s, &trial))
 *             pw_gen_search_result(&s, loss_ppm measured at trial.load_ppm);
 *     ... s.found, s.best_ppm
 *
 * Loads are millionths of the highest rate. The first trial is at the highest one; when it loses, the
 * next is where the receiver's rate points to, then the interval is halved until it is not wider than
 * the resolution. The load that is left is confirmed by a trial of full length; if that fails, the
 * search goes on below it.
 * Threads:  one; plain memory.
 */
#ifndef PW_GEN_SEARCH_H
#define PW_GEN_SEARCH_H

#include <stdbool.h>
#include <stdint.h>

#define PW_GEN_LOAD_FULL UINT32_C(1000000)

struct pw_gen_search {
	uint32_t resolution_ppm, accepted_ppm;
	uint32_t passed; /* highest load that passed, 0: none */
	uint32_t failed; /* lowest load that failed; PW_GEN_LOAD_FULL + 1: none */
	uint32_t load;   /* of the trial of the moment */
	uint32_t hint;   /* load that the last failed trial points to; 0: none */
	uint32_t step;   /* down, after a confirmation failed */
	bool confirming;
	bool careful; /* all trials are of full length */
	uint32_t trials;
	bool done, found;
	uint32_t best_ppm;
};

struct pw_gen_search_trial {
	uint32_t load_ppm;
	bool confirm; /* of full length */
};

void pw_gen_search_start(
	struct pw_gen_search *search, uint32_t resolution_ppm, uint32_t accepted_loss_ppm);
/* False: the search is over. */
bool pw_gen_search_next(struct pw_gen_search *search, struct pw_gen_search_trial *trial);
/* loss_ppm: of the frames sent; UINT32_MAX: the load could not be offered. */
void pw_gen_search_result(struct pw_gen_search *search, double loss_ppm);
/* Trials that a search of this resolution takes, about: for progress. */
uint32_t pw_gen_search_expected(uint32_t resolution_ppm);

/* The longest burst without loss: the same by halving, over numbers of frames. */
struct pw_gen_burst_search {
	uint64_t passed, failed, frames;
	uint64_t least_step;
};
void pw_gen_burst_start(struct pw_gen_burst_search *search, uint64_t most);
bool pw_gen_burst_next(struct pw_gen_burst_search *search, uint64_t *frames);
void pw_gen_burst_result(struct pw_gen_burst_search *search, bool passed);

#endif
