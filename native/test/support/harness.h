/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_TEST_HARNESS_H
#define FLUE_TEST_HARNESS_H

/**
 * @file
 * An engine between two fakes: a port whose wire is an array of frames, and the Java side of one
 * channel. Time is a field. A test says what arrives and looks at what left; checksums, lengths and
 * the don't-fragment bit of everything that leaves are checked on the way.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/parts.h"
#include "rule.h"

#define PEER_MAC "\x02\x00\x00\x00\x00\xbb"
#define OUR_MAC  "\x02\x00\x00\x00\x00\xaa"

#define MAX_SENT   4096
#define JAVA_BYTES (16 * 1024 * 1024)

/* ---- The port ------------------------------------------------------------------------------- */

struct fake_port {
	struct flue_port port;
	int region;
	uint8_t *memory;
	struct flue_pkt *pkts;
	struct flue_pkt *free_list;
	struct flue_pkt *rx_head;
	struct flue_pkt *rx_tail;
	struct flue_pkt *held_tx[1024]; /* not finished yet: `keep_tx` */
	unsigned held_tx_count;
	unsigned tx_limit; /* packets accepted in all from now on; UINT_MAX = no limit */
	bool keep_tx;      /* like a driver that frees late */
	bool no_alloc;
	struct flue_net_buffer_list *unused;
	struct {
		uint8_t *bytes;
		uint32_t len;
		bool ext; /* payload was lent */
	} sent[MAX_SENT];
	unsigned sent_count;
	unsigned seen; /* of sent: looked at by the test */
	unsigned sent_packets;
	unsigned sent_flags; /* FLUE_PKT_TX_*, of any of them */
};

/* ---- What a sent segment says --------------------------------------------------------------- */

struct seen {
	uint32_t seq;
	uint32_t ack;
	uint32_t tsval;
	uint32_t tsecr;
	uint32_t len;
	uint16_t win;
	uint16_t ip_id;
	uint16_t sport;
	uint8_t flags;
	uint8_t ttl;
	uint8_t tos;
	uint8_t hlen;
	uint8_t sacks;       /* blocks of the SACK option */
	uint32_t sack[4][2]; /* each from, up to; of the peer's numbers */
	bool ts;
	bool lent;
	const uint8_t *payload;
	const uint8_t *frame;
};

/* ---- A connection as the host describes it --------------------------------------------------- */

struct conn {
	struct flue_miniport_offload_block_list *block;
	flue_ref block_ref;
	struct flue_offload_handle *handle;
	flue_ref handle_ref;
	uint64_t token;
	uint32_t iss;      /* our SND.UNA at the hand-over */
	uint32_t irs;      /* RCV.NXT at the hand-over */
	uint32_t peer_ack; /* what the peer has acknowledged */
	uint16_t port;
	uint8_t peer_tos; /* of the peer's frames */
	bool ts;
	bool ip6;
};

struct harness {
	struct fake_port *port;
	flue_engine *e;
	int64_t now;
	int region; /* channel */
	struct flue_channel_header *ch;
	struct flue_submission *subs;
	struct flue_up *ups;
	int java; /* region of the host's memory */
	uint8_t *java_base;
	uint64_t java_used;
	int budget;
	bool queries;         /* the test answers reachability queries itself */
	bool mirrored;        /* we are 198.18.0.2, port c.port, at PEER_MAC */
	flue_nic_memory *nic; /* FLUE_TEST_NIC */
	/* The tree's lower objects, made once. */
	struct flue_offload_handle *neighbor;
	struct flue_offload_handle *path;
	struct flue_miniport_offload_block_list *neighbor_block;
	struct flue_miniport_offload_block_list *path_block;
	flue_ref neighbor_ref;
	flue_ref path_ref;
};

/**
 * Every program of this harness runs twice: as it is, and with FLUE_TEST_IP=6 in its environment,
 * where paths and peers are IPv6. The port is 20 bytes wider then, so that a full segment carries as
 * much.
 */
bool harness_ip6(void);
/** With FLUE_TEST_NIC in the environment state objects lie in NIC memory, where no test says otherwise:
 *  an anonymous mapping of so many bytes. */
flue_nic_memory *nic_new(int64_t bytes, uint8_t **address);
/** Leave the test out under IPv6; `reason` says what IPv4 has that IPv6 has not. */
void only_ip4(const char *reason);
/** Where the TCP header of a frame to or from the connection begins. */
uint32_t tcp_at(const struct conn *c);

struct flue_engine_config harness_config(void);
/** With configuration, or NULL for a small default; what the port does: enum flue_port_offload. */
struct harness *harness_new(const struct flue_engine_config *config, uint32_t caps);
/** On a port of the caller's; the functions about sent frames and injecting do not apply. */
struct harness *harness_on(const struct flue_engine_config *config, flue_port *port, bool mirrored);
/** Everything must be back: engine, port and regions hold nothing. */
void harness_free(struct harness *h);
/** The same without looking: for tests that leave connections behind on purpose. */
void harness_discard(struct harness *h);
/** Empty fixture objects (path, neighbor) away as well, then all pools must be at 0. */
void harness_at_rest(struct harness *h);

