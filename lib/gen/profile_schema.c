/* SPDX-License-Identifier: BSD-3-Clause */
/* The tables: every key of a profile. The texts are the reference, too (docs/benchmarking.md). */
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "profile_schema.h"
#include "profile_types.h"
#include "pw_util.h"

#define SCHEMA(rows)                                                                               \
	{                                                                                          \
		.keys = (rows), .n_keys = PW_ARRAY_SIZE(rows)                                      \
	}
#define AT(field) .offset = offsetof(struct OF, field)
#define TEXT(field, r)                                                                             \
	.type = &conf_type_text, AT(field),                                                        \
	.text = {sizeof(((struct OF *)0)->field), &conf_rule_##r}
#define U32(field, lo, hi)   .type = &conf_type_u32, AT(field), .range = {lo, hi}
#define BOOL(field)          .type = &conf_type_bool, AT(field)
#define WORD(field, w)       .type = &conf_type_word, AT(field), .words = (w)
#define MAC(field)           .type = &conf_type_mac, AT(field)
#define PREFIXES(field, r)   .type = &conf_type_prefixes, AT(field), .ip_rules = (r)
#define OWN(t, field)        .type = &profile_type_##t, AT(field)
#define LIMITED(t, field, l) .type = &profile_type_##t, AT(field), .range = {0, l}
#define RANGE(field, lo, hi) .type = &profile_type_range, AT(field), .range = {lo, hi}
#define SECTION(s)           .type = &conf_type_section, .section = &(s)
#define LIST(field, l)       .type = &conf_type_list, AT(field), .list = &(l)

static const struct conf_word engine_words[] = {
	{"auto", PW_GEN_ENGINE_AUTO},
	{"io", PW_GEN_ENGINE_IO},
	{"mac", PW_GEN_ENGINE_MAC},
	{"macswap", PW_GEN_ENGINE_MACSWAP},
	{"5tswap", PW_GEN_ENGINE_5TSWAP},
	{"icmpecho", PW_GEN_ENGINE_ICMPECHO},
	{"rxonly", PW_GEN_ENGINE_RXONLY},
	{"txonly", PW_GEN_ENGINE_TXONLY},
	{"flowgen", PW_GEN_ENGINE_FLOWGEN},
	{"flows", PW_GEN_ENGINE_FLOWS},
	{"rr", PW_GEN_ENGINE_RR},
	{"conn", PW_GEN_ENGINE_CONN},
	{"replay", PW_GEN_ENGINE_REPLAY},
	{NULL, 0},
};
static_assert(PW_ARRAY_SIZE(engine_words) == PW_GEN_ENGINE_COUNT + 1, "every engine has its word");

const char *pw_gen_engine_name(enum pw_gen_engine engine)
{
	return engine < PW_GEN_ENGINE_COUNT ? engine_words[engine].name : "?";
}

int pw_gen_engine_parse(const char *name, enum pw_gen_engine *engine)
{
	for (const struct conf_word *w = engine_words; w->name != NULL; w++) {
		if (strcmp(w->name, name) != 0)
			continue;
		*engine = (enum pw_gen_engine)w->value;
		return 0;
	}
	return -EINVAL;
}

static const struct conf_word order_words[] = {
	{"sequential", PW_GEN_SEQUENTIAL},
	{"permuted", PW_GEN_PERMUTED},
	{"zipf", PW_GEN_ZIPF},
	{NULL, 0},
};
static const struct conf_word conn_proto_words[] = {
	{"tcp", IPPROTO_TCP},
	{"udp", IPPROTO_UDP},
	{NULL, 0},
};

static const char *file_problem(const char *text)
{
	return *text == '\0' ? "is empty" : strlen(text) > 1023 ? "is too long" : NULL;
}

static const struct conf_text_rule rule_file = {
	.problem = file_problem,
	.allowed = "path of a file",
};

#define OF pw_gen_port
static const struct conf_key port_keys[] = {
	{"id", U32(id, 0, PW_GEN_PORTS_MAX - 1), .required = true,
		.doc = "number of the port, in the order of the --vdev and -a options"},
	{"engine", WORD(engine, engine_words),
		.doc = "what it does; auto: what the streams, conns and replays of the profile "
		       "need, "
		       "else rxonly"},
	{"mac", MAC(mac), .fallback = "the device's", .doc = "its own MAC, for answers"},
	{"peer_mac", MAC(peer_mac), .fallback = "02:00:00:00:00:<port>",
		.doc = "engine mac: destination of what leaves here"},
	{"ip", PREFIXES(ip, CONF_IP_INTERFACE | CONF_IP_LENGTH_OPTIONAL | CONF_IP_ONE_A_FAMILY),
		.doc = "its own addresses: ARP, ND and ping for them are answered"},
	{"speed", OWN(rate, speed), .fallback = "the device's",
		.doc = "what 100 % means, and the most that may be asked for"},
	{"response", U32(response_bytes, 0, 1400), .doc = "engine rr: bytes of a TCP response"},
};
#undef OF

#define OF        pw_gen_stream
#define EXPECT(f) expect.field[PW_GEN_##f]
static const struct conf_key expect_keys[] = {
	{"reply", BOOL(expect.reply),
		.doc = "frames come back from a reflector: source and destination changed places"},
	{"hops", U32(hops, 0, 254), .doc = "routers on the way: the TTL is smaller by so much"},
	{"any_ttl", BOOL(expect.any_ttl), .doc = "do not look at the TTL"},
	{"src_mac", OWN(expect_mac, EXPECT(SRC_MAC)), .doc = "source MAC on arrival"},
	{"dst_mac", OWN(expect_mac, EXPECT(DST_MAC)), .doc = "destination MAC on arrival"},
	{"vlan", .type = &profile_type_expect_number, AT(EXPECT(VLAN)), .range = {0, 4094},
		.doc = "VLAN id on arrival; 0: untagged"},
	{"src", OWN(expect_ip, EXPECT(SRC_IP)), .doc = "source address on arrival"},
	{"dst", OWN(expect_ip, EXPECT(DST_IP)),
		.doc = "destination address on arrival: the backends of a Service"},
	{"src_port", .type = &profile_type_expect_number, AT(EXPECT(SRC_PORT)), .range = {0, 65535},
		.doc = "source port on arrival"},
	{"dst_port", .type = &profile_type_expect_number, AT(EXPECT(DST_PORT)), .range = {0, 65535},
		.doc = "destination port on arrival"},
	{"sticky", BOOL(sticky),
		.doc = "every frame of a flow must be translated as its first one was"},
};
static const struct conf_schema expect_schema = SCHEMA(expect_keys);

static const struct conf_key stream_keys[] = {
	{"name", TEXT(name, name), .fallback = "stream<n>", .doc = "name in tables and results"},
	{"from", U32(from, 0, PW_GEN_PORTS_MAX - 1), .required = true, .doc = "port that sends it"},
	{"to", U32(to, 0, PW_GEN_PORTS_MAX - 1), .fallback = "the other of the pair 0-1, 2-3, ..",
		.doc = "port where its frames are to arrive"},
	{"rate", OWN(rate, rate), .doc = "how fast it is sent"},
	{"size", OWN(sizes, frame.sizes), .doc = "of frames, FCS counted"},
	{"count", OWN(count, count), .doc = "frames to send; none: until the end of the run"},
	{"flows", LIMITED(count, frame.flows.n, 10000000), .fallback = "all combinations",
		.doc = "flows, made of the ranges of the fields"},
	{"order", WORD(frame.flows.order, order_words),
		.doc = "of the flows: one after the other, in a fixed mixed order, or by Zipf's "
		       "law"},
	{"zipf", OWN(decimal, frame.flows.zipf), .doc = "exponent of Zipf's law"},
	{"spread", BOOL(frame.flows.spread),
		.doc = "take the flows from all over the combinations, not the first ones"},
	{"src_mac", OWN(mac_range, src_mac), .fallback = "the port's", .doc = "source MAC"},
	{"dst_mac", OWN(mac_range, dst_mac), .fallback = "02:00:00:00:00:<to>",
		.doc = "destination MAC"},
	{"vlan", RANGE(vlan, 0, 4094), .doc = "VLAN ids; none: untagged"},
	{"src", OWN(ip_range, src), .doc = "source addresses"},
	{"dst", OWN(ip_range, dst), .doc = "destination addresses"},
	{"proto", OWN(protos, frame), .doc = "protocols; icmp is echo requests"},
	{"src_port", RANGE(src_port, 0, 65535), .doc = "source ports; icmp: ids"},
	{"dst_port", RANGE(dst_port, 0, 65535), .doc = "destination ports"},
	{"tcp_flags", OWN(tcp_flags, frame.tcp_flags), .doc = "as tcpdump writes them"},
	{"ttl", U32(ttl, 1, 255), .doc = "TTL or hop limit"},
	{"tos", U32(tos, 0, 255), .doc = "TOS byte or traffic class"},
	{"stamp", BOOL(frame.stamp),
		.doc = "number and time in the payload: without, frames are only counted by port"},
	{"latency", BOOL(latency), .doc = "measure latency and jitter"},
	{"verify", OWN(verify, verify_every),
		.doc = "which frames are checked on arrival: lengths, checksums, payload, fields"},
	{"expect", SECTION(expect_schema), .doc = "what a device on the way should change"},
};
#undef OF

#define OF pw_gen_conn
static const struct conf_key conn_keys[] = {
	{"name", TEXT(name, name), .fallback = "conn<n>", .doc = "name in tables and results"},
	{"from", U32(from, 0, PW_GEN_PORTS_MAX - 1), .required = true,
		.doc = "port of the clients"},
	{"rate", OWN(rate, rate), .doc = "new connections a second, written as pps"},
	{"proto", .type = &conf_type_word, AT(proto), .words = conn_proto_words,
		.doc = "tcp: open, request, response, close; udp: request, response"},
	{"count", OWN(count, count), .doc = "connections; none: until the end of the run"},
	{"src_mac", MAC(src_mac), .fallback = "the port's", .doc = "MAC of the clients"},
	{"dst_mac", MAC(dst_mac), .required = true, .doc = "MAC of the server or the router"},
	{"src", OWN(ip_range, src), .required = true, .doc = "addresses of the clients"},
	{"dst", OWN(ip_range, dst), .required = true, .doc = "addresses of the servers"},
	{"src_port", RANGE(src_port, 1, 65535), .doc = "ports of the clients"},
	{"dst_port", RANGE(dst_port, 1, 65535), .doc = "ports of the servers"},
	{"request", U32(request_bytes, 1, 1400), .doc = "bytes the client sends"},
	{"response", U32(response_bytes, 0, 1400),
		.doc = "bytes that complete the response; 0: any; udp: the request comes back"},
	{"open", U32(open, 1, 1048576), .doc = "connections at a time, at most"},
	{"timeout", OWN(time, timeout_ns), .doc = "a step that takes longer fails the connection"},
};
#undef OF

#define OF pw_gen_replay
static const struct conf_key replay_keys[] = {
	{"name", TEXT(name, name), .fallback = "replay<n>", .doc = "name in tables and results"},
	{"from", U32(from, 0, PW_GEN_PORTS_MAX - 1), .required = true, .doc = "port that sends it"},
	{"file", .type = &conf_type_string, AT(file), .text = {0, &rule_file}, .required = true,
		.doc = "pcap or pcapng file of Ethernet frames"},
	{"speed", OWN(decimal, speed), .doc = "times the original timing"},
	{"rate", OWN(rate, rate), .fallback = "the original timing", .doc = "a fixed rate instead"},
	{"loops", U32(loops, 0, UINT32_MAX),
		.doc = "times it is sent; 0: until the end of the run"},
	{"src_mac", MAC(src_mac), .fallback = "as in the file", .doc = "put into every frame"},
	{"dst_mac", MAC(dst_mac), .fallback = "as in the file", .doc = "put into every frame"},
};
#undef OF

#define OF pw_gen_profile
static const struct conf_key rfc2544_keys[] = {
	{"enabled", BOOL(rfc2544.enabled), .doc = "search instead of one run"},
	{"tests", OWN(tests, rfc2544.tests), .doc = "which tests of RFC 2544 section 26"},
	{"sizes", OWN(size_list, rfc2544.sizes),
		.doc = "one search each; size of the streams does not count"},
	{"loss", OWN(ppm_list, rfc2544.losses_ppm),
		.doc = "accepted loss; one search each: 0 is the NDR, 0.5 % a PDR"},
	{"max_rate", OWN(rate, rfc2544.max_rate), .doc = "of every stream; where searches begin"},
	{"trial", OWN(time, rfc2544.trial_ns), .doc = "length of a trial while searching"},
	{"final", OWN(time, rfc2544.final_ns), .doc = "length of the trial that confirms a result"},
	{"settle", OWN(time, rfc2544.settle_ns), .doc = "pause between trials"},
	{"resolution", OWN(ppm, rfc2544.resolution_ppm),
		.doc = "of a result, in parts of max_rate"},
};
static const struct conf_schema rfc2544_schema = SCHEMA(rfc2544_keys);

static const struct conf_key criteria_keys[] = {
	{"loss_percent", OWN(decimal, criteria.loss_percent),
		.doc = "loss of each stream, at most"},
	{"reordered", U32(criteria.reordered, 0, UINT32_MAX - 1), .fallback = "none",
		.doc = "frames out of order, at most"},
	{"duplicates", U32(criteria.duplicates, 0, UINT32_MAX - 1), .fallback = "none",
		.doc = "frames that came twice, at most"},
	{"corrupt", U32(criteria.corrupt, 0, UINT32_MAX - 1), .fallback = "none",
		.doc = "damaged frames, at most"},
	{"translated_wrong", U32(criteria.translated_wrong, 0, UINT32_MAX - 1), .fallback = "none",
		.doc = "frames with a field not as expected, at most"},
	{"latency_p50_us", OWN(decimal, criteria.latency_p50_us), .doc = "half of the latencies"},
	{"latency_p99_us", OWN(decimal, criteria.latency_p99_us), .doc = "99 % of them"},
	{"latency_p999_us", OWN(decimal, criteria.latency_p999_us), .doc = "99.9 % of them"},
	{"jitter_p99_us", OWN(decimal, criteria.jitter_p99_us),
		.doc = "99 % of the differences of latency between neighbours (RFC 3393)"},
	{"rate_error_percent", OWN(decimal, criteria.rate_error_percent),
		.doc = "sent rate against the rate asked for"},
	{"min_rx_pps", OWN(decimal, criteria.min_rx_pps),
		.doc = "received by each stream, at least"},
	{"conn_failed_percent", OWN(decimal, criteria.conn_failed_percent),
		.doc = "connections that failed, at most"},
	{"min_conns", OWN(decimal, criteria.min_conns), .doc = "connections a second, at least"},
};
static const struct conf_schema criteria_schema = SCHEMA(criteria_keys);

static const struct conf_schema port_schema = SCHEMA(port_keys);
static const struct conf_schema stream_schema = SCHEMA(stream_keys);
static const struct conf_schema conn_schema = SCHEMA(conn_keys);
static const struct conf_schema replay_schema = SCHEMA(replay_keys);

#define ELEMENTS(s, plural, most)                                                                  \
	{                                                                                          \
		.schema = &s##_schema, .elem_bytes = sizeof(struct pw_gen_##s),                    \
		.count_offset = offsetof(struct pw_gen_profile, n_##plural),                       \
		.mark_offset = offsetof(struct pw_gen_##s, mark), .max = (most),                   \
		.init = profile_init_##s                                                           \
	}
static const struct conf_list port_list = ELEMENTS(port, ports, PW_GEN_PORTS_MAX);
static const struct conf_list stream_list = ELEMENTS(stream, streams, PW_GEN_STREAMS_MAX);
static const struct conf_list conn_list = ELEMENTS(conn, conns, 8);
static const struct conf_list replay_list = ELEMENTS(replay, replays, 8);

static const struct conf_key root_keys[] = {
	{"name", TEXT(name, name), .doc = "of the run, in results and reports"},
	{"duration", OWN(time, duration_ns), .doc = "how long to send; 0s: until stopped"},
	{"warmup", OWN(time, warmup_ns), .doc = "sent before that and not counted"},
	{"wait", OWN(time, wait_ns), .doc = "for late frames, after the last one was sent"},
	{"wait_link", OWN(time, wait_link_ns),
		.doc = "for the peers of the ports, before anything is sent"},
	{"catch_up", OWN(time, catch_up_ns),
		.doc = "a sender held up longer writes the rest off instead of sending it in a "
		       "burst"},
	{"ports", LIST(ports, port_list), .doc = "settings of ports"},
	{"streams", LIST(streams, stream_list), .doc = "stateless traffic (engine flows)"},
	{"conns", LIST(conns, conn_list), .doc = "connections (engine conn)"},
	{"replays", LIST(replays, replay_list), .doc = "recorded traffic (engine replay)"},
	{"rfc2544", SECTION(rfc2544_schema), .doc = "search of the highest rate"},
	{"criteria", SECTION(criteria_schema),
		.doc = "what makes a run good: else the exit code is 1"},
};
const struct conf_schema profile_root = SCHEMA(root_keys);
