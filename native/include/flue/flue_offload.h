/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_OFFLOAD_H
#define FLUE_OFFLOAD_H

/**
 * @file
 * Block lists, offload handles and state objects, as they lie in a region.
 *
 * Natural x86-64 alignment, members in the order of the specification; each structure starts on a
 * multiple of 8. All integers are little-endian except addresses and ports, which are in network
 * byte order, as on the wire. Offsets are asserted here and again in Java.
 *
 * What the structures have no place for travels in flue_tcp_state_ext, behind DELEGATED, when the
 * DELEGATED header's recognized_options has FLUE_STATE_OPTION_EXT set.
 *
 *   block list (152) | CONST | pad to 8 | CACHED | pad to 8 | DELEGATED | pad to 8 | [EXT]
 */

#include "flue_types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define FLUE_ASSERT_LAYOUT(cond) _Static_assert(cond, #cond)
#ifdef __cplusplus
#undef FLUE_ASSERT_LAYOUT
#define FLUE_ASSERT_LAYOUT(cond) static_assert(cond, #cond)
#endif

/** OFFLOAD_STATE_TYPE: what follows a block in memory (3.4). */
enum flue_state_type {
	FLUE_STATE_NONE = 0,
	FLUE_STATE_NEIGHBOR_CONST = 1,
	FLUE_STATE_NEIGHBOR_CACHED = 2,
	FLUE_STATE_NEIGHBOR_DELEGATED = 3,
	FLUE_STATE_NEIGHBOR = 4,
	FLUE_STATE_IP4_CONST = 5,
	FLUE_STATE_IP4_CACHED = 6,
	FLUE_STATE_IP4_DELEGATED = 7,
	FLUE_STATE_IP4 = 8,
	FLUE_STATE_IP6_CONST = 9,
	FLUE_STATE_IP6_CACHED = 10,
	FLUE_STATE_IP6_DELEGATED = 11,
	FLUE_STATE_IP6 = 12,
	FLUE_STATE_TCP_CONST = 13,
	FLUE_STATE_TCP_CACHED = 14,
	FLUE_STATE_TCP_DELEGATED = 15,
	FLUE_STATE_TCP = 17,
};

/** NDIS_OBJECT_HEADER. `size` is that of the block list, 152. */
struct flue_object_header {
	uint8_t type;     /**< enum flue_state_type */
	uint8_t revision; /**< 1 */
	uint16_t size;    /**< bytes of the structure that starts here */
};

/**
 * NDIS_MINIPORT_OFFLOAD_BLOCK_LIST (3.1): the block as a target sees it.
 * Owned by the target from the call to the completion; the target writes `status` of every block
 * and its token through `miniport_offload_context`, and leaves protocol_reserved, im_reserved and
 * source_handle alone (T-15, T-17, T-22).
 */
struct flue_miniport_offload_block_list {
	struct flue_object_header header;
	uint32_t pad0;
	flue_ref next_block;           /**< next block of the same layer, or NULL */
	flue_ref dependent_block_list; /**< first block one layer up, or NULL */
	uint32_t status;               /**< enum flue_status */
	uint32_t pad1;
	uint64_t ndis_reserved[2];
	flue_ref miniport_offload_context; /**< slot that holds the token; NULL = placeholder */
	flue_ref ndis_offload_handle;      /**< handed back in indications */
	uint64_t protocol_reserved[2];
	uint64_t miniport_reserved[2];
	uint64_t im_reserved[2];
	uint64_t scratch[2];
	uint64_t source_handle;
	uint32_t port_number;
	uint32_t pad2;
	flue_ref net_buffer_list_chain; /**< outstanding send data; initiate and terminate only */
};

