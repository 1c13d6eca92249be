/* SPDX-License-Identifier: BSD-3-Clause */
#include "pw_gen_seq.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "pw_util.h"

struct pw_gen_seq *pw_gen_seq_create(void)
{
	return calloc(1, sizeof(struct pw_gen_seq));
}

void pw_gen_seq_destroy(struct pw_gen_seq *seq)
{
	free(seq);
}

void pw_gen_seq_reset(struct pw_gen_seq *seq)
{
	memset(seq, 0, sizeof(*seq));
}

static uint64_t *word_of(struct pw_gen_seq *seq, uint64_t number)
{
	return &seq->seen[number % PW_GEN_SEQ_WINDOW / 64];
}

static uint64_t bit_of(uint64_t number)
{
	return UINT64_C(1) << number % 64;
}

/* Forgets [from, to): the window moves over them and they have not come. */
static void forget(struct pw_gen_seq *seq, uint64_t from, uint64_t to)
{
	if (to - from >= PW_GEN_SEQ_WINDOW) {
		memset(seq->seen, 0, sizeof(seq->seen));
		return;
	}
	for (; from < to && from % 64 != 0; from++)
		*word_of(seq, from) &= ~bit_of(from);
	for (; to - from >= 64; from += 64)
		*word_of(seq, from) = 0;
	for (; from < to; from++)
		*word_of(seq, from) &= ~bit_of(from);
}

static enum pw_gen_seq_verdict record_behind(struct pw_gen_seq *seq, uint64_t number)
{
	uint64_t distance = seq->next - number;

	if (distance > PW_GEN_SEQ_WINDOW) {
		seq->stale++;
		return PW_GEN_SEQ_STALE;
	}
	if (*word_of(seq, number) & bit_of(number)) {
		seq->duplicates++;
		return PW_GEN_SEQ_DUPLICATE;
	}
	*word_of(seq, number) |= bit_of(number);
	seq->unique++;
	seq->reordered++;
	seq->max_distance = PW_MAX(seq->max_distance, distance);
	return PW_GEN_SEQ_REORDERED;
}

enum pw_gen_seq_verdict pw_gen_seq_record(struct pw_gen_seq *seq, uint64_t number)
{
	if (number < seq->next)
		return record_behind(seq, number);
	forget(seq, seq->next, number);
	*word_of(seq, number) |= bit_of(number);
	seq->next = number + 1;
	seq->unique++;
	return PW_GEN_SEQ_NEW;
}

uint64_t pw_gen_seq_missing(const struct pw_gen_seq *seq, uint64_t sent)
{
	return sent > seq->unique ? sent - seq->unique : 0;
}
