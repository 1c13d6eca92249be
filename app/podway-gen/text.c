/* SPDX-License-Identifier: BSD-3-Clause */
/* Tables for people. */
#include "gen.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "pw_util.h"

/* 4 significant digits and a prefix, before a unit: "1.488 M", "64 ". */
static const char *short_number(double value, char buf[static 16])
{
	static const char *const prefixes[] = {" ", " k", " M", " G"};
	unsigned p = 0;

	while (value >= 9999.5 && p + 1 < PW_ARRAY_SIZE(prefixes)) {
		value /= 1000;
		p++;
	}
	if (value == (double)(uint64_t)value)
		snprintf(buf, 16, "%.0f%s", value, prefixes[p]);
	else
		snprintf(buf, 16, "%.4g%s", value, prefixes[p]);
	return buf;
}

static double per_second(uint64_t n, double seconds)
{
	return seconds > 0 ? (double)n / seconds : 0;
}

/* ---- while it runs ---- */

#define BAR_CELLS 20

static void print_bar(const struct gen *gen, double seconds)
{
	double total = (double)gen->profile->duration_ns / 1e9;
	unsigned done = total > 0 ? (unsigned)(BAR_CELLS * PW_MIN(seconds / total, 1.0)) : 0;

	if (total <= 0) {
		printf("\033[K%.1f s\n", seconds);
		return;
	}
	printf("\033[K[");
	for (unsigned i = 0; i < BAR_CELLS; i++)
		putchar(i < done ? '#' : '.');
	printf("] %.1f of %.1f s\n", seconds, total);
}

static void print_lane_live(const struct lane *lane, double seconds)
{
	uint64_t here = lane->track->unique, sent = lane->seq;
	char tx[16], rx[16], late[16];

	printf("\033[K  %-16s tx %9spps  rx %9spps  not here %9s  reordered %" PRIu64
	       "  damaged %" PRIu64 "  p50 %.1f us\n",
		lane->stream->name, short_number(per_second(sent, seconds), tx),
		short_number(per_second(here, seconds), rx),
		short_number((double)(sent > here ? sent - here : 0), late), lane->track->reordered,
		lane->corrupt, (double)pw_gen_hist_percentile_ns(lane->latency, 50) / 1e3);
}

static void print_port_live(const struct gport *port, double seconds)
{
	char tx[16], rx[16];

	printf("\033[K  port %-2u %-14s rx %9spps  tx %9spps\n", port->id, port->engine->name,
		short_number(per_second(port->n.rx_frames, seconds), rx),
		short_number(per_second(port->n.tx_frames, seconds), tx));
}

void print_live(void *arg, struct gen *gen, double seconds)
{
	if (!isatty(STDOUT_FILENO))
		return;
	if (gen->live_lines > 0)
		printf("\033[%uA", gen->live_lines);
	print_bar(gen, seconds);
	for (uint32_t i = 0; i < gen->n_lanes; i++)
		print_lane_live(gen->lanes[i], seconds);
	for (uint32_t i = 0; i < gen->n_ports; i++)
		print_port_live(&gen->ports[i], seconds);
	gen->live_lines = 1 + gen->n_lanes + gen->n_ports;
	fflush(stdout);
}

void print_live_end(struct gen *gen)
{
	if (gen->live_lines > 0)
		printf("\033[%uA\033[J", gen->live_lines);
	gen->live_lines = 0;
}

/* ---- afterwards ---- */

static void print_latency(const char *what, const struct pw_gen_hist *hist)
{
	static const double points[] = {50, 90, 99, 99.9, 99.99};

	if (hist == NULL || hist->count == 0)
		return;
	printf("    %-10s min %.2f  avg %.2f", what, (double)hist->min_ns / 1e3,
		pw_gen_hist_mean_ns(hist) / 1e3);
	for (size_t i = 0; i < PW_ARRAY_SIZE(points); i++)
		printf("  p%g %.2f", points[i],
			(double)pw_gen_hist_percentile_ns(hist, points[i]) / 1e3);
	printf("  max %.2f us\n", (double)hist->max_ns / 1e3);
}

