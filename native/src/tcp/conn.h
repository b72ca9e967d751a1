/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_TCP_CONN_H
#define FLUE_TCP_CONN_H

/**
 * @file
 * The object of one connection: 256 bytes. Written and read by the engine's owner alone.
 *
 *   line 0  what a segment that arrives is compared with and moves
 *   line 1  what sending and queueing received data need
 *   line 2  what indicating and acknowledging it needs, and times of round trips
 *   line 3  the rest: recovery, the wheel, counters
 *
 * A segment without loss touches the first two lines, one with data the third, too. Values of CONST and CACHED that thousands have in common lie in a profile (engine/profile.h);
 * what a connection needs only at times in a record of its own (tcp/extra.h).
 *
 *      SND.UNA          SND.NXT      SND.MAX          snd_end   +1 if a FIN is queued
 *   ------|----------------|------------|-----------------|----
 *    acked    in flight      sent once      not sent yet
 *                            before
 */

#include "flue/flue_offload.h"
#include "flue/flue_pkt.h"
#include "tcp/cc.h"
#include "tcp/seq.h"

/** No index: of a piece, a record, a connection. */
#define FLUE_NONE UINT32_C(0xffffffff)

/** No deadline. */
#define FLUE_NEVER INT64_MAX

/* Flags of a connection. */
#define CONN_TS          UINT32_C(0x00000001) /* timestamps agreed */
#define CONN_IP6         UINT32_C(0x00000002)
#define CONN_NAGLE       UINT32_C(0x00000004)
#define CONN_KEEPALIVE   UINT32_C(0x00000008)
#define CONN_READY       UINT32_C(0x00000010) /* in the engine's ready queue */
#define CONN_ACK_OWED    UINT32_C(0x00000020) /* an ACK is owed, now or a little later */
#define CONN_TIMING      UINT32_C(0x00000040) /* rtt_seq is being timed */
#define CONN_OOO         UINT32_C(0x00000080) /* there are segments behind a hole */
#define CONN_FIN_QUEUED  UINT32_C(0x00000100) /* our FIN follows snd_end */
#define CONN_FIN_SENT    UINT32_C(0x00000200) /* ... and was sent at least once */
#define CONN_FIN_ACKED   UINT32_C(0x00000400)
#define CONN_FIN_RCVD    UINT32_C(0x00000800) /* the peer's FIN lies at rcv_nxt - 1 */
#define CONN_FIN_TOLD    UINT32_C(0x00001000) /* DISCONNECT was indicated */
#define CONN_INDICATING  UINT32_C(0x00002000) /* a verdict is awaited */
#define CONN_REFUSED     UINT32_C(0x00004000) /* no indication before a receive is posted */
#define CONN_GATED       UINT32_C(0x00008000) /* its initiate has not completed yet */
#define CONN_PERSIST     UINT32_C(0x00010000) /* rtx_ms is that of a window probe */
#define CONN_FIN_WAIT    UINT32_C(0x00020000) /* rtx_ms is that of FIN-WAIT-2 */
#define CONN_STOPPED     UINT32_C(0x00040000) /* upload requested; segments go up raw */
#define CONN_ABORTED     UINT32_C(0x00080000) /* RST received or sent */
#define CONN_TERMINATING UINT32_C(0x00100000)
#define CONN_ACK_NOW     UINT32_C(0x00200000) /* a duplicate ACK; not held back by the quiet period */
#define CONN_TELL_ABORT  UINT32_C(0x00400000) /* the ABORT event waits for room */
#define CONN_TELL_UPLOAD UINT32_C(0x00800000) /* the RETRIEVE event waits for room */
#define CONN_POSTED      UINT32_C(0x01000000) /* receive requests are queued */
#define CONN_TX_WAIT \
	UINT32_C(0x02000000) /* acknowledged pieces wait: for the port, or a run's end */
#define CONN_FORCE      UINT32_C(0x04000000) /* the next segment goes out whatever its size */
#define CONN_WIN_UPDATE UINT32_C(0x08000000) /* the ACK owed announces a window */
#define CONN_RTO_RECOVERY \
	UINT32_C(0x10000000) /* after a timeout, up to recover; without a board SND.NXT
						  was pulled back */
#define CONN_DUP_ACKS UINT32_C(0x20000000) /* dup_acks or loss is not zero */
#define CONN_TIMER    UINT32_C(0x40000000) /* has an entry in the wheel */
#define CONN_INVALID  UINT32_C(0x80000000) /* it, its path or neighbor is: nothing is sent */

/* Doubts that a RST or SYN has raised (chimney rules 12.3). */
#define VALIDITY_ASKED    0x1 /* the keepalive timer is that of the doubt, until the peer is heard */
#define VALIDITY_BORROWED 0x2 /* ... and would not run without it */
#define VALIDITY_RST      0x4 /* in this period a RST was challenged */

/* What fast recovery is at (RFC 6582); `recover` is its end. */
#define LOSS_FAST    0x1 /* in it */
#define LOSS_RESEND  0x2 /* the segment at SND.UNA is to be sent again */
#define LOSS_PARTIAL 0x4 /* a partial ACK came: the timer is not started again */
#define LOSS_ECHO    0x8 /* not in it: the giver sent what is in flight, its echo is the time */
#define LOSS_BOARD \
	0x10 /* a scoreboard knows what is in flight: extra.episode; SND.NXT is SND.MAX */
