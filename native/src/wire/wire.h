/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_WIRE_WIRE_H
#define FLUE_WIRE_WIRE_H

/**
 * @file
 * Inside of the wire. For each pair (source, destination) that ever talked there is a link: a set of
 * buffers that travel full to the destination in one ring and empty back in another. The source's
 * owner copies a frame into an empty buffer; the destination's owner lends that very buffer up.
 *
 *   source's owner                                         destination's owner
 *   tx_burst --copy--> [ full ring ] --draw faults--> [ heap by due time ] --> rx_burst
 *            <-------- [ back ring ] <------------------------------------------- free
 *
 * Both rings have room for all buffers of the link, so they are never full.
 *
 * Everything random is drawn per link in the order of sending; what is drawn does not depend on when
 * the destination looks.
 */

#include <stdatomic.h>

#include "flue/flue_pkt.h"
#include "flue/flue_port.h"
#include "port/pool.h"

#define WIRE_MAX_PORTS 16
#define WIRE_FLOWS     1024

/** Positions of a ring with one producer and one consumer; the entries lie elsewhere. */
struct wire_ring {
	_Alignas(FLUE_CACHE_LINE) _Atomic uint32_t tail; /* producer's */
	_Alignas(FLUE_CACHE_LINE) _Atomic uint32_t head; /* consumer's */
};

/** A frame on its way through a link. */
struct wire_frame {
	int64_t sent;      /* sender's `now` */
	uint32_t index;    /* of the buffer */
	uint32_t drop_ppm; /* as it was when it was sent */
	uint32_t len;
	uint32_t turn; /* of a team's: the how many-th */
};

struct wire_port;

/** A received packet. `pkt` is first: a packet pointer is a pointer to this. */
struct wire_pkt {
	struct flue_pkt pkt;
	struct wire_link *link; /* whose buffer it is; NULL = of the port's own pool */
	int64_t due;
	int64_t sent;
	uint64_t order; /* twice the number in the link, plus 1 for a duplicate */
	uint32_t source;
	uint32_t turn;  /* of what the source's team has sent; 0 = of none */
	uint32_t index; /* of the buffer in its link */
};

struct wire_link {
	/* Fixed when the link is published. */
	uint8_t *memory;
	struct wire_pkt *pkts;
	struct wire_frame *full;
	uint32_t *back;
	uint32_t mask;  /* of both rings */
	uint32_t count; /* buffers */
	uint32_t stride;
	int region;
	struct wire_ring full_ring; /* source to destination */
	struct wire_ring back_ring; /* destination to source */
	/* The source's owner. */
	_Alignas(FLUE_CACHE_LINE) uint32_t unused; /* buffers never used so far, from the end */
	/* The destination's owner. */
	_Alignas(FLUE_CACHE_LINE) uint64_t received;
	uint64_t random;
	int64_t busy_until;             /* when the last frame will have left */
	struct flue_wire_faults faults; /* the wire's, or its own */
	bool own_faults;                /* its own; then drop_ppm of a frame does not count */
	bool faulty;                    /* any fault but loss that is drawn */
	bool bad;                       /* state of bursts */
};

enum wire_count {
	WIRE_SENT,
	WIRE_DELIVERED,
	WIRE_DROPPED,
	WIRE_DUPLICATED,
	WIRE_CORRUPTED,
	WIRE_REORDERED,
	WIRE_NO_BUFFER,
	WIRE_QUEUE_FULL,
	WIRE_COUNTS
};

struct wire_port {
	_Alignas(FLUE_CACHE_LINE) struct flue_port base;
	struct flue_wire *wire;
	uint32_t index;
	bool open;
	struct flue_pool pool;  /* packets to send, and duplicates; of struct wire_pkt */
	uint32_t rx_limit;      /* most packets held that a received frame may find */
	struct wire_pkt **heap; /* frames under way to this port, earliest first */
	uint32_t heap_count;
	uint64_t hash;
	_Atomic uint64_t counts[WIRE_COUNTS]; /* written by the owner alone */
};

