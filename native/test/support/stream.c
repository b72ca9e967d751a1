/* SPDX-License-Identifier: Apache-2.0 */

#include "support/stream.h"

const uint32_t start_numbers[3][2] = { { 1000, 5000 }, { 0x7fffff00, 0x80000000 },
	{ 0xffffffc0, 0xffffffff } };

uint8_t stream[STREAM_BYTES];

__attribute__((constructor)) static void
fill_stream(void)
{
	unsigned i;

	for (i = 0; i < sizeof(stream); i++)
		stream[i] = (uint8_t)(i * 7 + i / 251);
}

flue_ref
send_data(struct harness *h, struct conn *c, uint32_t len)
{
	flue_ref nbl = nbl_new(h, stream, len, 1);

	submit(h, FLUE_SUB_SEND, c->token, nbl, 0, 0);
	poll_engine(h);
	return nbl;
}

flue_ref
disconnect(struct harness *h, struct conn *c, uint32_t how, uint32_t len)
{
	flue_ref nbl = nbl_new(h, stream, len, 1);

	submit(h, FLUE_SUB_DISCONNECT, c->token, nbl, how, 0);
	poll_engine(h);
	return nbl;
}

void
arrive(struct harness *h, struct conn *c, uint32_t at, uint32_t len, uint8_t flags)
{
	peer(h, c, TCP_ACK | flags, at, 0, stream + at, len, 65535);
	pass_after(h, MS);
}

void
ack(struct harness *h, struct conn *c, uint32_t upto, uint16_t win)
{
	peer(h, c, TCP_ACK, 0, upto, NULL, 0, win);
	pass_after(h, MS);
}

uint32_t
drain_sent(struct harness *h, struct conn *c)
{
	struct seen s;
	uint32_t end = 0;

	while (sent_next(h, c, &s))
		end = s.seq + s.len;
	return end;
}

struct flue_conn *
object(struct harness *h, struct conn *c)
{
	return &h->e->conns[(uint32_t)c->token];
}

struct flue_conn_rest *
object_rest(struct harness *h, struct conn *c)
{
	return flue_conn_rest_of(h->e, object(h, c));
}

void
event_expect(struct harness *h, struct conn *c, uint32_t type, uint64_t info)
{
	struct flue_up up = up_expect(h, FLUE_UP_EVENT);

	assert_int_equal(up.arg0, type);
	assert_int_equal(up.arg1, info);
	assert_true(up.handle == c->handle_ref);
}
