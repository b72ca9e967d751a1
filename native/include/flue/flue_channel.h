/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_CHANNEL_H
#define FLUE_CHANNEL_H

/**
 * @file
 * A channel: one submission ring down, one up-ring back, in one region.
 *
 * One platform thread owns the Java side, the thread that polls the engine owns the other. Entries
 * are 64 bytes, one cache line. A ring is single-producer single-consumer: the producer writes the
 * entries, then stores `tail` with release order; the consumer loads `tail` with acquire order,
 * reads, then stores `head` with release order. head and tail only grow; the slot of n is
 * n & (capacity - 1).
 *
 *        0  magic u32 | version u32 | sub_capacity u32 | up_capacity u32
 *       16  sub_offset u64 | up_offset u64
 *       64  sub_tail u64      written by Java
 *       72  newest_forward u64  written by Java: what sub_tail became with the newest FORWARD, stored
 *                              before it. Up to there a pass takes submissions before it receives,
 *                              unless a state operation or a request is in the way: what came
 *                              through the host is older than what arrives now
 *      128  sub_head u64      written by the engine
 *      192  up_tail u64       written by the engine
 *      256  up_head u64       written by Java
 *      320  engine_now i64    time of the engine's last pass, ns
 *      328  engine_passes u64 passes made; stands still when the engine is dead or stopped
 *      336  engine_stopped u32  1 after the engine left this channel for good
 *      340  engine_sleeps u32  1 while the engine reads submissions only after flue_engine_wake(); look
 *                              here behind a full fence after `sub_tail` was stored
 *      512  sub_capacity entries, then up_capacity entries
 *
 * Credit. Java keeps (submissions that complete by an up-ring entry of their own and have not
 * completed yet) <= up_capacity / 2; that half is theirs. The other half is for indications, events,
 * frames and sends: those that are complete share an entry, at most 1024 NBLs each, and wait together
 * for one; while none of theirs is unread they may take one of the completions' half. How many sends
 * may be under way is what max_sends of the engine says, in pieces.
 * The engine never loses a completion, an indication or an event for want of room: it waits and
 * posts it in a later pass. A raw frame that finds no room is dropped and counted.
 *
 * At most 64 state operations are under way in an engine. One more waits at the ring's head, and
 * what stands behind it with it, a verdict too, which a terminate may be waiting for: a producer
 * keeps fewer on the ring than that.
 */

#include "flue_offload.h"

