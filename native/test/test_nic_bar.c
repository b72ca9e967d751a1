/* SPDX-License-Identifier: Apache-2.0 */

/* Opening a BAR, by a directory that looks like /sys/bus/pci/devices: every way in which it can fail
 * says what is wrong and what to do. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memory/nic.h"

#define MEMORY    UINT64_C(0x200)
#define PREFETCH  UINT64_C(0x2000)
#define PORTS     UINT64_C(0x100)
#define DEVICE    "0000:00:06.0"
#define BAR_BYTES (64 * 1024)
#define WHY_BYTES 512
#define FIRST     UINT64_C(0xfe000000)

static char root[64];

static void
put(const char *file, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/" DEVICE "/%s", root, file);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void
sized(const char *file, off_t bytes)
{
	char path[256];

	put(file, "");
	snprintf(path, sizeof(path), "%s/" DEVICE "/%s", root, file);
	assert_int_equal(truncate(path, bytes), 0);
}

/** A device whose BAR 0 has registers, 1 I/O ports, 2 `bytes` of memory with these flags. */
static void
device(uint64_t bytes, uint64_t flags)
{
	char text[512];

	snprintf(text, sizeof(text),
			"0x%016" PRIx64 " 0x%016" PRIx64 " 0x%016" PRIx64 "\n"
			"0x000000000000c000 0x000000000000c01f 0x%016" PRIx64 "\n"
			"0x%016" PRIx64 " 0x%016" PRIx64 " 0x%016" PRIx64 "\n"
			"0x0 0x0 0x0\n0x0 0x0 0x0\n0x0 0x0 0x0\n",
			FIRST, FIRST + 255, MEMORY, PORTS, 2 * FIRST, 2 * FIRST + bytes - 1, flags);
	put("resource", text);
	put("enable", "1\n");
	sized("resource2", (off_t)bytes);
}

static int
set_up(void **state)
{
	char path[128];

	(void)state;
	strcpy(root, "/tmp/flue-bar.XXXXXX");
	assert_non_null(mkdtemp(root));
	snprintf(path, sizeof(path), "%s/" DEVICE, root);
	assert_int_equal(mkdir(path, 0700), 0);
	device(BAR_BYTES, MEMORY | PREFETCH);
	return 0;
}

static int
tear_down(void **state)
{
	static const char *const files[] = { "resource", "enable", "resource2", "resource2_wc",
		"driver", "" };
	char path[256];
	unsigned i;

	(void)state;
	for (i = 0; i < 6; i++) {
		snprintf(path, sizeof(path), "%s/" DEVICE "/%s", root, files[i]);
		if (files[i][0] != 0)
			(void)unlink(path);
		else
			assert_int_equal(rmdir(path), 0);
	}
	return rmdir(root);
}

static void
refused(const char *place, int error, const char *sentence)
{
	flue_nic_memory *memory = NULL;
	char why[WHY_BYTES] = "";

	assert_int_equal(flue_bar_open(root, place, &memory, why, sizeof(why)), error);
	if (strstr(why, sentence) == NULL)
		fail_msg("'%s' does not say '%s'", why, sentence);
	assert_null(memory);
}

static void
a_bar_is_mapped_and_two_parts_of_it_keep_apart(void **state)
{
	struct flue_nic_part part[2];
	flue_nic_memory *memory;
	char why[WHY_BYTES];
	unsigned i;

	(void)state;
	assert_int_equal(flue_bar_open(root, "00:06.0/2", &memory, why, sizeof(why)), 0);
	assert_string_equal(flue_nic_memory_name(memory), DEVICE "/2");
	assert_int_equal(flue_nic_memory_size(memory), BAR_BYTES);
	assert_int_equal(flue_nic_memory_combining(memory), 0);
	for (i = 0; i < 2; i++)
		assert_int_equal(flue_nic_part_take(memory, 4096, 256, &part[i]), 0);
	flue_nic_write(&part[0], 4088, 1);
	flue_nic_write(&part[1], 0, 2);
	flue_nic_fence(&part[1]);
	assert_int_equal(flue_nic_read(&part[0], 4088), 1);
	assert_int_equal(flue_nic_read(&part[1], 0), 2);
	assert_int_equal(part[1].reads, 1);
	assert_int_equal(part[1].writes, 1);
	flue_nic_part_give(&part[0]);
	assert_int_equal(flue_nic_memory_close(memory), -EBUSY);
	flue_nic_part_give(&part[1]);
	assert_int_equal(flue_nic_memory_close(memory), 0);
}

static void
write_combining_is_used_where_offered_and_only_of_prefetchable_memory(void **state)
{
	flue_nic_memory *memory;
	char why[WHY_BYTES];

	(void)state;
	sized("resource2_wc", BAR_BYTES);
	assert_int_equal(flue_bar_open(root, DEVICE "/2", &memory, why, sizeof(why)), 0);
	assert_int_equal(flue_nic_memory_combining(memory), 1);
	assert_int_equal(flue_nic_memory_close(memory), 0);
	device(BAR_BYTES, MEMORY);
	assert_int_equal(flue_bar_open(root, DEVICE "/2", &memory, why, sizeof(why)), 0);
	assert_int_equal(flue_nic_memory_combining(memory), 0);
	assert_int_equal(flue_nic_memory_close(memory), 0);
	/* What is looked for unasked is memory without side effects. */
	assert_int_equal(flue_bar_check(root, DEVICE "/2", why, sizeof(why)), -EINVAL);
	assert_non_null(strstr(why, "not prefetchable"));
	device(BAR_BYTES, MEMORY | PREFETCH);
	assert_int_equal(flue_bar_check(root, DEVICE "/2", why, sizeof(why)), BAR_BYTES);
}

