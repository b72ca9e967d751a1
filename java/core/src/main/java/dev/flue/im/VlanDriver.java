// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

import dev.flue.offload.MiniportAdapter;
import dev.flue.offload.MiniportOffloadBlockList;
import dev.flue.offload.NeighborConst;
import dev.flue.offload.NetBufferList;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.StateOffsets;
import dev.flue.offload.StateType;
import dev.flue.offload.TcpCached;
import dev.flue.spi.Memory;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Puts what is above it into a VLAN, which the host stack knows nothing of: each face above is a
 * VLAN of its own over the same miniport below (I-23).
 *
 * <ul>
 *   <li>Neighbors get the VlanId, connections for which the host names no UserPriority get one, at
 *       the initiate and with each update. The target tags and filters their packets.
 *   <li>Ordinary frames get an 802.1Q tag on their way down. Of those on their way up each face
 *       sees its own, without the tag; frames of other VLANs go back. A face without a VLAN id sees
 *       those without a tag and those with a tag of priority alone.
 * </ul>
 *
 * <p>A neighbor that comes with a VlanId of another VLAN is not taken: its whole tree fails with
 * OFFLOAD_VLAN_MISMATCH (chimney 4.1). A frame that finds no header for its tag is dropped: it is
 * complete with RESOURCES. The capabilities stay those of the miniport below: on Ethernet a tag is
 * no part of the MTU.
 */
public final class VlanDriver extends IntermediateDriver {
    private final FrameTags tags;
    private final MiniportOffloadBlockList block;
    private final NeighborConst neighbor;
    private final TcpCached connection;
    private final NetBufferList list;
    private VlanSettings[] vlans;
    private long framesDropped;
    private long framesForeign;

    /**
     * One VLAN.
     *
     * @param maxObjects neighbors, paths and connections offloaded through this driver at a time
     */
    public VlanDriver(Memory memory, MiniportAdapter lower, int maxObjects, VlanSettings settings) {
        this(memory, lower, maxObjects, 0, settings);
    }

    /**
     * The first of several VLANs; {@link #openVlan} makes the others.
     *
     * @param maxLists NBLs of connections, and frames without a tag, that are below at a time
     */
    public VlanDriver(
            Memory memory,
            MiniportAdapter lower,
            int maxObjects,
            int maxLists,
            VlanSettings settings) {
        super(memory, List.of(lower), maxObjects, maxLists);
        this.vlans = new VlanSettings[] {settings};
        this.block = new MiniportOffloadBlockList(memory);
        this.neighbor = new NeighborConst(memory);
        this.connection = new TcpCached(memory);
        this.list = new NetBufferList(memory);
        try {
            this.tags = new FrameTags(memory, settings.frames());
        } catch (OutOfMemoryError e) {
            super.close();
            throw e;
        }
    }

    /**
     * A face for one more VLAN, before anything is offloaded. The frames of its settings count for
     * nothing: the driver has as many as its first VLAN said.
     *
     * @throws IllegalArgumentException there is a face of this VLAN
     */
    public UpperInterface openVlan(VlanSettings settings) {
        for (VlanSettings each : vlans) {
            if (each.id() == settings.id()) {
                throw new IllegalArgumentException("VLAN " + settings.id() + " twice");
            }
        }
        UpperInterface face = openUpper("vlan " + settings.id());
        vlans = Arrays.copyOf(vlans, vlans.length + 1);
        vlans[face.number()] = settings;
        return face;
    }

    @Override
    public String name() {
        return "vlan " + vlans[0].id();
    }

    /** Frames from above that were not sent: no header for the tag, or no frame at all. */
    public long framesDropped() {
        return framesDropped;
    }

    /** Frames from below that were for no face: of other VLANs, or broken. */
    public long framesForeign() {
        return framesForeign;
    }

    @Override
    public Map<String, Integer> held() {
        Map<String, Integer> held = new HashMap<>(super.held());
        held.put("frame headers", tags.held());
        return held;
    }

