/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_gen_seq.h - what became of the frames of a stream, by their sequence numbers.
 *
 * A window of the last PW_GEN_SEQ_WINDOW numbers remembers which of them have come. A number above
 * the highest one is in order, below it and new is reordered (RFC 4737 type-P-reordered), below it
 * and known is a duplicate. One from before the window is stale: late or a duplicate, nobody can
 * tell. Loss is what was sent less what came for the first time, so a late frame takes back a loss
 * and can never make it negative.
 * Threads:  one writer; counters may be read beside it.
 * Cost:     one bit; a gap costs its length / 64.
 */
#ifndef PW_GEN_SEQ_H
#define PW_GEN_SEQ_H

#include <stdint.h>

#define PW_GEN_SEQ_WINDOW (UINT64_C(1) << 18)

enum pw_gen_seq_verdict {
	PW_GEN_SEQ_NEW,
	PW_GEN_SEQ_REORDERED, /* new, but behind one that was sent later */
	PW_GEN_SEQ_DUPLICATE,
	PW_GEN_SEQ_STALE
};

struct pw_gen_seq {
	uint64_t next;   /* highest number that came, plus 1 */
	uint64_t unique; /* numbers that came, each counted once */
	uint64_t reordered, duplicates, stale;
	uint64_t max_distance; /* of a reordered one from the highest */
	uint64_t seen[PW_GEN_SEQ_WINDOW / 64];
};

struct pw_gen_seq *pw_gen_seq_create(void); /* NULL with errno */
void pw_gen_seq_destroy(struct pw_gen_seq *seq);
void pw_gen_seq_reset(struct pw_gen_seq *seq);
enum pw_gen_seq_verdict pw_gen_seq_record(struct pw_gen_seq *seq, uint64_t number);
/* Of `sent` frames, 0..sent-1: how many have not come (yet). */
uint64_t pw_gen_seq_missing(const struct pw_gen_seq *seq, uint64_t sent);

#endif
