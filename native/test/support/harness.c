/* SPDX-License-Identifier: Apache-2.0 */

#include "support/harness.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "observe/counters.h"
#include "support/fake_port.h"
#include "tcp/csum.h"

#define SUBS 256
#define UPS  256

bool
harness_ip6(void)
{
	const char *version = getenv("FLUE_TEST_IP");

	return version != NULL && version[0] == '6';
}

void
only_ip4(const char *reason)
{
	if (!harness_ip6())
		return;
	print_message("left out under IPv6: %s\n", reason);
	skip();
}

uint32_t
tcp_at(const struct conn *c)
{
	return c->ip6 ? 54 : 34;
}

struct flue_engine_config
harness_config(void)
{
	struct flue_engine_config config;

	flue_engine_config_default(&config);
	config.max_connections = 64;
	config.max_paths = 8;
	config.max_neighbors = 8;
	config.max_sends = 1024;
	config.max_receives = 64;
	config.max_frames = 512;
	config.max_receive_window = 1 << 20;
	config.seed = 7;
	config.congestion_control = FLUE_CC_RENO; /* its numbers are the round ones */
	return config;
}

flue_nic_memory *
nic_new(int64_t bytes, uint8_t **address)
{
	struct flue_nic_mapping *m = calloc(1, sizeof(*m));
	flue_nic_memory *nic;

	*m = (struct flue_nic_mapping){ .bytes = (uint64_t)bytes, .fd = -1 };
	m->base = mmap(NULL, m->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(m->base != MAP_FAILED);
	assert_int_equal(flue_nic_memory_create(&flue_nic_mapped_ops, m, bytes, "test", &nic), 0);
	if (address != NULL)
		*address = m->base;
	return nic;
}

struct harness *
harness_on(const struct flue_engine_config *config, flue_port *port, bool mirrored)
{
	struct flue_engine_config c = config != NULL ? *config : harness_config();
	struct harness *h = calloc(1, sizeof(*h));

	if (c.nic_memory == NULL && getenv("FLUE_TEST_NIC") != NULL)
		c.nic_memory = h->nic = nic_new(4 << 20, NULL);
	h->mirrored = mirrored;
	h->now = 5 * SEC;
	h->budget = 256;
	assert_int_equal(flue_engine_create(&c, port, &h->e), 0);
	/* An ACK for each segment, unless a test is about delaying them. */
	h->e->params.tcp_ack_frequency = 1;
	h->region = flue_engine_channel(h->e, SUBS, UPS);
	assert_true(h->region > 0);
	h->ch = flue_region_at(h->region);
	h->subs = (struct flue_submission *)((uint8_t *)h->ch + h->ch->sub_offset);
	h->ups = (struct flue_up *)((uint8_t *)h->ch + h->ch->up_offset);
	h->java = flue_region_create(FLUE_REGION_HEAP, JAVA_BYTES);
	h->java_base = flue_region_at(h->java);
	h->java_used = 64;
	return h;
}

struct harness *
harness_new(const struct flue_engine_config *config, uint32_t caps)
{
	struct fake_port *port = fake_port_new(1024, caps);
	struct harness *h = harness_on(config, &port->port, false);

	h->port = port;
	return h;
}

void
harness_discard(struct harness *h)
{
	flue_engine_destroy(h->e);
	assert_int_equal(flue_nic_memory_close(h->nic), 0);
	if (h->port != NULL)
		fake_port_free(h->port);
	flue_region_release(h->java);
	free(h);
}

void
harness_at_rest(struct harness *h)
{
	int i;

	if (h->path != NULL) {
		h->path_block->header.type = FLUE_STATE_NONE;
		h->path_block->dependent_block_list = FLUE_REF_NULL;
		submit(h, FLUE_SUB_TERMINATE, 0, h->path_ref, 0, 0);
		poll_engine(h);
		assert_int_equal(h->path_block->status, FLUE_STATUS_SUCCESS);
		h->path = NULL;
	}
	if (h->neighbor != NULL) {
		h->neighbor_block->header.type = FLUE_STATE_NONE;
		h->neighbor_block->dependent_block_list = FLUE_REF_NULL;
		submit(h, FLUE_SUB_TERMINATE, 0, h->neighbor_ref, 0, 0);
		poll_engine(h);
		assert_int_equal(h->neighbor_block->status, FLUE_STATUS_SUCCESS);
		h->neighbor = NULL;
	}
	for (i = 0; i <= 13; i++)
		assert_int_equal(flue_engine_held(h->e, i), 0);
	assert_int_equal(h->e->port->held, 0);
	assert_int_equal(h->e->slabs.port.held, 0);
}

void
harness_free(struct harness *h)
{
	harness_at_rest(h);
	harness_discard(h);
}

void *
java_alloc(struct harness *h, uint64_t bytes, flue_ref *ref)
{
	void *at = h->java_base + h->java_used;

	if (ref != NULL)
		*ref = flue_ref_make((uint32_t)h->java, h->java_used);
	h->java_used += (bytes + 63) & ~UINT64_C(63);
	assert_true(h->java_used <= JAVA_BYTES);
	return at;
}

void *
java_at(struct harness *h, flue_ref ref)
{
	assert_int_equal(flue_ref_region(ref), h->java);
	return h->java_base + flue_ref_offset(ref);
}

/* ---- Channel -------------------------------------------------------------------------------- */

void
submit(struct harness *h, uint32_t op, uint64_t token, flue_ref ref, uint32_t arg0, uint64_t arg1)
{
	struct flue_submission *s = &h->subs[h->ch->sub_tail & (SUBS - 1)];

	assert_true(h->ch->sub_tail - h->ch->sub_head < SUBS);
	*s = (struct flue_submission){
		.op = op, .arg0 = arg0, .token = token, .ref = ref, .arg1 = arg1
	};
	h->ch->sub_tail++;
	if (op == FLUE_SUB_FORWARD)
		h->ch->newest_forward = h->ch->sub_tail;
}

/** Reachability queries are answered "do not ask again for a while", and nobody else sees them. */
static void
answer_queries(struct harness *h)
{
	uint64_t at;
	uint64_t i;

	if (h->ch->up_tail - h->ch->up_head > UPS)
		return; /* a test plays with the heads */
	for (at = h->ch->up_head; at != h->ch->up_tail; at++) {
		struct flue_up up = h->ups[at & (UPS - 1)];

		if (up.op != FLUE_UP_OFFLOAD_EVENT)
			continue;
		submit(h, FLUE_SUB_OFFLOAD_EVENT_VERDICT, up.arg1, up.ref, 0, 0);
		memset((uint8_t *)flue_ref_at(up.ref, 320) + FLUE_NEIGHBOR_CACHED_AT, 0, 44);
		for (i = at; i != h->ch->up_head; i--)
			h->ups[i & (UPS - 1)] = h->ups[(i - 1) & (UPS - 1)];
		h->ch->up_head++;
	}
}

int
poll_engine(struct harness *h)
{
	int work = flue_engine_poll(h->e, h->now, h->budget);

	assert_true(work >= 0);
	if (!h->queries)
		answer_queries(h);
	return work;
}

int
pass_after(struct harness *h, int64_t ns)
{
	h->now += ns;
	return poll_engine(h);
}

bool
up_next(struct harness *h, struct flue_up *up)
{
	if (h->ch->up_head == h->ch->up_tail)
		return false;
	*up = h->ups[h->ch->up_head & (UPS - 1)];
	h->ch->up_head++;
	return true;
}

struct flue_up
up_expect(struct harness *h, uint32_t op)
{
	struct flue_up up;

	assert_true(up_next(h, &up));
	assert_int_equal(up.op, op);
	return up;
}

void
up_none(struct harness *h)
{
	assert_int_equal(h->ch->up_tail - h->ch->up_head, 0);
}

int64_t
counter(struct harness *h, enum flue_counter id)
{
	return (int64_t)h->e->ctr[id];
}

/* ---- Trees ---------------------------------------------------------------------------------- */

flue_ref
block_new(struct harness *h, uint8_t type, struct flue_offload_handle **handle,
		struct flue_miniport_offload_block_list **block)
{
	flue_ref handle_ref;
	flue_ref ref;

	*handle = java_alloc(h, sizeof(**handle), &handle_ref);
	*block = java_alloc(h, FLUE_BLOCK_BYTES, &ref);
	(*block)->header.type = type;
	(*block)->header.revision = 1;
	(*block)->header.size = FLUE_BLOCK_LIST_BYTES;
	(*block)->miniport_offload_context = handle_ref + 8;
	(*block)->ndis_offload_handle = handle_ref;
	(*block)->status = 0x77777777;
	(*block)->source_handle = 0x5053;
	(*block)->im_reserved[0] = 0x494d;
	(*block)->protocol_reserved[1] = 0x5052;
	return ref;
}

void
neighbor_new(struct harness *h)
{
	struct flue_neighbor_cached *cached;

	h->neighbor_ref = block_new(h, FLUE_STATE_NEIGHBOR, &h->neighbor, &h->neighbor_block);
	cached = (struct flue_neighbor_cached *)((uint8_t *)h->neighbor_block +
						 FLUE_NEIGHBOR_CACHED_AT);
	memcpy(cached->dl_destination_address, h->mirrored ? OUR_MAC : PEER_MAC, 6);
}

void
path_new(struct harness *h, bool ip6)
{
	struct flue_path_const *c;
	struct flue_path_cached *cached;
	uint8_t *addresses;
	flue_ref ref;

	ip6 = ip6 || harness_ip6();
	h->path_ref = block_new(h, ip6 ? FLUE_STATE_IP6 : FLUE_STATE_IP4, &h->path, &h->path_block);
	addresses = java_alloc(h, 32, &ref);
	c = (struct flue_path_const *)((uint8_t *)h->path_block + FLUE_PATH_CONST_AT);
	cached = (struct flue_path_cached *)((uint8_t *)h->path_block + FLUE_PATH_CACHED_AT);
	if (ip6) {
		inet_pton(AF_INET6, "2001:db8::1", addresses);
		inet_pton(AF_INET6, "2001:db8::2", addresses + 16);
	} else {
		inet_pton(AF_INET, "198.18.0.1", addresses);
		inet_pton(AF_INET, "198.18.0.2", addresses + 16);
	}
	c->source_address = h->mirrored ? ref + 16 : ref;
	c->destination_address = h->mirrored ? ref : ref + 16;
	cached->path_mtu = harness_ip6() && h->e->port->mtu >= 1520 ? 1520 : 1500;
}

struct flue_tcp_const *
tcp_const(struct conn *c)
{
	return (struct flue_tcp_const *)((uint8_t *)c->block + FLUE_TCP_CONST_AT);
}

struct flue_tcp_cached *
tcp_cached(struct conn *c)
{
	return (struct flue_tcp_cached *)((uint8_t *)c->block + FLUE_TCP_CACHED_AT);
}

struct flue_tcp_delegated *
tcp_delegated(struct conn *c)
{
	return (struct flue_tcp_delegated *)((uint8_t *)c->block + FLUE_TCP_DELEGATED_AT);
}

struct flue_tcp_state_ext *
tcp_ext(struct conn *c)
{
	return (struct flue_tcp_state_ext *)((uint8_t *)c->block + FLUE_TCP_EXT_AT);
}

void
conn_block(struct harness *h, struct conn *c, uint32_t iss, uint32_t irs)
{
	static uint16_t ports = 40000;
	struct flue_tcp_delegated *d;
	bool ts = c->ts;
	bool ip6 = c->ip6 || harness_ip6();

	memset(c, 0, sizeof(*c));
	c->ts = ts;
	c->ip6 = ip6;
	c->block_ref = block_new(h, FLUE_STATE_TCP, &c->handle, &c->block);
	c->handle_ref = c->block->ndis_offload_handle;
	c->iss = iss;
	c->irs = irs;
	c->port = ports++;
	tcp_const(c)->remote_port = htons(h->mirrored ? 80 : c->port);
	tcp_const(c)->local_port = htons(h->mirrored ? c->port : 80);
	tcp_const(c)->remote_mss = 1460;
	tcp_const(c)->flags = ts ? FLUE_TCP_CONST_TIMESTAMPS : 0;
	tcp_cached(c)->initial_rcv_wnd = 65535;
	tcp_cached(c)->ttl_or_hop_limit = 57;
	d = tcp_delegated(c);
	d->state = FLUE_TCP_ESTABLISHED;
	d->rcv_nxt = irs;
	d->rcv_wnd = 65535;
	d->snd_una = d->snd_nxt = d->snd_max = iss;
	d->snd_wnd = 65535;
	d->max_snd_wnd = 65535;
	d->send_wl1 = irs - 1;
	d->cwnd = 14600;
	d->ssthresh = 0x7fffffff;
	d->srtt = 8 * 20;
	d->rttvar = 4 * 5;
	d->ts_recent = 1000;
	d->ts_time = 70000;
	d->ka_timeout_delta = FLUE_TIMER_STOPPED;
	d->retransmit_timeout_delta = FLUE_TIMER_STOPPED;
}

/** Link of an existing object, or the object itself when it is still new. */
static flue_ref
root_with(struct harness *h, flue_ref tcp)
{
	if (h->neighbor == NULL) {
		neighbor_new(h);
	}
	if (h->path == NULL)
		path_new(h, false);
	h->neighbor_block->dependent_block_list = h->path_ref;
	h->path_block->dependent_block_list = tcp;
	return h->neighbor_ref;
}

uint32_t
conn_initiate(struct harness *h, struct conn *c)
{
	flue_ref root = root_with(h, c->block_ref);
	struct flue_up up;
	int i;

	submit(h, FLUE_SUB_INITIATE, 0, root, 0, 0);
	for (i = 0; i < 4; i++) {
		poll_engine(h);
		if (up_next(h, &up)) {
			assert_int_equal(up.op, FLUE_UP_INITIATE_COMPLETE);
			assert_true(up.ref == root);
			break;
		}
	}
	assert_true(i < 4);
	c->token = c->handle->miniport_offload_context;
	return c->block->status;
}

void
connect_at(struct harness *h, struct conn *c, uint32_t iss, uint32_t irs)
{
	conn_block(h, c, iss, irs);
	assert_int_equal(conn_initiate(h, c), FLUE_STATUS_SUCCESS);
	assert_true(c->token != 0);
	pass_after(h, 200 * MS);
}

void
terminate_submit(struct harness *h, struct conn *c)
{
	c->block->header.type = FLUE_STATE_TCP;
	c->block->next_block = FLUE_REF_NULL;
	c->block->dependent_block_list = FLUE_REF_NULL;
	c->block->status = 0x77777777;
	tcp_delegated(c)->header.recognized_options = FLUE_STATE_OPTION_EXT;
	submit(h, FLUE_SUB_TERMINATE, 0, c->block_ref, 0, 0);
}

uint32_t
terminate(struct harness *h, struct conn *c)
{
	struct flue_up up;
	int i;

	terminate_submit(h, c);
	for (i = 0; i < 20; i++) {
		poll_engine(h);
		while (up_next(h, &up)) {
			if (up.op == FLUE_UP_RECEIVE_INDICATE) {
				submit(h, FLUE_SUB_VERDICT, up.arg1, up.ref, FLUE_STATUS_SUCCESS,
						0);
				submit(h, FLUE_SUB_RECEIVE_RETURN, 0, up.ref, 0, 0);
			} else if (up.op == FLUE_UP_FRAME) {
				submit(h, FLUE_SUB_FRAME_RETURN, 0, up.ref, 0, 0);
			} else if (up.op == FLUE_UP_TERMINATE_COMPLETE) {
				if (tcp_delegated(c)->buffered_data != 0)
					submit(h, FLUE_SUB_RECEIVE_RETURN, 0,
							tcp_delegated(c)->buffered_data, 0, 0);
				poll_engine(h);
				return c->block->status;
			}
		}
	}
	fail_msg("terminate did not complete");
	return 0;
}

void
finish(struct harness *h, struct conn *c)
{
	assert_int_equal(terminate(h, c), FLUE_STATUS_SUCCESS);
	harness_free(h);
}
