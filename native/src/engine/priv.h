/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_ENGINE_PRIV_H
#define FLUE_ENGINE_PRIV_H

/**
 * @file
 * The engine from within. Everything here belongs to the engine's owner: the thread that holds
 * `owner`. Nothing is locked.
 */

#include <pthread.h>
#include <stdatomic.h>

#include "engine/flow.h"
#include "engine/pools.h"
#include "engine/profile.h"
#include "flue/flue_channel.h"
#include "flue/flue_engine.h"
#include "flue/flue_memory.h"
#include "flue/flue_observe.h"
#include "flue/flue_oid.h"
#include "flue/flue_pkt.h"
#include "memory/nic.h"
#include "memory/region.h"
#include "observe/account.h"
#include "tcp/conn.h"
#include "tcp/episode.h"
#include "tcp/extra.h"

#define FLUE_MAX_CHANNELS     8
#define FLUE_BURST            32
#define FLUE_TX_QUEUE         512  /* packets built and not taken by the port */
#define FLUE_TX_PER_PASS      64   /* data segments; more where more packets and submissions came */
#define FLUE_TX_PER_TURN      8    /* of one connection before the next gets its turn */
#define FLUE_COMMANDS         1024 /* submissions a pass */
#define FLUE_BLOCKS           32   /* blocks of state operations a pass */
#define FLUE_OPS              64   /* state operations under way */
#define FLUE_OOO_MAX          256  /* segments held behind a hole, a connection */
#define FLUE_COPY_BELOW       256  /* payload bytes that are not worth lending */
#define FLUE_SLAB_BYTES       2048
#define FLUE_QUIET_MS         100 /* after an initiate */
#define FLUE_QUICK_ACKS       16  /* ACKs after an initiate or a loss that are not delayed */
#define FLUE_ACK_DELAY_MAX_MS 490 /* an ACK waits less than half a second */
#define FLUE_CHALLENGE_MS     100
#define FLUE_CHALLENGES       1000   /* a second, all connections together, on the average */
#define FLUE_SYN_ACK_MS       3000   /* between challenges of SYNs, chimney profile */
#define FLUE_DOUBT_MS         300000 /* to the first probe after a doubtful segment */
#define FLUE_LOOK_MS          8      /* after data was sent: most of it is acknowledged by then */
#define FLUE_FIN_WAIT_US      120000000u
#define FLUE_NS_PER_MS        INT64_C(1000000)

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* ---- Objects -------------------------------------------------------------------------------- */

enum flue_kind {
	FLUE_KIND_NEIGHBOR = 1,
	FLUE_KIND_PATH = 2,
	FLUE_KIND_TCP = 3
};

enum flue_validity {
	OBJECT_VALID = 0,
	OBJECT_INVALID = 1, /* invalidated: nothing is sent over it (T-62) */
	OBJECT_CORRUPT = 2, /* its state does not hold together (chimney rules 4.7) */
};

/** Layer 2. The first line is what sending reads. */
struct flue_neighbor {
	uint64_t handle;
	uint32_t nic_time;  /* NRT: engine's ticks of the last confirmation by a connection */
	uint32_t host_time; /* HRT: ... by the host */
	uint32_t epoch;     /* grows when what heads are made of changes */
	uint8_t invalid;    /* enum flue_validity */
	uint8_t used;
	uint8_t own_src; /* the host left DlSourceAddress zero */
	uint8_t channel; /* that initiated it: its events go there */
	uint8_t mac[6];
	uint8_t src[6];
	uint16_t vlan; /* VlanId; 0 = not significant */
	uint8_t pad[26];
	/* line 1 */
	uint32_t generation;
	uint32_t paths;      /* that depend on it */
	uint32_t host_delta; /* HostReachabilityDelta, ticks, as given last */
	uint32_t query;      /* event block that waits for the host's answer; FLUE_NONE */
	uint32_t check;      /* see check.c */
	uint32_t claim;      /* operation that has it to itself */
	uint32_t cell;       /* its state in NIC memory */
	uint8_t pad2[36];
};

FLUE_ASSERT_LAYOUT(sizeof(struct flue_neighbor) == 128);
FLUE_ASSERT_LAYOUT(offsetof(struct flue_neighbor, generation) == 64);

/** Layer 3. `head` is what every packet of the path begins with; the first line is copied as it is, and
 *  what follows the header in it overwritten. The first two lines are what sending reads. */