#define LOSS_TLP     0x20 /* a tail loss probe is out, up to extra.tlp_end (RFC 8985 7) */
#define LOSS_TLP_OLD 0x40 /* ... which sent old data again */

/* The two low bits of the traffic class are ECN's, not the host's (RFC 3168). */
#define TOS_ECE 0x1 /* agreed, and every ACK carries ECE: CE was seen */
#define TOS_ECN 0x2 /* agreed; as it lies in a header: ECT(0), for new data */

/** With any of these a segment takes the RFC path. */
#define CONN_SLOW                                                                            \
	(CONN_OOO | CONN_FIN_QUEUED | CONN_FIN_SENT | CONN_FIN_RCVD | CONN_STOPPED |         \
			CONN_ABORTED | CONN_TERMINATING | CONN_PERSIST | CONN_RTO_RECOVERY | \
			CONN_DUP_ACKS | CONN_INVALID)

struct flue_conn {
	/* line 0 */
	uint32_t raddr; /* network order; IPv6: folded, the path has the whole */
	uint32_t laddr;
	uint32_t ports; /* as in a received TCP header: remote, local */
	uint32_t flags;
	uint32_t rcv_nxt;
	uint32_t rcv_adv; /* promised right edge */
	uint32_t snd_una;
	uint32_t snd_nxt;
	uint32_t snd_max;
	uint32_t snd_wnd; /* from snd_una */
	uint32_t snd_wl1;
	uint32_t ts_recent;
	uint32_t ts_recent_ms; /* when it was set */
	uint32_t last_ack_sent;
	uint32_t ts_delta;    /* ticks: our timestamp clock = engine's ticks + this */
	uint8_t state : 4;    /* enum flue_tcp_state */
	uint8_t tagged : 1;   /* frames carry a VLAN or priority tag */
	uint8_t priority : 3; /* 802.1p, of that tag */
	uint8_t scales; /* low nibble: of what we receive from the peer (send); high: of ours */
	uint8_t ttl;
	uint8_t tos; /* DSCP, TOS_* */
	/* line 1: with line 0, what is received and acknowledged */
	struct flue_pkt *rxq_head; /* in order, not indicated */
	struct flue_pkt *rxq_tail;
	uint64_t handle;       /* NdisOffloadHandle */
	uint64_t bytes_in;     /* accepted by the host */
	uint32_t rx_held;      /* bytes queued or indicated and not accepted */
	uint32_t rcv_buf : 31; /* InitialRcvWnd */
	uint32_t cwr : 1;      /* the next new data carries CWR */
	uint32_t snd_end;      /* behind the last byte queued */
	uint32_t path;
	uint32_t ack_ms;         /* CONN_ACK_OWED: no later than this */
	uint16_t mss;            /* payload bytes of a full segment */
	uint16_t max_window;     /* largest window field seen; unscaled */
	uint8_t unacked;         /* CONN_ACK_OWED: segments that came since the last ACK */
	uint8_t quick : 5;       /* bursts still to be acknowledged at once: slow start, a loss */
	uint8_t send_queued : 1; /* has an entry in the queue of senders (engine/run.c) */
	uint8_t ack_queued : 1; /* has an entry in the queue of delayed ACKs (engine/timer.c) ... */
	uint8_t look_queued : 1; /* ... in that of connections which have sent */
	uint16_t sized : 1;      /* the host wants indications of a certain size */
	uint16_t sws_runs : 1;   /* receiver's silly-window timer: extra.sws_ms */
	uint16_t sack : 1;       /* agreed at the handshake (RFC 2018) */
	uint16_t again : 1;      /* data came twice: the next ACK says so (sack.c) */
	uint16_t quiet : 1;      /* no duplicate ACK before told_ms + FLUE_QUIET_MS ... */
	uint16_t untold : 1;     /* ... and then one is due */
	uint16_t set_aside : 1;  /* urgent data came: all segments wait for the terminate (5.8) */
	uint16_t invalid : 1;    /* by itself, not for what it depends on */
	uint16_t channel : 3;
	uint16_t held : 1;     /* data waits, and the congestion window is why */
	uint16_t more : 1;     /* it has a record of its own: `extra` */
	uint16_t validity : 3; /* VALIDITY_*: does the peer still know the connection? */
	uint32_t generation : 24;
	uint32_t rtx_count : 8;
	/* line 2: what is sent, and completes */
	uint64_t bytes_out; /* of send pieces given back */
	uint32_t rtx_ms;    /* when retransmission, probe or FIN-WAIT-2 is due; FLUE_NONE = off */
	uint32_t send_head; /* piece with snd_una; FLUE_NONE */
	uint32_t send_nxt;  /* piece with snd_nxt, or before it; FLUE_NONE = none */
	uint32_t send_tail;
	struct flue_cc cc;
	uint32_t rto_us : 30;
	uint32_t cc_algorithm : 2; /* enum flue_congestion_control, FLUE_CC_CHIMNEY */
	uint32_t rtt_seq;          /* acknowledged beyond this: take the time */
	uint32_t rtt_start;        /* us */
	uint32_t srtt8;            /* us x 8; 0 = no sample yet */
	uint32_t rttvar4;          /* us x 4 */
	/* Nothing in flight: when the last of what was under way was acknowledged. rtx_count: when the
	 * current segment was sent again first. Else new data left then that no ACK had drawn; older than
	 * the timer = of no interest. */
	uint32_t since_ms;
	uint32_t loss : 8;         /* LOSS_* */
	uint32_t backlog_kib : 24; /* SendBacklogSize the host knows of */
	uint32_t recover; /* end of recovery; else behind it duplicate ACKs tell of a loss */
	/* line 3 */
	uint32_t claim; /* operation that has it to itself (flue_claim_take()) */
	uint32_t post_tail; /* posted receive requests: pieces, a ring; the last one leads to the first */
	uint32_t min_rtt;    /* us */
	uint32_t extra : 24; /* `more`: its record */
	uint32_t ka_probes : 8;
	uint16_t told_ms; /* low bits: when the host learned of the backlog; quiet: of the initiate */
	uint16_t challenge_ms; /* ... when the last challenge ACK went out */
	uint32_t timer_prev;   /* CONN_TIMER: neighbors in that slot of the wheel */
	uint32_t timer_next;
	uint32_t timer_slot : 12; /* ... in which it looks at the connection */
	uint32_t flow_label : 20; /* IPv6: as it lies in the header */
	uint32_t ka_ms;           /* CONN_KEEPALIVE: when the peer is asked */
	uint32_t last_rx_ms;
	uint32_t given_ts_recent; /* ts_recent as it was handed over */
	uint32_t retransmits;     /* segments sent again since establishment */
	uint32_t profile : 24;    /* CONST and CACHED but for what lies here */
	uint32_t dup_acks : 8;
	uint32_t hash_value;   /* of CONST */
	uint32_t check;        /* of what never changes; see check.c */
	uint8_t reo_mult;      /* RACK.reo_wnd_mult; 0 counts as 1 */
	uint8_t reo_persist;   /* recoveries it still holds */
	uint8_t upload_reason; /* enum flue_upload_reason of CONN_TELL_UPLOAD */
	uint8_t probe_round : 5;
	uint8_t urgent_buffered : 1; /* as set_aside, in the BufferedData of the initiate */
	uint8_t corrupt : 1;         /* found so: told, and to be given up (chimney rules 4.7) */
	uint8_t reo_seen : 1;        /* RACK.reordering_seen */
};