/** NDIS_PROTOCOL_OFFLOAD_BLOCK_LIST (3.2): the same 152 bytes as a host stack sees them. */
struct flue_protocol_offload_block_list {
	struct flue_object_header header;
	uint32_t pad0;
	flue_ref next_block;
	flue_ref dependent_block_list;
	uint32_t status;
	uint32_t pad1;
	uint64_t ndis_reserved[3];
	flue_ref offload_handle; /**< struct flue_offload_handle, or NULL = placeholder */
	uint64_t protocol_reserved[2];
	uint64_t miniport_reserved[2];
	uint64_t im_reserved[2];
	uint64_t scratch[2];
	uint64_t source_handle;
	uint32_t port_number;
	uint32_t pad2;
	flue_ref net_buffer_list_chain;
};

/** NDIS_OFFLOAD_HANDLE (3.3): a driver's handle on one offloaded object; the driver below writes
 *  its token into miniport_offload_context. ndis_reserved belongs to the handle's owner. */
struct flue_offload_handle {
	uint64_t ndis_reserved;
	uint64_t miniport_offload_context;
};

/** OFFLOAD_STATE_HEADER. */
struct flue_state_header {
	uint32_t length; /**< bytes of the whole structure, this header included */
	uint32_t recognized_options;
};

/** In the header of TCP DELEGATED: a flue_tcp_state_ext follows. */
#define FLUE_STATE_OPTION_EXT UINT32_C(0x1)

/* ---- Neighbor (2.1) ------------------------------------------------------------------------ */

struct flue_neighbor_const {
	struct flue_state_header header;
	uint8_t dl_source_address[32]; /**< all zero: the port's own */
	uint32_t vlan_id;              /**< lower 12 bits; 0 = not significant */
};

struct flue_neighbor_cached {
	struct flue_state_header header;
	uint8_t dl_destination_address[32]; /**< next hop's MAC in the first 6 bytes */
	uint32_t host_reachability_delta;   /**< ticks */
};

struct flue_neighbor_delegated {
	struct flue_state_header header;
	uint32_t nic_reachability_delta; /**< ticks */
};

/* ---- Path (2.2) ---------------------------------------------------------------------------- */

struct flue_path_const {
	struct flue_state_header header;
	flue_ref source_address; /**< 4 or 16 bytes, network order; family by block type */
	flue_ref destination_address;
};

struct flue_path_cached {
	struct flue_state_header header;
	uint32_t path_mtu; /**< bytes of the IP packet */
};

struct flue_path_delegated {
	struct flue_state_header header;
};

/* ---- TCP (2.3 .. 2.5) ---------------------------------------------------------------------- */

#define FLUE_TCP_CONST_TIMESTAMPS     0x01
#define FLUE_TCP_CONST_SACK           0x02
#define FLUE_TCP_CONST_WINDOW_SCALING 0x04

struct flue_tcp_const {
	struct flue_state_header header;
	uint16_t flags;       /**< FLUE_TCP_CONST_* */
	uint16_t remote_port; /**< network byte order */
	uint16_t local_port;  /**< network byte order */
	uint8_t wind_scale;   /**< low nibble SndWindScale, high nibble RcvWindScale */
	uint8_t pad0;
	uint16_t remote_mss; /**< as the peer announced it */
	uint16_t pad1;
	uint32_t hash_value; /**< RSS hash */
};

#define FLUE_TCP_CACHED_KEEP_ALIVE_ENABLED 0x01
#define FLUE_TCP_CACHED_NAGLING_ENABLED    0x02
#define FLUE_TCP_CACHED_KEEP_ALIVE_RESTART 0x04
#define FLUE_TCP_CACHED_MAX_RT_RESTART     0x08
#define FLUE_TCP_CACHED_UPDATE_RCV_WND     0x10

