/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flue/flue_channel.h"
#include "memory/region.h"

static flue_ref
ref(int region, uint64_t offset)
{
	return flue_ref_make((uint32_t)region, offset);
}

static void
region_is_zeroed_and_rounded_up_to_pages(void **state)
{
	int before = flue_region_count();
	int id = flue_region_create(FLUE_REGION_HEAP, 5000);
	unsigned char *p;
	int i;

	(void)state;
	assert_true(id > 0);
	assert_int_equal(flue_region_count(), before + 1);
	assert_int_equal(flue_region_size(id), 8192);
	assert_int_equal(flue_region_kind_of(id), FLUE_REGION_HEAP);
	p = flue_region_address(id);
	for (i = 0; i < 8192; i++)
		assert_int_equal(p[i], 0);
	assert_int_equal(flue_region_close(id), 0);
	assert_int_equal(flue_region_unmap(id), 0);
	assert_int_equal(flue_region_count(), before);
}

static void
sizes_and_kinds_out_of_range_are_refused(void **state)
{
	char byte;

	(void)state;
	assert_int_equal(flue_region_create(FLUE_REGION_HEAP, 0), -EINVAL);
	assert_int_equal(flue_region_create(FLUE_REGION_HEAP, -1), -EINVAL);
	assert_int_equal(flue_region_create(FLUE_REGION_HEAP, INT64_MAX), -EINVAL);
	assert_int_equal(flue_region_create(FLUE_REGION_HEAP, INT64_C(0x80000000)), -EINVAL);
	assert_int_equal(flue_region_create(FLUE_REGION_FOREIGN, 4096), -EINVAL);
	assert_int_equal(flue_region_create(77, 4096), -EINVAL);
	assert_int_equal(flue_region_add_foreign(NULL, 10), -EINVAL);
	assert_int_equal(flue_region_add_foreign(&byte, 0), -EINVAL);
	assert_int_equal(flue_region_add_foreign((void *)(UINTPTR_MAX - 5), 10), -EINVAL);
}

static void
largest_region_never_spans_more_than_a_java_buffer(void **state)
{
	int id = flue_region_create(FLUE_REGION_HEAP, FLUE_REGION_MAX_BYTES);

	(void)state;
	assert_true(id > 0);
	assert_int_equal(flue_region_size(id), FLUE_REGION_MAX_BYTES);
	assert_non_null(flue_ref_resolve(ref(id, FLUE_REGION_MAX_BYTES - 1), 1));
	assert_null(flue_ref_resolve(ref(id, FLUE_REGION_MAX_BYTES), 1));
	flue_region_release(id);
}

static void
unknown_ids_are_refused_everywhere(void **state)
{
	static const int ids[] = { INT32_MIN, -1, 0, FLUE_MAX_REGIONS - 1, FLUE_MAX_REGIONS,
		FLUE_MAX_REGIONS + 1, 0xffff, INT32_MAX };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		assert_null(flue_region_address(ids[i]));
		assert_null(flue_region_at(ids[i]));
		assert_int_equal(flue_region_size(ids[i]), -EINVAL);
		assert_int_equal(flue_region_kind_of(ids[i]), -EINVAL);
		assert_int_equal(flue_region_close(ids[i]), -EINVAL);
		assert_int_equal(flue_region_unmap(ids[i]), -EINVAL);
		flue_region_release(ids[i]);
	}
}

static void
reference_resolves_only_when_all_its_bytes_lie_inside(void **state)
{
	int id = flue_region_create(FLUE_REGION_HEAP, 4096);
	char *p = flue_region_at(id);

	(void)state;
	assert_ptr_equal(flue_ref_resolve(ref(id, 0), 4096), p);
	assert_ptr_equal(flue_ref_resolve(ref(id, 4095), 1), p + 4095);
	assert_ptr_equal(flue_ref_resolve(ref(id, 4096), 0), p + 4096);
	assert_null(flue_ref_resolve(ref(id, 4096), 1));
	assert_null(flue_ref_resolve(ref(id, 4095), 2));
	assert_null(flue_ref_resolve(ref(id, 0), 4097));
	assert_null(flue_ref_resolve(FLUE_REF_NULL, 0));
	assert_null(flue_ref_resolve(FLUE_REF_NULL, 1));
	flue_region_release(id);
}

