/* SPDX-License-Identifier: Apache-2.0 */

#include "port/dpdk/flow.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_flow.h>

#include "port/dpdk/dpdk.h"

#define LOOKS     64      /* for a rule that is free */
#define REST_NANO 100000  /* of the thread, when there was something to do lately */
#define IDLE_NANO 2000000 /* else */
#define LATELY    50      /* rests */

/** Of a device. The thread holds the mutex while it works, and so does whoever changes the ports. */
struct dpdk_flows {
	pthread_t thread;
	pthread_mutex_t mutex;
	struct dpdk_port *ports[DPDK_MAX_QUEUES];
	uint16_t id;
	_Atomic bool end;
	bool cut;          /* the device is not to be asked any more */
	bool ip6;          /* it takes rules of IPv6; of IPv4 it does, or there is none of this */
	uint32_t priority; /* that it takes */
	uint32_t made;     /* rules it has */
	uint32_t most;     /* it has refused one more */
};

static void
count(struct dpdk_port *port, enum flue_port_counter which)
{
	__atomic_fetch_add(&port->base.counts[which], 1, __ATOMIC_RELAXED);
}

/* ---- The poller's side ------------------------------------------------------------------------- */

static void
ask(struct dpdk_rules *rules, uint32_t place)
{
	uint32_t tail = atomic_load_explicit(&rules->tail, memory_order_relaxed);

	rules->ring[tail % RTE_DIM(rules->ring)] = (uint16_t)place;
	atomic_store_explicit(&rules->tail, tail + 1, memory_order_release);
}

uint32_t
dpdk_steer(struct flue_port *base, const struct flue_port_flow *flow)
{
	struct dpdk_port *port = (struct dpdk_port *)base;
	struct dpdk_rules *rules = port->rules;
	unsigned i;

	/* Of the ring one half is for what makes, so that there is always room for what removes. */
	if (rules != NULL &&
			atomic_load_explicit(&rules->tail, memory_order_relaxed) -
							atomic_load_explicit(&rules->head,
									memory_order_acquire) >=
					DPDK_RULES)
		rules = NULL;
	for (i = 0; rules != NULL && i < LOOKS; i++) {
		uint32_t place = rules->next++ % DPDK_RULES;
		struct dpdk_rule *rule = &rules->rule[place];

		if (atomic_load_explicit(&rule->state, memory_order_acquire) != DPDK_RULE_FREE)
			continue;
		rule->flow = *flow;
		rule->generation++;
		/* An entry of the ring that has not been looked at may be of this place, too. */
		atomic_store_explicit(&rule->state, DPDK_RULE_WANTED, memory_order_release);
		ask(rules, place);
		return (uint32_t)rule->generation << 16 | (place + 1);
	}
	count(port, FLUE_PORT_RULES_REFUSED);
	return 0;
}

bool
dpdk_unsteer(struct flue_port *base, uint32_t name)
{
	struct dpdk_rules *rules = ((struct dpdk_port *)base)->rules;
	uint32_t place = (name & 0xffff) - 1;
	struct dpdk_rule *rule;
	uint32_t state;

	if (rules == NULL || place >= DPDK_RULES)
		return true;
	rule = &rules->rule[place];
	if (rule->generation != name >> 16)
		return true;
	state = atomic_load_explicit(&rule->state, memory_order_acquire);
	while (state == DPDK_RULE_WANTED || state == DPDK_RULE_MADE) {
		if (!atomic_compare_exchange_weak(&rule->state, &state, DPDK_RULE_UNWANTED))
			continue;
		ask(rules, place);
		return false;
	}
	return state == DPDK_RULE_FREE;
}

/* ---- What the device is asked ------------------------------------------------------------------ */

struct request {
	struct rte_flow_attr attr;
	struct rte_flow_item_ipv4 ip4;
	struct rte_flow_item_ipv4 ip4_mask;
	struct rte_flow_item_ipv6 ip6;
	struct rte_flow_item_ipv6 ip6_mask;
	struct rte_flow_item_tcp tcp;
	struct rte_flow_item_tcp tcp_mask;
	struct rte_flow_action_queue queue;
	struct rte_flow_item pattern[4];
	struct rte_flow_action actions[2];
};

