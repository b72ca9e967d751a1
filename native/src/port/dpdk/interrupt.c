/* SPDX-License-Identifier: Apache-2.0 */

/* Sleeping until a device interrupts. Which can is known when it is configured for it, and then asked
 * for its interrupt. */

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <rte_interrupts.h>

#include "port/dpdk/dpdk.h"

/** The device's interrupt and the caller's own descriptor, in one set. @return 0 or -errno */
static int
watch(struct dpdk_port *port, int wake)
{
	struct epoll_event event = { .events = EPOLLIN };

	/* What it was to wait for has gone with the stop of the device. */
	if (port->epoll >= 0 && port->epoch != port->device->restarts) {
		close(port->epoll);
		port->epoll = -1;
	}
	if (port->epoll < 0) {
		port->epoch = port->device->restarts;
		port->epoll = epoll_create1(EPOLL_CLOEXEC);
		if (port->epoll < 0)
			return -errno;
		if (rte_eth_dev_rx_intr_ctl_q(port->id, port->queue, port->epoll,
				    RTE_INTR_EVENT_ADD, NULL) != 0) {
			close(port->epoll);
			port->epoll = -1;
			return -ENOTSUP;
		}
	}
	/* DPDK looks at what it has a pointer for; ours has none. One that was closed has left the set. */
	if (epoll_ctl(port->epoll, EPOLL_CTL_ADD, wake, &event) != 0 && errno != EEXIST)
		return -errno;
	return 0;
}

void
dpdk_deaf(struct dpdk_port *port)
{
	if (port->epoll < 0)
		return;
	if (!atomic_load(&port->device->released))
		(void)rte_eth_dev_rx_intr_ctl_q(
				port->id, port->queue, port->epoll, RTE_INTR_EVENT_DEL, NULL);
	close(port->epoll);
	port->epoll = -1;
}

static int
arm(struct dpdk_port *port, int wake, bool on)
{
	int rc;

	if (on) {
		rc = watch(port, wake);
		if (rc == 0)
			rc = rte_eth_dev_rx_intr_enable(port->id, port->queue);
	} else {
		rc = rte_eth_dev_rx_intr_disable(port->id, port->queue);
	}
	/* Of some, what can be waited for is never switched off (net_tap). */
	return rc == -ENOTSUP && port->epoll >= 0 ? 0 : rc;
}

int
dpdk_arm(struct flue_port *base, int wake, bool on)
{
	struct dpdk_port *port = (struct dpdk_port *)base;
	int rc;

	if (!port->device->interrupts)
		return -ENOTSUP;
	dpdk_thread_known();
	/* Whether it can be asked at all is worth a wait. Else the poller goes on and asks again. */
	if (port->epoll < 0)
		pthread_mutex_lock(&port->device->control);
	else if (pthread_mutex_trylock(&port->device->control) != 0)
		return -EBUSY;
	rc = arm(port, wake, on);
	pthread_mutex_unlock(&port->device->control);
	return rc;
}

void
dpdk_doze(struct flue_port *base, int wake, int64_t ns)
{
	struct dpdk_port *port = (struct dpdk_port *)base;
	struct rte_epoll_event events[2];

	(void)wake;
	(void)rte_epoll_wait(port->epoll, events, RTE_DIM(events),
			(int)RTE_MAX(ns / 1000000, INT64_C(1)));
}
