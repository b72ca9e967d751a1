/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_TYPES_H
#define FLUE_TYPES_H

/**
 * @file
 * Words that every other header uses: references, regions, statuses.
 *
 * Return classes: a maker gives 0 and fills a pointer or gives -errno; a burst call gives a count;
 * a command gives 0 or -errno; what cannot fail is void.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FLUE_API __attribute__((visibility("default")))

/** Version of every shared layout of include/flue. A reader that finds another number refuses. */
#define FLUE_ABI_VERSION 1

/** Size of the unit in which two cores share memory, bytes. */
#define FLUE_CACHE_LINE 64

/**
 * A reference that both languages can follow: region id in the upper 16 bits, byte offset in the
 * lower 48. 0 is NULL. It is never an address. Region id 0 does not exist.
 */
typedef uint64_t flue_ref;

#define FLUE_REF_NULL        ((flue_ref)0)
#define FLUE_REF_OFFSET_BITS 48
#define FLUE_REF_OFFSET_MASK ((UINT64_C(1) << FLUE_REF_OFFSET_BITS) - 1)

/** Number of regions a process can have at a time; region ids are 1..FLUE_MAX_REGIONS-1. */
#define FLUE_MAX_REGIONS 1024

static inline flue_ref
flue_ref_make(uint32_t region, uint64_t offset)
{
	return ((uint64_t)region << FLUE_REF_OFFSET_BITS) | (offset & FLUE_REF_OFFSET_MASK);
}

static inline uint32_t
flue_ref_region(flue_ref ref)
{
	return (uint32_t)(ref >> FLUE_REF_OFFSET_BITS);
}

static inline uint64_t
flue_ref_offset(flue_ref ref)
{
	return ref & FLUE_REF_OFFSET_MASK;
}

/**
 * Completion and verdict codes. The numbers are those of NDIS where it has one
 * (chimney rules, section 9).
 */
enum flue_status {
	FLUE_STATUS_SUCCESS = 0x00000000,
	FLUE_STATUS_PENDING = 0x00000103,
	FLUE_STATUS_OFFLOAD_PARTIAL_SUCCESS = 0x40020004,
	FLUE_STATUS_OFFLOAD_STATE_INVALID = 0x40020005,
	FLUE_STATUS_FAILURE = (int)0xC0000001,
	FLUE_STATUS_RESOURCES = (int)0xC000009A,
	FLUE_STATUS_NOT_SUPPORTED = (int)0xC00000BB,
	FLUE_STATUS_INVALID_STATE = (int)0xC0000184,
	FLUE_STATUS_REQUEST_ABORTED = (int)0xC001000C,
	FLUE_STATUS_UPLOAD_IN_PROGRESS = (int)0xC0231001,
	FLUE_STATUS_REQUEST_UPLOAD = (int)0xC0231002,
	FLUE_STATUS_UPLOAD_REQUESTED = (int)0xC0231003,
	FLUE_STATUS_OFFLOAD_TCP_ENTRIES = (int)0xC0231004,
	FLUE_STATUS_OFFLOAD_PATH_ENTRIES = (int)0xC0231005,
	FLUE_STATUS_OFFLOAD_NEIGHBOR_ENTRIES = (int)0xC0231006,
	FLUE_STATUS_OFFLOAD_IP_ADDRESS_ENTRIES = (int)0xC0231007,
	FLUE_STATUS_OFFLOAD_HW_ADDRESS_ENTRIES = (int)0xC0231008,
	FLUE_STATUS_OFFLOAD_VLAN_ENTRIES = (int)0xC0231009,
	FLUE_STATUS_OFFLOAD_TCP_XMIT_BUFFER = (int)0xC023100A,
	FLUE_STATUS_OFFLOAD_TCP_RCV_BUFFER = (int)0xC023100B,
	FLUE_STATUS_OFFLOAD_TCP_RCV_WINDOW = (int)0xC023100C,
	FLUE_STATUS_OFFLOAD_VLAN_MISMATCH = (int)0xC023100D,
	FLUE_STATUS_OFFLOAD_DATA_NOT_ACCEPTED = (int)0xC023100E,
	FLUE_STATUS_OFFLOAD_POLICY = (int)0xC023100F,
	FLUE_STATUS_OFFLOAD_DATA_PARTIALLY_ACCEPTED = (int)0xC0231010,
	FLUE_STATUS_OFFLOAD_REQUEST_RESET = (int)0xC0231011,
	FLUE_STATUS_OFFLOAD_CONNECTION_REJECTED = (int)0xC0231012,
	/** No number is published for this one; ours lies outside the NDIS range. */
	FLUE_STATUS_OFFLOAD_PATH_MTU = (int)0xE0F10001,
};

/** Library version, "major.minor.patch". Never NULL; owned by the library. */
FLUE_API const char *flue_version(void);

/**
 * Every offset, size and constant that Java must agree on, one "name=value" a line, '\n' between.
 * The Java tests compare their own numbers with these. Owned by the library.
 */
FLUE_API const char *flue_layout_describe(void);

#ifdef __cplusplus
}
#endif

#endif /* FLUE_TYPES_H */
