/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_PORT_H
#define FLUE_PORT_H

/**
 * @file
 * Ports: where frames come from and go to. A port has one owner, the thread that polls the engine
 * on it; open and close are control path, on any thread while no engine polls the port.
 *
 * MAC addresses are passed as a number: 02:00:c6:12:00:02 is 0x0200c6120002.
 */

#include "flue_types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct flue_port flue_port;
typedef struct flue_wire flue_wire;

/** Close a port that no engine uses. Idle if NULL. */
FLUE_API void flue_port_close(flue_port *port);
FLUE_API int64_t flue_port_mac(const flue_port *port);
/** Largest IP packet, bytes. */
FLUE_API int flue_port_mtu(const flue_port *port);
/** "wire", "tap", "dpdk:net_tap", ... Owned by the port. */
FLUE_API const char *flue_port_name(const flue_port *port);
/** Packet buffers that somebody holds: received and lent up, or waiting to be sent. 0 when idle. */
FLUE_API int flue_port_buffers_held(const flue_port *port);
FLUE_API int flue_port_buffers(const flue_port *port);
/**
 * Whether frames can pass. Control path: it may make system calls. Any thread while the port is open.
 * @return 1, 0 while the link is down, -ENODEV when the device was taken away: it does not come back
 */
FLUE_API int flue_port_link(flue_port *port);
/** Frames that were to be sent and that the device did not take, because its link was down, say. */
FLUE_API int64_t flue_port_lost(const flue_port *port);

/**
 * What a device can do in our stead. Each has a twin in software that makes the same frames, and each
 * can be switched off where a port is opened. Bits.
 */
enum flue_port_offload {
	FLUE_PORT_TX_IP_CSUM = 0x1,  /**< fills in the header checksum of IPv4 */
	FLUE_PORT_TX_TCP_CSUM = 0x2, /**< ... and that of TCP */
	FLUE_PORT_RX_IP_CSUM = 0x4,  /**< says which header checksums of IPv4 are good */
	FLUE_PORT_RX_TCP_CSUM = 0x8, /**< ... and which of TCP */
	FLUE_PORT_TSO = 0x10,        /**< cuts a packet of up to 64 KiB into segments */
	FLUE_PORT_MULTI_SEG = 0x20,  /**< sends a frame that lies in several places */
	FLUE_PORT_VLAN_INSERT = 0x40,
	FLUE_PORT_VLAN_STRIP = 0x80,
	FLUE_PORT_SCATTER = 0x100,    /**< receives a frame into several buffers */
	FLUE_PORT_LENT = 0x200,       /**< reads lent payload where it lies */
	FLUE_PORT_FLOW_RULES = 0x400, /**< brings a connection to the queue of its engine */
	FLUE_PORT_TX_CSUM = 0x3,
	FLUE_PORT_RX_CSUM = 0xc,
	FLUE_PORT_ALL_OFFLOADS = 0x7ff
};

/**
 * Bits of enum flue_port_offload. Any thread.
 * @param which 0 = what the device offers, 1 = what is in use
 */
FLUE_API int flue_port_offloads(const flue_port *port, int which);
/** "tso", "vlan-insert", ... of the bit 1 << index; NULL when there is none. */
FLUE_API const char *flue_port_offload_name(int index);

/**
 * What a port of a device counts, and the device's part in it. Other ports count nothing here.
 */
enum flue_port_counter {
	FLUE_PORT_RX_FRAMES,  /**< received */
	FLUE_PORT_RX_GOOD,    /**< ... of them those of which the device calls the TCP sum good */
	FLUE_PORT_TX_PACKETS, /**< handed to the device */
	FLUE_PORT_TX_SUMMED,  /**< ... of them those of which it fills in the TCP sum */
	FLUE_PORT_TX_CUT,     /**< ... and those that it cuts into segments (TSO) */
	FLUE_PORT_TX_FRAMES,  /**< that leave the device for all of these packets */
	FLUE_PORT_RULES_MADE, /**< flow rules that the device has taken */
	FLUE_PORT_RULES_REMOVED, /**< ... of them those that are gone again */
	FLUE_PORT_RULES_REFUSED, /**< connections without one: by the device, or for want of room */
	FLUE_PORT_COUNTS
};