    @Override
    public DriverFigures figures() {
        DriverFigures figures = super.figures();
        figures.counters().put("frames dropped", framesDropped);
        figures.counters().put("frames foreign", framesForeign);
        return figures;
    }

    @Override
    public void close() {
        tags.close();
        super.close();
    }

    // ---- State.

    @Override
    protected OffloadStatus admits(UpperInterface from, long blockRef) {
        if (block.wrap(blockRef).type() != StateType.NEIGHBOR.code()) {
            return OffloadStatus.SUCCESS;
        }
        int asked = neighbor.wrap(blockRef + StateOffsets.NEIGHBOR_CONST).vlanId() & 0xfff;
        return asked == 0 || asked == vlans[from.number()].id()
                ? OffloadStatus.SUCCESS
                : OffloadStatus.OFFLOAD_VLAN_MISMATCH;
    }

    @Override
    protected void offering(int entry, long blockRef) {
        VlanSettings vlan = vlans[upperOf(entry).number()];
        int type = block.wrap(blockRef).type();
        if (type == StateType.NEIGHBOR.code()) {
            neighbor.wrap(blockRef + StateOffsets.NEIGHBOR_CONST).vlanId(vlan.id());
        } else if (type == StateType.TCP.code()) {
            prioritize(vlan, blockRef);
        }
    }

    @Override
    protected void updating(int entry, long blockRef) {
        if (block.wrap(blockRef).type() == StateType.TCP_CACHED.code()) {
            prioritize(vlans[upperOf(entry).number()], blockRef);
        }
    }

    private void prioritize(VlanSettings vlan, long blockRef) {
        connection.wrap(blockRef + StateOffsets.TCP_CACHED);
        if (connection.userPriority() == 0) {
            connection.userPriority(vlan.priority());
        }
    }

    // ---- Ordinary frames, down.

    @Override
    protected void sendFrames(UpperInterface from, long netBufferLists) {
        int tag = vlans[from.number()].tag();
        if (tag == 0) {
            super.sendFrames(from, netBufferLists);
            return;
        }
        long head = 0;
        long last = 0;
        long next;
        for (long at = netBufferLists; at != 0; at = next) {
            next = list.wrap(at).next();
            list.next(0);
            OffloadStatus status = tags.put(at, tag, from.number());
            if (status != OffloadStatus.SUCCESS) {
                framesDropped++;
                from.refusals().frames().add(at, status);
                continue;
            }
            if (last == 0) {
                head = at;
            } else {
                list.wrap(last).next(at);
            }
            last = at;
        }
        if (head != 0) {
            lower().binding().sendNetBufferLists(head);
        }
    }

    /** Frames of one face that follow each other go up as one chain. */
    @Override
    protected void framesSent(LowerInterface from, long netBufferLists) {
        int owner = -1;
        long head = 0;
        long last = 0;
        long next;
        for (long at = netBufferLists; at != 0; at = next) {
            next = list.wrap(at).next();
            list.next(0);
            int face = tags.takeOff(at);
            if (last != 0 && face == owner) {
                list.wrap(last).next(at);
            } else {
                sent(from, owner, head);
                owner = face;
                head = at;
            }
            last = at;
        }
        sent(from, owner, head);
    }

    private void sent(LowerInterface from, int face, long chain) {
        if (chain == 0) {
            return;
        }
        if (face < 0) {
            super.framesSent(from, chain);
        } else {
            upper(face).adapter().sendNetBufferListsComplete(chain);
        }
    }

    // ---- Ordinary frames, up.

    @Override
    protected boolean sortsFrames() {
        return true;
    }

    @Override
    protected UpperInterface receiverOf(LowerInterface from, long netBufferList) {
        int id = tags.vlan(netBufferList);
        for (int i = 0; i < vlans.length; i++) {
            if (vlans[i].id() == id) {
                tags.strip(netBufferList);
                return upper(i);
            }
        }
        framesForeign++;
        return null;
    }
}
