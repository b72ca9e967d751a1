/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_TEST_OID_H
#define FLUE_TEST_OID_H

/** @file OID requests of the harness's host. */

#include "support/harness.h"

struct oid_request {
	struct flue_oid_request *r;
	uint8_t *buffer;
	flue_ref ref;
};

/** With a buffer of 128 bytes, of which `length` are named; not submitted. */
struct oid_request
oid_request_new(struct harness *h, uint32_t oid, uint32_t type, const void *data, uint32_t length);
/** Submit and take its completion, which comes in the same pass. @return status */
uint32_t oid_ask(struct harness *h, struct oid_request *q);
/** `bytes` are expected. @return status */
uint32_t oid_query(struct harness *h, uint32_t oid, void *into, uint32_t bytes);
uint32_t oid_set(struct harness *h, uint32_t oid, const void *what, uint32_t bytes);
struct flue_tcp_connection_offload oid_config(struct harness *h);

#endif /* FLUE_TEST_OID_H */
