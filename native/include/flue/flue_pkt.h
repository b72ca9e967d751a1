/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_PKT_H
#define FLUE_PKT_H

/**
 * @file
 * The packet an engine sees, and what a port implements. Not parsed for Java.
 *
 * A received packet lies in a port's buffer; its memory is lent up by reference and comes back with
 * flue_pkt_release(). A packet to send is a header part in a port's buffer (`data`, `len`) and, when
 * the payload is lent by the sender, one more piece (`ext`, `ext_len`) that the port reads after the
 * header part: by scatter-gather where it can, by copying where it must.
 *
 * Threads: refcnt belongs to the port's owner. *ext_owner is decremented, with release order, by
 * whichever thread drops the last transmit reference (a DPDK driver, or the peer of a ring).
 */

#include <stdatomic.h>

#include "flue_offload.h"
#include "flue_port.h"
#include "flue_types.h"

#define FLUE_PKT_HEADROOM 128 /**< free bytes before `data` of a packet fresh from alloc() */
/** Bytes a packet fresh from alloc() can hold at `data`, at least. Where a frame of the port's MTU
 *  (with Ethernet and VLAN headers) is longer, it holds that frame. */
#define FLUE_PKT_ROOM 2048

/* Received: checksums that the port vouches for. Without the flag nobody has looked, or a device calls
 * it bad, of which devices are not always right: the sum is computed. */
#define FLUE_PKT_RX_IP_GOOD   0x1 /**< of the IPv4 header */
#define FLUE_PKT_RX_TCP_GOOD  0x2
#define FLUE_PKT_RX_CSUM_GOOD (FLUE_PKT_RX_IP_GOOD | FLUE_PKT_RX_TCP_GOOD)
/* To send: what is left to the port. Only what it has in use (struct flue_port: offloads) is asked for. */
#define FLUE_PKT_TX_TCP_CSUM 0x4  /**< the field holds the sum of the pseudo header */
#define FLUE_PKT_TX_IP_CSUM  0x8  /**< IPv4: the field holds 0 */
#define FLUE_PKT_TX_VLAN     0x10 /**< a tag with tx_vlan is put in front of the EtherType */
/** Payload is cut into segments of tx_segment bytes, whole ones all: numbers and identification count
 *  up, PSH is the last one's. The pseudo header is summed without a length. With both checksums. */
#define FLUE_PKT_TX_TSO 0x20

/** Transmit references to memory that is lent to a port. */
struct flue_lender {
	uint32_t lent; /**< what went out less what came back, both on the owner's thread */
	/** Counts down from 0 what came back on other threads. Apart, for otherwise each would take a lock. */
	_Atomic uint32_t back;
};

/** How many there are. Owner's thread; what was read through those that are gone is read no more. */
static inline uint32_t
flue_lent(const struct flue_lender *lender)
{
	return lender->lent + atomic_load_explicit(&lender->back, memory_order_acquire);
}

struct flue_pkt {
	uint8_t *data;      /**< first byte of the frame */
	flue_ref ref;       /**< reference of data[0]; FLUE_REF_NULL when it lies in no region */
	const uint8_t *ext; /**< lent payload behind the header part, or NULL */
	struct flue_lender *ext_owner; /**< of what ext lies in; or NULL */
	struct flue_port *port;        /**< whose buffer this is */
	struct flue_pkt *next;         /**< the current holder's list */
	uint16_t len;                  /**< bytes at data */
	uint16_t ext_len;
	uint16_t refcnt;
	uint16_t flags;
	union {
		uint32_t seq; /* the engine's note on a parsed segment, as are the next two */
		struct {
			uint16_t tx_vlan; /**< FLUE_PKT_TX_VLAN: priority and VLAN */
			uint16_t tx_segment;
		};
	};
	uint16_t payload_off;
	uint16_t payload_len;
};

FLUE_ASSERT_LAYOUT(sizeof(struct flue_pkt) == 64);

/** A TCP connection as in what is received of it: all in network order. */
struct flue_port_flow {
	uint8_t remote[16]; /**< of IPv4 the first four bytes */
	uint8_t local[16];
	uint16_t remote_port;
	uint16_t local_port;
	uint8_t ip6;
};

