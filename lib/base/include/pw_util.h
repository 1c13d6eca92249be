/* SPDX-License-Identifier: BSD-3-Clause */
/* pw_util.h - the few macros everybody needs. */
#ifndef PW_UTIL_H
#define PW_UTIL_H

#include <stddef.h>

#define PW_CACHE_LINE    64
#define PW_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define PW_MIN(a, b)     ((a) < (b) ? (a) : (b))
#define PW_MAX(a, b)     ((a) > (b) ? (a) : (b))

#define pw_container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

#endif
