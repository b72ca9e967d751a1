/* SPDX-License-Identifier: Apache-2.0 */

#include "support/stream.h"

#include "tcp/bytes.h"

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

void
connect_sack(struct harness *h, struct conn *c, uint32_t iss, uint32_t irs)
{
	conn_block(h, c, iss, irs);
	tcp_const(c)->flags |= FLUE_TCP_CONST_SACK;
	assert_int_equal(conn_initiate(h, c), FLUE_STATUS_SUCCESS);
	pass_after(h, 200 * MS);
}

void
sack_at(struct harness *h, struct conn *c, uint32_t upto, const uint32_t (*blocks)[2], unsigned n,
		uint32_t tsecr)
{
	static uint32_t tsval = 2000;
	uint8_t options[60];
	uint8_t *p = options;
	uint8_t frame[2048];
	unsigned i;

	if (c->ts) {
		flue_store32be(p, UINT32_C(0x0101080a));
		flue_store32be(p + 4, tsval++);
		flue_store32be(p + 8, tsecr);
		p += 12;
	}
	if (n > 0) {
		flue_store32be(p, UINT32_C(0x01010500) + 2 + 8 * n);
		p += 4;
	}
	for (i = 0; i < n; i++, p += 8) {
		flue_store32be(p, c->iss + blocks[i][0]);
		flue_store32be(p + 4, c->iss + blocks[i][1]);
	}
	inject(h, frame,
			peer_frame_with(c, frame, TCP_ACK, 0, upto, NULL, 0, 65535, options,
					(uint32_t)(p - options)));
}

void
sack(struct harness *h, struct conn *c, uint32_t upto, uint32_t start, uint32_t end)
{
	const uint32_t block[1][2] = { { start, end } };

	sack_at(h, c, upto, block, 1, 0);
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

const struct flue_extra *
object_extra(struct harness *h, struct conn *c)
{
	return flue_extra_of(h->e, object(h, c));
}

void
event_expect(struct harness *h, struct conn *c, uint32_t type, uint64_t info)
{
	struct flue_up up = up_expect(h, FLUE_UP_EVENT);

	assert_int_equal(up.arg0, type);
	assert_int_equal(up.arg1, info);
	assert_true(up.handle == c->handle_ref);
}
