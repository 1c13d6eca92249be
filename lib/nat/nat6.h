/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nat6.h - makes the IPv6 half of this library out of the sources of the IPv4 half.
 *
 * Most of the library does not care how long an address is: it copies and compares them (flow_addr).
 * Those sources are compiled twice; the second time with PW_NAT_V6 defined and this header in front
 * of each, which gives everything with an address in it, or linked from outside its file, a name of
 * its own. What differs in more than the type is a short inline function: flow_line.h (line, key,
 * hash), nat_priv.h (addresses of a packet), nat_frag.c (where a fragment's place is told).
 */
#ifndef NAT6_H
#define NAT6_H

#include "pw_nat6.h"
#include "pw_rewrite6.h"

/* pw_nat6.h */
#define pw_nat                 pw_nat6
#define pw_nat_endpoint        pw_nat6_endpoint
#define pw_nat_service         pw_nat6_service
#define pw_flow_info           pw_flow6_info
#define pw_flow_filter         pw_flow6_filter
#define pw_nat_snat_use        pw_nat6_snat_use
#define pw_nat_create          pw_nat6_create
#define pw_nat_destroy         pw_nat6_destroy
#define pw_nat_service_set     pw_nat6_service_set
#define pw_nat_service_del     pw_nat6_service_del
#define pw_nat_services_synced pw_nat6_services_synced
#define pw_nat_restored(...)   pw_nat6_restored(__VA_ARGS__) /* a struct has that name, too */
#define pw_nat_service_stats(...)                                                                  \
	pw_nat6_service_stats(__VA_ARGS__) /* a struct has that name, too */
#define pw_nat_set_service_cidrs pw_nat6_set_service_cidrs
#define pw_nat_set_snat_address  pw_nat6_set_snat_address
#define pw_nat_set_snat_ports    pw_nat6_set_snat_ports
#define pw_nat_wants             pw_nat6_wants
#define pw_nat_select            pw_nat6_select
#define pw_nat_process           pw_nat6_process
#define pw_nat_released(...)     pw_nat6_released(__VA_ARGS__) /* a struct has that name, too */
#define pw_nat_rewrite           pw_nat6_rewrite
#define pw_nat_set_adj           pw_nat6_set_adj
#define pw_nat_get_adj           pw_nat6_get_adj
#define pw_nat_age               pw_nat6_age
#define pw_nat_flows             pw_nat6_flows
#define pw_nat_flow_counts       pw_nat6_flow_counts
#define pw_nat_flush             pw_nat6_flush
#define pw_nat_snat_uses         pw_nat6_snat_uses
#define pw_nat_stats(...)        pw_nat6_stats(__VA_ARGS__) /* a struct has that name, too */

/* pw_rewrite6.h */
#define pw_nat_plan           pw_nat6_plan
#define pw_icmp_quote         pw_icmp6_quote
#define pw_nat_plan_deltas    pw_nat6_plan_deltas
#define pw_rewrite_nat        pw_rewrite_nat6
#define pw_parse_icmp_quote   pw_parse_icmp6_quote
#define pw_rewrite_icmp_quote pw_rewrite_icmp6_quote

/* within the library */
#define endpoint_dir_init         endpoint6_dir_init
#define endpoint_dir_fini         endpoint6_dir_fini
#define endpoint_get              endpoint6_get
#define endpoint_put              endpoint6_put
#define endpoint_foreach          endpoint6_foreach
#define flow_pool_fill            flow6_pool_fill
#define flow_pool_get             flow6_pool_get
#define flow_pool_retire          flow6_pool_retire
#define flow_pool_release         flow6_pool_release
#define flow_pool_turn            flow6_pool_turn
#define flow_pool_count           flow6_pool_count
#define flow_region_open          flow6_region_open
#define flow_region_close         flow6_region_close
#define flow_region_want_affinity flow6_region_want_affinity
#define flow_table_lines          flow6_table_lines
#define flow_table_init           flow6_table_init
#define flow_table_fini           flow6_table_fini
#define flow_lookup_bulk          flow6_lookup_bulk
#define flow_lookup               flow6_lookup
#define flow_lookup_again         flow6_lookup_again
#define flow_insert               flow6_insert
#define flow_adopt                flow6_adopt
#define flow_kill                 flow6_kill
#define flow_kill_by_control      flow6_kill_by_control
#define flow_is_full              flow6_is_full
#define flow_find_victim          flow6_find_victim
#define flow_snapshot             flow6_snapshot
#define gate_build                gate6_build
#define gate_add                  gate6_add
#define gate_cidrs_build          gate6_cidrs_build
#define services_init             services6_init
#define services_fini             services6_fini
#define svc_has                   svc6_has
#define nat_miss                  nat6_miss
#define nat_miss_passes           nat6_miss_passes
#define nat_choose_by_rule        nat6_choose_by_rule
#define nat_remember_choice       nat6_remember_choice
#define nat_forget_choices        nat6_forget_choices
#define nat_restore               nat6_restore
#define nat_restored_number       nat6_restored_number
#define nat_insert                nat6_insert
#define nat_hit                   nat6_hit
#define nat_event                 nat6_event
#define nat_translate             nat6_translate
#define nat_icmp_error            nat6_icmp_error
#define nat_frag_init             nat6_frag_init
#define nat_frag_fini             nat6_frag_fini
#define nat_frag_first            nat6_frag_first
#define nat_frag_later            nat6_frag_later
#define nat_frag_age              nat6_frag_age

#endif
