/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_cni_json.h - reading JSON that others wrote.
 *
 * Go matches field names without case and writes null for an empty list, a missing pointer or an
 * unset string; runtimes do both. So every look-up here ignores case (pw_json_get_nocase), and null
 * is the same as absent.
 * Threads:  pure functions.
 * Errors:   -EPROTO with code 7 and "path: value: what is allowed" in *error.
 */
#ifndef PW_CNI_JSON_H
#define PW_CNI_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "pw_addr.h"
#include "pw_cni_error.h"

#define PW_CNI_JSON_QUOTE 80

/* The value as one line of JSON for a message, cut with "..." after PW_CNI_JSON_QUOTE - 1 bytes. */
const char *pw_cni_json_quote(const json_t *value, char buf[static PW_CNI_JSON_QUOTE]);
/* "where: value: want", code 7. */
int pw_cni_json_fail(
	struct pw_cni_error *error, const char *where, const json_t *value, const char *want);

/* Absent members leave *out as it is and give 0. `where` is the object's path for messages. */
int pw_cni_json_object(const json_t *object, const char *where, const char *key, json_t **out,
	struct pw_cni_error *error);
int pw_cni_json_array(const json_t *object, const char *where, const char *key, json_t **out,
	struct pw_cni_error *error);
/* The text stays owned by the JSON tree. An empty string counts as absent. */
int pw_cni_json_text(const json_t *object, const char *where, const char *key, const char **out,
	struct pw_cni_error *error);
/* An integer, or a string that holds one. */
int pw_cni_json_u64(const json_t *object, const char *where, const char *key, uint64_t min,
	uint64_t max, uint64_t *out, struct pw_cni_error *error);
int pw_cni_json_mac(const json_t *object, const char *where, const char *key, struct pw_mac *out,
	struct pw_cni_error *error);
int pw_cni_json_ip(const json_t *object, const char *where, const char *key, struct pw_ip *out,
	struct pw_cni_error *error);
int pw_cni_json_prefix(const json_t *object, const char *where, const char *key,
	struct pw_prefix *out, struct pw_cni_error *error);

#endif
