/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_ENGINE_PARTS_H
#define FLUE_ENGINE_PARTS_H

/** @file What the engine's files call of each other. All on the owner's thread. */

#include "engine/nbl.h"
#include "engine/priv.h"

/* ---- channel.c: rings ----------------------------------------------------------------------- */

int flue_chan_open(struct flue_engine *e, int sub_capacity, int up_capacity);
/** Take submissions up to the newest forward. @return how many */
int flue_chan_forwards(struct flue_engine *e, struct flue_chan *ch, int max);
/** Take submissions. @return how many */
int flue_chan_commands(struct flue_engine *e, struct flue_chan *ch, int max);
/** Is there room for an indication, an event, frames? They get half of the ring. */
bool flue_up_room(struct flue_chan *ch);
/** Are there `n` free entries for completions? */
bool flue_up_fits(struct flue_chan *ch, uint32_t n);
/** @return false: no room at all, try again in a later pass */
bool flue_up_put(struct flue_chan *ch, uint32_t op, uint32_t arg0, uint64_t handle, flue_ref ref,
		uint64_t arg1);
/** Let Java see what was put, and the submissions taken. */
void flue_chan_publish(struct flue_chan *ch, int64_t now);
/** Put waiting completion chains. @return true when none is left waiting */
bool flue_chan_flush(struct flue_engine *e, struct flue_chan *ch);

/** The last NBL of a chain leads to `ref`; of an empty one that is the first. */
static inline void
flue_chain_link(struct flue_chain *chain, flue_ref ref)
{
	struct flue_net_buffer_list *last = chain->last;

	if (unlikely(last == NULL) && chain->tail != FLUE_REF_NULL)
		last = flue_nbl_at(chain->tail);
	if (likely(last != NULL))
		last->next = ref;
	else
		chain->head = ref;
}

/** Append a completed NBL (may be NULL: credits alone) to a chain. */
static inline void
flue_chain_append(struct flue_chain *chain, flue_ref ref, struct flue_net_buffer_list *nbl,
		uint32_t credits)
{
	chain->credits += credits;
	if (unlikely(nbl == NULL))
		return;
	nbl->next = FLUE_REF_NULL;
	flue_chain_link(chain, ref);
	chain->tail = ref;
	chain->last = nbl;
	chain->count++;
}

/** Move all of `from` behind `chain`. */
void flue_chain_join(struct flue_chain *chain, struct flue_chain *from);
/** Complete a whole submitted chain with one status. Follows it as far as it can be followed. */
void
flue_chain_refuse(struct flue_engine *e, struct flue_chain *chain, flue_ref ref, uint32_t status);

/* ---- frames.c: raw frames ------------------------------------------------------------------- */

/** Up to the host. Takes over the packet. */
void flue_frame_up(struct flue_engine *e, struct flue_pkt *pkt);
/** Put the frames of this pass into the first channel's up-ring. */
void flue_frames_flush(struct flue_engine *e);
/** @return false: no packet or no room in the queue; try again later */
bool flue_frames_send(struct flue_engine *e, struct flue_chan *ch, flue_ref ref);
void flue_frames_return(struct flue_engine *e, flue_ref ref);

/* ---- tx.c ----------------------------------------------------------------------------------- */

/** Room was checked before. */
static inline void
flue_txq_push(struct flue_engine *e, struct flue_pkt *pkt)
{
	e->txq[e->txq_tail++ % FLUE_TX_QUEUE] = pkt;
}

void flue_txq_flush(struct flue_engine *e);
/** Count what went out since the last call and was not counted yet: before anybody asks. */
void flue_tx_settle(struct flue_engine *e);

/** A packet to fill, or NULL. */
static inline struct flue_pkt *
flue_tx_alloc(struct flue_engine *e)
{
	struct flue_pkt *pkt = e->port->ops->alloc(e->port);

	if (unlikely(pkt == NULL))
		flue_count(e, FLUE_CTR_TX_RETRY, 1);
	return pkt;
}

