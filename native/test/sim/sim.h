/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_TEST_SIM_H
#define FLUE_TEST_SIM_H

/**
 * @file
 * Engine against engine on the wire in memory, in virtual time, all of it from one seed: the network's
 * faults, the options of the connection, what the two applications do, and when the connection moves
 * from one engine to another at the same address. The same seed makes the same run, packet by packet.
 *
 *   application A -- host A -- engine A0 \                  / engine B0 -- host B -- application B
 *                          \-- engine A1 -- switch -- wire -- switch ...
 *
 * Needs no test framework: what does not hold ends the run and is told in a sentence.
 */

#include <setjmp.h>

#include "engine/parts.h"
#include "support/invariants.h"

#define SIM_SENDS     8
#define SIM_SEND_ROOM 16384
#define SIM_POSTS     8
#define SIM_POST_ROOM 8192
#define SIM_KEPT      1024 /* segments that wait while the connection is between engines */
#define SIM_KEPT_ROOM 1792 /* NBL, NB, MDL: 256; the segment */
#define SIM_RING      256

#define SIM_MS  INT64_C(1000000)
#define SIM_SEC INT64_C(1000000000)

/** One application and its host. */
struct sim_app_params {
	uint64_t bytes;     /* to send */
	uint32_t write;     /* largest write */
	int64_t think;      /* longest pause between writes */
	int64_t read_delay; /* longest time before a verdict */
	uint32_t rcv_buf;
	uint8_t rcv_scale;
	uint8_t posts; /* receives kept posted; 0 = indications alone */
	bool partial;  /* takes part of an indication now and then */
	bool nagle;
	bool keepalive;
	bool close_early; /* the disconnect follows the last write at once */
	uint32_t ack_frequency;
	uint32_t abort_at; /* event; 0 = never */
	uint32_t move_at;  /* event of the first move; 0 = none */
	uint32_t move_every;
	int64_t move_pause; /* longest time between engines */
	bool plain_moves;   /* now and then without EXT */
};

struct sim_params {
	uint64_t seed;
	const char *kind;
	struct flue_wire_config wire;
	struct flue_wire_faults link[2]; /* from A, from B */
	uint32_t mark_ppm;               /* of what says that it understands ECN */
	struct sim_app_params app[2];
	uint32_t iss[2];
	bool ip6;
	bool ts;
	bool sack;
	bool scaling;
	bool ecn;
	bool clean; /* nothing is lost or late: nothing may be sent twice */
	uint32_t cc_algorithm;
	int64_t rto_min_us;
	int64_t rto_max_us;
	uint32_t buffers; /* pieces of an engine: few run out */
	bool scarce;      /* the first engine of a side has no extra records; not of the seed */
};

struct sim_result {
	char what[256]; /* what does not hold; "" = all does */
	int64_t time;   /* virtual */
	uint64_t packets;
	uint64_t retransmits;
	uint64_t steps;
	uint32_t moves;
	bool gave_up; /* the peer was silent for too long: a legal end */
	bool aborted;
	int64_t hash; /* of the trace */
};

struct sim;
struct sim_side;

/** One engine of a side, behind a switch that lets it see the wire or not. */
struct sim_engine {
	struct flue_port port; /* first: looks like a port to the engine */
	struct sim_side *side;
	flue_engine *e;
	int channel;
	struct flue_channel_header *ch;
	struct flue_submission *subs;
	struct flue_up *ups;
	struct flue_miniport_offload_block_list *neighbor;
	struct flue_miniport_offload_block_list *path;
	bool active;
	int index;
};

enum sim_phase {
	SIM_HERE,        /* an engine has the connection */
	SIM_TERMINATING, /* it gives it back */
	SIM_BETWEEN,     /* the host has it */
	SIM_INITIATING,
	SIM_OVER /* it has come to its end */
};

