/* SPDX-License-Identifier: BSD-3-Clause */
/* The commands that podwayctl does by itself: watch, shell, completion. */
#include "ctl.h"

#include <string.h>

/* Whatever may come next is asked of podwayctl itself, so the script never falls behind. */
const char bash_completion[] =
	"# SPDX-License-Identifier: BSD-3-Clause\n"
	"# shellcheck shell=bash\n"
	"# bash completion for podwayctl; printed by: podwayctl completion bash\n"
	"# Install as /usr/share/bash-completion/completions/podwayctl\n"
	"\n"
	"_podwayctl()\n"
	"{\n"
	"\tlocal cur=${COMP_WORDS[COMP_CWORD]} cword=$COMP_CWORD words=(\"${COMP_WORDS[@]}\")\n"
	"\n"
	"\t# tcp:80 and IPv6 addresses are one word; bash breaks at the colons.\n"
	"\tif declare -F _get_comp_words_by_ref > /dev/null; then\n"
	"\t\t_get_comp_words_by_ref -n := cur words cword\n"
	"\tfi\n"
	"\tif [[ ${words[cword - 1]} == @(socket|--socket|-s) ]]; then\n"
	"\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
	"\t\treturn\n"
	"\tfi\n"
	"\tmapfile -t COMPREPLY < <(\"$1\" completion words \"$cur\" \\\n"
	"\t\t\"${words[@]:1:cword-1}\" 2> /dev/null)\n"
	"\tif declare -F __ltrim_colon_completions > /dev/null; then\n"
	"\t\t__ltrim_colon_completions \"$cur\"\n"
	"\tfi\n"
	"}\n"
	"complete -F _podwayctl podwayctl\n";

static void print_word(void *arg, const char *word)
{
	fprintf(arg, "%s\n", word);
}

static int completion_run(struct ctl *ctl, const struct command *cmd, const struct parsed *parsed)
{
	if (strcmp(cmd->verb, "bash") == 0)
		fputs(bash_completion, ctl->out);
	else
		complete_words(ctl, parsed->n_rest - 1, parsed->rest + 1, parsed->rest[0],
			print_word, ctl->out);
	return EXIT_OK;
}

static const struct arg watch_args[] = {
	{"interval", ARG_KEY, "SEC", NULL, T_NUMBER, .help = "seconds between; default 2"},
	{"count", ARG_KEY, "N", NULL, T_NUMBER, .help = "end after N times; default: never"},
	{"COMMAND", ARG_REST, .required = true, .help = "what to repeat, with its arguments"},
	{0},
};

static const struct arg words_args[] = {
	{"WORD", ARG_REST, .required = true,
		.help = "the word begun (may be empty), then those before it"},
	{0},
};

const struct command local_commands[] = {
	{"watch", NULL, true, NULL, watch_args, NULL, .brief = "repeat a command and see it change",
		.text = "The screen is cleared before each time. It goes on when the daemon is "
			"restarted. End it with Ctrl-C.",
		.examples = {{"watch drops", "every 2 seconds"},
			{"watch interval 1 ports -v", "every second, all columns"}},
		.run = watch_run},
	{"shell", NULL, true, NULL, NULL, NULL,
		.brief = "interactive: commands with history and completion",
		.text = "Each line is a command as it would stand behind podwayctl. Tab completes, "
			"also names of ports, bridges and services. With input from a file or pipe "
			"it ends at the first command that fails; lines that begin with # are "
			"skipped.",
		.examples = {{"shell", "type help, or press Tab twice; exit or Ctrl-D ends it"},
			{"shell < setup.txt", "many commands over one connection"}},
		.run = shell_run},
	{"completion", "bash", false, NULL, NULL, NULL,
		.brief = "print the completion script for bash",
		.text = "Packages install it; from a source tree, load it for the running shell.",
		.examples = {{"completion bash > /etc/bash_completion.d/podwayctl",
				     "for everybody"},
			{"completion bash > ~/.podwayctl.bash", "to be read by ~/.bashrc"}},
		.run = completion_run},
	{"completion", "words", false, NULL, words_args, NULL,
		.brief = "print what may come next in a line (used by the script)",
		.text = "One word a line. Names of things are asked of the daemon, if it answers.",
		.examples = {{"completion words '' routes", "what may follow podwayctl routes"},
			{"completion words v routes add 10.9.0.0/16", "the same, begun with v"}},
		.run = completion_run},
	{0},
};
