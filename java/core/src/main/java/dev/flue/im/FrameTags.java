// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

import dev.flue.offload.Mdl;
import dev.flue.offload.NetBuffer;
import dev.flue.offload.NetBufferList;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.RecordPool;
import dev.flue.offload.Refs;
import dev.flue.spi.AllocationFaults;
import dev.flue.spi.Memory;
import java.nio.ByteBuffer;

/**
 * 802.1Q tags of ordinary frames. On its way down a frame gets a header of its own in front of what
 * follows the two addresses; no byte of the frame is moved or written, and when it comes back its
 * NET_BUFFER is as it was:
 *
 * <pre>
 *   NB -> head MDL -> rest MDL -> the frame's other MDLs
 *         |           '-- bytes 12.. of the MDL that byte 12 lies in
 *         '-- destination, source, 0x8100, tag          (16 bytes)
 * </pre>
 *
 * <p>On its way up the tag is cut out in place: the two addresses move up by four bytes, as a host
 * expects a header in one piece. A fixed number of headers; nothing is allocated after the
 * constructor.
 */
final class FrameTags implements AutoCloseable {
    /** {@link #vlan} of a frame too short for what its header promises. */
    static final int BROKEN = -1;

    private static final int ADDRESSES = 12;
    private static final int TAG = 4;
    private static final int HEADER = 14;
    private static final int TYPE_VLAN = 0x8100;
    private static final int ID_MASK = 0xfff;

    /** A header in more pieces than it has bytes is in a loop. */
    private static final int MAX_MDLS = 64;

    private static final int REST = Mdl.BYTES;
    private static final int BYTES = 2 * Mdl.BYTES;
    private static final int RECORD = BYTES + ADDRESSES + TAG;

    private final Memory memory;
    private final AllocationFaults faults;
    private final RecordPool pool;
    private final NetBufferList list;
    private final NetBuffer nb;
    private final Mdl mdl;
    private final int[] face;
    private final long[] mdlChain;
    private final long[] currentMdl;
    private final int[] currentMdlOffset;
    private final int[] dataOffset;

    // Where seek() has come to.
    private long foundMdl;
    private int foundOffset;

    FrameTags(Memory memory, int count) {
        this.memory = memory;
        this.faults = AllocationFaults.of(memory);
        this.pool = new RecordPool(memory, RECORD, count);
        this.list = new NetBufferList(memory);
        this.nb = new NetBuffer(memory);
        this.mdl = new Mdl(memory);
        this.face = new int[count];
        this.mdlChain = new long[count];
        this.currentMdl = new long[count];
        this.currentMdlOffset = new int[count];
        this.dataOffset = new int[count];
    }

    int held() {
        return pool.held();
    }

    // ---- Down.

    /**
     * Give a frame a tag.
     *
     * @param ofFace number that {@link #takeOff} answers
     * @return SUCCESS; RESOURCES: all headers are out; FAILURE: it has no Ethernet header. It is
     *     unchanged then
     */
    OffloadStatus put(long frame, int tag, int ofFace) {
        nb.wrap(list.wrap(frame).firstNetBuffer());
        if (nb.dataLength() < HEADER || !seek(ADDRESSES)) {
            return OffloadStatus.FAILURE;
        }
        long ref = faults.fails() ? 0 : pool.allocate();
        if (ref == 0) {
            return OffloadStatus.RESOURCES;
        }
        long restMdl = foundMdl;
        int restOffset = foundOffset;
        ByteBuffer out = memory.buffer(Refs.region(ref));
        int at = Refs.offset(ref) + BYTES;
        for (int i = 0; i < ADDRESSES; i++) {
            out.put(at + i, byteAt(i));
        }
        put16(out, at + ADDRESSES, TYPE_VLAN);
        put16(out, at + ADDRESSES + 2, tag);
        mdl.wrap(restMdl);
        long next = mdl.next();
        long data = mdl.data() + restOffset;
        int bytes = mdl.byteCount() - restOffset;
        mdl.wrap(ref + REST).next(next).data(data).byteCount(bytes);
        mdl.wrap(ref).next(ref + REST).data(ref + BYTES).byteCount(ADDRESSES + TAG);
        keep(pool.index(ref), ofFace);
        nb.mdlChain(ref).currentMdl(ref).currentMdlOffset(0).dataOffset(0);
        nb.dataLength(nb.dataLength() + TAG);
        return OffloadStatus.SUCCESS;
    }

