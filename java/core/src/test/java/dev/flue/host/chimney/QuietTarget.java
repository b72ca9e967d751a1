// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import dev.flue.host.link.BufferPool;
import dev.flue.offload.BytesConsumed;
import dev.flue.offload.Capabilities;
import dev.flue.offload.Miniport;
import dev.flue.offload.MiniportAdapter;
import dev.flue.offload.MiniportOffloadBlockList;
import dev.flue.offload.NetBufferList;
import dev.flue.offload.OffloadHandle;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.Refs;
import dev.flue.offload.StateType;
import dev.flue.spi.Memory;
import java.nio.ByteBuffer;

/**
 * A port and target that allocates nothing: frames go to the other one, sends complete in the next
 * turn, and one list of data is indicated each turn once it is told to.
 */
final class QuietTarget implements Miniport {
    private static final int RING = 1024;
    private static final int DATA_BYTES = 500;

    private final Memory memory;
    private final long mac;
    private final boolean chimney;
    private final BufferPool frames;
    private final BufferPool data;
    private final MiniportOffloadBlockList block;
    private final OffloadHandle slot;
    private final NetBufferList list;
    private final BytesConsumed consumed = new BytesConsumed();
    private final long[] arriving = new long[RING];
    private int arrived;
    private long sentFrames;
    private long sentFramesTail;
    private long sends;
    private long initiate;
    private long handle;
    QuietTarget other;
    boolean indicating;
    int indicated;
    int returned;
    int completed;
    private MiniportAdapter adapter;

    QuietTarget(Memory memory, long mac, boolean chimney) {
        this.memory = memory;
        this.mac = mac;
        this.chimney = chimney;
        this.frames = new BufferPool(memory, 2048, RING, RING);
        this.data = new BufferPool(memory, 512, 64, 64);
        this.block = new MiniportOffloadBlockList(memory);
        this.slot = new OffloadHandle(memory);
        this.list = new NetBufferList(memory);
    }

    @Override
    public void initialize(MiniportAdapter value) {
        adapter = value;
    }

    @Override
    public Capabilities capabilities() {
        return new Capabilities(
                chimney, "no chimney", true, true, false, 9, 1 << 24, 9000, mac, "quiet");
    }

    @Override
    public int doWork(long nowNanos) {
        int work = 0;
        if (initiate != 0) {
            completeInitiate();
            work++;
        }
        if (sentFrames != 0) {
            long chain = sentFrames;
            sentFrames = 0;
            sentFramesTail = 0;
            adapter.sendNetBufferListsComplete(chain);
            work++;
        }
        if (arrived > 0) {
            for (int i = 0; i + 1 < arrived; i++) {
                frames.next(arriving[i], arriving[i + 1]);
            }
            frames.next(arriving[arrived - 1], 0);
            work += arrived;
            arrived = 0;
            adapter.receiveNetBufferLists(arriving[0]);
        }
        if (sends != 0) {
            long chain = sends;
            sends = 0;
            adapter.tcpOffloadSendComplete(chain);
            work++;
        }
        if (indicating) {
            long nbl = data.allocate();
            data.range(nbl, 0, DATA_BYTES);
            adapter.tcpOffloadReceiveIndicate(handle, nbl, OffloadStatus.SUCCESS, consumed);
            indicated += consumed.bytes;
        }
        return work;
    }

    private void completeInitiate() {
        long root = initiate;
        initiate = 0;
        long at = root;
        while (at != 0) {
            block.wrap(at).status(OffloadStatus.SUCCESS.code());
            slot.wrap(block.ndisOffloadHandle()).miniportOffloadContext(block.type());
            if (block.type() == StateType.TCP.code()) {
                handle = block.ndisOffloadHandle();
            }
            at = block.dependentBlockList();
        }
        adapter.initiateOffloadComplete(root);
    }

    @Override
    public long nextDeadline() {
        return Long.MAX_VALUE;
    }

    @Override
    public void sendNetBufferLists(long netBufferLists) {
        for (long at = netBufferLists; at != 0; at = list.wrap(at).next()) {
            other.receive(at);
        }
        if (sentFramesTail != 0) {
            list.wrap(sentFramesTail).next(netBufferLists);
        } else {
            sentFrames = netBufferLists;
        }
        sentFramesTail = netBufferLists;
        while (list.wrap(sentFramesTail).next() != 0) {
            sentFramesTail = list.next();
        }
    }

    private void receive(long frame) {
        long copy = frames.allocate();
        int length = frames.length(frame);
        ByteBuffer from = memory.buffer(Refs.region(frame));
        int to = BufferPool.dataAt(copy);
        frames.buffer(copy).put(to, from, BufferPool.dataAt(frame), length);
        frames.range(copy, 0, length);
        arriving[arrived++] = copy;
    }

    @Override
    public void returnNetBufferLists(long netBufferLists) {
        frames.freeChain(netBufferLists);
    }

    @Override
    public void initiateOffload(long root) {
        initiate = root;
    }

    @Override
    public void tcpOffloadSend(long token, long netBufferLists) {
        for (long at = netBufferLists; at != 0; at = list.wrap(at).next()) {
            list.wrap(at).status(OffloadStatus.SUCCESS.code());
            completed++;
        }
        sends = netBufferLists;
    }

    @Override
    public void tcpOffloadReceiveReturn(long netBufferLists) {
        for (long at = netBufferLists; at != 0; ) {
            long next = list.wrap(at).next();
            data.free(at);
            returned++;
            at = next;
        }
    }

    @Override
    public void queryOffload(long root) {}

    @Override
    public void oidRequest(long request) {}

    @Override
    public void updateOffload(long root) {}

    @Override
    public void invalidateOffload(long root) {}

    @Override
    public void terminateOffload(long root) {}

    @Override
    public void tcpOffloadReceive(long token, long netBufferLists) {}

    @Override
    public void tcpOffloadDisconnect(long token, long netBufferList, int flags) {}

    @Override
    public void tcpOffloadForward(long token, long netBufferLists) {}
}