static void print_faults(const struct pw_gen_stream_result *s)
{
	for (unsigned f = 0; f < PW_GEN_FAULT_COUNT; f++)
		if (s->faults[f] != 0)
			printf("    %-13s %" PRIu64 "  (%s)\n", pw_gen_fault_name(f), s->faults[f],
				pw_gen_fault_text(f));
}

static void print_stream(const struct pw_gen_stream_result *s)
{
	double pps = per_second(s->tx_frames, s->seconds);
	char rate[48], tx[16], rx[16], bits[16];

	printf("  %s: port %u -> %u, asked %s\n", s->name, s->from, s->to,
		pw_gen_rate_format(&s->asked, rate, sizeof(rate)));
	printf("    sent       %" PRIu64 " frames, %spps, %sbit/s on the wire", s->tx_frames,
		short_number(pps, tx),
		short_number(per_second(8 * (s->tx_bytes + PW_GEN_WIRE_EXTRA * s->tx_frames),
				     s->seconds),
			bits));
	if (s->asked_pps > 0)
		printf(", rate error %+.3f %%", 100 * (pps / s->asked_pps - 1));
	printf("\n");
	if (s->missed_full + s->missed_late > 0)
		printf("    missed     %" PRIu64 " queue full, %" PRIu64
		       " generator late (never sent: not losses)\n",
			s->missed_full, s->missed_late);
	printf("    received   %" PRIu64 " frames, %spps\n", s->rx_frames,
		short_number(per_second(s->rx_frames, s->seconds), rx));
	printf("    lost       %" PRIu64 " (%.4g %%)  reordered %" PRIu64 "  duplicates %" PRIu64,
		s->lost, s->tx_frames > 0 ? 100.0 * (double)s->lost / (double)s->tx_frames : 0,
		s->reordered, s->duplicates);
	if (s->stale > 0)
		printf("  too late to tell %" PRIu64, s->stale);
	printf("\n    checked    %" PRIu64 ": damaged %" PRIu64 ", not as expected %" PRIu64 "\n",
		s->checked, s->corrupt, s->translated_wrong);
	print_faults(s);
	print_latency("latency", s->latency);
	print_latency("jitter", s->jitter);
}

static void print_port(const struct pw_gen_port_result *p)
{
	printf("  port %u (%s, %s): rx %" PRIu64 "  tx %" PRIu64 "  tx full %" PRIu64
	       "  foreign %" PRIu64 "  unreadable %" PRIu64,
		p->id, p->name, p->engine, p->rx_frames, p->tx_frames, p->tx_full, p->foreign,
		p->unreadable);
	if (p->misdelivered > 0)
		printf("  misdelivered %" PRIu64, p->misdelivered);
	if (p->answered > 0)
		printf("  answered %" PRIu64, p->answered);
	if (p->dev_missed + p->dev_rx_errors + p->dev_tx_errors + p->dev_no_mbuf > 0)
		printf("  device: missed %" PRIu64 ", rx errors %" PRIu64 ", tx errors %" PRIu64
		       ", no buffer %" PRIu64,
			p->dev_missed, p->dev_rx_errors, p->dev_tx_errors, p->dev_no_mbuf);
	putchar('\n');
}

static void print_trials(const struct pw_gen_result *result)
{
	printf("  %-12s %5s %7s %7s %10s %10s %9s %9s %9s %9s\n", "test", "bytes", "accept", "load",
		"Mpps", "Gbit/s", "loss", "p50 us", "p99 us", "max us");
	for (uint32_t i = 0; i < result->n_trials; i++) {
		const struct pw_gen_trial_result *t = &result->trials[i];

		printf("  %-12s %5u ", pw_gen_test_name(t->test), t->size);
		if (t->test == PW_GEN_TEST_BACK_TO_BACK) {
			printf("longest burst without loss: %" PRIu64 " frames\n", t->burst_frames);
			continue;
		}
		if (t->test == PW_GEN_TEST_THROUGHPUT)
			printf("%6.3g%% ", t->loss_ppm / 1e4);
		else
			printf("%7s ", "");
		if (!t->found) {
			printf("%s\n", t->test == PW_GEN_TEST_THROUGHPUT
					       ? "none: even the lowest load loses more"
					       : "more than the generator can offer");
			continue;
		}
		printf("%6.2f%% %10.4f %10.4f %8.4g%% %9.2f %9.2f %9.2f\n", t->load_percent,
			t->received_pps / 1e6, t->l1_bps / 1e9, t->loss_percent, t->p50_us,
			t->p99_us, t->max_us);
	}
}

