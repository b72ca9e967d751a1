/* SPDX-License-Identifier: Apache-2.0 */

/* The numbers both languages must agree on, as text. test_memory.c compares the lists here with the
 * headers themselves, so nothing can be left out. */

#include <pthread.h>
#include <stdio.h>

#include "flue/flue_channel.h"
#include "flue/flue_observe.h"
#include "flue/flue_offload.h"
#include "flue/flue_oid.h"

/* EACH(f, s, a, b, ...) is f(s, a) f(s, b) ...: up to 64 names. */
#define PARENS                 ()
#define EXPAND(...)            EXPAND1(EXPAND1(EXPAND1(EXPAND1(__VA_ARGS__))))
#define EXPAND1(...)           EXPAND2(EXPAND2(EXPAND2(EXPAND2(__VA_ARGS__))))
#define EXPAND2(...)           EXPAND3(EXPAND3(EXPAND3(EXPAND3(__VA_ARGS__))))
#define EXPAND3(...)           __VA_ARGS__
#define EACH(f, s, ...)        EXPAND(EACH_ONE(f, s, __VA_ARGS__))
#define EACH_ONE(f, s, a, ...) f(s, a) __VA_OPT__(EACH_AGAIN PARENS(f, s, __VA_ARGS__))
#define EACH_AGAIN()           EACH_ONE

struct layout_line {
	const char *name;
	int32_t value; /* as a Java int: what does not fit signed comes out negative */
};

#define OFFSET(s, member)     { #s "." #member, (int32_t)offsetof(struct s, member) },
#define STRUCT(s, ...)        { "sizeof." #s, (int32_t)sizeof(struct s) }, EACH(OFFSET, s, __VA_ARGS__)
#define ENUM_ONE(e, constant) { #constant, (int32_t)(constant) },
#define ENUM(e, ...)          EACH(ENUM_ONE, e, __VA_ARGS__)
/* Not through EACH: a macro's name would be replaced on the way. */
#define CONSTANT(macro) { #macro, (int32_t)(macro) },

