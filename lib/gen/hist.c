/* SPDX-License-Identifier: BSD-3-Clause */
#include "pw_gen_hist.h"

#include "pw_util.h"

uint64_t pw_gen_hist_lower_ns(unsigned index)
{
	unsigned group = index / PW_GEN_HIST_SUB, sub = index % PW_GEN_HIST_SUB;

	if (group == 0)
		return sub;
	return (uint64_t)(PW_GEN_HIST_SUB + sub) << (group - 1);
}

uint64_t pw_gen_hist_percentile_ns(const struct pw_gen_hist *hist, double percent)
{
	double exact = (double)hist->count * percent / 100;
	uint64_t wanted = (uint64_t)exact, seen = 0;

	if (hist->count == 0)
		return 0;
	wanted += (double)wanted < exact;
	wanted = PW_MAX(wanted, (uint64_t)1);
	for (unsigned i = 0; i < PW_GEN_HIST_BUCKETS; i++) {
		seen += hist->bucket[i];
		if (seen >= wanted && i < PW_GEN_HIST_BUCKETS - 1)
			return PW_MAX(hist->min_ns,
				PW_MIN(hist->max_ns, pw_gen_hist_lower_ns(i + 1) - 1));
	}
	return hist->max_ns;
}

double pw_gen_hist_mean_ns(const struct pw_gen_hist *hist)
{
	return hist->count > 0 ? (double)hist->sum_ns / (double)hist->count : 0;
}

void pw_gen_hist_merge(struct pw_gen_hist *into, const struct pw_gen_hist *from)
{
	if (from->count == 0)
		return;
	into->min_ns = into->count == 0 ? from->min_ns : PW_MIN(into->min_ns, from->min_ns);
	into->max_ns = PW_MAX(into->max_ns, from->max_ns);
	into->count += from->count;
	into->sum_ns += from->sum_ns;
	for (unsigned i = 0; i < PW_GEN_HIST_BUCKETS; i++)
		into->bucket[i] += from->bucket[i];
}
