/* SPDX-License-Identifier: Apache-2.0 */

/* Receive-side scaling: a connection's segments at the queue that the host stack takes for its home,
 * which is that of its hash. Where a device cannot, or has a table of another size, the engines pass
 * on what came to the wrong one of them. */

#include <string.h>

#include "port/dpdk/dpdk.h"

#define KEY_BYTES 40

/** Entries of the host stack's table; devices have as many, or more, or half of them. */
#define TEAM_BUCKETS 128

/** The longest key a device wants; hashes of IPv6 take 40 bytes, the rest is not used. */
#define KEY_MOST 64

/** What adapters use by default, and the host stack too. */
static uint8_t key[KEY_MOST] = { 0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25,
	0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb,
	0x2d, 0xa3, 0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa };

void
dpdk_rss_choose(const struct dpdk_device *device, const struct rte_eth_dev_info *info,
		struct rte_eth_conf *conf)
{
	/* Some know IPv6 only with extensions that name other addresses; without those it is the same. */
	const uint64_t wanted = RTE_ETH_RSS_NONFRAG_IPV4_TCP | RTE_ETH_RSS_NONFRAG_IPV6_TCP |
				RTE_ETH_RSS_IPV6_TCP_EX;
	struct rte_eth_rss_conf *rss = &conf->rx_adv_conf.rss_conf;

	if (device->queues == 1 || (info->flow_type_rss_offloads & wanted) == 0)
		return;
	conf->rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
	rss->rss_hf = info->flow_type_rss_offloads & wanted;
	if (info->hash_key_size >= KEY_BYTES && info->hash_key_size <= KEY_MOST) {
		rss->rss_key = key;
		rss->rss_key_len = info->hash_key_size;
	}
}

void
dpdk_rss_start(const struct dpdk_device *device, const struct rte_eth_dev_info *info)
{
	struct rte_eth_rss_reta_entry64 table[RTE_ETH_RSS_RETA_SIZE_512 / RTE_ETH_RETA_GROUP_SIZE];
	uint16_t i;

	if (device->queues == 1 || info->reta_size == 0 ||
			info->reta_size > RTE_ETH_RSS_RETA_SIZE_512)
		return;
	memset(table, 0, sizeof(table));
	for (i = 0; i < info->reta_size; i++) {
		table[i / RTE_ETH_RETA_GROUP_SIZE].mask |= UINT64_C(1)
							   << i % RTE_ETH_RETA_GROUP_SIZE;
		table[i / RTE_ETH_RETA_GROUP_SIZE].reta[i % RTE_ETH_RETA_GROUP_SIZE] =
				i % TEAM_BUCKETS % device->queues;
	}
	/* One that refuses has a table of its own liking. */
	(void)rte_eth_dev_rss_reta_update(device->id, table, info->reta_size);
}
