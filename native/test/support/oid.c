/* SPDX-License-Identifier: Apache-2.0 */

#include "support/oid.h"

#include <string.h>

struct oid_request
oid_request_new(struct harness *h, uint32_t oid, uint32_t type, const void *data, uint32_t length)
{
	struct oid_request q;
	flue_ref buffer;

	q.r = java_alloc(h, sizeof(*q.r), &q.ref);
	q.buffer = java_alloc(h, 128, &buffer);
	*q.r = (struct flue_oid_request){ .oid = oid,
		.type = type,
		.status = 0x77777777,
		.length = length,
		.information = buffer,
		.source_handle = 0x5053,
		.im_reserved = { 0x494d, 1 },
		.protocol_reserved = { 0x5052, 2 } };
	if (data != NULL)
		memcpy(q.buffer, data, length < 128 ? length : 128);
	return q;
}

/** Submit and take its completion. @return status */
uint32_t
oid_ask(struct harness *h, struct oid_request *q)
{
	struct flue_up up;

	submit(h, FLUE_SUB_OID_REQUEST, 0, q->ref, 0, 0);
	poll_engine(h);
	do {
		assert_true(up_next(h, &up));
	} while (up.op != FLUE_UP_OID_REQUEST_COMPLETE);
	assert_true(up.ref == q->ref);
	assert_true(q->r->source_handle == 0x5053 && q->r->im_reserved[0] == 0x494d);
	assert_true(q->r->protocol_reserved[1] == 2);
	return q->r->status;
}

uint32_t
oid_query(struct harness *h, uint32_t oid, void *into, uint32_t bytes)
{
	struct oid_request q = oid_request_new(h, oid, FLUE_OID_REQUEST_QUERY, NULL, 128);
	uint32_t status = oid_ask(h, &q);

	if (status == FLUE_STATUS_SUCCESS)
		assert_int_equal(q.r->length, bytes);
	memcpy(into, q.buffer, bytes);
	return status;
}

uint32_t
oid_set(struct harness *h, uint32_t oid, const void *what, uint32_t bytes)
{
	struct oid_request q = oid_request_new(h, oid, FLUE_OID_REQUEST_SET, what, bytes);

	return oid_ask(h, &q);
}

struct flue_tcp_connection_offload
oid_config(struct harness *h)
{
	struct flue_tcp_connection_offload c;

	assert_int_equal(
			oid_query(h, FLUE_OID_TCP_CONNECTION_OFFLOAD_CURRENT_CONFIG, &c, sizeof(c)),
			FLUE_STATUS_SUCCESS);
	return c;
}