    private void keep(int index, int ofFace) {
        face[index] = ofFace;
        mdlChain[index] = nb.mdlChain();
        currentMdl[index] = nb.currentMdl();
        currentMdlOffset[index] = nb.currentMdlOffset();
        dataOffset[index] = nb.dataOffset();
    }

    /** The frame as it was before {@link #put}; the face it is of, or -1: it got no tag here. */
    int takeOff(long frame) {
        nb.wrap(list.wrap(frame).firstNetBuffer());
        long ref = nb.mdlChain();
        if (!pool.owns(ref)) {
            return -1;
        }
        int index = pool.index(ref);
        nb.mdlChain(mdlChain[index]).currentMdl(currentMdl[index]);
        nb.currentMdlOffset(currentMdlOffset[index]).dataOffset(dataOffset[index]);
        nb.dataLength(nb.dataLength() - TAG);
        pool.free(ref);
        return face[index];
    }

    // ---- Up.

    /** VLAN id of a frame: 0 without a tag and with one of priority alone; or {@link #BROKEN}. */
    int vlan(long frame) {
        if (!tagged(frame)) {
            return nb.dataLength() < HEADER ? BROKEN : 0;
        }
        return nb.dataLength() < HEADER + TAG || !seek(HEADER + TAG - 1)
                ? BROKEN
                : u16(HEADER) & ID_MASK;
    }

    /** Cut the tag out, if there is one, of a frame whose {@link #vlan} is not BROKEN. */
    void strip(long frame) {
        if (!tagged(frame)) {
            return;
        }
        for (int i = ADDRESSES - 1; i >= 0; i--) {
            byte each = byteAt(i);
            seek(i + TAG);
            mdl.wrap(foundMdl);
            memory.buffer(Refs.region(mdl.data())).put(Refs.offset(mdl.data()) + foundOffset, each);
        }
        seek(TAG);
        nb.currentMdl(foundMdl).currentMdlOffset(foundOffset);
        nb.dataOffset(nb.dataOffset() + TAG).dataLength(nb.dataLength() - TAG);
    }

    private boolean tagged(long frame) {
        nb.wrap(list.wrap(frame).firstNetBuffer());
        return nb.dataLength() >= HEADER && seek(HEADER - 1) && u16(ADDRESSES) == TYPE_VLAN;
    }

    // ---- Bytes of the frame in `nb`, however many pieces it lies in.

    /** Finds byte {@code at}; false = the MDLs end before it, or are suspiciously many. */
    private boolean seek(int at) {
        foundMdl = nb.currentMdl();
        foundOffset = nb.currentMdlOffset() + at;
        for (int i = 0; i < MAX_MDLS && foundMdl != 0; i++) {
            if (foundOffset < mdl.wrap(foundMdl).byteCount()) {
                return true;
            }
            foundOffset -= mdl.byteCount();
            foundMdl = mdl.next();
        }
        return false;
    }

    private byte byteAt(int at) {
        seek(at);
        long data = mdl.wrap(foundMdl).data();
        return memory.buffer(Refs.region(data)).get(Refs.offset(data) + foundOffset);
    }

    private int u16(int at) {
        return (byteAt(at) & 0xff) << 8 | byteAt(at + 1) & 0xff;
    }

    private static void put16(ByteBuffer buffer, int at, int value) {
        buffer.put(at, (byte) (value >>> 8)).put(at + 1, (byte) value);
    }

    @Override
    public void close() {
        pool.close();
    }
}