/** Memory of the host, 8-aligned, zero. */
void *java_alloc(struct harness *h, uint64_t bytes, flue_ref *ref);
void *java_at(struct harness *h, flue_ref ref);

void
submit(struct harness *h, uint32_t op, uint64_t token, flue_ref ref, uint32_t arg0, uint64_t arg1);
/** One pass at h->now. */
int poll_engine(struct harness *h);
/** Advance time, then one pass. */
int pass_after(struct harness *h, int64_t ns);
/** Next up-ring entry. @return false when there is none */
bool up_next(struct harness *h, struct flue_up *up);
/** Next entry must be this one. */
struct flue_up up_expect(struct harness *h, uint32_t op);
void up_none(struct harness *h);

/* Trees. */
flue_ref block_new(struct harness *h, uint8_t type, struct flue_offload_handle **handle,
		struct flue_miniport_offload_block_list **block);
void neighbor_new(struct harness *h);
void path_new(struct harness *h, bool ip6);
/** A TCP block in ESTABLISHED at the given numbers, not submitted. */
void conn_block(struct harness *h, struct conn *c, uint32_t iss, uint32_t irs);
struct flue_tcp_const *tcp_const(struct conn *c);
struct flue_tcp_cached *tcp_cached(struct conn *c);
struct flue_tcp_delegated *tcp_delegated(struct conn *c);
struct flue_tcp_state_ext *tcp_ext(struct conn *c);
/** Initiate the connection below the fixture's path. @return status of its block */
uint32_t conn_initiate(struct harness *h, struct conn *c);
/** conn_block and conn_initiate, which must succeed; the quiet period is over afterwards. */
void connect_at(struct harness *h, struct conn *c, uint32_t iss, uint32_t irs);
/** Submit a terminate of the connection alone, with EXT. */
void terminate_submit(struct harness *h, struct conn *c);
/** ... and poll until it completes; other entries of the up-ring are dropped. @return status */
uint32_t terminate(struct harness *h, struct conn *c);

/* Buffers. */
flue_ref nbl_new(struct harness *h, const void *data, uint32_t len, int pieces);
void nbl_link(struct harness *h, flue_ref first, flue_ref next);
struct flue_net_buffer_list *nbl_at(struct harness *h, flue_ref ref);

/* The peer. */
void inject(struct harness *h, const void *frame, uint32_t len);
/** A frame that is the host's. */
void inject_raw(struct harness *h);
/** Those until the up-ring has no room for indications. */
void fill_half_with_frames(struct harness *h);
/** Sequence numbers relative to the connection's; window in the field. */
void peer(struct harness *h, struct conn *c, uint8_t flags, uint32_t seq, uint32_t ack,
		const void *data, uint32_t len, uint16_t win);
void peer_ts(struct harness *h, struct conn *c, uint8_t flags, uint32_t seq, uint32_t ack,
		const void *data, uint32_t len, uint16_t win, uint32_t tsval, uint32_t tsecr);
/** A frame as peer() injects it, into `frame`. @return length */
uint32_t peer_frame(struct conn *c, uint8_t *frame, uint8_t flags, uint32_t seq, uint32_t ack,
		const void *data, uint32_t len, uint16_t win, const uint32_t *ts);

/** The same with options, a multiple of four bytes of them. */
uint32_t peer_frame_with(struct conn *c, uint8_t *frame, uint8_t flags, uint32_t seq, uint32_t ack,
		const void *data, uint32_t len, uint16_t win, const uint8_t *options,
		uint32_t options_len);

/** Is it a whole TCP segment with a good checksum? Where its TCP header is, and bytes from there. */
bool frame_segment(const uint8_t *frame, uint32_t len, uint32_t *at, uint32_t *tcp_len);

/** Next segment that was sent, or false. Numbers relative to the connection. Its checksums are good, and
 *  its options are none but aligned timestamps and SACK, with lengths that fit. */
bool sent_next(struct harness *h, struct conn *c, struct seen *s);
struct seen sent_expect(struct harness *h, struct conn *c);
void sent_none(struct harness *h);

/** Take the next indication, accept it whole and return it; appends to buf. @return bytes */
uint32_t accept_data(struct harness *h, struct conn *c, uint8_t *buf);
/** Take the connection back, which must succeed, and free all: a test's last line. */
void finish(struct harness *h, struct conn *c);
void verdict(struct harness *h, struct conn *c, flue_ref nbl, uint32_t status, uint64_t bytes);
/** Bytes of an indication. */
uint32_t gather(struct harness *h, flue_ref nbl, uint8_t *buf);

int64_t counter(struct harness *h, enum flue_counter id);

#define MS  INT64_C(1000000)
#define SEC INT64_C(1000000000)

#endif /* FLUE_TEST_HARNESS_H */
