/* SPDX-License-Identifier: Apache-2.0 */

/* What a connection takes: printed line by line, and held to its bounds. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "engine/parts.h"
#include "support/fake_port.h"
#include "tcp/episode.h"

#define HOT_BYTES     128
#define CONTEXT_BYTES 256

struct member {
	const char *name;
	size_t at;
	size_t bytes;
};

#define MEMBER(m)                                                                     \
	{                                                                             \
#m, offsetof(struct flue_conn, m), sizeof(((struct flue_conn *)0)->m) \
	}

/* Members of bits share the gaps between these. */
static const struct member members[] = {
	MEMBER(raddr),
	MEMBER(laddr),
	MEMBER(ports),
	MEMBER(flags),
	MEMBER(rcv_nxt),
	MEMBER(rcv_adv),
	MEMBER(snd_una),
	MEMBER(snd_nxt),
	MEMBER(snd_max),
	MEMBER(snd_wnd),
	MEMBER(snd_wl1),
	MEMBER(ts_recent),
	MEMBER(ts_recent_ms),
	MEMBER(last_ack_sent),
	MEMBER(ts_delta),
	MEMBER(scales),
	MEMBER(ttl),
	MEMBER(tos),
	MEMBER(rxq_head),
	MEMBER(rxq_tail),
	MEMBER(handle),
	MEMBER(bytes_in),
	MEMBER(rx_held),
	MEMBER(snd_end),
	MEMBER(path),
	MEMBER(ack_ms),
	MEMBER(mss),
	MEMBER(max_window),
	MEMBER(unacked),
	MEMBER(bytes_out),
	MEMBER(rtx_ms),
	MEMBER(send_head),
	MEMBER(send_nxt),
	MEMBER(send_tail),
	MEMBER(cc),
	MEMBER(rtt_seq),
	MEMBER(rtt_start),
	MEMBER(srtt8),
	MEMBER(rttvar4),
	MEMBER(since_ms),
	MEMBER(recover),
	MEMBER(claim),
	MEMBER(post_tail),
	MEMBER(min_rtt),
	MEMBER(told_ms),
	MEMBER(challenge_ms),
	MEMBER(timer_prev),
	MEMBER(timer_next),
	MEMBER(ka_ms),
	MEMBER(last_rx_ms),
	MEMBER(given_ts_recent),
	MEMBER(retransmits),
	MEMBER(hash_value),
	MEMBER(check),
	MEMBER(reo_mult),
	MEMBER(reo_persist),
	MEMBER(upload_reason),
};

static void
a_context_is_four_lines_and_no_member_lies_across_two(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		size_t line = members[i].at / FLUE_CACHE_LINE;

		if (i == 0 || members[i - 1].at / FLUE_CACHE_LINE != line)
			printf("line %zu, %s\n", line,
					line < HOT_BYTES / FLUE_CACHE_LINE ? "hot" : "cold");
		printf("  %3zu %2zu %s\n", members[i].at, members[i].bytes, members[i].name);
		assert_int_equal((members[i].at + members[i].bytes - 1) / FLUE_CACHE_LINE, line);
	}
	printf("struct flue_conn: %zu bytes\n", sizeof(struct flue_conn));
	assert_true(sizeof(struct flue_conn) <= CONTEXT_BYTES);
}

#define LINE_OF(m) (offsetof(struct flue_conn, m) / FLUE_CACHE_LINE)

static void
what_data_received_touches_is_in_the_first_two_lines_and_what_is_sent_in_the_third(void **state)
{
	(void)state;
	assert_int_equal(sizeof(struct flue_conn), CONTEXT_BYTES);
	/* What finding and an in-order segment compare. */
	assert_int_equal(LINE_OF(ports), 0);
	assert_int_equal(LINE_OF(rcv_nxt), 0);
	assert_int_equal(LINE_OF(snd_una), 0);
	assert_int_equal(LINE_OF(ts_recent), 0);
	/* What queueing, indicating and acknowledging need: up to bytes_out, the first of line 2. */
	assert_int_equal(offsetof(struct flue_conn, bytes_out), HOT_BYTES);
	assert_int_equal(LINE_OF(rxq_tail), 1);
	assert_int_equal(LINE_OF(handle), 1);
	assert_int_equal(LINE_OF(bytes_in), 1);
	assert_int_equal(LINE_OF(snd_end), 1);
	assert_int_equal(LINE_OF(ack_ms), 1);
	assert_int_equal(LINE_OF(unacked), 1);
	/* What sending needs: up to the claim, the first of line 3, from which on all is rare. */
	assert_int_equal(offsetof(struct flue_conn, claim), HOT_BYTES + FLUE_CACHE_LINE);
	assert_int_equal(LINE_OF(cc), 2);
	assert_int_equal(LINE_OF(rtx_ms), 2);
	assert_int_equal(LINE_OF(since_ms), 2);
}

/** Beside the context, for what is rare; printed so that its growth is seen. */
static void
what_lies_beside_the_context_is_bounded(void **state)
{
	(void)state;
	printf("struct flue_extra: %zu bytes, pooled\n", sizeof(struct flue_extra));
	printf("struct flue_profile: %zu bytes, pooled and shared\n", sizeof(struct flue_profile));
	printf("struct flue_episode: %zu bytes, pooled\n", sizeof(struct flue_episode));
	printf("struct flue_run: %zu bytes, pooled\n", sizeof(struct flue_run));
	assert_true(sizeof(struct flue_extra) <= 256);
	assert_true(sizeof(struct flue_profile) <= 80);
	assert_true(sizeof(struct flue_episode) <= 128);
	assert_true(sizeof(struct flue_run) <= 24);
}

/** Contexts, flow table, ready queue, free ids: all there is of an engine of so many connections but the
 *  records, which are configured to be few. The timers' links lie in the contexts. */
static void
a_million_connections_take_no_more_than_335_bytes_each(void **state)
{
	struct flue_engine_config config;
	struct fake_port *port = fake_port_new(8, 0);
	flue_engine *e;
	double each;

	(void)state;
	flue_engine_config_default(&config);
	config.max_connections = 1000000;
	config.max_extras = 1024;
	config.max_paths = 64;
	config.max_neighbors = 64;
	config.max_sends = 64;
	config.max_receives = 64;
	config.max_frames = 64;
	assert_int_equal(flue_engine_create(&config, &port->port, &e), 0);
	each = (double)((uint64_t)flue_engine_arena(e, 1) + e->memory_bytes) / 1e6;
	printf("1,000,000 connections: arena %lld, tables %llu, %.1f bytes each\n",
			(long long)flue_engine_arena(e, 1), (unsigned long long)e->memory_bytes,
			each);
	assert_true(each <= 335.0);
	flue_engine_destroy(e);
	fake_port_free(port);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_context_is_four_lines_and_no_member_lies_across_two),
		cmocka_unit_test(
				what_data_received_touches_is_in_the_first_two_lines_and_what_is_sent_in_the_third),
		cmocka_unit_test(what_lies_beside_the_context_is_bounded),
		cmocka_unit_test(a_million_connections_take_no_more_than_335_bytes_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
