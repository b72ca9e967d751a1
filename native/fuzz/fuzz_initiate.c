/* SPDX-License-Identifier: Apache-2.0 */

/* Block lists, NBLs and submissions of any content. Input: bytes that are laid over the host's
 * memory, in which words that look like a region id are made to fit, then submissions. */

#include "support/fuzz.h"

/** Words with certain upper halves become references into the host's memory, tokens of what is
 *  offloaded and the heads of OID requests: without that nothing would ever resolve. */
static void
fix_references(struct fuzz *f, const uint64_t *tokens, uint64_t bytes)
{
	static const uint32_t oids[] = { (uint32_t)FLUE_OID_TCP4_OFFLOAD_STATS,
		(uint32_t)FLUE_OID_IP6_OFFLOAD_STATS, (uint32_t)FLUE_OID_TCP_OFFLOAD_PARAMETERS,
		(uint32_t)FLUE_OID_TCP_CONNECTION_OFFLOAD_CURRENT_CONFIG,
		(uint32_t)FLUE_OID_TCP_CONNECTION_OFFLOAD_PARAMETERS,
		(uint32_t)FLUE_OID_PNP_SET_POWER };
	uint64_t i;

	for (i = 0; i + 8 <= bytes; i += 8) {
		uint64_t w;

		memcpy(&w, f->base + i, 8);
		if (w >> 48 == 0x4a)
			w = fuzz_ref(f, w % FUZZ_JAVA);
		else if (w >> 48 == 0x4b)
			w = tokens[w % 3];
		else if (w >> 48 == 0x4c)
			w = oids[(w & 0xff) % 6] | (w & UINT64_C(0x100000000));
		else
			continue;
		memcpy(f->base + i, &w, 8);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz *f;
	uint64_t tokens[3];
	uint64_t token;
	int i;

	if (size < 16)
		return 0;
	f = fuzz_new(NULL);
	token = fuzz_connect(f, data[0] & 1);
	for (i = 0; i < 3; i++)
		memcpy(&tokens[i], f->base + 2048 + 64 * i, 8);
	if (data[0] & 2)
		f->e->params.nce_stale_ticks = 1;
	/* The first 16 bytes say what is submitted, the rest is memory. */
	memcpy(f->base + (data[1] & 1 ? 0 : 4096), data + 16,
			size - 16 < 65536 ? size - 16 : 65536);
	fix_references(f, tokens, 65536);
	for (i = 0; i < 6; i++) {
		uint32_t op = data[2 + 2 * i] % 17;
		uint64_t at = (uint64_t)data[3 + 2 * i] * 64;
		uint64_t t = data[14] & (1 << i) ? token : token + data[15];

		fuzz_submit(f, op, t, fuzz_ref(f, at), data[14] & 3, data[15]);
		fuzz_poll(f, 1000000);
	}
	for (i = 0; i < 20; i++)
		fuzz_poll(f, 100000000);
	fuzz_free(f);
	return 0;
}
