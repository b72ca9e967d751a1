/* SPDX-License-Identifier: Apache-2.0 */

/* Copies of frames for an observer in virtual time. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memory/region.h"
#include "wire/wire.h"

#define LEAST_BYTES 65536

/** What stands before each frame in the region. */
struct record {
	int64_t time;
	uint32_t bytes;
	uint16_t port;
	uint16_t what;
};

struct wire_observer {
	uint8_t *memory;
	uint64_t bytes;
	uint64_t used;
	int region;
	bool full; /* a record did not fit */
	bool read; /* what is there was asked for: the next record begins anew */
};

int
flue_wire_observe(flue_wire *wire, int64_t bytes)
{
	struct wire_observer *observer;

	if (wire == NULL || bytes < LEAST_BYTES)
		return -EINVAL;
	if (wire->observer != NULL)
		return -EBUSY;
	observer = calloc(1, sizeof(*observer));
	if (observer == NULL)
		return -ENOMEM;
	observer->region = flue_region_create(FLUE_REGION_HEAP, bytes);
	if (observer->region < 0) {
		int rc = observer->region;

		free(observer);
		return rc;
	}
	observer->memory = flue_region_at(observer->region);
	observer->bytes = (uint64_t)bytes;
	wire->observer = observer;
	return observer->region;
}

int64_t
flue_wire_observed(flue_wire *wire)
{
	struct wire_observer *observer;
	bool full;

	if (wire == NULL || wire->observer == NULL)
		return -EINVAL;
	observer = wire->observer;
	full = observer->full;
	if (observer->read) {
		observer->used = 0;
		return 0;
	}
	observer->full = false;
	observer->read = true;
	return full ? -ENOSPC : (int64_t)observer->used;
}

void
flue_wire_note(struct flue_wire *wire, enum wire_event what, uint32_t port, int64_t now,
		const struct flue_pkt *pkt)
{
	struct wire_observer *observer = wire->observer;
	struct record record = {
		.time = now,
		.bytes = (uint32_t)pkt->len + pkt->ext_len,
		.port = (uint16_t)port,
		.what = (uint16_t)what,
	};
	uint64_t room = sizeof(record) + ((record.bytes + 7) & ~UINT32_C(7));
	uint8_t *at;

	if (observer->read) {
		observer->used = 0;
		observer->read = false;
	}
	if (observer->bytes - observer->used < room) {
		observer->full = true;
		return;
	}
	at = observer->memory + observer->used;
	observer->used += room;
	memcpy(at, &record, sizeof(record));
	memcpy(at + sizeof(record), pkt->data, pkt->len);
	if (pkt->ext_len > 0)
		memcpy(at + sizeof(record) + pkt->len, pkt->ext, pkt->ext_len);
}

void
flue_wire_observer_free(struct wire_observer *observer)
{
	if (observer == NULL)
		return;
	flue_region_release(observer->region);
	free(observer);
}