struct flue_tcp_cached {
	struct flue_state_header header;
	uint16_t flags; /**< FLUE_TCP_CACHED_* */
	uint16_t pad0;
	uint32_t initial_rcv_wnd;     /**< bytes: SO_RCVBUF */
	uint32_t rcv_indication_size; /**< bytes, a hint; 0 = as much as there is */
	uint8_t ka_probe_count;
	uint8_t pad1[3];
	uint32_t ka_timeout;  /**< ticks */
	uint32_t ka_interval; /**< ticks */
	uint32_t max_rt;      /**< ticks; 0 = by count, 0xffffffff = no limit */
	uint32_t flow_label;  /**< lower 20 bits, IPv6 */
	uint8_t ttl_or_hop_limit;
	uint8_t tos_or_traffic_class;
	uint8_t user_priority; /**< lower 3 bits */
	uint8_t pad2;
};

/** RFC 9293 states by the numbers of the specification. */
enum flue_tcp_state {
	FLUE_TCP_CLOSED = 0,
	FLUE_TCP_LISTEN = 1,
	FLUE_TCP_SYN_SENT = 2,
	FLUE_TCP_SYN_RCVD = 3,
	FLUE_TCP_ESTABLISHED = 4,
	FLUE_TCP_FIN_WAIT1 = 5,
	FLUE_TCP_FIN_WAIT2 = 6,
	FLUE_TCP_CLOSE_WAIT = 7,
	FLUE_TCP_CLOSING = 8,
	FLUE_TCP_LAST_ACK = 9,
	FLUE_TCP_TIME_WAIT = 10,
};

/** A stopped timer, in every timer delta. */
#define FLUE_TIMER_STOPPED UINT32_C(0xffffffff)

struct flue_tcp_delegated {
	struct flue_state_header header;
	uint32_t state; /**< enum flue_tcp_state */
	uint16_t flags;
	uint16_t pad0;
	uint32_t rcv_nxt;
	uint32_t rcv_wnd; /**< bytes from rcv_nxt to the promised right edge */
	uint32_t snd_una;
	uint32_t snd_nxt;
	uint32_t snd_max;
	uint32_t snd_wnd; /**< bytes from snd_una */
	uint32_t max_snd_wnd;
	uint32_t send_wl1;
	uint32_t cwnd;     /**< bytes */
	uint32_t ssthresh; /**< bytes */
	uint16_t srtt;     /**< ticks x 8 */
	uint16_t rttvar;   /**< ticks x 4 */
	uint32_t ts_recent;
	uint32_t ts_recent_age; /**< ticks */
	uint32_t ts_time;       /**< the giver's timestamp clock, now */
	uint32_t total_rt;      /**< ticks */
	uint8_t dup_ack_count;
	uint8_t snd_wnd_probe_count;
	uint16_t pad1;
	uint8_t ka_probe_count;
	uint8_t pad2[3];
	uint32_t ka_timeout_delta; /**< ticks, FLUE_TIMER_STOPPED */
	uint8_t retransmit_count;
	uint8_t pad3[3];
	uint32_t retransmit_timeout_delta; /**< ticks, FLUE_TIMER_STOPPED */
	union {
		struct {
			flue_ref send_data_head; /**< initiate, terminate: first NBL with send data */
			flue_ref send_data_tail;
		};
		uint32_t send_backlog_size; /**< query; 0xffffffff = not supported */
	};
	union {
		flue_ref buffered_data;        /**< initiate, terminate: NBL chain */
		uint32_t receive_backlog_size; /**< query; 0xffffffff = not supported */
	};
	uint32_t dwnd;
	uint32_t pad4;
};

#define FLUE_TCP_EXT_VERSION 2

/** Runs of the scoreboard that travel; what does not fit is told as one run without knowledge. */
#define FLUE_TCP_EXT_RUNS 44

/** Congestion control of a connection. */
enum flue_congestion_control {
	FLUE_CC_RENO = 0,  /**< RFC 5681, 6582 */
	FLUE_CC_CUBIC = 1, /**< RFC 9438 */
	FLUE_CC_DCTCP = 2, /**< RFC 8257; needs ECN */
};