static void
forged_references_with_huge_offsets_or_lengths_resolve_to_nothing(void **state)
{
	int id = flue_region_create(FLUE_REGION_HEAP, 4096);
	uint32_t region;

	(void)state;
	assert_null(flue_ref_resolve(ref(id, FLUE_REF_OFFSET_MASK), 1));
	assert_null(flue_ref_resolve(ref(id, FLUE_REF_OFFSET_MASK), UINT64_MAX));
	assert_null(flue_ref_resolve(ref(id, 1), UINT64_MAX));
	assert_null(flue_ref_resolve(ref(id, 64), UINT64_MAX - 63));
	assert_null(flue_ref_resolve(ref(id, 0), UINT64_MAX));
	assert_null(flue_ref_resolve(UINT64_MAX, 1));
	assert_null(flue_ref_resolve(UINT64_MAX, UINT64_MAX));
	for (region = 0; region <= 0xffff; region++) {
		if (region != (uint32_t)id && flue_region_size((int)region) < 0)
			assert_null(flue_ref_resolve(flue_ref_make(region, 8), 1));
	}
	flue_region_release(id);
}

static void
closed_region_resolves_to_nothing_and_late_reads_see_zeroes(void **state)
{
	int id = flue_region_create(FLUE_REGION_HEAP, 4096);
	volatile unsigned char *p = flue_region_address(id);

	(void)state;
	p[100] = 0x5a;
	assert_int_equal(flue_region_unmap(id), -EBUSY);
	assert_int_equal(p[100], 0x5a);
	assert_int_equal(flue_region_close(id), 0);
	assert_int_equal(flue_region_close(id), 0);
	assert_null(flue_ref_resolve(ref(id, 100), 1));
	assert_null(flue_region_address(id));
	assert_int_equal(flue_region_size(id), -EINVAL);
	assert_int_equal(p[100], 0);
	p[100] = 1; /* a late write hurts nobody */
	assert_int_equal(flue_region_unmap(id), 0);
	assert_int_equal(flue_region_unmap(id), -EINVAL);
	assert_int_equal(flue_region_close(id), -EINVAL);
}

static void
id_is_not_used_again_before_unmap(void **state)
{
	int closed = flue_region_create(FLUE_REGION_HEAP, 4096);
	int i;

	(void)state;
	assert_int_equal(flue_region_close(closed), 0);
	for (i = 0; i < 3 * FLUE_MAX_REGIONS; i++) {
		int id = flue_region_create(FLUE_REGION_HEAP, 4096);

		assert_true(id > 0);
		assert_int_not_equal(id, closed);
		flue_region_release(id);
	}
	assert_int_equal(flue_region_unmap(closed), 0);
}

static void
full_table_is_reported_and_usable_again_after_one_unmap(void **state)
{
	static int ids[FLUE_MAX_REGIONS];
	int before = flue_region_count();
	int n = 0;
	int i;

	(void)state;
	for (;;) {
		int id = flue_region_create(FLUE_REGION_HEAP, 1);

		if (id < 0) {
			assert_int_equal(id, -ENOSPC);
			break;
		}
		assert_true(id < FLUE_MAX_REGIONS);
		ids[n++] = id;
	}
	assert_int_equal(n + before, FLUE_MAX_REGIONS - 1);
	assert_int_equal(flue_region_add_foreign(ids, 8), -ENOSPC);
	flue_region_release(ids[n / 2]);
	ids[n / 2] = flue_region_create(FLUE_REGION_HEAP, 1);
	assert_true(ids[n / 2] > 0);
	for (i = 0; i < n; i++)
		flue_region_release(ids[i]);
	assert_int_equal(flue_region_count(), before);
}