static void
places_that_name_nothing_are_refused(void **state)
{
	static const char *const bad[] = { "", "2", "0000:00:06.0", "0000:00:06.0/", "0000:00:06/2",
		"0000:00:06.0/2x", "0000:00:06.0/7", "0000:00:06.0/-1", "0000:00:06.8/2",
		"0000:00:2f.0/2", "../../etc/2", "0000:00:06.0/2/3" };
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		refused(bad[i], -EINVAL, "names no NIC memory");
}

static void
what_is_not_there_is_said_with_what_is(void **state)
{
	(void)state;
	refused("0000:00:07.0/2", -ENODEV, "no PCI device 0000:00:07.0; 'lspci -D'");
	refused(DEVICE "/4", -ENODEV, "has no BAR 4; its memory: BAR 2 of 64 KiB");
	refused(DEVICE "/1", -EINVAL, "is I/O ports, no memory; its memory: BAR 2 of 64 KiB");
	refused(DEVICE "/0", -EINVAL, "has 256 bytes, at least 4096 are needed");
	device(BAR_BYTES - 4096, MEMORY | PREFETCH);
	refused(DEVICE "/2", -EINVAL, "no power of two");
	put("resource", "nonsense\n");
	refused(DEVICE "/2", -EIO, "cannot be read");
}

static void
a_device_in_other_hands_or_asleep_is_left_alone(void **state)
{
	char path[256];

	(void)state;
	put("enable", "0\n");
	refused(DEVICE "/2", -ENODEV, "is not enabled; as root: echo 1 > ");
	put("enable", "1\n");
	snprintf(path, sizeof(path), "%s/" DEVICE "/driver", root);
	assert_int_equal(symlink("../../../bus/pci/drivers/igb", path), 0);
	refused(DEVICE "/2", -EBUSY, "belongs to driver igb; as root: echo " DEVICE " > ");
}

static void
one_process_has_it_at_a_time(void **state)
{
	flue_nic_memory *memory;
	char why[WHY_BYTES];

	(void)state;
	assert_int_equal(flue_bar_open(root, DEVICE "/2", &memory, why, sizeof(why)), 0);
	refused(DEVICE "/2", -EBUSY, "is in use already");
	assert_int_equal(flue_nic_memory_close(memory), 0);
	assert_int_equal(flue_bar_open(root, DEVICE "/2", &memory, why, sizeof(why)), 0);
	assert_int_equal(flue_nic_memory_close(memory), 0);
}

static void
files_that_cannot_be_opened_or_have_another_size_are_named(void **state)
{
	char path[256];

	(void)state;
	sized("resource2", 4096);
	refused(DEVICE "/2", -EIO, "resource2 has not the 65536 bytes of the BAR");
	snprintf(path, sizeof(path), "%s/" DEVICE "/resource2", root);
	assert_int_equal(unlink(path), 0);
	refused(DEVICE "/2", -ENOENT, "resource2: No such file");
	if (geteuid() == 0)
		return; /* root may open everything */
	sized("resource2", BAR_BYTES);
	assert_int_equal(chmod(path, 0), 0);
	refused(DEVICE "/2", -EACCES, "no right to open");
}

static void
a_file_can_stand_for_a_bar(void **state)
{
	flue_nic_memory *memory = NULL;
	flue_nic_memory *second = NULL;
	char place[300];
	char why[WHY_BYTES];

	(void)state;
	snprintf(place, sizeof(place), "file:%s/" DEVICE "/resource2", root);
	assert_int_equal(flue_nic_memory_open(place, &memory, why, sizeof(why)), 0);
	assert_int_equal(flue_nic_memory_size(memory), BAR_BYTES);
	assert_string_equal(flue_nic_memory_name(memory), place);
	assert_int_equal(flue_nic_memory_open(place, &second, why, sizeof(why)), -EBUSY);
	assert_non_null(strstr(why, "in use already"));
	assert_int_equal(flue_nic_memory_close(memory), 0);
	sized("resource2", 4095);
	assert_int_equal(flue_nic_memory_open(place, &memory, why, sizeof(why)), -EINVAL);
	assert_non_null(strstr(why, "truncate -s 1M"));
	assert_int_equal(flue_nic_memory_open("file:/no/such", &memory, why, sizeof(why)), -ENOENT);
	assert_non_null(strstr(why, "/no/such: No such file"));
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_bar_is_mapped_and_two_parts_of_it_keep_apart),
		TEST(write_combining_is_used_where_offered_and_only_of_prefetchable_memory),
		TEST(places_that_name_nothing_are_refused),
		TEST(what_is_not_there_is_said_with_what_is),
		TEST(a_device_in_other_hands_or_asleep_is_left_alone),
		TEST(one_process_has_it_at_a_time),
		TEST(files_that_cannot_be_opened_or_have_another_size_are_named),
		TEST(a_file_can_stand_for_a_bar),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
