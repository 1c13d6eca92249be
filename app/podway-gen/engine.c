/* SPDX-License-Identifier: BSD-3-Clause */
#include "engines.h"

static const struct engine *const engines[PW_GEN_ENGINE_COUNT] = {
	[PW_GEN_ENGINE_IO] = &engine_io,
	[PW_GEN_ENGINE_MAC] = &engine_mac,
	[PW_GEN_ENGINE_MACSWAP] = &engine_macswap,
	[PW_GEN_ENGINE_5TSWAP] = &engine_5tswap,
	[PW_GEN_ENGINE_ICMPECHO] = &engine_icmpecho,
	[PW_GEN_ENGINE_RXONLY] = &engine_rxonly,
	[PW_GEN_ENGINE_TXONLY] = &engine_txonly,
	[PW_GEN_ENGINE_FLOWGEN] = &engine_flowgen,
	[PW_GEN_ENGINE_FLOWS] = &engine_flows,
	[PW_GEN_ENGINE_RR] = &engine_rr,
	[PW_GEN_ENGINE_CONN] = &engine_conn,
	[PW_GEN_ENGINE_REPLAY] = &engine_replay,
};

const struct engine *engine_of(enum pw_gen_engine engine)
{
	return engine < PW_GEN_ENGINE_COUNT ? engines[engine] : NULL;
}