FLUE_ASSERT_LAYOUT(sizeof(struct flue_conn) == 256);
FLUE_ASSERT_LAYOUT(offsetof(struct flue_conn, tos) == 63);
FLUE_ASSERT_LAYOUT(offsetof(struct flue_conn, rxq_head) == 64);
FLUE_ASSERT_LAYOUT(offsetof(struct flue_conn, unacked) == 120);
FLUE_ASSERT_LAYOUT(offsetof(struct flue_conn, bytes_out) == 128);
FLUE_ASSERT_LAYOUT(offsetof(struct flue_conn, recover) == 188);
FLUE_ASSERT_LAYOUT(offsetof(struct flue_conn, claim) == 192);

/** Completions that wait for their up-ring entry: NBLs linked by next. */
struct flue_chain {
	flue_ref head;
	flue_ref tail;
	/* The NBL at the tail as long as the pass lasts; NULL = to be followed anew, for its region may be gone. */
	struct flue_net_buffer_list *last;
	uint32_t credits;
	uint32_t count;
};

/** One interval of watch.c. */
struct flue_watch {
	uint32_t next_ms; /* when it ends */
	uint32_t rcv_nxt; /* ... and as they were when it began */
	uint32_t snd_una;
	uint32_t snd_max;
	uint32_t retransmits;
	uint32_t out_of_order; /* segments */
	uint32_t fragments;    /* first fragments of segments */
	uint32_t nbls;         /* posted by the host */
	uint64_t nbl_bytes;
	uint64_t unposted; /* bytes indicated */
	bool posted;       /* a receive was */
};

/** When the size of the receive window was looked at last (window.c). */
struct flue_sizing {
	uint32_t seq; /* RCV.NXT */
	uint32_t us;
};

static inline uint32_t
flue_conn_snd_scale(const struct flue_conn *c)
{
	return c->scales & 15u;
}

static inline uint32_t
flue_conn_rcv_scale(const struct flue_conn *c)
{
	return c->scales >> 4;
}

/** Largest send window seen, bytes. */
static inline uint32_t
flue_conn_max_snd_wnd(const struct flue_conn *c)
{
	return (uint32_t)c->max_window << flue_conn_snd_scale(c);
}

/** Behind the last sequence number we have to send, the FIN counted. */
static inline uint32_t
flue_conn_snd_limit(const struct flue_conn *c)
{
	return c->snd_end + ((c->flags & CONN_FIN_QUEUED) != 0);
}

#endif /* FLUE_TCP_CONN_H */
