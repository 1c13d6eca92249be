/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hdrs.h - where the transport header of a frame is: the little parsing that offloads need.
 *
 * Two VLAN tags at most; IPv6 extension headers are walked. Only the first segment is read, which
 * holds at least the first kilobyte of every frame a driver makes.
 * Threads:  pure function.
 * Cost:     one or two cache lines of the packet.
 */
#ifndef PW_PORT_HDRS_H
#define PW_PORT_HDRS_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#define ETH_LEN       14
#define VLAN_LEN      4
#define IP4_LEN       20
#define IP6_LEN       40
#define TCP_LEN       20
#define UDP_LEN       8
#define TCP_CSUM_OFF  16
#define UDP_CSUM_OFF  6
#define SCTP_CRC_OFF  8
#define TCP_DOFF_OFF  12
#define TCP_FLAGS_OFF 13
#define TCP_CWR       0x80

struct hdrs {
	uint16_t l2_len;
	uint16_t l3_len;    /* IPv6: extension headers included; fits struct rte_mbuf's 9 bits */
	uint8_t ip_version; /* 4, 6 */
	uint8_t proto;      /* IPPROTO_* of what follows */
	bool fragment;
};

/* 0, or -EINVAL: not IP, or cut short. */
int hdrs_find(const struct rte_mbuf *m, struct hdrs *h);
/* The Internet checksum's place in the header of proto; 0: no device completes it. */
uint16_t hdrs_csum_offset(uint8_t proto);
/* Length of the TCP or UDP header at l2_len + l3_len; 0: another protocol, wrong, or not wholly in
 * the first segment. */
uint16_t hdrs_l4_len(const struct rte_mbuf *m, const struct hdrs *h);

#endif
