// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.im.Breach;
import dev.flue.im.VerifierDriver;
import dev.flue.offload.Binding;
import dev.flue.offload.Capabilities;
import dev.flue.offload.Miniport;
import dev.flue.offload.MiniportAdapter;
import dev.flue.offload.MiniportOffloadBlockList;
import dev.flue.offload.NetBuffer;
import dev.flue.offload.NetBufferList;
import dev.flue.offload.OffloadHandle;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.StateType;
import dev.flue.spi.HeapMemory;
import java.util.List;
import java.util.TreeSet;

/**
 * A verifier between a recording protocol and a target that does nothing by itself: the test plays
 * it, by the rules or against them.
 */
final class LooseStack implements AutoCloseable {
    static final int SUCCESS = OffloadStatus.SUCCESS.code();

    final HeapMemory memory = new HeapMemory();
    final Target target = new Target();
    final VerifierDriver verifier =
            new VerifierDriver(memory, new MiniportAdapter(memory, target), 64, "verifier");
    final RecordingProtocol protocol = new RecordingProtocol(memory);
    final MiniportAdapter top = new MiniportAdapter(memory, verifier.upper());
    final Binding binding = new Binding(memory, protocol, top);
    final OffloadTrees trees = new OffloadTrees(memory, 256);
    final NblPool nbls = new NblPool(memory, 64, 64);
    final NetBufferList nbl = new NetBufferList(memory);
    final NetBuffer nb = new NetBuffer(memory);
    final MiniportOffloadBlockList block = new MiniportOffloadBlockList(memory);
    final OffloadHandle slot = new OffloadHandle(memory);

    /** Of the verifier: what the target indicates with. Neighbor, path, TCP. */
    final long[] below = new long[3];

    private long nextToken = 100;

    LooseStack() {
        protocol.bind(binding);
    }

    /** Neighbor, path and connection, offloaded; their handles. */
    long[] offload() {
        long[] handles = {trees.handle(), trees.handle(), trees.handle()};
        long root = tree(handles);
        binding.initiateOffload(root);
        finishInitiate(root);
        return handles;
    }

    long tree(long[] handles) {
        long tcp = trees.block(StateType.TCP, handles[2]);
        long path = trees.block(StateType.IP4, handles[1], tcp);
        return trees.block(StateType.NEIGHBOR, handles[0], path);
    }

    /** As a good target: tokens and SUCCESS for all. */
    void finishInitiate(long root) {
        take(root);
        target.adapter.initiateOffloadComplete(root);
    }

    /** The same but the completion. */
    void take(long root) {
        List<Long> blocks = trees.all(root);
        for (int i = 0; i < blocks.size(); i++) {
            block.wrap(blocks.get(i)).status(SUCCESS);
            if (i < below.length) {
                below[i] = block.ndisOffloadHandle();
            }
            slot.wrap(block.ndisOffloadHandle()).miniportOffloadContext(nextToken++);
        }
    }

    /** SUCCESS in all blocks. */
    long done(long root) {
        trees.all(root).forEach(ref -> block.wrap(ref).status(SUCCESS));
        return root;
    }

    /** Data of so many bytes in each of some NBLs. */
    long chain(int length, int bytes) {
        long head = 0;
        for (int i = 0; i < length; i++) {
            long ref = nbls.allocate(new byte[bytes]);
            nbl.wrap(ref).next(head);
            head = ref;
        }
        return head;
    }

    /** What a target writes into an NBL on completion; the data start moves. */
    long complete(long ref, OffloadStatus status, int bytes) {
        nbl.wrap(ref).status(status.code()).bytesTransferred(bytes);
        nb.wrap(nbl.firstNetBuffer());
        nb.currentMdlOffset(nb.currentMdlOffset() + bytes).dataLength(nb.dataLength() - bytes);
        return ref;
    }

    long next(long ref) {
        return nbl.wrap(ref).next();
    }

    /** Split a chain: the first of it alone. */
    long alone(long ref) {
        nbl.wrap(ref).next(0);
        return ref;
    }

    /** These rules were broken since the last call, and no other. */
    void broken(String... rules) {
        TreeSet<String> seen = new TreeSet<>();
        for (Breach breach : verifier.breaches()) {
            seen.add(breach.rule());
            assertThat(breach.sentence()).isNotBlank();
        }
        assertThat(seen).as("%s", verifier.breaches()).containsExactlyInAnyOrder(rules);
        verifier.clearBreaches();
    }

    @Override
    public void close() {
        verifier.close();
        trees.close();
        nbls.close();
    }

    /** Takes everything and answers nothing. */
    static final class Target implements Miniport {
        MiniportAdapter adapter;
        Runnable inside = () -> {};

        @Override
        public void initialize(MiniportAdapter given) {
            adapter = given;
        }

        @Override
        public Capabilities capabilities() {
            return null;
        }

        @Override
        public void initiateOffload(long root) {
            inside.run();
        }

        @Override
        public void queryOffload(long root) {
            inside.run();
        }

        @Override
        public void updateOffload(long root) {
            inside.run();
        }

        @Override
        public void invalidateOffload(long root) {
            inside.run();
        }

        @Override
        public void terminateOffload(long root) {
            inside.run();
        }

        @Override
        public void tcpOffloadSend(long token, long netBufferLists) {
            inside.run();
        }

        @Override
        public void tcpOffloadReceive(long token, long netBufferLists) {
            inside.run();
        }

        @Override
        public void tcpOffloadDisconnect(long token, long netBufferList, int flags) {
            inside.run();
        }

        @Override
        public void tcpOffloadForward(long token, long netBufferLists) {
            inside.run();
        }

        @Override
        public void tcpOffloadReceiveReturn(long netBufferLists) {}

        @Override
        public void sendNetBufferLists(long netBufferLists) {}

        @Override
        public void returnNetBufferLists(long netBufferLists) {}

        @Override
        public void oidRequest(long request) {}

        @Override
        public int doWork(long nowNanos) {
            return 0;
        }

        @Override
        public long nextDeadline() {
            return Long.MAX_VALUE;
        }
    }
}
