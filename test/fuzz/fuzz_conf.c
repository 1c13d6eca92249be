/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fuzz_conf.c - any bytes as a configuration. Either there are errors and no result, or there is a
 * result whose dump loads again and is the same dump.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pw_conf.h"
#include "pw_log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void no_log(void *arg, enum pw_log_level level, const char *line)
{
}

/* Aborts unless `ok`: what libFuzzer reports as a crash. */
static void must(int ok)
{
	if (!ok)
		abort();
}

static void check_errors(struct pw_conf_errors *errors)
{
	must(errors->n >= 1 && errors->n <= 21);
	for (uint32_t i = 0; i < errors->n; i++)
		must(strncmp(errors->v[i], "f:", 2) == 0 && strchr(errors->v[i], '\n') == NULL);
	pw_conf_errors_free(errors);
}

static void check_round_trip(const struct pw_conf *conf)
{
	char *text = pw_conf_dump(conf), *again;
	struct pw_conf_errors errors;
	struct pw_conf *back = pw_conf_parse("f", text, strlen(text), &errors);

	must(back != NULL && errors.n == 0);
	again = pw_conf_dump(back);
	must(strcmp(text, again) == 0);
	free(text);
	free(again);
	pw_conf_free(back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pw_conf_errors errors;
	struct pw_conf *conf;

	pw_log_set_sink(no_log, NULL);
	conf = pw_conf_parse("f", (const char *)data, size, &errors);
	if (conf == NULL)
		check_errors(&errors);
	else
		check_round_trip(conf);
	pw_conf_free(conf);
	return 0;
}
