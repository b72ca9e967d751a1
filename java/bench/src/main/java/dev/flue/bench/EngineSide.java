// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench;

import dev.flue.bindings.EngineConfig;
import dev.flue.bindings.NativeMemory;
import dev.flue.bindings.NativeOffloadTarget;
import dev.flue.bindings.NativePort;
import dev.flue.im.IntermediateDriver;
import dev.flue.offload.Binding;
import dev.flue.offload.BytesConsumed;
import dev.flue.offload.HandleTable;
import dev.flue.offload.Mdl;
import dev.flue.offload.MiniportAdapter;
import dev.flue.offload.NetBuffer;
import dev.flue.offload.NetBufferList;
import dev.flue.offload.OffloadEvent;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.Protocol;
import dev.flue.offload.ProtocolOffloadBlockList;
import dev.flue.offload.RecordPool;
import dev.flue.offload.Refs;
import dev.flue.offload.StatusIndication;
import dev.flue.offload.TcpEvent;
import dev.flue.spi.Region;
import java.util.ArrayList;
import java.util.List;

/**
 * One end of a connection that lives in an engine, with nothing above it: a protocol that takes all
 * data at once, gives it back in the next turn, and counts. One thread. Nothing is allocated after
 * the constructor.
 */
final class EngineSide implements Protocol, AutoCloseable {
    private static final int MDL_AT = NetBufferList.BYTES + NetBuffer.BYTES;
    private static final int HANDLES = 128;
    private static final int LIST_BYTES = MDL_AT + Mdl.BYTES;

    final NativeOffloadTarget target;
    final Binding binding;
    final HandleTable<EngineSide> handles;
    final ProtocolOffloadBlockList block;
    long received;
    long indications;
    int sendsComplete;
    int framesComplete;
    int framesReceived;
    int operationsComplete;
    int lastStatus;

    private final NetBufferList list;
    private final NetBuffer netBuffer;
    private final Mdl mdl;
    private final RecordPool lists;
    private final Region data;
    private final long[] refs;
    private final List<NativeOffloadTarget> targets = new ArrayList<>();
    private final List<IntermediateDriver> drivers = new ArrayList<>();
    private final NativeOffloadTarget idle;
    private long returnHead;
    private long framesReturn;

    /**
     * @param burst lists that one call of {@link #send} sends
     * @param bytes payload of each
     */
    EngineSide(NativePort port, EngineConfig config, int burst, int bytes) {
        this(List.of(port), config, burst, bytes, Between.NOTHING);
    }

    /** The same with drivers in between, over as many engines as they stand on. */
    EngineSide(List<NativePort> ports, EngineConfig config, int burst, int bytes, Between between) {
        NativeMemory memory = NativeMemory.heap();
        List<MiniportAdapter> lowest = new ArrayList<>();
        for (NativePort port : ports) {
            targets.add(new NativeOffloadTarget(config, port, memory));
            lowest.add(new MiniportAdapter(memory, targets.get(targets.size() - 1)));
        }
        target = targets.get(0);
        idle = between.bindsAll() ? null : targets.get(targets.size() - 1);
        binding = new Binding(memory, this, between.over(memory, lowest, drivers));
        handles = new HandleTable<>(memory, HANDLES);
        block = new ProtocolOffloadBlockList(memory);
        list = new NetBufferList(memory);
        netBuffer = new NetBuffer(memory);
        mdl = new Mdl(memory);
        lists = new RecordPool(memory, LIST_BYTES, burst);
        data = memory.allocate(Math.max(64L, (long) burst * bytes));
        refs = new long[burst];
        for (int i = 0; i < burst; i++) {
            refs[i] = lists.allocate();
            mdl.wrap(refs[i] + MDL_AT).next(0).data(Refs.make(data.id(), (long) i * bytes));
            mdl.byteCount(bytes);
        }
    }

    /** The bytes that go out again and again. */
    Region data() {
        return data;
    }

