/* SPDX-License-Identifier: Apache-2.0 */

/* Payload lent to a NIC without a link. Its rings may stand still until the link is back, or for ever
 * when it was pulled, and whoever has lent something waits: sends do not complete, a connection cannot
 * be given back. So what is in the rings is recalled: pollers keep off the device, say so, and a thread
 * stops its transmit queues, which frees what is in them, and starts them again. What is to be sent
 * meanwhile is lost, as on any cable without a link. */

#include <signal.h>
#include <time.h>

#include "port/dpdk/dpdk.h"

#define REST_NANO 500000 /* of the thread, between two looks at the pollers */

/** Of the thread that recalls. */
enum {
	RECALL_NONE,
	RECALL_RUNS,
	RECALL_ENDS /* is to be joined */
};

void
dpdk_keep_off(struct dpdk_device *device)
{
	uint32_t none = 0;

	(void)atomic_compare_exchange_strong(
			&device->still, &none, atomic_fetch_add(&device->requests, 2) | 1);
}

static bool
all_keep_off(struct dpdk_device *device)
{
	uint32_t still = atomic_load(&device->still);
	uint16_t i;

	for (i = 0; i < device->queues; i++)
		if (device->ports[i] != NULL && atomic_load_explicit(&device->ports[i]->stands,
								memory_order_acquire) != still)
			return false;
	return true;
}

static bool
is_lent(const struct dpdk_port *port)
{
	return port != NULL && rte_mempool_in_use_count(port->pool->ext) > 0;
}

static bool
any_lent(const struct dpdk_device *device)
{
	uint16_t i;

	for (i = 0; i < device->queues; i++)
		if (is_lent(device->ports[i]))
			return true;
	return false;
}

/** All of it, for a device whose queues cannot be stopped one by one. One that does not start again is
 *  as good as gone: closing and opening it is what is left. */
static void
restart(struct dpdk_device *device, bool gone)
{
	struct rte_eth_dev_info info;

	dpdk_flows_halt(device);
	(void)rte_eth_dev_stop(device->id);
	device->stopped = gone || rte_eth_dev_start(device->id) < 0;
	if (device->stopped)
		atomic_store(&device->link, DPDK_GONE);
	else if (rte_eth_dev_info_get(device->id, &info) == 0)
		dpdk_rss_start(device, &info);
	device->restarts++;
	dpdk_flows_resume(device);
}

/** Nobody uses the device. */
static void
recall(struct dpdk_device *device)
{
	bool gone = atomic_load(&device->link) == DPDK_GONE;
	bool whole = false;
	uint16_t i;

	if (atomic_load(&device->released))
		return;
	for (i = 0; i < device->queues; i++) {
		if (!is_lent(device->ports[i]) || rte_eth_dev_tx_queue_stop(device->id, i) < 0)
			continue;
		whole |= !gone && rte_eth_dev_tx_queue_start(device->id, i) < 0;
	}
	if (whole || any_lent(device))
		restart(device, gone);
}

static void *
run(void *arg)
{
	const struct timespec rest = { .tv_nsec = REST_NANO };
	struct dpdk_device *device = arg;
	bool end = false;

	/* What a driver has to say of a device without a link nobody has asked for. */
	dpdk_log_silence();
	while (!end) {
		pthread_mutex_lock(&device->control);
		/* A link that is back sends all of it. */
		end = device->recall_end;
		if (!end && atomic_load(&device->link) == DPDK_UP) {
			device->recalled = 0;
			end = true;
		} else if (!end && all_keep_off(device)) {
			recall(device);
			end = true;
		}
		pthread_mutex_unlock(&device->control);
		if (!end)
			(void)nanosleep(&rest, NULL);
	}
	atomic_store(&device->recall, RECALL_ENDS);
	return NULL;
}

/** With no signal: those are for the threads of the program. */
static bool
thread_start(struct dpdk_device *device)
{
	sigset_t all;
	sigset_t before;
	int rc;

	sigfillset(&all);
	(void)pthread_sigmask(SIG_BLOCK, &all, &before);
	atomic_store(&device->recall, RECALL_RUNS);
	rc = pthread_create(&device->recaller, NULL, run, device);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc != 0)
		atomic_store(&device->recall, RECALL_NONE);
	return rc == 0;
}

void
dpdk_recall(struct dpdk_device *device)
{
	uint8_t link = atomic_load(&device->link);

	if (atomic_load(&device->recall) == RECALL_RUNS)
		return;
	if (atomic_load(&device->recall) == RECALL_ENDS) {
		(void)pthread_join(device->recaller, NULL);
		atomic_store(&device->recall, RECALL_NONE);
	}
	if (link == DPDK_UP) {
		atomic_store(&device->still, 0);
		/* It may have gone just now. */
		if (atomic_load(&device->link) == DPDK_GONE)
			dpdk_keep_off(device);
		return;
	}
	if (device->dma == NULL && link != DPDK_GONE)
		return; /* nothing lent stays there */
	dpdk_keep_off(device);
	if (device->dma != NULL && device->recalled != atomic_load(&device->still) &&
			thread_start(device))
		device->recalled = atomic_load(&device->still);
}

void
dpdk_recall_end(struct dpdk_device *device)
{
	pthread_mutex_lock(&device->control);
	device->recall_end = true;
	pthread_mutex_unlock(&device->control);
	if (atomic_load(&device->recall) != RECALL_NONE)
		(void)pthread_join(device->recaller, NULL);
	atomic_store(&device->recall, RECALL_NONE);
}
