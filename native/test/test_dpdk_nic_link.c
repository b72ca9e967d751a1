/* SPDX-License-Identifier: Apache-2.0 */

/* A NIC that keeps what it has to send for as long as it has no link: what was lent to it comes back,
 * and a connection can be taken back, before the link is. */

#include "support/harness.h"

#include "dpdk_nic.h"

#define BYTES  1000
#define QUEUES 2

static flue_port *port;
static flue_port *second; /* of its queues, or NULL */
static uint8_t *lent;
static struct flue_lender owner;

/* ---- Packets ----------------------------------------------------------------------------------- */

static void
send_lent(flue_port *to)
{
	struct flue_pkt *pkt = make_frame(to, 1, 60);

	pkt->ext = lent;
	pkt->ext_len = BYTES;
	pkt->ext_owner = &owner;
	owner.lent++;
	CHECK(send_pkt(to, pkt));
}

static void
turn(void)
{
	struct flue_pkt *pkts[BURST];

	(void)flue_port_link(port);
	CHECK(port->ops->rx_burst(port, 0, pkts, BURST) == 0);
	if (second != NULL)
		CHECK(second->ops->rx_burst(second, 0, pkts, BURST) == 0);
	sched_yield();
}

/** While the device is stopped and started nobody asks it. */
static void
await_link(int state)
{
	while (flue_port_link(port) != state)
		sched_yield();
}

static void
open_port(int queues)
{
	nic.link = 1;
	CHECK(nic_open_queues(1500, 0, queues, &port) == 0);
	second = NULL;
	if (queues > 1)
		CHECK(flue_dpdk_queue(port, 1, &second) == 0);
	CHECK(port->offloads & FLUE_PORT_LENT);
	CHECK(flue_port_link(port) == 1);
	nic.count = 0;
	nic.queue_stops = 0;
	nic.starts = 0;
}

static void
close_port(void)
{
	flue_port_close(port);
	flue_port_close(second);
	CHECK(nic.bad == 0);
}

/** It sends again, as if nothing had been. */
static void
link_returns(void)
{
	nic.link = 1;
	nic.count = 0;
	await_link(1);
	while (nic.count == 0) {
		send_lent(port);
		turn();
	}
	CHECK(flue_lent(&owner) == 0);
}

static void
nic_prepare_lending(void)
{
	int region = flue_region_create(FLUE_REGION_HEAP, 1 << 16);

	CHECK(flue_dpdk_start(NIC_EAL) == 0);
	nic_best();
	nic.pci = true;
	nic.waits = true;
	lent = flue_region_address(region);
}

static int
recalled(void)
{
	static const struct {
		int queue_stop;
		int queue_start;
		unsigned stops;
		unsigned starts;
	} rows[] = {
		{ 0, 0, 1, 0 }, { -ENOTSUP, 0, 0, 1 }, /* its queues cannot be stopped one by one */
		{ 0, -EIO, 1, 1 },                     /* nor started */
	};
	unsigned i;
	int queues;

	nic_prepare_lending();
	for (i = 0; i < 2 * RTE_DIM(rows); i++) {
		queues = 1 + (int)i % 2;
		nic.queue_stop = rows[i / 2].queue_stop;
		nic.queue_start = rows[i / 2].queue_start;
		open_port(queues);
		nic.link = 0;
		send_lent(port);
		CHECK(flue_lent(&owner) == 1 && nic.in_ring == 1);
		while (flue_lent(&owner) > 0)
			turn();
		while (nic.stopped)
			sched_yield();
		CHECK(nic.queue_stops == rows[i / 2].stops && nic.starts == rows[i / 2].starts);
		/* Nothing more is kept for the link; senders do not wait. */
		CHECK(flue_port_link(port) == 0 && flue_port_lost(port) == 0);
		send_lent(port);
		CHECK(flue_lent(&owner) == 0 && nic.in_ring == 0 && flue_port_lost(port) == 1);
		CHECK(flue_port_buffers_held(port) == 0);
		link_returns();
		close_port();
	}
	return 0;
}

