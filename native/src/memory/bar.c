/* SPDX-License-Identifier: Apache-2.0 */

/* A PCI BAR as NIC memory, by the files of /sys/bus/pci/devices. */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memory/nic.h"

#define BARS        6
#define LEAST_BYTES 4096

/* Of the third column of the file `resource`. */
#define RESOURCE_IO       UINT64_C(0x100)
#define RESOURCE_MEMORY   UINT64_C(0x200)
#define RESOURCE_PREFETCH UINT64_C(0x2000)

struct bar {
	const char *root;
	char device[16]; /* 0000:00:06.0 */
	int index;
	uint64_t bytes;
	bool prefetch;
	char *why;
	size_t why_bytes;
};

/** Say why not. @return error */
__attribute__((format(printf, 3, 4))) static int
refuse(const struct bar *b, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(b->why, b->why_bytes, format, args);
	va_end(args);
	return error;
}

static void
path_of(const struct bar *b, char path[PATH_MAX], const char *file)
{
	snprintf(path, PATH_MAX, "%s/%s/%s", b->root, b->device, file);
}

/** "0000:00:06.0/2", or without the domain. */
static int
parse(struct bar *b, const char *place)
{
	unsigned domain = 0;
	unsigned bus;
	unsigned slot;
	unsigned function;
	int end = 0;

	if (sscanf(place, "%4x:%2x:%2x.%1u/%1d%n", &domain, &bus, &slot, &function, &b->index,
			    &end) != 5 ||
			place[end] != 0) {
		domain = 0;
		end = 0;
		if (sscanf(place, "%2x:%2x.%1u/%1d%n", &bus, &slot, &function, &b->index, &end) !=
						4 ||
				place[end] != 0)
			return refuse(b, -EINVAL,
					"'%s' names no NIC memory: give PCI address and BAR, as in"
					" 0000:00:06.0/2",
					place);
	}
	if (b->index < 0 || b->index >= BARS || slot > 31 || function > 7)
		return refuse(b, -EINVAL,
				"'%s' names no NIC memory: a device has functions 0 to 7 and BARs"
				" 0 to 5",
				place);
	snprintf(b->device, sizeof(b->device), "%04x:%02x:%02x.%u", domain & 0xffff, bus & 0xff,
			slot, function);
	return 0;
}

/** Line `index` of the file `resource`. @return 0 or -errno */
static int
resource_read(const struct bar *b, int index, uint64_t *bytes, uint64_t *flags)
{
	char path[PATH_MAX];
	uint64_t first = 0;
	uint64_t last = 0;
	FILE *file;
	int i;
	int n = 3;

	path_of(b, path, "resource");
	file = fopen(path, "re");
	if (file == NULL)
		return -errno;
	for (i = 0; i <= index && n == 3; i++)
		n = fscanf(file, "%" SCNx64 " %" SCNx64 " %" SCNx64, &first, &last, flags);
	fclose(file);
	if (n != 3)
		return -EIO;
	*bytes = *flags == 0 || last < first ? 0 : last - first + 1;
	return 0;
}

/** "BAR 0 of 4 KiB, ..." as far as they could be used. */
static void
memory_bars(const struct bar *b, char *text, size_t text_bytes)
{
	size_t used = 0;
	int i;

	text[0] = 0;
	for (i = 0; i < BARS && used < text_bytes; i++) {
		uint64_t bytes;
		uint64_t flags;

		if (resource_read(b, i, &bytes, &flags) < 0 || bytes < LEAST_BYTES ||
				!(flags & RESOURCE_MEMORY))
			continue;
		used += (size_t)snprintf(text + used, text_bytes - used,
				"%sBAR %d of %" PRIu64 " KiB", used == 0 ? "" : ", ", i,
				bytes >> 10);
	}
	if (used == 0)
		snprintf(text, text_bytes, "none");
}

static int
check_resource(struct bar *b)
{
	char others[160];
	uint64_t flags = 0;
	int rc = resource_read(b, b->index, &b->bytes, &flags);

	if (rc == -ENOENT || rc == -ENOTDIR)
		return refuse(b, -ENODEV,
				"there is no PCI device %s; 'lspci -D' lists those there are",
				b->device);
	if (rc < 0)
		return refuse(b, rc, "what BARs %s has cannot be read: %s", b->device,
				strerror(-rc));
	memory_bars(b, others, sizeof(others));
	if (b->bytes == 0)
		return refuse(b, -ENODEV, "%s has no BAR %d; its memory: %s", b->device, b->index,
				others);
	if ((flags & RESOURCE_IO) || !(flags & RESOURCE_MEMORY))
		return refuse(b, -EINVAL, "BAR %d of %s is I/O ports, no memory; its memory: %s",
				b->index, b->device, others);
	if (b->bytes < LEAST_BYTES)
		return refuse(b, -EINVAL,
				"BAR %d of %s has %" PRIu64 " bytes, at least %d are needed; its"
				" memory: %s",
				b->index, b->device, b->bytes, LEAST_BYTES, others);
	if ((b->bytes & (b->bytes - 1)) != 0 || b->bytes > (uint64_t)INT64_MAX)
		return refuse(b, -EINVAL,
				"BAR %d of %s has %" PRIu64 " bytes, no power of two: its firmware"
				" or hypervisor has it wrong",
				b->index, b->device, b->bytes);
	b->prefetch = (flags & RESOURCE_PREFETCH) != 0;
	return 0;
}

