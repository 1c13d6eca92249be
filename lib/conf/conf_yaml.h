/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * conf_yaml.h - the YAML tree (libyaml document) and what we do not take of YAML.
 *
 * Refused: more than one document, anchors and aliases (a value stands where it is used, and no
 * file grows when it is read), tags (types come from the schema), an empty file.
 */
#ifndef CONF_YAML_H
#define CONF_YAML_H

#include "conf_ctx.h"

/* True: ctx->doc is there. False: the problems say why not. */
bool conf_yaml_load(struct conf_ctx *ctx, const char *text, size_t len);
void conf_yaml_free(struct conf_ctx *ctx);

yaml_node_t *conf_yaml_root(const struct conf_ctx *ctx); /* NULL: no tree */
yaml_node_t *conf_yaml_node(const struct conf_ctx *ctx, int id);
/* NULL if there is none or `node` is no mapping, no list. */
yaml_node_t *conf_yaml_value(const struct conf_ctx *ctx, yaml_node_t *mapping, const char *key);
yaml_node_t *conf_yaml_item(const struct conf_ctx *ctx, yaml_node_t *list, uint32_t index);
uint32_t conf_yaml_items(const yaml_node_t *list);

bool conf_yaml_is_null(const yaml_node_t *node);  /* nothing, ~ or null */
bool conf_yaml_is_plain(const yaml_node_t *node); /* without quotes */
bool conf_yaml_is_text(const yaml_node_t *node, const char *text);
const char *conf_yaml_text(const yaml_node_t *node); /* of a scalar */
const char *conf_yaml_kind(const yaml_node_t *node); /* "a list": for messages */

#endif
