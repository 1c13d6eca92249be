/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf_load.h"
#include "conf_schema.h"
#include "conf_yaml.h"
#include "pw_file.h"
#include "pw_str.h"

#define FILE_MAX_BYTES (16u << 20) /* some 100,000 Services */

static void load(struct conf_ctx *ctx, const char *text, size_t len)
{
	ctx->conf = calloc(1, sizeof(*ctx->conf));
	if (ctx->conf == NULL) {
		ctx->out_of_memory = true;
		return;
	}
	conf_defaults(ctx);
	if (!conf_yaml_load(ctx, text, len))
		return;
	conf_decode_mapping(ctx, &conf_root, conf_yaml_root(ctx), ctx->conf);
	if (ctx->out_of_memory)
		return;
	ctx->n_decoding = ctx->n_problems;
	conf_complete(ctx);
	if (!ctx->out_of_memory)
		conf_check(ctx);
}

/* Ends a load: the problems become errors, and a struct with problems is none. */
static struct pw_conf *finish(struct conf_ctx *ctx, struct pw_conf_errors *errors)
{
	struct pw_conf *conf = ctx->conf;

	if (ctx->out_of_memory)
		conf_bad_file(ctx, NULL, "out of memory");
	conf_yaml_free(ctx);
	if (ctx->n_problems > 0) {
		pw_conf_free(conf);
		conf = NULL;
	}
	conf_problems_take(ctx, errors);
	conf_problems_free(ctx);
	free(ctx);
	return conf;
}

struct pw_conf *pw_conf_parse(
	const char *name, const char *text, size_t len, struct pw_conf_errors *errors)
{
	struct conf_ctx *ctx = calloc(1, sizeof(*ctx));

	*errors = (struct pw_conf_errors){0};
	if (ctx == NULL)
		return NULL;
	ctx->file = name;
	load(ctx, text, len);
	return finish(ctx, errors);
}

/* A file that cannot be read has no line to name. */
static void report_unreadable(const char *path, int rc, struct pw_conf_errors *errors)
{
	struct pw_str text = {0};

	if (rc == -EFBIG)
		pw_str_addf(&text, "%s: larger than %u MiB", path, FILE_MAX_BYTES >> 20);
	else
		pw_str_addf(&text, "%s: cannot be read: %s", path, strerror(-rc));
	errors->v = calloc(1, sizeof(errors->v[0]));
	if (errors->v == NULL) {
		pw_str_free(&text);
		return;
	}
	errors->v[0] = pw_str_take(&text);
	errors->n = errors->v[0] != NULL;
}

struct pw_conf *pw_conf_load(const char *path, struct pw_conf_errors *errors)
{
	struct pw_conf *conf;
	char *text;
	size_t len;
	int rc;

	*errors = (struct pw_conf_errors){0};
	rc = pw_file_read(path, FILE_MAX_BYTES, &text, &len);
	if (rc < 0) {
		report_unreadable(path, rc, errors);
		return NULL;
	}
	conf = pw_conf_parse(path, text, len, errors);
	free(text);
	return conf;
}

static void free_port(struct pw_conf_port *port)
{
	free(port->device);
	free(port->interface);
	free(port->socket);
	free(port->secret);
}

void pw_conf_free(struct pw_conf *conf)
{
	if (conf == NULL)
		return;
	for (uint32_t i = 0; i < conf->n_ports; i++)
		free_port(&conf->ports[i]);
	for (uint32_t i = 0; i < conf->n_services; i++) {
		free(conf->services[i].ports);
		free(conf->services[i].endpoints);
	}
	free(conf->bridges);
	free(conf->ports);
	free(conf->routes);
	free(conf->services);
	free(conf->path);
	free(conf->state_dir);
	free(conf->control_socket);
	free(conf->flow_file);
	free(conf);
}

void pw_conf_errors_free(struct pw_conf_errors *errors)
{
	for (uint32_t i = 0; i < errors->n; i++)
		free(errors->v[i]);
	free(errors->v);
	*errors = (struct pw_conf_errors){0};
}
