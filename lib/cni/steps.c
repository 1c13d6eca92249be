/* SPDX-License-Identifier: BSD-3-Clause */
#include <stddef.h>

#include "pw_cni_steps.h"

int pw_cni_steps_run(
	const struct pw_cni_step *steps, unsigned n, void *arg, struct pw_cni_error *error)
{
	int rc = 0;
	unsigned done = 0;

	while (done < n && (rc = steps[done].run(arg, error)) == 0)
		done++;
	if (rc == 0)
		return 0;
	while (done-- > 0) {
		if (steps[done].undo != NULL)
			steps[done].undo(arg);
	}
	return rc;
}