/* What the words of flue_tcp_state_ext.cc_state mean. All of them 0: nothing is remembered. Words not
 * named, and those of Reno, are 0. */
#define FLUE_CC_CUBIC_W_MAX 0 /**< bytes: W_max, after fast convergence; 0 = no loss so far */
#define FLUE_CC_CUBIC_K     1 /**< microseconds */
#define FLUE_CC_CUBIC_T     2 /**< microseconds of the epoch, without those it was limited by data */
#define FLUE_CC_CUBIC_W_EST 3 /**< bytes: W_est, what Reno would have */
#define FLUE_CC_CUBIC_PRIOR 4 /**< bytes: cwnd_prior; 0 = no loss so far */
#define FLUE_CC_CUBIC_FLAGS 5 /**< FLUE_CC_CUBIC_EPOCH, ... */

#define FLUE_CC_CUBIC_EPOCH         0x1 /**< K, T and W_EST hold */
#define FLUE_CC_CUBIC_AFTER_TIMEOUT 0x2 /**< the next epoch begins with K = 0 (RFC 9438 4.8) */

#define FLUE_CC_DCTCP_ALPHA  0 /**< DCTCP.Alpha, in 1/FLUE_CC_DCTCP_ONE */
#define FLUE_CC_DCTCP_START  1 /**< sequence number at which the observation window began */
#define FLUE_CC_DCTCP_END    2 /**< ... and at which it ends: DCTCP.WindowEnd */
#define FLUE_CC_DCTCP_MARKED 3 /**< bytes: DCTCP.BytesMarked of it */
#define FLUE_CC_DCTCP_RUNS   4 /**< 1 = the others hold */

#define FLUE_CC_DCTCP_ONE 1048576u

/** A run of what is between snd_una and snd_max; it begins where the run before it ends, the first
 *  one at snd_una. */
struct flue_tcp_ext_run {
	uint32_t end; /**< sequence number behind its last byte */
	uint32_t info; /**< FLUE_TCP_RUN_*, and the age of its last transmission << 3 in microseconds;
			  FLUE_TCP_RUN_AGE_UNKNOWN */
};

#define FLUE_TCP_RUN_SACKED        0x1 /**< the peer has it (RFC 2018) */
#define FLUE_TCP_RUN_LOST          0x2 /**< and it is to be sent again */
#define FLUE_TCP_RUN_RETRANSMITTED 0x4 /**< it was sent more than once */
#define FLUE_TCP_RUN_AGE_UNKNOWN   UINT32_C(0x1fffffff)

/** What the 1990s layout has no place for. A receiver that does not know the version ignores it
 *  and starts conservatively. Bytes, sequence numbers and microseconds. */
struct flue_tcp_state_ext {
	struct flue_state_header header;
	uint32_t version; /**< FLUE_TCP_EXT_VERSION */
	uint32_t flags;   /**< FLUE_TCP_EXT_* */
	uint32_t rcv_adv; /**< promised right edge: rcv_nxt + window last advertised */
	uint32_t recover; /**< end of recovery (RFC 6582, 6675); snd_una when not in recovery */
	uint32_t srtt_us;
	uint32_t rttvar_us;
	uint32_t min_rtt_us;    /**< 0 = unknown */
	uint32_t rto_us;        /**< current, backed off */
	uint32_t last_ack_sent; /**< rcv_nxt of the last ACK sent (RFC 7323 Last.ACK.sent) */
	uint32_t snd_wl2;
	uint64_t bytes_in;              /**< payload received in order since establishment */
	uint64_t bytes_out;             /**< payload acknowledged since establishment */
	uint32_t retransmits;           /**< segments retransmitted since establishment */
	uint32_t cc_algorithm;          /**< enum flue_congestion_control */
	uint32_t retransmit_timeout_us; /**< DELEGATED's timer, rounded down; 0 = not given */
	uint32_t prr_delivered;         /**< bytes, PRR of this recovery (RFC 9937) */
	uint32_t prr_out;               /**< bytes */
	uint32_t recover_flight;        /**< RecoverFS: bytes in flight when recovery began */
	uint32_t rack_rtt_us;           /**< RACK.rtt (RFC 8985); 0 = RACK has no state */
	uint32_t rack_age_us;           /**< since RACK.xmit_ts */
	uint32_t rack_end;              /**< RACK.end_seq */
	uint32_t rack_fack;             /**< RACK.fack: highest sequence number delivered */
	uint32_t rack_reo_mult;         /**< RACK.reo_wnd_mult; 0 counts as 1 */
	uint32_t rack_reo_persist;      /**< recoveries it still holds */
	uint32_t tlp_end;               /**< TLP.end_seq, with FLUE_TCP_EXT_TLP */
	uint32_t ecn_recover; /**< no second cut before snd_una is beyond (RFC 3168 6.1.2) */
	uint32_t cc_state[8]; /**< private to the algorithm */
	uint32_t run_count;   /**< of runs; 0 = nothing is known of what is in flight */
	struct flue_tcp_ext_run runs[FLUE_TCP_EXT_RUNS];
};

