/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every reader has a line with the newest token it has acknowledged; a token has passed when each
 * reader is offline or has acknowledged that token or a newer one.
 *
 * Why not rte_rcu_qsbr: it orders by fences, which ThreadSanitizer does not understand. Here the
 * token word itself carries the order: start() is a release on it, quiescent() an acquire. The
 * proof for a reader that comes online is at pw_qsbr_online.
 */
#include <assert.h>
#include <errno.h>

#include "pw_qsbr.h"
#include "pw_util.h"

#define OFFLINE UINT64_C(0)

struct reader {
	uint64_t acked; /* W: the reader  R: ctl. OFFLINE, or the newest token seen while quiet */
} __attribute__((aligned(PW_CACHE_LINE)));

struct pw_qsbr {
	uint64_t token __attribute__((aligned(PW_CACHE_LINE))); /* W: who retires  R: readers */

	const struct pw_alloc *alloc __attribute__((aligned(PW_CACHE_LINE)));
	uint64_t passed; /* W, R: any thread; everything up to here has passed */
	uint32_t n_readers;
	struct reader readers[];
};

struct pw_qsbr *pw_qsbr_create(const struct pw_alloc *alloc, uint32_t max_readers)
{
	if (max_readers == 0) {
		errno = EINVAL;
		return NULL;
	}

	size_t size = sizeof(struct pw_qsbr) + max_readers * sizeof(struct reader);
	struct pw_qsbr *qsbr = pw_zalloc(alloc, "qsbr", size);

	if (qsbr == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	qsbr->alloc = alloc;
	qsbr->n_readers = max_readers;
	qsbr->token = 1; /* never OFFLINE */
	qsbr->passed = 1;
	return qsbr;
}

void pw_qsbr_destroy(struct pw_qsbr *qsbr)
{
	if (qsbr != NULL)
		pw_free(qsbr->alloc, qsbr);
}

/*
 * The danger: the writer finds this reader offline and frees an object that the reader then still
 * finds linked. In the one total order of seq_cst operations: if passed()'s load of `acked` comes
 * before the store below, start()'s increment comes before the last load below, which therefore
 * synchronises with it - and the unlink that preceded start() is visible to all this reader does.
 */
void pw_qsbr_online(struct pw_qsbr *qsbr, uint32_t reader)
{
	assert(reader < qsbr->n_readers);

	uint64_t token = __atomic_load_n(&qsbr->token, __ATOMIC_SEQ_CST);

	__atomic_store_n(&qsbr->readers[reader].acked, token, __ATOMIC_SEQ_CST);
	(void)__atomic_load_n(&qsbr->token, __ATOMIC_SEQ_CST);
}

void pw_qsbr_offline(struct pw_qsbr *qsbr, uint32_t reader)
{
	assert(reader < qsbr->n_readers);
	__atomic_store_n(&qsbr->readers[reader].acked, OFFLINE, __ATOMIC_RELEASE);
}

void pw_qsbr_quiescent(struct pw_qsbr *qsbr, uint32_t reader)
{
	assert(reader < qsbr->n_readers);

	uint64_t *acked = &qsbr->readers[reader].acked;
	uint64_t token = __atomic_load_n(&qsbr->token, __ATOMIC_ACQUIRE);

	if (__atomic_load_n(acked, __ATOMIC_RELAXED) != token)
		__atomic_store_n(acked, token, __ATOMIC_RELEASE);
}

uint64_t pw_qsbr_start(struct pw_qsbr *qsbr)
{
	return __atomic_add_fetch(&qsbr->token, 1, __ATOMIC_SEQ_CST);
}

bool pw_qsbr_passed(struct pw_qsbr *qsbr, uint64_t token)
{
	uint64_t least = token; /* that every reader is done with; an offline one is with all */

	if (token <= __atomic_load_n(&qsbr->passed, __ATOMIC_ACQUIRE))
		return true;
	for (uint32_t i = 0; i < qsbr->n_readers; i++) {
		uint64_t acked = __atomic_load_n(&qsbr->readers[i].acked, __ATOMIC_SEQ_CST);

		if (acked != OFFLINE && acked < least)
			least = acked;
	}
	/* Two callers may overwrite each other's result: either is true. */
	if (least > __atomic_load_n(&qsbr->passed, __ATOMIC_RELAXED))
		__atomic_store_n(&qsbr->passed, least, __ATOMIC_RELEASE);
	return least == token;
}
