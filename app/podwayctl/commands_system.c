/* SPDX-License-Identifier: BSD-3-Clause */
/* The commands about the daemon itself: status, drops, workers, stats, log, version. */
#include "ctl.h"

#include <string.h>

#include "pw_ipc_json.h"
#include "pw_str.h"
#include "render.h"

static const struct column status_lines[] = {
	{"node", .help = "name of the node, version of the daemon, its process and how long it "
			 "runs"},
	{"config", .help = "the configuration file it was started with"},
	{"control", .help = "core of the control thread, and the longest it was busy in one go"},
	{"workers", .help = "threads that forward"},
	{"ports", .help = "all of them, and how many are up"},
	{"bridges", .help = "each with its gateway addresses, MAC address and number of ports"},
	{"tables", .help = "entries of pods, services, routes, FDB and neighbours; flows in use"},
	{"memory",
		.help = "packet memory: hugepages or not, buffers free, allocations that failed"},
	{"packets", .help = "the ledger: rx + injected + replicated = tx + drops + punted + in "
			    "flight; it says so if that does not add up"},
	{0},
};

static const struct view status_view = {.columns = status_lines, .render = render_status};

static const struct column drop_columns[] = {
	{"REASON", "reason", F_TEXT, .help = "name of the reason, as in metrics"},
	{"PACKETS", "packets", F_COUNT, .help = "packets dropped for it"},
	{"MEANING", "text", F_TEXT, .help = "what that means"},
	{"PORTS", .cell = cell_drop_ports, .help = "the ports they came in by, most first"},
	{0},
};

static bool keep_drop(const json_t *row, const struct parsed *parsed)
{
	return pw_json_int(row, "packets", 0) != 0 || json_object_get(parsed->opts, "all") != NULL;
}

static const struct view drops_view = {
	.list = "drops",
	.columns = drop_columns,
	.empty = "Nothing was dropped. (All reasons there are: drops all)",
	.keep = keep_drop,
};

static const struct arg drops_args[] = {
	{"all", ARG_FLAG, .help = "every reason there is, also those with no packet"},
	{0},
};

static const struct column worker_columns[] = {
	{"ID", "id", F_PLAIN, .help = "number of the worker"},
	{"CORE", "core", F_PLAIN, .help = "CPU core it is pinned to"},
	{"BUSY 1s", "busy_1s_percent", F_PERCENT,
		.help = "part of the last second that it spent on packets"},
	{"BUSY 10s", "busy_10s_percent", F_PERCENT, .help = "of the last ten seconds"},
	{"BUSY", "busy_percent", F_PERCENT, true, .help = "of all its time since stats reset"},
	{"QUEUES", "rx_queues", F_COUNT, .help = "receive queues it reads"},
	{"RX", "rx", F_COUNT, .help = "packets it read"},
	{"TX", "tx", F_COUNT, .help = "packets it sent"},
	{"DROPS", "drops", F_COUNT, .help = "packets it dropped"},
	{"IN", "handover_in", F_COUNT, .help = "packets other workers handed to it"},
	{"OUT", "handover_out", F_COUNT, .help = "packets it handed to others"},
	{"FULL", "handover_full", F_COUNT, .help = "packets lost because a handover ring was full"},
	{"NO BUFFER", "mbuf_alloc_failed", F_COUNT, .help = "times it found no free packet buffer"},
	{"LOOPS", "loops", F_COUNT, true, .help = "turns of its loop"},
	{"IDLE", "idle_loops", F_COUNT, true, .help = "of them without a packet"},
	{"PORTS", "ports", F_LIST, .help = "ports it reads; the first of many, all with -v"},
	{0},
};

static const struct view workers_view = {
	.list = "workers",
	.columns = worker_columns,
	.empty = "There is no worker.",
};

static const struct column stage_columns[] = {
	{"WORKER", .help = "number of the worker"},
	{"STAGE", .help = "step of the packet path"},
	{"PACKETS", .help = "packets that went through it"},
	{"PKT/BATCH", .help = "mean size of a batch: large ones are cheap"},
	{"CYCLES/PKT", .help = "CPU cycles a packet; - unless measured (workers cycles on)"},
	{"SHARE", .help = "part of the worker's measured cycles"},
	{0},
};

static const struct view stages_view = {.columns = stage_columns, .render = render_stages};

static const struct arg cycles_args[] = {
	{"on|off", ARG_WORD, NULL, "enable", T_ON_OFF, .required = true,
		.help = "on costs a few percent of throughput"},
	{0},
};

#define PORT_NAMES "ports.list:ports:name"

static const struct arg move_args[] = {
	{"PORT[:QUEUE]", ARG_WORD, NULL, "port", .required = true, .names = PORT_NAMES,
		.help = "the port, or one of its receive queues; all of them without QUEUE"},
	{"WORKER", ARG_WORD, NULL, "worker", T_NUMBER, .required = true,
		.help = "number of the worker that shall read it"},
	{0},
};

