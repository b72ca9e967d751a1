/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_PORT_DPDK_FLOW_H
#define FLUE_PORT_DPDK_FLOW_H

/**
 * @file
 * Exact-match rules of a device: a connection's segments to the queue of its engine. Pollers ask, a
 * thread of the device's own makes and removes rules one after the other, because that may take a
 * device long. Between the two, for each queue, a table of rules and a ring of those to look at.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "flue/flue_pkt.h"

#define DPDK_RULES 4096 /* of a queue, a power of two; a device may take fewer */

struct dpdk_device;
struct dpdk_port;
struct rte_flow;

enum dpdk_rule_state {
	DPDK_RULE_FREE,
	DPDK_RULE_WANTED, /* the device is to be asked */
	DPDK_RULE_MADE,
	DPDK_RULE_UNWANTED /* it is to go */
};

/** While it is free the poller's, else the thread's, but for the change to UNWANTED. */
struct dpdk_rule {
	_Atomic uint32_t state;
	uint16_t generation; /* in the name, so that an old name is known; the poller's */
	struct flue_port_flow flow;
	struct rte_flow *made;
};

/** Of a queue. */
struct dpdk_rules {
	struct dpdk_rule rule[DPDK_RULES];
	/* Of places in rule[]: each stands here once for making and once for removing, at most. */
	uint16_t ring[2 * DPDK_RULES];
	_Atomic uint32_t tail; /* the poller's */
	_Atomic uint32_t head; /* the thread's */
	uint32_t next;         /* where to look for one that is free; the poller's */
};

/** Can the device do it, as it is configured now? Offers and uses what is to be offered and used, and
 *  begins. Its ports are not polled yet. */
void dpdk_flows_begin(struct dpdk_device *device, uint32_t offloads_off);

/** Nobody polls this port any more: its rules go. */
void dpdk_flows_leave(struct dpdk_port *port);

/** The device is going to be stopped, and perhaps forgets its rules: they are removed, and none is made
 *  before it goes on. What had one works without. Others may poll. */
void dpdk_flows_halt(struct dpdk_device *device);
void dpdk_flows_resume(struct dpdk_device *device);

/** All its ports have left; it is still there unless it was released. */
void dpdk_flows_end(struct dpdk_device *device);

/** Somebody releases the ethdev: not to be asked any more. Returns when nobody is asking. */
void dpdk_flows_cut(struct dpdk_device *device);

/** Of struct flue_port_ops. */
uint32_t dpdk_steer(struct flue_port *base, const struct flue_port_flow *flow);
bool dpdk_unsteer(struct flue_port *base, uint32_t name);

#endif /* FLUE_PORT_DPDK_FLOW_H */