/** What a port implements. All but open/close run on the owner's thread; none but doze blocks. */
struct flue_port_ops {
	/** Up to n frames that arrived by `now`; each has refcnt 1. @return how many */
	unsigned (*rx_burst)(
			struct flue_port *port, int64_t now, struct flue_pkt **pkts, unsigned n);
	/**
	 * Send in order. The port takes over the references of the packets it accepted: it frees
	 * each, and drops its ext reference, when it no longer reads it.
	 * @return how many, from the front, were accepted; the rest stay the caller's
	 */
	unsigned (*tx_burst)(
			struct flue_port *port, int64_t now, struct flue_pkt **pkts, unsigned n);
	/** A packet to send: refcnt 1, len 0, FLUE_PKT_HEADROOM before data. NULL when used up. */
	struct flue_pkt *(*alloc)(struct flue_port *port);
	/** Up to n such packets, perhaps fewer than there are: alloc() has the rest. May be NULL. @return how
	 *  many */
	unsigned (*alloc_many)(struct flue_port *port, struct flue_pkt **pkts, unsigned n);
	/** The last reference is gone. Must drop the ext reference if there is one. */
	void (*free)(struct flue_pkt *pkt);
	/** Take back finished transmissions; called once a pass. May be NULL. */
	void (*reclaim)(struct flue_port *port);
	/** Earliest arrival to come, INT64_MAX when unknown. May be NULL (real ports). */
	int64_t (*next_event)(const struct flue_port *port);
	/**
	 * From now on, or no longer, what arrives ends a doze. What has arrived before may not: the
	 * caller looks once more before it dozes. May be NULL.
	 * @param wake a file descriptor that ends it as well when it can be read; always the same one
	 * @return 0, -ENOTSUP when the device cannot tell
	 */
	int (*arm)(struct flue_port *port, int wake, bool on);
	/** Armed: sleep until something arrives, `wake` can be read or `ns` are over. The one call that
	 *  blocks. */
	void (*doze)(struct flue_port *port, int wake, int64_t ns);
	/** flue_port_xstats(). May be NULL. */
	int (*xstats)(const struct flue_port *port, char *text, int bytes);
	/** flue_port_link(), on any thread while the port is open. NULL: there is always one. */
	int (*link)(struct flue_port *port);
	/**
	 * Have the device bring what it receives of a connection to this port, one of its queues. Returns
	 * at once: another thread asks the device, which may refuse; then it comes where it comes.
	 * NULL, and without FLUE_PORT_FLOW_RULES among the offloads not called: it cannot.
	 * @return names the rule for unsteer(); 0 = there will be none
	 */
	uint32_t (*steer)(struct flue_port *port, const struct flue_port_flow *flow);
	/**
	 * End that. The first call has the rule removed, by the other thread.
	 * @return whether the device has it no more: then the name is worth nothing
	 */
	bool (*unsteer)(struct flue_port *port, uint32_t rule);
	void (*close)(struct flue_port *port);
};

/** The common head of every port; an implementation embeds it first. */
struct flue_port {
	const struct flue_port_ops *ops;
	uint8_t mac[6];
	uint16_t mtu;
	uint32_t offered;   /**< by the device; enum flue_port_offload */
	uint32_t offloads;  /**< in use; written by the owner, who may only give one up */
	uint32_t tso_bytes; /**< with FLUE_PORT_TSO: most payload of a packet that is cut */
	uint32_t buffers;   /**< in the pool */
	uint32_t held;      /**< handed out and not back; kept by the implementation */
	uint32_t near;      /**< NUMA node of the device + 1; 0 = not known */
	uint64_t lost;      /**< flue_port_lost(); kept by the implementation */
	uint64_t counts[FLUE_PORT_COUNTS]; /**< flue_port_count(); so are these */
	char name[36];
};

static inline void
flue_pkt_retain(struct flue_pkt *pkt)
{
	pkt->refcnt++;
}

static inline void
flue_pkt_release(struct flue_pkt *pkt)
{
	if (--pkt->refcnt == 0)
		pkt->port->ops->free(pkt);
}

/** Payload of a packet to send, which is the owner's. */
static inline void
flue_pkt_lend(struct flue_pkt *pkt, const uint8_t *data, uint32_t bytes, struct flue_lender *owner)
{
	pkt->ext = data;
	pkt->ext_len = (uint16_t)bytes;
	pkt->ext_owner = owner;
	owner->lent++;
}

/** Drop the transmit reference to lent payload, if there is one. For ports, on the owner's thread. */
static inline void
flue_pkt_drop_ext(struct flue_pkt *pkt)
{
	if (pkt->ext == NULL)
		return;
	if (pkt->ext_owner != NULL)
		pkt->ext_owner->lent--;
	pkt->ext_owner = NULL;
	pkt->ext = NULL;
	pkt->ext_len = 0;
}

/** Drop one that a packet had, on whatever thread. */
static inline void
flue_lent_back(struct flue_lender *lender)
{
	atomic_fetch_sub_explicit(&lender->back, 1, memory_order_release);
}

#endif /* FLUE_PKT_H */
