/* SPDX-License-Identifier: BSD-3-Clause */
/* Help for people at a terminal, all of it read from the command table. */
#include "ctl.h"

#include <string.h>

#define WIDTH 88

/* Words of text, broken at WIDTH; lines after the first begin at column `indent`. */
static void wrapped(FILE *out, const char *text, int indent, int column)
{
	bool first = true;

	while (*text != '\0') {
		int len = (int)strcspn(text, " ");

		if (!first && column + 1 + len > WIDTH) {
			fprintf(out, "\n%*s", indent, "");
			column = indent;
		} else if (!first) {
			fputc(' ', out);
			column++;
		}
		fprintf(out, "%.*s", len, text);
		column += len;
		text += len;
		text += strspn(text, " ");
		first = false;
	}
	fputc('\n', out);
}

/* "  NAME      text ..", the text on its own line below a long name. */
static void entry(FILE *out, const char *name, int width, const char *text)
{
	int len = (int)strlen(name);

	fprintf(out, "  %s", name);
	if (len > width)
		fprintf(out, "\n%*s", width + 4, "");
	else
		fprintf(out, "%*s", width + 2 - len, "");
	wrapped(out, text, width + 4, width + 4);
}

static void argument_text(const struct arg *a, char *buf, size_t size)
{
	snprintf(buf, size, "%s%s%s%s", a->name, a->value != NULL ? " " : "",
		a->value != NULL ? a->value : "", a->list || a->kind == ARG_REST ? ".." : "");
}

void help_usage(FILE *out, const struct command *cmd)
{
	char text[64];

	fputs(cmd->noun, out);
	if (cmd->verb != NULL)
		fprintf(out, cmd->is_default ? " [%s]" : " %s", cmd->verb);
	for (const struct arg *a = cmd->args; a != NULL && a->name != NULL; a++) {
		argument_text(a, text, sizeof(text));
		fprintf(out, a->required ? " %s" : " [%s]", text);
	}
}

static void show_arguments(FILE *out, const struct command *cmd)
{
	char text[64];

	if (cmd->args == NULL)
		return;
	fputs("\narguments:\n", out);
	for (const struct arg *a = cmd->args; a->name != NULL; a++) {
		argument_text(a, text, sizeof(text));
		entry(out, text, 20, a->help);
	}
}

static void show_columns(FILE *out, const struct command *cmd)
{
	const struct view *view = cmd->view;
	char text[64];

	if (view == NULL || view->columns == NULL)
		return;
	fprintf(out, view->render != NULL && view->columns[0].title[0] > 'Z' ? "\nlines:\n"
									     : "\ncolumns:\n");
	for (const struct column *c = view->columns; c->title != NULL; c++) {
		snprintf(text, sizeof(text), "%s%s", c->title, c->wide ? " (-v)" : "");
		entry(out, text, 16, c->help);
	}
}

static void show_examples(FILE *out, const struct command *cmd)
{
	fputs("\nexamples:\n", out);
	for (size_t i = 0; i < PW_ARRAY_SIZE(cmd->examples); i++) {
		if (cmd->examples[i][0] == NULL)
			break;
		fprintf(out, "  podwayctl %s\n      %s\n", cmd->examples[i][0],
			cmd->examples[i][1]);
	}
}

void help_command(FILE *out, const struct command *cmd)
{
	fprintf(out, "podwayctl %s%s%s - %s\n\nusage: podwayctl [OPTIONS] ", cmd->noun,
		cmd->verb != NULL ? " " : "", cmd->verb != NULL ? cmd->verb : "", cmd->brief);
	help_usage(out, cmd);
	fputs("\n\n", out);
	wrapped(out, cmd->text, 0, 0);
	show_arguments(out, cmd);
	show_columns(out, cmd);
	show_examples(out, cmd);
}

void help_noun(FILE *out, const char *noun)
{
	const struct command *main_one = NULL;

	fprintf(out, "podwayctl %s:\n", noun);
	for (const struct command *c = command_next(NULL); c != NULL; c = command_next(c)) {
		if (strcmp(c->noun, noun) != 0)
			continue;
		fputs("  ", out);
		help_usage(out, c);
		fprintf(out, "\n      %s\n", c->brief);
		if (c->is_default)
			main_one = c;
	}
	fprintf(out, "\nEach in detail: podwayctl %s VERB --help\n", noun);
	if (main_one != NULL) {
		fputc('\n', out);
		help_command(out, main_one);
	}
}

static void show_options(FILE *out)
{
	char text[64];

	fputs("\noptions (anywhere in the line):\n", out);
	for (const struct option_row *o = option_rows; o->name != NULL; o++) {
		if (o->letter != 0)
			snprintf(text, sizeof(text), "-%c, --%s%s%s", o->letter, o->name,
				o->value != NULL ? " " : "", o->value != NULL ? o->value : "");
		else
			snprintf(text, sizeof(text), "    --%s%s%s", o->name,
				o->value != NULL ? " " : "", o->value != NULL ? o->value : "");
		entry(out, text, 18, o->help);
	}
}

void help_overview(FILE *out)
{
	char name[64];

	fputs("podwayctl - look at and control podwayd, the packet path of this node\n\n"
	      "usage: podwayctl [OPTIONS] COMMAND [ARGUMENTS]\n\ncommands:\n",
		out);
	for (const struct command *c = command_next(NULL); c != NULL; c = command_next(c)) {
		snprintf(name, sizeof(name),
			c->is_default && c->verb != NULL ? "%s [%s]" : "%s%s%s", c->noun,
			c->is_default && c->verb != NULL ? c->verb
			: c->verb != NULL                ? " "
							 : "",
			c->verb != NULL ? c->verb : "");
		entry(out, name, 18, c->brief);
	}
	show_options(out);
	fputs("\nA command may be shortened (podwayctl neigh). A keyword may be written with --\n"
	      "before it (routes add 10.9.0.0/16 --via 10.244.1.9).\n\n"
	      "examples:\n"
	      "  podwayctl status                 is all well?\n"
	      "  podwayctl ports uplink0          one port in detail\n"
	      "  podwayctl watch drops            why are packets lost, live\n"
	      "  podwayctl routes add --help      how a command is used\n\n"
	      "exit status: 0 done, 1 the daemon reported an error, 2 the command line is wrong,\n"
	      "3 no daemon was reached\n",
		out);
}