static void print_conn(const struct pw_gen_conn_result *c)
{
	printf("  %s: %.0f connections a second asked, %.1f completed\n", c->name, c->asked_cps,
		per_second(c->completed, c->seconds));
	printf("    opened     %" PRIu64 "  established %" PRIu64 "  completed %" PRIu64
	       "  failed %" PRIu64 " (refused %" PRIu64 ")  unexpected segments %" PRIu64
	       "  missed %" PRIu64 "\n",
		c->opened, c->established, c->completed, c->failed, c->refused, c->unexpected,
		c->missed);
	print_latency("duration", c->duration);
}

static void print_replay(const struct pw_gen_replay_result *r)
{
	printf("  %s: %s, %" PRIu64 " rounds, %" PRIu64 " frames in %.3f s, %.1f pps\n", r->name,
		r->file, r->loops, r->frames, r->seconds, per_second(r->frames, r->seconds));
}

void print_result(const struct pw_gen_result *result)
{
	printf("%s: %.3f s%s%s\n", result->name, result->seconds,
		result->ended_early != NULL ? ", ended early: " : "",
		result->ended_early != NULL ? result->ended_early : "");
	if (result->n_trials > 0) {
		print_trials(result);
		return; /* streams and ports are those of the last trial */
	}
	for (uint32_t i = 0; i < result->n_streams; i++)
		print_stream(&result->streams[i]);
	for (uint32_t i = 0; i < result->n_conns; i++)
		print_conn(&result->conns[i]);
	for (uint32_t i = 0; i < result->n_replays; i++)
		print_replay(&result->replays[i]);
	for (uint32_t i = 0; i < result->n_ports; i++)
		print_port(&result->ports[i]);
}

void print_ports(struct gen *gen)
{
	for (uint32_t i = 0; i < gen->n_ports; i++) {
		struct gport *port = &gen->ports[i];
		char mac[PW_MAC_STRLEN], speed[16];

		printf("  port %u  %-16s %-16s %s  %s  %sbit/s  %s\n", port->id, port->name,
			port->driver, pw_mac_format(&port->mac, mac),
			port_is_up(port) ? "up" : "down",
			short_number((double)port->speed_bps, speed), port->engine->name);
	}
}

void print_port_stats(struct gport *port)
{
	struct rte_eth_stats dev = {0};

	rte_eth_stats_get(port->id, &dev);
	printf("  port %u (%s, %s)\n", port->id, port->name, port->engine->name);
	printf("    rx frames %-14" PRIu64 " bytes %-16" PRIu64 " missed %" PRIu64
	       "  errors %" PRIu64 "  no buffer %" PRIu64 "\n",
		port->n.rx_frames, port->n.rx_bytes, dev.imissed, dev.ierrors, dev.rx_nombuf);
	printf("    tx frames %-14" PRIu64 " bytes %-16" PRIu64 " queue full %" PRIu64
	       "  errors %" PRIu64 "\n",
		port->n.tx_frames, port->n.tx_bytes, port->n.tx_full, dev.oerrors);
	printf("    foreign %" PRIu64 "  unreadable %" PRIu64 "  of earlier runs %" PRIu64
	       "  misdelivered %" PRIu64 "  answered %" PRIu64 "\n",
		port->n.foreign, port->n.unreadable, port->n.old, port->n.misdelivered,
		port->n.answered);
}

void print_streams(struct gen *gen)
{
	char rate[48];

	for (uint32_t i = 0; i < gen->n_lanes; i++) {
		const struct lane *lane = gen->lanes[i];

		printf("  %-16s port %u -> %u  rate %s  size %u..%u (mean %.1f)  flows %" PRIu64
		       "\n",
			lane->stream->name, lane->from->id, lane->to->id,
			pw_gen_rate_format(&lane->stream->rate, rate, sizeof(rate)),
			lane->frame.sizes.min, lane->frame.sizes.max, lane->frame.sizes.mean,
			lane->frame.flows.n);
	}
}
