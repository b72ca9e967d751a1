/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wire_fixture.h"

static char dir[] = "/tmp/flue-capture-XXXXXX";
static char path[64];
static uint8_t file[4 << 20];
static size_t file_bytes;

static int
make_directory(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/trace.pcapng", dir);
	return 0;
}

static int
remove_directory(void **state)
{
	(void)state;
	unlink(path);
	rmdir(dir);
	return 0;
}

static void
read_file(void)
{
	FILE *f = fopen(path, "re");

	assert_non_null(f);
	file_bytes = fread(file, 1, sizeof(file), f);
	fclose(f);
}

static uint32_t
word(size_t at)
{
	uint32_t value;

	memcpy(&value, file + at, sizeof(value));
	return value;
}

/** Offset of the n-th packet block; fails when there are fewer. Checks each block it passes. */
static size_t
packet_block(unsigned n)
{
	size_t at = 0;

	while (at < file_bytes) {
		uint32_t length = word(at + 4);

		assert_int_equal(length % 4, 0);
		assert_true(length >= 12 && length <= file_bytes - at);
		assert_int_equal(word(at + length - 4), length);
		if (word(at) == 6 && n-- == 0)
			return at;
		at += length;
	}
	fail_msg("no such packet");
	return 0;
}

static unsigned
packet_count(void)
{
	unsigned n = 0;
	size_t at;

	for (at = 0; at < file_bytes; at += word(at + 4))
		n += word(at) == 6;
	assert_int_equal(at, file_bytes);
	return n;
}

/** The fixture's wire with port 0 behind a capture. */
static void
open_captured(int buffers)
{
	struct flue_wire_config config;
	flue_port *outer;

	flue_wire_config_default(&config);
	config.buffers = buffers;
	open_wire(&config);
	assert_int_equal(flue_capture_open(ports[0], path, &outer), 0);
	ports[0] = outer;
}

static void
frames_of_both_directions_come_back_out_of_the_file(void **state)
{
	uint8_t payload[] = "lent payload of an odd length";
	struct flue_pkt *pkt;
	struct stat st;
	size_t at;
	size_t len;

	(void)state;
	open_captured(64);
	pkt = make_frame(ports[0], MAC0 + 1, 77, 54);
	pkt->ext = payload;
	pkt->ext_len = sizeof(payload);
	assert_int_equal(ports[0]->ops->tx_burst(ports[0], 5000, &pkt, 1), 1);
	assert_int_equal(drain(ports[1], 5000), 1);
	assert_true(send_one(ports[1], 5250, MAC0, 78, 61));
	assert_int_equal(drain(ports[0], 6000), 1);
	assert_int_equal(flue_port_buffers_held(ports[0]), 0);
	close_wire(2);

	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	read_file();
	assert_int_equal(word(0), 0x0a0d0d0a);
	assert_int_equal(word(8), 0x1a2b3c4d);
	at = word(4);
	assert_int_equal(word(at), 1);     /* interface description */
	assert_int_equal(word(at + 8), 1); /* Ethernet */
	assert_int_equal(packet_count(), 2);

	at = packet_block(0);
	len = 54 + sizeof(payload);
	assert_int_equal(word(at + 20), len);
	assert_int_equal(word(at + 24), len);
	assert_memory_equal(file + at + 28 + 54, payload, sizeof(payload));
	assert_int_equal(word(at + 28 + (len + 3) / 4 * 4), 2 | 4 << 16); /* option: flags */
	assert_int_equal(word(at + 28 + (len + 3) / 4 * 4 + 4), 2);       /* outbound */

	at = packet_block(1);
	assert_int_equal(word(at + 20), 61);
	assert_int_equal(word(at + 28 + 64 + 4), 1); /* inbound */
	{
		uint64_t first = (uint64_t)word(packet_block(0) + 12) << 32 |
				 word(packet_block(0) + 16);
		uint64_t second = (uint64_t)word(at + 12) << 32 | word(at + 16);

		assert_int_equal(second - first, 1000);
	}
}

static void
frame_that_the_port_refused_is_not_in_the_file(void **state)
{
	struct flue_pkt *pkts[70];
	unsigned i;

	(void)state;
	open_captured(64);
	for (i = 0; i < 64; i++)
		assert_true((pkts[i] = make_frame(ports[0], MAC0 + 1, i, 60)) != NULL);
	assert_null(make_frame(ports[0], MAC0 + 1, i, 60));
	assert_int_equal(flue_port_buffers_held(ports[0]), 64);
	assert_int_equal(ports[0]->ops->tx_burst(ports[0], 1, pkts, 40), 40);
	for (i = 0; i < 20; i++)
		assert_true((pkts[i] = make_frame(ports[0], MAC0 + 1, 100 + i, 60)) != NULL);
	assert_int_equal(ports[0]->ops->tx_burst(ports[0], 2, pkts, 20), 20);
	/* 60 of 64 buffers of the link are under way. */
	assert_int_equal(ports[0]->ops->tx_burst(ports[0], 3, pkts + 40, 24), 4);
	for (i = 44; i < 64; i++)
		flue_pkt_release(pkts[i]);
	assert_int_equal(flue_port_buffers_held(ports[0]), 0);
	close_wire(2);
	read_file();
	assert_int_equal(packet_count(), 64);
	assert_int_equal(word(packet_block(63) + 28 + 14), 43);
}