/** Nobody drives the device, and it answers. */
static int
check_device(const struct bar *b)
{
	char path[PATH_MAX];
	char driver[PATH_MAX];
	FILE *file;
	ssize_t n;
	int enabled = 0;

	path_of(b, path, "driver");
	n = readlink(path, driver, sizeof(driver) - 1);
	if (n > 0) {
		const char *name;

		driver[n] = 0;
		name = strrchr(driver, '/');
		return refuse(b, -EBUSY, "%s belongs to driver %s; as root: echo %s > %s/unbind",
				b->device, name != NULL ? name + 1 : driver, b->device, path);
	}
	path_of(b, path, "enable");
	file = fopen(path, "re");
	if (file != NULL) {
		if (fscanf(file, "%d", &enabled) != 1)
			enabled = 0;
		fclose(file);
	}
	if (enabled < 1)
		return refuse(b, -ENODEV, "%s is not enabled; as root: echo 1 > %s", b->device,
				path);
	return 0;
}

static int
no_file(const struct bar *b, const char *path, int error)
{
	if (error == EACCES || error == EPERM)
		return refuse(b, -error,
				"no right to open %s: run as root, or let this user read and write"
				" it; a kernel in lockdown (Secure Boot) lets nobody",
				path);
	return refuse(b, -error, "%s: %s", path, strerror(error));
}

/** Open and map one of its two files. @return 0, -errno */
static int
map_file(const struct bar *b, const char *suffix, struct flue_nic_mapping *m)
{
	char file[24];
	char path[PATH_MAX];
	struct stat st;
	int rc = 0;

	snprintf(file, sizeof(file), "resource%d%s", b->index, suffix);
	path_of(b, path, file);
	m->fd = open(path, O_RDWR | O_CLOEXEC);
	if (m->fd < 0)
		return no_file(b, path, errno);
	if (fstat(m->fd, &st) < 0 || (uint64_t)st.st_size != b->bytes)
		rc = refuse(b, -EIO, "%s has not the %" PRIu64 " bytes of the BAR", path, b->bytes);
	else if (flock(m->fd, LOCK_EX | LOCK_NB) < 0)
		rc = refuse(b, -EBUSY,
				"BAR %d of %s is in use already: Flue has it, here or in another process",
				b->index, b->device);
	if (rc == 0) {
		int failed = flue_nic_map(m->fd, b->bytes, m);

		rc = failed < 0 ? no_file(b, path, -failed) : 0;
	}
	if (rc < 0)
		close(m->fd);
	return rc;
}

/** Write-combining where that is offered, which is only of memory without side effects. */
static int
map(const struct bar *b, struct flue_nic_mapping *m, bool *combining)
{
	char path[PATH_MAX];
	char file[24];

	snprintf(file, sizeof(file), "resource%d_wc", b->index);
	path_of(b, path, file);
	*combining = b->prefetch && access(path, F_OK) == 0;
	return map_file(b, *combining ? "_wc" : "", m);
}

static int
find(struct bar *b, const char *place)
{
	int rc = parse(b, place);

	if (rc == 0)
		rc = check_resource(b);
	return rc < 0 ? rc : check_device(b);
}

int
flue_bar_open(const char *root, const char *place, flue_nic_memory **memory, char *why,
		size_t why_bytes)
{
	struct bar b = { .root = root, .why = why, .why_bytes = why_bytes };
	struct flue_nic_mapping *m;
	char name[32];
	bool combining = false;
	int rc = find(&b, place);

	if (rc < 0)
		return rc;
	m = calloc(1, sizeof(*m));
	if (m == NULL)
		return -ENOMEM;
	rc = map(&b, m, &combining);
	if (rc < 0) {
		free(m);
		return rc;
	}
	snprintf(name, sizeof(name), "%s/%d", b.device, b.index);
	rc = flue_nic_memory_create(&flue_nic_mapped_ops, m, (int64_t)m->bytes, name, memory);
	if (rc < 0)
		flue_nic_mapped_ops.close(m);
	else
		(*memory)->combining = combining;
	return rc;
}

int64_t
flue_bar_check(const char *root, const char *place, char *why, size_t why_bytes)
{
	struct bar b = { .root = root, .why = why, .why_bytes = why_bytes };
	char path[PATH_MAX];
	char file[24];
	int rc = find(&b, place);

	if (rc < 0)
		return rc;
	snprintf(file, sizeof(file), "resource%d", b.index);
	path_of(&b, path, file);
	if (access(path, R_OK | W_OK) != 0)
		return no_file(&b, path, errno);
	if (!b.prefetch)
		return refuse(&b, -EINVAL,
				"BAR %d of %s is not prefetchable: registers, by the look of it",
				b.index, b.device);
	return (int64_t)b.bytes;
}