static void
owner_in_c_leaves_address_space_to_whoever_asked_for_the_address(void **state)
{
	int before = flue_region_count();
	int seen = flue_region_create(FLUE_REGION_HEAP, 4096);
	int given_back = flue_region_create(FLUE_REGION_HEAP, 4096);
	volatile unsigned char *p = flue_region_address(seen);

	(void)state;
	p[0] = 7;
	flue_region_release(seen);
	assert_int_equal(p[0], 0);
	assert_int_equal(flue_region_count(), before + 2);
	assert_int_equal(flue_region_unmap(seen), 0);

	assert_non_null(flue_region_address(given_back));
	assert_int_equal(flue_region_unmap(given_back), -EBUSY);
	flue_region_release(given_back);
	assert_int_equal(flue_region_count(), before);
}

static void
foreign_memory_is_left_as_it_is(void **state)
{
	static unsigned char memory[300];
	int id = flue_region_add_foreign(memory, sizeof(memory));

	(void)state;
	memory[10] = 9;
	assert_true(id > 0);
	assert_int_equal(flue_region_kind_of(id), FLUE_REGION_FOREIGN);
	assert_int_equal(flue_region_size(id), 300);
	assert_ptr_equal(flue_ref_resolve(ref(id, 10), 290), memory + 10);
	assert_null(flue_ref_resolve(ref(id, 10), 291));
	assert_int_equal(flue_region_close(id), 0);
	assert_int_equal(memory[10], 9);
	assert_int_equal(flue_region_unmap(id), 0);
	assert_int_equal(memory[10], 9);
}

static void
address_leads_back_to_the_reference(void **state)
{
	int id = flue_region_create(FLUE_REGION_HEAP, 4096);
	char *p = flue_region_at(id);

	(void)state;
	assert_true(flue_ref_of(p, 4096) == ref(id, 0));
	assert_true(flue_ref_of(p + 77, 4) == ref(id, 77));
	assert_true(flue_ref_of(p + 4095, 2) == FLUE_REF_NULL);
	assert_true(flue_ref_of(p, UINT64_MAX) == FLUE_REF_NULL);
	assert_true(flue_ref_of(&id, 1) == FLUE_REF_NULL);
	assert_true(flue_ref_of(NULL, 1) == FLUE_REF_NULL);
	flue_region_release(id);
	assert_true(flue_ref_of(p, 1) == FLUE_REF_NULL);
}

static void
hugepages_are_used_when_there_are_some_and_refused_in_words_when_not(void **state)
{
	int free_pages = flue_hugepages_free();
	int id = flue_region_create(FLUE_REGION_HUGEPAGE, 4096);

	(void)state;
	assert_true(free_pages >= 0);
	if (free_pages == 0) {
		assert_int_equal(id, -ENOMEM);
		print_message("no free hugepages here: only the refusal was tested\n");
		return;
	}
	assert_true(id > 0);
	assert_int_equal(flue_region_size(id), 2 << 20);
	memset(flue_region_at(id), 1, 2 << 20);
	flue_region_release(id);
}

struct racer {
	_Atomic int id;
	_Atomic bool stop;
	_Atomic uint64_t resolved;
};

static void *
resolve_all_the_time(void *arg)
{
	struct racer *racer = arg;

	while (!atomic_load(&racer->stop)) {
		int id = atomic_load(&racer->id);

		if (flue_ref_resolve(ref(id, 4000), 96) != NULL)
			atomic_fetch_add(&racer->resolved, 1);
		assert_null(flue_ref_resolve(ref(id, 4000), 97));
	}
	return NULL;
}

static void
resolving_goes_on_while_regions_come_and_go(void **state)
{
	struct racer racer = { 0 };
	pthread_t thread;
	int rounds = 0;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, resolve_all_the_time, &racer), 0);
	while (rounds < 2000 || (atomic_load(&racer.resolved) == 0 && rounds < 10000000)) {
		int id = flue_region_create(FLUE_REGION_HEAP, 4096);

		assert_true(id > 0);
		atomic_store(&racer.id, id);
		flue_region_release(id);
		rounds++;
	}
	atomic_store(&racer.stop, true);
	pthread_join(thread, NULL);
}