/** Any thread; 0 when there is no such counter. */
FLUE_API int64_t flue_port_count(const flue_port *port, int which);
/** "rx_frames", ... of enum flue_port_counter; NULL when there is none. */
FLUE_API const char *flue_port_count_name(int which);

/**
 * What the device counts itself, a line each: "rx_good_packets 12\n". Control path.
 * @return bytes written, without the NUL; 0 when it counts nothing; -ENOSPC when it does not fit
 */
FLUE_API int flue_port_xstats(const flue_port *port, char *text, int bytes);

/* ---- The wire: a switch in memory ----------------------------------------------------------- */

/** Faults are drawn per frame and receiving port from the seed. ppm = one in a million. */
struct flue_wire_config {
	int32_t ports;   /**< 2..16 */
	int32_t mtu;     /**< bytes of an IP packet, 576..9000 */
	int32_t buffers; /**< packet buffers of each port, 64..65536 */
	int32_t drop_ppm;
	int32_t duplicate_ppm;
	int32_t corrupt_ppm; /**< one bit flipped */
	int32_t reorder_ppm; /**< held back by reorder_ns more */
	int32_t pad0;
	int64_t seed;
	int64_t delay_ns;  /**< of every frame */
	int64_t jitter_ns; /**< uniform 0..jitter_ns on top; may reorder */
	int64_t reorder_ns;
};

/** Zero faults, 2 ports, MTU 1500, 4096 buffers. */
FLUE_API void flue_wire_config_default(struct flue_wire_config *config);

/** @return 0, -EINVAL (a value out of range), -ENOMEM */
FLUE_API int flue_wire_create(const struct flue_wire_config *config, flue_wire **wire);

/**
 * Plug in at socket `index`. Frames to `mac` come here; frames to a group address or to a MAC that
 * no port has go to all other ports. Two ports may be polled by two threads.
 * @return 0, -EINVAL, -EBUSY (taken)
 */
FLUE_API int flue_wire_port(flue_wire *wire, int index, int64_t mac, flue_port **port);

/**
 * Socket `index` belongs to the team of socket `first` from now on, as in a switch with link
 * aggregation: a frame to the MAC of any of them goes to the one from which its flow was heard last,
 * or to the first whose link is up; one to a group goes to one of them, and comes back to none. What
 * they send at one instant arrives in the order in which it was sent. One thread.
 * @return 0, -EINVAL
 */
FLUE_API int flue_wire_join(flue_wire *wire, int index, int first);

/**
 * The link of a socket goes down (0) or up. Down, what is sent from there or to there is lost, and
 * so is what was under way to it. The thread that polls its port.
 * @return 0, -EINVAL
 */
FLUE_API int flue_wire_set_link(flue_wire *wire, int index, int up);

/** Earliest time at which some port will have a frame to receive; INT64_MAX when none is under way.
 *  One thread only (virtual time). */
FLUE_API int64_t flue_wire_next_event(const flue_wire *wire);

/** Running hash over (time, port, bytes) of every frame delivered: the trace of a run in a number.
 *  One thread only. */
FLUE_API int64_t flue_wire_trace_hash(const flue_wire *wire);

/** Change the probability of loss from now on. */
FLUE_API int flue_wire_set_drop(flue_wire *wire, int drop_ppm);