struct flue_path {
	uint8_t head[54]; /* Ethernet and IP header; tos, length, id, ttl, checksum zero */
	uint8_t used;
	uint8_t ip6;
	uint16_t ip_sum; /* of the IPv4 header in head, folded */
	uint16_t pseudo; /* source, destination, protocol, folded */
	uint32_t pad0;
	uint32_t neighbor;
	uint32_t epoch;  /* of the neighbor when head was made */
	uint16_t mss;    /* payload of a segment without options that fits mtu */
	uint16_t vlan;   /* the neighbor's */
	uint8_t invalid; /* enum flue_validity */
	uint8_t pad[3];
	uint32_t mtu;
	uint32_t generation;
	uint64_t handle;
	uint8_t local[16];
	uint8_t remote[16];
	uint32_t connections; /* that depend on it */
	uint32_t check;       /* see check.c */
	uint32_t claim;       /* operation that has it to itself */
	uint32_t cell;        /* its state in NIC memory */
	uint8_t pad1[48];
};

FLUE_ASSERT_LAYOUT(sizeof(struct flue_path) == 192);
FLUE_ASSERT_LAYOUT(offsetof(struct flue_path, neighbor) == 64);

/** The header of a connection's usual segment, IP and TCP with no option but timestamps, but for what differs
 *  from one to the next: kept from segment to segment within a pass, where most follow one of the same
 *  connection (emit.c). */
struct flue_template {
	_Alignas(16) uint8_t head[96]; /* the first 54 to 86 bytes of it */
	const struct flue_conn *conn;  /* whose it is; NULL = nobody's */
	struct flue_neighbor *neighbor;
	bool ip6;
	uint32_t tcp_bytes; /* of TCP's header: 20, with timestamps 32 */
	uint32_t echo;      /* mask: timestamps are agreed */
	uint32_t ip_sum;    /* of the IPv4 header without length and identification */
	uint32_t pseudo;    /* of the pseudo header without length */
	uint64_t tcp_sum;   /* of pseudo and TCP header without length and the words that differ */
	uint16_t flags;     /* what is left to the port: of packets */
};

/* ---- Channels ------------------------------------------------------------------------------- */

struct flue_chan {
	struct flue_channel_header *header;
	struct flue_submission *subs;
	struct flue_up *ups;
	uint64_t sub_head;
	uint64_t up_tail;
	uint64_t up_head;   /* last seen */
	uint64_t sends_end; /* up_tail with the newest completion of sends */
	uint32_t sub_mask;
	uint32_t up_mask;
	int region;
	int index;
	struct flue_chain sends;
	struct flue_chain receives;
	struct flue_chain frames;
};

/* ---- State operations ----------------------------------------------------------------------- */

enum flue_op_phase {
	OP_FREE = 0,
	OP_PREPARE,
	OP_WORK,
	OP_COMPLETE
};

struct flue_op_level {
	struct flue_miniport_offload_block_list *block;
	flue_ref ref;
	flue_ref next;
	uint32_t status;
	uint32_t deps;
	uint32_t deps_ok;
	uint64_t token; /* of the neighbor or path here; 0 */
	uint8_t role;   /* enum flue_role */
	uint8_t failed; /* nothing below it is tried */
};

/** One operation on a tree; the walk can stop after any block. */
struct flue_op {
	uint64_t mark; /* written into each block that was seen; never the same twice */
	flue_ref root;
	flue_ref cursor; /* block to enter next; 0 = leave level[depth] */
	uint32_t visited;
	int32_t depth;
	uint8_t code;  /* enum flue_submission_op */
	uint8_t phase; /* enum flue_op_phase */
	uint8_t channel;
	bool refused; /* an initiate that nothing comes of */
	struct flue_op_level level[3];
};

/* ---- What a port has few of ----------------------------------------------------------------- */

#define FLUE_VLANS  64
#define FLUE_MACS   16
#define FLUE_EVENTS 16 /* reachability queries out at a time */

struct flue_vlan {
	uint16_t id;
	uint32_t neighbors; /* that use it; 0 = free */
};

struct flue_mac {
	uint8_t mac[6];
	uint32_t neighbors;
};

struct flue_local {
	uint8_t address[16];
	bool ip6;
	uint32_t paths;
};

