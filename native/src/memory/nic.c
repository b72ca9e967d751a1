/* SPDX-License-Identifier: Apache-2.0 */

/* NIC memory and its parts. What is behind it, its functions know. */

#include "memory/nic.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LEAST_BYTES 4096
#define FILE_PLACE  "file:"

/** Guards the parts of every memory: they change when an engine comes or goes. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

int
flue_nic_memory_create(const struct flue_nic_memory_ops *ops, void *device, int64_t bytes,
		const char *name, flue_nic_memory **memory)
{
	struct flue_nic_memory *m;

	if (ops == NULL || name == NULL || memory == NULL || bytes < LEAST_BYTES || (bytes & 7))
		return -EINVAL;
	m = calloc(1, sizeof(*m));
	if (m == NULL)
		return -ENOMEM;
	m->ops = ops;
	m->device = device;
	m->bytes = (uint64_t)bytes;
	snprintf(m->name, sizeof(m->name), "%s", name);
	*memory = m;
	return 0;
}

int64_t
flue_nic_memory_size(const flue_nic_memory *memory)
{
	return (int64_t)memory->bytes;
}

int64_t
flue_nic_memory_free(flue_nic_memory *memory)
{
	const struct flue_nic_part *part;
	uint64_t free_bytes = memory->bytes;

	pthread_mutex_lock(&lock);
	for (part = memory->parts; part != NULL; part = part->next)
		free_bytes -= part->bytes;
	pthread_mutex_unlock(&lock);
	return (int64_t)free_bytes;
}

const char *
flue_nic_memory_name(const flue_nic_memory *memory)
{
	return memory->name;
}

int
flue_nic_memory_combining(const flue_nic_memory *memory)
{
	return memory->combining;
}

int
flue_nic_memory_close(flue_nic_memory *memory)
{
	bool used;

	if (memory == NULL)
		return 0;
	pthread_mutex_lock(&lock);
	used = memory->parts != NULL;
	pthread_mutex_unlock(&lock);
	if (used)
		return -EBUSY;
	if (memory->ops->close != NULL)
		memory->ops->close(memory->device);
	free(memory);
	return 0;
}

/* ---- Parts ---------------------------------------------------------------------------------- */

/** The first gap of `most` bytes, else the largest. Under the lock. @return behind which part it is */
static struct flue_nic_part **
gap_find(struct flue_nic_memory *m, uint64_t most, uint64_t *at, uint64_t *bytes)
{
	struct flue_nic_part **link = &m->parts;
	struct flue_nic_part **found = NULL;
	uint64_t begin = 0;

	*bytes = 0;
	for (;;) {
		uint64_t end = *link != NULL ? (*link)->at : m->bytes;

		if (end - begin > *bytes) {
			found = link;
			*at = begin;
			*bytes = end - begin;
		}
		if (*link == NULL || *bytes >= most)
			return found;
		begin = (*link)->at + (*link)->bytes;
		link = &(*link)->next;
	}
}

/** Different in every place: what answers for another address as well is found out. */
static uint64_t
pattern(uint64_t at, bool inverse)
{
	uint64_t v = at * UINT64_C(0x9e3779b97f4a7c15) + UINT64_C(0x5bd1e995a5a55a5a);

	return inverse ? ~v : v;
}

/** The next place that is tried: all of the first and last unit, the first 8 bytes of the others. */
static uint64_t
next_tried(const struct flue_nic_part *p, uint64_t at, uint64_t unit)
{
	return at < unit || at >= p->bytes - unit ? at + 8 : at + unit;
}

/** @return false: it does not keep what is written */
static bool
keeps(struct flue_nic_part *p, uint64_t unit, bool inverse)
{
	uint64_t at;

	for (at = 0; at < p->bytes; at = next_tried(p, at, unit))
		flue_nic_write(p, at, pattern(at, inverse));
	flue_nic_fence(p);
	for (at = 0; at < p->bytes; at = next_tried(p, at, unit))
		if (flue_nic_read(p, at) != pattern(at, inverse))
			return false;
	return true;
}

static void
wipe(struct flue_nic_part *p)
{
	uint64_t at;

	for (at = 0; at < p->bytes; at += 8)
		flue_nic_write(p, at, 0);
	flue_nic_fence(p);
}

