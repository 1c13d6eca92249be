/* SPDX-License-Identifier: BSD-3-Clause */
/* The result as JSON. Members are listed in docs/benchmarking.md. */
#include "pw_gen_result.h"

#include <netinet/in.h>
#include <string.h>

static const char *const test_names[] = {
	[PW_GEN_TEST_THROUGHPUT] = "throughput",
	[PW_GEN_TEST_LATENCY] = "latency",
	[PW_GEN_TEST_FRAME_LOSS] = "frame-loss",
	[PW_GEN_TEST_BACK_TO_BACK] = "back-to-back",
};

const char *pw_gen_test_name(enum pw_gen_test test)
{
	return test < PW_GEN_TEST_COUNT ? test_names[test] : "?";
}

static void put_count(json_t *object, const char *key, uint64_t value)
{
	json_object_set_new(object, key, json_integer((json_int_t)value));
}

static void put_real(json_t *object, const char *key, double value)
{
	json_object_set_new(object, key, json_real(value));
}

static void put_text(json_t *object, const char *key, const char *text)
{
	json_object_set_new(object, key, text != NULL ? json_string(text) : json_null());
}

static double us(uint64_t ns)
{
	return (double)ns / 1e3;
}

/* Buckets as [from us, count] pairs, so that a report can draw the whole distribution. */
static json_t *buckets_json(const struct pw_gen_hist *hist)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < PW_GEN_HIST_BUCKETS; i++)
		if (hist->bucket[i] != 0)
			json_array_append_new(list, json_pack("[f,I]", us(pw_gen_hist_lower_ns(i)),
							    (json_int_t)hist->bucket[i]));
	return list;
}

static json_t *hist_json(const struct pw_gen_hist *hist)
{
	static const struct {
		const char *key;
		double percent;
	} points[] = {
		{"p50_us", 50},
		{"p90_us", 90},
		{"p99_us", 99},
		{"p999_us", 99.9},
		{"p9999_us", 99.99},
	};
	json_t *object;

	if (hist == NULL || hist->count == 0)
		return json_null();
	object = json_object();
	put_count(object, "count", hist->count);
	put_real(object, "min_us", us(hist->min_ns));
	put_real(object, "mean_us", pw_gen_hist_mean_ns(hist) / 1e3);
	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++)
		put_real(object, points[i].key,
			us(pw_gen_hist_percentile_ns(hist, points[i].percent)));
	put_real(object, "max_us", us(hist->max_ns));
	json_object_set_new(object, "buckets", buckets_json(hist));
	return object;
}

static double per_second(uint64_t n, double seconds)
{
	return seconds > 0 ? (double)n / seconds : 0;
}

static json_t *faults_json(const struct pw_gen_stream_result *s)
{
	json_t *object = json_object();

	for (unsigned f = 0; f < PW_GEN_FAULT_COUNT; f++)
		if (s->faults[f] != 0)
			put_count(object, pw_gen_fault_name(f), s->faults[f]);
	return object;
}

static json_t *stream_json(const struct pw_gen_stream_result *s)
{
	json_t *object = json_object();
	char rate[48];

	put_text(object, "name", s->name);
	put_count(object, "from", s->from);
	put_count(object, "to", s->to);
	put_text(object, "asked", pw_gen_rate_format(&s->asked, rate, sizeof(rate)));
	put_real(object, "asked_pps", s->asked_pps);
	put_count(object, "flows", s->flows);
	put_real(object, "mean_size", s->mean_size);
	put_real(object, "seconds", s->seconds);
	put_count(object, "tx_frames", s->tx_frames);
	put_count(object, "tx_bytes", s->tx_bytes);
	put_real(object, "tx_pps", per_second(s->tx_frames, s->seconds));
	put_real(object, "tx_l1_bps",
		per_second(8 * (s->tx_bytes + PW_GEN_WIRE_EXTRA * s->tx_frames), s->seconds));
	put_count(object, "missed_full", s->missed_full);
	put_count(object, "missed_late", s->missed_late);
	put_count(object, "rx_frames", s->rx_frames);
	put_count(object, "rx_bytes", s->rx_bytes);
	put_real(object, "rx_pps", per_second(s->rx_frames, s->seconds));
	put_count(object, "lost", s->lost);
	put_real(object, "loss_percent",
		s->tx_frames > 0 ? 100.0 * (double)s->lost / (double)s->tx_frames : 0);
	put_count(object, "reordered", s->reordered);
	put_count(object, "reorder_distance", s->reorder_distance);
	put_count(object, "duplicates", s->duplicates);
	put_count(object, "stale", s->stale);
	put_count(object, "checked", s->checked);
	put_count(object, "corrupt", s->corrupt);
	put_count(object, "translated_wrong", s->translated_wrong);
	json_object_set_new(object, "faults", faults_json(s));
	json_object_set_new(object, "latency", hist_json(s->latency));
	json_object_set_new(object, "jitter", hist_json(s->jitter));
	return object;
}

