/* SPDX-License-Identifier: BSD-3-Clause */
#include "text.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>

#define MAX_COLUMNS 32

struct cell {
	char *text;
	enum color color;
};

struct table {
	struct {
		const char *title;
		bool right;
		int width;
	} columns[MAX_COLUMNS];
	size_t n_columns;
	struct cell *cells; /* row after row */
	size_t n_cells, cap;
};

struct table *table_new(void)
{
	struct table *t = calloc(1, sizeof(*t));

	if (t == NULL)
		err(EXIT_DAEMON, "out of memory");
	return t;
}

void table_free(struct table *t)
{
	for (size_t i = 0; i < t->n_cells; i++)
		free(t->cells[i].text);
	free(t->cells);
	free(t);
}

/* Characters, not bytes: UTF-8 continuation bytes take no room. */
static int width_of(const char *text)
{
	int n = 0;

	for (; *text != '\0'; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

void table_column(struct table *t, const char *title, bool right)
{
	if (t->n_columns == MAX_COLUMNS)
		errx(EXIT_DAEMON, "a table has more than %d columns", MAX_COLUMNS);
	t->columns[t->n_columns].title = title;
	t->columns[t->n_columns].right = right;
	t->columns[t->n_columns++].width = width_of(title);
}

void table_take(struct table *t, char *text, enum color color)
{
	size_t column = t->n_cells % t->n_columns;

	if (t->n_cells == t->cap) {
		t->cap = t->cap == 0 ? 64 : t->cap * 2;
		t->cells = reallocarray(t->cells, t->cap, sizeof(*t->cells));
	}
	if (text == NULL || t->cells == NULL)
		err(EXIT_DAEMON, "out of memory");
	t->cells[t->n_cells++] = (struct cell){text, color};
	t->columns[column].width = PW_MAX(t->columns[column].width, width_of(text));
}

void table_cell(struct table *t, const char *text, enum color color)
{
	table_take(t, strdup(text), color);
}

static void print_cell(struct table *t, struct ctl *ctl, size_t column, const struct cell *cell)
{
	int pad = t->columns[column].width - width_of(cell->text);
	bool right = t->columns[column].right, last = column + 1 == t->n_columns;

	if (last && !right && cell->text[0] == '\0') /* no white space at the end of a line */
		return;
	if (column > 0)
		fputs("  ", ctl->out);
	if (right)
		fprintf(ctl->out, "%*s", pad, "");
	if (cell->color != C_NONE)
		fputs(text_color(ctl, cell->color), ctl->out);
	fputs(cell->text, ctl->out);
	if (cell->color != C_NONE)
		fputs(text_color(ctl, C_NONE), ctl->out);
	if (!right && !last)
		fprintf(ctl->out, "%*s", pad, "");
}

void table_print(struct table *t, struct ctl *ctl, const char *indent)
{
	fputs(indent, ctl->out);
	for (size_t c = 0; c < t->n_columns; c++) {
		struct cell title = {strdup(t->columns[c].title), C_BOLD};

		print_cell(t, ctl, c, &title);
		free(title.text);
	}
	fputc('\n', ctl->out);
	for (size_t i = 0; i < t->n_cells; i++) {
		size_t column = i % t->n_columns;

		if (column == 0)
			fputs(indent, ctl->out);
		print_cell(t, ctl, column, &t->cells[i]);
		if (column + 1 == t->n_columns)
			fputc('\n', ctl->out);
	}
}
