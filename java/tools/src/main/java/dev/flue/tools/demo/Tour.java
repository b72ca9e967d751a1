// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.demo;

import dev.flue.bindings.EngineConfig;
import dev.flue.bindings.NativeMemory;
import dev.flue.bindings.NativeOffloadTarget;
import dev.flue.bindings.NativePort;
import dev.flue.offload.Binding;
import dev.flue.offload.BytesConsumed;
import dev.flue.offload.OffloadEvent;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.Protocol;
import dev.flue.offload.StatusIndication;
import dev.flue.offload.TcpEvent;
import dev.flue.tools.assembly.DriverChain;
import dev.flue.tools.run.DutyCycle;
import dev.flue.tools.run.ToolException;
import dev.flue.tools.run.Turn;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;

/**
 * One neighbor, one path and one quiet connection that live through every state operation there is:
 * initiate, query, update, invalidate, terminate. A protocol of its own over a target and drivers
 * of its own, as a host stack updates and invalidates only when its network changes.
 */
final class Tour implements Protocol, AutoCloseable {
    private static final long ANSWER_NANOS = TimeUnit.SECONDS.toNanos(5);
    private static final int OBJECTS = 64;

    private final NativePort port;
    private final NativeOffloadTarget target;
    private final DriverChain drivers;
    private final Binding binding;
    private final TourTree tree;
    private long completed;

    /**
     * @param port owned from now on
     * @param names of the drivers
     * @param chains told of the drivers when they are there
     */
    Tour(NativePort port, List<String> names, java.util.function.Consumer<DriverChain> chains) {
        this.port = port;
        NativeMemory memory = NativeMemory.heap();
        EngineConfig config = EngineConfig.builder().maxConnections(OBJECTS).build();
        target = new NativeOffloadTarget(config, port, memory);
        drivers = DriverChain.over(target, memory, names, OBJECTS, "tour");
        chains.accept(drivers);
        binding = new Binding(memory, this, drivers.top());
        tree = new TourTree(memory);
    }

    /** All operations, one after the other. */
    void run() {
        binding.miniport().doWork(System.nanoTime());
        operate("initiate", tree.initiate(), binding::initiateOffload);
        operate("query", tree.query(), binding::queryOffload);
        operate("update", tree.updateNeighbor(), binding::updateOffload);
        operate("update", tree.updatePath(), binding::updateOffload);
        operate("update", tree.updateConnection(), binding::updateOffload);
        operate("invalidate", tree.invalidate(), binding::invalidateOffload);
        operate("terminate", tree.terminate(), binding::terminateOffload);
    }

    private void operate(String what, long root, LongConsumer call) {
        completed = 0;
        call.accept(root);
        Turn turn = binding.miniport()::doWork;
        boolean answered =
                new DutyCycle(List.of(turn)).runUntil(() -> completed == root, ANSWER_NANOS);
        if (!answered || !tree.succeeded(root)) {
            throw new ToolException(
                    "the tour's " + what + (answered ? " failed" : " was not answered"));
        }
    }

    @Override
    public void close() {
        drivers.close();
        target.close();
        port.close();
        tree.close();
    }

    // ---- Protocol. The connection is quiet: nothing but completions is expected.

    @Override
    public void initiateOffloadComplete(long root) {
        completed = root;
    }

    @Override
    public void queryOffloadComplete(long root) {
        completed = root;
    }

    @Override
    public void updateOffloadComplete(long root) {
        completed = root;
    }

    @Override
    public void invalidateOffloadComplete(long root) {
        completed = root;
    }

    @Override
    public void terminateOffloadComplete(long root) {
        completed = root;
    }

    @Override
    public void tcpOffloadSendComplete(long netBufferLists) {}

    @Override
    public void tcpOffloadReceiveComplete(long netBufferLists) {}

    @Override
    public void tcpOffloadDisconnectComplete(long netBufferList) {}

    @Override
    public void tcpOffloadForwardComplete(long netBufferLists) {}

    @Override
    public OffloadStatus tcpOffloadReceiveIndicate(
            long offloadHandle, long netBufferList, OffloadStatus status, BytesConsumed consumed) {
        consumed.bytes = 0;
        return OffloadStatus.OFFLOAD_DATA_NOT_ACCEPTED;
    }

    /** The invalidate asks for the upload that comes next. */
    @Override
    public void tcpOffloadEvent(long offloadHandle, TcpEvent event, long information) {}

    @Override
    public void statusIndication(StatusIndication indication) {}

    @Override
    public void indicateOffloadEvent(long block, OffloadEvent event) {}

    @Override
    public void oidRequestComplete(long request) {}

    @Override
    public void receiveNetBufferLists(long netBufferLists) {
        binding.returnNetBufferLists(netBufferLists);
    }

    @Override
    public void sendNetBufferListsComplete(long netBufferLists) {}
}
