/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_gen_answer.h - frames turned into their own answers, in place: reflectors, ARP, ND, ping.
 *
 * Threads:  pure functions on the caller's frame.
 * Sources:  RFC 826, RFC 4861 4.3 and 4.4, RFC 792, RFC 4443.
 */
#ifndef PW_GEN_ANSWER_H
#define PW_GEN_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

#include "pw_addr.h"

/* Who we are. */
struct pw_gen_host {
	struct pw_mac mac;
	const struct pw_prefix *ips; /* n_ips 0: whoever is asked for */
	uint32_t n_ips;
};

#define PW_GEN_ANSWER_ROOM                                                                         \
	8 /* bytes a neighbour advertisement may be longer than its solicitation */

/* Makes an ARP request, neighbour solicitation or ping for us its answer; *len may change by
 * PW_GEN_ANSWER_ROOM. False: it is none, and unchanged. */
bool pw_gen_answer(const struct pw_gen_host *host, uint8_t *data, uint16_t *len);

void pw_gen_swap_macs(uint8_t *data);
/* MACs, addresses and ports of TCP, UDP and SCTP change places; checksums stay right. False: no IP,
 * only the MACs were swapped. */
bool pw_gen_swap_5tuple(uint8_t *data, uint16_t len);

#endif
