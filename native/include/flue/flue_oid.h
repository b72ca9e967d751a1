/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_OID_H
#define FLUE_OID_H

/**
 * @file
 * Object identifiers: what a target is asked and told as a whole (chimney section 8). A request
 * names an OID and a buffer for its structure; it completes later with a status, like everything.
 *
 * Capabilities change only through PAUSE, UPLOAD_ALL and RESUME (6.5): FLUE_UP_STATUS of a RESUME
 * carries what is enabled from then on.
 */

#include "flue_offload.h"

#ifdef __cplusplus
extern "C" {
#endif

enum flue_oid {
	FLUE_OID_TCP_TASK_OFFLOAD = (int)0xFC010201,       /**< of a driver above; refused here */
	FLUE_OID_TCP4_OFFLOAD_STATS = (int)0xFC010207,     /**< query; set = reset */
	FLUE_OID_TCP6_OFFLOAD_STATS = (int)0xFC010208,     /**< query; set = reset */
	FLUE_OID_IP4_OFFLOAD_STATS = (int)0xFC010209,      /**< query; set = reset */
	FLUE_OID_IP6_OFFLOAD_STATS = (int)0xFC01020A,      /**< query; set = reset */
	FLUE_OID_TCP_OFFLOAD_PARAMETERS = (int)0xFC01020C, /**< set, by an administrator */
	FLUE_OID_TCP_CONNECTION_OFFLOAD_CURRENT_CONFIG = (int)0xFC01020E,        /**< query */
	FLUE_OID_TCP_CONNECTION_OFFLOAD_HARDWARE_CAPABILITIES = (int)0xFC01020F, /**< query */
	FLUE_OID_TCP_CONNECTION_OFFLOAD_PARAMETERS = (int)0xFC030201, /**< set, by the host stack */
	FLUE_OID_PNP_SET_POWER = (int)0xFD010101, /**< set: u32, enum flue_power_state */
};

enum flue_oid_request_type {
	FLUE_OID_REQUEST_QUERY = 0,
	FLUE_OID_REQUEST_SET = 1,
};

/** NDIS_DEVICE_POWER_STATE, of which a port knows two. */
enum flue_power_state {
	FLUE_POWER_D0 = 1, /**< working */
	FLUE_POWER_D3 = 4, /**< low: pended until nothing is offloaded (T-151) */
};

/** One request. Owned by the miniport from the call to the completion. 64 bytes. */
struct flue_oid_request {
	uint32_t oid;    /**< enum flue_oid */
	uint32_t type;   /**< enum flue_oid_request_type */
	uint32_t status; /**< enum flue_status, on completion; NOT_SUPPORTED = an unknown OID */
	uint32_t length; /**< bytes of the buffer; on completion: written or read */
	flue_ref information;          /**< the buffer */
	uint64_t source_handle;        /**< routes the completion; not to be modified below */
	uint64_t im_reserved[2];       /**< intermediate drivers' */
	uint64_t protocol_reserved[2]; /**< the requester's */
};

/** Encapsulation bits of 8.1. */
#define FLUE_ENCAPSULATION_IEEE_802_3      0x02
#define FLUE_ENCAPSULATION_LLC_SNAP_ROUTED 0x10

/** NDIS_TCP_CONNECTION_OFFLOAD: a capability, or what is enabled of it. Support: 0 or 1. */
struct flue_tcp_connection_offload {
	struct flue_object_header header;
	uint32_t encapsulation; /**< FLUE_ENCAPSULATION_* */
	uint8_t support_ipv4;
	uint8_t support_ipv6;
	uint8_t support_ipv6_extension_headers;
	uint8_t support_sack;
	uint32_t capacity; /**< TcpConnectionOffloadCapacity, both IP versions together */
	uint32_t flags;    /**< reserved, 0 */
};

/** NDIS_TCP_CONNECTION_OFFLOAD_PARAMETERS: what the host stack wants (8.2). A set enables what it
 *  names and nothing else (T-10). Ticks are 1/ticks_per_second. */
struct flue_tcp_connection_offload_parameters {
	struct flue_object_header header;
	uint32_t ipv4_enabled;            /**< 0 or 1 */
	uint32_t ipv4_encapsulation_type; /**< FLUE_ENCAPSULATION_IEEE_802_3 */
	uint32_t ipv4_header_size;        /**< bytes; 0 = of the type */
	uint32_t ipv6_enabled;
	uint32_t ipv6_encapsulation_type;
	uint32_t ipv6_header_size;
	uint32_t ticks_per_second; /**< 10, 100 or 1000 */
	uint8_t tcp_ack_frequency; /**< most segments received before an ACK; 1 = each */
	uint8_t tcp_delayed_ack_ticks;
	uint8_t tcp_maximum_retransmissions;
	uint8_t tcp_doubt_reachability_retransmissions; /**< then upload: black hole? 0 = off */
	uint32_t tcp_sws_prevention_ticks;
	uint32_t tcp_duplicate_ack_threshold; /**< of fast retransmit */
	uint32_t tcp_push_ticks;
	uint32_t nce_stale_ticks;      /**< neighbor reachability counts as stale after these */
	uint32_t congestion_algorithm; /**< reserved, 0 */
};

/** NDIS_OFFLOAD_PARAMETERS, as far as it is about connections. */
struct flue_tcp_offload_parameters {
	struct flue_object_header header;
	uint8_t tcp_connection_ipv4; /**< 0 no change, 1 disabled, 2 enabled */
	uint8_t tcp_connection_ipv6;
	uint16_t pad0;
};

/** TCP_OFFLOAD_STATS: offloaded traffic of one IP version; counters wrap. */
struct flue_tcp_offload_stats {
	uint64_t in_segments;           /**< with the errored ones */
	uint64_t out_segments;          /**< without pure retransmissions */
	uint32_t currently_established; /**< ESTABLISHED or CLOSE-WAIT, now */
	uint32_t reset_established;     /**< straight to CLOSED from those two */
	uint32_t retransmitted_segments;
	uint32_t in_errors;
	uint32_t out_resets;
	uint32_t pad0;
};

/** IP_OFFLOAD_STATS: octets include IP header and payload. */
struct flue_ip_offload_stats {
	uint64_t in_receives;
	uint64_t in_octets;
	uint64_t in_delivers;
	uint64_t out_requests;
	uint64_t out_octets;
	uint32_t in_header_errors;
	uint32_t in_truncated_packets;
	uint32_t in_discards;
	uint32_t out_discards;
	uint32_t out_no_routes;
	uint32_t pad0;
};

FLUE_ASSERT_LAYOUT(sizeof(struct flue_oid_request) == 64);
FLUE_ASSERT_LAYOUT(sizeof(struct flue_tcp_connection_offload) == 20);
FLUE_ASSERT_LAYOUT(sizeof(struct flue_tcp_connection_offload_parameters) == 56);
FLUE_ASSERT_LAYOUT(sizeof(struct flue_tcp_offload_parameters) == 8);
FLUE_ASSERT_LAYOUT(sizeof(struct flue_tcp_offload_stats) == 40);
FLUE_ASSERT_LAYOUT(sizeof(struct flue_ip_offload_stats) == 64);

/** arg1 of FLUE_UP_STATUS with RESUME: what is enabled; the capacity in the upper half. */
#define FLUE_ENABLED_IPV4 0x1
#define FLUE_ENABLED_IPV6 0x2
#define FLUE_ENABLED_SACK 0x4

#ifdef __cplusplus
}
#endif

#endif /* FLUE_OID_H */
