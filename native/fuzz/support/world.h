/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_FUZZ_WORLD_H
#define FLUE_FUZZ_WORLD_H

/**
 * @file
 * One connection with its host and its peer, and what must hold between them. The byte at a sequence
 * number is a function of the number, both ways: whatever leaves or is handed up can be compared. A host
 * that plays by the rules: what breaks them is the business of other targets.
 */

#include "support/fuzz.h"

#define WORLD_SENDS     8
#define WORLD_SEND_ROOM 4096
#define WORLD_POSTS     16

/* world_segment.options */
#define WORLD_USUAL    0 /* timestamps if they were agreed */
#define WORLD_SACK     1 /* ... and SACK blocks */
#define WORLD_RAW      2 /* any bytes */
#define WORLD_ODD_TIME 4 /* timestamps from the input */

struct world_segment {
	uint32_t seq;
	uint32_t ack;
	uint32_t len;
	uint16_t window;
	uint8_t flags;
	uint8_t options;
	uint8_t ecn; /* codepoint of the IP header */
	bool forwarded;
};

struct world {
	struct fuzz *f;
	uint64_t token; /* 0 = not offloaded (any more) */
	struct flue_grown grown;
	uint32_t taken;     /* next byte the host waits for */
	uint32_t peer_edge; /* the furthest the peer has ever allowed */
	uint32_t told_edge; /* ... and we have told it */
	uint32_t told_ack;
	uint32_t echo; /* the last timestamp that left */
	flue_ref indicated;
	uint32_t indicated_bytes;
	bool sending[WORLD_SENDS];
	bool posted[WORLD_POSTS];
	bool forwarding[WORLD_SENDS];
	bool disconnecting;
	bool resets;          /* an abortive disconnect was submitted: RSTs may leave */
	bool terminated;      /* a terminate has completed */
	bool initiating;      /* an initiate has not */
	struct flue_pkt *hog; /* taken from the port and from the slabs, so that others find none */
	uint32_t hidden_runs; /* of the scoreboards' pool */
	bool patched;         /* the state is not one that a host would give */
	bool ts;
	bool sack;
	uint8_t scales;
};

/** The byte of either stream at a sequence number. */
uint8_t world_byte(uint32_t seq);

/** From the input: a host's configuration, a connection in any state. It may be refused. */
void world_begin(struct world *w, struct fuzz_in *in);
/** Take it back and see that nothing is left. */
void world_end(struct world *w);

/** Time, a pass, what came up, and what must hold. */
void world_pass(struct world *w, int64_t ns);
/** A number near one that matters: 0..15 for a segment's SEQ, 16..31 for its ACK. */
uint32_t world_near(const struct world *w, unsigned which, uint8_t add);
/** What the peer says of its window, if the engine may believe it. */
void world_allow(struct world *w, uint32_t ack, uint16_t window);
void world_segment(struct world *w, const struct world_segment *s, struct fuzz_in *in);
void world_send(struct world *w, uint32_t len);
void world_post(struct world *w, uint8_t size, uint8_t how);
void world_verdict(struct world *w, uint8_t how, uint8_t part);
void world_disconnect(struct world *w, uint8_t how);
/** Another CACHED value, of the path or the connection. */
void world_update(struct world *w, uint8_t which, uint8_t value);
void world_query(struct world *w);
/** Have the port's buffers, the slabs or the scoreboards' runs run out, or end that. */
void world_shortage(struct world *w, uint8_t how);
/** Take it back, and initiate it again: 1 = without EXT. */
void world_move(struct world *w, uint8_t how);

/* world_begin.c: of world_begin(), what is behind the blocks. */
void world_describe(struct world *w, struct fuzz_in *in);
/* world_sent.c: looks at what leaves. */
void world_sent(struct fuzz *f, const struct flue_pkt *pkt);

/* Where things lie in the host's memory. */
#define WORLD_SEND_AT    16384u  /* 256 + WORLD_SEND_ROOM each */
#define WORLD_FLIGHT_AT  53248u  /* what was under way at the hand-over: 256 + 16384 */
#define WORLD_POST_AT    73728u  /* 4096 each */
#define WORLD_FORWARD_AT 139264u /* 2048 each */
#define WORLD_BUFFER_AT  159744u /* 256 + 4096 */
#define WORLD_QUERY_AT   165888u
#define WORLD_UPDATE_AT  168960u /* 512 each for path and connection */
#define WORLD_CLOSE_AT   171008u

#endif /* FLUE_FUZZ_WORLD_H */
