/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ct_tcp.c - TCP states, after nf_conntrack_proto_tcp.c and RFC 9293 section 3.3.2.
 *
 * Unlike the kernel's, FIN_WAIT and CLOSE_WAIT say which side has closed: a FIN that is sent again
 * must not look like the other side's, which would cut a half-closed connection short.
 */
#include <assert.h>

#include "ct.h"
#include "pw_util.h"

enum {
	SS, /* SYN_SENT: SYN of the client */
	S2, /* SYN_SENT2: SYN of both sides (simultaneous open) */
	SR, /* SYN_RECV: SYN+ACK */
	ES, /* ESTABLISHED */
	FO, /* FIN_WAIT: FIN of the client */
	FR, /* FIN_WAIT: FIN of the backend */
	CO, /* CLOSE_WAIT: the client's FIN was acknowledged */
	CR, /* CLOSE_WAIT: the backend's FIN was acknowledged */
	LA, /* LAST_ACK: FIN of both sides */
	TW, /* TIME_WAIT */
	CL, /* CLOSE: RST */
	N_STATES
};

enum event {
	EV_SYN,
	EV_SYNACK,
	EV_FIN,
	EV_ACK,
	EV_RST,
	EV_NONE,
	N_EVENTS
};

static const struct ct_state states[] = {
	[SS] = {"syn_sent", PW_CT_TIMEOUT_tcp_syn_sent, true, true},
	[S2] = {"syn_sent2", PW_CT_TIMEOUT_tcp_syn_sent, true, false},
	[SR] = {"syn_recv", PW_CT_TIMEOUT_tcp_syn_recv, true, false},
	[ES] = {"established", PW_CT_TIMEOUT_tcp_established, false, false},
	[FO] = {"fin_wait", PW_CT_TIMEOUT_tcp_fin_wait, true, false},
	[FR] = {"fin_wait", PW_CT_TIMEOUT_tcp_fin_wait, true, false},
	[CO] = {"close_wait", PW_CT_TIMEOUT_tcp_close_wait, false, false},
	[CR] = {"close_wait", PW_CT_TIMEOUT_tcp_close_wait, false, false},
	[LA] = {"last_ack", PW_CT_TIMEOUT_tcp_last_ack, true, false},
	[TW] = {"time_wait", PW_CT_TIMEOUT_tcp_time_wait, true, true},
	[CL] = {"close", PW_CT_TIMEOUT_tcp_close, true, true},
};

/* clang-format off */
#define E1(f) ((f) & TCP_RST ? EV_RST :                                                            \
	(f) & TCP_SYN ? ((f) & TCP_ACK ? EV_SYNACK : EV_SYN) :                                     \
	(f) & TCP_FIN ? EV_FIN : (f) & TCP_ACK ? EV_ACK : EV_NONE)
#define E4(f)  E1(f), E1((f) + 1), E1((f) + 2), E1((f) + 3)
#define E16(f) E4(f), E4((f) + 4), E4((f) + 8), E4((f) + 12)
#define E64(f) E16(f), E16((f) + 16), E16((f) + 32), E16((f) + 48)
/* clang-format on */

static const uint8_t event_of[256] = {E64(0), E64(64), E64(128), E64(192)};

/*
 * A RST closes; since sequence numbers are not checked, anything but a RST after it shows that the
 * connection is alive, and opens it again. A SYN of the client on SYN_SENT, TIME_WAIT or CLOSE
 * never gets here if it starts a new flow (ct_state.reopens).
 */
/* clang-format off */
const struct ct_proto ct_tcp = {
	.states = states,
	.n_states = N_STATES,
	.event_of = event_of,
	/* Anything but a SYN is the middle of a connection that was opened before we looked. */
	.first = {
		[EV_SYN] = SS, [EV_SYNACK] = SR, [EV_FIN] = FO, [EV_ACK] = ES, [EV_RST] = CL,
		[EV_NONE] = ES,
	},
	.next = {
		[FLOW_ORIG] = {
			/*               SS  S2  SR  ES  FO  FR  CO  CR  LA  TW  CL */
			[EV_SYN]    = { SS, S2, SR, ES, FO, FR, CO, CR, LA, SS, SS },
			[EV_SYNACK] = { SS, SR, SR, ES, FO, FR, CO, CR, LA, TW, SR },
			[EV_FIN]    = { SS, S2, FO, FO, FO, LA, CO, LA, LA, TW, FO },
			[EV_ACK]    = { SS, S2, ES, ES, FO, CR, CO, CR, TW, TW, ES },
			[EV_RST]    = { CL, CL, CL, CL, CL, CL, CL, CL, CL, CL, CL },
			[EV_NONE]   = { SS, S2, SR, ES, FO, FR, CO, CR, LA, TW, ES },
		},
		[FLOW_REPLY] = {
			/*               SS  S2  SR  ES  FO  FR  CO  CR  LA  TW  CL */
			[EV_SYN]    = { S2, S2, SR, ES, FO, FR, CO, CR, LA, S2, S2 },
			[EV_SYNACK] = { SR, SR, SR, ES, FO, FR, CO, CR, LA, TW, SR },
			[EV_FIN]    = { SS, S2, FR, FR, LA, FR, LA, CR, LA, TW, FR },
			[EV_ACK]    = { SS, S2, SR, ES, CO, FR, CO, CR, TW, TW, ES },
			[EV_RST]    = { CL, CL, CL, CL, CL, CL, CL, CL, CL, CL, CL },
			[EV_NONE]   = { SS, S2, SR, ES, FO, FR, CO, CR, LA, TW, ES },
		},
	},
	.opens = 1 << EV_SYN,
	.aborts = 1 << EV_RST,
};
/* clang-format on */
