/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_gen_pcap.h - recorded frames: pcap and pcapng files of Ethernet, read whole.
 *
 * Threads:  none; read-only after load.
 * Errors:   a file that is cut, foreign, of another link type, or whose frames were cut when they were
 *           recorded is refused, with the byte where that shows.
 * Sources:  draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng.
 */
#ifndef PW_GEN_PCAP_H
#define PW_GEN_PCAP_H

#include <stddef.h>
#include <stdint.h>

#include "pw_err.h"

struct pw_gen_pcap_frame {
	uint64_t at_ns; /* since the first one; never less than that of the frame before */
	const uint8_t *data;
	uint32_t len;
};

struct pw_gen_pcap {
	struct pw_gen_pcap_frame *frames;
	uint32_t n;
	uint32_t longest;
	char *bytes; /* the file */
};

int pw_gen_pcap_load(struct pw_gen_pcap *pcap, const char *path, struct pw_err *err);
/* Takes `bytes` (malloc'ed) over, even on error. `name` stands for the file in messages. */
int pw_gen_pcap_parse(
	struct pw_gen_pcap *pcap, const char *name, char *bytes, size_t len, struct pw_err *err);
void pw_gen_pcap_free(struct pw_gen_pcap *pcap);

#endif