/* ---- The engine ----------------------------------------------------------------------------- */

#define FLUE_WHEEL_SLOTS 4096 /* milliseconds: most deadlines lie nearer */

/** Connections by the millisecond in which they want to be looked at. */
struct flue_wheel {
	uint32_t ms; /* everything before is done */
	uint32_t count;
	uint64_t busy[FLUE_WHEEL_SLOTS / 64];
	uint32_t first[FLUE_WHEEL_SLOTS]; /* of a busy slot */
};

/** Connections in the order in which they want to be looked at: where the delay is the same for all, a queue
 *  knows the order without a place in the wheel for each segment. */
struct flue_timer_queue {
	struct flue_timer_entry *at; /* a ring */
	uint32_t mask;
	uint32_t head;
	uint32_t tail;
};

struct flue_timer_entry {
	uint32_t conn;
	uint32_t ms;
};

enum {
	OWNER_NONE = 0,
	OWNER_POLL = 1,
	OWNER_THREAD = 2,
	OWNER_GONE = 3,
	OWNER_ASKS = 4 /* for no longer than it takes to copy the counters: whoever wants it waits */
};

struct flue_engine {
	struct flue_port *port;
	struct flue_engine *next_engine; /* of all there are (observe/engines.h) */
	struct flue_region_user *user;
	struct { /* where sends were last, in this pass */
		struct flue_region_view lists;
		struct flue_region_view data;
	} view;
	int64_t now;
	int64_t now_ms_wide;
	uint32_t now_ms;
	uint32_t now_sub_us; /* microseconds into now_ms, rounded up */
	uint32_t now_ticks;
	uint32_t delayed_ack_ms; /* of `params` */
	uint32_t low_buffers;    /* port.held above this: copy instead of lending */
	uint32_t op_count;
	struct flue_conn *conns;
	struct flue_path *paths;
	struct flue_neighbor *neighbors;
	struct flue_ids conn_ids;
	struct flue_ids path_ids;
	struct flue_ids neighbor_ids;
	struct flue_flow flow;
	struct flue_group *group;       /* of engines on the queues of one device, or NULL */
	uint32_t group_index;           /* in it */
	struct flue_steering *steering; /* rules of the device, or NULL */
	struct flue_piece *pieces;
	struct flue_ids piece_ids;
	struct flue_profiles profiles;
	struct flue_ids profile_ids;
	struct flue_extra *extras;
	struct flue_ids extra_ids;
	struct flue_watch *watches;    /* by connection; NULL: none has a threshold */
	struct flue_sizing *sizings;   /* ... NULL: no receive_window_limit */
	struct flue_episode *episodes; /* of loss; see tcp/episode.h */
	struct flue_ids episode_ids;
	struct flue_runs runs; /* of their scoreboards */
	struct flue_rx_shared *rx_shared;
	struct flue_record *rx_records;
	struct flue_ids rx_ids;
	flue_ref rx_ref;
	struct flue_frame_shared *frame_shared;
	struct flue_record *frame_records;
	struct flue_ids frame_ids;
	flue_ref frame_ref;
	struct flue_slabs slabs;

	/* Connections with something to do at the end of the pass: a ring, max_connections wide. */
	uint32_t *ready;
	uint32_t ready_mask;
	uint32_t ready_head;
	uint32_t ready_tail;
	/* Connections that may send and for which the pass, the transmit queue or the packets were used up: in
	 * order, nobody looks at them before. */
	uint32_t *senders;
	uint32_t senders_mask;
	uint32_t senders_head;
	uint32_t senders_tail;

	struct flue_wheel wheel;
	struct flue_timer_queue acks;  /* those that owe an ACK */
	struct flue_timer_queue looks; /* those that have sent, FLUE_LOOK_MS ago */

	struct flue_pkt *txq[FLUE_TX_QUEUE];
	uint32_t txq_head;
	uint32_t txq_tail;
	uint32_t tx_offered; /* txq_tail when the port was offered packets last in this pass */
	uint32_t tx_data;    /* data segments built this pass */
	uint32_t tx_limit;   /* ... and no more than so many */
	uint16_t ip_id;
	struct flue_template template;
	struct { /* segments that followed it, to be counted together; [1] = IPv6 */
		uint32_t segments;
		uint32_t resent;  /* ... among them */
		uint64_t bytes;   /* of payload */
		uint64_t headers; /* bytes of TCP's */
	} usual[2];

