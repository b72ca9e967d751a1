/* SPDX-License-Identifier: Apache-2.0 */

/* What an engine's own thread does when it has nothing to do, and what ends it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "flue/flue_channel.h"
#include "flue/flue_engine.h"
#include "flue/flue_memory.h"
#include "flue/flue_pkt.h"
#include "flue/flue_port.h"

#define ENTRIES 64

/** A device on which nothing ever arrives: its doze ends by the wake descriptor alone, never by time. */
struct silent {
	struct flue_port port;
	_Atomic int armed;
	_Atomic int dozes;
	int refuses;
};

static unsigned
no_burst(struct flue_port *port, int64_t now, struct flue_pkt **pkts, unsigned n)
{
	(void)port;
	(void)now;
	(void)pkts;
	(void)n;
	return 0;
}

static struct flue_pkt *
no_packet(struct flue_port *port)
{
	(void)port;
	return NULL;
}

static int
silent_arm(struct flue_port *port, int wake, bool on)
{
	struct silent *s = (struct silent *)port;

	(void)wake;
	atomic_store(&s->armed, on);
	return s->refuses;
}

static void
silent_doze(struct flue_port *port, int wake, int64_t ns)
{
	struct silent *s = (struct silent *)port;
	struct pollfd fd = { .fd = wake, .events = POLLIN };

	assert_true(ns > 0);
	assert_true(s->armed);
	s->dozes++;
	(void)poll(&fd, 1, -1);
}

static const struct flue_port_ops silent_ops = {
	.rx_burst = no_burst,
	.tx_burst = no_burst,
	.alloc = no_packet,
	.arm = silent_arm,
	.doze = silent_doze,
};
static const struct flue_port_ops deaf_ops = {
	.rx_burst = no_burst,
	.tx_burst = no_burst,
	.alloc = no_packet,
};

struct fixture {
	struct silent device;
	flue_engine *e;
	struct flue_channel_header *ch;
};

static void
begin(struct fixture *f, const struct flue_port_ops *ops)
{
	struct flue_engine_config config;
	int region;

	*f = (struct fixture){ .device.port = { .ops = ops, .mtu = 1500, .buffers = 64 } };
	flue_engine_config_default(&config);
	config.max_connections = 64;
	assert_int_equal(flue_engine_create(&config, &f->device.port, &f->e), 0);
	region = flue_engine_channel(f->e, ENTRIES, ENTRIES);
	assert_true(region > 0);
	f->ch = flue_region_address(region);
}

/** A verdict that fits nothing is read and ignored. As a host does it: store, fence, look, wake. */
static void
submit_and_await(struct fixture *f)
{
	struct flue_submission *subs = (void *)((uint8_t *)f->ch + f->ch->sub_offset);
	uint64_t tail = f->ch->sub_tail;

	subs[tail % ENTRIES] = (struct flue_submission){ .op = FLUE_SUB_VERDICT, .token = 77 };
	__atomic_store_n(&f->ch->sub_tail, tail + 1, __ATOMIC_RELEASE);
	atomic_thread_fence(memory_order_seq_cst);
	if (__atomic_load_n(&f->ch->engine_sleeps, __ATOMIC_ACQUIRE) != 0)
		flue_engine_wake(f->e);
	while (__atomic_load_n(&f->ch->sub_head, __ATOMIC_ACQUIRE) != tail + 1)
		sched_yield();
}

static void
submissions_are_read_whatever_the_policy(void **state)
{
	struct fixture f;
	int idle;
	int i;

	(void)state;
	begin(&f, &silent_ops);
	for (idle = FLUE_IDLE_BACKOFF; idle <= FLUE_IDLE_INTERRUPT; idle++) {
		assert_int_equal(flue_engine_start_idle(f.e, -1, idle), 0);
		assert_int_equal(flue_engine_start_idle(f.e, -1, idle), -EALREADY);
		for (i = 0; i < 200; i++)
			submit_and_await(&f);
		assert_int_equal(flue_engine_stop(f.e), 0);
		assert_false(f.device.armed);
	}
	flue_engine_destroy(f.e);
}

static void
a_sleeping_engine_is_woken_by_a_submission_and_by_its_end(void **state)
{
	struct fixture f;
	int i;

	(void)state;
	begin(&f, &silent_ops);
	assert_int_equal(flue_engine_start_idle(f.e, -1, FLUE_IDLE_INTERRUPT), 0);
	for (i = 0; i < 50; i++) {
		while (__atomic_load_n(&f.ch->engine_sleeps, __ATOMIC_ACQUIRE) == 0 ||
				f.device.dozes <= i)
			sched_yield();
		submit_and_await(&f);
	}
	while (__atomic_load_n(&f.ch->engine_sleeps, __ATOMIC_ACQUIRE) == 0)
		sched_yield();
	assert_int_equal(flue_engine_stop(f.e), 0);
	assert_int_equal(f.ch->engine_sleeps, 0);
	flue_engine_destroy(f.e);
}

static void
a_device_that_cannot_interrupt_is_told(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, &deaf_ops);
	assert_int_equal(flue_engine_start_idle(f.e, -1, FLUE_IDLE_INTERRUPT), -ENOTSUP);
	assert_int_equal(flue_engine_start_idle(f.e, -1, FLUE_IDLE_INTERRUPT + 1), -EINVAL);
	assert_int_equal(flue_engine_start_idle(f.e, -1, -1), -EINVAL);
	/* It is nobody's yet, and can be polled or started. */
	assert_true(flue_engine_poll(f.e, 1000000000, 32) >= 0);
	assert_int_equal(flue_engine_start_idle(f.e, -1, FLUE_IDLE_YIELD), 0);
	flue_engine_destroy(f.e);
	begin(&f, &silent_ops);
	f.device.refuses = -ENOTSUP;
	assert_int_equal(flue_engine_start_idle(f.e, -1, FLUE_IDLE_INTERRUPT), -ENOTSUP);
	flue_engine_wake(f.e);
	flue_engine_destroy(f.e);
}

static void
the_thread_runs_on_the_processor_that_was_named(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, &silent_ops);
	assert_int_equal(flue_engine_start_idle(f.e, sched_getcpu(), FLUE_IDLE_YIELD), 0);
	submit_and_await(&f);
	assert_int_equal(flue_engine_stop(f.e), 0);
	assert_int_equal(flue_engine_start_idle(f.e, 1 << 20, FLUE_IDLE_YIELD), -EINVAL);
	assert_int_equal(flue_engine_start_idle(f.e, 1000, FLUE_IDLE_YIELD), -EINVAL);
	flue_engine_destroy(f.e);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(submissions_are_read_whatever_the_policy),
		cmocka_unit_test(a_sleeping_engine_is_woken_by_a_submission_and_by_its_end),
		cmocka_unit_test(a_device_that_cannot_interrupt_is_told),
		cmocka_unit_test(the_thread_runs_on_the_processor_that_was_named),
	};

	return cmocka_run_group_tests_name("engine idle", tests, NULL, NULL);
}
