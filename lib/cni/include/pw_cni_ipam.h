/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_cni_ipam.h - running another program for the addresses (CNI SPEC, section 4: delegation).
 *
 * The program is looked up in CNI_PATH, gets our environment and our whole stdin, and writes a
 * result or an error to its stdout; its stderr is ours.
 * Threads:  the plugin's one (fork).
 * Errors:   -EPROTO; an error the program reported is passed on with its code and message.
 */
#ifndef PW_CNI_IPAM_H
#define PW_CNI_IPAM_H

#include <limits.h>
#include <stddef.h>

#include <jansson.h>

#include "pw_cni_error.h"

#define PW_CNI_IPAM_TIMEOUT_MS 60000 /* DHCP is the slow one: its own limit is 10 s a try */

struct pw_cni_ipam {
	const char *path; /* CNI_PATH */
	const char *type; /* a valid name, no slash */
	const char *input;
	size_t len;
	int timeout_ms;
};

/* The program's file; code 4 without CNI_PATH, 7 if it is in none of the folders. */
int pw_cni_ipam_lookup(
	const struct pw_cni_ipam *ipam, char file[static PATH_MAX], struct pw_cni_error *error);
/* *result: its JSON, the caller's to decref; NULL if it printed nothing. result may be NULL. */
int pw_cni_ipam_run(const struct pw_cni_ipam *ipam, const char *command, json_t **result,
	struct pw_cni_error *error);

#endif