/** Packets to fill, of which each is to be sent. @return how many, n at most */
unsigned flue_tx_alloc_many(struct flue_engine *e, struct flue_pkt **pkts, unsigned n);

/* ---- parse.c, rx.c -------------------------------------------------------------------------- */

/** A segment as parsed. Numbers in host order, addresses and ports as on the wire. */
struct flue_segment {
	struct flue_pkt *pkt;
	const uint8_t *tcp;
	uint32_t seq;
	uint32_t ack;
	uint32_t tsval;
	uint32_t tsecr;
	uint32_t payload; /* bytes */
	uint16_t window;  /* unscaled */
	uint8_t flags;    /* low byte of the TCP flags */
	uint8_t hlen;     /* TCP header bytes */
	uint8_t sacks;    /* blocks in `sack` */
	bool has_ts;
	bool forwarded; /* by the host; may be older than what the wire brought since */
	bool told;      /* forwarded, and the peer knows that it arrived */
	bool checked;   /* checksums are known to be good */
	bool tagged;    /* the frame carries a VLAN or priority tag */
	uint16_t vlan;  /* of that tag */
	struct flue_flow_key key;
	uint64_t hash;
	struct flue_sack_block {
		uint32_t start;
		uint32_t end;
	} sack[4]; /* as they came (RFC 2018 3) */
};

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_PSH 0x08
#define TCP_ACK 0x10
#define TCP_URG 0x20
#define TCP_ECE 0x40
#define TCP_CWR 0x80

/** Receive until drained or `budget` is used up. @return packets */
int flue_rx(struct flue_engine *e, int budget);
/** Is this a plain TCP segment for us? Fills `s` but for options. */
bool flue_segment_parse(struct flue_engine *e, struct flue_pkt *pkt, struct flue_segment *s);
/** Read the options; never beyond the header, whatever their length bytes say. */
void flue_segment_options(struct flue_segment *s);

/* ---- pools (engine.c) ----------------------------------------------------------------------- */

struct flue_pkt *flue_slab_take(struct flue_engine *e);
/**
 * The frame in memory that may be held for as long as others like: while the port is short of
 * buffers that is a copy on a slab, as long as more than `reserve` of them are free.
 * @return NULL when there is none: the packet is gone. Held back, the buffers would be missed by
 *         what gets them free again.
 */
struct flue_pkt *flue_pkt_spare(struct flue_engine *e, struct flue_pkt *pkt, uint32_t reserve);

/* ---- profile.c, extra.c: what lies beside a context ------------------------------------------ */

static inline const struct flue_profile *
flue_profile_of(const struct flue_engine *e, const struct flue_conn *c)
{
	return &e->profiles.at[c->profile];
}

extern const struct flue_extra flue_extra_none;

/** To read: as things are, with a record or without. */
static inline const struct flue_extra *
flue_extra_of(const struct flue_engine *e, const struct flue_conn *c)
{
	return c->more ? &e->extras[c->extra] : &flue_extra_none;
}

/** To change what there is. @return NULL: it has none */
static inline struct flue_extra *
flue_extra_held(const struct flue_engine *e, const struct flue_conn *c)
{
	return c->more ? &e->extras[c->extra] : NULL;
}

/** To set something. @return NULL: none left */
struct flue_extra *flue_extra_take(struct flue_engine *e, struct flue_conn *c);
/** End of the pass: give it back if nothing of it is needed. It has one. */
void flue_extra_settle(struct flue_engine *e, struct flue_conn *c);
/** The connection ends. No effect without one. */
void flue_extra_drop(struct flue_engine *e, struct flue_conn *c);

/* ---- tables.c: the engine's memory ----------------------------------------------------------- */

/** Pools and tables, as large as the configuration says. @return 0, -ENOMEM */
int flue_tables_make(struct flue_engine *e);
/** Objects, in the arena. @return 0, -errno of the arena */
int flue_objects_make(struct flue_engine *e);
/** What Java sees of indications, frames and events, and the slabs. @return 0, -errno */
int flue_shared_make(struct flue_engine *e);

/* ---- timer.c -------------------------------------------------------------------------------- */