#define FLUE_TCP_EXT_FIN_SENT     0x1   /**< our FIN lies at snd_max - 1 */
#define FLUE_TCP_EXT_FIN_QUEUED   0x2   /**< our FIN follows the send data, not yet sent */
#define FLUE_TCP_EXT_FIN_RECEIVED 0x4   /**< the peer's FIN lies at rcv_nxt - 1 */
#define FLUE_TCP_EXT_IN_RECOVERY  0x8   /**< fast recovery or after a timeout, up to recover */
#define FLUE_TCP_EXT_REORDERING   0x10  /**< RACK.reordering_seen */
#define FLUE_TCP_EXT_TLP          0x20  /**< a tail loss probe is out, up to tlp_end */
#define FLUE_TCP_EXT_TLP_RETRANS  0x40  /**< ... that sent old data again (TLP.is_retrans) */
#define FLUE_TCP_EXT_ECN          0x80  /**< agreed at the handshake (RFC 3168) */
#define FLUE_TCP_EXT_ECE_OWED     0x100 /**< CE was seen, the peer's CWR was not yet */
#define FLUE_TCP_EXT_CWR_OWED     0x200 /**< our next new data carries CWR */
#define FLUE_TCP_EXT_CE_LAST      0x400 /**< DCTCP.CE of the receiver (RFC 8257 3.2) */
#define FLUE_TCP_EXT_RTO_RECOVERY 0x800 /**< the recovery began with a timeout */

#define FLUE_BLOCK_LIST_BYTES 152
#define FLUE_ROUND8(n)        (((n) + 7u) & ~7u)

FLUE_ASSERT_LAYOUT(sizeof(struct flue_miniport_offload_block_list) == FLUE_BLOCK_LIST_BYTES);
FLUE_ASSERT_LAYOUT(sizeof(struct flue_protocol_offload_block_list) == FLUE_BLOCK_LIST_BYTES);
FLUE_ASSERT_LAYOUT(offsetof(struct flue_miniport_offload_block_list, ndis_offload_handle) ==
		   offsetof(struct flue_protocol_offload_block_list, offload_handle));