struct sim_side {
	struct sim *sim;
	struct sim_side *peer;
	const struct sim_app_params *p;
	int index;
	struct flue_port *port; /* of the wire */
	struct sim_engine engine[2];
	struct sim_engine *at; /* that has the connection */
	int region;
	uint8_t *base;
	uint64_t used;
	/* The connection. */
	enum sim_phase phase;
	struct flue_miniport_offload_block_list *block;
	uint64_t token;
	struct flue_grown grown;
	uint64_t queued; /* bytes given to sends */
	uint64_t received;
	flue_ref sends[SIM_SENDS];
	bool sending[SIM_SENDS];
	flue_ref posts[SIM_POSTS];
	bool posted[SIM_POSTS];
	flue_ref close_nbl;
	bool closing; /* the disconnect was submitted */
	bool fin_told;
	bool aborting;
	bool aborted;
	bool wants_move;
	bool news; /* came up since the host acted */
	flue_ref indicated;
	uint32_t indicated_bytes;
	int64_t verdict_at;
	int64_t write_at;
	int64_t resume_at;
	flue_ref abort_nbl;
	flue_ref kept_base;
	uint32_t kept_tail; /* of all kept */
	uint32_t kept_next; /* to be forwarded next */
	uint32_t kept_done;
	uint32_t kept_len[SIM_KEPT];
	uint32_t events; /* packets sent and received */
	uint32_t next_move;
	bool extended;
	/* What the wire saw of it. */
	uint32_t sent_max;   /* behind the highest number sent, but for probes */
	uint32_t sent_high;  /* ... probes, too */
	uint32_t told_edge;  /* the furthest it has promised */
	uint32_t heard_edge; /* ... and that has reached it from the other side */
	bool heard_closed;   /* the last window that reached it was closed */
	uint32_t ack_max;
	uint64_t again; /* segments sent before */
};

struct sim {
	struct sim_params p;
	struct sim_result *result;
	jmp_buf failed;
	flue_wire *wire;
	int64_t now;
	uint64_t random;
	struct sim_side side[2];
	bool trace;
};

void sim_params_of(struct sim_params *p, uint64_t seed);
void sim_params_print(const struct sim_params *p);
/** @return true when all held */
bool sim_run(const struct sim_params *p, bool trace, struct sim_result *result);

/* Of the parts. */
uint64_t sim_random(uint64_t *state);
uint64_t sim_below(uint64_t *state, uint64_t n);
/** Ends the run unless true. */
void sim_require(struct sim *s, bool truth, const char *what);
void *sim_alloc(struct sim_side *s, uint64_t bytes, flue_ref *ref);
/** Have the engine give the connection back, for good. */
void sim_host_give_up(struct sim_side *s);
/* switch.c */
void sim_switch_init(struct sim_engine *x, struct sim_side *side);
/* host.c */
void sim_host_start(struct sim_side *s, uint32_t iss, uint32_t irs);
/** What the application and the host do now, and one pass of its engines. @return work done */
int sim_host_step(struct sim_side *s);
int64_t sim_host_next(const struct sim_side *s);
bool sim_host_done(const struct sim_side *s);
/** Take back what is left; everything must be at rest. */
void sim_host_end(struct sim_side *s);
/* frames.c */
void sim_frames_up(struct sim_side *s, struct sim_engine *x, flue_ref chain);
/** What arrived in between, as far as it may go now. */
void sim_frames_forward(struct sim_side *s);
/* tree.c */
void sim_tree_new(struct sim_engine *x);
void sim_block_new(struct sim_side *s, uint32_t iss, uint32_t irs);
struct flue_tcp_delegated *sim_delegated(struct sim_side *s);
struct flue_tcp_state_ext *sim_ext(struct sim_side *s);
flue_ref sim_nbl(struct sim_side *s, flue_ref at, uint32_t len);
void sim_submit(struct sim_engine *x, uint32_t op, uint64_t token, flue_ref ref, uint32_t arg0,
		uint64_t arg1);

#endif /* FLUE_TEST_SIM_H */
