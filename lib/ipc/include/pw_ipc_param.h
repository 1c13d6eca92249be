/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_ipc_param.h - the parameters of a method as a const table, decoded into a typed struct.
 *
 *     struct fdb_filter {
 *             const char *bridge;             // NULL: not given
 *             uint64_t limit;
 *             struct pw_mac mac;              // zero: not given
 *     };
 *     static const struct pw_ipc_param fdb_filter_params[] = {
 *             {"bridge", PW_IPC_STRING, offsetof(struct fdb_filter, bridge), .optional = true},
 *             {"limit", PW_IPC_U64, offsetof(struct fdb_filter, limit), .optional = true,
 *              .def = 1000, .min = 1, .max = 100000},
 *             {"mac", PW_IPC_MAC, offsetof(struct fdb_filter, mac), .optional = true},
 *             {0},
 *     };
 *
 * An unknown parameter, a missing one, a wrong type, a bad address or a number out of range is an
 * error that names the parameter and says what is allowed. `null` means "not given".
 * Threads:  none; pure.
 * Lifetime: strings and JSON values point into the request; lists are freed by pw_ipc_params_free.
 */
#ifndef PW_IPC_PARAM_H
#define PW_IPC_PARAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "pw_addr.h"
#include "pw_ipc_error.h"

enum pw_ipc_type {       /* field of the struct; its value when the parameter is not given */
	PW_IPC_STRING,   /* const char *; NULL. min, max: length in bytes, max 0 = no limit */
	PW_IPC_U64,      /* uint64_t; .def. min, max: range, max 0 = no limit */
	PW_IPC_BOOL,     /* bool; .def */
	PW_IPC_CHOICE,   /* int, index into .choices; -1 */
	PW_IPC_IP,       /* struct pw_ip; family PW_FAMILY_NONE */
	PW_IPC_PREFIX,   /* struct pw_prefix, host bits kept; ip.family PW_FAMILY_NONE */
	PW_IPC_MAC,      /* struct pw_mac; zero (a zero MAC is refused) */
	PW_IPC_STRINGS,  /* struct pw_ipc_strings; empty. min, max: number of elements, max 0 = any
			  */
	PW_IPC_PREFIXES, /* struct pw_ipc_prefixes; the same */
	PW_IPC_ARRAY,    /* json_t *, an array; NULL. Borrowed: json_incref to keep it */
	PW_IPC_OBJECT,   /* json_t *, an object; the same */
	PW_IPC_JSON,     /* json_t *, anything but null; the same */
};

/* Lists: a JSON string alone is taken as a list of one, as in the configuration file. */
struct pw_ipc_strings {
	const char **v;
	size_t n;
};

struct pw_ipc_prefixes {
	struct pw_prefix *v;
	size_t n;
};

struct pw_ipc_param {
	const char *name; /* NULL ends a table */
	enum pw_ipc_type type;
	size_t offset; /* of the field in the struct the handler declares */
	bool optional;
	uint64_t def, min, max;
	const char *const *choices; /* ended by NULL */
};

/*
 * Decodes `object` (NULL: no parameters were given) into `out`, which the caller zeroed.
 * 0, or PW_IPC_E_PARAMS with the message set. Call pw_ipc_params_free in either case.
 */
int pw_ipc_params_decode(const struct pw_ipc_param *params, const json_t *object, void *out,
	struct pw_ipc_error *err);
void pw_ipc_params_free(const struct pw_ipc_param *params, void *out);

#endif