FLUE_ASSERT_LAYOUT(offsetof(struct flue_miniport_offload_block_list, net_buffer_list_chain) == 144);
FLUE_ASSERT_LAYOUT(sizeof(struct flue_offload_handle) == 16);
FLUE_ASSERT_LAYOUT(sizeof(struct flue_neighbor_const) == 44);
FLUE_ASSERT_LAYOUT(sizeof(struct flue_neighbor_cached) == 44);
FLUE_ASSERT_LAYOUT(sizeof(struct flue_neighbor_delegated) == 12);
FLUE_ASSERT_LAYOUT(sizeof(struct flue_path_const) == 24);
FLUE_ASSERT_LAYOUT(sizeof(struct flue_path_cached) == 12);
FLUE_ASSERT_LAYOUT(sizeof(struct flue_path_delegated) == 8);
FLUE_ASSERT_LAYOUT(sizeof(struct flue_tcp_const) == 24);
FLUE_ASSERT_LAYOUT(sizeof(struct flue_tcp_cached) == 44);
FLUE_ASSERT_LAYOUT(sizeof(struct flue_tcp_delegated) == 128);
FLUE_ASSERT_LAYOUT(offsetof(struct flue_tcp_delegated, send_data_head) == 0x60);
FLUE_ASSERT_LAYOUT(offsetof(struct flue_tcp_delegated, buffered_data) == 0x70);
FLUE_ASSERT_LAYOUT(sizeof(struct flue_tcp_state_ext) == 512);

/* Offsets of the state structures behind a block list. */
#define FLUE_NEIGHBOR_CONST_AT     152
#define FLUE_NEIGHBOR_CACHED_AT    200
#define FLUE_NEIGHBOR_DELEGATED_AT 248
#define FLUE_PATH_CONST_AT         152
#define FLUE_PATH_CACHED_AT        176
#define FLUE_PATH_DELEGATED_AT     192
#define FLUE_TCP_CONST_AT          152
#define FLUE_TCP_CACHED_AT         176
#define FLUE_TCP_DELEGATED_AT      224
#define FLUE_TCP_EXT_AT            352
/** Bytes that hold a block of any type with all its structures. */
#define FLUE_BLOCK_BYTES 896

/* ---- Events (6.1, 6.2, 6.5) ----------------------------------------------------------------- */

enum flue_tcp_event {
	FLUE_TCP_INDICATE_SEND_BACKLOG_CHANGE = 1,
	FLUE_TCP_INDICATE_DISCONNECT = 2,
	FLUE_TCP_INDICATE_RETRIEVE = 3,
	FLUE_TCP_INDICATE_ABORT = 4,
};

enum flue_upload_reason {
	FLUE_UPLOAD_LOW_ACTIVITY = 1,
	FLUE_UPLOAD_HIGH_DROP_RATE = 2,
	FLUE_UPLOAD_SMALL_IO = 3,
	FLUE_UPLOAD_NO_BUFFER_PREPOSTING = 4,
	FLUE_UPLOAD_RECEIVED_URGENT_DATA = 5,
	FLUE_UPLOAD_HIGH_FRAGMENTATION = 6,
	FLUE_UPLOAD_HIGH_OUT_OF_ORDER_PACKETS = 7,
	FLUE_UPLOAD_TIMEOUT_EXPIRATION = 8,
	FLUE_UPLOAD_INVALID_STATE = 9,
	FLUE_UPLOAD_UPLOAD_REQUESTED = 10,
	FLUE_UPLOAD_HARDWARE_FAILURE = 11,
};

enum flue_status_indication {
	FLUE_STATUS_INDICATE_OFFLOAD_PAUSE = 0x40020001,
	FLUE_STATUS_INDICATE_UPLOAD_ALL = 0x40020002,
	FLUE_STATUS_INDICATE_OFFLOAD_RESUME = 0x40020003,
	/** of a team: what lies below can do something else now */
	FLUE_STATUS_INDICATE_TCP_CONNECTION_OFFLOAD_HARDWARE_CAPABILITIES = 0x4002000B,
	FLUE_STATUS_INDICATE_MEDIA_CONNECT = 0x4001000B,    /**< the link is up again */
	FLUE_STATUS_INDICATE_MEDIA_DISCONNECT = 0x4001000C, /**< the link is down */
};

/** Codes of NdisMOffloadEventIndicate (6.4). */
enum flue_offload_event {
	FLUE_NEIGHBOR_REACHABILITY_IN_DOUBT = 1, /**< reserved */
	/** The block, with all three neighbor structures behind it, asks for HostReachabilityDelta. */
	FLUE_NEIGHBOR_REACHABILITY_QUERY = 2,
};