/** Have timers_run() look at `c` no later than `ms`, by the engine's clock. */
void flue_timer_arm_ms(struct flue_engine *e, struct flue_conn *c, uint32_t ms);
/** Have it look at `c`, which owes an ACK, no later than `c->ack_ms`. */
void flue_timer_ack(struct flue_engine *e, struct flue_conn *c);
/** `c` has sent: have it look at it no later than `ms`, though likely nothing will be due by then. */
void flue_timer_sent(struct flue_engine *e, struct flue_conn *c, uint32_t ms);
void flue_timer_drop(struct flue_engine *e, struct flue_conn *c);
int flue_timers_run(struct flue_engine *e);
/** When the first of them wants to be looked at; INT64_MAX = none. */
int64_t flue_timers_next(const struct flue_engine *e);

/* ---- object.c: tokens and objects ----------------------------------------------------------- */

#define FLUE_GENERATION_MASK UINT32_C(0xffffff)

static inline uint64_t
flue_token(enum flue_kind kind, uint32_t generation, uint32_t index)
{
	return ((uint64_t)kind << 56) | ((uint64_t)(generation & FLUE_GENERATION_MASK) << 32) |
	       index;
}

/** Is it one of that kind, of a table so large? */
static inline bool
flue_token_names(uint64_t token, enum flue_kind kind, uint32_t size)
{
	return token >> 56 == (uint64_t)kind && (uint32_t)token < size;
}

static inline uint64_t
flue_conn_token(const struct flue_engine *e, const struct flue_conn *c)
{
	return flue_token(FLUE_KIND_TCP, c->generation, flue_conn_index(e, c));
}

/** The connection a token names; NULL = it is gone, or never was. */
static inline struct flue_conn *
flue_conn_of(struct flue_engine *e, uint64_t token)
{
	struct flue_conn *c;

	if (unlikely((uint32_t)token >= e->conn_ids.size))
		return NULL;
	c = &e->conns[(uint32_t)token];
	/* Kind and generation in one. */
	if (unlikely(token >> 32 != flue_token(FLUE_KIND_TCP, c->generation, 0) >> 32 ||
			    c->path == FLUE_NONE))
		return NULL;
	return c;
}

struct flue_path *flue_path_of(struct flue_engine *e, uint64_t token);
struct flue_neighbor *flue_neighbor_of(struct flue_engine *e, uint64_t token);
void flue_conn_free(struct flue_engine *e, struct flue_conn *c);
/** Nothing in it but its generation, and in which queues it may still stand (of the ready, of senders, of
 *  timers): their entries must find themselves again. */
void flue_conn_clear(struct flue_conn *c, uint32_t generation);
void flue_path_free(struct flue_engine *e, struct flue_path *p);
void flue_neighbor_free(struct flue_engine *e, struct flue_neighbor *n);
/** From the neighbor's and the path's addresses. */
void flue_path_build_head(struct flue_engine *e, struct flue_path *p);
void flue_path_set_mtu(struct flue_path *p, uint32_t mtu);
/** Is `mtu` more than the port sends, or less than any network carries? @return 0 or a status */
uint32_t flue_path_mtu_check(const struct flue_engine *e, bool ip6, uint32_t mtu);
/** Whether its frames carry a tag: by VLAN and UserPriority. */
void flue_conn_set_tag(struct flue_engine *e, struct flue_conn *c);
/** What segments find it by, from its path and CONST. */
void flue_conn_set_key(struct flue_engine *e, struct flue_conn *c);
/** Segment size by peer, path and options. */
void flue_conn_set_mss(struct flue_engine *e, struct flue_conn *c);

/* ---- resources.c: what a port has few of, by how many use it. take: @return 0 or a status ------ */

