/* SPDX-License-Identifier: Apache-2.0 */

/* OID requests: statistics, capabilities, parameters (chimney section 8). */

#include "engine/parts.h"
#include "flue/flue_oid.h"

static uint32_t
answer(struct flue_oid_request *r)
{
	r->length = 0;
	return (uint32_t)FLUE_STATUS_NOT_SUPPORTED;
}

bool
flue_oid_request(struct flue_engine *e, struct flue_chan *ch, flue_ref ref)
{
	struct flue_oid_request *r =
			(ref & 7) ? NULL : flue_ref_at(ref, sizeof(struct flue_oid_request));

	if (!flue_up_fits(ch, 1))
		return false;
	if (r == NULL)
		flue_count(e, FLUE_CTR_BAD_SUBMISSIONS, 1);
	else
		r->status = answer(r);
	return flue_up_put(ch, FLUE_UP_OID_REQUEST_COMPLETE, 0, 0, ref, 0);
}
