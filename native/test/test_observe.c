/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "observe/counters.h"

static void
counters_get_header_and_names(void **state)
{
	int region = flue_region_create(FLUE_REGION_HEAP, flue_counters_bytes());
	struct flue_counters_header *header;
	struct flue_counter_record *records;
	int i;

	(void)state;
	assert_null(flue_counters_header_at(region));
	assert_int_equal(flue_counters_init(region, 1234), 0);
	header = flue_counters_header_at(region);
	assert_non_null(header);
	assert_int_equal(header->magic, FLUE_COUNTERS_MAGIC);
	assert_int_equal(header->version, FLUE_ABI_VERSION);
	assert_int_equal(header->count, FLUE_CTR_COUNT);
	assert_int_equal(header->pid, getpid());
	assert_int_equal(header->start_ns, 1234);
	records = flue_counters_records(header);
	assert_ptr_equal(records, (char *)header + 64);
	assert_string_equal(records[FLUE_CTR_PASSES].name, "engine.passes");
	assert_string_equal(records[FLUE_CTR_BUFFERS_NOW].name, "port.buffers_held_now");
	for (i = 0; i < FLUE_CTR_COUNT; i++) {
		assert_int_equal(records[i].value, 0);
		assert_true(records[i].name[0] != '\0');
	}
	flue_counter_add(records, FLUE_CTR_RX_BYTES, 40);
	flue_counter_add(records, FLUE_CTR_RX_BYTES, 2);
	flue_counter_set(records, FLUE_CTR_PATHS_NOW, 3);
	flue_counters_updated(header, 99);
	assert_int_equal(records[FLUE_CTR_RX_BYTES].value, 42);
	assert_int_equal(records[FLUE_CTR_PATHS_NOW].value, 3);
	assert_int_equal(header->updated_ns, 99);
	flue_region_release(region);
}

static void
regions_too_small_or_unknown_are_refused(void **state)
{
	static char small[128];
	int region = flue_region_add_foreign(small, sizeof(small));

	(void)state;
	assert_int_equal(flue_counters_init(0, 0), -EINVAL);
	assert_int_equal(flue_counters_init(-4, 0), -EINVAL);
	assert_int_equal(flue_counters_init(1 << 20, 0), -EINVAL);
	assert_int_equal(flue_counters_init(region, 0), -EINVAL);
	assert_null(flue_counters_header_at(region));
	flue_region_release(region);
}

static void
another_process_reads_the_file_and_nobody_else_may(void **state)
{
	char dir[] = "/tmp/flue-counters-XXXXXX";
	char path[64];
	const char *map;
	struct stat st;
	int region;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/counters", dir);
	region = flue_counters_file(path, 5);
	assert_true(region > 0);
	assert_int_equal(flue_counters_file(path, 5), -EEXIST);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_true(st.st_size >= flue_counters_bytes());

	fd = open(path, O_RDONLY);
	map = mmap(NULL, (size_t)flue_counters_bytes(), PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	assert_true(map != MAP_FAILED);
	flue_counter_set(flue_counters_records(flue_counters_header_at(region)), FLUE_CTR_PASSES,
			77);
	assert_int_equal(((const struct flue_counter_record *)(const void *)(map + 64))->value, 77);
	/* The reader keeps the last values when the writer is gone. */
	flue_region_release(region);
	assert_int_equal(((const struct flue_counter_record *)(const void *)(map + 64))->value, 77);
	munmap((void *)(uintptr_t)map, (size_t)flue_counters_bytes());
	unlink(path);
	rmdir(dir);
}

static void
file_that_cannot_be_made_is_an_error(void **state)
{
	int before = flue_region_count();

	(void)state;
	assert_int_equal(flue_counters_file("/nonexistent/counters", 0), -ENOENT);
	assert_int_equal(flue_counters_file(NULL, 0), -EINVAL);
	assert_int_equal(flue_region_count(), before);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counters_get_header_and_names),
		cmocka_unit_test(regions_too_small_or_unknown_are_refused),
		cmocka_unit_test(another_process_reads_the_file_and_nobody_else_may),
		cmocka_unit_test(file_that_cannot_be_made_is_an_error),
	};

	return cmocka_run_group_tests_name("observe", tests, NULL, NULL);
}