/* clang-format off */
static const struct layout_line lines[] = {
	/* flue_offload.h: structures */
	STRUCT(flue_object_header, type, revision, size)
	STRUCT(flue_miniport_offload_block_list, header, next_block, dependent_block_list, status,
	       ndis_reserved, miniport_offload_context, ndis_offload_handle, protocol_reserved,
	       miniport_reserved, im_reserved, scratch, source_handle, port_number,
	       net_buffer_list_chain)
	STRUCT(flue_protocol_offload_block_list, header, next_block, dependent_block_list, status,
	       ndis_reserved, offload_handle, protocol_reserved, miniport_reserved, im_reserved,
	       scratch, source_handle, port_number, net_buffer_list_chain)
	STRUCT(flue_offload_handle, ndis_reserved, miniport_offload_context)
	STRUCT(flue_state_header, length, recognized_options)
	STRUCT(flue_neighbor_const, header, dl_source_address, vlan_id)
	STRUCT(flue_neighbor_cached, header, dl_destination_address, host_reachability_delta)
	STRUCT(flue_neighbor_delegated, header, nic_reachability_delta)
	STRUCT(flue_path_const, header, source_address, destination_address)
	STRUCT(flue_path_cached, header, path_mtu)
	STRUCT(flue_path_delegated, header)
	STRUCT(flue_tcp_const, header, flags, remote_port, local_port, wind_scale, remote_mss,
	       hash_value)
	STRUCT(flue_tcp_cached, header, flags, initial_rcv_wnd, rcv_indication_size, ka_probe_count,
	       ka_timeout, ka_interval, max_rt, flow_label, ttl_or_hop_limit, tos_or_traffic_class,
	       user_priority)
	STRUCT(flue_tcp_delegated, header, state, flags, rcv_nxt, rcv_wnd, snd_una, snd_nxt, snd_max,
	       snd_wnd, max_snd_wnd, send_wl1, cwnd, ssthresh, srtt, rttvar, ts_recent,
	       ts_recent_age, ts_time, total_rt, dup_ack_count, snd_wnd_probe_count, ka_probe_count,
	       ka_timeout_delta, retransmit_count, retransmit_timeout_delta, send_data_head,
	       send_data_tail, send_backlog_size, buffered_data, receive_backlog_size, dwnd)
	STRUCT(flue_tcp_ext_run, end, info)
	STRUCT(flue_tcp_state_ext, header, version, flags, rcv_adv, recover, srtt_us, rttvar_us,
	       min_rtt_us, rto_us, last_ack_sent, snd_wl2, bytes_in, bytes_out, retransmits,
	       cc_algorithm, retransmit_timeout_us, prr_delivered, prr_out, recover_flight,
	       rack_rtt_us, rack_age_us, rack_end, rack_fack, rack_reo_mult, rack_reo_persist,
	       tlp_end, ecn_recover, cc_state, run_count, runs)
	STRUCT(flue_net_buffer_list, next, first_net_buffer, context, source_handle,
	       protocol_reserved, miniport_reserved, scratch, status, bytes_transferred,
	       receive_bytes_transferred, receive_no_push, flags)
	STRUCT(flue_net_buffer, next, mdl_chain, current_mdl, current_mdl_offset, data_offset,
	       data_length)
	STRUCT(flue_mdl, next, data, byte_count)

	/* flue_channel.h: structures */
	STRUCT(flue_channel_header, magic, version, sub_capacity, up_capacity, sub_offset, up_offset,
	       sub_tail, newest_forward, sub_head, up_tail, up_head, engine_now, engine_passes, engine_stopped, engine_sleeps)
	STRUCT(flue_submission, op, arg0, token, ref, arg1)
	STRUCT(flue_up, op, arg0, handle, ref, arg1)

	/* flue_oid.h: structures */
	STRUCT(flue_oid_request, oid, type, status, length, information, source_handle, im_reserved,
	       protocol_reserved)
	STRUCT(flue_tcp_connection_offload, header, encapsulation, support_ipv4, support_ipv6,
	       support_ipv6_extension_headers, support_sack, capacity, flags)
	STRUCT(flue_tcp_connection_offload_parameters, header, ipv4_enabled,
	       ipv4_encapsulation_type, ipv4_header_size, ipv6_enabled, ipv6_encapsulation_type,
	       ipv6_header_size, ticks_per_second, tcp_ack_frequency, tcp_delayed_ack_ticks,
	       tcp_maximum_retransmissions, tcp_doubt_reachability_retransmissions,
	       tcp_sws_prevention_ticks, tcp_duplicate_ack_threshold, tcp_push_ticks,
	       nce_stale_ticks, congestion_algorithm)
	STRUCT(flue_tcp_offload_parameters, header, tcp_connection_ipv4, tcp_connection_ipv6)
	STRUCT(flue_tcp_offload_stats, in_segments, out_segments, currently_established,
	       reset_established, retransmitted_segments, in_errors, out_resets)
	STRUCT(flue_ip_offload_stats, in_receives, in_octets, in_delivers, out_requests, out_octets,
	       in_header_errors, in_truncated_packets, in_discards, out_discards, out_no_routes)

	/* flue_observe.h: structures */
	STRUCT(flue_counters_header, magic, version, count, pid, start_ns, updated_ns)
	STRUCT(flue_counter_record, value, name)

	/* flue_types.h */
	CONSTANT(FLUE_ABI_VERSION)
	CONSTANT(FLUE_CACHE_LINE)
	CONSTANT(FLUE_REF_OFFSET_BITS)
	CONSTANT(FLUE_MAX_REGIONS)
	ENUM(flue_status, FLUE_STATUS_SUCCESS, FLUE_STATUS_PENDING,
	     FLUE_STATUS_OFFLOAD_PARTIAL_SUCCESS, FLUE_STATUS_OFFLOAD_STATE_INVALID,
	     FLUE_STATUS_FAILURE, FLUE_STATUS_RESOURCES, FLUE_STATUS_NOT_SUPPORTED,
	     FLUE_STATUS_INVALID_STATE, FLUE_STATUS_REQUEST_ABORTED, FLUE_STATUS_UPLOAD_IN_PROGRESS,
	     FLUE_STATUS_REQUEST_UPLOAD, FLUE_STATUS_UPLOAD_REQUESTED,
	     FLUE_STATUS_OFFLOAD_TCP_ENTRIES, FLUE_STATUS_OFFLOAD_PATH_ENTRIES,
	     FLUE_STATUS_OFFLOAD_NEIGHBOR_ENTRIES, FLUE_STATUS_OFFLOAD_IP_ADDRESS_ENTRIES,
	     FLUE_STATUS_OFFLOAD_HW_ADDRESS_ENTRIES, FLUE_STATUS_OFFLOAD_VLAN_ENTRIES,
	     FLUE_STATUS_OFFLOAD_TCP_XMIT_BUFFER, FLUE_STATUS_OFFLOAD_TCP_RCV_BUFFER,
	     FLUE_STATUS_OFFLOAD_TCP_RCV_WINDOW, FLUE_STATUS_OFFLOAD_VLAN_MISMATCH,
	     FLUE_STATUS_OFFLOAD_DATA_NOT_ACCEPTED, FLUE_STATUS_OFFLOAD_POLICY,
	     FLUE_STATUS_OFFLOAD_DATA_PARTIALLY_ACCEPTED, FLUE_STATUS_OFFLOAD_REQUEST_RESET,
	     FLUE_STATUS_OFFLOAD_CONNECTION_REJECTED, FLUE_STATUS_OFFLOAD_PATH_MTU)

	/* flue_offload.h: constants */
	ENUM(flue_state_type, FLUE_STATE_NONE, FLUE_STATE_NEIGHBOR_CONST,
	     FLUE_STATE_NEIGHBOR_CACHED, FLUE_STATE_NEIGHBOR_DELEGATED, FLUE_STATE_NEIGHBOR,
	     FLUE_STATE_IP4_CONST, FLUE_STATE_IP4_CACHED, FLUE_STATE_IP4_DELEGATED, FLUE_STATE_IP4,
	     FLUE_STATE_IP6_CONST, FLUE_STATE_IP6_CACHED, FLUE_STATE_IP6_DELEGATED, FLUE_STATE_IP6,
	     FLUE_STATE_TCP_CONST, FLUE_STATE_TCP_CACHED, FLUE_STATE_TCP_DELEGATED, FLUE_STATE_TCP)
	ENUM(flue_tcp_state, FLUE_TCP_CLOSED, FLUE_TCP_LISTEN, FLUE_TCP_SYN_SENT, FLUE_TCP_SYN_RCVD,
	     FLUE_TCP_ESTABLISHED, FLUE_TCP_FIN_WAIT1, FLUE_TCP_FIN_WAIT2, FLUE_TCP_CLOSE_WAIT,
	     FLUE_TCP_CLOSING, FLUE_TCP_LAST_ACK, FLUE_TCP_TIME_WAIT)
	ENUM(flue_tcp_event, FLUE_TCP_INDICATE_SEND_BACKLOG_CHANGE, FLUE_TCP_INDICATE_DISCONNECT,
	     FLUE_TCP_INDICATE_RETRIEVE, FLUE_TCP_INDICATE_ABORT)
	ENUM(flue_upload_reason, FLUE_UPLOAD_LOW_ACTIVITY, FLUE_UPLOAD_HIGH_DROP_RATE,
	     FLUE_UPLOAD_SMALL_IO, FLUE_UPLOAD_NO_BUFFER_PREPOSTING,
	     FLUE_UPLOAD_RECEIVED_URGENT_DATA, FLUE_UPLOAD_HIGH_FRAGMENTATION,
	     FLUE_UPLOAD_HIGH_OUT_OF_ORDER_PACKETS, FLUE_UPLOAD_TIMEOUT_EXPIRATION,
	     FLUE_UPLOAD_INVALID_STATE, FLUE_UPLOAD_UPLOAD_REQUESTED, FLUE_UPLOAD_HARDWARE_FAILURE)
	ENUM(flue_status_indication, FLUE_STATUS_INDICATE_OFFLOAD_PAUSE,
	     FLUE_STATUS_INDICATE_UPLOAD_ALL, FLUE_STATUS_INDICATE_OFFLOAD_RESUME,
	     FLUE_STATUS_INDICATE_TCP_CONNECTION_OFFLOAD_HARDWARE_CAPABILITIES,
	     FLUE_STATUS_INDICATE_MEDIA_CONNECT, FLUE_STATUS_INDICATE_MEDIA_DISCONNECT)
	ENUM(flue_offload_event, FLUE_NEIGHBOR_REACHABILITY_IN_DOUBT,
	     FLUE_NEIGHBOR_REACHABILITY_QUERY)
	CONSTANT(FLUE_STATE_OPTION_EXT)
	CONSTANT(FLUE_TCP_CONST_TIMESTAMPS)
	CONSTANT(FLUE_TCP_CONST_SACK)
	CONSTANT(FLUE_TCP_CONST_WINDOW_SCALING)
	CONSTANT(FLUE_TCP_CACHED_KEEP_ALIVE_ENABLED)
	CONSTANT(FLUE_TCP_CACHED_NAGLING_ENABLED)
	CONSTANT(FLUE_TCP_CACHED_KEEP_ALIVE_RESTART)
	CONSTANT(FLUE_TCP_CACHED_MAX_RT_RESTART)
	CONSTANT(FLUE_TCP_CACHED_UPDATE_RCV_WND)
	CONSTANT(FLUE_TIMER_STOPPED)
	CONSTANT(FLUE_TCP_EXT_VERSION)
	CONSTANT(FLUE_TCP_EXT_FIN_SENT)
	CONSTANT(FLUE_TCP_EXT_FIN_QUEUED)
	CONSTANT(FLUE_TCP_EXT_FIN_RECEIVED)
	CONSTANT(FLUE_TCP_EXT_IN_RECOVERY)
	CONSTANT(FLUE_TCP_EXT_REORDERING)
	CONSTANT(FLUE_TCP_EXT_TLP)
	CONSTANT(FLUE_TCP_EXT_TLP_RETRANS)
	CONSTANT(FLUE_TCP_EXT_ECN)
	CONSTANT(FLUE_TCP_EXT_ECE_OWED)
	CONSTANT(FLUE_TCP_EXT_CWR_OWED)
	CONSTANT(FLUE_TCP_EXT_CE_LAST)
	CONSTANT(FLUE_TCP_EXT_RTO_RECOVERY)
	CONSTANT(FLUE_TCP_EXT_RUNS)
	CONSTANT(FLUE_TCP_RUN_SACKED)
	CONSTANT(FLUE_TCP_RUN_LOST)
	CONSTANT(FLUE_TCP_RUN_RETRANSMITTED)
	CONSTANT(FLUE_TCP_RUN_AGE_UNKNOWN)
	ENUM(flue_congestion_control, FLUE_CC_RENO, FLUE_CC_CUBIC, FLUE_CC_DCTCP)
	CONSTANT(FLUE_CC_CUBIC_W_MAX)
	CONSTANT(FLUE_CC_CUBIC_K)
	CONSTANT(FLUE_CC_CUBIC_T)
	CONSTANT(FLUE_CC_CUBIC_W_EST)
	CONSTANT(FLUE_CC_CUBIC_PRIOR)
	CONSTANT(FLUE_CC_CUBIC_FLAGS)
	CONSTANT(FLUE_CC_CUBIC_EPOCH)
	CONSTANT(FLUE_CC_CUBIC_AFTER_TIMEOUT)
	CONSTANT(FLUE_CC_DCTCP_ALPHA)
	CONSTANT(FLUE_CC_DCTCP_START)
	CONSTANT(FLUE_CC_DCTCP_END)
	CONSTANT(FLUE_CC_DCTCP_MARKED)
	CONSTANT(FLUE_CC_DCTCP_RUNS)
	CONSTANT(FLUE_CC_DCTCP_ONE)
	CONSTANT(FLUE_BLOCK_LIST_BYTES)
	CONSTANT(FLUE_NEIGHBOR_CONST_AT)
	CONSTANT(FLUE_NEIGHBOR_CACHED_AT)
	CONSTANT(FLUE_NEIGHBOR_DELEGATED_AT)
	CONSTANT(FLUE_PATH_CONST_AT)
	CONSTANT(FLUE_PATH_CACHED_AT)
	CONSTANT(FLUE_PATH_DELEGATED_AT)
	CONSTANT(FLUE_TCP_CONST_AT)
	CONSTANT(FLUE_TCP_CACHED_AT)
	CONSTANT(FLUE_TCP_DELEGATED_AT)
	CONSTANT(FLUE_TCP_EXT_AT)
	CONSTANT(FLUE_BLOCK_BYTES)
	CONSTANT(FLUE_DISCONNECT_GRACEFUL)
	CONSTANT(FLUE_DISCONNECT_ABORTIVE)
	CONSTANT(FLUE_MAX_NBLS_PER_CALL)
	CONSTANT(FLUE_MAX_NBS_PER_NBL)
	CONSTANT(FLUE_MAX_MDLS_PER_NB)
	CONSTANT(FLUE_MAX_BLOCKS_PER_TREE)

	/* flue_oid.h: constants */
	ENUM(flue_oid, FLUE_OID_TCP_TASK_OFFLOAD, FLUE_OID_TCP4_OFFLOAD_STATS, FLUE_OID_TCP6_OFFLOAD_STATS,
	     FLUE_OID_IP4_OFFLOAD_STATS, FLUE_OID_IP6_OFFLOAD_STATS,
	     FLUE_OID_TCP_OFFLOAD_PARAMETERS, FLUE_OID_TCP_CONNECTION_OFFLOAD_CURRENT_CONFIG,
	     FLUE_OID_TCP_CONNECTION_OFFLOAD_HARDWARE_CAPABILITIES,
	     FLUE_OID_TCP_CONNECTION_OFFLOAD_PARAMETERS, FLUE_OID_PNP_SET_POWER)
	ENUM(flue_oid_request_type, FLUE_OID_REQUEST_QUERY, FLUE_OID_REQUEST_SET)
	ENUM(flue_power_state, FLUE_POWER_D0, FLUE_POWER_D3)
	CONSTANT(FLUE_ENCAPSULATION_IEEE_802_3)
	CONSTANT(FLUE_ENCAPSULATION_LLC_SNAP_ROUTED)
	CONSTANT(FLUE_ENABLED_IPV4)
	CONSTANT(FLUE_ENABLED_IPV6)
	CONSTANT(FLUE_ENABLED_SACK)

	/* flue_channel.h: constants */
	CONSTANT(FLUE_CHANNEL_MAGIC)
	ENUM(flue_submission_op, FLUE_SUB_INITIATE, FLUE_SUB_QUERY, FLUE_SUB_UPDATE,
	     FLUE_SUB_INVALIDATE, FLUE_SUB_TERMINATE, FLUE_SUB_SEND, FLUE_SUB_RECEIVE,
	     FLUE_SUB_DISCONNECT, FLUE_SUB_FORWARD, FLUE_SUB_RECEIVE_RETURN, FLUE_SUB_VERDICT,
	     FLUE_SUB_FRAME_SEND, FLUE_SUB_FRAME_RETURN, FLUE_SUB_OID_REQUEST,
	     FLUE_SUB_OFFLOAD_EVENT_VERDICT)
	ENUM(flue_up_op, FLUE_UP_INITIATE_COMPLETE, FLUE_UP_QUERY_COMPLETE, FLUE_UP_UPDATE_COMPLETE,
	     FLUE_UP_INVALIDATE_COMPLETE, FLUE_UP_TERMINATE_COMPLETE, FLUE_UP_SEND_COMPLETE,
	     FLUE_UP_RECEIVE_COMPLETE, FLUE_UP_DISCONNECT_COMPLETE, FLUE_UP_FORWARD_COMPLETE,
	     FLUE_UP_RECEIVE_INDICATE, FLUE_UP_EVENT, FLUE_UP_STATUS, FLUE_UP_FRAME,
	     FLUE_UP_FRAME_SEND_COMPLETE, FLUE_UP_OID_REQUEST_COMPLETE, FLUE_UP_OFFLOAD_EVENT)

	/* flue_observe.h: constants */
	CONSTANT(FLUE_COUNTERS_MAGIC)
	CONSTANT(FLUE_CTR_COUNT)
};
/* clang-format on */

#define LINES      (sizeof(lines) / sizeof(lines[0]))
#define LINE_BYTES 72

static char text[LINES * LINE_BYTES];

static void
text_make(void)
{
	size_t at = 0;
	size_t i;

	for (i = 0; i < LINES; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s=%d\n", lines[i].name,
				lines[i].value);
	text[at - 1] = '\0';
}

const char *
flue_layout_describe(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, text_make);
	return text;
}
