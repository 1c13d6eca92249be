/* SPDX-License-Identifier: BSD-3-Clause */
/* addr_rules.h - what is wrong with an address that is well written. */
#ifndef CONF_ADDR_RULES_H
#define CONF_ADDR_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "pw_addr.h"

uint8_t conf_full_length(const struct pw_ip *ip); /* 32 or 128 */
/* What CONF_IP_* rules have against it, as the rest of a sentence; NULL: nothing. has_length: the
 * text had a "/", so that the length was meant. */
const char *conf_prefix_problem(
	unsigned int rules, const struct pw_prefix *prefix, bool has_length);

#endif
