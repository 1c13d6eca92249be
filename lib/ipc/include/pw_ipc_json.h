/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_ipc_json.h - what jansson lacks: getters with a default, keys in any case, our address types.
 *
 * Getters never fail: what is absent, null or of another type gives the default.
 * Threads:  as jansson: one thread a value.
 */
#ifndef PW_IPC_JSON_H
#define PW_IPC_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "pw_addr.h"

/* Member `key`, NULL if absent or null. Borrowed. object may be NULL or no object. */
json_t *pw_json_get(const json_t *object, const char *key);
/* The same, ASCII case ignored (Go clients match so); an exact match wins. */
json_t *pw_json_get_nocase(const json_t *object, const char *key);
/* Member by a path: "control.loop_max_us". */
json_t *pw_json_path(const json_t *object, const char *path);

const char *pw_json_str(const json_t *object, const char *key, const char *def);
int64_t pw_json_int(const json_t *object, const char *key, int64_t def);
bool pw_json_bool(const json_t *object, const char *key, bool def);

/* New values; NULL: out of memory. An address of no family and a zero MAC become null. */
json_t *pw_json_ip(const struct pw_ip *ip);
json_t *pw_json_prefix(const struct pw_prefix *prefix);
json_t *pw_json_mac(const struct pw_mac *mac);
json_t *pw_json_str_or_null(const char *text); /* NULL and "" become null */
json_t *pw_json_u64(uint64_t value);           /* above INT64_MAX: INT64_MAX, jansson has no more */

#endif
