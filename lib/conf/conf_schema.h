/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * conf_schema.h - what the file may hold, as const tables.
 *
 * A mapping of the file is a conf_schema: a row a key, with the type that reads and writes its
 * value, the place of the value in its struct, the limits, and what the key means. Reading,
 * writing (pw_conf_dump) and the reference (pw_conf_reference) all walk the same tables; a new key
 * is a new row.
 */
#ifndef CONF_SCHEMA_H
#define CONF_SCHEMA_H

#include "conf_ctx.h"
#include "pw_str.h"

struct conf_key;
struct conf_schema;

struct conf_type {
	/* Reads node into base + key->offset, or reports why not and leaves the default there. */
	void (*decode)(
		struct conf_ctx *ctx, const struct conf_key *key, yaml_node_t *node, void *base);
	/* False: the value is unset and has no text. NULL: always set. */
	bool (*is_set)(const struct conf_key *key, const void *base);
	/* Writes the value as YAML of one line. NULL: sections and lists of mappings. */
	void (*dump)(const struct conf_key *key, const void *base, struct pw_str *out);
	/* Type and range in words. */
	void (*describe)(const struct conf_key *key, struct pw_str *out);
};

/* A word of the file and the enum value it means; the last row has no name. */
struct conf_word {
	const char *name;
	int value;
};

struct conf_text_rule {
	const char *(*problem)(const char *text); /* what is wrong with it; NULL: nothing */
	const char *allowed;                      /* what is right, with an example */
};

/* Rules of addresses and prefixes, to be or-ed. */
enum {
	CONF_IP_RANGE = 1 << 0,          /* a network: no host bits, neither tiny nor all */
	CONF_IP_INTERFACE = 1 << 1,      /* an address with the length of its link */
	CONF_IP_HOST = 1 << 2,           /* one address, no length */
	CONF_IP_ONE_A_FAMILY = 1 << 3,   /* one IPv4 and one IPv6 at most */
	CONF_IP_LENGTH_OPTIONAL = 1 << 4 /* with INTERFACE: no length means /32, /128 */
};

struct conf_list {
	const struct conf_schema *schema;
	size_t elem_bytes;
	size_t count_offset;      /* of a uint32_t next to the array's pointer */
	size_t mark_offset;       /* of the struct pw_conf_mark in an element; SIZE_MAX: none */
	uint32_t max;             /* elements of the array */
	void (*init)(void *elem); /* defaults of a new element; may be NULL */
	bool (*belongs)(const void *elem); /* two lists in one array: is it ours? */
};

struct conf_key {
	const char *name;
	const struct conf_type *type;
	size_t offset;
	union {
		struct {
			uint32_t min, max;
		} range;
		const struct conf_word *words;
		const struct conf_schema *section;
		const struct conf_list *list;
		struct {
			size_t size; /* of a char array; 0: malloc'ed */
			const struct conf_text_rule *rule;
		} text;
		unsigned int ip_rules;
	};
	bool required;
	const char *fallback; /* default in words, where it is no constant; for the reference */
	const char *doc;
};

struct conf_schema {
	const struct conf_key *keys;
	size_t n_keys;
};

extern const struct conf_schema conf_root;

extern const struct conf_type conf_type_section, conf_type_list;
extern const struct conf_type conf_type_u32, conf_type_u16, conf_type_bool, conf_type_word;
extern const struct conf_type conf_type_text, conf_type_string, conf_type_service_name;
extern const struct conf_type conf_type_cores, conf_type_workers;
extern const struct conf_type conf_type_optional_word; /* 0: unset */
extern const struct conf_type conf_type_id;            /* PW_CONF_ID_UNSET: unset */
extern const struct conf_type conf_type_file_mode;     /* octal; 0: unset */
extern const struct conf_type conf_type_prefixes, conf_type_prefix, conf_type_ip, conf_type_ips;
extern const struct conf_type conf_type_mac;

extern const struct conf_text_rule conf_rule_name, conf_rule_node_name, conf_rule_ifname;
extern const struct conf_text_rule conf_rule_path, conf_rule_socket, conf_rule_device;
extern const struct conf_text_rule conf_rule_secret, conf_rule_port_name, conf_rule_service_name;

/* Reads a whole mapping: unknown, repeated and missing keys are problems. */
void conf_decode_mapping(
	struct conf_ctx *ctx, const struct conf_schema *schema, yaml_node_t *node, void *base);
/* fn for each value of a list, or for the one value that stands for a list of one. */
void conf_decode_each(struct conf_ctx *ctx, const struct conf_key *key, yaml_node_t *node,
	void *base,
	void (*fn)(
		struct conf_ctx *ctx, const struct conf_key *key, yaml_node_t *node, void *base));
/* The text of a scalar, free of control characters; else NULL, and it was reported. `want` says
 * what should stand there: "a number". */
const char *conf_decode_text(struct conf_ctx *ctx, const yaml_node_t *node, const char *want);

static inline void *conf_field(const struct conf_key *key, void *base)
{
	return (char *)base + key->offset;
}

static inline const void *conf_const_field(const struct conf_key *key, const void *base)
{
	return (const char *)base + key->offset;
}

/* Values as they are quoted in messages: cut where they get long. */
#define CONF_VALUE_FMT   "\"%.60s%s\""
#define CONF_VALUE(text) (text), strlen(text) > 60 ? "..." : ""

/* Plain if YAML reads it back as the same text, else in double quotes. */
void conf_dump_text(struct pw_str *out, const char *text);

#endif
