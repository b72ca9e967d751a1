// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit;

import dev.flue.offload.BytesConsumed;
import dev.flue.offload.Capabilities;
import dev.flue.offload.Miniport;
import dev.flue.offload.MiniportAdapter;
import dev.flue.offload.MiniportOffloadBlockList;
import dev.flue.offload.NetBuffer;
import dev.flue.offload.NetBufferList;
import dev.flue.offload.OffloadHandle;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.OidRefusals;
import dev.flue.offload.StatusIndication;
import dev.flue.offload.TcpEvent;
import dev.flue.spi.Memory;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongConsumer;

/**
 * A target without a network: keeps objects, answers block lists by the rules of the chimney, fails
 * what it is told to fail, holds back what it is told to hold back, and indicates what a test asks
 * it to indicate. Completions and indications come out of {@link #doWork} only. One thread.
 */
public final class RecordingTarget implements Miniport, AutoCloseable {
    /** Decides the fate of a new object: {@code number} counts new objects from 0. */
    @FunctionalInterface
    public interface Fate {
        /** SUCCESS to take it. */
        OffloadStatus of(int number, int stateType);
    }

    /** A state operation that came down. */
    public record Operation(String name, long root) {}

    /** An I/O call that came down; {@code flags} of a disconnect, else 0. */
    public record Io(String name, long token, long netBufferLists, int flags) {}

    /** An object it holds: what kind, and the handle to indicate with. */
    public record Held(int stateType, long ndisOffloadHandle) {}

    private static final int BUFFERS = 256;
    private static final int BUFFER_BYTES = 4096;
    private static final long KIND = 0x5254L << 48;

    private final MiniportOffloadBlockList block;
    private final NetBufferList nbl;
    private final NetBuffer nb;
    private final OffloadHandle slot;
    private final NblPool buffers;
    private final BytesConsumed consumed = new BytesConsumed();
    private final Map<Long, Held> objects = new LinkedHashMap<>();
    private final Deque<Operation> pending = new ArrayDeque<>();
    private final Deque<Io> pendingIo = new ArrayDeque<>();
    private final Deque<Runnable> indications = new ArrayDeque<>();
    private final List<Operation> operations = new ArrayList<>();
    private final List<Io> io = new ArrayList<>();
    private final List<OffloadStatus> verdicts = new ArrayList<>();
    private final List<Integer> consumedBytes = new ArrayList<>();
    private final List<Long> returned = new ArrayList<>();
    private Fate fate = (number, type) -> OffloadStatus.SUCCESS;
    private OffloadStatus ioStatus = OffloadStatus.SUCCESS;
    private final OidRefusals oids;
    private final List<Long> oidRequests = new ArrayList<>();
    private OffloadStatus oidStatus = OffloadStatus.NOT_SUPPORTED;
    private MiniportAdapter adapter;
    private long nextToken = 1;
    private int created;
    private boolean holding;
    private boolean holdingIo;
    private long now;

    public RecordingTarget(Memory memory) {
        this.block = new MiniportOffloadBlockList(memory);
        this.nbl = new NetBufferList(memory);
        this.nb = new NetBuffer(memory);
        this.slot = new OffloadHandle(memory);
        this.oids = new OidRefusals(memory);
        this.buffers = new NblPool(memory, BUFFERS, BUFFER_BYTES);
    }

    // What a test tells it.

    /** From now on new objects fare like this. */
    public void fate(Fate newFate) {
        fate = newFate;
        created = 0;
    }

    /** I/O completes with this from now on. */
    public void ioStatus(OffloadStatus status) {
        ioStatus = status;
    }

    /** OID requests complete with this from now on; NOT_SUPPORTED unless set. */
    public void oidStatus(OffloadStatus status) {
        oidStatus = status;
    }

    /** Keep state operations until {@link #release}. */
    public void hold() {
        holding = true;
    }

    /** Keep I/O until {@link #release}. */
    public void holdIo() {
        holdingIo = true;
    }

    /** Forget the I/O it keeps: the test completes it. */
    public void dropPendingIo() {
        pendingIo.clear();
    }

    public void release() {
        holding = false;
        holdingIo = false;
    }

    /** Indicate data of an object at the next turn. */
    public void indicate(long token, byte[] data) {
        Held object = objects.get(token);
        indications.add(() -> indicateNow(object.ndisOffloadHandle, data));
    }

    /** Indicate an event at the next turn. */
    public void event(long token, TcpEvent event, long information) {
        long handle = objects.get(token).ndisOffloadHandle;
        indications.add(() -> adapter.tcpOffloadEvent(handle, event, information));
    }

    /** Indicate with any handle at the next turn, right or wrong. */
    public void indicateTo(long ndisOffloadHandle, byte[] data) {
        indications.add(() -> indicateNow(ndisOffloadHandle, data));
    }

    public void eventTo(long ndisOffloadHandle, TcpEvent event, long information) {
        indications.add(() -> adapter.tcpOffloadEvent(ndisOffloadHandle, event, information));
    }

