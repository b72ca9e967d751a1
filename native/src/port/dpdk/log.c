/* SPDX-License-Identifier: Apache-2.0 */

/* What DPDK and its drivers write while a device is opened: most of it is said of devices that work
 * (a net_tap without the multiq qdisc, for one). So it is held back, and of a call that fails the
 * first line becomes part of the reason. Afterwards it goes to the standard error stream. */

#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <rte_log.h>

#include "port/dpdk/dpdk.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static FILE *stream; /* made once, never closed: threads of EAL may be writing */
static bool holding;
static bool shown;
static char held[DPDK_LOG_BYTES];
static size_t held_len;
static __thread bool silent;

static ssize_t
log_write(void *cookie, const char *text, size_t len)
{
	(void)cookie;
	if (silent)
		return (ssize_t)len;
	pthread_mutex_lock(&lock);
	if (holding) {
		size_t n = RTE_MIN(len, sizeof(held) - 1 - held_len);

		memcpy(held + held_len, text, n);
		held_len += n;
	} else if (write(STDERR_FILENO, text, len) < 0) {
		/* Nobody to tell. */
	}
	pthread_mutex_unlock(&lock);
	return (ssize_t)len;
}

void
dpdk_log_silence(void)
{
	silent = true;
}

void
dpdk_log_shown(bool always)
{
	shown = always;
}

static int
print_nothing(int level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

/** The libraries behind net_af_xdp write to the standard error stream by themselves, and warn of what
 *  no one needs: a file system for BPF, sections of a program that they do not know. */
static void
libraries_silence(void)
{
	static const char *const names[][2] = {
		{ "libbpf.so.1", "libbpf_set_print" },
		{ "libxdp.so.1", "libxdp_set_print" },
	};
	unsigned i;

	for (i = 0; i < RTE_DIM(names); i++) {
		void *library = dlopen(names[i][0], RTLD_NOW | RTLD_NOLOAD);
		void *symbol = library == NULL ? NULL : dlsym(library, names[i][1]);
		void *(*set_print)(int (*print)(int, const char *, va_list));

		if (symbol != NULL) {
			memcpy(&set_print, &symbol, sizeof(set_print));
			(void)set_print(print_nothing);
		}
		if (library != NULL)
			dlclose(library);
	}
}

void
dpdk_log_hold(void)
{
	static const cookie_io_functions_t functions = { .write = log_write };

	if (shown)
		return;
	libraries_silence();
	if (stream == NULL)
		stream = fopencookie(NULL, "w", functions);
	if (stream == NULL || rte_openlog_stream(stream) != 0)
		return;
	setvbuf(stream, NULL, _IOLBF, 0);
	pthread_mutex_lock(&lock);
	holding = true;
	held_len = 0;
	pthread_mutex_unlock(&lock);
}

/** Start of what a line says, behind "EAL: " or "eth_dev_tap_create(): ". */
static const char *
without_origin(const char *line)
{
	size_t word = strcspn(line, ": \n");

	if (line[word] != ':')
		return line;
	line += word + 1;
	return line + strspn(line, " ");
}

bool
dpdk_log_release(char reason[DPDK_LOG_BYTES])
{
	static const char no_processes[] = "Failed to register mp action callback";
	const char *line;

	if (stream != NULL)
		fflush(stream);
	pthread_mutex_lock(&lock);
	holding = false;
	held[held_len] = '\0';
	line = held;
	/* With --no-shconf EAL cannot be asked by other processes, which some drivers say first. */
	while (strncmp(without_origin(line), no_processes, strlen(no_processes)) == 0 &&
			strchr(line, '\n') != NULL)
		line = strchr(line, '\n') + 1;
	line = without_origin(line);
	snprintf(reason, DPDK_LOG_BYTES, "%.*s", (int)strcspn(line, "\n"), line);
	held_len = 0;
	pthread_mutex_unlock(&lock);
	line = reason + strlen(reason);
	while (line > reason && (line[-1] == '.' || line[-1] == ' '))
		reason[--line - reason] = '\0';
	return reason[0] != '\0';
}
