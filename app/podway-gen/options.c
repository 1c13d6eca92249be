/* SPDX-License-Identifier: BSD-3-Clause */
#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gen.h"
#include "pw_gen_pcap.h"
#include "pw_str.h"

static const struct option long_options[] = {
	{"profile", required_argument, NULL, 'p'},
	{"json", required_argument, NULL, 'j'},
	{"engine", required_argument, NULL, 'e'},
	{"forward-mode", required_argument, NULL, 'e'}, /* testpmd's name */
	{"rate", required_argument, NULL, 'r'},
	{"size", required_argument, NULL, 's'},
	{"flows", required_argument, NULL, 'f'},
	{"duration", required_argument, NULL, 'd'},
	{"mbufs", required_argument, NULL, 'm'},
	{"interactive", no_argument, NULL, 'i'},
	{"share", no_argument, NULL, 'S'},
	{"quiet", no_argument, NULL, 'q'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

void options_help(void)
{
	puts("podway-gen - traffic generator and benchmark on DPDK ports\n"
	     "\n"
	     "  podway-gen EAL-OPTIONS -- OPTIONS         run a profile, or what the options say\n"
	     "  podway-gen check PROFILE                  is the profile right? Sends nothing\n"
	     "  podway-gen report RESULT.json..           results as a page and a table\n"
	     "  podway-gen reference                      every key of a profile\n"
	     "\n"
	     "EAL-OPTIONS are those of every DPDK program: -l CORES, -a PCI-ADDRESS, --vdev "
	     "DEVICE.\n"
	     "The first core watches, the others work; there must be two at least.\n"
	     "\n"
	     "  -p, --profile FILE   what to send, what to expect, what is good (YAML)\n"
	     "  -j, --json FILE      the result; - is standard output\n"
	     "  -i, --interactive    a prompt\n"
	     "  -d, --duration TIME  instead of the profile's: 10s, 500ms; 0s: until Ctrl-C\n"
	     "  -q, --quiet          no table of the result\n"
	     "      --share          the cores are not ours alone: give them away while idle\n"
	     "      --mbufs N        packet buffers a port\n"
	     "\n"
	     "Without a profile:\n"
	     "  -e, --engine NAME    of every port: io, mac, macswap, 5tswap, icmpecho, rxonly, "
	     "txonly,\n"
	     "                       flowgen, rr; default: flows from every port to its neighbour\n"
	     "  -r, --rate RATE      of each port: 1Mpps, 40%, 10Gbps, 9Gbps-l2, max\n"
	     "  -s, --size SIZES     64, 64-1518, imix\n"
	     "  -f, --flows N        flows of each port\n"
	     "\n"
	     "Exit code: 0 good, 1 criteria not met, 2 usage or profile, 3 ports or memory, 4 "
	     "ended early.");
}

bool options_parse(struct options *o, int argc, char **argv)
{
	int c;

	optind = 1;
	while ((c = getopt_long(argc, argv, "p:j:e:r:s:f:d:m:iqh", long_options, NULL)) != -1) {
		switch (c) {
		case 'p':
			o->profile = optarg;
			break;
		case 'j':
			o->json = optarg;
			break;
		case 'e':
			o->engine = optarg;
			break;
		case 'r':
			o->rate = optarg;
			break;
		case 's':
			o->size = optarg;
			break;
		case 'f':
			o->flows = optarg;
			break;
		case 'd':
			o->duration = optarg;
			break;
		case 'm':
			o->mbufs = (uint32_t)strtoul(optarg, NULL, 10);
			break;
		case 'i':
			o->interactive = true;
			break;
		case 'S':
			o->share = true;
			break;
		case 'q':
			o->quiet = true;
			break;
		default:
			return false;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "podway-gen: \"%s\": not an option\n", argv[optind]);
		return false;
	}
	if (o->profile != NULL && (o->engine || o->rate || o->size || o->flows)) {
		fputs("podway-gen: engine, rate, size and flows are said by the profile\n", stderr);
		return false;
	}
	return true;
}

static bool has(int argc, char **argv, const char *option)
{
	size_t len = strlen(option);

	for (int i = 1; i < argc; i++)
		if (strncmp(argv[i], option, len) == 0)
			return true;
	return false;
}

int options_eal(int argc, char **argv, char **out)
{
	/* EAL may permute its arguments and keep them. */
	static char prefix[48], no_telemetry[] = "--no-telemetry", in_memory[] = "--in-memory";
	static char no_shconf[] = "--no-shconf", quiet[] = "--log-level=lib.eal:warning";
	int n = 0;

	for (int i = 0; i < argc && n < EAL_ARGS_MAX - 5; i++)
		out[n++] = argv[i];
	if (!has(argc, argv, "--file-prefix")) {
		snprintf(prefix, sizeof(prefix), "--file-prefix=podway-gen-%d", getpid());
		out[n++] = prefix;
		/* Nothing stays behind. */
		if (!has(argc, argv, "--in-memory") && !has(argc, argv, "--no-shconf"))
			out[n++] = has(argc, argv, "--no-huge") ? no_shconf : in_memory;
	}
	if (!has(argc, argv, "--no-telemetry") && !has(argc, argv, "--telemetry"))
		out[n++] = no_telemetry;
	if (!has(argc, argv, "--log-level"))
		out[n++] = quiet;
	out[n] = NULL;
	return n;
}

static void print_errors(struct pw_conf_errors *errors)
{
	for (uint32_t i = 0; i < errors->n; i++)
		fprintf(stderr, "%s\n", errors->v[i]);
	if (errors->n == 0)
		fputs("podway-gen: out of memory\n", stderr);
	pw_conf_errors_free(errors);
}

/* The options as a profile, so that they are checked by the same rules. */
static char *as_yaml(const struct options *o, uint32_t n_ports)
{
	struct pw_str text = {0};

	if (o->engine != NULL) {
		pw_str_add(&text, "duration: 0s\nports:\n");
		for (uint32_t i = 0; i < n_ports; i++)
			pw_str_addf(&text, "- {id: %u, engine: %s}\n", i, o->engine);
		return pw_str_take(&text);
	}
	pw_str_add(&text, "streams:\n");
	for (uint32_t i = 0; i < n_ports; i++) {
		pw_str_addf(&text, "- from: %u\n  src: 198.18.%u.0+256\n  src_port: 1024+40000\n",
			i, i);
		pw_str_addf(&text, "  rate: %s\n", o->rate != NULL ? o->rate : "1000pps");
		pw_str_addf(&text, "  size: %s\n", o->size != NULL ? o->size : "64");
		pw_str_addf(&text, "  flows: %s\n", o->flows != NULL ? o->flows : "1");
		pw_str_addf(&text, "  expect: {any_ttl: true}\n");
	}
	return pw_str_take(&text);
}

struct pw_gen_profile *options_profile(const struct options *o)
{
	struct pw_conf_errors errors;
	struct pw_gen_profile *profile;
	char *text = NULL;

	if (o->profile != NULL) {
		profile = pw_gen_profile_load(o->profile, &errors);
	} else {
		text = as_yaml(o, rte_eth_dev_count_avail());
		profile = text != NULL ? pw_gen_profile_parse(
						 "command line", text, strlen(text), &errors)
				       : NULL;
	}
	free(text);
	if (profile == NULL) {
		print_errors(&errors);
		return NULL;
	}
	if (o->duration != NULL && pw_gen_time_parse(o->duration, &profile->duration_ns) != 0) {
		fprintf(stderr, "podway-gen: --duration \"%s\" is not a time such as 10s\n",
			o->duration);
		pw_gen_profile_free(profile);
		return NULL;
	}
	return profile;
}

static bool check_replays(const struct pw_gen_profile *profile)
{
	bool good = true;

	for (uint32_t i = 0; i < profile->n_replays; i++) {
		struct pw_gen_pcap pcap;
		struct pw_err err = {0};

		if (pw_gen_pcap_load(&pcap, profile->replays[i].file, &err) != 0) {
			fprintf(stderr, "%s\n", err.msg);
			good = false;
		}
		pw_gen_pcap_free(&pcap);
	}
	return good;
}

int options_check(int argc, char **argv)
{
	struct pw_conf_errors errors;
	struct pw_gen_profile *profile;

	if (argc != 2) {
		fputs("podway-gen check PROFILE\n", stderr);
		return GEN_EXIT_USAGE;
	}
	profile = pw_gen_profile_load(argv[1], &errors);
	if (profile == NULL) {
		print_errors(&errors);
		return GEN_EXIT_USAGE;
	}
	if (!check_replays(profile)) {
		pw_gen_profile_free(profile);
		return GEN_EXIT_USAGE;
	}
	printf("%s: %u streams, %u connection makers, %u replays%s\n", argv[1], profile->n_streams,
		profile->n_conns, profile->n_replays,
		profile->rfc2544.enabled ? ", RFC 2544 tests" : "");
	pw_gen_profile_free(profile);
	return GEN_EXIT_OK;
}