    public void status(StatusIndication status) {
        indications.add(() -> adapter.statusIndication(status));
    }

    /** Hand up a frame at the next turn. */
    public void frame(byte[] frame) {
        frame(frame, ref -> {});
    }

    /** The same, its list prepared by somebody. */
    public void frame(byte[] frame, LongConsumer prepare) {
        indications.add(
                () -> {
                    long ref = buffers.allocate(frame);
                    prepare.accept(ref);
                    adapter.receiveNetBufferLists(ref);
                });
    }

    /** Anything else at the next turn. */
    public void later(Runnable action) {
        indications.add(action);
    }

    // What it saw.

    public MiniportAdapter adapter() {
        return adapter;
    }

    public List<Operation> operations() {
        return operations;
    }

    public List<Io> io() {
        return io;
    }

    /** What it holds, by token. */
    public Map<Long, Held> objects() {
        return objects;
    }

    /** Answers to its receive indications. */
    public List<OffloadStatus> verdicts() {
        return verdicts;
    }

    public List<Integer> consumedBytes() {
        return consumedBytes;
    }

    /** OID requests that came down. */
    public List<Long> oidRequests() {
        return oidRequests;
    }

    /** NBLs that came back by ReceiveReturn. */
    public List<Long> returned() {
        return returned;
    }

    /** Frames and indicated NBLs that did not come back. */
    public int buffersHeld() {
        return buffers.held();
    }

    // Miniport.

    @Override
    public void initialize(MiniportAdapter miniportAdapter) {
        adapter = miniportAdapter;
    }

    @Override
    public Capabilities capabilities() {
        return new Capabilities(
                true, "", true, false, false, 1 << 20, 1 << 20, 9000, 0x0200c6120001L, "recorder");
    }

    @Override
    public void initiateOffload(long root) {
        take("initiate", root);
    }

    @Override
    public void queryOffload(long root) {
        take("query", root);
    }

    @Override
    public void updateOffload(long root) {
        take("update", root);
    }

    @Override
    public void invalidateOffload(long root) {
        take("invalidate", root);
    }

    @Override
    public void terminateOffload(long root) {
        take("terminate", root);
    }

    private void take(String name, long root) {
        Operation operation = new Operation(name, root);
        operations.add(operation);
        pending.add(operation);
    }

    @Override
    public void tcpOffloadSend(long token, long netBufferLists) {
        takeIo(new Io("send", token, netBufferLists, 0));
    }

    @Override
    public void tcpOffloadReceive(long token, long netBufferLists) {
        takeIo(new Io("receive", token, netBufferLists, 0));
    }

    @Override
    public void tcpOffloadDisconnect(long token, long netBufferList, int flags) {
        takeIo(new Io("disconnect", token, netBufferList, flags));
    }

    @Override
    public void tcpOffloadForward(long token, long netBufferLists) {
        takeIo(new Io("forward", token, netBufferLists, 0));
    }

    private void takeIo(Io call) {
        io.add(call);
        pendingIo.add(call);
    }

    @Override
    public void tcpOffloadReceiveReturn(long netBufferLists) {
        for (long ref = netBufferLists; ref != 0; ref = nbl.wrap(ref).next()) {
            returned.add(ref);
        }
        buffers.freeChain(netBufferLists);
    }

    @Override
    public void sendNetBufferLists(long netBufferLists) {
        takeIo(new Io("frame", 0, netBufferLists, 0));
    }

    @Override
    public void returnNetBufferLists(long netBufferLists) {
        buffers.freeChain(netBufferLists);
    }

    @Override
    public void oidRequest(long request) {
        oidRequests.add(request);
        oids.add(request, oidStatus);
    }

    @Override
    public int doWork(long nowNanos) {
        now = nowNanos;
        int work = oids.complete(adapter);
        for (int n = holding ? 0 : pending.size(); n > 0; n--, work++) {
            complete(pending.remove());
        }
        for (int n = holdingIo ? 0 : pendingIo.size(); n > 0; n--, work++) {
            completeIo(pendingIo.remove());
        }
        for (int n = indications.size(); n > 0; n--, work++) {
            indications.remove().run();
        }
        return work;
    }

    @Override
    public long nextDeadline() {
        boolean idle =
                (holding || pending.isEmpty())
                        && (holdingIo || pendingIo.isEmpty())
                        && indications.isEmpty()
                        && oids.isEmpty();
        return idle ? Long.MAX_VALUE : now;
    }

    private void complete(Operation operation) {
        switch (operation.name) {
            case "initiate" -> {
                initiate(operation.root);
                adapter.initiateOffloadComplete(operation.root);
            }
            case "query" -> {
                answer(operation.root, false);
                adapter.queryOffloadComplete(operation.root);
            }
            case "update" -> {
                answer(operation.root, false);
                adapter.updateOffloadComplete(operation.root);
            }
            case "invalidate" -> {
                answer(operation.root, false);
                adapter.invalidateOffloadComplete(operation.root);
            }
            default -> {
                answer(operation.root, true);
                adapter.terminateOffloadComplete(operation.root);
            }
        }
    }

