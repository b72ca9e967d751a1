/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_MEMORY_NIC_H
#define FLUE_MEMORY_NIC_H

/** @file Parts of NIC memory, one an engine, and the only two functions that touch it. */

#include "flue/flue_memory.h"

struct flue_nic_memory {
	const struct flue_nic_memory_ops *ops;
	void *device;
	uint64_t bytes;
	struct flue_nic_part *parts; /* by where they begin */
	bool combining;
	char name[96];
};

/** What one engine has of it. One owner thread; taking and giving: any. */
struct flue_nic_part {
	struct flue_nic_memory *memory; /* NULL = none */
	struct flue_nic_part *next;
	uint64_t at;
	uint64_t bytes;
	uint64_t reads; /* of 8 bytes each, since it was taken */
	uint64_t writes;
};

/**
 * Take `most` bytes, or the largest piece that is free if that is less. Whether it keeps what is
 * written is tried, once for every `unit` bytes, and all of the first and the last unit; then all of it
 * is zero.
 * @param unit a multiple of 8; what is taken is a multiple of it
 * @return 0, -ENOSPC (not one unit is free), -EIO (it does not keep what is written)
 */
int flue_nic_part_take(struct flue_nic_memory *memory, uint64_t most, uint64_t unit,
		struct flue_nic_part *part);
/** All of it is zero again, and others may have it. No effect on a part that was not taken. */
void flue_nic_part_give(struct flue_nic_part *part);

/** The 8 bytes `at` from the beginning of the part, a multiple of 8. Never on the data path. */
static inline uint64_t
flue_nic_read(struct flue_nic_part *part, uint64_t at)
{
	part->reads++;
	return part->memory->ops->read(part->memory->device, part->at + at);
}

static inline void
flue_nic_write(struct flue_nic_part *part, uint64_t at, uint64_t value)
{
	part->writes++;
	part->memory->ops->write(part->memory->device, part->at + at, value);
}

static inline void
flue_nic_fence(struct flue_nic_part *part)
{
	part->memory->ops->fence(part->memory->device);
}

/* ---- Memory that is mapped into the process -------------------------------------------------- */

/** A mapping as a device of flue_nic_mapped_ops; close unmaps it, closes `fd` and frees this. */
struct flue_nic_mapping {
	uint8_t *base;
	uint64_t bytes;
	int fd; /* -1 = none */
};

extern const struct flue_nic_memory_ops flue_nic_mapped_ops;

/**
 * Map a file so that nobody dies of its end: where a device was taken away, or a file cut, the kernel
 * answers an access with SIGBUS; then there are zeroes in its place, and what was there is lost. What is
 * handled so otherwise in the process stays so. Up to FLUE_NIC_GUARDED mappings at a time.
 * @return 0, -errno of mmap(), -ENOSPC
 */
int flue_nic_map(int fd, uint64_t bytes, struct flue_nic_mapping *m);

#define FLUE_NIC_GUARDED 16

/** flue_nic_memory_open() on a BAR of the devices below `root`, which is /sys/bus/pci/devices but in
 *  tests. */
int flue_bar_open(const char *root, const char *place, flue_nic_memory **memory, char *why,
		size_t why_bytes);
int64_t flue_bar_check(const char *root, const char *place, char *why, size_t why_bytes);

#endif /* FLUE_MEMORY_NIC_H */
