/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_FUZZ_H
#define FLUE_FUZZ_H

/**
 * @file
 * What the fuzz targets stand on: a port without a wire, an engine, one channel, the host's memory.
 *
 * A target is one function, LLVMFuzzerTestOneInput(), in one file. libFuzzer runs it in a build with
 * FLUE_FUZZ; everywhere else driver.c runs its corpus and a few seeded mutations as a test.
 */

#include <stdlib.h>
#include <string.h>

#include "engine/parts.h"
#include "support/invariants.h"
#include "tcp/bytes.h"

#define FUZZ_BUFFERS 256
#define FUZZ_ROOM    2304
#define FUZZ_JAVA    (256 * 1024)
#define FUZZ_RING    64

/* Where fuzz_tree() puts things in the host's memory. */
#define FUZZ_HANDLES  2048 /* of neighbor, path, connection: 64 bytes each, the token at the 8th */
#define FUZZ_NEIGHBOR 4096
#define FUZZ_PATH     8192
#define FUZZ_TCP      12288

#define FUZZ_OUR_MAC  "\x02\0\0\0\0\xaa"
#define FUZZ_PEER_MAC "\x02\0\0\0\0\xbb"

struct fuzz {
	struct flue_port port;
	int region;
	struct flue_pkt pkts[FUZZ_BUFFERS];
	uint32_t free[FUZZ_BUFFERS];
	uint32_t free_count;
	struct flue_pkt *rx;
	flue_engine *e;
	int channel;
	struct flue_channel_header *ch;
	struct flue_submission *subs;
	struct flue_up *ups;
	int java;
	uint8_t *base;
	int64_t now;
	bool ip6;
	/* Told of each frame that is sent; may be NULL. */
	/** Nothing behind a frame is poisoned: a host that names the port's region may have the
	 *  engine read there, as in any region of its own. */
	bool host_names_buffers;
	void (*sent)(struct fuzz *f, const struct flue_pkt *pkt);
	void *context;
};

/** The input, taken from the front; zeroes behind its end. */
struct fuzz_in {
	const uint8_t *at;
	size_t left;
};

/** Not what libFuzzer calls a crash by itself: say so. */
void fuzz_require(bool truth, const char *what);

uint8_t fuzz_u8(struct fuzz_in *in);
uint16_t fuzz_u16(struct fuzz_in *in);
uint32_t fuzz_u32(struct fuzz_in *in);
/** At most `most` bytes of what is left. @return how many */
uint32_t fuzz_bytes(struct fuzz_in *in, const uint8_t **bytes, uint32_t most);

struct flue_engine_config fuzz_config(void);
/** With configuration, or NULL for fuzz_config(). */
struct fuzz *fuzz_new(const struct flue_engine_config *config);
/** The engine goes, whatever it holds; each buffer must come back. */
void fuzz_free(struct fuzz *f);

struct flue_pkt *fuzz_pkt_alloc(struct flue_port *port);
/** One frame for the next pass. Reading beyond its last byte is an error to the address sanitizer.
 *  @return false: no buffer is left, or it is too long for any */
bool fuzz_receive(struct fuzz *f, const uint8_t *frame, uint32_t len, uint16_t flags);

flue_ref fuzz_ref(const struct fuzz *f, uint64_t offset);
void fuzz_submit(struct fuzz *f, uint32_t op, uint64_t token, flue_ref ref, uint32_t arg0,
		uint64_t arg1);
/** Entries of the submission ring that the engine has not taken. */
uint32_t fuzz_waiting(const struct fuzz *f);
/** One pass at a later time. Nothing is answered. */
void fuzz_pass(struct fuzz *f, int64_t ns);
/** @return false: the up-ring is empty */
bool fuzz_up(struct fuzz *f, struct flue_up *up);
/** A pass, answered like a host: accept what is indicated, return what was lent. */
void fuzz_poll(struct fuzz *f, int64_t ns);

/** A neighbor, a path and an established connection, described and not submitted. */
void fuzz_tree(struct fuzz *f, bool ts);
struct flue_tcp_const *fuzz_const(struct fuzz *f);
struct flue_tcp_cached *fuzz_cached(struct fuzz *f);
struct flue_tcp_delegated *fuzz_delegated(struct fuzz *f);
struct flue_tcp_state_ext *fuzz_ext(struct fuzz *f);
/** Token of neighbor 0, path 1, connection 2; 0 = it was not offloaded. */
uint64_t fuzz_token(const struct fuzz *f, int which);
/** fuzz_tree(), initiated. @return the connection's token */
uint64_t fuzz_connect(struct fuzz *f, bool ts);

/** NBL, NB and two MDLs at `at` (256 bytes), for `len` bytes at `data`. @return the NBL */
flue_ref fuzz_nbl(struct fuzz *f, uint32_t at, uint32_t data, uint32_t len);
/** Ethernet and IP headers of a segment to the connection. @return bytes */
uint32_t fuzz_put_ip(const struct fuzz *f, uint8_t *frame, uint32_t tcp_len);
/** Our side's TCP port and the peer's, at the start of a TCP header. */
void fuzz_put_ports(uint8_t *tcp);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif /* FLUE_FUZZ_H */