/** What one link, from one socket to another, does to frames instead of what the wire does to all. */
struct flue_wire_faults {
	int32_t drop_ppm;
	int32_t duplicate_ppm;
	int32_t corrupt_ppm;     /**< one bit flipped */
	int32_t reorder_ppm;     /**< held back by reorder_ns more */
	int32_t burst_enter_ppm; /**< Gilbert-Elliott: a frame finds that the bad state begins */
	int32_t burst_leave_ppm; /**< and that it ends */
	int32_t burst_drop_ppm;  /**< loss in the bad state, instead of drop_ppm */
	int32_t mtu;             /**< longer IP packets vanish; 0 = the wire's */
	int64_t delay_ns;        /**< of every frame */
	int64_t jitter_ns;       /**< uniform 0..jitter_ns on top; may reorder */
	int64_t reorder_ns;
	int64_t bits_per_second; /**< frames leave one after another, so fast; 0 = all at once */
	int64_t queue_bytes; /**< of frames that wait to leave, the tail is dropped; 0 = no limit */
};

/**
 * Give the link from one socket to another faults of its own, from now on. What is under way keeps
 * the faults it was sent under. What a frame's loss costs of the link's capacity is spent all the
 * same. Such a link never holds its sender back: what finds no buffer free is lost. One thread only
 * (virtual time).
 * @return 0, -EINVAL (no such link, a value out of range), -ENOMEM
 */
FLUE_API int flue_wire_set_faults(flue_wire *wire, int source, int destination,
		const struct flue_wire_faults *faults);

/**
 * Keep a copy of every frame from now on: as it was given to the wire, and as it was received. For
 * an observer in virtual time, one thread only. The region belongs to the wire and holds records of
 *
 *   time i64 | bytes u32 | port u16 | what u16: 0 = sent, 1 = received | the frame, padded to 8
 *
 * @param bytes of the region, 65536 or more: enough for one turn of everybody
 * @return region id, -EINVAL, -EBUSY (there is one), -ENOMEM
 */
FLUE_API int flue_wire_observe(flue_wire *wire, int64_t bytes);

/**
 * Bytes of records in the region. They are there until the next frame; the records after it begin
 * at the region's start again.
 * @return bytes, or -ENOSPC when a record did not fit, or -EINVAL when nothing is observed
 */
FLUE_API int64_t flue_wire_observed(flue_wire *wire);

/** What the wire did so far. which: 0 frames sent, 1 delivered, 2 dropped, 3 duplicated,
 *  4 corrupted, 5 reordered, 6 dropped because a port's buffers were used up, 7 dropped because a
 *  link's queue was full. A frame for several ports is counted once for each; frames that are too
 *  long for the MTU count as dropped. */
FLUE_API int64_t flue_wire_count(const flue_wire *wire, int which);

/** Frames under way are dropped. @return 0, -EBUSY when a port is open or a packet not back */
FLUE_API int flue_wire_destroy(flue_wire *wire);

/* ---- TAP ------------------------------------------------------------------------------------ */

/**
 * Create (or join) a TAP interface of this network namespace.
 * @param name  interface name, 1..15 characters
 * @param mac   our side's address; the kernel's side gets its own
 * @return 0, -EPERM (needs CAP_NET_ADMIN), -EBUSY (in use), -ENODEV (no /dev/net/tun), -EINVAL
 */
FLUE_API int flue_tap_open(const char *name, int64_t mac, int mtu, int buffers, flue_port **port);

/**
 * Give the kernel's side of interface `name` an IPv4 address and bring it up.
 * @param address host byte order: 198.18.0.1 is 0xc6120001
 */
FLUE_API int flue_interface_configure(const char *name, int32_t address, int prefix, int mtu);

/**
 * Give the kernel's side of interface `name` an IPv6 address and bring it up.
 * @param hi  first 8 bytes of the address, a number in network order
 * @param lo  last 8 bytes
 * @return 0, -EPERM, -ENODEV (no interface), -EACCES (IPv6 is switched off there), -EINVAL
 */
FLUE_API int
flue_interface_configure6(const char *name, int64_t hi, int64_t lo, int prefix, int mtu);

