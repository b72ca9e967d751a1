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

#include <pthread.h>

#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>
#include <rte_ring.h>

#include "flue/flue_pkt.h"
#include "port/dpdk/flow.h"
#include "port/dpdk/plugin.h"
#include "port/ethernet.h"

#define DPDK_MAGIC       UINT64_C(0x6b64706465756c66)
#define DPDK_MAX_BURST   64
#define DPDK_DESCRIPTORS 512
#define DPDK_LOG_BYTES   256
#define DPDK_SPEC_BYTES  512
#define DPDK_RANGES      128 /* of memory that devices read payload in */
#define DPDK_MAX_QUEUES  64
/** Of payload: headers have all options, perhaps over IPv6, and a datagram is at most 64 KiB. */
#define DPDK_TSO_BYTES (UINT16_MAX - 60 - 60)

/** Of a device's link. */
enum dpdk_link {
	DPDK_DOWN,
	DPDK_UP,
	DPDK_GONE /* the device was taken away: nothing is received or sent any more */
};

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
	bool packed;    /* one piece of memory without gaps */
	bool used;      /* by an open port */
	bool deserted;  /* whoever else had packets of it does not exist any more */
};

struct dpdk_port;

/** What the kernel has of a net_af_xdp device: packets of these pools, by these sockets (inodes). */
struct dpdk_umem {
	struct dpdk_pool *pools[DPDK_MAX_QUEUES];
	uint64_t sockets[2 * DPDK_MAX_QUEUES];
	unsigned count;
	unsigned earlier; /* so many of them were there before */
};

struct dpdk_pair;

/** An ethdev. Its queue pairs are ports, each with an owner of its own. */
struct dpdk_device {
	struct rte_device *made; /* to be removed on close; NULL = it was there before */
	struct rte_device *dma;  /* reads lent payload where that is mapped; NULL = anywhere */
	_Atomic uint8_t mapped[DPDK_RANGES];
	struct dpdk_port *ports[DPDK_MAX_QUEUES];
	uint16_t id;
	uint16_t queues;
	bool interrupts;      /* on reception, as configured */
	uint16_t open;        /* of its ports; control path */
	_Atomic uint8_t link; /* enum dpdk_link, as it was known last */
	/* Not 0: pollers keep off the device, and say so by this number. */
	_Atomic uint32_t still;
	_Atomic uint32_t requests; /* that they do, twice as many */
	pthread_mutex_t control;   /* of what follows, and for calls of ethdev's control path */
	pthread_t recaller;        /* recall.c, as is the rest */
	_Atomic uint8_t recall;    /* what that thread does */
	bool recall_end;
	bool stopped;           /* for ever */
	uint32_t recalled;      /* request for which there was such a thread */
	uint32_t restarts;      /* of the device */
	int interface_socket;   /* to ask the kernel about its interface; -1 = driver knows */
	int interface;          /* index of that, in the namespace it was opened in */
	_Atomic bool released;  /* by somebody else: the ethdev's number may be another's by now */
	struct dpdk_umem *umem; /* the kernel reads and writes the packets' memory; or NULL */
	struct dpdk_flows *flows; /* rules for connections, or NULL */
	bool own_echo; /* frames sent by the kernel from this address are seen too: ignore */
	uint8_t mac[6];
};

struct dpdk_port {
	struct flue_port base;
	struct dpdk_device *device; /* until it is closed */
	struct dpdk_pool *pool;
	struct dpdk_pair *pair; /* the rings it hangs on, or NULL */
	uint32_t rx_limit;      /* most buffers held that a received frame may find */
	uint32_t unreclaimed;   /* sent and perhaps not taken back yet */
	uint32_t range;         /* of memory where lent payload lay last */
	uint16_t id;            /* the device's */
	uint16_t queue;
	uint8_t side;             /* of the pair, 0 or 1 */
	struct dpdk_rules *rules; /* for connections to this queue, or NULL */
	bool closed;
	_Atomic uint32_t stands; /* the poller's answer to the device's `still` */
	uint32_t epoch;          /* the device's restarts when there was `epoll` */
	int epoll;               /* to sleep on; -1 until then */
	int socket;              /* to send by instead of the device's ring, or -1 (packet.c) */
	bool reclaims;           /* the device gives finished transmissions back on request */
};

/** Of the owner's, who alone writes it; others may read. */
static inline void
dpdk_count(struct dpdk_port *port, enum flue_port_counter which, uint64_t more)
{
	uint64_t *count = &port->base.counts[which];

	__atomic_store_n(count, *count + more, __ATOMIC_RELAXED);
}

/** Is the device not to be used? Asked by the owner, before each use of it; he then does nothing with it
 *  until he asks again. */
static inline bool
dpdk_stands_still(struct dpdk_port *port)
{
	uint32_t still = atomic_load_explicit(&port->device->still, memory_order_acquire);

	if (likely(still == 0))
		return false;
	atomic_store_explicit(&port->stands, still, memory_order_release);
	return true;
}

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
/** What the calling thread makes DPDK write is for nobody, unless all of it is shown. */
void dpdk_log_silence(void);
/** Whether nothing is to be held back from now on. */
void dpdk_log_shown(bool always);
/** @return whether anything was logged; its first line, for a sentence, is in `reason` */
bool dpdk_log_release(char reason[DPDK_LOG_BYTES]);

/** telemetry.c: EAL is about to start. */
void dpdk_telemetry_register(void);

/** pool.c: memory for a port of so many buffers; `packed`: in one piece, without gaps, and not for
 *  devices with DMA; @return NULL with the cause filled */
struct dpdk_pool *
dpdk_pool_take(unsigned count, unsigned room, bool packed, struct flue_dpdk_cause *cause);
/** Nothing of it is held by Flue any more. */
void dpdk_pool_give(struct dpdk_pool *pool);