#ifdef __cplusplus
extern "C" {
#endif

#define FLUE_CHANNEL_MAGIC UINT32_C(0x466c7543) /* "CulF" */

struct flue_channel_header {
	uint32_t magic;
	uint32_t version;      /**< FLUE_ABI_VERSION */
	uint32_t sub_capacity; /**< entries, a power of two, 64..65536 */
	uint32_t up_capacity;  /**< entries, a power of two, 64..65536 */
	uint64_t sub_offset;   /**< of the first entry, from the region's start */
	uint64_t up_offset;
	uint64_t pad0[4];
	uint64_t sub_tail;
	uint64_t newest_forward;
	uint64_t pad1[6];
	uint64_t sub_head;
	uint64_t pad2[7];
	uint64_t up_tail;
	uint64_t pad3[7];
	uint64_t up_head;
	uint64_t pad4[7];
	int64_t engine_now;
	uint64_t engine_passes;
	uint32_t engine_stopped;
	uint32_t engine_sleeps;
	uint64_t pad6[21];
};

FLUE_ASSERT_LAYOUT(sizeof(struct flue_channel_header) == 512);
FLUE_ASSERT_LAYOUT(offsetof(struct flue_channel_header, sub_tail) == 64);
FLUE_ASSERT_LAYOUT(offsetof(struct flue_channel_header, sub_head) == 128);
FLUE_ASSERT_LAYOUT(offsetof(struct flue_channel_header, up_tail) == 192);
FLUE_ASSERT_LAYOUT(offsetof(struct flue_channel_header, up_head) == 256);
FLUE_ASSERT_LAYOUT(offsetof(struct flue_channel_header, engine_now) == 320);

/**
 * Down. Which fields an operation uses:
 *
 *   op                token          ref                         arg0            arg1
 *   INITIATE..TERMINATE  -           root miniport block list    -               -
 *   SEND              connection     NBL chain                   -               -
 *   RECEIVE           connection     NBL chain of posted buffers -               -
 *   DISCONNECT        connection     one NBL                     FLUE_DISCONNECT_*
 *   FORWARD           connection     NBL chain, one segment each -               -
 *   RECEIVE_RETURN    -              NBL chain                   -               -
 *   VERDICT           connection     the indicated NBL           enum flue_status  bytes consumed
 *   FRAME_SEND        -              NBL chain of frames         -               -
 *   FRAME_RETURN      -              NBL chain of frames         -               -
 *   OID_REQUEST       -              flue_oid_request            -               -
 *   OFFLOAD_EVENT_VERDICT  neighbor  the indicated block, HRD written into its CACHED
 *
 * A token that is stale or forged: I/O completes with FLUE_STATUS_INVALID_STATE, a verdict is
 * ignored and counted. A reference that does not resolve: counted, and completed with
 * FLUE_STATUS_FAILURE where there is anything that can be completed.
 */
enum flue_submission_op {
	FLUE_SUB_INITIATE = 1,
	FLUE_SUB_QUERY = 2,
	FLUE_SUB_UPDATE = 3,
	FLUE_SUB_INVALIDATE = 4,
	FLUE_SUB_TERMINATE = 5,
	FLUE_SUB_SEND = 6,
	FLUE_SUB_RECEIVE = 7,
	FLUE_SUB_DISCONNECT = 8,
	FLUE_SUB_FORWARD = 9,
	FLUE_SUB_RECEIVE_RETURN = 10, /**< no completion */
	FLUE_SUB_VERDICT = 11,        /**< no completion */
	FLUE_SUB_FRAME_SEND = 12,
	FLUE_SUB_FRAME_RETURN = 13, /**< no completion */
	FLUE_SUB_OID_REQUEST = 14,
	FLUE_SUB_OFFLOAD_EVENT_VERDICT = 15, /**< no completion */
};

struct flue_submission {
	uint32_t op; /**< enum flue_submission_op */
	uint32_t arg0;
	uint64_t token;
	flue_ref ref;
	uint64_t arg1;
	uint64_t pad[4];
};

FLUE_ASSERT_LAYOUT(sizeof(struct flue_submission) == FLUE_CACHE_LINE);

/**
 * Up. Which fields an entry uses:
 *
 *   op                     handle               ref              arg0              arg1
 *   INITIATE_COMPLETE ..
 *   TERMINATE_COMPLETE     -                    the same root    -                 -
 *   SEND_COMPLETE          -                    NBL chain        number of submissions completed
 *   RECEIVE_COMPLETE       -                    NBL chain        number of submissions completed
 *   DISCONNECT_COMPLETE    -                    the NBL          1
 *   FORWARD_COMPLETE       -                    NBL chain        1
 *   RECEIVE_INDICATE       NdisOffloadHandle    NBL, one NB      -                 token
 *   EVENT                  NdisOffloadHandle    -                flue_tcp_event    specific info
 *   STATUS                 -                    -                flue_status_indication  FLUE_ENABLED_*
 *   FRAME                  -                    NBL chain        -                 -
 *   FRAME_SEND_COMPLETE    -                    NBL chain        number of submissions completed
 *   OID_REQUEST_COMPLETE   -                    the same request -                 -
 *   OFFLOAD_EVENT          NdisOffloadHandle    the event's block  flue_offload_event  neighbor's token
 *
 * arg0 of an I/O completion gives back that many credits: completions of one pass are merged into
 * chains, an NBL chain of one submission may come back in pieces; the credit of a submission
 * returns with the piece that holds its last NBL.
 */
enum flue_up_op {
	FLUE_UP_INITIATE_COMPLETE = 1,
	FLUE_UP_QUERY_COMPLETE = 2,
	FLUE_UP_UPDATE_COMPLETE = 3,
	FLUE_UP_INVALIDATE_COMPLETE = 4,
	FLUE_UP_TERMINATE_COMPLETE = 5,
	FLUE_UP_SEND_COMPLETE = 6,
	FLUE_UP_RECEIVE_COMPLETE = 7,
	FLUE_UP_DISCONNECT_COMPLETE = 8,
	FLUE_UP_FORWARD_COMPLETE = 9,
	FLUE_UP_RECEIVE_INDICATE = 10,
	FLUE_UP_EVENT = 11,
	FLUE_UP_STATUS = 12,
	FLUE_UP_FRAME = 13,
	FLUE_UP_FRAME_SEND_COMPLETE = 14,
	FLUE_UP_OID_REQUEST_COMPLETE = 15,
	FLUE_UP_OFFLOAD_EVENT = 16,
};

struct flue_up {
	uint32_t op; /**< enum flue_up_op */
	uint32_t arg0;
	uint64_t handle;
	flue_ref ref;
	uint64_t arg1;
	uint64_t pad[4];
};

FLUE_ASSERT_LAYOUT(sizeof(struct flue_up) == FLUE_CACHE_LINE);

#ifdef __cplusplus
}
#endif

#endif /* FLUE_CHANNEL_H */