int
flue_nic_part_take(struct flue_nic_memory *memory, uint64_t most, uint64_t unit,
		struct flue_nic_part *part)
{
	struct flue_nic_part **link;
	uint64_t at = 0;
	uint64_t bytes;

	memset(part, 0, sizeof(*part));
	pthread_mutex_lock(&lock);
	link = gap_find(memory, most, &at, &bytes);
	bytes = (bytes < most ? bytes : most) / unit * unit;
	if (bytes != 0) {
		*part = (struct flue_nic_part){
			.memory = memory,
			.next = *link,
			.at = at,
			.bytes = bytes,
		};
		*link = part;
	}
	pthread_mutex_unlock(&lock);
	if (bytes == 0)
		return -ENOSPC;
	if (!keeps(part, unit, false) || !keeps(part, unit, true)) {
		flue_nic_part_give(part);
		return -EIO;
	}
	wipe(part);
	part->reads = part->writes = 0;
	return 0;
}

void
flue_nic_part_give(struct flue_nic_part *part)
{
	struct flue_nic_part **link;

	if (part->memory == NULL)
		return;
	wipe(part);
	pthread_mutex_lock(&lock);
	for (link = &part->memory->parts; *link != part; link = &(*link)->next)
		;
	*link = part->next;
	pthread_mutex_unlock(&lock);
	part->memory = NULL;
}

/* ---- By name -------------------------------------------------------------------------------- */

/** A file of at least LEAST_BYTES, mapped as far as it consists of whole pages. */
static int
file_open(const char *place, flue_nic_memory **memory, char *why, size_t why_bytes)
{
	const char *path = place + strlen(FILE_PLACE);
	struct flue_nic_mapping *m = calloc(1, sizeof(*m));
	struct stat st = { 0 };
	bool mapped = false;
	int rc;

	if (m == NULL)
		return -ENOMEM;
	m->fd = open(path, O_RDWR | O_CLOEXEC);
	if (m->fd < 0 || fstat(m->fd, &st) < 0) {
		rc = -errno;
		snprintf(why, why_bytes, "%s: %s", path, strerror(-rc));
		goto fail;
	}
	m->bytes = (uint64_t)st.st_size & ~(uint64_t)(LEAST_BYTES - 1);
	rc = -EINVAL;
	if (!S_ISREG(st.st_mode) || m->bytes == 0) {
		snprintf(why, why_bytes, "%s is no file of 4096 bytes or more: truncate -s 1M %s",
				path, path);
		goto fail;
	}
	if (flock(m->fd, LOCK_EX | LOCK_NB) < 0) {
		rc = -EBUSY;
		snprintf(why, why_bytes, "%s is in use already", path);
		goto fail;
	}
	rc = flue_nic_map(m->fd, m->bytes, m);
	mapped = rc == 0;
	if (rc == 0)
		rc = flue_nic_memory_create(
				&flue_nic_mapped_ops, m, (int64_t)m->bytes, place, memory);
	if (rc == 0)
		return 0;
	snprintf(why, why_bytes, "%s cannot be mapped: %s", path, strerror(-rc));
	if (mapped) {
		flue_nic_mapped_ops.close(m);
		return rc;
	}
fail:
	if (m->fd >= 0)
		close(m->fd);
	free(m);
	return rc;
}

#define PCI_DEVICES "/sys/bus/pci/devices"

int
flue_nic_memory_open(const char *place, flue_nic_memory **memory, char *why, int why_bytes)
{
	if (place == NULL || memory == NULL || why == NULL || why_bytes < 1)
		return -EINVAL;
	why[0] = 0;
	if (strncmp(place, FILE_PLACE, strlen(FILE_PLACE)) == 0)
		return file_open(place, memory, why, (size_t)why_bytes);
	return flue_bar_open(PCI_DEVICES, place, memory, why, (size_t)why_bytes);
}

int64_t
flue_nic_memory_check(const char *place, char *why, int why_bytes)
{
	if (place == NULL || why == NULL || why_bytes < 1)
		return -EINVAL;
	why[0] = 0;
	return flue_bar_check(PCI_DEVICES, place, why, (size_t)why_bytes);
}