static void
more_than_a_buffer_of_frames_is_written_whole(void **state)
{
	unsigned i;

	(void)state;
	open_captured(64);
	for (i = 0; i < 2000; i++) {
		assert_true(send_one(ports[0], i, MAC0 + 1, i, 1400 + i % 100));
		assert_int_equal(drain(ports[1], i), 1);
	}
	close_wire(2);
	read_file();
	assert_int_equal(packet_count(), 2000);
	for (i = 0; i < 2000; i += 97)
		assert_int_equal(word(packet_block(i) + 28 + 14), i);
}

static void
file_grows_while_the_port_is_open(void **state)
{
	(void)state;
	open_captured(64);
	send_one(ports[0], 0, MAC0 + 1, 1, 60);
	drain(ports[0], 999999999);
	read_file();
	assert_int_equal(file_bytes, 0);
	drain(ports[0], 1000000000);
	read_file();
	assert_int_equal(packet_count(), 1);
	drain(ports[1], 1000000000);
	close_wire(2);
}

static void
port_behind_shows_through(void **state)
{
	(void)state;
	open_captured(64);
	assert_string_equal(flue_port_name(ports[0]), "capture:wire0");
	assert_int_equal(flue_port_mac(ports[0]), MAC0);
	assert_int_equal(flue_port_mtu(ports[0]), 1500);
	assert_int_equal(flue_port_buffers(ports[0]), 64);
	assert_int_equal(ports[0]->ops->next_event(ports[0]), INT64_MAX);
	send_one(ports[1], 30, MAC0, 1, 60);
	assert_int_equal(ports[0]->ops->next_event(ports[0]), 30);
	ports[0]->ops->reclaim(ports[0]);
	close_wire(2);
}

static void
file_that_cannot_be_opened_leaves_the_port_alone(void **state)
{
	flue_port *outer = NULL;

	(void)state;
	open_default_wire();
	assert_int_equal(flue_capture_open(ports[0], "/nonexistent/trace", &outer), -ENOENT);
	assert_int_equal(flue_capture_open(NULL, path, &outer), -EINVAL);
	assert_int_equal(flue_capture_open(ports[0], NULL, &outer), -EINVAL);
	assert_null(outer);
	send_one(ports[1], 0, MAC0, 1, 60);
	assert_int_equal(drain(ports[0], 0), 1);
	close_wire(2);
}

static void
full_disk_does_not_stop_the_traffic(void **state)
{
	flue_port *outer;
	unsigned i;

	(void)state;
	if (access("/dev/full", W_OK) != 0) {
		print_message("no /dev/full here: skipped\n");
		skip();
	}
	open_default_wire();
	assert_int_equal(flue_capture_open(ports[0], "/dev/full", &outer), 0);
	ports[0] = outer;
	for (i = 0; i < 2000; i++) {
		send_one(ports[0], i, MAC0 + 1, i, 1500);
		assert_int_equal(drain(ports[1], i), 1);
	}
	close_wire(2);
}

static void
wireshark_tools_open_the_file(void **state)
{
	char command[256];
	char line[128] = "";
	FILE *pipe;

	(void)state;
	if (system("command -v tshark >/dev/null 2>&1") != 0) {
		print_message("tshark is not installed: skipped\n");
		skip();
	}
	open_captured(64);
	send_one(ports[0], 0, MAC0 + 1, 1, 60);
	drain(ports[1], 0);
	send_one(ports[1], 123456789, MAC0, 1, 333);
	drain(ports[0], 123456789);
	close_wire(2);
	snprintf(command, sizeof(command),
			"tshark -n -r %s -T fields -e frame.time_delta -e frame.len "
			"-e frame.packet_flags_direction -e frame.interface_name 2>/dev/null",
			path);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	assert_non_null(fgets(line, sizeof(line), pipe));
	assert_non_null(strstr(line, "\t60\t0x00000002\twire0"));
	assert_non_null(fgets(line, sizeof(line), pipe));
	assert_string_equal(line, "0.123456789\t333\t0x00000001\twire0\n");
	assert_null(fgets(line, sizeof(line), pipe));
	assert_int_equal(pclose(pipe), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_of_both_directions_come_back_out_of_the_file),
		cmocka_unit_test(frame_that_the_port_refused_is_not_in_the_file),
		cmocka_unit_test(more_than_a_buffer_of_frames_is_written_whole),
		cmocka_unit_test(file_grows_while_the_port_is_open),
		cmocka_unit_test(port_behind_shows_through),
		cmocka_unit_test(file_that_cannot_be_opened_leaves_the_port_alone),
		cmocka_unit_test(full_disk_does_not_stop_the_traffic),
		cmocka_unit_test(wireshark_tools_open_the_file),
	};

	return cmocka_run_group_tests_name("capture", tests, make_directory, remove_directory);
}
