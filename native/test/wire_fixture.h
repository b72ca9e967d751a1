/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_TEST_WIRE_FIXTURE_H
#define FLUE_TEST_WIRE_FIXTURE_H

/** @file A wire with ports, and numbered frames to send over it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "flue/flue_memory.h"
#include "flue/flue_pkt.h"
#include "flue/flue_port.h"

#define MAC0      INT64_C(0x0200c6120001)
#define BROADCAST INT64_C(0xffffffffffff)
#define BURST     32

static flue_wire *wire;
static flue_port *ports[16];

static inline void
open_wire(const struct flue_wire_config *config)
{
	int i;

	assert_int_equal(flue_wire_create(config, &wire), 0);
	for (i = 0; i < config->ports; i++)
		assert_int_equal(flue_wire_port(wire, i, MAC0 + i, &ports[i]), 0);
}

static inline void
open_default_wire(void)
{
	struct flue_wire_config config;

	flue_wire_config_default(&config);
	open_wire(&config);
}

static inline void
close_wire(int n)
{
	int i;

	for (i = 0; i < n; i++)
		flue_port_close(ports[i]);
	assert_int_equal(flue_wire_destroy(wire), 0);
}

static inline struct flue_pkt *
make_frame(flue_port *port, int64_t to, uint32_t number, unsigned len)
{
	struct flue_pkt *pkt = port->ops->alloc(port);
	unsigned i;

	if (pkt == NULL)
		return NULL;
	for (i = 0; i < 6; i++)
		pkt->data[i] = (uint8_t)(to >> (40 - 8 * i));
	memcpy(pkt->data + 6, port->mac, 6);
	memset(pkt->data + 12, (int)(number & 0xff), len - 12);
	memcpy(pkt->data + 14, &number, 4);
	pkt->len = (uint16_t)len;
	return pkt;
}

static inline bool
send_one(flue_port *port, int64_t now, int64_t to, uint32_t number, unsigned len)
{
	struct flue_pkt *pkt = make_frame(port, to, number, len);

	assert_non_null(pkt);
	if (port->ops->tx_burst(port, now, &pkt, 1) == 1)
		return true;
	flue_pkt_release(pkt);
	return false;
}

static inline uint32_t
number_of(const struct flue_pkt *pkt)
{
	uint32_t number;

	memcpy(&number, pkt->data + 14, 4);
	return number;
}

/** Receive all that is due, check nothing, give it back. @return how many */
static inline unsigned
drain(flue_port *port, int64_t now)
{
	struct flue_pkt *pkts[BURST];
	unsigned total = 0;
	unsigned n;

	while ((n = port->ops->rx_burst(port, now, pkts, BURST)) > 0) {
		total += n;
		while (n > 0)
			flue_pkt_release(pkts[--n]);
	}
	return total;
}

#endif /* FLUE_TEST_WIRE_FIXTURE_H */
