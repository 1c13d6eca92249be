/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * place.h - which worker reads which queue, as workers.move said: kept in the state folder
 * (workers.json), by the name of the port, until the port is deleted.
 *
 * A port that comes (again) goes to its place at once, so a restart moves nothing.
 * Threads:  the control thread.
 */
#ifndef CTL_PLACE_H
#define CTL_PLACE_H

#include "ctl.h"

extern const struct ctl_module ctl_module_place; /* before the ports */

/* Worker of each of PW_PORT_MAX_QUEUES queues, PW_DP_WORKER_ANY: nobody said. NULL: of all. */
const uint8_t *ctl_place_of(const struct pw_ctl *ctl, const char *port);
/* Replaces and saves it; NULL: forgets it. 0 or -errno with err: it is as it was. */
int ctl_place_set(struct pw_ctl *ctl, const char *port, const uint8_t *workers, struct pw_err *err);
/* Its port was deleted. A failure is logged. */
void ctl_place_forget(struct pw_ctl *ctl, const char *port);

#endif
