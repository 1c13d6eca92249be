/* SPDX-License-Identifier: BSD-3-Clause */
/* docs/man/podwayctl.8, written from the command table by podwayctl --man. */
#include "ctl.h"

#include <ctype.h>
#include <string.h>

#include "pw_version.h"

/* Text with what troff would take as its own escaped. */
static void roff(FILE *out, const char *text)
{
	if (*text == '.' || *text == '\'')
		fputs("\\&", out);
	for (; *text != '\0'; text++) {
		if (*text == '\\')
			fputs("\\e", out);
		else if (*text == '-')
			fputs("\\-", out);
		else
			fputc(*text, out);
	}
}

static void item(FILE *out, const char *name, const char *value, const char *text)
{
	fputs(".TP\n\\fB", out);
	roff(out, name);
	fputs("\\fR", out);
	if (value != NULL) {
		fputs(" \\fI", out);
		roff(out, value);
		fputs("\\fR", out);
	}
	fputc('\n', out);
	roff(out, text);
	fputc('\n', out);
}

static void synopsis(FILE *out, const struct command *cmd)
{
	fprintf(out, "\\fBpodwayctl %s", cmd->noun);
	if (cmd->verb != NULL)
		fprintf(out, cmd->is_default ? "\\fR [\\fB%s\\fR]" : " %s\\fR", cmd->verb);
	else
		fputs("\\fR", out);
	for (const struct arg *a = cmd->args; a != NULL && a->name != NULL; a++) {
		bool literal = a->kind == ARG_KEY || a->kind == ARG_FLAG;

		fputs(a->required ? " " : " [", out);
		fputs(literal ? "\\fB" : "\\fI", out);
		roff(out, a->name);
		fputs("\\fR", out);
		if (a->value != NULL)
			fprintf(out, " \\fI%s\\fR", a->value);
		if (a->list || a->kind == ARG_REST)
			fputs("..", out);
		if (!a->required)
			fputc(']', out);
	}
	fputc('\n', out);
}

static void command_section(FILE *out, const struct command *cmd)
{
	fputs(".SS ", out);
	synopsis(out, cmd);
	fputc(toupper((unsigned char)cmd->brief[0]), out);
	roff(out, cmd->brief + 1);
	fputs(".\n", out);
	roff(out, cmd->text);
	fputc('\n', out);
	for (const struct arg *a = cmd->args; a != NULL && a->name != NULL; a++)
		item(out, a->name, a->value, a->help);
	if (cmd->view != NULL && cmd->view->columns != NULL) {
		fputs(".PP\nIt shows:\n", out);
		for (const struct column *c = cmd->view->columns; c->title != NULL; c++)
			item(out, c->title, c->wide ? "(-v)" : NULL, c->help);
	}
	fputs(".PP\nExamples:\n", out);
	for (size_t i = 0; i < PW_ARRAY_SIZE(cmd->examples) && cmd->examples[i][0]; i++) {
		fputs(".PP\n.RS\n.nf\npodwayctl ", out);
		roff(out, cmd->examples[i][0]);
		fputs("\n.fi\n.RE\n.RS 12\n", out);
		roff(out, cmd->examples[i][1]);
		fputs("\n.RE\n", out);
	}
}

static void options_section(FILE *out)
{
	char name[32];

	fputs(".SH OPTIONS\nThey may stand anywhere in the line.\n", out);
	for (const struct option_row *o = option_rows; o->name != NULL; o++) {
		if (o->letter != 0)
			snprintf(name, sizeof(name), "-%c, --%s", o->letter, o->name);
		else
			snprintf(name, sizeof(name), "--%s", o->name);
		item(out, name, o->value, o->help);
	}
}

void man_print(FILE *out)
{
	fprintf(out,
		".\\\" SPDX-License-Identifier: BSD-3-Clause\n"
		".\\\" Written by podwayctl --man from its command table; do not edit.\n"
		".TH PODWAYCTL 8 \"\" \"podway %s\" \"podway\"\n"
		".SH NAME\npodwayctl \\- look at and control podwayd, the packet path of a node\n"
		".SH SYNOPSIS\n"
		"\\fBpodwayctl\\fR [\\fIOPTIONS\\fR] \\fICOMMAND\\fR [\\fIARGUMENTS\\fR]\n"
		".SH DESCRIPTION\n"
		"podwayctl asks podwayd by its control socket and prints the answer as text for "
		"people,\nor with \\fB\\-\\-json\\fR as it came.\n"
		"A command may be shortened as long as it is unique: \\fBpodwayctl neigh\\fR.\n"
		"A keyword may be written with \\-\\- before it: \\fB\\-\\-via\\fR 10.244.1.9.\n",
		PW_VERSION);
	options_section(out);
	fputs(".SH COMMANDS\n", out);
	for (const struct command *c = command_next(NULL); c != NULL; c = command_next(c))
		command_section(out, c);
	fputs(".SH EXIT STATUS\n", out);
	item(out, "0", NULL, "Done.");
	item(out, "1", NULL, "The daemon reported an error; standard error says which.");
	item(out, "2", NULL, "The command line is wrong.");
	item(out, "3", NULL, "No daemon was reached, or it did not answer in time.");
	fputs(".SH ENVIRONMENT\n", out);
	item(out, "PODWAY_SOCKET", NULL, "The control socket, if --socket is not given.");
	item(out, "NO_COLOR", NULL, "If set and not empty: no colours.");
	fputs(".SH FILES\n", out);
	item(out, PW_IPC_DEFAULT_SOCKET, NULL, "The control socket.");
	item(out, "~/.podwayctl_history", NULL, "What was typed in podwayctl shell.");
	fputs(".SH SEE ALSO\n\\fBpodwayd\\fR(8)\n", out);
}