    /** The chain of all lists, each with one piece of data, as a sender fills it. */
    private long fill() {
        for (int i = 0; i < refs.length; i++) {
            long at = refs[i];
            list.wrap(at).next(i + 1 < refs.length ? refs[i + 1] : 0);
            list.firstNetBuffer(at + NetBufferList.BYTES).status(0).bytesTransferred(0);
            netBuffer.wrap(at + NetBufferList.BYTES).next(0).mdlChain(at + MDL_AT);
            netBuffer.currentMdl(at + MDL_AT).currentMdlOffset(0).dataOffset(0);
            netBuffer.dataLength(mdl.wrap(at + MDL_AT).byteCount());
        }
        return refs[0];
    }

    /** Submit the whole burst as one chain of send data. */
    void send(long handle) {
        binding.tcpOffloadSend(handle, fill());
    }

    /** Submit the whole burst as raw frames. */
    void sendFrames() {
        binding.sendNetBufferLists(fill());
    }

    /** A turn of the duty cycle. */
    int turn(long now) {
        if (returnHead != 0) {
            binding.tcpOffloadReceiveReturn(returnHead);
            returnHead = 0;
        }
        if (framesReturn != 0) {
            binding.returnNetBufferLists(framesReturn);
            framesReturn = 0;
        }
        int work = idle == null ? 0 : idle.doWork(now);
        return work + binding.miniport().doWork(now);
    }

    /** When the next turn is due. */
    long nextDeadline() {
        return binding.miniport().nextDeadline();
    }

    @Override
    public OffloadStatus tcpOffloadReceiveIndicate(
            long offloadHandle, long netBufferList, OffloadStatus status, BytesConsumed consumed) {
        long first = list.wrap(netBufferList).firstNetBuffer();
        int bytes = netBuffer.wrap(first).dataLength();
        list.next(returnHead);
        returnHead = netBufferList;
        received += bytes;
        indications++;
        consumed.bytes = bytes;
        return OffloadStatus.SUCCESS;
    }

    @Override
    public void tcpOffloadSendComplete(long netBufferLists) {
        for (long at = netBufferLists; at != 0; at = list.next()) {
            list.wrap(at);
            lastStatus = list.status();
            sendsComplete++;
        }
    }

    @Override
    public void receiveNetBufferLists(long netBufferLists) {
        long at = netBufferLists;
        framesReceived++;
        while (list.wrap(at).next() != 0) {
            at = list.next();
            framesReceived++;
        }
        list.next(framesReturn);
        framesReturn = netBufferLists;
    }

    @Override
    public void sendNetBufferListsComplete(long netBufferLists) {
        for (long at = netBufferLists; at != 0; at = list.next()) {
            list.wrap(at);
            framesComplete++;
        }
    }

    @Override
    public void initiateOffloadComplete(long root) {
        operationsComplete++;
    }

    @Override
    public void terminateOffloadComplete(long root) {
        operationsComplete++;
    }

    @Override
    public void queryOffloadComplete(long root) {
        operationsComplete++;
    }

    @Override
    public void updateOffloadComplete(long root) {
        operationsComplete++;
    }

    @Override
    public void invalidateOffloadComplete(long root) {
        operationsComplete++;
    }

    @Override
    public void tcpOffloadReceiveComplete(long netBufferLists) {}

    @Override
    public void tcpOffloadDisconnectComplete(long netBufferList) {}

    @Override
    public void tcpOffloadForwardComplete(long netBufferLists) {}

    @Override
    public void tcpOffloadEvent(long offloadHandle, TcpEvent event, long information) {
        throw new IllegalStateException(event + " " + information);
    }

    @Override
    public void indicateOffloadEvent(long block, OffloadEvent event) {}

    @Override
    public void oidRequestComplete(long request) {}

    @Override
    public void statusIndication(StatusIndication indication) {
        throw new IllegalStateException(indication + ": " + target.capabilities());
    }

    @Override
    public void close() {
        drivers.forEach(IntermediateDriver::close);
        targets.forEach(NativeOffloadTarget::close);
        handles.close();
        lists.close();
        data.close();
    }
}