    /** A row and everything on it. True when all of the row is offloaded, null-objects included. */
    private int[] initiate(long first) {
        int failed = 0;
        int count = 0;
        for (long ref = first; ref != 0; ref = block.wrap(ref).nextBlock(), count++) {
            OffloadStatus status = initiateBlock(ref);
            block.wrap(ref).status(status.code());
            if (status != OffloadStatus.SUCCESS
                    && status != OffloadStatus.OFFLOAD_PARTIAL_SUCCESS) {
                failed++;
            }
        }
        return new int[] {failed, count};
    }

    private OffloadStatus initiateBlock(long ref) {
        block.wrap(ref);
        long context = block.miniportOffloadContext();
        long dependents = block.dependentBlockList();
        long token = context == 0 ? 0 : slotToken(context);
        boolean linker = token != 0;
        if (context != 0) {
            OffloadStatus own = linker ? known(token) : create(ref, context);
            if (own != OffloadStatus.SUCCESS) {
                fail(dependents);
                return own;
            }
        }
        int[] result = initiate(dependents);
        if (context == 0 || result[0] == 0) {
            return OffloadStatus.SUCCESS;
        }
        return linker && result[0] == result[1]
                ? OffloadStatus.FAILURE
                : OffloadStatus.OFFLOAD_PARTIAL_SUCCESS;
    }

    private OffloadStatus known(long token) {
        return objects.containsKey(token) ? OffloadStatus.SUCCESS : OffloadStatus.FAILURE;
    }

    private OffloadStatus create(long ref, long context) {
        OffloadStatus status = fate.of(created++, block.wrap(ref).type());
        if (status == OffloadStatus.SUCCESS) {
            long token = KIND | nextToken++;
            objects.put(token, new Held(block.type(), block.ndisOffloadHandle()));
            slot.wrap(context - Long.BYTES).miniportOffloadContext(token);
            if (block.netBufferListChain() != 0) {
                takeIo(new Io("send", token, block.netBufferListChain(), 0));
                block.netBufferListChain(0);
            }
        }
        return status;
    }

    private void fail(long first) {
        for (long ref = first; ref != 0; ref = block.wrap(ref).nextBlock()) {
            block.wrap(ref).status(OffloadStatus.FAILURE.code());
            fail(block.dependentBlockList());
        }
    }

    private void answer(long first, boolean remove) {
        long next;
        for (long ref = first; ref != 0; ref = next) {
            answer(block.wrap(ref).dependentBlockList(), remove);
            block.wrap(ref);
            next = block.nextBlock();
            long context = block.miniportOffloadContext();
            OffloadStatus status = context == 0 ? OffloadStatus.SUCCESS : known(slotToken(context));
            block.status(status.code());
            if (remove && context != 0) {
                objects.remove(slotToken(context));
            }
        }
    }

    private long slotToken(long context) {
        return slot.wrap(context - Long.BYTES).miniportOffloadContext();
    }

    private void completeIo(Io call) {
        OffloadStatus status =
                call.name.equals("frame") || objects.containsKey(call.token)
                        ? ioStatus
                        : OffloadStatus.INVALID_STATE;
        for (long ref = call.netBufferLists; ref != 0; ref = nbl.wrap(ref).next()) {
            int bytes = status == OffloadStatus.SUCCESS ? buffers.bytes(ref).length : 0;
            nbl.wrap(ref).status(status.code()).bytesTransferred(bytes);
            if (bytes > 0 && !call.name.equals("frame")) {
                advance(nbl.firstNetBuffer());
            }
        }
        switch (call.name) {
            case "send" -> adapter.tcpOffloadSendComplete(call.netBufferLists);
            case "receive" -> adapter.tcpOffloadReceiveComplete(call.netBufferLists);
            case "disconnect" -> adapter.tcpOffloadDisconnectComplete(call.netBufferLists);
            case "forward" -> adapter.tcpOffloadForwardComplete(call.netBufferLists);
            default -> adapter.sendNetBufferListsComplete(call.netBufferLists);
        }
    }

    /** Nothing is left of the data: its start is at its end (T-85). */
    private void advance(long netBuffer) {
        for (long at = netBuffer; at != 0; at = nb.next()) {
            nb.wrap(at).dataOffset(nb.dataOffset() + nb.dataLength());
            nb.currentMdlOffset(nb.currentMdlOffset() + nb.dataLength()).dataLength(0);
        }
    }

    private void indicateNow(long handle, byte[] data) {
        long ref = buffers.allocate(data);
        OffloadStatus verdict =
                adapter.tcpOffloadReceiveIndicate(handle, ref, OffloadStatus.SUCCESS, consumed);
        verdicts.add(verdict);
        consumedBytes.add(consumed.bytes);
        if (verdict != OffloadStatus.SUCCESS) {
            buffers.free(ref);
        }
    }

    @Override
    public void close() {
        buffers.close();
    }
}
