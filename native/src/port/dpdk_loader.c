/* SPDX-License-Identifier: Apache-2.0 */

/* DPDK is optional: everything that needs it lies in libflue_dpdk.so, found beside this library. */

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "flue/flue_memory.h"
#include "flue/flue_pkt.h"
#include "flue/flue_port.h"
#include "memory/region.h"
#include "observe/engines.h"
#include "port/dpdk/plugin.h"

#define LIBRARY "libflue_dpdk.so"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const struct flue_dpdk_plugin *plugin;
static struct flue_dpdk_cause cause = {
	"DPDK has not been loaded: nobody called flue_dpdk_load()."
};

static const char *
port_figure(const struct flue_port *port, int which, int64_t *value)
{
	static const char *const names[] = { "buffers", "buffers_held", "frames_lost" };
	const int own = (int)(sizeof(names) / sizeof(names[0]));

	if (which >= own) {
		*value = flue_port_count(port, which - own);
		return flue_port_count_name(which - own);
	}
	*value = which == 0   ? flue_port_buffers(port)
		 : which == 1 ? flue_port_buffers_held(port)
			      : flue_port_lost(port);
	return names[which];
}

static const struct flue_dpdk_host host = {
	.seam = FLUE_DPDK_SEAM,
	.pkt_bytes = sizeof(struct flue_pkt),
	.region_add_foreign = flue_region_add_foreign,
	.region_watch = flue_region_watch,
	.hugepages_free = flue_hugepages_free,
	.engines_visit = flue_engines_visit,
	.port_figure = port_figure,
};

__attribute__((format(printf, 2, 3))) static int
fail(int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(cause.text, sizeof(cause.text), format, args);
	va_end(args);
	return error;
}

/** Where libflue_dpdk.so should be: beside the file that holds this code. */
static bool
library_path(char path[PATH_MAX])
{
	char resolved[PATH_MAX];
	char *slash;
	Dl_info info;

	if (dladdr(&host, &info) == 0 || info.dli_fname == NULL)
		return false;
	/* A program's own name may be relative, or not a path at all. */
	if (realpath(info.dli_fname, resolved) == NULL &&
			realpath("/proc/self/exe", resolved) == NULL)
		return false;
	slash = strrchr(resolved, '/');
	if (slash == NULL)
		return false;
	*slash = '\0';
	if (snprintf(path, PATH_MAX, "%s/" LIBRARY, resolved) >= PATH_MAX)
		return false;
	return true;
}

static int
plugin_accept(void *library, const char *path)
{
	void *symbol = dlsym(library, FLUE_DPDK_PLUGIN_SYMBOL);
	flue_dpdk_plugin_func_t get;
	const struct flue_dpdk_plugin *p;

	if (symbol == NULL)
		return fail(-ELIBBAD, "%s is not a part of Flue.", path);
	memcpy(&get, &symbol, sizeof(get));
	p = get(&host);
	if (p == NULL || p->seam != FLUE_DPDK_SEAM || p->port_bytes != sizeof(struct flue_port))
		return fail(-ELIBBAD, "%s belongs to another version of Flue (this one is %s).",
				path, flue_version());
	plugin = p;
	cause.text[0] = '\0';
	return 0;
}

static int
load_locked(void)
{
	char path[PATH_MAX];
	const char *error;
	void *library;
	int rc;

	if (plugin != NULL) {
		cause.text[0] = '\0';
		return 0;
	}
	if (!library_path(path))
		return fail(-ENOENT, "The directory of libflue.so cannot be found, so " LIBRARY
				     " cannot either.");
	if (access(path, F_OK) != 0)
		return fail(-ENOENT,
				"There is no %s: this Flue was built without DPDK. Install DPDK >= "
				"22.11 with its headers (Debian: apt-get install libdpdk-dev) and "
				"build again.",
				path);
	library = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	if (library == NULL) {
		error = dlerror();
		return fail(-ELIBACC,
				"%s cannot be loaded: %s. It needs the DPDK version it was built "
				"with (Debian: apt-get install libdpdk-dev).",
				path, error != NULL ? error : "unknown reason");
	}
	rc = plugin_accept(library, path);
	if (rc < 0)
		dlclose(library);
	return rc;
}

int
flue_dpdk_load(void)
{
	int rc;

	pthread_mutex_lock(&lock);
	rc = load_locked();
	pthread_mutex_unlock(&lock);
	return rc;
}

const char *
flue_dpdk_unavailability_cause(void)
{
	return cause.text;
}

const char *
flue_dpdk_version(void)
{
	const char *version = "";

	pthread_mutex_lock(&lock);
	if (plugin != NULL)
		version = plugin->version;
	pthread_mutex_unlock(&lock);
	return version;
}

int
flue_dpdk_start(const char *args)
{
	int rc;

	pthread_mutex_lock(&lock);
	rc = load_locked();
	if (rc == 0)
		rc = plugin->start(args, &cause);
	pthread_mutex_unlock(&lock);
	return rc;
}

void
flue_dpdk_config_default(struct flue_dpdk_config *config)
{
	*config = (struct flue_dpdk_config){ .mtu = 1500, .buffers = 4096, .queues = 1 };
}

int
flue_dpdk_open(const char *device, const struct flue_dpdk_config *config, flue_port **port)
{
	int rc;

	if (device == NULL || config == NULL || port == NULL)
		return -EINVAL;
	pthread_mutex_lock(&lock);
	rc = load_locked();
	if (rc == 0)
		rc = plugin->open(device, config, port, &cause);
	pthread_mutex_unlock(&lock);
	return rc;
}

int
flue_dpdk_queue(flue_port *first, int index, flue_port **port)
{
	int rc = -EINVAL;

	if (first == NULL || port == NULL)
		return rc;
	pthread_mutex_lock(&lock);
	if (plugin != NULL)
		rc = plugin->queue(first, index, port);
	pthread_mutex_unlock(&lock);
	return rc;
}

int
flue_dpdk_ring_pair(int entries, int64_t mac0, int64_t mac1, int buffers, flue_port **port0,
		flue_port **port1)
{
	int rc;

	if (port0 == NULL || port1 == NULL)
		return -EINVAL;
	pthread_mutex_lock(&lock);
	rc = load_locked();
	if (rc == 0)
		rc = plugin->ring_pair(entries, mac0, mac1, buffers, port0, port1, &cause);
	pthread_mutex_unlock(&lock);
	return rc;
}