/* "vm0:1" is the port vm0 and its queue 1: a name has no colon. */
static bool split_queue(const struct parsed *parsed, char *err, size_t size)
{
	const char *text = json_string_value(json_object_get(parsed->params, "port"));
	const char *colon = strchr(text, ':');
	uint64_t queue;

	if (colon == NULL)
		return true;
	if (colon == text || pw_u64_parse(colon + 1, 0, 15, &queue) < 0) {
		snprintf(err, size, "\"%s\": write PORT or PORT:QUEUE, a queue is 0..15", text);
		return false;
	}
	json_object_set_new(parsed->params, "queue", json_integer((json_int_t)queue));
	json_object_set_new(parsed->params, "port", json_stringn(text, (size_t)(colon - text)));
	return true;
}

static const struct view move_view = {.done = "port {port} is read by worker {worker}"};
static const struct view cycles_view = {.done = "cycles are measured: {enable}"};
static const struct view reset_view = {.done = "counters start at 0 again"};

static const struct column request_columns[] = {
	{"REQUEST", "request", F_TEXT,
		.help = "method of the control API; in brackets: other work of the thread"},
	{"COUNT", "count", F_COUNT, .help = "how often"},
	{"MEAN us", "mean_us", F_COUNT, .help = "microseconds it kept the control thread, mean"},
	{"P50 us", "p50_us", F_COUNT, .help = "half of them kept it no longer"},
	{"P99 us", "p99_us", F_COUNT, .help = "99 of 100 kept it no longer"},
	{"MAX us", "max_us", F_COUNT, .help = "the longest"},
	{0},
};

static const struct view requests_view = {
	.list = "requests",
	.columns = request_columns,
	.empty = "There was none.",
};

static const char *const levels[] = {"error", "warn", "info", "debug", NULL};

static const struct arg log_args[] = {
	{"LEVEL", ARG_WORD, NULL, "level", T_CHOICE, .required = true, .choices = levels,
		.help = "error, warn, info or debug; each includes those before it"},
	{0},
};

static const struct view log_view = {.done = "log level: {level}"};

static const struct column version_lines[] = {
	{"podwayctl", .help = "version of this program"},
	{"podwayd", .help = "version of the daemon, and of the protocol it speaks"},
	{"built", .help = "compiler, target CPU and DPDK of the daemon"},
	{0},
};

static const struct view version_view = {.columns = version_lines, .render = render_version};

const struct command system_commands[] = {
	{"status", NULL, true, "status", NULL, &status_view, .brief = "the daemon at a glance",
		.text = "The first thing to look at: is it up, is there memory, are packets lost.",
		.examples = {{"status", "the overview"},
			{"status --json | jq .ledger.drops", "one number for a script"}}},
	{"drops", NULL, true, "drops.list", drops_args, &drops_view,
		.brief = "why packets were dropped",
		.text = "Each dropped packet is counted for exactly one reason.",
		.examples = {{"drops", "the reasons that occurred"},
			{"drops all", "every reason there is, with its meaning"},
			{"watch drops", "see them grow"}}},
	{"workers", "show", true, "workers.list", NULL, &workers_view,
		.brief = "list workers, their load and counters",
		.text = "A worker is a thread that forwards, pinned to a core.",
		.examples = {{"workers", "load and counters"}, {"watch workers", "live"}}},
	{"workers", "stages", false, "workers.list", NULL, &stages_view,
		.brief = "where the workers spend their cycles",
		.text = "The steps of the packet path, worker by worker.",
		.examples = {{"workers cycles on", "begin to measure"},
			{"workers stages", "look"}}},
	{"workers", "move", false, "workers.move", move_args, &move_view,
		.brief = "give a port or a queue to another worker",
		.text = "While packets flow, without loss. It is saved, and holds until the port "
			"is deleted.",
		.examples = {{"workers move vm0 1", "all queues of vm0 to worker 1"},
			{"workers move vm0:1 0", "its queue 1 to worker 0"},
			{"ports -v", "who reads what"}},
		.check = split_queue},
	{"workers", "cycles", false, "workers.cycles", cycles_args, &cycles_view,
		.brief = "switch the measuring of CPU cycles",
		.text = "Measured by stage; shown by workers stages.",
		.examples = {{"workers cycles on", "begin"}, {"workers cycles off", "end"}}},
	{"stats", "reset", false, "stats.reset", NULL, &reset_view,
		.brief = "let all counters start at 0",
		.text = "What every command says of packets and bytes begins anew.",
		.examples = {{"stats reset", "before a test"},
			{"stats reset --json", "the same, answered with {}"}}},
	{"requests", "show", true, "requests.list", NULL, &requests_view,
		.brief = "how long requests keep the control thread",
		.text = "One thread answers everybody and serves packets that workers pass up; "
			"what "
			"keeps it delays the others. Counted since stats reset.",
		.examples = {{"requests", "all that occurred"},
			{"requests --json | jq '.requests[] | select(.max_us > 1000)'",
				"what took longer than a millisecond"}}},
	{"log", "level", false, "log.level", log_args, &log_view,
		.brief = "set how much the daemon logs",
		.text = "Until its next restart. The log is in journalctl -u podwayd.",
		.examples = {{"log level debug", "everything"}, {"log level info", "as usual"}}},
	{"version", NULL, true, "version", NULL, &version_view,
		.brief = "versions of this program and of the daemon",
		.text = "podwayctl --version asks no daemon.",
		.examples = {{"version", "for a bug report"},
			{"version --json", "the daemon's part, for a script"}}},
	{0},
};