static void
arena_carves_zeroed_lines_until_it_is_full(void **state)
{
	flue_arena *arena = NULL;
	int before = flue_region_count();
	unsigned char *a;
	unsigned char *b;

	(void)state;
	assert_int_equal(flue_arena_create(FLUE_REGION_HEAP, 4095, -1, &arena), -EINVAL);
	assert_int_equal(flue_arena_create(9, 4096, -1, &arena), -EINVAL);
	assert_int_equal(flue_arena_create(FLUE_REGION_HEAP, 4096, -1, NULL), -EINVAL);
	assert_int_equal(flue_arena_create(FLUE_REGION_HEAP, 4096, -1, &arena), 0);
	assert_int_equal(flue_arena_size(arena), 4096);
	assert_int_equal(flue_arena_kind(arena), FLUE_REGION_HEAP);
	a = flue_arena_alloc(arena, 1);
	b = flue_arena_alloc(arena, 65);
	assert_ptr_equal(b, a + 64);
	assert_int_equal((uintptr_t)a % 64, 0);
	assert_int_equal(b[64], 0);
	assert_int_equal(flue_arena_used(arena), 192);
	assert_true(flue_ref_of(b, 65) == ref(flue_arena_region(arena), 64));
	assert_null(flue_arena_alloc(arena, 4096 - 191));
	assert_null(flue_arena_alloc(arena, INT64_MAX));
	assert_null(flue_arena_alloc(arena, 0));
	assert_null(flue_arena_alloc(arena, -1));
	assert_non_null(flue_arena_alloc(arena, 4096 - 192));
	assert_null(flue_arena_alloc(arena, 1));
	flue_arena_destroy(arena);
	flue_arena_destroy(NULL);
	assert_int_equal(flue_region_count(), before);
}

/** Pages beyond vm.nr_hugepages: the kernel keeps none of those when they are given back. */
static int
surplus_hugepages(void)
{
	FILE *file = fopen("/sys/kernel/mm/hugepages/hugepages-2048kB/surplus_hugepages", "re");
	int n = 0;

	if (file == NULL)
		return 0;
	if (fscanf(file, "%d", &n) != 1)
		n = 0;
	fclose(file);
	return n;
}

static void
hugepages_of_a_node_lie_there_or_are_refused(void **state)
{
	flue_arena *arena = NULL;
	int before = flue_region_count();
	int node = flue_node_here();
	int pages = flue_hugepages_free_on(node);

	(void)state;
	assert_true(pages >= 0 && pages <= flue_hugepages_free());
	assert_int_equal(flue_hugepages_free_on(-1), -ENODEV);
	assert_int_equal(flue_hugepages_free_on(1023), -ENODEV);
	assert_int_equal(flue_hugepages_free_on(INT32_MAX), -ENODEV);
	assert_int_equal(flue_region_create_on(FLUE_REGION_HUGEPAGE, 4096, -1), -ENODEV);
	assert_int_equal(flue_region_create_on(FLUE_REGION_HUGEPAGE, 4096, 1023), -ENODEV);
	assert_int_equal(flue_region_create_on(FLUE_REGION_HUGEPAGE, 0, node), -EINVAL);
	/* More than there are. */
	if (pages < 1000)
		assert_int_equal(flue_region_create_on(FLUE_REGION_HUGEPAGE,
						 ((int64_t)pages + 1) << 21, node),
				-ENOMEM);
	assert_int_equal(flue_region_count(), before);
	if (pages == 0 || surplus_hugepages() > 0) {
		print_message("left out: no hugepages on node %d, or more than were set aside\n",
				node);
		return;
	}
	assert_int_equal(flue_arena_create(FLUE_REGION_HUGEPAGE, 4096, node, &arena), 0);
	assert_int_equal(flue_arena_node(arena), node);
	assert_int_equal(flue_hugepages_free_on(node), pages - 1);
	flue_arena_destroy(arena);
	assert_int_equal(flue_hugepages_free_on(node), pages);
}

