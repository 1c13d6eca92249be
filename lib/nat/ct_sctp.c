/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ct_sctp.c - SCTP states by the type of a packet's first chunk, after nf_conntrack_proto_sctp.c.
 *
 * Where the kernel calls a chunk invalid the state is left alone, and the packet is translated all
 * the same (CT-4).
 */
#include <assert.h>

#include "ct.h"
#include "pw_util.h"

enum {
	CL, /* CLOSED */
	CW, /* COOKIE_WAIT: INIT seen */
	CE, /* COOKIE_ECHOED */
	ES, /* ESTABLISHED */
	SS, /* SHUTDOWN_SENT: by the client */
	SR, /* SHUTDOWN_RECD: sent by the backend */
	SA, /* SHUTDOWN_ACK_SENT */
	HS, /* HEARTBEAT_SENT: association on another path */
	N_STATES
};

/* Chunk types of RFC 9260 section 3.2; EV_OTHER (DATA, SACK and all else) is 0. */
enum {
	EV_OTHER,
	EV_INIT,
	EV_INIT_ACK,
	EV_ABORT,
	EV_SHUTDOWN,
	EV_SHUTDOWN_ACK,
	EV_COOKIE_ECHO,
	EV_COOKIE_ACK,
	EV_SHUTDOWN_COMPLETE,
	EV_HEARTBEAT,
	EV_HEARTBEAT_ACK,
	N_EVENTS
};
static_assert(N_STATES <= CT_STATES_MAX && N_EVENTS <= CT_EVENTS_MAX, "ct.h");

static const struct ct_state states[] = {
	[CL] = {"closed", PW_CT_TIMEOUT_sctp_closed, true, true},
	[CW] = {"cookie_wait", PW_CT_TIMEOUT_sctp_cookie_wait, true, false},
	[CE] = {"cookie_echoed", PW_CT_TIMEOUT_sctp_cookie_echoed, true, false},
	[ES] = {"established", PW_CT_TIMEOUT_sctp_established, false, false},
	[SS] = {"shutdown_sent", PW_CT_TIMEOUT_sctp_shutdown_sent, true, false},
	[SR] = {"shutdown_recd", PW_CT_TIMEOUT_sctp_shutdown_recd, true, false},
	[SA] = {"shutdown_ack_sent", PW_CT_TIMEOUT_sctp_shutdown_ack_sent, true, false},
	[HS] = {"heartbeat_sent", PW_CT_TIMEOUT_sctp_heartbeat_sent, true, false},
};

/* clang-format off */
static const uint8_t event_of[256] = {
	[1] = EV_INIT,
	[2] = EV_INIT_ACK,
	[4] = EV_HEARTBEAT,
	[5] = EV_HEARTBEAT_ACK,
	[6] = EV_ABORT,
	[7] = EV_SHUTDOWN,
	[8] = EV_SHUTDOWN_ACK,
	[10] = EV_COOKIE_ECHO,
	[11] = EV_COOKIE_ACK,
	[14] = EV_SHUTDOWN_COMPLETE,
};

const struct ct_proto ct_sctp = {
	.states = states,
	.n_states = N_STATES,
	.event_of = event_of,
	/* The middle of an association is taken up as established, as with TCP. */
	.first = {
		[EV_OTHER] = ES, [EV_INIT] = CW, [EV_INIT_ACK] = ES, [EV_ABORT] = CL,
		[EV_SHUTDOWN] = ES, [EV_SHUTDOWN_ACK] = ES, [EV_COOKIE_ECHO] = ES,
		[EV_COOKIE_ACK] = ES, [EV_SHUTDOWN_COMPLETE] = CL, [EV_HEARTBEAT] = HS,
		[EV_HEARTBEAT_ACK] = ES,
	},
	.next = {
		[FLOW_ORIG] = {
			/*                          CL  CW  CE  ES  SS  SR  SA  HS */
			[EV_INIT]              = { CW, CW, CE, ES, SS, SR, SA, CW },
			[EV_INIT_ACK]          = { CL, CW, CE, ES, SS, SR, SA, HS },
			[EV_ABORT]             = { CL, CL, CL, CL, CL, CL, CL, CL },
			[EV_SHUTDOWN]          = { CL, CW, CE, SS, SS, SR, SA, HS },
			[EV_SHUTDOWN_ACK]      = { CL, CW, CE, ES, SA, SA, SA, SA },
			[EV_COOKIE_ECHO]       = { CL, CE, CE, ES, SS, SR, SA, CE },
			[EV_COOKIE_ACK]        = { CL, CW, ES, ES, SS, SR, SA, HS },
			[EV_SHUTDOWN_COMPLETE] = { CL, CW, CE, ES, SS, SR, CL, HS },
			[EV_HEARTBEAT]         = { HS, CW, CE, ES, SS, SR, SA, HS },
			[EV_HEARTBEAT_ACK]     = { CL, CW, CE, ES, SS, SR, SA, HS },
			[EV_OTHER]             = { CL, CW, CE, ES, SS, SR, SA, HS },
		},
		[FLOW_REPLY] = {
			/*                          CL  CW  CE  ES  SS  SR  SA  HS */
			[EV_INIT]              = { CL, CW, CE, ES, SS, SR, SA, HS },
			[EV_INIT_ACK]          = { CW, CW, CE, ES, SS, SR, SA, HS },
			[EV_ABORT]             = { CL, CL, CL, CL, CL, CL, CL, CL },
			[EV_SHUTDOWN]          = { CL, CW, CE, SR, SS, SR, SA, HS },
			[EV_SHUTDOWN_ACK]      = { CL, CW, CE, ES, SA, SA, SA, HS },
			[EV_COOKIE_ECHO]       = { CL, CE, CE, ES, SS, SR, SA, HS },
			[EV_COOKIE_ACK]        = { CL, CW, ES, ES, SS, SR, SA, HS },
			[EV_SHUTDOWN_COMPLETE] = { CL, CW, CE, ES, SS, SR, CL, HS },
			[EV_HEARTBEAT]         = { CL, CW, CE, ES, SS, SR, SA, HS },
			[EV_HEARTBEAT_ACK]     = { CL, CW, CE, ES, SS, SR, SA, ES },
			[EV_OTHER]             = { CL, CW, CE, ES, SS, SR, SA, HS },
		},
	},
	.opens = 1 << EV_INIT,
	.aborts = 1 << EV_ABORT,
};
/* clang-format on */
