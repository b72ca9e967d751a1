// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.im.MeterConnection;
import dev.flue.im.MeterDriver;
import dev.flue.im.MeterSettings;
import dev.flue.im.VerifierDriver;
import dev.flue.offload.Binding;
import dev.flue.offload.MiniportAdapter;
import dev.flue.offload.NetBuffer;
import dev.flue.offload.NetBufferList;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.StateOffsets;
import dev.flue.offload.StateType;
import dev.flue.offload.TcpConst;
import dev.flue.offload.TcpDelegated;
import dev.flue.spi.HeapMemory;
import java.util.ArrayList;
import java.util.List;

/** A meter between two verifiers, over a target that does what it is told, in virtual time. */
final class MeterStack implements AutoCloseable {
    static final int LIST = 1000;
    static final int REMOTE_PORT = 443;

    final HeapMemory memory = new HeapMemory();
    final RecordingTarget target = new RecordingTarget(memory);
    final OffloadTrees trees = new OffloadTrees(memory, 64);
    final NblPool nbls = new NblPool(memory, 1024, LIST);
    final NetBufferList nbl = new NetBufferList(memory);
    final NetBuffer nb = new NetBuffer(memory);
    final RecordingProtocol protocol = new RecordingProtocol(memory);
    final VerifierDriver below =
            new VerifierDriver(memory, new MiniportAdapter(memory, target), 32, "below");
    final MeterDriver meter;
    final VerifierDriver above;
    final Binding binding;
    private final List<Long> handles = new ArrayList<>();
    private int nextPort = 1;
    long now;

    /** Its first turn is at {@code start}; negative: there was none yet. */
    MeterStack(MeterSettings settings, long start) {
        meter = new MeterDriver(memory, new MiniportAdapter(memory, below.upper()), 16, settings);
        above = new VerifierDriver(memory, new MiniportAdapter(memory, meter.upper()), 32, "above");
        binding = new Binding(memory, protocol, new MiniportAdapter(memory, above.upper()));
        protocol.bind(binding);
        now = Math.max(0, start);
        if (start >= 0) {
            turn();
        }
    }

    void turn() {
        above.upper().doWork(now);
    }

    void pass(long nanos) {
        now += nanos;
        turn();
    }

    /** A connection of its own, without a path; its local port is 1, 2, 3 and so on. */
    long offload() {
        return offload(0);
    }

    /** The same, with data. */
    long offload(long chain) {
        long handle = trees.handle();
        long root = initiate(handle, chain);
        turn();
        assertThat(trees.status(root)).isEqualTo(OffloadStatus.SUCCESS.code());
        trees.free(root);
        handles.add(handle);
        return handle;
    }

    /** The block of its initiate, on its way down. */
    long initiate(long handle, long chain) {
        long root = connection(handle);
        trees.at(root).netBufferListChain(chain);
        binding.initiateOffload(root);
        return root;
    }

    long connection(long handle) {
        long ref = trees.block(StateType.TCP, handle);
        new TcpConst(memory)
                .wrap(ref + StateOffsets.TCP_CONST)
                .localPort(nextPort++)
                .remotePort(REMOTE_PORT);
        return ref;
    }

    /** Taken back, with these sends in its block. */
    void terminate(long handle, long returned) {
        long root = trees.block(StateType.TCP, handle);
        target.hold();
        binding.terminateOffload(root);
        trees.at(root).netBufferListChain(returned);
        long last = returned;
        for (long at = returned; at != 0; at = nbl.wrap(at).next()) {
            last = at;
        }
        new TcpDelegated(memory)
                .wrap(root + StateOffsets.TCP_DELEGATED)
                .sendDataHead(returned)
                .sendDataTail(last);
        target.release();
        turn();
        turn();
        assertThat(trees.status(root)).isEqualTo(OffloadStatus.SUCCESS.code());
        trees.free(root);
        trees.freeHandle(handle);
        handles.remove(handle);
    }

    /** So many lists of {@link #LIST} bytes. */
    long chain(int lists) {
        long head = 0;
        for (int i = 0; i < lists; i++) {
            long ref = list(LIST);
            nbl.wrap(ref).next(head);
            head = ref;
        }
        return head;
    }

    long list(int bytes) {
        return nbls.allocate(new byte[bytes]);
    }

    /** A list of two buffers; the second one is another list's, which is to be freed as well. */
    long listOfTwo(int first, long second) {
        long ref = list(first);
        nb.wrap(nbl.wrap(ref).firstNetBuffer()).next(nbl.wrap(second).firstNetBuffer());
        return ref;
    }

    /** NBLs that have completed, freed. */
    int completed(String operation, OffloadStatus status) {
        int count = 0;
        for (RecordingProtocol.IoCompletion each : List.copyOf(protocol.io())) {
            if (each.operation().equals(operation)) {
                assertThat(each.status()).isEqualTo(status.code());
                nbls.free(each.netBufferList());
                protocol.io().remove(each);
                count++;
            }
        }
        return count;
    }

    /** Of the connection with this local port. */
    MeterConnection metered(int localPort) {
        return meter.connections(16).stream()
                .filter(each -> each.localPort() == localPort)
                .findFirst()
                .orElseThrow();
    }

    /** The target's token of the connection that was offloaded as the n-th of those there. */
    long token(int number) {
        return new ArrayList<>(target.objects().keySet()).get(number);
    }

    /** All is taken back; nothing is held anywhere, and no rule was broken. */
    @Override
    public void close() {
        target.release();
        List.copyOf(handles).forEach(each -> terminate(each, 0));
        Verifiers.assertClean(List.of(above, below));
        assertThat(meter.held().values()).as("%s", meter.held()).containsOnly(0);
        assertThat(meter.connectionCount()).isZero();
        assertThat(nbls.held()).isZero();
        assertThat(trees.blocksHeld()).isZero();
        assertThat(target.buffersHeld()).isZero();
        above.close();
        meter.close();
        below.close();
    }
}
