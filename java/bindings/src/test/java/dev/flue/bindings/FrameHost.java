// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import dev.flue.offload.Binding;
import dev.flue.offload.Mdl;
import dev.flue.offload.MiniportAdapter;
import dev.flue.offload.NetBuffer;
import dev.flue.offload.NetBufferList;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.RecordPool;
import dev.flue.offload.Refs;
import dev.flue.spi.Memory;
import dev.flue.spi.Region;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** A protocol that only knows ordinary frames: it sends some and keeps what it receives. */
final class FrameHost extends RecordingProtocol implements AutoCloseable {
    private static final int MDL_AT = NetBufferList.BYTES + NetBuffer.BYTES;
    private static final int FRAME_BYTES = 2048;

    final NativeOffloadTarget target;
    final Binding binding;
    final List<byte[]> received = new ArrayList<>();
    final List<OffloadStatus> sent = new ArrayList<>();
    boolean keep;
    long kept;

    private final Memory memory = NativeMemory.heap();
    private final RecordPool records = new RecordPool(memory, MDL_AT + 2 * Mdl.BYTES, 256);
    private final Region data = memory.allocate(256L * FRAME_BYTES);
    private final NetBufferList list = new NetBufferList(memory);
    private final NetBuffer netBuffer = new NetBuffer(memory);
    private final Mdl mdl = new Mdl(memory);

    FrameHost(NativeOffloadTarget target) {
        this.target = target;
        this.binding = new Binding(memory, this, new MiniportAdapter(memory, target));
    }

    /** A frame of the given addresses whose payload repeats {@code fill}. */
    void send(long to, long from, int bytes, int fill) {
        byte[] frame = new byte[bytes];
        for (int i = 0; i < bytes; i++) {
            frame[i] = (byte) (fill + i);
        }
        for (int i = 0; i < 6; i++) {
            frame[i] = (byte) (to >>> 8 * (5 - i));
            frame[6 + i] = (byte) (from >>> 8 * (5 - i));
        }
        // An EtherType of local experiments.
        frame[12] = (byte) 0x88;
        frame[13] = (byte) 0xb5;
        send(frame);
    }

    /** These bytes, in two MDLs. */
    void send(byte[] frame) {
        long at = records.allocate();
        int offset = records.index(at) * FRAME_BYTES;
        int bytes = frame.length;
        int first = Math.min(20, bytes / 2);
        data.buffer().put(offset, frame);
        long second = at + MDL_AT + Mdl.BYTES;
        mdl.wrap(at + MDL_AT).next(second).data(Refs.make(data.id(), offset)).byteCount(first);
        mdl.wrap(second)
                .next(0)
                .data(Refs.make(data.id(), offset + first))
                .byteCount(bytes - first);
        netBuffer.wrap(at + NetBufferList.BYTES).next(0).mdlChain(at + MDL_AT);
        netBuffer.currentMdl(at + MDL_AT).currentMdlOffset(0).dataOffset(0).dataLength(bytes);
        list.wrap(at).next(0).firstNetBuffer(at + NetBufferList.BYTES).status(-1);
        binding.sendNetBufferLists(at);
    }

    int framesHeld() {
        return records.held();
    }

    @Override
    public void receiveNetBufferLists(long netBufferLists) {
        for (long at = netBufferLists; at != 0; at = list.wrap(at).next()) {
            netBuffer.wrap(list.wrap(at).firstNetBuffer());
            mdl.wrap(netBuffer.currentMdl());
            byte[] frame = new byte[netBuffer.dataLength()];
            ByteBuffer buffer = memory.buffer(Refs.region(mdl.data()));
            buffer.get(Refs.offset(mdl.data()) + netBuffer.currentMdlOffset(), frame);
            received.add(frame);
        }
        if (keep) {
            kept = netBufferLists;
        } else {
            binding.returnNetBufferLists(netBufferLists);
        }
    }

    @Override
    public void sendNetBufferListsComplete(long netBufferLists) {
        long at = netBufferLists;
        while (at != 0) {
            long next = list.wrap(at).next();
            sent.add(OffloadStatus.of(list.status()));
            records.free(at);
            at = next;
        }
    }

    @Override
    public void close() {
        target.close();
        records.close();
        data.close();
    }
}