static void
what_was_lent_to_a_nic_comes_back_when_its_link_goes(void **state)
{
	(void)state;
	run_child(recalled);
}

static int
untouched(void)
{
	struct flue_pkt *pkts[BURST];
	int i;

	nic_prepare_lending();
	/* Nothing lent: there is nothing to recall. */
	open_port(1);
	nic.link = 0;
	for (i = 0; i < 100; i++)
		turn();
	link_returns();
	CHECK(nic.queue_stops == 0 && nic.starts == 0);
	/* A poller is not waited for. As long as it has not said that it keeps off, nobody else touches
	 * the rings; and the port can be closed. */
	nic.link = 0;
	send_lent(port);
	for (i = 0; i < 1000; i++)
		CHECK(flue_port_link(port) == 0);
	CHECK(flue_lent(&owner) == 1 && nic.queue_stops == 0);
	close_port();
	CHECK(flue_lent(&owner) == 0);
	/* The link is back before it has. */
	open_port(2);
	nic.link = 0;
	send_lent(port);
	CHECK(flue_port_link(port) == 0);
	CHECK(port->ops->rx_burst(port, 0, pkts, BURST) == 0);
	nic.link = 1;
	while (flue_port_lost(port) < 10 && nic.count == 0) {
		await_link(1);
		CHECK(send_pkt(port, make_frame(port, 1, 60)));
		sched_yield();
	}
	CHECK(nic.queue_stops == 0);
	close_port();
	CHECK(flue_lent(&owner) == 0);
	return 0;
}

static void
rings_are_touched_only_when_their_pollers_keep_off(void **state)
{
	(void)state;
	run_child(untouched);
}

static int
gone(void)
{
	int i;

	nic_prepare_lending();
	for (i = 0; i < 6; i++) {
		nic.queue_stop = i % 2 == 0 ? 0 : -ENOTSUP;
		open_port(1 + i % 3 / 2);
		nic.link = 0;
		send_lent(port);
		CHECK(flue_lent(&owner) == 1);
		nic_tell(RTE_ETH_EVENT_INTR_RMV);
		while (flue_lent(&owner) > 0)
			turn();
		CHECK(flue_port_link(port) == -ENODEV && nic.starts == 0);
		close_port();
	}
	/* One that does not start again is as good as gone. */
	open_port(1);
	nic.link = 0;
	nic.queue_stop = -ENOTSUP;
	send_lent(port);
	nic.start_error = -EIO;
	while (flue_port_link(port) != -ENODEV)
		turn();
	CHECK(flue_lent(&owner) == 0);
	nic.start_error = 0;
	close_port();
	open_port(1);
	link_returns();
	close_port();
	return 0;
}

static void
what_was_lent_to_a_nic_that_is_pulled_comes_back_and_its_port_can_be_closed(void **state)
{
	(void)state;
	run_child(gone);
}

/* ---- A connection ------------------------------------------------------------------------------ */

static struct rte_mempool *pool;

static void
arrive(struct harness *h, struct conn *c, uint32_t ack)
{
	uint8_t frame[256];
	uint32_t len = peer_frame(c, frame, TCP_ACK, 0, ack, NULL, 0, 60000, NULL);
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

	CHECK(m != NULL);
	memcpy(rte_pktmbuf_append(m, (uint16_t)len), frame, len);
	nic.arrived[nic.arrivals++] = m;
	(void)pass_after(h, MS);
}

