/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ctl.h - the vocabulary of podwayctl: a command is one row of a const table, and everything else
 * (parsing, output, help, man page, completion) is read from that row.
 *
 *     line --command_find--> row --args_parse--> params --call--> result --view_show--> text
 *
 * Threads:  one.
 */
#ifndef PODWAYCTL_CTL_H
#define PODWAYCTL_CTL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

#include "pw_ipc_client.h"
#include "pw_util.h"

#define CTL_MAX_WORDS 128 /* of one line */

enum ctl_exit {
	EXIT_OK,
	EXIT_DAEMON,
	EXIT_USAGE,
	EXIT_UNREACHABLE
};

struct ctl { /* one run: options and the connection */
	const char *socket;
	bool json, color, verbose;
	FILE *out;
	uint32_t timeout_ms;
	struct pw_ipc_client *client; /* NULL: not connected yet */
	bool nested;                  /* inside of shell or watch: these cannot be used again */
};

/* --- arguments ----------------------------------------------------------------------------- */

enum arg_kind {
	ARG_WORD, /* by position:       PREFIX */
	ARG_KEY,  /* keyword and value: via ADDRESS */
	ARG_FLAG, /* keyword alone:     replace */
	ARG_REST, /* all that is left, not looked at: watch COMMAND.. */
};

enum arg_type {
	T_TEXT,
	T_NUMBER,
	T_IP,
	T_PREFIX,
	T_MAC,
	T_ON_OFF,
	T_CHOICE,
	T_SERVICE_PORT
};

struct arg {
	const char *name; /* the keyword; of an ARG_WORD the placeholder, as in usage */
	enum arg_kind kind;
	const char *value; /* placeholder of an ARG_KEY's value */
	const char *param; /* of the method; NULL: it is for us (see parsed.opts) */
	enum arg_type type;
	bool required;
	bool list;                  /* may be repeated; the parameter is a list */
	const char *const *choices; /* T_CHOICE; ended by NULL */
	const char *names;          /* "ports.list:ports:name": where completion finds values */
	const char *help;
};

struct parsed {
	json_t *params; /* for the daemon */
	json_t *opts;   /* for us: arguments without a parameter, by name */
	char **rest;    /* ARG_REST */
	int n_rest;
};

/* --- output -------------------------------------------------------------------------------- */

enum format {
	F_TEXT,    /* as it is */
	F_COUNT,   /* 1,234,567 */
	F_PLAIN,   /* a number that is a name: index, core, MTU */
	F_BYTES,   /* 1.2 GiB */
	F_AGE,     /* seconds as 3h04m */
	F_PERCENT, /* 12.5 % */
	F_LIST,    /* a, b, c (+4) */
	F_STATE,   /* text in the colour of its meaning */
};

struct column {
	const char *title;
	const char *path; /* in a row: "rx.packets" */
	enum format format;
	bool wide; /* only with -v */
	/* Instead of path and format: malloc'ed text. */
	char *(*cell)(const json_t *row, bool verbose);
	const char *help;
};

struct view {
	const char *list;             /* member of the result that holds the rows */
	const struct column *columns; /* ended by a NULL title */
	const char *empty;            /* said when there is no row */
	/* Leaves rows out; NULL: shows all. */
	bool (*keep)(const json_t *row, const struct parsed *parsed);
	/* Something other than a table. The columns are then only its documentation. */
	void (*render)(struct ctl *ctl, const json_t *result, const struct parsed *parsed);
	/* Used instead when exactly one thing was asked for by its name. */
	void (*detail)(struct ctl *ctl, const json_t *row);
	/* A line below the table. */
	void (*footer)(struct ctl *ctl, const json_t *result);
	/* For what answers with no rows: "{flushed} entries flushed"; {x} from result or params. */
	const char *done;
};

/* --- commands ------------------------------------------------------------------------------ */

struct command {
	const char *noun, *verb; /* "routes", "add"; verb NULL: a noun alone */
	bool is_default;         /* the noun alone means this one */
	const char *method;      /* NULL: local */
	const struct arg *args;  /* ended by a NULL name; NULL: none */
	const struct view *view;
	const char *brief;          /* after "podwayctl routes add - " */
	const char *text;           /* a paragraph */
	const char *examples[4][2]; /* arguments, what for */
	/* What the argument table cannot say; message in err. NULL: nothing more. */
	bool (*check)(const struct parsed *parsed, char *err, size_t size);
	int (*run)(struct ctl *ctl, const struct command *cmd, const struct parsed *parsed);
};

/* The tables, each ended by a NULL noun, in the order of help. */
extern const struct command system_commands[], net_commands[], service_commands[], local_commands[];

/* command.c */
const struct command *command_next(const struct command *cmd); /* over all tables; NULL: first */
/* The command that the words begin with; *used: how many words it took. NULL with err. */
const struct command *command_find(int n, char **words, int *used, char *err, size_t size);
/* One line of words, options among them included. Gives an enum ctl_exit. */
int command_run_line(struct ctl *ctl, int n, char **words);

/* args.c */
bool args_parse(const struct command *cmd, int n, char **words, struct parsed *parsed, char *err,
	size_t size);
void args_free(struct parsed *parsed);
const struct arg *args_find(const struct command *cmd, const char *keyword);

/* call.c: connects if need be. Messages go to stderr. EXIT_OK or what to exit with. */
int call_method(struct ctl *ctl, const char *method, json_t *params, json_t **result);

/* view.c */
void view_show(struct ctl *ctl, const struct view *view, const json_t *result,
	const struct parsed *parsed);

/* help.c, man.c, complete.c */
void help_overview(FILE *out);
void help_command(FILE *out, const struct command *cmd);
void help_noun(FILE *out, const char *noun);
void help_usage(FILE *out, const struct command *cmd); /* "routes add PREFIX [via ADDRESS]" */
void man_print(FILE *out);
/* Every word that may follow words[0..n-1], filtered by prefix; each goes to fn. */
void complete_words(struct ctl *ctl, int n, char **words, const char *prefix,
	void (*fn)(void *arg, const char *word), void *arg);

/* options.c: the options before, between and after the words. */
struct option_row {
	const char *name;
	char letter;       /* 0: none */
	const char *value; /* placeholder; NULL: takes none */
	const char *help;
};
extern const struct option_row option_rows[]; /* ended by a NULL name */
struct options {
	bool help, version, man;
};
/* Takes the options out of words, *n becomes smaller. false with err. */
bool options_take(
	struct ctl *ctl, struct options *options, int *n, char **words, char *err, size_t size);

/* local.c */
extern const char bash_completion[];
int shell_run(struct ctl *ctl, const struct command *cmd, const struct parsed *parsed);
int watch_run(struct ctl *ctl, const struct command *cmd, const struct parsed *parsed);

#endif
