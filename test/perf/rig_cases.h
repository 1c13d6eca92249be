/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rig_cases.h - what the pipeline is measured with: tables, templates, and how the packets must look.
 */
#ifndef RIG_CASES_H
#define RIG_CASES_H

#include "rig.h"

enum rig_traffic {
	RIG_L2,    /* n stations */
	RIG_L3,    /* n routes of 24 bits */
	RIG_L2_6,  /* the same in IPv6, */
	RIG_L3_6,  /* routes of 64 bits */
	RIG_NAT,   /* n flows to one Service: client to endpoint */
	RIG_REPLY, /* the endpoints' answers */
	RIG_BOTH,  /* half of each */
	RIG_NEW,   /* the first packets of n flows */
	RIG_NAT_6, /* as NAT, UDP over IPv6 */
};

struct rig_case {
	const char *id, *what;
	enum rig_traffic traffic;
	uint32_t n;
	double goal;  /* cycles a packet; 0: none */
	bool imix;    /* 7 frames of 64 bytes, 4 of 594, 1 of 1518; else all of 64 */
	bool partial; /* L4 checksums are left open, as kernel pods leave them */
	bool zipf;    /* flow k is 1/k as frequent as the first; else all alike */
};

uint32_t rig_new_adj(struct rig *rig); /* to the server, by port 1 */
/* rig_cases6.c */
void rig_make_l2_6(struct rig *rig, const struct rig_case *c);
void rig_make_l3_6(struct rig *rig, const struct rig_case *c);
void rig_make_nat_6(struct rig *rig, const struct rig_case *c);

/* Ready to run, its flows open (but for NEW). */
struct rig *rig_case_make(struct rte_mempool *pool, const struct rig_case *c);

#endif
