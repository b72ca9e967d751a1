/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_PORT_DPDK_DPDK_H
#define FLUE_PORT_DPDK_DPDK_H

/**
 * @file
 * Inside of libflue_dpdk. A struct flue_pkt lies in its mbuf's private area:
 *
 *   rte_mbuf (128) | struct dpdk_priv | headroom | frame
 *
 * Payload lent by a sender is attached to a second mbuf, of a pool without data room, whose private
 * area holds what DPDK needs to know about the lent memory.
 */

#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>
#include <rte_ring.h>

#include "flue/flue_pkt.h"
#include "port/dpdk/plugin.h"
#include "port/ethernet.h"

#define DPDK_MAGIC       UINT64_C(0x6b64706465756c66)
#define DPDK_MAX_BURST   64
#define DPDK_DESCRIPTORS 512
#define DPDK_LOG_BYTES   256

struct dpdk_priv {
	struct flue_pkt pkt;                    /* first: a packet pointer is a pointer to this */
	struct rte_mbuf_ext_shared_info shared; /* of an mbuf that carries lent payload */
	uint64_t magic; /* DPDK_MAGIC: an mbuf of one of our pools, with data in a region */
	flue_ref base;  /* reference of buf_addr[0] */
};

/** Memory of one port. Never freed, because somebody may hold a part of it for ever; a port that is
 *  opened later takes it over once everything has come back. */
struct dpdk_pool {
	struct dpdk_pool *next;
	struct rte_mempool *data;
	struct rte_mempool *ext;
	unsigned count; /* mbufs in each */
	unsigned room;  /* bytes behind the headroom */
	bool used;      /* by an open port */
};

struct dpdk_pair;

struct dpdk_port {
	struct flue_port base;
	struct dpdk_pool *pool;
	struct dpdk_pair *pair;    /* the rings it hangs on, or NULL */
	struct rte_device *device; /* to be removed on close; NULL = it was there before */
	uint32_t rx_limit;         /* most buffers held that a received frame may find */
	uint32_t unreclaimed;      /* sent and perhaps not taken back yet */
	uint16_t id;
	uint8_t side; /* of the pair, 0 or 1 */
	bool closed;
	bool copies_ext; /* the device cannot read lent payload where it lies */
	bool reclaims;   /* the device gives finished transmissions back on request */
	bool own_echo;   /* frames sent by the kernel from this address are seen too: ignore */
	uint8_t device_mac[6];
};

extern const struct flue_dpdk_host *dpdk_host;
extern const struct flue_port_ops dpdk_ops;

/** Fill the sentence. @return error */
int dpdk_fail(struct flue_dpdk_cause *cause, int error, const char *format, ...)
		__attribute__((format(printf, 3, 4)));

/** eal.c */
int dpdk_start(const char *args, struct flue_dpdk_cause *cause);
bool dpdk_started(void);

/** log.c: keep what DPDK logs, instead of showing it, until the release. Control path, one at a time. */
void dpdk_log_hold(void);
/** Whether nothing is to be held back from now on. */
void dpdk_log_shown(bool always);
/** @return whether anything was logged; its first line, for a sentence, is in `reason` */
bool dpdk_log_release(char reason[DPDK_LOG_BYTES]);

/** pool.c: memory for a port of so many buffers; @return NULL with the cause filled */
struct dpdk_pool *dpdk_pool_take(unsigned count, unsigned room, struct flue_dpdk_cause *cause);
void dpdk_pool_give(struct dpdk_pool *pool);

/** open.c */
int dpdk_open(const char *device, int64_t mac, int mtu, int buffers, struct flue_port **port,
		struct flue_dpdk_cause *cause);
/** Configure and start ethdev port `id`. On failure the ethdev port is left stopped. */
int dpdk_port_create(uint16_t id, const char *name, int64_t mac, int mtu, int buffers,
		unsigned descriptors, struct dpdk_port **port, struct flue_dpdk_cause *cause);
void dpdk_port_free(struct dpdk_port *port);
void dpdk_port_close(struct flue_port *base);

/** ring_pair.c */
int dpdk_ring_pair(int entries, int64_t mac0, int64_t mac1, int buffers, struct flue_port **port0,
		struct flue_port **port1, struct flue_dpdk_cause *cause);
/** Is nobody at the other end any more? Then what lies in the ring is freed. Owner's thread. */
bool dpdk_pair_alone(const struct dpdk_port *port);
/** The port's ethdev has been closed. */
void dpdk_pair_leave(struct dpdk_port *port);

static inline struct rte_mbuf *
dpdk_mbuf(struct flue_pkt *pkt)
{
	return (struct rte_mbuf *)pkt - 1;
}

static inline struct dpdk_priv *
dpdk_priv(struct rte_mbuf *mbuf)
{
	return (struct dpdk_priv *)(mbuf + 1);
}

#endif /* FLUE_PORT_DPDK_DPDK_H */
