/* SPDX-License-Identifier: Apache-2.0 */

/* Disconnect requests (chimney rules 5.6). */

#include <errno.h>

#include "engine/parts.h"
#include "tcp/tcp.h"

static void
answer(struct flue_chan *ch, flue_ref ref, uint32_t status, uint32_t bytes)
{
	struct flue_net_buffer_list *nbl = flue_nbl_at(ref);

	if (nbl != NULL) {
		nbl->status = status;
		nbl->bytes_transferred = bytes;
	}
	/* Room was made sure of before the submission was taken. */
	(void)flue_up_put(ch, FLUE_UP_DISCONNECT_COMPLETE, 1, 0, ref, 0);
}

bool
flue_disconnect_complete(struct flue_engine *e, struct flue_conn *c, uint32_t status)
{
	struct flue_extra *x = flue_extra_held(e, c);
	struct flue_chan *ch = &e->chans[c->channel];
	struct flue_net_buffer_list *nbl = flue_nbl_at(x->disconnect);

	if (!flue_chan_flush(e, ch))
		return false;
	if (nbl != NULL) {
		nbl->status = status;
		nbl->bytes_transferred = x->disconnect_bytes;
	}
	if (!flue_up_put(ch, FLUE_UP_DISCONNECT_COMPLETE, 1, 0, x->disconnect, 0))
		return false;
	x->disconnect = 0;
	x->disconnect_bytes = 0;
	x->disconnect_abortive = false;
	return true;
}

/** RST at once; then outstanding sends, then the disconnect. @return false: no packet now */
static bool
abortive(struct flue_engine *e, struct flue_conn *c, flue_ref ref)
{
	struct flue_extra *x = flue_extra_take(e, c);
	struct flue_chan *ch = &e->chans[c->channel];
	flue_ref graceful = x != NULL ? x->disconnect : FLUE_REF_NULL;

	/* Nowhere to note it: then it has to be over at once, and all that the port reads back before. */
	if (x == NULL && flue_send_lent(e, c)) {
		c->flags |= CONN_STOPPED;
		return false;
	}
	if (!flue_tcp_emit(e, c, flue_tcp_bare_seq(c), 0, TCP_RST | TCP_ACK))
		return false;
	flue_count(e, FLUE_CTR_OUT_RESETS, 1);
	if (x != NULL) {
		x->disconnect = ref;
		x->disconnect_bytes = 0;
		x->disconnect_abortive = true;
	}
	if (graceful != FLUE_REF_NULL)
		answer(ch, graceful, FLUE_STATUS_REQUEST_ABORTED, 0);
	flue_tcp_abort(e, c);
	if (x == NULL) {
		(void)flue_chan_flush(e, ch);
		answer(ch, ref, FLUE_STATUS_SUCCESS, 0);
	}
	return true;
}

/** @return status to answer with, or PENDING: it completes later */
static uint32_t
graceful(struct flue_engine *e, struct flue_conn *c, flue_ref ref)
{
	const struct flue_net_buffer_list *nbl = flue_nbl_at(ref);
	struct flue_extra *x;
	int rc;

	if ((c->flags & CONN_FIN_QUEUED) || flue_extra_of(e, c)->disconnect != 0 ||
			(c->state != FLUE_TCP_ESTABLISHED && c->state != FLUE_TCP_CLOSE_WAIT))
		return FLUE_STATUS_INVALID_STATE;
	if (nbl == NULL) {
		flue_count(e, FLUE_CTR_BAD_SUBMISSIONS, 1);
		return FLUE_STATUS_FAILURE;
	}
	x = flue_extra_take(e, c);
	rc = x == NULL ? -ENOSPC : flue_send_queue(e, c, ref, 1, PIECE_DISCONNECT, 0);
	if (rc == -ENOSPC) {
		flue_tcp_request_upload(e, c, FLUE_UPLOAD_UPLOAD_REQUESTED);
		return FLUE_STATUS_UPLOAD_IN_PROGRESS;
	}
	if (rc < 0) {
		flue_count(e, FLUE_CTR_BAD_SUBMISSIONS, 1);
		return FLUE_STATUS_FAILURE;
	}
	x->disconnect = ref;
	x->disconnect_bytes = 0;
	c->flags |= CONN_FIN_QUEUED;
	c->state = c->state == FLUE_TCP_ESTABLISHED ? FLUE_TCP_FIN_WAIT1 : FLUE_TCP_LAST_ACK;
	flue_conn_touch(e, c);
	return FLUE_STATUS_PENDING;
}

bool
flue_disconnect_submit(struct flue_engine *e, struct flue_chan *ch, const struct flue_submission *s)
{
	struct flue_conn *c = flue_conn_of(e, s->token);
	uint32_t status;

	if (c == NULL || c->channel != ch->index) {
		flue_count(e, FLUE_CTR_STALE_TOKENS, 1);
		status = FLUE_STATUS_INVALID_STATE;
	} else if (c->flags & (CONN_TERMINATING | CONN_INVALID)) {
		/* Not even a reset may leave over what is invalid. */
		status = FLUE_STATUS_UPLOAD_IN_PROGRESS;
	} else if (c->flags & CONN_ABORTED) {
		status = FLUE_STATUS_REQUEST_ABORTED;
	} else if (s->arg0 & FLUE_DISCONNECT_ABORTIVE) {
		return abortive(e, c, s->ref);
	} else if (c->flags & CONN_STOPPED) {
		status = FLUE_STATUS_UPLOAD_IN_PROGRESS;
	} else {
		status = graceful(e, c, s->ref);
	}
	if (status != FLUE_STATUS_PENDING)
		answer(ch, s->ref, status, 0);
	return true;
}
