/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_ENGINE_H
#define FLUE_ENGINE_H

/**
 * @file
 * An engine: the offload target's C half. It owns one port (one queue pair) and every connection
 * that was initiated to it. Whoever polls it is its owner; there is one owner at a time.
 *
 * Time is `now`, nanoseconds of any monotonic clock, never going back. The engine reads no clock of
 * its own in flue_engine_poll(): same input, same times, same output, bit for bit.
 */

#include "flue_memory.h"
#include "flue_port.h"
#include "flue_types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct flue_engine flue_engine;

struct flue_engine_config {
	int32_t abi_version;     /**< FLUE_ABI_VERSION */
	int32_t arena_kind;      /**< enum flue_region_kind: HEAP or HUGEPAGE */
	int64_t arena_bytes;     /**< 0 = what the limits below need */
	int32_t max_connections; /**< 1..4194304 */
	int32_t max_paths;
	int32_t max_neighbors;
	int32_t max_sends;          /**< pieces of send data held, over all connections */
	int32_t max_receives;       /**< receive-indication NBLs out at a time */
	int32_t max_frames;         /**< raw-frame NBLs out at a time */
	int32_t rto_min_us;         /**< floor of the retransmission timeout; 200000 */
	int32_t rto_max_us;         /**< 60000000 */
	int32_t ticks_per_second;   /**< of tick-valued state: 10, 100 or 1000 */
	int32_t max_receive_window; /**< larger InitialRcvWnd is refused; bytes */
	int64_t seed;               /**< of everything random in the engine */
	int32_t counters_region;    /**< where to keep the counters; 0 = a heap region of its own */
	int32_t max_retransmissions; /**< of one segment, then upload (TimeoutExpiration); 15 */
	int32_t chimney_profile; /**< 1 = the numbers of the chimney where RFCs have others; 0 */
	/* When a connection asks to be taken back though it could go on (chimney rules 6.2, optional
	 * reasons). Counted per connection over one interval; 0 = never, all are 0. */
	int32_t watch_interval_ms;    /**< ... at most one such request in each; 0 = no request */
	int32_t watch_low_bytes;      /**< LowActivity: fewer bytes moved, both ways together */
	int32_t watch_drop_percent;   /**< HighDropRate: segments sent again, of at least 50 sent */
	int32_t watch_small_io_bytes; /**< SmallIO: smaller on average, of at least 16 NBLs posted */
	int32_t watch_unposted_bytes; /**< NoBufferPreposting: indicated, and no receive posted */
	int32_t watch_fragments;      /**< HighFragmentation: its datagrams came in fragments */
	int32_t watch_out_of_order;   /**< HighOutOfOrderPackets: segments */
	int32_t vlan_ids[8];     /**< of the interface; all 0 = neighbors of any VLAN are taken */
	int32_t max_vlans;       /**< non-zero VLANs in use at a time, 0..64; 16 */
	int32_t max_source_macs; /**< besides the port's own, 0..16; 0: only where the port
				      *   receives frames to other addresses */
	int32_t max_local_addresses;  /**< source addresses of paths in use, 1..4096; 256 */
	int32_t congestion_control;   /**< enum flue_congestion_control: of connections whose host
				      *   names none we know; FLUE_CC_CUBIC */
	int32_t receive_window_limit; /**< a connection's window may grow beyond InitialRcvWnd up to
				       *   this many bytes where a faster peer could use it; 0 = never */
	int32_t max_extras; /**< connections that at a time may need more than their context: that lose
			     *   something, have data behind a hole or end. Who finds no record for it
			     *   does without. So many different sets of CONST and CACHED values there can
			     *   be, too, and at least 256. 0 = all connections up to 65536, then one in
			     *   16 where that is more */
	int32_t arena_node; /**< NUMA node on which hugepages have to lie; -1 = near the port's device
			     *   or the calling thread, as far as there are any */
	flue_nic_memory *
			nic_memory; /**< where state objects and handles lie; NULL = with the rest, in
				      *   the arena. It must outlive the engine */
	int64_t nic_bytes; /**< most of it that the engine takes; 0 = what the limits need, or the
			    *   largest part that is free */
};

/** The defaults named above; 16384 connections, heap arena. */
FLUE_API void flue_engine_config_default(struct flue_engine_config *config);

/**
 * @param port  owned by the caller; must outlive the engine
 * @return 0, -EINVAL (a value out of range), -ENOMEM (arena or tables), -ENODEV (no such NUMA node),
 *         -ENOSPC (not 4096 bytes of the NIC memory are free), -EIO (it does not keep what is written)
 */
FLUE_API int
flue_engine_create(const struct flue_engine_config *config, flue_port *port, flue_engine **engine);

/**
 * Open a channel (flue_channel.h). At most 8 an engine. Only while the engine is not being polled.
 * The first channel opened gets the raw frames.
 * @return region id of the channel, or -errno
 */
FLUE_API int flue_engine_channel(flue_engine *engine, int sub_capacity, int up_capacity);

