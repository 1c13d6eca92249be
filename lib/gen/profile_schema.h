/* SPDX-License-Identifier: BSD-3-Clause */
/* profile_schema.h - the parts of reading a profile. Private to lib/gen. */
#ifndef PROFILE_SCHEMA_H
#define PROFILE_SCHEMA_H

#include "conf_foreign.h"
#include "pw_gen_profile.h"

extern const struct conf_schema profile_root;

void profile_init(struct pw_gen_profile *profile); /* defaults */
void profile_init_stream(void *elem);
void profile_init_port(void *elem);
void profile_init_conn(void *elem);
void profile_init_replay(void *elem);
/* Values against one another; completes streams. */
void profile_check(struct conf_ctx *ctx, void *base);

#endif