/** Value of a line of flue_layout_describe(); fails the test when there is none. */
static long
described(const char *name)
{
	const char *at = flue_layout_describe();
	size_t n = strlen(name);

	for (;;) {
		if (strncmp(at, name, n) == 0 && at[n] == '=')
			return strtol(at + n + 1, NULL, 10);
		at = strchr(at, '\n');
		if (at == NULL)
			fail_msg("%s is not described", name);
		at++;
	}
}

static void
layout_says_offsets_sizes_and_constants(void **state)
{
	(void)state;
	assert_int_equal(described("flue_tcp_delegated.rcv_nxt"), 16);
	assert_int_equal(described("flue_tcp_delegated.send_backlog_size"), 0x60);
	assert_int_equal(described("flue_tcp_delegated.dwnd"), 0x78);
	assert_int_equal(described("sizeof.flue_tcp_delegated"), 128);
	assert_int_equal(described("flue_channel_header.up_head"), 256);
	assert_int_equal(described("FLUE_STATUS_FAILURE"), -1073741823);
	assert_int_equal(described("FLUE_STATUS_OFFLOAD_PATH_MTU"), (int)0xE0F10001);
	assert_int_equal(described("FLUE_TIMER_STOPPED"), -1);
	assert_int_equal(described("FLUE_UP_FRAME_SEND_COMPLETE"), 14);
	assert_ptr_equal(flue_layout_describe(), flue_layout_describe());
}

/** First word of `line` that starts with `prefix`, cut at its end; NULL when there is none. */
static char *
word_with(char *line, const char *prefix)
{
	char *at = strstr(line, prefix);
	char *end;

	if (at == NULL)
		return NULL;
	for (end = at; isalnum((unsigned char)*end) || *end == '_'; end++)
		;
	*end = '\0';
	return at;
}

/** Look every member and every enum constant of a header up in the description. */
static int
check_header(const char *path)
{
	FILE *file = fopen(path, "re");
	char in_struct[64] = "";
	bool in_enum = false;
	char line[512];
	char name[160];
	int checked = 0;

	if (file == NULL)
		return 0;
	while (fgets(line, sizeof(line), file) != NULL) {
		char *end;
		char *word;

		if (strncmp(line, "struct ", 7) == 0 && strchr(line, '{') != NULL) {
			sscanf(line + 7, "%63s", in_struct);
			snprintf(name, sizeof(name), "sizeof.%s", in_struct);
			described(name);
			continue;
		}
		if (strncmp(line, "enum ", 5) == 0 && strchr(line, '{') != NULL) {
			in_enum = true;
			continue;
		}
		if (line[0] == '}') {
			in_struct[0] = '\0';
			in_enum = false;
		}
		if (line[0] != '\t')
			continue;
		if (in_enum) {
			word = word_with(line, "FLUE_");
			if (word != NULL && line[1] == 'F') {
				described(word);
				checked++;
			}
			continue;
		}
		if (in_struct[0] == '\0' || (end = strchr(line, ';')) == NULL)
			continue;
		*end = '\0';
		if ((end = strchr(line, '[')) != NULL)
			*end = '\0';
		word = strrchr(line, ' ');
		if (word == NULL || strchr(line, '}') != NULL || strncmp(word + 1, "pad", 3) == 0)
			continue;
		snprintf(name, sizeof(name), "%s.%s", in_struct, word + 1);
		described(name);
		checked++;
	}
	fclose(file);
	return checked;
}