/** The table of chimney rules 4.1. */
uint32_t flue_vlan_take(struct flue_engine *e, uint32_t id);
void flue_vlan_give(struct flue_engine *e, uint32_t id);
/** Source address of a neighbor's frames; the port's own is there anyway. */
uint32_t flue_mac_take(struct flue_engine *e, const uint8_t mac[6]);
void flue_mac_give(struct flue_engine *e, const uint8_t mac[6]);
/** Is it one of those that are received besides the port's own? */
bool flue_mac_held(const struct flue_engine *e, const uint8_t mac[6]);
/** Local address of a path. */
uint32_t flue_local_take(struct flue_engine *e, const uint8_t address[16], bool ip6);
void flue_local_give(struct flue_engine *e, const uint8_t address[16], bool ip6);

/* ---- event.c: NeighborReachabilityQuery ------------------------------------------------------ */

/** Neither we nor the host have heard of it for long: ask the host, unless it is asked already or
 *  cannot be now; then the next datagram asks. */
void flue_neighbor_doubt(struct flue_engine *e, struct flue_neighbor *n);
/** The host's answer lies in the block. */
void flue_neighbor_verdict(struct flue_engine *e, uint64_t token, flue_ref ref);

/* ---- op.c: state operations ----------------------------------------------------------------- */

/** @return false: too many under way */
bool flue_op_start(struct flue_engine *e, struct flue_chan *ch, uint32_t code, flue_ref root);
/** @return blocks looked at */
int flue_ops_run(struct flue_engine *e);
/** What an object keeps of the operation that has it to itself: no other may start on it (chimney rules
 *  4.8). Over when that operation is. Never 0; the same again after 2^32 operations. */
static inline uint32_t
flue_claim_of(const struct flue_op *op)
{
	uint32_t claim = (uint32_t)(op->mark >> 1);

	return claim + (claim == 0);
}

/** Is the operation of that claim still under way? NULL = no. */
const struct flue_op *flue_claim_holder(const struct flue_engine *e, uint32_t claim);
/** Is another operation at the object that allows no second one? 0 = no; else its enum
 *  flue_submission_op. */
uint32_t flue_claimed(const struct flue_engine *e, uint32_t claim, const struct flue_op *op);
/** A connection: it is not held back for its initiate any more, for that is over. */
static inline void
flue_conn_claim(struct flue_conn *c, const struct flue_op *op)
{
	c->claim = flue_claim_of(op);
	c->flags &= ~CONN_GATED;
}

/* initiate.c, update.c, ...: what the walk calls. leave: false = not yet, ask again */
void flue_initiate_enter(struct flue_engine *e, struct flue_op *op, struct flue_op_level *lv,
		struct flue_op_level *parent);
void flue_initiate_leave(struct flue_engine *e, struct flue_op_level *lv);
void flue_terminate_prepare(struct flue_engine *e, struct flue_op *op, struct flue_op_level *lv);
bool flue_terminate_leave(struct flue_engine *e, struct flue_op *op, struct flue_op_level *lv);
void flue_query_enter(struct flue_engine *e, struct flue_op *op, struct flue_op_level *lv);
void flue_update_enter(struct flue_engine *e, struct flue_op *op, struct flue_op_level *lv,
		struct flue_op_level *parent);

void flue_invalidate_enter(struct flue_engine *e, struct flue_op *op, struct flue_op_level *lv);

/** Token in the block's slot. @return NULL when the slot does not resolve */
uint64_t *flue_block_slot(flue_ref slot);
/** What a block of an offloaded object refers to; 0 = nothing, or a slot that does not resolve. */
uint64_t flue_block_token(const struct flue_op_level *lv);

/* ---- invalidate.c ---------------------------------------------------------------------------- */

/** The worst of its own, its path's and its neighbor's. */
enum flue_validity flue_conn_validity(const struct flue_engine *e, const struct flue_conn *c);
/** No more sending on it, and the host is to take it back. No effect the second time. */
void flue_conn_invalidate(struct flue_engine *e, struct flue_conn *c);
/** It depends on nothing invalid any more: it goes on. */
void flue_conn_rescue(struct flue_engine *e, struct flue_conn *c);

/* ---- check.c: objects that do not hold together ---------------------------------------------- */

