/* SPDX-License-Identifier: Apache-2.0 */

/* The Internet checksum: whatever way it is summed, it is RFC 1071's. */

#include <stdlib.h>

#include "rule.h"
#include "support/harness.h"
#include "tcp/csum.h"

#define MOST 9100

static uint8_t from[MOST + 64];
static uint8_t to[MOST + 64];

/** As the RFC says it: pairs of bytes, the carry comes round. */
static uint16_t
by_the_book(const uint8_t *p, uint32_t len)
{
	uint32_t sum = 0;
	uint32_t i;

	for (i = 0; i < len; i++) {
		sum += i & 1 ? p[i] : (uint32_t)p[i] << 8;
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return __builtin_bswap16((uint16_t)sum);
}

static void
sums_right(const uint8_t *p, uint32_t len)
{
	uint16_t right = by_the_book(p, len);

	assert_int_equal(flue_csum_fold(flue_csum_add(p, len, 0)), right);
	assert_int_equal(flue_csum_fold(flue_csum_long(p, len, 0)), right);
	memset(to, 0xa5, len + 33);
	assert_int_equal(flue_csum_fold(flue_csum_copy(to + 1, p, len, 0)), right);
	assert_memory_equal(to + 1, p, len);
	assert_int_equal(to[0], 0xa5);
	assert_int_equal(to[len + 1], 0xa5);
}

static void
all_lengths_and_places(void)
{
	uint32_t len;
	uint32_t i;

	for (len = 0; len < 300; len++)
		for (i = 0; i < 9; i++)
			sums_right(from + i, len);
	for (i = 0; i < 2000; i++)
		sums_right(from + rand() % 64, (uint32_t)(rand() % MOST));
}

static void
both_ways_sum_what_the_rfc_sums(void **state)
{
	uint32_t i;
	int way;

	(void)state;
	srand(1071);
	for (way = 0; way < 2; way++) {
		(void)flue_csum_choose(way == 1);
		for (i = 0; i < sizeof(from); i++)
			from[i] = (uint8_t)rand();
		all_lengths_and_places();
		/* Every carry there can be, and none. */
		memset(from, 0xff, sizeof(from));
		all_lengths_and_places();
		memset(from, 0, sizeof(from));
		all_lengths_and_places();
	}
	(void)flue_csum_choose(true);
}

static void
a_sum_goes_on_from_a_sum_however_large(void **state)
{
	uint64_t sums[] = { 0, 1, 0xffff, UINT32_MAX, UINT64_C(0x1ffffffff),
		UINT64_C(0xfedcba9876543210) };
	uint32_t i;
	uint32_t len;
	int way;

	(void)state;
	for (way = 0; way < 2; way++) {
		(void)flue_csum_choose(way == 1);
		for (i = 0; i < sizeof(from); i++)
			from[i] = (uint8_t)(i * 7 + 1);
		for (i = 0; i < sizeof(sums) / sizeof(sums[0]); i++) {
			for (len = 1; len < 200; len += 7) {
				uint32_t right = (uint32_t)flue_csum_fold(sums[i]) +
						 by_the_book(from, len);

				right = (right & 0xffff) + (right >> 16);
				assert_int_equal(flue_csum_fold(flue_csum_add(from, len, sums[i])),
						right);
				assert_int_equal(flue_csum_fold(flue_csum_long(from, len, sums[i])),
						right);
				assert_int_equal(flue_csum_fold(flue_csum_copy(
								 to, from, len, sums[i])),
						right);
			}
		}
	}
	(void)flue_csum_choose(true);
}

/** Their words added carry out of 32 bits. */
static void
an_ip_header_sums_right_whatever_its_addresses(void **state)
{
	static const uint8_t last[] = { 0, 1, 100, 127, 128, 200, 254, 255 };
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	uint32_t i;

	(void)state;
	connect_at(h, &c, 1, 1);
	for (i = 0; i < 64; i++) {
		struct flue_path p = h->e->paths[0];

		p.local[p.ip6 ? 15 : 3] = last[i / 8];
		p.remote[p.ip6 ? 15 : 3] = last[i % 8];
		flue_path_build_head(h->e, &p);
		if (p.ip6)
			assert_int_equal(p.pseudo,
					flue_csum_fold((uint64_t)by_the_book(p.head + 22, 32) +
							__builtin_bswap16(6)));
		else
			assert_int_equal(p.ip_sum, by_the_book(p.head + 14, 20));
	}
	finish(h, &c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ways_sum_what_the_rfc_sums),
		cmocka_unit_test(a_sum_goes_on_from_a_sum_however_large),
		cmocka_unit_test(an_ip_header_sums_right_whatever_its_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
