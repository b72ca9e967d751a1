// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import dev.flue.offload.Binding;
import dev.flue.offload.BytesConsumed;
import dev.flue.offload.HandleTable;
import dev.flue.offload.MiniportAdapter;
import dev.flue.offload.NetBufferList;
import dev.flue.offload.OffloadEvent;
import dev.flue.offload.OffloadHandle;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.Protocol;
import dev.flue.offload.ProtocolOffloadBlockList;
import dev.flue.offload.RecordPool;
import dev.flue.offload.StateOffsets;
import dev.flue.offload.StateType;
import dev.flue.offload.StatusIndication;
import dev.flue.offload.TcpDelegated;
import dev.flue.offload.TcpEvent;
import dev.flue.testkit.ConnectionState;
import dev.flue.testkit.NblPool;
import dev.flue.testkit.NblReader;
import dev.flue.testkit.StateBlocks;

/**
 * An engine with one connection that never stops sending, and checks every byte it receives and how
 * many passes of the engine lie between two deliveries. The connection never had a handshake: both
 * ends of a pair are handed states that fit.
 */
class StreamEnd implements Protocol, AutoCloseable {
    private static final int MTU = 1500;
    private static final int SEND_BYTES = 1_448;
    private static final int SENDS = 32;
    private static final int WINDOW = 1 << 20;
    private static final int SCALE = 7;
    private static final int FIRST_PORT = 5_001;
    // Bytes repeat after a prime, so that a segment out of place differs.
    private static final byte[] PATTERN = pattern(8_191, SEND_BYTES);
    private static final int PERIOD = 8_191;

    final NativeMemory memory = NativeMemory.heap();
    final NativeOffloadTarget target;
    final Binding binding;
    final ProtocolOffloadBlockList block = new ProtocolOffloadBlockList(memory);
    final OffloadHandle handle = new OffloadHandle(memory);
    final StateBlocks state = new StateBlocks(memory);
    private final HandleTable<StreamEnd> handles;
    private final RecordPool blocks;
    private final NblPool sends;
    private final NblReader reader = new NblReader(memory);
    private final TcpDelegated delegated = new TcpDelegated(memory);
    private final NetBufferList list = new NetBufferList(memory);
    private final int end;
    private final long[] ownBlocks = new long[3];
    private final long[] ownHandles = new long[3];
    private long completedRoot;
    private long returns;
    private boolean streaming;
    private long sent;
    private long received;
    private long passes;
    private long lastDelivery;
    private long largestGap;

    /**
     * @param end 0 or 1: addresses, ports and sequence numbers follow from it
     */
    StreamEnd(NativePort port, EngineConfig config, int end, long peerMac) {
        this.end = end;
        target = new NativeOffloadTarget(config, port, memory);
        binding = new Binding(memory, this, new MiniportAdapter(memory, target));
        handles = new HandleTable<>(memory, 3);
        blocks = new RecordPool(memory, StateOffsets.BLOCK_BYTES, 3);
        sends = new NblPool(memory, SENDS, SEND_BYTES);
        for (int i = 0; i < ownBlocks.length; i++) {
            ownBlocks[i] = blocks.allocate();
            ownHandles[i] = handles.allocate(this);
        }
        state.neighbor(ownBlocks[0], 0, peerMac);
        state.path(ownBlocks[1], address(end), address(1 - end), MTU);
        state.connection(ownBlocks[2], connection(end));
    }

    private static byte[] pattern(int period, int more) {
        byte[] out = new byte[period + more];
        for (int i = 0; i < out.length; i++) {
            int n = i % period;
            out[i] = (byte) (n * 31 + (n >> 8));
        }
        return out;
    }

    private static byte[] address(int of) {
        return new byte[] {(byte) 198, 18, 0, (byte) (1 + of)};
    }

    private static ConnectionState connection(int end) {
        ConnectionState c = new ConnectionState();
        c.ports(FIRST_PORT + end, FIRST_PORT + 1 - end);
        c.sequence(0x10000 << end, 0x10000 << 1 - end);
        c.scaled = true;
        c.sendScale = SCALE;
        c.receiveScale = SCALE;
        c.sendWindow = WINDOW;
        c.receiveWindow = WINDOW;
        c.congestionWindow = WINDOW;
        c.slowStartThreshold = WINDOW;
        return c;
    }

    private long link() {
        StateType[] types = {StateType.NEIGHBOR, StateType.IP4, StateType.TCP};
        for (int i = 0; i < types.length; i++) {
            block.wrap(ownBlocks[i]).clear(types[i]);
            block.offloadHandle(ownHandles[i]);
            block.dependentBlockList(i + 1 < types.length ? ownBlocks[i + 1] : 0);
        }
        return ownBlocks[0];
    }

    void initiateStream() {
        binding.initiateOffload(link());
    }