/**
 * One pass: what the host forwards, receive, commands, timers, transmit.
 * @param now    nanoseconds
 * @param budget most packets to receive from the port in this pass, at most 32 a burst; what other
 *               engines of a group had found for this one comes first, all of it
 * @return work done (packets + commands + timers), 0 = idle; -EBUSY when another thread is in it,
 *         -ESHUTDOWN after flue_engine_destroy() began
 */
FLUE_API int flue_engine_poll(flue_engine *engine, int64_t now, int budget);

/** When to poll next if nothing arrives before: earliest timer, or INT64_MAX. Owner only. */
FLUE_API int64_t flue_engine_next_deadline(const flue_engine *engine);

/**
 * Poll on a thread of its own with the system's monotonic clock: spin, then yield, then park.
 * @param cpu -1 = not pinned
 * @return 0, -EALREADY, -errno of the thread library
 */
FLUE_API int flue_engine_start(flue_engine *engine, int cpu);

/** What an engine's own thread does when a pass found nothing. */
enum flue_idle {
	FLUE_IDLE_BACKOFF = 0, /**< spin, then yield, then park for up to 100 us */
	FLUE_IDLE_SPIN = 1,    /**< go on: the least latency, a whole processor */
	FLUE_IDLE_YIELD = 2,   /**< let others go first */
	/** Sleep until the device interrupts, flue_engine_wake() is called, or a timer is due; 10 ms at
	 *  most, 1 ms as a member of a group, whose other engines may have segments for it. */
	FLUE_IDLE_INTERRUPT = 3
};

/**
 * flue_engine_start() with a choice.
 * @param idle enum flue_idle
 * @return as that; -ENOTSUP: the port's device cannot interrupt; -EINVAL
 */
FLUE_API int flue_engine_start_idle(flue_engine *engine, int cpu, int idle);

/** There are new submissions, and the channel's `engine_sleeps` is not 0. Any thread while the engine
 *  exists; a system call. */
FLUE_API void flue_engine_wake(flue_engine *engine);

/** Stop that thread and wait for it. The engine can be polled inline afterwards. Idempotent. */
FLUE_API int flue_engine_stop(flue_engine *engine);

/** Objects that exist. which: 0 neighbors, 1 paths, 2 connections, 3 flow entries, 4 send pieces,
 *  5 receive NBLs out, 6 frame NBLs out, 7 timers armed, 8 reachability queries out, 9 connections
 *  with a scoreboard, 10 runs of these, 11 connections that need more than their context, 12 sets of
 *  CONST and CACHED values, 13 objects with state in NIC memory. All 0 in an engine at rest. */
FLUE_API int64_t flue_engine_held(const flue_engine *engine, int which);

/** Where things lie. which: bytes of the arena 0 in use, 1 in all; 2 its enum flue_region_kind; 3 its
 *  NUMA node, -1 = not known; bytes of NIC memory 4 in use, 5 in all, 0 = there is none. */
FLUE_API int64_t flue_engine_arena(const flue_engine *engine, int which);

/** Region with the counters (flue_observe.h): as they are now, or, while somebody polls, as they were within
 *  the last millisecond. */
FLUE_API int flue_engine_counters(flue_engine *engine);

/** Stops the thread, marks the channels stopped, frees all. Connections still held are dropped
 *  without a word to the peer: give them back first. Indicated NBLs should be back as well:
 *  flue_engine_held(engine, 5) is 0 then (T-112). What is still out stays mapped while the host
 *  holds its region, and reads as zeroes. NULL is allowed. */
FLUE_API void flue_engine_destroy(flue_engine *engine);

/* ---- Several engines on one device ----------------------------------------------------------- */

/**
 * Engines whose ports are the queue pairs of one device. A segment that the device brought to
 * another engine than its connection's goes to the owner by a ring of 128, one for each pair of
 * engines, as a copy. Where the ring is full, or the table of owners has no room for the connection,
 * it goes up like any frame that nobody claims, and the host stack forwards it.
 */
typedef struct flue_group flue_group;

/**
 * @param engines     2..64
 * @param connections of all of them together, 1..4194304
 * @param mtu         of the device, as its ports have it: 576..9000
 * @return 0, -EINVAL, -ENOMEM
 */
FLUE_API int flue_group_create(int engines, int connections, int mtu, flue_group **group);

/**
 * Become number `index` of the group, until the engine is destroyed. The engine holds no connection
 * and is not being polled; others of the group may be.
 * @return 0, -EINVAL (no such number, another MTU), -EBUSY (the number is taken, the engine is in a
 *         group, is polled or holds connections), -ESHUTDOWN
 */
FLUE_API int flue_engine_join(flue_engine *engine, flue_group *group, int index);

/** After its engines. @return 0, -EBUSY (an engine is in it) */
FLUE_API int flue_group_destroy(flue_group *group);

#ifdef __cplusplus
}
#endif

#endif /* FLUE_ENGINE_H */
