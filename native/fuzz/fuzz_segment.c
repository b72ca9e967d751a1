/* SPDX-License-Identifier: Apache-2.0 */

/* Segments into an established connection. Input: records of {length u8, flags u8, TCP header from
 * sequence number on, payload}; the addresses are right, checksums are not looked at, and the first
 * flag bit moves sequence number and ACK next to those expected. */

#include "fuzz_support.h"
#include "tcp/bytes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
one(struct fuzz *f, const uint8_t *in, uint32_t len, uint8_t how)
{
	struct flue_pkt *pkt = fuzz_pkt_alloc(&f->port);
	uint8_t *p;

	if (pkt == NULL)
		return;
	p = pkt->data;
	memset(p, 0, 54);
	memcpy(p, f->port.mac, 6);
	memcpy(p + 6, "\x02\0\0\0\0\xbb", 6);
	p[12] = 8;
	p[14] = 0x45;
	flue_store16be(p + 16, (uint16_t)(24 + len));
	p[22] = 64;
	p[23] = 6;
	memcpy(p + 26, "\xc6\x12\0\x02\xc6\x12\0\x01", 8);
	flue_store16be(p + 34, 40000);
	flue_store16be(p + 36, 80);
	memcpy(p + 38, in, len);
	if ((how & 1) && len >= 8) {
		flue_store32be(p + 38, 0x1000 + in[3] - 4u);
		flue_store32be(p + 42, 0x2000 + in[7] - 4u);
	}
	pkt->len = (uint16_t)(38 + len);
	pkt->flags = FLUE_PKT_RX_CSUM_GOOD;
	f->rx = pkt;
	fuzz_poll(f, how & 2 ? 300000000 : 1000000);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz *f;
	uint64_t token;

	if (size < 1)
		return 0;
	f = fuzz_new();
	token = fuzz_connect(f, data[0] & 1);
	if (data[0] & 2) {
		struct flue_net_buffer_list *nbl = (struct flue_net_buffer_list *)(f->base + 32768);
		struct flue_net_buffer *nb = (struct flue_net_buffer *)(nbl + 1);
		struct flue_mdl *mdl = (struct flue_mdl *)(nb + 1);

		nbl->first_net_buffer = fuzz_ref(f, 32768 + 128);
		nb->current_mdl = nb->mdl_chain = fuzz_ref(f, 32768 + 192);
		nb->data_length = mdl->byte_count = 8000;
		mdl->data = fuzz_ref(f, 40000);
		fuzz_submit(f, FLUE_SUB_SEND, token, fuzz_ref(f, 32768), 0, 0);
	}
	data++;
	size--;
	while (size >= 2) {
		uint32_t len = data[0];
		uint8_t how = data[1];

		data += 2;
		size -= 2;
		if (len > size)
			len = (uint32_t)size;
		one(f, data, len, how);
		data += len;
		size -= len;
	}
	fuzz_submit(f, FLUE_SUB_TERMINATE, 0, fuzz_ref(f, 12288), 0, 0);
	fuzz_poll(f, 1000000);
	fuzz_poll(f, 1000000);
	fuzz_free(f);
	return 0;
}