	/* Raw frames of this pass, linked. */
	struct flue_net_buffer_list *raw_tail;
	uint32_t raw_first; /* record; the next ones through their `bytes` */
	uint32_t raw_last;
	uint32_t raw_count;

	uint64_t ctr[FLUE_CTR_COUNT];
	struct flue_account account;
	uint64_t published[FLUE_CTR_COUNT];
	int64_t published_ms; /* now_ms_wide when they were */
	struct flue_chan chans[FLUE_MAX_CHANNELS];
	int nchans;
	struct flue_op ops[FLUE_OPS];
	uint32_t op_order[FLUE_OPS]; /* slots, oldest first */

	struct flue_engine_config config;
	int64_t challenge_second; /* in which ... */
	uint32_t challenge_left;  /* ... so many challenge ACKs may still go out */
	uint64_t random;          /* of `seed` */
	uint32_t cc_abc;          /* segments an ACK counts for in slow start */
	bool watch;               /* some optional upload reason has a threshold */
	struct flue_tcp_connection_offload_parameters params; /* of the most recent set (8.2) */

	/* Offloaded traffic by IP version, [1] = IPv6 (8.4). currently_established is counted when
	 * it is asked for. */
	struct {
		struct flue_tcp_offload_stats tcp;
		struct flue_ip_offload_stats ip;
	} stats[2];

	struct flue_vlan vlans[FLUE_VLANS];
	struct flue_mac macs[FLUE_MACS]; /* source addresses besides the port's own */
	uint32_t macs_used;
	struct flue_local *locals;
	struct flue_event_shared *event_shared;
	struct flue_ids event_ids;
	flue_ref event_ref;

	/* An administrator's switch under way, and what it has set (admin.c). */
	struct {
		flue_ref request;
		uint8_t phase;
		uint8_t told; /* channels, a bit each */
		uint8_t channel;
		bool ip4;
		bool ip6;
		bool want4;
		bool want6;
	} admin;
	struct {
		flue_ref request; /* of a low state, pended */
		uint8_t channel;
		bool low;
	} power;
	/* Initiates that came while neither lets objects be made, oldest first. */
	struct {
		flue_ref root;
		uint8_t channel;
	} park[FLUE_OPS];
	uint32_t parked;

	/* Connections that have to be told of what changed below them: a sweep over the table, some
	 * each pass. */
	uint32_t sweep_next;
	uint32_t sweep_left; /* 0 = none under way */
	flue_arena *arena;
	/* Where state objects lie, when that is NIC memory (chimney/context.h). */
	struct {
		struct flue_nic_part part;
		struct flue_ids cells;
		uint32_t *conns; /* cell of each connection; FLUE_NONE */
		bool lost;       /* it did not hold what was written */
	} nic;
	int region;
	int counters_region;
	bool own_counters;
	void *memory; /* tables outside of arena and region */
	uint64_t memory_bytes;
	_Atomic int owner;
	_Atomic bool stop;
	bool thread_runs;
	int idle; /* enum flue_idle */
	int wake; /* eventfd of FLUE_IDLE_INTERRUPT, made with the first such thread; or -1 */
	pthread_t thread;
	int thread_cpu;
};

static inline void
flue_count(struct flue_engine *e, enum flue_counter id, uint64_t n)
{
	e->ctr[id] += n;
}

static inline uint32_t
flue_conn_index(const struct flue_engine *e, const struct flue_conn *c)
{
	return (uint32_t)(c - e->conns);
}

/** Have the end of this pass look at the connection. */
static inline void
flue_conn_touch(struct flue_engine *e, struct flue_conn *c)
{
	if (c->flags & CONN_READY)
		return;
	c->flags |= CONN_READY;
	e->ready[e->ready_tail++ & e->ready_mask] = flue_conn_index(e, c);
}

/** Back to the pool, and its memory with it to whose it is. */
static inline void
flue_piece_give(struct flue_engine *e, uint32_t id)
{
	flue_region_unkeep(e->user, e->pieces[id].region);
	flue_ids_give(&e->piece_ids, id);
}

static inline uint32_t
flue_txq_room(const struct flue_engine *e)
{
	return FLUE_TX_QUEUE - (e->txq_tail - e->txq_head);
}

#endif /* FLUE_ENGINE_PRIV_H */
