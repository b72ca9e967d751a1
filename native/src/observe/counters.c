/* SPDX-License-Identifier: Apache-2.0 */

/* Header and names of a counters region. */

#include "observe/counters.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

_Static_assert(sizeof(struct flue_counters_header) == 64, "records start at 64");
_Static_assert(sizeof(struct flue_counter_record) == 64, "one record a cache line");

#define COUNTER_NAME_FITS(id, text) \
	_Static_assert(sizeof(text) <= sizeof(((struct flue_counter_record *)NULL)->name), text);
FLUE_COUNTERS(COUNTER_NAME_FITS)

static const char *const names[FLUE_CTR_COUNT] = {
#define COUNTER_NAME(id, text) [FLUE_CTR_##id] = text,
	FLUE_COUNTERS(COUNTER_NAME)
};

int64_t
flue_counters_bytes(void)
{
	return (int64_t)(sizeof(struct flue_counters_header) +
			 FLUE_CTR_COUNT * sizeof(struct flue_counter_record));
}

int
flue_counters_init(int region, int64_t now)
{
	struct flue_counters_header *header;
	struct flue_counter_record *records;
	int i;

	if (region <= 0 || region >= FLUE_MAX_REGIONS)
		return -EINVAL;
	header = flue_ref_at(flue_ref_make((uint32_t)region, 0), (uint64_t)flue_counters_bytes());
	if (header == NULL)
		return -EINVAL;
	memset(header, 0, sizeof(*header));
	records = flue_counters_records(header);
	for (i = 0; i < FLUE_CTR_COUNT; i++) {
		memset(&records[i], 0, sizeof(records[i]));
		memcpy(records[i].name, names[i], strlen(names[i]) + 1);
	}
	header->version = FLUE_ABI_VERSION;
	header->count = FLUE_CTR_COUNT;
	header->pid = (uint32_t)getpid();
	header->start_ns = now;
	header->updated_ns = now;
	/* Last: a reader that finds the magic finds the rest. */
	__atomic_store_n(&header->magic, FLUE_COUNTERS_MAGIC, __ATOMIC_RELEASE);
	return 0;
}

int
flue_counters_file(const char *path, int64_t now)
{
	int region = flue_region_create_file(path, flue_counters_bytes());
	int rc;

	if (region < 0)
		return region;
	rc = flue_counters_init(region, now);
	if (rc < 0) {
		flue_region_release(region);
		unlink(path);
		return rc;
	}
	return region;
}

struct flue_counters_header *
flue_counters_header_at(int region)
{
	struct flue_counters_header *header = flue_region_at(region);

	if (header == NULL || flue_ref_at(flue_ref_make((uint32_t)region, 0),
					      (uint64_t)flue_counters_bytes()) == NULL)
		return NULL;
	if (header->magic != FLUE_COUNTERS_MAGIC || header->version != FLUE_ABI_VERSION)
		return NULL;
	return header;
}
