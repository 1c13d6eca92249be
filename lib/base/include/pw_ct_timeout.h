/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_ct_timeout.h - how long a flow may be silent in each state: names, defaults, meaning.
 *
 * Names are those of the kernel's sysctls net.netfilter.nf_conntrack_*_timeout_* (without prefix,
 * infix and suffix), defaults the kernel's with kube-proxy's values for established (86400 s) and
 * close_wait (3600 s). The configuration and the flow table both use the list, so that a name, its
 * default and its place cannot disagree. Seconds.
 */
#ifndef PW_CT_TIMEOUT_H
#define PW_CT_TIMEOUT_H

/* X(name, default, text) */
#define PW_CT_TIMEOUTS(X)                                                                          \
	X(tcp_syn_sent, 120, "SYN sent, not answered")                                             \
	X(tcp_syn_recv, 60, "SYN answered, handshake not complete")                                \
	X(tcp_established, 86400, "open connection; kube-proxy's value, the kernel's is 432000")   \
	X(tcp_fin_wait, 120, "one side has closed")                                                \
	X(tcp_close_wait, 3600, "... and the other knows; kube-proxy's value, the kernel's is 60") \
	X(tcp_last_ack, 30, "both sides have closed, not yet acknowledged")                        \
	X(tcp_time_wait, 120, "closed")                                                            \
	X(tcp_close, 10, "reset")                                                                  \
	X(udp, 30, "packets of one side only")                                                     \
	X(udp_stream, 120, "packets of both sides")                                                \
	X(icmp, 30, "echo")                                                                        \
	X(gre, 30, "packets of one side only")                                                     \
	X(gre_stream, 180, "packets of both sides")                                                \
	X(sctp_closed, 10, "aborted or shut down")                                                 \
	X(sctp_cookie_wait, 3, "INIT seen")                                                        \
	X(sctp_cookie_echoed, 3, "COOKIE ECHO seen")                                               \
	X(sctp_established, 210, "open association")                                               \
	X(sctp_shutdown_sent, 3, "the client shuts down")                                          \
	X(sctp_shutdown_recd, 3, "the endpoint shuts down")                                        \
	X(sctp_shutdown_ack_sent, 3, "SHUTDOWN acknowledged")                                      \
	X(sctp_heartbeat_sent, 30, "association on another path, not answered")                    \
	X(generic, 600, "any other protocol")

enum pw_ct_timeout {
#define X(name, sec, text) PW_CT_TIMEOUT_##name,
	PW_CT_TIMEOUTS(X)
#undef X
	PW_CT_TIMEOUT_COUNT
};

#endif
