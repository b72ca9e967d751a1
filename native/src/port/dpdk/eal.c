/* SPDX-License-Identifier: Apache-2.0 */

/* The library's one symbol, and the start of EAL. */

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_memory.h>
#include <rte_version.h>

#include "port/dpdk/dpdk.h"

#define MAX_ARGS           64
#define HUGEPAGES_WANTED   80 /* 128 MiB of packets and what EAL itself needs */
#define LOG_LEVEL          "--log-level"
#define FLUE_DPDK_EXPORTED __attribute__((visibility("default")))

const struct flue_dpdk_host *dpdk_host;

static bool started;
static int first_error; /* EAL cannot be started again after a failure */

static const struct flue_dpdk_plugin plugin = {
	.seam = FLUE_DPDK_SEAM,
	.port_bytes = sizeof(struct flue_port),
	.start = dpdk_start,
	.open = dpdk_open,
	.queue = dpdk_queue,
	.ring_pair = dpdk_ring_pair,
};

FLUE_DPDK_EXPORTED const struct flue_dpdk_plugin *
flue_dpdk_plugin(const struct flue_dpdk_host *host);

const struct flue_dpdk_plugin *
flue_dpdk_plugin(const struct flue_dpdk_host *host)
{
	static struct flue_dpdk_plugin versioned;

	if (host->seam != FLUE_DPDK_SEAM || host->pkt_bytes != sizeof(struct flue_pkt))
		return NULL;
	dpdk_host = host;
	versioned = plugin;
	versioned.version = rte_version();
	return &versioned;
}

int
dpdk_fail(struct flue_dpdk_cause *cause, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(cause->text, sizeof(cause->text), format, args);
	va_end(args);
	return error;
}

bool
dpdk_started(void)
{
	return started;
}

struct start {
	char *words; /* of argv; EAL may keep pointers into it */
	char *argv[MAX_ARGS + 1];
	int argc;
	int rc;
	int error;
};

/** Lowest CPU this process may use: EAL's main lcore sleeps, so any will do. */
static int
first_cpu(void)
{
	cpu_set_t set;
	int cpu;

	if (sched_getaffinity(0, sizeof(set), &set) == 0) {
		for (cpu = 0; cpu < CPU_SETSIZE; cpu++) {
			if (CPU_ISSET(cpu, &set))
				return cpu;
		}
	}
	return 0;
}

/** Telemetry only for who asks: where its directory cannot be written EAL would not start. */
static void
default_args(char *args, size_t size, const char *more)
{
	/* Without hugepages no file may be shared either; with them, nothing is left in a file system
	 * by --in-memory. The two exclude each other. */
	bool huge = dpdk_host->hugepages_free() >= HUGEPAGES_WANTED;

	/* A list of allowed PCI devices with none that exists: they are taken when they are asked for. */
	snprintf(args, size, "-l %d -a ffff:ff:1f.7 %s --iova-mode=va %s %s", first_cpu(),
			strstr(more, "--telemetry") == NULL ? "--no-telemetry" : "",
			huge ? "--in-memory -m 128" : "--no-huge --no-shconf -m 256", more);
}

static int
split(struct start *start, struct flue_dpdk_cause *cause)
{
	char *save = NULL;
	char *word;

	start->argv[start->argc++] = (char *)(uintptr_t) "flue";
	if (strstr(start->words, LOG_LEVEL) == NULL)
		start->argv[start->argc++] = (char *)(uintptr_t)LOG_LEVEL "=lib.eal:error";
	for (word = strtok_r(start->words, " \t\n", &save); word != NULL;
			word = strtok_r(NULL, " \t\n", &save)) {
		if (start->argc == MAX_ARGS)
			return dpdk_fail(cause, -E2BIG, "More than %d words of EAL arguments.",
					MAX_ARGS - 1);
		start->argv[start->argc++] = word;
	}
	return 0;
}

/** EAL ties the calling thread to one CPU, and all threads it makes later inherit that. So the
 *  calling thread is one that ends here. */
static void *
start_run(void *arg)
{
	struct start *start = arg;

	rte_errno = 0;
	start->rc = rte_eal_init(start->argc, start->argv);
	start->error = rte_errno;
	return NULL;
}

static const char *
start_advice(const char *args)
{
	if (strstr(args, "--no-huge") != NULL || dpdk_host->hugepages_free() > 0)
		return "";
	return " There is no free hugepage of 2 MiB: have some (sysctl vm.nr_hugepages=256), or do "
	       "without (--no-huge).";
}

/** Without hugepages the kernel may still have large pages for packets. A wish, before they are touched. */
static int
wish_huge(const struct rte_memseg_list *msl, void *arg)
{
	(void)arg;
	if (!rte_eal_has_hugepages() && msl->base_va != NULL)
		(void)madvise(msl->base_va, msl->len, MADV_HUGEPAGE);
	return 0;
}

int
dpdk_start(const char *args, struct flue_dpdk_cause *cause)
{
	char defaults[1024];
	char reason[DPDK_LOG_BYTES];
	struct start *start;
	pthread_t thread;
	bool told;
	int rc;

	if (started)
		return -EALREADY;
	if (first_error != 0)
		return dpdk_fail(cause, first_error,
				"DPDK failed to start before, and can be started only once a process: "
				"mend the arguments and start the process again.");
	if (args == NULL || args[0] == '\0') {
		default_args(defaults, sizeof(defaults), "");
		args = defaults;
	} else if (args[0] == '+') {
		default_args(defaults, sizeof(defaults), args + 1);
		args = defaults;
	}
	dpdk_telemetry_register();
	/* Who asks for a log gets to see it. */
	dpdk_log_shown(strstr(args, LOG_LEVEL) != NULL);
	start = calloc(1, sizeof(*start));
	if (start == NULL || (start->words = strdup(args)) == NULL) {
		free(start);
		return dpdk_fail(cause, -ENOMEM, "Out of memory.");
	}
	rc = split(start, cause);
	if (rc < 0) {
		free(start->words);
		free(start);
		return rc;
	}
	dpdk_log_hold();
	rc = pthread_create(&thread, NULL, start_run, start);
	if (rc != 0) {
		(void)dpdk_log_release(reason);
		free(start->words);
		free(start);
		return dpdk_fail(cause, -rc, "No thread to start DPDK on: %s.", strerror(rc));
	}
	pthread_join(thread, NULL);
	told = dpdk_log_release(reason);
	/* `start` is not freed: EAL keeps its arguments. */
	if (start->rc < 0) {
		first_error = start->error > 0 ? -start->error : -EIO;
		return dpdk_fail(cause, first_error, "DPDK did not start with \"%s\": %s.%s", args,
				told ? reason : rte_strerror(-first_error), start_advice(args));
	}
	started = true;
	(void)rte_memseg_list_walk(wish_huge, NULL);
	dpdk_memory_start();
	cause->text[0] = '\0';
	return 0;
}
