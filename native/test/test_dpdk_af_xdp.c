/* SPDX-License-Identifier: Apache-2.0 */
#include "dpdk_fixture.h"

/* net_af_xdp: the kernel reads and writes the packets' memory itself, as far as it knows it. */

#define FRAMES 24000 /* each way: every packet of the pool has its turn, several times */
#define FLIGHT 16

/** A veth, whose other end is `peer0`, in a network namespace of this child's own. */
static bool
veth(void)
{
	if (geteuid() != 0 || unshare(CLONE_NEWNET) != 0)
		return false;
	return system("ip link add flue0 type veth peer name peer0 2>/dev/null && "
		      "sysctl -q -w net.ipv6.conf.all.disable_ipv6=1 && "
		      "ip link set flue0 up && ip link set peer0 up") == 0;
}

static int
raw_socket(const char *interface)
{
	struct sockaddr_ll where = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(0x88b5),
	};
	int raw = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(0x88b5));

	where.sll_ifindex = (int)if_nametoindex(interface);
	CHECK(where.sll_ifindex > 0);
	CHECK(bind(raw, (struct sockaddr *)&where, sizeof(where)) == 0);
	return raw;
}

static void
raw_receive(int raw, uint32_t number, unsigned len)
{
	int64_t deadline = monotonic() + 5000000000;
	uint8_t frame[2048];
	uint32_t got;
	ssize_t n = -1;

	while (n < 0 && monotonic() < deadline) {
		n = recv(raw, frame, sizeof(frame), 0);
		if (n < 0)
			sched_yield();
	}
	CHECK(n == (ssize_t)len);
	memcpy(&got, frame + 14, 4);
	CHECK(got == number && frame[len - 1] == (uint8_t)number);
}

/** Frames out, and as many in, of all lengths, none of them lost or changed. */
static void
exchange(flue_port *port, int raw)
{
	uint8_t frame[1514] = { 0x02, 0, 0xc6, 0x12, 0, 2, 2, 4, 4, 4, 4, 4, 0x88, 0xb5 };
	uint32_t number;
	uint32_t i;

	for (number = 0; number < FRAMES; number += FLIGHT) {
		unsigned len = 60 + number % 1455;

		for (i = number; i < number + FLIGHT; i++)
			CHECK(send_pkt(port, make_frame(port, i, len)));
		for (i = number; i < number + FLIGHT; i++)
			raw_receive(raw, i, len);
		for (i = number; i < number + FLIGHT; i++) {
			memset(frame + 14, (int)(i & 0xff), len - 14);
			memcpy(frame + 14, &i, 4);
			CHECK(send(raw, frame, len, 0) == (ssize_t)len);
		}
		for (i = number; i < number + FLIGHT; i++) {
			struct flue_pkt *pkt = receive(port);

			CHECK(pkt != NULL && number_of(pkt) == i && pkt->len == len);
			CHECK(pkt->data[len - 1] == (uint8_t)i);
			flue_pkt_release(pkt);
		}
	}
	CHECK(flue_port_buffers_held(port) == 0);
}

static int
xdp_device(void)
{
	flue_port *port;
	int raw;
	int i;

	if (!veth())
		return SKIPPED;
	CHECK(flue_dpdk_start(NULL) == 0);
	raw = raw_socket("peer0");
	for (i = 0; i < 3; i++) {
		CHECK(open_device("net_af_xdp0,iface=flue0", MAC0, 1500, 1024, &port) == 0);
		exchange(port, raw);
		flue_port_close(port);
	}
	close(raw);
	return 0;
}

static void
net_af_xdp_loses_no_frame_however_many_pass(void **state)
{
	(void)state;
	run_child(xdp_device);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(net_af_xdp_loses_no_frame_however_many_pass),
	};

	return cmocka_run_group_tests_name("dpdk af_xdp", tests, NULL, NULL);
}
