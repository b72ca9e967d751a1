/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_TEST_DPDK_FIXTURE_H
#define FLUE_TEST_DPDK_FIXTURE_H

/** @file EAL starts once a process: each test with EAL runs in a child of its own. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "flue/flue_memory.h"
#include "flue/flue_pkt.h"
#include "flue/flue_port.h"

#define MAC0    INT64_C(0x0200c6120002)
#define MAC1    INT64_C(0x0200c6120003)
#define SKIPPED 77
#define BURST   32

/** In a child: a failure ends it. */
#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: %s (cause: %s)\n", __FILE__, __LINE__, #condition, \
					flue_dpdk_unavailability_cause());                         \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)

static inline void
run_child(int (*body)(void))
{
	pid_t pid;
	int status;

	if (flue_dpdk_load() != 0) {
		print_message("%s: skipped\n", flue_dpdk_unavailability_cause());
		skip();
	}
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		/* cmocka would go on with the next test, here. */
		signal(SIGSEGV, SIG_DFL);
		signal(SIGBUS, SIG_DFL);
		alarm(60);
		_exit(body());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status))
		fail_msg("child died of signal %d", WTERMSIG(status));
	if (WEXITSTATUS(status) == SKIPPED)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

static inline int
open_device(const char *device, int64_t mac, int mtu, int buffers, flue_port **port)
{
	struct flue_dpdk_config config;

	flue_dpdk_config_default(&config);
	config.mac = mac;
	config.mtu = mtu;
	config.buffers = buffers;
	return flue_dpdk_open(device, &config, port);
}

static inline int64_t
monotonic(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static inline struct flue_pkt *
make_frame(flue_port *port, uint32_t number, unsigned len)
{
	static const uint8_t to[6] = { 0x02, 0x00, 0xc6, 0x12, 0x00, 0x03 };
	struct flue_pkt *pkt = port->ops->alloc(port);

	if (pkt == NULL)
		return NULL;
	memcpy(pkt->data, to, 6);
	memcpy(pkt->data + 6, port->mac, 6);
	pkt->data[12] = 0x88;
	pkt->data[13] = 0xb5;
	memset(pkt->data + 14, (int)(number & 0xff), len - 14);
	memcpy(pkt->data + 14, &number, 4);
	pkt->len = (uint16_t)len;
	return pkt;
}

static inline bool
send_pkt(flue_port *port, struct flue_pkt *pkt)
{
	return port->ops->tx_burst(port, 0, &pkt, 1) == 1;
}

/** Next frame of that EtherType, or NULL after a while. */
static inline struct flue_pkt *
receive_type(flue_port *port, uint16_t type)
{
	int64_t deadline = monotonic() + 5000000000;
	struct flue_pkt *pkt;

	while (monotonic() < deadline) {
		if (port->ops->rx_burst(port, 0, &pkt, 1) == 0) {
			sched_yield();
			continue;
		}
		if ((pkt->data[12] << 8 | pkt->data[13]) == type)
			return pkt;
		flue_pkt_release(pkt);
	}
	return NULL;
}

/** Next one of make_frame()'s. */
static inline struct flue_pkt *
receive(flue_port *port)
{
	return receive_type(port, 0x88b5);
}

static inline uint32_t
number_of(const struct flue_pkt *pkt)
{
	uint32_t number;

	memcpy(&number, pkt->data + 14, 4);
	return number;
}

/** Send what EAL says about an error made on purpose to nowhere. */
static inline void
quiet(void)
{
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	dup2(fd, 1);
	dup2(fd, 2);
}

#endif /* FLUE_TEST_DPDK_FIXTURE_H */