static void
layout_leaves_out_nothing_that_the_headers_declare(void **state)
{
	static const char *const headers[] = { "flue_offload.h", "flue_channel.h", "flue_oid.h",
		NULL };
	char path[512];
	const char *slash = strrchr(__FILE__, '/');
	int i;

	(void)state;
	for (i = 0; headers[i] != NULL; i++) {
		snprintf(path, sizeof(path), "%.*s/../include/flue/%s",
				slash != NULL ? (int)(slash - __FILE__) : 1,
				slash != NULL ? __FILE__ : ".", headers[i]);
		if (check_header(path) < 25) {
			print_message("%s not readable: skipped\n", path);
			skip();
		}
	}
}

/** By the view, as who has many to follow. */
static const uint8_t *
through(struct flue_region_view *view, flue_ref at, uint64_t bytes)
{
	if (!flue_view_shows(view, at, bytes) && !flue_view_turn(view, at, bytes))
		return NULL;
	return flue_view_at(view, at);
}

static void
a_view_shows_what_resolves_and_nothing_else(void **state)
{
	static const uint64_t sizes[] = { 1, 2, 64, 4096, 4097, 100000, UINT64_C(1) << 40 };
	struct flue_region_view view = { 0 };
	int ids[4];
	unsigned seed = 1;
	unsigned i;

	(void)state;
	for (i = 0; i < 4; i++)
		ids[i] = flue_region_create(FLUE_REGION_HEAP, i == 2 ? 65536 : 4096);
	for (i = 0; i < 200000; i++) {
		uint64_t bytes = sizes[(unsigned)rand_r(&seed) % 7];
		/* One below the first, one of them, one above the last; mostly the same for a while. */
		int id = ids[0] - 1 + (i / 8 + (unsigned)rand_r(&seed) % 8 / 7) % 6;
		uint64_t edge = (unsigned)rand_r(&seed) % 3 * 4096;
		uint64_t offset =
				(edge + (unsigned)rand_r(&seed) % 200 - 100) & FLUE_REF_OFFSET_MASK;
		flue_ref at = flue_ref_make((uint32_t)id, offset);

		assert_ptr_equal(through(&view, at, bytes), flue_ref_resolve(at, bytes));
	}
	for (i = 0; i < 4; i++)
		flue_region_release(ids[i]);
	assert_null(through(
			&(struct flue_region_view){ 0 }, flue_ref_make((uint32_t)ids[0], 0), 1));
	assert_null(through(&(struct flue_region_view){ 0 }, FLUE_REF_NULL, 1));
	assert_null(through(&(struct flue_region_view){ 0 }, UINT64_MAX, 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(region_is_zeroed_and_rounded_up_to_pages),
		cmocka_unit_test(sizes_and_kinds_out_of_range_are_refused),
		cmocka_unit_test(largest_region_never_spans_more_than_a_java_buffer),
		cmocka_unit_test(unknown_ids_are_refused_everywhere),
		cmocka_unit_test(reference_resolves_only_when_all_its_bytes_lie_inside),
		cmocka_unit_test(forged_references_with_huge_offsets_or_lengths_resolve_to_nothing),
		cmocka_unit_test(closed_region_resolves_to_nothing_and_late_reads_see_zeroes),
		cmocka_unit_test(id_is_not_used_again_before_unmap),
		cmocka_unit_test(full_table_is_reported_and_usable_again_after_one_unmap),
		cmocka_unit_test(owner_in_c_leaves_address_space_to_whoever_asked_for_the_address),
		cmocka_unit_test(foreign_memory_is_left_as_it_is),
		cmocka_unit_test(address_leads_back_to_the_reference),
		cmocka_unit_test(
				hugepages_are_used_when_there_are_some_and_refused_in_words_when_not),
		cmocka_unit_test(resolving_goes_on_while_regions_come_and_go),
		cmocka_unit_test(arena_carves_zeroed_lines_until_it_is_full),
		cmocka_unit_test(hugepages_of_a_node_lie_there_or_are_refused),
		cmocka_unit_test(layout_says_offsets_sizes_and_constants),
		cmocka_unit_test(layout_leaves_out_nothing_that_the_headers_declare),
		cmocka_unit_test(a_view_shows_what_resolves_and_nothing_else),
	};

	return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
