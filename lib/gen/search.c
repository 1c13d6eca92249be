/* SPDX-License-Identifier: BSD-3-Clause */
#include "pw_gen_search.h"

#include "pw_util.h"

void pw_gen_search_start(
	struct pw_gen_search *search, uint32_t resolution_ppm, uint32_t accepted_loss_ppm)
{
	*search = (struct pw_gen_search){
		.resolution_ppm = PW_MAX(resolution_ppm, 1u),
		.accepted_ppm = accepted_loss_ppm,
		.failed = PW_GEN_LOAD_FULL + 1,
	};
}

static bool narrow_enough(const struct pw_gen_search *s)
{
	return s->failed - s->passed <= s->resolution_ppm || s->passed == PW_GEN_LOAD_FULL;
}

/* Somewhere in the open interval that is left. */
static uint32_t choose(const struct pw_gen_search *s)
{
	if (s->failed > PW_GEN_LOAD_FULL)
		return PW_GEN_LOAD_FULL;
	if (s->hint > s->passed && s->hint < s->failed)
		return s->hint;
	if (s->passed == 0 && s->step > 0 && s->step < s->failed)
		return s->failed - s->step;
	return s->passed + (s->failed - s->passed) / 2;
}

bool pw_gen_search_next(struct pw_gen_search *s, struct pw_gen_search_trial *trial)
{
	bool narrow = narrow_enough(s);

	if (narrow && (s->careful || s->passed == 0)) {
		s->done = true; /* careful: what passed was of full length already */
		s->found = s->passed > 0;
		s->best_ppm = s->passed;
	}
	if (s->done)
		return false;
	s->confirming = narrow;
	s->load = narrow ? s->passed : choose(s);
	s->trials++;
	*trial = (struct pw_gen_search_trial){s->load, narrow || s->careful};
	return true;
}

static void confirmed(struct pw_gen_search *s, bool passed)
{
	if (passed) {
		s->done = s->found = true;
		s->best_ppm = s->load;
		return;
	}
	/* What passed for a short time does not for a long one: from here on all trials are long,
	 * downwards in growing steps until one passes. */
	s->failed = s->load;
	s->passed = 0;
	s->step = 2 * s->resolution_ppm;
	s->careful = true;
	s->hint = 0;
}

void pw_gen_search_result(struct pw_gen_search *s, double loss_ppm)
{
	bool passed = loss_ppm <= s->accepted_ppm;
	double rest = (1e6 - PW_MIN(loss_ppm, 1e6)) / 1e6;

	if (s->confirming) {
		confirmed(s, passed);
		return;
	}
	if (passed) {
		s->passed = s->load;
		s->hint = 0;
		return;
	}
	s->failed = s->load;
	s->step *= 2;
	/* Only while nothing has passed: later halving is faster. */
	s->hint = s->passed == 0 && s->hint == 0 && !s->careful && rest > 0.05
			  ? (uint32_t)(s->load * rest)
			  : 0;
}

uint32_t pw_gen_search_expected(uint32_t resolution_ppm)
{
	uint32_t trials = 3;

	for (uint32_t width = PW_GEN_LOAD_FULL; width > PW_MAX(resolution_ppm, 1u); width /= 2)
		trials++;
	return trials;
}

void pw_gen_burst_start(struct pw_gen_burst_search *search, uint64_t most)
{
	*search = (struct pw_gen_burst_search){
		.failed = most + 1,
		.least_step = PW_MAX(most / 1000, (uint64_t)1),
	};
}

bool pw_gen_burst_next(struct pw_gen_burst_search *search, uint64_t *frames)
{
	uint64_t most = search->failed - 1;

	if (search->failed - search->passed <= search->least_step)
		return false;
	search->frames =
		search->frames == 0 ? most : search->passed + (search->failed - search->passed) / 2;
	*frames = search->frames;
	return true;
}

void pw_gen_burst_result(struct pw_gen_burst_search *search, bool passed)
{
	if (passed)
		search->passed = search->frames;
	else
		search->failed = search->frames;
}
