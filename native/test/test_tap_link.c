/* SPDX-License-Identifier: Apache-2.0 */

/* The link of a TAP port: what the kernel makes of its side. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "flue/flue_pkt.h"
#include "flue/flue_port.h"

#define NAME    "fluetest0"
#define RENAMED "fluetest9"
#define OUR_MAC INT64_C(0x0200c6120002)

static flue_port *port;

static int
enter_namespace(void **state)
{
	(void)state;
	return geteuid() == 0 ? unshare(CLONE_NEWNET) : 0;
}

/** An interface that is down, as it is when it is new. */
static void
open_tap(void)
{
	if (geteuid() != 0) {
		print_message("not root: skipped\n");
		skip();
	}
	if (flue_tap_open(NAME, OUR_MAC, 1500, 64, &port) == -ENODEV) {
		print_message("no /dev/net/tun: skipped\n");
		skip();
	}
}

static void
request(unsigned long command, struct ifreq *values)
{
	int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_int_equal(ioctl(sock, command, values), 0);
	close(sock);
}

/** Bring the kernel's side up or down. */
static void
set_up(const char *name, bool up)
{
	struct ifreq values = { 0 };

	strcpy(values.ifr_name, name);
	request(SIOCGIFFLAGS, &values);
	if (up)
		values.ifr_flags |= IFF_UP;
	else
		values.ifr_flags &= ~IFF_UP;
	request(SIOCSIFFLAGS, &values);
}

static bool
iproute(const char *command)
{
	return system(command) == 0;
}

/** The kernel notices a carrier in its own time. */
static void
await_link(int link)
{
	time_t deadline = time(NULL) + 10;

	while (flue_port_link(port) != link && time(NULL) < deadline)
		sched_yield();
	assert_int_equal(flue_port_link(port), link);
}

static void
send_frame(void)
{
	struct flue_pkt *pkt = port->ops->alloc(port);

	assert_non_null(pkt);
	memset(pkt->data, 2, 60);
	pkt->len = 60;
	assert_int_equal(port->ops->tx_burst(port, 0, &pkt, 1), 1);
}

static void
link_is_down_while_the_interface_is_and_what_is_sent_is_counted(void **state)
{
	flue_port *captured;

	(void)state;
	open_tap();
	assert_int_equal(flue_capture_open(port, "/dev/null", &captured), 0);
	assert_int_equal(flue_port_link(port), 0);
	assert_int_equal(flue_port_link(captured), 0);
	send_frame();
	send_frame();
	assert_int_equal(flue_port_lost(port), 2);
	assert_int_equal(flue_port_lost(captured), 2);
	set_up(NAME, true);
	await_link(1);
	assert_int_equal(flue_port_link(captured), 1);
	send_frame();
	assert_int_equal(flue_port_lost(port), 2);
	flue_port_close(captured);
}

static void
link_of_an_interface_with_another_name_is_still_its_own(void **state)
{
	struct ifreq values = { .ifr_name = NAME, .ifr_newname = RENAMED };

	(void)state;
	open_tap();
	request(SIOCSIFNAME, &values);
	set_up(RENAMED, true);
	await_link(1);
	set_up(RENAMED, false);
	assert_int_equal(flue_port_link(port), 0);
	flue_port_close(port);
}

static void
link_without_a_carrier_is_down_though_the_interface_is_up(void **state)
{
	(void)state;
	open_tap();
	set_up(NAME, true);
	await_link(1);
	if (!iproute("ip link set " NAME " carrier off")) {
		flue_port_close(port);
		print_message("no iproute2 that sets a carrier: skipped\n");
		skip();
	}
	await_link(0);
	assert_true(iproute("ip link set " NAME " carrier on"));
	await_link(1);
	flue_port_close(port);
}

static void
link_of_an_interface_that_is_deleted_does_not_come_back(void **state)
{
	struct flue_pkt *pkt;

	(void)state;
	open_tap();
	if (!iproute("ip link delete " NAME)) {
		flue_port_close(port);
		print_message("no iproute2: skipped\n");
		skip();
	}
	assert_int_equal(flue_port_link(port), -ENODEV);
	/* What is still sent is lost, what is received is nothing. */
	send_frame();
	assert_int_equal(flue_port_lost(port), 1);
	assert_int_equal(port->ops->rx_burst(port, 0, &pkt, 1), 0);
	assert_int_equal(flue_port_buffers_held(port), 0);
	flue_port_close(port);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(link_is_down_while_the_interface_is_and_what_is_sent_is_counted),
		cmocka_unit_test(link_of_an_interface_with_another_name_is_still_its_own),
		cmocka_unit_test(link_without_a_carrier_is_down_though_the_interface_is_up),
		cmocka_unit_test(link_of_an_interface_that_is_deleted_does_not_come_back),
	};

	return cmocka_run_group_tests_name("tap link", tests, enter_namespace, NULL);
}