static void
request_fill(struct request *r, const struct dpdk_flows *flows, const struct flue_port_flow *flow,
		uint16_t queue)
{
	memset(r, 0, sizeof(*r));
	r->attr.ingress = 1;
	r->attr.priority = flows->priority;
	r->pattern[0].type = RTE_FLOW_ITEM_TYPE_ETH;
	if (flow->ip6) {
		memcpy(r->ip6.hdr.src_addr, flow->remote, 16);
		memcpy(r->ip6.hdr.dst_addr, flow->local, 16);
		memset(r->ip6_mask.hdr.src_addr, 0xff, 16);
		memset(r->ip6_mask.hdr.dst_addr, 0xff, 16);
		r->ip6.hdr.proto = IPPROTO_TCP;
		r->ip6_mask.hdr.proto = 0xff;
		r->pattern[1] = (struct rte_flow_item){
			.type = RTE_FLOW_ITEM_TYPE_IPV6, .spec = &r->ip6, .mask = &r->ip6_mask
		};
	} else {
		memcpy(&r->ip4.hdr.src_addr, flow->remote, 4);
		memcpy(&r->ip4.hdr.dst_addr, flow->local, 4);
		memset(&r->ip4_mask.hdr.src_addr, 0xff, 4);
		memset(&r->ip4_mask.hdr.dst_addr, 0xff, 4);
		r->ip4.hdr.next_proto_id = IPPROTO_TCP;
		r->ip4_mask.hdr.next_proto_id = 0xff;
		r->pattern[1] = (struct rte_flow_item){
			.type = RTE_FLOW_ITEM_TYPE_IPV4, .spec = &r->ip4, .mask = &r->ip4_mask
		};
	}
	r->tcp.hdr.src_port = flow->remote_port;
	r->tcp.hdr.dst_port = flow->local_port;
	r->tcp_mask.hdr.src_port = UINT16_MAX;
	r->tcp_mask.hdr.dst_port = UINT16_MAX;
	r->pattern[2] = (struct rte_flow_item){
		.type = RTE_FLOW_ITEM_TYPE_TCP, .spec = &r->tcp, .mask = &r->tcp_mask
	};
	r->pattern[3].type = RTE_FLOW_ITEM_TYPE_END;
	r->queue.index = queue;
	r->actions[0] = (struct rte_flow_action){ .type = RTE_FLOW_ACTION_TYPE_QUEUE,
		.conf = &r->queue };
	r->actions[1].type = RTE_FLOW_ACTION_TYPE_END;
}

static bool
takes(const struct dpdk_flows *flows, bool ip6)
{
	const struct flue_port_flow some = { .remote = { 198, 18, 0, 1 },
		.local = { 198, 18, 0, 2 },
		.remote_port = RTE_BE16(1025),
		.local_port = RTE_BE16(80),
		.ip6 = ip6 };
	struct rte_flow_error error;
	struct request r;

	request_fill(&r, flows, &some, 0);
	return rte_flow_validate(flows->id, &r.attr, r.pattern, r.actions, &error) == 0;
}

static void
make(struct dpdk_flows *flows, struct dpdk_port *port, struct dpdk_rule *rule)
{
	uint32_t wanted = DPDK_RULE_WANTED;
	struct rte_flow_error error;
	struct request r;

	/* One that is full is asked again when it has less. */
	if (!flows->cut && flows->made < flows->most && (!rule->flow.ip6 || flows->ip6)) {
		request_fill(&r, flows, &rule->flow, port->queue);
		rule->made = rte_flow_create(flows->id, &r.attr, r.pattern, r.actions, &error);
		if (rule->made != NULL)
			flows->made++;
		else
			flows->most = flows->made;
	}
	count(port, rule->made != NULL ? FLUE_PORT_RULES_MADE : FLUE_PORT_RULES_REFUSED);
	/* Where it is not wanted any more, that comes next. */
	(void)atomic_compare_exchange_strong(&rule->state, &wanted,
			rule->made != NULL ? DPDK_RULE_MADE : DPDK_RULE_FREE);
}

static void
unmake(struct dpdk_flows *flows, struct dpdk_port *port, struct dpdk_rule *rule)
{
	struct rte_flow_error error;

	if (rule->made != NULL) {
		if (!flows->cut)
			(void)rte_flow_destroy(flows->id, rule->made, &error);
		rule->made = NULL;
		flows->made--;
		flows->most = UINT32_MAX;
		count(port, FLUE_PORT_RULES_REMOVED);
	}
	atomic_store_explicit(&rule->state, DPDK_RULE_FREE, memory_order_release);
}

/* ---- The thread -------------------------------------------------------------------------------- */

/** @return whether there was something to do */
static bool
work(struct dpdk_flows *flows, struct dpdk_port *port)
{
	struct dpdk_rules *rules = port->rules;
	uint32_t head = atomic_load_explicit(&rules->head, memory_order_relaxed);
	const uint32_t tail = atomic_load_explicit(&rules->tail, memory_order_acquire);
	const bool some = head != tail;

	for (; head != tail; head++) {
		struct dpdk_rule *rule = &rules->rule[rules->ring[head % RTE_DIM(rules->ring)]];
		uint32_t state = atomic_load_explicit(&rule->state, memory_order_acquire);

		if (state == DPDK_RULE_WANTED)
			make(flows, port, rule);
		else if (state == DPDK_RULE_UNWANTED)
			unmake(flows, port, rule);
		/* Else it was not wanted any more before it was made: done at the first look. */
	}
	atomic_store_explicit(&rules->head, head, memory_order_release);
	return some;
}