/** Make a note of what may not change by itself. */
void flue_neighbor_seal(struct flue_neighbor *n);
void flue_path_seal(struct flue_path *p);
void flue_conn_seal(struct flue_engine *e, struct flue_conn *c);
/** @return false: its state is corrupt; what depends on it is told when this is found */
bool flue_neighbor_trust(struct flue_engine *e, struct flue_neighbor *n);
bool flue_path_trust(struct flue_engine *e, struct flue_path *p);
/** ... RETRIEVE/HardwareFailure and ABORT follow the completion of `op` */
bool flue_conn_trust(struct flue_engine *e, const struct flue_op *op, struct flue_conn *c);

/* ---- sweep.c: what changed below connections ------------------------------------------------- */

/** Have every connection look at its path and neighbor again, in this pass and the next ones. */
void flue_sweep_start(struct flue_engine *e);
/** @return connections looked at */
int flue_sweep_run(struct flue_engine *e);

/* ---- oid.c: what the target is asked and told as a whole ------------------------------------- */

/** @return false: no room for the completion now */
bool flue_oid_request(struct flue_engine *e, struct flue_chan *ch, flue_ref ref);
/** `length` NULL: as it came. @return false: no room now */
bool flue_oid_complete(struct flue_chan *ch, flue_ref ref, uint32_t status, const uint32_t *length);

/* ---- admin.c: what changes only when nothing is offloaded ------------------------------------- */

/** May connections of that IP version be initiated? */
bool flue_family_enabled(const struct flue_engine *e, bool ip6);
/** Is nothing offloaded? */
bool flue_engine_empty(const struct flue_engine *e);
/** @return status, or PENDING; 0 no change, 1 disabled, 2 enabled */
uint32_t flue_admin_switch(struct flue_engine *e, struct flue_chan *ch, flue_ref ref, uint32_t ip4,
		uint32_t ip6);
uint32_t flue_power_set(struct flue_engine *e, struct flue_chan *ch, flue_ref ref, bool low);
/** Do initiates have to wait? */
bool flue_admin_holds_initiates(const struct flue_engine *e);
/** @return false: too many wait */
bool flue_admin_park(struct flue_engine *e, const struct flue_chan *ch, flue_ref root);
void flue_admin_run(struct flue_engine *e);
/** Has it something to do that waits for nobody? */
bool flue_admin_pending(const struct flue_engine *e);

static inline bool
flue_admin_busy(const struct flue_engine *e)
{
	return e->admin.phase != 0 || e->power.request != FLUE_REF_NULL || e->parked != 0;
}

/* ---- state.c: structures of the specification ----------------------------------------------- */

void flue_state_export(struct flue_engine *e, struct flue_conn *c, struct flue_tcp_delegated *d,
		struct flue_tcp_state_ext *x);
/** @return 0 or a status */
uint32_t flue_state_import(struct flue_engine *e, struct flue_conn *c,
		const struct flue_tcp_delegated *d, const struct flue_tcp_state_ext *x);

/* ---- state_loss.c: what recovery knows ------------------------------------------------------ */

/** Behind the rest of the import, before the timers; the extension's word counts. */
void
flue_loss_import(struct flue_engine *e, struct flue_conn *c, const struct flue_tcp_state_ext *x);
void flue_loss_export(const struct flue_engine *e, const struct flue_conn *c,
		struct flue_tcp_state_ext *x);
/** SND.NXT for a host that gets no extension: what is to be sent again it sends from there. */
uint32_t flue_loss_export_nxt(struct flue_engine *e, const struct flue_conn *c);

/* ---- sends.c, receives.c, disconnect.c, forward.c: data calls -------------------------------- */

/** Take the send at the head of the ring, which names `token`, and of the `max - 1` behind it those that are usual
 *  ones of the same connection. @return how many, 1 at least: the head has moved on by as many */
int flue_sends_submit(struct flue_engine *e, struct flue_chan *ch, uint64_t token, uint64_t tail,
		int max);
/**
 * Take over a chain of at most `nbls` as send data; `flags` of every piece, `last_flags` of the
 * last. Nothing is taken on failure.
 * @return 0, -ENOSPC (no piece left), -EINVAL (broken)
 */
