/* SPDX-License-Identifier: Apache-2.0 */
#include "dpdk_fixture.h"

#include <sys/un.h>

#include "flue/flue_engine.h"
#include "flue/flue_memory.h"

/** @file What DPDK's telemetry, and the driver itself, tell of engines and ports. */

/** Where DPDK keeps what belongs to a process: root's has one place, everybody else names one. */
static const char *
runtime_make(void)
{
	static char directory[] = "/tmp/flue-test-XXXXXX";

	if (geteuid() == 0)
		return "/var/run";
	CHECK(mkdtemp(directory) != NULL && setenv("XDG_RUNTIME_DIR", directory, 1) == 0);
	return directory;
}

static int
telemetry_socket(const char *runtime, const char *prefix)
{
	struct sockaddr_un where = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	char greeting[1024];

	snprintf(where.sun_path, sizeof(where.sun_path), "%s/dpdk/%s/dpdk_telemetry.v2", runtime,
			prefix);
	CHECK(fd >= 0 && connect(fd, (struct sockaddr *)&where, sizeof(where)) == 0);
	CHECK(recv(fd, greeting, sizeof(greeting), 0) > 0);
	return fd;
}

static char *
ask(int fd, const char *command)
{
	static char answer[65536];
	ssize_t n;

	CHECK(send(fd, command, strlen(command), 0) == (ssize_t)strlen(command));
	n = recv(fd, answer, sizeof(answer) - 1, 0);
	CHECK(n > 0);
	answer[n] = '\0';
	return answer;
}

static int
telemetry(void)
{
	struct flue_engine_config config;
	flue_engine *engines[2];
	flue_port *ports[2];
	const char *runtime = runtime_make();
	char prefix[32];
	char args[160];
	char text[4096];
	int fd;
	int i;

	snprintf(prefix, sizeof(prefix), "flue-test-%d", (int)getpid());
	/* With hugepages the choice is to keep nothing in files: the socket would lie where all have theirs. */
	snprintf(args, sizeof(args), "%s --telemetry --file-prefix=%s",
			flue_hugepages_free() == 0 ? "+" : "--no-huge --no-shconf --no-pci -m 256",
			prefix);
	CHECK(flue_dpdk_start(args) == 0);
	CHECK(open_device("net_null0,size=64", MAC0, 1500, 256, &ports[0]) == 0);
	CHECK(open_device("net_null1,size=64", MAC1, 1500, 256, &ports[1]) == 0);
	fd = telemetry_socket(runtime, prefix);
	CHECK(strcmp(ask(fd, "/flue/engines"), "{\"/flue/engines\":{}}") == 0);
	flue_engine_config_default(&config);
	config.max_connections = 64;
	for (i = 0; i < 2; i++) {
		CHECK(flue_engine_create(&config, ports[i], &engines[i]) == 0);
		CHECK(flue_engine_poll(engines[i], 1000000000, 32) == 32);
	}
	CHECK(strstr(ask(fd, "/flue/engines"), "\"1\":{\"port\":\"dpdk:net_null1\",\"passes\":1,"));
	CHECK(strstr(ask(fd, "/flue/conns,0"), "{\"now\":0,\"initiated\":0,"));
	CHECK(strstr(ask(fd, "/flue/counters,1"), "\"port/rx_frames\":32,"));
	CHECK(strstr(ask(fd, "/flue/ports"), "\"rx_frames\":32"));
	CHECK(strstr(ask(fd, "/flue/ports,0"), "\"port\":\"dpdk:net_null0\",\"buffers\":256,"));
	/* No such engine, or no number. */
	CHECK(strstr(ask(fd, "/flue/conns,2"), "null"));
	CHECK(strstr(ask(fd, "/flue/conns,x"), "null"));
	CHECK(strstr(ask(fd, "/flue/conns,-1"), "null"));
	flue_engine_destroy(engines[0]);
	CHECK(strstr(ask(fd, "/flue/engines"), "\"0\":{\"port\":\"dpdk:net_null1\""));
	CHECK(strstr(ask(fd, "/flue/engines,1"), "null"));
	flue_engine_destroy(engines[1]);
	/* The device's own. */
	CHECK(flue_port_xstats(ports[0], text, sizeof(text)) == (int)strlen(text));
	CHECK(strstr(text, "rx_good_packets 32\n") != NULL);
	CHECK(flue_port_xstats(ports[0], text, 20) == -ENOSPC);
	CHECK(flue_port_xstats(ports[0], NULL, 20) == -EINVAL);
	flue_port_close(ports[0]);
	flue_port_close(ports[1]);
	close(fd);
	snprintf(args, sizeof(args), "rm -rf %s/dpdk/%s", runtime, prefix);
	CHECK(system(args) == 0);
	snprintf(args, sizeof(args), "rmdir %s/dpdk %s", runtime, runtime);
	CHECK(geteuid() == 0 || system(args) == 0);
	return 0;
}

static void
engines_and_ports_are_seen_by_telemetry_as_long_as_they_are(void **state)
{
	(void)state;
	run_child(telemetry);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(engines_and_ports_are_seen_by_telemetry_as_long_as_they_are),
	};

	return cmocka_run_group_tests_name("dpdk telemetry", tests, NULL, NULL);
}
