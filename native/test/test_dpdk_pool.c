/* SPDX-License-Identifier: Apache-2.0 */
#include "dpdk_fixture.h"

#define BUFFERS 8192
#define ROUNDS  40
#define ROUND   200

/* What two threads keep of a pool for themselves, 512 each and half as many before they give back, and
 * what is under way. */
#define KEPT (2 * (512 + 256) + ROUND)

static flue_port *a;
static flue_port *b;

/** The other thread: fetches what was sent, and frees it. */
static void *
fetch(void *arg)
{
	unsigned left = ROUND;

	(void)arg;
	while (left > 0) {
		struct flue_pkt *pkts[BURST];
		unsigned n = b->ops->rx_burst(b, 0, pkts, BURST);

		left -= n;
		while (n > 0)
			flue_pkt_release(pkts[--n]);
	}
	return NULL;
}

static int
by_address(const void *x, const void *y)
{
	uintptr_t p = *(const uintptr_t *)x;
	uintptr_t q = *(const uintptr_t *)y;

	return p < q ? -1 : p > q;
}

static unsigned
distinct(uintptr_t *addresses, unsigned n)
{
	unsigned count = 1;
	unsigned i;

	qsort(addresses, n, sizeof(*addresses), by_address);
	for (i = 1; i < n; i++)
		count += addresses[i] != addresses[i - 1];
	return count;
}

static int
one_way(void)
{
	static uintptr_t sent[ROUNDS * ROUND];
	unsigned n = 0;
	unsigned i;

	CHECK(flue_dpdk_start(NULL) == 0);
	CHECK(flue_dpdk_ring_pair(256, MAC0, MAC1, BUFFERS, &a, &b) == 0);
	while (n < ROUNDS * ROUND) {
		pthread_t thread;

		for (i = 0; i < ROUND; i++) {
			struct flue_pkt *pkt = make_frame(a, i, 60);

			CHECK(pkt != NULL);
			sent[n++] = (uintptr_t)pkt->data;
			CHECK(send_pkt(a, pkt));
		}
		CHECK(pthread_create(&thread, NULL, fetch, NULL) == 0);
		pthread_join(thread, NULL);
	}
	CHECK(distinct(sent, n) <= KEPT);
	flue_port_close(a);
	flue_port_close(b);
	return 0;
}

static void
what_another_thread_frees_is_taken_again_before_the_rest_of_the_pool(void **state)
{
	(void)state;
	run_child(one_way);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
				what_another_thread_frees_is_taken_again_before_the_rest_of_the_pool),
	};

	return cmocka_run_group_tests_name("dpdk_pool", tests, NULL, NULL);
}