#define FLUE_DISCONNECT_GRACEFUL 0x01
#define FLUE_DISCONNECT_ABORTIVE 0x02

/* ---- NET_BUFFER_LIST, NET_BUFFER, MDL ------------------------------------------------------- */

/**
 * A list of buffers that travels as one: send data, a receive indication, a forwarded segment, an
 * ordinary frame. Whoever holds it may use `scratch`. 128 bytes.
 *
 *   NBL --first_net_buffer--> NB --mdl_chain--> MDL --next--> MDL
 *    |next                     |next
 *   NBL                       NB   (send NBLs only; all others hold exactly one NB)
 *
 * Parts may lie anywhere. Sends of one NBL with one NB and one MDL cost least where the NB follows the NBL
 * in memory and the MDL the NB.
 */
struct flue_net_buffer_list {
	flue_ref next;
	flue_ref first_net_buffer;
	flue_ref context; /**< NET_BUFFER_LIST_CONTEXT: intermediate drivers' stack of owners */
	uint64_t source_handle;
	uint64_t protocol_reserved[4];      /**< the originator's */
	uint64_t miniport_reserved[2];      /**< the target's */
	uint64_t scratch;                   /**< current holder's */
	uint32_t status;                    /**< enum flue_status, on completion */
	uint32_t bytes_transferred;         /**< TcpOffloadBytesTransferred */
	uint32_t receive_bytes_transferred; /**< TcpReceiveBytesTransferred: bytes the host has put in
					       front of the data start of a posted buffer */
	uint8_t receive_no_push;            /**< TcpReceiveNoPush */
	uint8_t pad0[3];
	uint32_t flags;
	uint32_t pad1;
	uint64_t pad2[2];
};

/** In `flags` of a BufferedData NBL: there is urgent data in it. A target delivers none of it, asks
 *  for upload and gives it back marked (T-116). */
#define FLUE_NBL_URGENT UINT32_C(0x1)

/** In `flags` of a forwarded NBL: the peer was told that it arrived. Behind a hole a target does not
 *  answer it. */
#define FLUE_NBL_TOLD UINT32_C(0x2)

/** In `flags` of a forwarded NBL: its IP header said that it met congestion, CE (RFC 3168). */
#define FLUE_NBL_MARKED UINT32_C(0x4)

/** Data starts `data_offset` bytes into the MDL chain; current_mdl is the MDL in which that byte
 *  lies, current_mdl_offset its place there. 64 bytes. */
struct flue_net_buffer {
	flue_ref next;
	flue_ref mdl_chain;
	flue_ref current_mdl;
	uint32_t current_mdl_offset;
	uint32_t data_offset;
	uint32_t data_length; /**< bytes */
	uint32_t pad0;
	uint64_t pad1[3];
};

/** One contiguous piece of memory: byte_count bytes at `data`. 32 bytes. */
struct flue_mdl {
	flue_ref next;
	flue_ref data;
	uint32_t byte_count;
	uint32_t pad0;
	uint64_t pad1;
};

FLUE_ASSERT_LAYOUT(sizeof(struct flue_net_buffer_list) == 128);
FLUE_ASSERT_LAYOUT(sizeof(struct flue_net_buffer) == 64);
FLUE_ASSERT_LAYOUT(sizeof(struct flue_mdl) == 32);

/* Bounds on what a reader follows before it calls a chain broken. */
#define FLUE_MAX_NBLS_PER_CALL   4096
#define FLUE_MAX_NBS_PER_NBL     64
#define FLUE_MAX_MDLS_PER_NB     64
#define FLUE_MAX_BLOCKS_PER_TREE 1048576

#ifdef __cplusplus
}
#endif

#endif /* FLUE_OFFLOAD_H */