int flue_send_queue(struct flue_engine *e, struct flue_conn *c, flue_ref chain, int nbls,
		uint32_t flags, uint32_t last_flags);
/** What is refused behind a piece completes behind it: taken note of, and, once the piece is done, given
 *  to the chain of completions. */
void
flue_piece_refuse(struct flue_engine *e, struct flue_piece *last, flue_ref ref, uint32_t status);
void flue_piece_refused(const struct flue_piece *p, struct flue_chain *to);

/** Give back what is acknowledged (or aborted) and no longer read by the port. */
void flue_send_complete(struct flue_engine *e, struct flue_conn *c);
/** All pieces, without completing: NBLs relinked in order, first byte SND.UNA.
 *  @return credits; chain head and tail through the pointers */
uint32_t
flue_send_recall(struct flue_engine *e, struct flue_conn *c, flue_ref *head, flue_ref *tail);
bool flue_send_lent(const struct flue_engine *e, const struct flue_conn *c);
void flue_send_drop(struct flue_engine *e, struct flue_conn *c);

void flue_receive_post(struct flue_engine *e, struct flue_chan *ch, uint64_t token, flue_ref ref);
void
flue_receive_verdict(struct flue_engine *e, struct flue_chan *ch, const struct flue_submission *s);
void flue_receive_return(struct flue_engine *e, flue_ref ref);
void flue_receive_abort(struct flue_engine *e, struct flue_conn *c, uint32_t status);
/** The packet itself behind what is queued. */
static inline void
flue_receive_append(struct flue_conn *c, struct flue_pkt *pkt)
{
	pkt->next = NULL;
	if (c->rxq_head == NULL)
		c->rxq_head = pkt;
	else
		c->rxq_tail->next = pkt;
	c->rxq_tail = pkt;
}

/** flue_receive_enqueue() of what is short, or comes when buffers are scarce. */
bool flue_receive_enqueue_short(struct flue_engine *e, struct flue_conn *c, struct flue_pkt *pkt);

/** Queue in-order payload. Takes over the packet. @return false: no memory, nothing was taken */
static inline bool
flue_receive_enqueue(struct flue_engine *e, struct flue_conn *c, struct flue_pkt *pkt)
{
	const uint32_t len = pkt->payload_len;

	if (len < FLUE_COPY_BELOW || unlikely(e->port->held > e->low_buffers) ||
			unlikely(pkt->ref == FLUE_REF_NULL))
		return flue_receive_enqueue_short(e, c, pkt);
	flue_receive_append(c, pkt);
	c->rx_held += len;
	return true;
}

/** PLACE of the delivery algorithm (5.5): queue to posted requests, and their push timer. */
void flue_receive_place(struct flue_engine *e, struct flue_conn *c);
/** The stream has ended: no more will come for a request that holds something. */
void flue_receive_finish_partial(struct flue_engine *e, struct flue_conn *c);
/** The wheel entry of a connection with posted requests came due. */
void flue_receive_push_timer(struct flue_engine *e, struct flue_conn *c);
/** Run the delivery machine; touches the connection again when it had to stop for want of room. */
void flue_receive_deliver(struct flue_engine *e, struct flue_conn *c);
/** An event that may as well come later, or never. @return false: not now, there is no room */
bool
flue_event_now(struct flue_engine *e, struct flue_conn *c, enum flue_tcp_event type, uint64_t info);
/** All that is queued, as a chain of lent NBLs. @return false: not enough records now */
bool flue_receive_recall(struct flue_engine *e, struct flue_conn *c, flue_ref *chain);
void flue_receive_drop(struct flue_engine *e, struct flue_conn *c);

/** @return false: no packet for the RST now; ask again */
bool flue_disconnect_submit(
		struct flue_engine *e, struct flue_chan *ch, const struct flue_submission *s);
/** @return false: no room now */
bool flue_disconnect_complete(struct flue_engine *e, struct flue_conn *c, uint32_t status);
void flue_forward_submit(struct flue_engine *e, struct flue_chan *ch, uint64_t token, flue_ref ref);

#endif /* FLUE_ENGINE_PARTS_H */