static void *
run(void *arg)
{
	struct dpdk_flows *flows = arg;
	struct timespec rest = { 0 };
	unsigned idle = 0;
	unsigned i;

	/* Drivers complain of each rule that they have no room for. */
	dpdk_log_silence();
	while (!atomic_load(&flows->end)) {
		bool some = false;

		pthread_mutex_lock(&flows->mutex);
		for (i = 0; i < DPDK_MAX_QUEUES; i++)
			if (flows->ports[i] != NULL)
				some |= work(flows, flows->ports[i]);
		pthread_mutex_unlock(&flows->mutex);
		idle = some ? 0 : idle + 1;
		rest.tv_nsec = idle < LATELY ? REST_NANO : IDLE_NANO;
		(void)nanosleep(&rest, NULL);
	}
	return NULL;
}

/** With no signal: those are for the threads of the program. */
static bool
thread_start(struct dpdk_flows *flows)
{
	sigset_t all;
	sigset_t before;
	int rc;

	sigfillset(&all);
	(void)pthread_sigmask(SIG_BLOCK, &all, &before);
	rc = pthread_create(&flows->thread, NULL, run, flows);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc == 0;
}

/* ---- Begin and end (control path) -------------------------------------------------------------- */

/** Some want a number, of which the smallest there is does. */
static bool
flows_probe(struct dpdk_flows *flows)
{
	for (flows->priority = 0; flows->priority < 2; flows->priority++) {
		flows->ip6 = takes(flows, true);
		if (takes(flows, false))
			return true;
	}
	return false;
}

static void
flows_free(struct dpdk_device *device)
{
	uint16_t i;

	for (i = 0; i < device->queues; i++) {
		if (device->ports[i] == NULL)
			continue;
		free(device->ports[i]->rules);
		device->ports[i]->rules = NULL;
	}
	pthread_mutex_destroy(&device->flows->mutex);
	free(device->flows);
	device->flows = NULL;
}

void
dpdk_flows_begin(struct dpdk_device *device, uint32_t offloads_off)
{
	struct dpdk_flows *flows = calloc(1, sizeof(*flows));
	bool there = flows != NULL;
	uint16_t i;

	if (!there || device->queues == 1) {
		free(flows);
		return;
	}
	device->flows = flows;
	pthread_mutex_init(&flows->mutex, NULL);
	flows->id = device->id;
	flows->most = UINT32_MAX;
	if (!flows_probe(flows)) {
		flows_free(device);
		return;
	}
	for (i = 0; i < device->queues; i++) {
		struct dpdk_port *port = device->ports[i];

		port->base.offered |= FLUE_PORT_FLOW_RULES;
		port->rules = calloc(1, sizeof(*port->rules));
		there = there && port->rules != NULL;
		flows->ports[i] = port;
	}
	if (!there || (offloads_off & FLUE_PORT_FLOW_RULES) || !thread_start(flows)) {
		flows_free(device);
		return;
	}
	for (i = 0; i < device->queues; i++)
		device->ports[i]->base.offloads |= FLUE_PORT_FLOW_RULES;
}

void
dpdk_flows_leave(struct dpdk_port *port)
{
	struct dpdk_flows *flows = port->device->flows;
	uint32_t i;

	if (flows == NULL)
		return;
	pthread_mutex_lock(&flows->mutex);
	for (i = 0; i < DPDK_RULES; i++)
		unmake(flows, port, &port->rules->rule[i]);
	flows->ports[port->queue] = NULL;
	pthread_mutex_unlock(&flows->mutex);
	free(port->rules);
	port->rules = NULL;
}

void
dpdk_flows_halt(struct dpdk_device *device)
{
	struct dpdk_flows *flows = device->flows;
	uint32_t i;
	uint16_t q;

	if (flows == NULL)
		return;
	pthread_mutex_lock(&flows->mutex);
	for (q = 0; q < device->queues; q++)
		for (i = 0; flows->ports[q] != NULL && i < DPDK_RULES; i++)
			if (flows->ports[q]->rules->rule[i].made != NULL)
				unmake(flows, flows->ports[q], &flows->ports[q]->rules->rule[i]);
}

void
dpdk_flows_resume(struct dpdk_device *device)
{
	if (device->flows != NULL)
		pthread_mutex_unlock(&device->flows->mutex);
}

void
dpdk_flows_end(struct dpdk_device *device)
{
	struct dpdk_flows *flows = device->flows;
	struct rte_flow_error error;

	if (flows == NULL)
		return;
	atomic_store(&flows->end, true);
	(void)pthread_join(flows->thread, NULL);
	if (!flows->cut)
		(void)rte_flow_flush(flows->id, &error);
	flows_free(device);
}

void
dpdk_flows_cut(struct dpdk_device *device)
{
	struct dpdk_flows *flows = device->flows;

	if (flows == NULL)
		return;
	pthread_mutex_lock(&flows->mutex);
	flows->cut = true;
	pthread_mutex_unlock(&flows->mutex);
}
