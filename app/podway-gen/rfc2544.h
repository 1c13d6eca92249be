/* SPDX-License-Identifier: BSD-3-Clause */
/* rfc2544.h - the searches of a profile's rfc2544 section, one row of the result each. */
#ifndef RFC2544_H
#define RFC2544_H

#include "gen.h"

/* 0, or as run_trial; rows that were complete are in results->r.trials either way. */
int rfc2544_run(struct gen *gen, bool quiet, struct results *results, struct pw_err *err);

#endif
