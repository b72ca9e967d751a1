/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_PORT_DPDK_PLUGIN_H
#define FLUE_PORT_DPDK_PLUGIN_H

/**
 * @file
 * The seam between libflue and libflue_dpdk. Each side hands the other a table, so that neither
 * needs the other's symbols and a program that links libflue statically still has one region table.
 */

#include <stddef.h>
#include <stdint.h>

struct flue_dpdk_config;
struct flue_engine_view;
struct flue_port;

/** Changes with either table, and with flue_pkt.h. */
#define FLUE_DPDK_SEAM 7

/** Sentence for people, filled by a call that fails. */
struct flue_dpdk_cause {
	char text[512];
};

/** What libflue gives. */
struct flue_dpdk_host {
	uint32_t seam;      /* FLUE_DPDK_SEAM */
	uint32_t pkt_bytes; /* sizeof(struct flue_pkt) */
	int (*region_add_foreign)(void *address, int64_t bytes);
	int (*hugepages_free)(void);
	void (*region_watch)(void (*opened)(void *address, uint64_t bytes),
			void (*leaving)(void *address, uint64_t bytes));
	void (*engines_visit)(void (*each)(void *opaque, const struct flue_engine_view *view),
			void *opaque);
	/** Figure number `which` of a port. @return its name, NULL behind the last */
	const char *(*port_figure)(const struct flue_port *port, int which, int64_t *value);
};

/** What libflue_dpdk gives. Calls are made one at a time. */
struct flue_dpdk_plugin {
	uint32_t seam;
	uint32_t port_bytes; /* sizeof(struct flue_port) */
	const char *version;
	/** @return 0, -EALREADY or another -errno */
	int (*start)(const char *args, struct flue_dpdk_cause *cause);
	int (*open)(const char *device, const struct flue_dpdk_config *config,
			struct flue_port **port, struct flue_dpdk_cause *cause);
	int (*queue)(struct flue_port *first, int index, struct flue_port **port);
	int (*ring_pair)(int entries, int64_t mac0, int64_t mac1, int buffers,
			struct flue_port **port0, struct flue_port **port1,
			struct flue_dpdk_cause *cause);
};

/** The one symbol of libflue_dpdk.so. @return NULL when the host's table does not suit */
#define FLUE_DPDK_PLUGIN_SYMBOL "flue_dpdk_plugin"
typedef const struct flue_dpdk_plugin *(*flue_dpdk_plugin_func_t)(
		const struct flue_dpdk_host *host);

#endif /* FLUE_PORT_DPDK_PLUGIN_H */
