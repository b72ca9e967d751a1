/* SPDX-License-Identifier: Apache-2.0 */

/* What every port answers alike. */

#include <errno.h>

#include "flue/flue_port.h"

#include "port/capture.h"
#include "port/pool.h"

void
flue_port_close(flue_port *port)
{
	if (port != NULL)
		port->ops->close(port);
}

int64_t
flue_port_mac(const flue_port *port)
{
	return flue_mac_to_number(port->mac);
}

int
flue_port_mtu(const flue_port *port)
{
	return port->mtu;
}

const char *
flue_port_name(const flue_port *port)
{
	return port->name;
}

int
flue_port_buffers_held(const flue_port *port)
{
	return (int)flue_capture_inner(port)->held;
}

int
flue_port_buffers(const flue_port *port)
{
	return (int)port->buffers;
}

int
flue_port_link(flue_port *port)
{
	return port->ops->link != NULL ? port->ops->link(port) : 1;
}

int64_t
flue_port_lost(const flue_port *port)
{
	return (int64_t)flue_capture_inner(port)->lost;
}

int64_t
flue_port_count(const flue_port *port, int which)
{
	if (which < 0 || which >= FLUE_PORT_COUNTS)
		return 0;
	return (int64_t)__atomic_load_n(&flue_capture_inner(port)->counts[which], __ATOMIC_RELAXED);
}

int
flue_port_xstats(const flue_port *port, char *text, int bytes)
{
	const struct flue_port *inner = flue_capture_inner(port);

	if (text == NULL || bytes < 1)
		return -EINVAL;
	text[0] = '\0';
	return inner->ops->xstats != NULL ? inner->ops->xstats(inner, text, bytes) : 0;
}

const char *
flue_port_count_name(int which)
{
	static const char *const names[] = {
		[FLUE_PORT_RX_FRAMES] = "rx_frames",
		[FLUE_PORT_RX_GOOD] = "rx_frames_good",
		[FLUE_PORT_TX_PACKETS] = "tx_packets",
		[FLUE_PORT_TX_SUMMED] = "tx_packets_summed",
		[FLUE_PORT_TX_CUT] = "tx_packets_cut",
		[FLUE_PORT_TX_FRAMES] = "tx_frames",
		[FLUE_PORT_RULES_MADE] = "flow_rules_made",
		[FLUE_PORT_RULES_REMOVED] = "flow_rules_removed",
		[FLUE_PORT_RULES_REFUSED] = "flow_rules_refused",
	};

	_Static_assert(sizeof(names) / sizeof(names[0]) == FLUE_PORT_COUNTS, "a name for each");
	return which < 0 || which >= FLUE_PORT_COUNTS ? NULL : names[which];
}
