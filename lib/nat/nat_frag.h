/* SPDX-License-Identifier: BSD-3-Clause */
/* nat_frag.h - fragments (nat_frag.c). Threads: the worker of that number; init and fini: control. */
#ifndef NAT_FRAG_H
#define NAT_FRAG_H

#include <stdint.h>

struct pw_nat;
struct pw_pkt;

int nat_frag_init(struct pw_nat *nat, uint32_t worker, uint32_t hold_bytes); /* 0, -ENOMEM */
void nat_frag_fini(struct pw_nat *nat, uint32_t worker);
/* A first fragment, after it was processed like a whole packet: later ones will follow. */
void nat_frag_first(struct pw_nat *nat, uint32_t worker, struct pw_pkt *pkt, uint32_t now_sec);
/* A later one: as the first, or HELD, or dropped. */
void nat_frag_later(struct pw_nat *nat, uint32_t worker, struct pw_pkt *pkt, uint32_t now_sec);
void nat_frag_age(struct pw_nat *nat, uint32_t worker, uint32_t now_sec);

#endif