struct flue_wire {
	struct flue_wire_config config;
	struct wire_observer *observer; /* NULL = nobody looks */
	_Atomic uint32_t drop_ppm;
	_Atomic int64_t macs[WIRE_MAX_PORTS]; /* 0 = nobody plugged in */
	_Atomic uint32_t down;                /* a bit for each socket whose link is down */
	uint32_t teams;                       /* a bit for each socket that is in a team */
	uint8_t team[WIRE_MAX_PORTS];         /* first socket of the team; its own = none */
	_Atomic uint32_t turns;               /* frames that teams have sent */
	_Atomic uint8_t heard[WIRE_FLOWS];    /* socket of a team, plus 1, by flow; 0 = none */
	struct wire_port ports[WIRE_MAX_PORTS];
	_Atomic(struct wire_link *) links[WIRE_MAX_PORTS]
					 [WIRE_MAX_PORTS]; /* [source][destination] */
};

extern const struct flue_port_ops flue_wire_ops;

static inline void
wire_count(struct wire_port *port, enum wire_count which)
{
	uint64_t n = atomic_load_explicit(&port->counts[which], memory_order_relaxed);

	atomic_store_explicit(&port->counts[which], n + 1, memory_order_relaxed);
}

/** Make and publish the link; source's owner. @return NULL when there is no memory */
struct wire_link *
flue_wire_link_create(struct flue_wire *wire, uint32_t source, uint32_t destination);
void flue_wire_link_destroy(struct wire_link *link);

/** An empty buffer; source's owner. @return false when all are under way or lent */
bool flue_wire_link_take(struct wire_link *link, uint32_t *index);
/** Send a filled buffer; source's owner. */
void flue_wire_link_push(struct wire_link *link, const struct wire_frame *frame);
/** Next frame; destination's owner. @return false when there is none */
bool flue_wire_link_pull(struct wire_link *link, struct wire_frame *frame);
/** Give an empty buffer back; destination's owner. */
void flue_wire_link_return(struct wire_link *link, uint32_t index);

static inline uint8_t *
wire_link_buffer(const struct wire_link *link, uint32_t index)
{
	return link->memory + (size_t)index * link->stride + FLUE_PKT_HEADROOM;
}

/** Faults are values that can be. */
bool flue_wire_faults_valid(const struct flue_wire_faults *faults);
/** The link has these faults from now on; destination's owner. */
void flue_wire_link_faults(struct wire_link *link, const struct flue_wire_faults *faults);

enum wire_event {
	WIRE_EVENT_SENT,
	WIRE_EVENT_RECEIVED
};

/** Note a frame; there is an observer. */
void flue_wire_note(struct flue_wire *wire, enum wire_event what, uint32_t port, int64_t now,
		const struct flue_pkt *pkt);
void flue_wire_observer_free(struct wire_observer *observer);

static inline bool
wire_up(const struct flue_wire *wire, uint32_t socket)
{
	return !(atomic_load_explicit(&wire->down, memory_order_relaxed) >> socket & 1);
}
/** A frame leaves a socket of a team: its flow is to come back there. */
void flue_wire_heard(struct flue_wire *wire, uint32_t socket, const struct flue_pkt *pkt);
/** Socket that a frame to this one goes to: itself, or another of its team; -1 = its link is down. */
int flue_wire_member(struct flue_wire *wire, uint32_t socket, const struct flue_pkt *pkt);

/** Take what came in by all links to the port into its heap, drawing faults; port's owner. */
void flue_wire_arrivals(struct wire_port *port);
/** The frame that is due first, or NULL. */
static inline struct wire_pkt *
wire_first(const struct wire_port *port)
{
	return port->heap_count > 0 ? port->heap[0] : NULL;
}
/** Remove and return the frame that is due first. There must be one. */
struct wire_pkt *flue_wire_heap_pop(struct wire_port *port);
/** Throw away everything under way to the port. */
void flue_wire_discard(struct wire_port *port);

#endif /* FLUE_WIRE_WIRE_H */