/** umem.c, for devices with `umem` only: which sockets does the driver open between these two? */
void dpdk_umem_before(struct dpdk_device *device);
void dpdk_umem_after(struct dpdk_device *device);
/** The ethdev is closed: have the kernel let go of the packets it has. */
void dpdk_umem_close(struct dpdk_device *device);
/** Has any been closed? The kernel takes its time to let go of the interface. */
bool dpdk_umem_closed(void);

/** open.c */
int dpdk_open(const char *device, const struct flue_dpdk_config *config, struct flue_port **port,
		struct flue_dpdk_cause *cause);
/** ethdev.c: the port of another queue pair of `first`'s device. @return 0, -EINVAL */
int dpdk_queue(struct flue_port *first, int index, struct flue_port **port);
/** Configure and start ethdev `id`, with a port for each queue pair. On failure it is closed. */
int dpdk_device_create(uint16_t id, const char *name, const struct flue_dpdk_config *config,
		unsigned descriptors, struct dpdk_device **device, struct flue_dpdk_cause *cause);
void dpdk_port_free(struct dpdk_port *port);
/** Are its queues flue ports now? */
bool dpdk_device_open(uint16_t id);
/** Somebody else has released the ethdev. Any thread. */
void dpdk_device_released(struct dpdk_device *device);
void dpdk_port_close(struct flue_port *base);

/** offloads.c: fill the ports', and what the device is to be asked for; `off` are not to be used. The
 *  ports' MTU and pool are known. */
void dpdk_offloads_choose(struct dpdk_device *device, const struct rte_eth_dev_info *info,
		uint32_t off, struct rte_eth_conf *conf);

/** rss.c: spread what is received over several queues, as the host stack's hash says. */
void dpdk_rss_choose(const struct dpdk_device *device, const struct rte_eth_dev_info *info,
		struct rte_eth_conf *conf);
/** The device has started. */
void dpdk_rss_start(const struct dpdk_device *device, const struct rte_eth_dev_info *info);

/** memory.c: EAL runs. */
void dpdk_memory_start(void);
/** Could a device with DMA read memory that is not DPDK's? */
bool dpdk_memory_can_map(void);
/** Memory of DPDK's, which every device reads. */
void dpdk_memory_own(void *address, uint64_t bytes);
/** A device with DMA is open, or closed. */
void dpdk_memory_join(struct dpdk_device *device);
void dpdk_memory_leave(struct dpdk_device *device);
/** Can that port's device read all of this? Owner's thread. */
bool dpdk_memory_readable(struct dpdk_port *port, const void *address, uint32_t bytes);

/** tx.c */
unsigned dpdk_tx_burst(struct flue_port *base, int64_t now, struct flue_pkt **pkts, unsigned n);
void dpdk_reclaim(struct flue_port *base);
/** Nobody is there to take them, as on a cable that ends. @return n */
unsigned dpdk_lose(struct dpdk_port *port, struct flue_pkt **pkts, unsigned n);
/** What was offered of a packet's kind is not taken after all: from now on the twin does it. */
void dpdk_give_up(struct dpdk_port *port, const struct flue_pkt *pkt);
/** They have been handed to the device. */
void dpdk_tx_count(struct dpdk_port *port, struct flue_pkt *const *pkts, unsigned n);

/** packet.c, for net_af_packet: send by sockets that cut and sum, unless that is `off`. The interface is
 *  known. */
void dpdk_packet_open(struct dpdk_device *device, uint32_t off);
/** At most DPDK_MAX_BURST; `stuck`: those behind wait. @return how many are sent or lost */
unsigned dpdk_packet_chunk(struct dpdk_port *port, struct flue_pkt **pkts, unsigned n, bool *stuck);
void dpdk_packet_close(struct dpdk_port *port);
/** port.c: the calling thread polls this port. */
void dpdk_thread_known(void);

/** device.c: the name that the ethdev port of a device has, and what DPDK makes it from. @return 0 or
 *  -EINVAL */
int dpdk_device_name(const char *device, char name[RTE_ETH_NAME_MAX_LEN],
		char spec[DPDK_SPEC_BYTES], struct flue_dpdk_cause *cause);
/** Have DPDK make it. @return 0 or -errno */
int
dpdk_device_make(const char *device, const char *name, uint16_t *id, struct flue_dpdk_cause *cause);

/** interrupt.c: struct flue_port_ops. Owner's thread. */
int dpdk_arm(struct flue_port *base, int wake, bool on);
void dpdk_doze(struct flue_port *base, int wake, int64_t ns);
/** The port is being closed. */
void dpdk_deaf(struct dpdk_port *port);

/** link.c: ask the device to tell of its link, before it is configured; begin and end to listen */
void dpdk_link_prepare(struct dpdk_device *device, const struct rte_eth_dev_info *info,
		struct rte_eth_conf *conf);
void dpdk_link_listen(struct dpdk_device *device);
void dpdk_link_deaf(struct dpdk_device *device);
int dpdk_link(struct flue_port *base);
int dpdk_xstats(const struct flue_port *base, char *text, int bytes);
/** The device that was made from `spec` has its link there. */
void dpdk_link_interface(struct dpdk_device *device, const char *spec);

/** recall.c: pollers use the device no more, until its link is up. Any thread. */
void dpdk_keep_off(struct dpdk_device *device);
/** The link is as it is known: where it is lost, see to it that what is lent comes back; where it is up,
 *  that the device is used. With `control`. */
void dpdk_recall(struct dpdk_device *device);
/** The device is being closed. Without `control`. */
void dpdk_recall_end(struct dpdk_device *device);

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