static json_t *port_json(const struct pw_gen_port_result *p)
{
	json_t *object = json_object();

	put_count(object, "id", p->id);
	put_text(object, "name", p->name);
	put_text(object, "driver", p->driver);
	put_text(object, "path", p->path);
	put_text(object, "engine", p->engine);
	put_text(object, "mac", p->mac);
	put_count(object, "speed_bps", p->speed_bps);
	put_count(object, "rx_frames", p->rx_frames);
	put_count(object, "rx_bytes", p->rx_bytes);
	put_count(object, "tx_frames", p->tx_frames);
	put_count(object, "tx_bytes", p->tx_bytes);
	put_count(object, "tx_full", p->tx_full);
	put_count(object, "foreign", p->foreign);
	put_count(object, "unreadable", p->unreadable);
	put_count(object, "misdelivered", p->misdelivered);
	put_count(object, "answered", p->answered);
	put_count(object, "device_missed", p->dev_missed);
	put_count(object, "device_rx_errors", p->dev_rx_errors);
	put_count(object, "device_tx_errors", p->dev_tx_errors);
	put_count(object, "device_no_mbuf", p->dev_no_mbuf);
	return object;
}

static json_t *conn_json(const struct pw_gen_conn_result *c)
{
	json_t *object = json_object();

	put_text(object, "name", c->name);
	put_text(object, "proto", c->proto == IPPROTO_TCP ? "tcp" : "udp");
	put_real(object, "asked_cps", c->asked_cps);
	put_real(object, "seconds", c->seconds);
	put_count(object, "opened", c->opened);
	put_count(object, "established", c->established);
	put_count(object, "completed", c->completed);
	put_count(object, "failed", c->failed);
	put_count(object, "refused", c->refused);
	put_count(object, "unexpected", c->unexpected);
	put_count(object, "missed", c->missed);
	put_real(object, "cps", per_second(c->completed, c->seconds));
	json_object_set_new(object, "duration", hist_json(c->duration));
	return object;
}

static json_t *replay_json(const struct pw_gen_replay_result *r)
{
	json_t *object = json_object();

	put_text(object, "name", r->name);
	put_text(object, "file", r->file);
	put_count(object, "frames", r->frames);
	put_count(object, "bytes", r->bytes);
	put_count(object, "loops", r->loops);
	put_count(object, "missed", r->missed);
	put_real(object, "seconds", r->seconds);
	put_real(object, "pps", per_second(r->frames, r->seconds));
	return object;
}

static json_t *trial_json(const struct pw_gen_trial_result *t)
{
	json_t *object = json_object();

	put_text(object, "test", pw_gen_test_name(t->test));
	put_count(object, "size", t->size);
	put_real(object, "accepted_loss_percent", t->loss_ppm / 1e4);
	json_object_set_new(object, "found", json_boolean(t->found));
	put_real(object, "load_percent", t->load_percent);
	put_real(object, "offered_pps", t->offered_pps);
	put_real(object, "received_pps", t->received_pps);
	put_real(object, "l1_bps", t->l1_bps);
	put_real(object, "loss_percent", t->loss_percent);
	put_real(object, "p50_us", t->p50_us);
	put_real(object, "p99_us", t->p99_us);
	put_real(object, "p999_us", t->p999_us);
	put_real(object, "max_us", t->max_us);
	put_count(object, "burst_frames", t->burst_frames);
	put_count(object, "trials", t->trials);
	return object;
}

static json_t *env_json(const struct pw_gen_environment *env)
{
	json_t *object = json_object();

	put_text(object, "version", env->version);
	put_text(object, "dpdk", env->dpdk);
	put_text(object, "compiler", env->compiler);
	put_text(object, "cpu", env->cpu);
	put_count(object, "cores", env->cores);
	put_text(object, "kernel", env->kernel);
	put_text(object, "command", env->command);
	return object;
}

static json_t *lines_json(const char *text)
{
	json_t *list = json_array();

	while (text != NULL && *text != '\0') {
		size_t len = strcspn(text, "\n");

		json_array_append_new(list, json_stringn(text, len));
		text += len + (text[len] == '\n');
	}
	return list;
}

#define LIST(root, key, result, count, fn)                                                         \
	do {                                                                                       \
		json_t *list_ = json_array();                                                      \
		for (uint32_t i_ = 0; i_ < (count); i_++)                                          \
			json_array_append_new(list_, fn(&(result)[i_]));                           \
		json_object_set_new(root, key, list_);                                             \
	} while (0)

json_t *pw_gen_result_json(
	const struct pw_gen_result *result, uint32_t n_failed, const char *failures)
{
	json_t *root = json_object();

	if (root == NULL)
		return NULL;
	put_text(root, "program", "podway-gen");
	put_count(root, "format", 1);
	put_text(root, "name", result->name);
	put_text(root, "profile", result->profile);
	put_text(root, "started", result->started);
	put_real(root, "seconds", result->seconds);
	put_text(root, "ended_early", result->ended_early);
	json_object_set_new(
		root, "passed", json_boolean(n_failed == 0 && result->ended_early == NULL));
	json_object_set_new(root, "failures", lines_json(failures));
	json_object_set_new(root, "environment", env_json(&result->env));
	LIST(root, "streams", result->streams, result->n_streams, stream_json);
	LIST(root, "connections", result->conns, result->n_conns, conn_json);
	LIST(root, "replays", result->replays, result->n_replays, replay_json);
	LIST(root, "rfc2544", result->trials, result->n_trials, trial_json);
	LIST(root, "ports", result->ports, result->n_ports, port_json);
	return root;
}
