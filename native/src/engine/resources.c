/* SPDX-License-Identifier: Apache-2.0 */

/* VLANs, source addresses and local addresses: small tables that count who uses an entry. */

#include <string.h>

#include "engine/parts.h"

/* ---- VLANs ---------------------------------------------------------------------------------- */

/** Does the interface carry it? One without VLAN ids of its own carries any. */
static bool
vlan_carried(const struct flue_engine *e, uint32_t id)
{
	bool any = true;
	int i;

	for (i = 0; i < 8; i++) {
		if (e->config.vlan_ids[i] == 0)
			continue;
		if ((uint32_t)e->config.vlan_ids[i] == id)
			return true;
		any = false;
	}
	return any;
}

uint32_t
flue_vlan_take(struct flue_engine *e, uint32_t id)
{
	struct flue_vlan *empty = NULL;
	int i;

	if (id == 0)
		return FLUE_STATUS_SUCCESS;
	if (!vlan_carried(e, id))
		return FLUE_STATUS_OFFLOAD_VLAN_MISMATCH;
	for (i = 0; i < e->config.max_vlans; i++) {
		struct flue_vlan *v = &e->vlans[i];

		if (v->neighbors != 0 && v->id == id) {
			v->neighbors++;
			return FLUE_STATUS_SUCCESS;
		}
		if (v->neighbors == 0 && empty == NULL)
			empty = v;
	}
	if (empty == NULL)
		return FLUE_STATUS_OFFLOAD_VLAN_ENTRIES;
	*empty = (struct flue_vlan){ .id = (uint16_t)id, .neighbors = 1 };
	return FLUE_STATUS_SUCCESS;
}

void
flue_vlan_give(struct flue_engine *e, uint32_t id)
{
	int i;

	for (i = 0; id != 0 && i < e->config.max_vlans; i++) {
		if (e->vlans[i].neighbors != 0 && e->vlans[i].id == id) {
			e->vlans[i].neighbors--;
			return;
		}
	}
}

/* ---- Source addresses ------------------------------------------------------------------------ */

static struct flue_mac *
mac_find(const struct flue_engine *e, const uint8_t mac[6])
{
	int i;

	for (i = 0; i < e->config.max_source_macs; i++)
		if (e->macs[i].neighbors != 0 && memcmp(e->macs[i].mac, mac, 6) == 0)
			return (struct flue_mac *)&e->macs[i];
	return NULL;
}

bool
flue_mac_held(const struct flue_engine *e, const uint8_t mac[6])
{
	return e->macs_used != 0 && mac_find(e, mac) != NULL;
}

uint32_t
flue_mac_take(struct flue_engine *e, const uint8_t mac[6])
{
	struct flue_mac *m;
	int i;

	if (memcmp(mac, e->port->mac, 6) == 0)
		return FLUE_STATUS_SUCCESS;
	/* A group sends nothing. */
	if (mac[0] & 1)
		return FLUE_STATUS_OFFLOAD_HW_ADDRESS_ENTRIES;
	m = mac_find(e, mac);
	for (i = 0; m == NULL && i < e->config.max_source_macs; i++)
		if (e->macs[i].neighbors == 0)
			m = &e->macs[i];
	if (m == NULL)
		return FLUE_STATUS_OFFLOAD_HW_ADDRESS_ENTRIES;
	e->macs_used += m->neighbors == 0;
	memcpy(m->mac, mac, 6);
	m->neighbors++;
	return FLUE_STATUS_SUCCESS;
}

void
flue_mac_give(struct flue_engine *e, const uint8_t mac[6])
{
	struct flue_mac *m = mac_find(e, mac);

	if (m != NULL && --m->neighbors == 0)
		e->macs_used--;
}

/* ---- Local addresses ------------------------------------------------------------------------- */

uint32_t
flue_local_take(struct flue_engine *e, const uint8_t address[16], bool ip6)
{
	struct flue_local *empty = NULL;
	int i;

	for (i = 0; i < e->config.max_local_addresses; i++) {
		struct flue_local *l = &e->locals[i];

		if (l->paths != 0 && l->ip6 == ip6 && memcmp(l->address, address, 16) == 0) {
			l->paths++;
			return FLUE_STATUS_SUCCESS;
		}
		if (l->paths == 0 && empty == NULL)
			empty = l;
	}
	if (empty == NULL)
		return FLUE_STATUS_OFFLOAD_IP_ADDRESS_ENTRIES;
	memcpy(empty->address, address, 16);
	empty->ip6 = ip6;
	empty->paths = 1;
	return FLUE_STATUS_SUCCESS;
}

void
flue_local_give(struct flue_engine *e, const uint8_t address[16], bool ip6)
{
	int i;

	for (i = 0; i < e->config.max_local_addresses; i++) {
		struct flue_local *l = &e->locals[i];

		if (l->paths != 0 && l->ip6 == ip6 && memcmp(l->address, address, 16) == 0) {
			l->paths--;
			return;
		}
	}
}
