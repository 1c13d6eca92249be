/* SPDX-License-Identifier: BSD-3-Clause */
/* report.h - reading members of a result. Private to lib/gen. */
#ifndef GEN_REPORT_H
#define GEN_REPORT_H

#include <jansson.h>

static inline double num(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

static inline const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

static inline const json_t *list_of(const json_t *object, const char *key)
{
	return json_object_get(object, key);
}

#endif
