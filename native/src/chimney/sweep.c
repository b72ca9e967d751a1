/* SPDX-License-Identifier: Apache-2.0 */

/* What changes below connections reaches each of them by a sweep over the table: so many a pass, in
 * the order of the table, whatever depends on what. Until the sweep has come by, sending itself sees
 * to it that nothing wrong leaves (see flue_tcp_emit()). */

#include "engine/parts.h"
#include "tcp/tcp.h"

#define SWEEP_PER_PASS 256

void
flue_sweep_start(struct flue_engine *e)
{
	/* Once around from wherever it is: those behind it see it in the next turn. */
	e->sweep_left = (uint32_t)e->config.max_connections;
}

static void
look(struct flue_engine *e, struct flue_conn *c)
{
	uint16_t mss = c->mss;
	bool valid;

	if (c->flags & CONN_TERMINATING)
		return;
	if (unlikely(e->nic.lost))
		flue_tcp_request_upload(e, c, FLUE_UPLOAD_UPLOAD_REQUESTED);
	valid = flue_conn_validity(e, c) == OBJECT_VALID;
	if (!valid)
		flue_conn_invalidate(e, c);
	else if (c->flags & CONN_INVALID)
		flue_conn_rescue(e, c);
	flue_conn_set_mss(e, c);
	flue_conn_set_tag(e, c);
	if (c->mss > mss)
		flue_conn_touch(e, c);
}

int
flue_sweep_run(struct flue_engine *e)
{
	uint32_t n = e->sweep_left < SWEEP_PER_PASS ? e->sweep_left : SWEEP_PER_PASS;
	uint32_t i;

	for (i = 0; i < n; i++) {
		struct flue_conn *c = &e->conns[e->sweep_next];

		if (++e->sweep_next == (uint32_t)e->config.max_connections)
			e->sweep_next = 0;
		if (c->path != FLUE_NONE)
			look(e, c);
	}
	e->sweep_left -= n;
	return (int)n;
}