/**
 * Give the kernel's side of interface `name` a MAC address.
 * @return 0, -EPERM, -ENODEV (no interface), -EBUSY (it has to be down for that), -EINVAL
 */
FLUE_API int flue_interface_set_mac(const char *name, int64_t mac);

/* ---- Capture -------------------------------------------------------------------------------- */

/**
 * Stand between an engine and `inner` and write every frame to a pcapng file. The new port owns
 * `inner`: closing it closes both. Diagnostic: it writes to a file in the poll loop, buffered.
 * @return 0 or -errno of opening the file
 */
FLUE_API int flue_capture_open(flue_port *inner, const char *path, flue_port **port);

/* ---- DPDK ----------------------------------------------------------------------------------- */

/**
 * Load libflue_dpdk.so from beside this library. Idempotent.
 * @return 0, or -errno with the reason in flue_dpdk_unavailability_cause()
 */
FLUE_API int flue_dpdk_load(void);

/** A sentence a person can act on; "" when DPDK is loaded. Owned by the library. */
FLUE_API const char *flue_dpdk_unavailability_cause(void);

/** "DPDK 22.11.11", or "". */
FLUE_API const char *flue_dpdk_version(void);

/**
 * Start EAL, once a process, on a native thread of its own.
 * @param args  words as for any DPDK program, separated by blanks ("--no-huge -m 128 --no-pci");
 *              NULL or "" = a choice that works here: hugepages when enough are free, else --no-huge;
 *              "+ --telemetry": that choice, and these words
 * @return 0, -EALREADY (already started), -errno of EAL; the reason in the cause
 */
FLUE_API int flue_dpdk_start(const char *args);

/** What a DPDK port is to be. */
struct flue_dpdk_config {
	int64_t mac;           /**< our address; 0 = the device's own */
	int32_t mtu;           /**< bytes of an IP packet, 576..9000; 1500 */
	int32_t buffers;       /**< packet buffers, 64..65536; 4096 */
	int32_t offloads_off;  /**< bits of enum flue_port_offload that are not to be used; 0 */
	int32_t queues;        /**< queue pairs, 1..64, as many as the device has at most; 1 */
	int32_t rx_interrupts; /**< for FLUE_IDLE_INTERRUPT, where the device has any; 0 */
	int32_t pad0;
};

/** The defaults named above, and the device's own address. */
FLUE_API void flue_dpdk_config_default(struct flue_dpdk_config *config);

/**
 * Open a DPDK port, made by hotplug when it does not exist yet.
 * @param device  "net_tap0,iface=flue0", "net_ring0", "0000:00:06.0", ...
 * @return 0, or -errno with a sentence in the cause: -ENODEV (no such device, not bound to a driver
 *         that DPDK can use, DPDK not started), -EBUSY (open already), -ENOMEM, -EINVAL (a value out
 *         of range, or one that the device does not take), or what the driver says
 */
FLUE_API int
flue_dpdk_open(const char *device, const struct flue_dpdk_config *config, flue_port **port);

/**
 * The port of another queue pair of a device that was opened with several: for an engine of its own,
 * which may run on another thread. What the device receives is spread over the queues by flow, by its
 * own RSS where it has that. Each port is closed by itself, the device with the last one; until then
 * what comes to a queue that is closed is lost.
 * @param first the port that flue_dpdk_open() gave; it is number 0
 * @return 0, -EINVAL (no such queue, or closed)
 */
FLUE_API int flue_dpdk_queue(flue_port *first, int index, flue_port **port);

/** Two ports wired back to back by rings of `entries` descriptors; frames pass by reference. */
FLUE_API int flue_dpdk_ring_pair(int entries, int64_t mac0, int64_t mac1, int buffers,
		flue_port **port0, flue_port **port1);

#ifdef __cplusplus
}
#endif

#endif /* FLUE_PORT_H */
