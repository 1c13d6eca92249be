/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * text.h - numbers, ages and values as a person reads them, colours, and aligned tables.
 */
#ifndef PODWAYCTL_TEXT_H
#define PODWAYCTL_TEXT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

#include "ctl.h"

#define TEXT_MAX 48

/* buf has TEXT_MAX bytes; they return it. */
const char *text_count(int64_t n, char *buf);  /* 1,234,567 */
const char *text_bytes(int64_t n, char *buf);  /* 1.2 GiB */
const char *text_age(int64_t sec, char *buf);  /* 45s, 5m12s, 3h04m, 4d07h */
const char *text_percent(double v, char *buf); /* 12.5 % */
char *text_value(const json_t *value, enum format format, bool verbose); /* malloc'ed */
/* The whole of part in percent, 0 for an empty whole. */
double text_share(int64_t part, int64_t whole);

enum color {
	C_NONE,
	C_BOLD,
	C_DIM,
	C_GREEN,
	C_YELLOW,
	C_RED
};
/* The escape sequence, "" if the output has no colours. C_NONE ends a colour. */
const char *text_color(const struct ctl *ctl, enum color color);
/* The colour of a state's meaning: up, reachable: green; failed, down: red; .. */
enum color text_state_color(const char *state);

/* A table is built cell by cell, row by row, and printed once all widths are known. */
struct table;
struct table *table_new(void);
void table_column(struct table *t, const char *title, bool right);
void table_cell(struct table *t, const char *text, enum color color);
void table_take(struct table *t, char *text, enum color color); /* frees text */
void table_print(struct table *t, struct ctl *ctl, const char *indent);
void table_free(struct table *t);

#endif
