/* SPDX-License-Identifier: BSD-3-Clause */
#include "ctl.h"

#include <stdlib.h>
#include <string.h>

#include "pw_ipc_json.h"
#include "pw_str.h"
#include "text.h"

static bool is_right(const struct column *c)
{
	return c->cell == NULL && c->format != F_TEXT && c->format != F_LIST &&
	       c->format != F_STATE;
}

static void add_cell(struct table *t, const struct column *c, const json_t *row, bool verbose)
{
	char *text = c->cell != NULL ? c->cell(row, verbose)
				     : text_value(pw_json_path(row, c->path), c->format, verbose);

	table_take(t, text, c->format == F_STATE && text != NULL ? text_state_color(text) : C_NONE);
}

static void show_table(
	struct ctl *ctl, const struct view *view, const json_t *rows, const struct parsed *parsed)
{
	struct table *t = table_new();
	size_t shown = 0;

	for (const struct column *c = view->columns; c->title != NULL; c++) {
		if (!c->wide || ctl->verbose)
			table_column(t, c->title, is_right(c));
	}
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *row = json_array_get(rows, i);

		if (view->keep != NULL && !view->keep(row, parsed))
			continue;
		shown++;
		for (const struct column *c = view->columns; c->title != NULL; c++) {
			if (!c->wide || ctl->verbose)
				add_cell(t, c, row, ctl->verbose);
		}
	}
	if (shown > 0)
		table_print(t, ctl, "");
	else
		fprintf(ctl->out, "%s\n", view->empty);
	table_free(t);
}

/* "{flushed} entries flushed": what is in braces comes from the result or from what was asked. */
static void show_done(struct ctl *ctl, const char *text, const json_t *result, const json_t *params)
{
	while (*text != '\0') {
		const char *open = strchr(text, '{'), *close = open ? strchr(open, '}') : NULL;
		const json_t *value;
		char *cell, key[64];

		if (close == NULL) {
			fputs(text, ctl->out);
			break;
		}
		snprintf(key, sizeof(key), "%.*s", (int)(close - open - 1), open + 1);
		value = pw_json_get(result, key);
		cell = text_value(value != NULL ? value : pw_json_get(params, key), F_COUNT, true);
		fprintf(ctl->out, "%.*s%s", (int)(open - text), text, cell != NULL ? cell : "");
		free(cell);
		text = close + 1;
	}
	fputc('\n', ctl->out);
}

void view_show(
	struct ctl *ctl, const struct view *view, const json_t *result, const struct parsed *parsed)
{
	const json_t *rows = view->list != NULL ? pw_json_get(result, view->list) : NULL;

	if (view->done != NULL)
		show_done(ctl, view->done, result, parsed->params);
	else if (view->render != NULL)
		view->render(ctl, result, parsed);
	else if (view->detail != NULL && json_array_size(rows) == 1 &&
		 pw_json_get(parsed->params, "name") != NULL)
		view->detail(ctl, json_array_get(rows, 0));
	else
		show_table(ctl, view, rows, parsed);
	if (view->footer != NULL)
		view->footer(ctl, result);
}
