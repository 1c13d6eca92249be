/* SPDX-License-Identifier: BSD-3-Clause */
/* verdict.c - names of verdicts and punt reasons, from the lists of pw_verdict.h and pw_pkt.h. */
#include "pw_pkt.h"
#include "pw_verdict.h"

struct verdict_info {
	const char *name, *text;
};

static const struct verdict_info verdicts[PW_VERDICT_COUNT] = {
#define X(sym, name, text) {name, text},
	PW_DISPOSITIONS(X) PW_DROP_REASONS(X)
#undef X
};

static const char *const punts[PW_PUNT_COUNT] = {
#define X(sym, name) name,
	PW_PUNTS(X)
#undef X
};

const char *pw_verdict_name(unsigned verdict)
{
	return verdict < PW_VERDICT_COUNT ? verdicts[verdict].name : "?";
}

const char *pw_verdict_text(unsigned verdict)
{
	return verdict < PW_VERDICT_COUNT ? verdicts[verdict].text : "?";
}

const char *pw_punt_name(unsigned punt)
{
	return punt < PW_PUNT_COUNT ? punts[punt] : "?";
}
