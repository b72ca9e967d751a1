/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_TCP_BOARD_H
#define FLUE_TCP_BOARD_H

/**
 * @file
 * The scoreboard of one connection: what is known of the bytes from SND.UNA on, as runs in sequence
 * order without gaps. Behind its last run everything is as it was sent. A data structure alone: it
 * knows no engine, no segment and no clock, and allocates from a pool that may run out; an operation
 * that would have to split a run then fails, and has changed nothing.
 *
 * A run is in one of these states:
 *
 *   0                      under way as it was sent first
 *   RUN_LOST               counted lost, to be sent again
 *   RUN_LOST | RUN_RESENT  ... and that is under way
 *   RUN_RESENT             sent again on suspicion: counted under way twice
 *   RUN_SACKED             the peer has it
 *
 * so that the bytes under way are (span - sacked - lost + resent), whatever the number of runs.
 */

#include <stdbool.h>
#include <stdint.h>

#include "tcp/seq.h"

#define RUN_SACKED 0x1
#define RUN_LOST   0x2
#define RUN_RESENT 0x4
#define RUN_AGAIN  0x8  /* was sent more than once, however long ago */
#define RUN_PASSED 0x10 /* something sent later has arrived: sent_us says how old it is at least */

#define RUN_NONE UINT32_C(0xffffffff)

#define RUN_MOVED 0x20 /* sent again by another TCP: order is only known to be no later */

struct flue_run {
	uint32_t start;
	uint32_t end;
	uint32_t sent_us; /* RUN_AGAIN: last transmission; RUN_PASSED: no later than this */
	uint32_t order;   /* RUN_AGAIN: SND.MAX then: what begins there or behind was sent later */
	uint32_t next;
	uint32_t flags;
};

/** Runs that are free, linked by next. */
struct flue_runs {
	struct flue_run *run;
	uint32_t first;
	uint32_t free;
	uint32_t size;
};

struct flue_board {
	uint32_t head;
	uint32_t tail;
	uint32_t count;  /* of runs */
	uint32_t most;   /* ... there may be */
	uint32_t una;    /* where the first run begins */
	uint32_t end;    /* where the last run ends */
	uint32_t fack;   /* behind the highest byte that has arrived */
	uint32_t sacked; /* bytes, as are the next two */
	uint32_t lost;
	uint32_t resent;
	uint32_t due;  /* lost, and not sent again since */
	uint32_t hint; /* no run before it is to be sent again; RUN_NONE = not known */
};

/** What an acknowledgment, with the blocks in it, has told. Summed up: the caller clears it, and sets
 *  `fack` to the board's as it was before. */
struct flue_board_news {
	uint32_t fack;
	uint32_t delivered; /* bytes that were not known to have arrived */
	uint32_t first_end; /* behind the last byte of these that was sent once: `first` */
	uint32_t again_us;  /* when the latest of these that were sent again left: `again` */
	uint32_t again_order;
	uint32_t again_end;
	bool first;
	bool again;
	bool reordered; /* sent once, arrived after something behind it had */
};

/** `n` runs of memory, all free. */
void flue_runs_init(struct flue_runs *pool, struct flue_run *runs, uint32_t n);

/** Empty; at most `most` runs. */
void flue_board_init(struct flue_board *b, uint32_t una, uint32_t most);
/** Give all runs back. */
void flue_board_clear(struct flue_runs *pool, struct flue_board *b);

/** Everything before `una` has arrived. Never fails. */
void flue_board_advance(struct flue_runs *pool, struct flue_board *b, uint32_t una,
		struct flue_board_news *news);
/** [start, end) has arrived; both not before una. @return false: no run left, nothing changed */
bool flue_board_sack(struct flue_runs *pool, struct flue_board *b, uint32_t start, uint32_t end,
		struct flue_board_news *news);
/** Runs reach at least to `upto`. @return false: no run left */
bool flue_board_cover(struct flue_runs *pool, struct flue_board *b, uint32_t upto);
/** Put `run` behind the last one, up to run->end; its start and next are filled in. What arrived is no
 *  news. @return false: no run left */
bool flue_board_append(struct flue_runs *pool, struct flue_board *b, const struct flue_run *run);
/** The run is lost, what was sent of it again included. */
void flue_board_lose(struct flue_board *b, struct flue_run *run);
/** All that has not arrived up to `upto` is lost. @return false: no run left, nothing changed */
bool flue_board_lose_all(struct flue_runs *pool, struct flue_board *b, uint32_t upto);
/** Nothing is: what was counted so and not sent again is under way. */
void flue_board_lose_none(struct flue_runs *pool, struct flue_board *b);
/** [start, end) was sent again. @return false: no run left, nothing changed */
bool flue_board_resend(struct flue_runs *pool, struct flue_board *b, uint32_t start, uint32_t end,
		uint32_t now_us, uint32_t order);
/** First run that is to be sent again; NULL = none. */
struct flue_run *flue_board_hole(struct flue_runs *pool, struct flue_board *b);
/** Number of separate runs that have arrived, counted up to `most`. */
uint32_t
flue_board_islands(const struct flue_runs *pool, const struct flue_board *b, uint32_t most);
/** Join neighbors that are alike. */
void flue_board_tidy(struct flue_runs *pool, struct flue_board *b);

#endif /* FLUE_TCP_BOARD_H */