    /** The last state operation on the stream has completed, with success in every block. */
    boolean streamDone() {
        if (completedRoot != ownBlocks[0]) {
            return false;
        }
        completedRoot = 0;
        for (long each : ownBlocks) {
            if (block.wrap(each).status() != OffloadStatus.SUCCESS.code()) {
                throw new AssertionError("stream: " + OffloadStatus.of(block.status()));
            }
        }
        return true;
    }

    /** Send for ever, from now on. */
    void startStream() {
        streaming = true;
        while (sends.held() < SENDS) {
            sendMore();
        }
    }

    /** Take the connection back: what it still had under way stays unsent. */
    void terminateStream() {
        streaming = false;
        binding.terminateOffload(link());
    }

    /** Once it is back: free what was not sent, take and return what was not indicated. */
    void freeStream() {
        sends.freeChain(block.wrap(ownBlocks[2]).netBufferListChain());
        delegated.wrap(ownBlocks[2] + StateOffsets.TCP_DELEGATED);
        long buffered = delegated.bufferedData();
        for (long at = buffered; at != 0; at = list.wrap(at).next()) {
            check(reader.bytes(at));
        }
        if (buffered != 0) {
            binding.tcpOffloadReceiveReturn(buffered);
        }
    }

    private void sendMore() {
        int from = (int) (sent % PERIOD);
        long nbl = sends.allocate(PATTERN, from, SEND_BYTES);
        sent += SEND_BYTES;
        binding.tcpOffloadSend(ownHandles[2], nbl);
    }

    /** A turn of the duty cycle, with a pass of the engine in it. */
    int turn(long now) {
        if (returns != 0) {
            binding.tcpOffloadReceiveReturn(returns);
            returns = 0;
        }
        passes++;
        return target.doWork(now);
    }

    long passes() {
        return passes;
    }

    long received() {
        return received;
    }

    /** Most passes between two deliveries since this was last asked. */
    long takeLargestGap() {
        long gap = Math.max(largestGap, passes - lastDelivery);
        largestGap = 0;
        lastDelivery = passes;
        return gap;
    }

    @Override
    public OffloadStatus tcpOffloadReceiveIndicate(
            long offloadHandle, long netBufferList, OffloadStatus status, BytesConsumed consumed) {
        byte[] data = reader.bytes(netBufferList);
        check(data);
        largestGap = Math.max(largestGap, passes - lastDelivery);
        lastDelivery = passes;
        list.wrap(netBufferList).next(returns);
        returns = netBufferList;
        consumed.bytes = data.length;
        return OffloadStatus.SUCCESS;
    }

    private void check(byte[] data) {
        for (int i = 0; i < data.length; i++) {
            if (data[i] != PATTERN[(int) ((received + i) % PERIOD)]) {
                throw new AssertionError("end " + end + ": byte " + (received + i) + " differs");
            }
        }
        received += data.length;
    }

    @Override
    public void tcpOffloadSendComplete(long netBufferLists) {
        long next;
        for (long at = netBufferLists; at != 0; at = next) {
            next = list.wrap(at).next();
            sends.free(at);
            if (streaming) {
                sendMore();
            }
        }
    }

    @Override
    public void initiateOffloadComplete(long root) {
        completedRoot = root;
    }

    @Override
    public void terminateOffloadComplete(long root) {
        completedRoot = root;
    }

    @Override
    public void queryOffloadComplete(long root) {
        throw new AssertionError("nobody queried");
    }

    @Override
    public void updateOffloadComplete(long root) {
        throw new AssertionError("nobody updated");
    }

    @Override
    public void invalidateOffloadComplete(long root) {
        throw new AssertionError("nobody invalidated");
    }

    @Override
    public void tcpOffloadReceiveComplete(long netBufferLists) {
        throw new AssertionError("nothing was posted");
    }

    @Override
    public void tcpOffloadDisconnectComplete(long netBufferList) {
        throw new AssertionError("nobody disconnected");
    }

    @Override
    public void tcpOffloadForwardComplete(long netBufferLists) {
        throw new AssertionError("nothing was forwarded");
    }

    @Override
    public void tcpOffloadEvent(long offloadHandle, TcpEvent event, long information) {
        throw new AssertionError("end " + end + ": " + event + " " + information);
    }

    @Override
    public void statusIndication(StatusIndication indication) {
        throw new AssertionError(indication + ": " + target.capabilities());
    }

    @Override
    public void indicateOffloadEvent(long query, OffloadEvent event) {
        // As it stands in the block: reachable when we last said so.
    }

    @Override
    public void oidRequestComplete(long request) {}

    @Override
    public void receiveNetBufferLists(long netBufferLists) {
        binding.returnNetBufferLists(netBufferLists);
    }

    @Override
    public void sendNetBufferListsComplete(long netBufferLists) {}

    @Override
    public void close() {
        target.close();
        sends.close();
        blocks.close();
        handles.close();
    }
}
