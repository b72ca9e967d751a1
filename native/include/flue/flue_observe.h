/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_OBSERVE_H
#define FLUE_OBSERVE_H

/**
 * @file
 * Counters in a region, or in a file that another process maps read-only.
 *
 *   0   magic u32 | version u32 | count u32 | pid u32 | start_ns i64 | updated_ns i64
 *  64   count records of 64 bytes: value u64 | name char[56], NUL-terminated
 *
 * One writer, the engine's owner; values are written with relaxed stores and only grow, except
 * gauges, whose names end in "_now".
 *
 * Those whose names begin with "cycles." are a sample: of one pass in 64 or so, at irregular intervals, how
 * many cycles of the time stamp counter each part took ("cycles.idle": a pass that found nothing, all of
 * it), how many such passes there were and how many segments came and went in them.
 */

#include "flue_types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define FLUE_COUNTERS_MAGIC UINT32_C(0x466c754e)

/** X(id, name): one line a counter, the only list there is. */
#define FLUE_COUNTERS(X)                                     \
	X(PASSES, "engine.passes")                           \
	X(RX_FRAMES, "port.rx_frames")                       \
	X(RX_BYTES, "port.rx_bytes")                         \
	X(TX_FRAMES, "port.tx_frames")                       \
	X(TX_BYTES, "port.tx_bytes")                         \
	X(TX_RETRY, "port.tx_retry")                         \
	X(FRAMES_UP, "frames.up")                            \
	X(FRAMES_UP_DROPPED, "frames.up_dropped")            \
	X(FRAMES_DOWN, "frames.down")                        \
	X(GROUP_PASSED, "group.segments_passed")             \
	X(GROUP_TAKEN, "group.segments_taken")               \
	X(GROUP_FULL, "group.ring_full")                     \
	X(GROUP_LOST, "group.segments_lost")                 \
	X(GROUP_UNCLAIMED, "group.connections_unclaimed")    \
	X(BAD_CHECKSUM, "tcp.bad_checksum")                  \
	X(IN_SEGMENTS, "tcp.in_segments")                    \
	X(IN_FAST, "tcp.in_segments_fast_path")              \
	X(IN_BYTES, "tcp.in_bytes")                          \
	X(IN_DUPLICATE, "tcp.in_duplicate")                  \
	X(IN_OUT_OF_ORDER, "tcp.in_out_of_order")            \
	X(IN_OUT_OF_WINDOW, "tcp.in_out_of_window")          \
	X(IN_COPIED, "tcp.in_segments_copied")               \
	X(OUT_SEGMENTS, "tcp.out_segments")                  \
	X(OUT_BYTES, "tcp.out_bytes")                        \
	X(OUT_ACKS, "tcp.out_pure_acks")                     \
	X(OUT_COPIED, "tcp.out_segments_copied")             \
	X(RETRANSMITS, "tcp.retransmits")                    \
	X(TIMEOUTS, "tcp.retransmission_timeouts")           \
	X(FAST_RETRANSMITS, "tcp.fast_retransmits")          \
	X(TAIL_PROBES, "tcp.tail_loss_probes")               \
	X(UNDONE, "tcp.reductions_undone")                   \
	X(NO_BOARD, "tcp.recoveries_without_scoreboard")     \
	X(NO_EXTRA, "tcp.extra_records_missing")             \
	X(NO_PROFILE, "chimney.profiles_missing")            \
	X(PROBES, "tcp.zero_window_probes")                  \
	X(CHALLENGE_ACKS, "tcp.challenge_acks")              \
	X(ABORTS, "tcp.resets_received")                     \
	X(OUT_RESETS, "tcp.resets_sent")                     \
	X(INITIATED, "chimney.connections_initiated")        \
	X(INITIATE_FAILED, "chimney.initiate_failed_blocks") \
	X(TERMINATED, "chimney.connections_terminated")      \
	X(QUERIED, "chimney.objects_queried")                \
	X(UPLOAD_REQUESTS, "chimney.upload_requests")        \
	X(INDICATIONS, "chimney.receive_indications")        \
	X(REFUSED, "chimney.indications_refused")            \
	X(FORWARDED, "chimney.segments_forwarded")           \
	X(BAD_SUBMISSIONS, "channel.bad_submissions")        \
	X(STALE_TOKENS, "channel.stale_tokens")              \
	X(UP_RING_FULL, "channel.up_ring_full")              \
	X(NIC_READS, "nic.reads")                            \
	X(NIC_WRITES, "nic.writes")                          \
	X(NIC_FULL, "nic.full")                              \
	X(NIC_LOST, "nic.lost")                              \
	X(CYCLES_PASSES, "cycles.passes")                    \
	X(CYCLES_SEGMENTS_IN, "cycles.segments_in")          \
	X(CYCLES_SEGMENTS_OUT, "cycles.segments_out")        \
	X(CYCLES_IDLE, "cycles.idle")                        \
	X(CYCLES_PORT_RECEIVE, "cycles.port_receive")        \
	X(CYCLES_RECEIVE, "cycles.receive")                  \
	X(CYCLES_COMMANDS, "cycles.commands")                \
	X(CYCLES_TIMERS, "cycles.timers")                    \
	X(CYCLES_TRANSMIT, "cycles.transmit")                \
	X(CYCLES_PORT_SEND, "cycles.port_send")              \
	X(CYCLES_PUBLISH, "cycles.publish")                  \
	X(CONNECTIONS_NOW, "chimney.connections_now")        \
	X(PATHS_NOW, "chimney.paths_now")                    \
	X(NEIGHBORS_NOW, "chimney.neighbors_now")            \
	X(SENDS_NOW, "chimney.send_pieces_now")              \
	X(RECEIVES_NOW, "chimney.receive_lists_now")         \
	X(FRAMES_NOW, "frames.lists_now")                    \
	X(EPISODES_NOW, "tcp.loss_episodes_now")             \
	X(RUNS_NOW, "tcp.scoreboard_runs_now")               \
	X(EXTRAS_NOW, "tcp.extra_records_now")               \
	X(PROFILES_NOW, "chimney.profiles_now")              \
	X(NIC_OBJECTS_NOW, "nic.objects_now")                \
	X(BUFFERS_NOW, "port.buffers_held_now")

enum flue_counter {
#define FLUE_COUNTER_ENUM(id, name) FLUE_CTR_##id,
	FLUE_COUNTERS(FLUE_COUNTER_ENUM)
#undef FLUE_COUNTER_ENUM
	FLUE_CTR_COUNT
};

struct flue_counters_header {
	uint32_t magic;
	uint32_t version; /**< FLUE_ABI_VERSION */
	uint32_t count;
	uint32_t pid;
	int64_t start_ns;
	int64_t updated_ns;
	uint64_t pad[4];
};

struct flue_counter_record {
	uint64_t value;
	char name[56];
};

/** Bytes a counters region needs. */
FLUE_API int64_t flue_counters_bytes(void);

/**
 * Make a region that is a shared mapping of a new file of mode 0600, with header and names filled.
 * @return region id or -errno
 */
FLUE_API int flue_counters_file(const char *path, int64_t now);

/** Fill header and names of a region made otherwise. @return 0 or -EINVAL */
FLUE_API int flue_counters_init(int region, int64_t now);

#ifdef __cplusplus
}
#endif

#endif /* FLUE_OBSERVE_H */