/** Payload on the wire that lies in the stream where it belongs. @return how far it goes */
static uint32_t
on_the_wire(struct conn *c)
{
	uint32_t end = 0;
	unsigned i;

	for (i = 0; i < nic.count; i++) {
		const uint8_t *tcp = nic.frame[i] + tcp_at(c);
		uint32_t head = tcp_at(c) + (tcp[12] >> 4) * 4u;
		uint32_t at = (nic_get16(tcp + 4) << 16 | nic_get16(tcp + 6)) - c->iss;

		CHECK(at + nic.len[i] - head <= 3 * BYTES);
		CHECK(memcmp(nic.frame[i] + head, lent + at, nic.len[i] - head) == 0);
		if (at + nic.len[i] - head > end)
			end = at + nic.len[i] - head;
	}
	return end;
}

/** Passes, as an engine makes them, with somebody who looks after the link, until that one comes. */
static struct flue_up
pass_until(struct harness *h, uint32_t op)
{
	struct flue_up up;

	for (;;) {
		(void)flue_port_link(port);
		(void)pass_after(h, MS / 100);
		while (up_next(h, &up))
			if (up.op == op)
				return up;
		sched_yield();
	}
}

static int
moved(void)
{
	struct harness *h;
	struct conn c = { 0 };
	struct flue_pkt *pkt;
	int i;

	nic_prepare_lending();
	nic.mac = 0x0200000000aa;
	open_port(1);
	pkt = port->ops->alloc(port);
	pool = ((struct rte_mbuf *)pkt - 1)->pool;
	flue_pkt_release(pkt);
	for (i = 0; i < 3 * BYTES; i++)
		lent[i] = (uint8_t)(i * 7 + i / 256);
	h = harness_on(NULL, port, false);
	CHECK(flue_region_address(h->java) != NULL);
	connect_at(h, &c, 1000, 2000);
	nic.count = 0;
	submit(h, FLUE_SUB_SEND, c.token, nbl_new(h, lent, 3 * BYTES, 1), 0, 0);
	(void)pass_after(h, MS);
	CHECK(nic.lent > 0 && on_the_wire(&c) >= BYTES);
	/* The link goes; what is sent again for a while stays in the ring. */
	nic.link = 0;
	for (i = 0; i < 3; i++)
		(void)pass_after(h, SEC);
	CHECK(nic.in_ring > 0 && flue_send_lent(h->e, h->e->conns));
	terminate_submit(h, &c);
	for (i = 0; i < 10; i++)
		(void)pass_after(h, MS);
	CHECK(c.block->status == 0x77777777); /* for the ring has it */
	(void)pass_until(h, FLUE_UP_TERMINATE_COMPLETE);
	CHECK(c.block->status == FLUE_STATUS_SUCCESS && nic.in_ring == 0);
	CHECK(tcp_delegated(&c)->snd_una == 1000);
	CHECK(port->held == 0);
	/* Offloaded again once the link is there, it goes on where it was. */
	nic.link = 1;
	nic.count = 0;
	await_link(1);
	c.handle->miniport_offload_context = 0;
	CHECK(conn_initiate(h, &c) == FLUE_STATUS_SUCCESS);
	while (on_the_wire(&c) < 3 * BYTES) {
		(void)flue_port_link(port);
		(void)pass_after(h, SEC);
		arrive(h, &c, on_the_wire(&c));
	}
	arrive(h, &c, 3 * BYTES);
	(void)pass_until(h, FLUE_UP_SEND_COMPLETE);
	CHECK(nic.bad == 0);
	finish(h, &c);
	close_port();
	return 0;
}

static void
connection_is_taken_back_while_the_link_is_down_and_goes_on_when_it_is_up(void **state)
{
	(void)state;
	run_child(moved);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_lent_to_a_nic_comes_back_when_its_link_goes),
		cmocka_unit_test(rings_are_touched_only_when_their_pollers_keep_off),
		cmocka_unit_test(
				what_was_lent_to_a_nic_that_is_pulled_comes_back_and_its_port_can_be_closed),
		cmocka_unit_test(
				connection_is_taken_back_while_the_link_is_down_and_goes_on_when_it_is_up),
	};

	return cmocka_run_group_tests_name("dpdk link", tests, NULL, NULL);
}
