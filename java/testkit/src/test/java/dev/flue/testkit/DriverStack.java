// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.im.PassThroughDriver;
import dev.flue.im.VerifierDriver;
import dev.flue.offload.Binding;
import dev.flue.offload.Miniport;
import dev.flue.offload.MiniportAdapter;
import dev.flue.offload.MiniportOffloadBlockList;
import dev.flue.offload.NetBufferList;
import dev.flue.offload.OffloadHandle;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.StateType;
import dev.flue.spi.HeapMemory;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * A recording protocol over some pass-through drivers over a recording target, with a verifier
 * above and one below the drivers.
 */
final class DriverStack implements AutoCloseable {
    final HeapMemory memory = new HeapMemory();
    final RecordingTarget target = new RecordingTarget(memory);
    final RecordingProtocol protocol = new RecordingProtocol(memory);
    final OffloadTrees trees = new OffloadTrees(memory, 2048);
    final NblPool nbls = new NblPool(memory, 1024, 64);
    final List<PassThroughDriver> drivers = new ArrayList<>();
    final VerifierDriver above;
    final VerifierDriver below;
    final MiniportAdapter topAdapter;
    final Miniport top;
    final Binding binding;
    final NetBufferList nbl = new NetBufferList(memory);
    final MiniportOffloadBlockList miniportBlock = new MiniportOffloadBlockList(memory);
    private final Set<String> known = new TreeSet<>();
    private long now;

    DriverStack(int depth, int maxObjects) {
        int more = Math.max(64, maxObjects) + 64;
        below = new VerifierDriver(memory, new MiniportAdapter(memory, target), more, "below");
        MiniportAdapter adapter = new MiniportAdapter(memory, below.upper());
        for (int i = 0; i < depth; i++) {
            PassThroughDriver driver = new PassThroughDriver(memory, adapter, maxObjects);
            drivers.add(driver);
            adapter = new MiniportAdapter(memory, driver.upper());
        }
        above = new VerifierDriver(memory, adapter, more, "above");
        above.compareWith(below);
        topAdapter = new MiniportAdapter(memory, above.upper());
        top = topAdapter.miniport();
        binding = new Binding(memory, protocol, topAdapter);
        protocol.bind(binding);
    }

    /** Turns until nobody has anything left to do. */
    void work() {
        int turns = 0;
        while (top.doWork(++now) > 0) {
            assertThat(++turns).as("turns of the duty cycle").isLessThan(10_000);
        }
    }

    /** One connection with its path and neighbor, all new; returns the three handles. */
    long[] offloadConnection() {
        long[] handles = {trees.handle(), trees.handle(), trees.handle()};
        long root = connectionTree(handles);
        binding.initiateOffload(root);
        work();
        assertThat(trees.status(root)).isEqualTo(OffloadStatus.SUCCESS.code());
        trees.free(root);
        protocol.completions().clear();
        return handles;
    }

    /** A tree of three blocks that refer to these neighbor, path and connection handles. */
    long connectionTree(long[] handles) {
        long tcp = trees.block(StateType.TCP, handles[2]);
        long path = trees.block(StateType.IP4, handles[1], tcp);
        return trees.block(StateType.NEIGHBOR, handles[0], path);
    }

    /** The same without state structures, for an invalidate (H-19). */
    long bareTree(long[] handles) {
        long tcp = trees.block(StateType.NONE, handles[2]);
        long path = trees.block(StateType.NONE, handles[1], tcp);
        return trees.block(StateType.NONE, handles[0], path);
    }

    void terminate(long[] handles) {
        long root = connectionTree(handles);
        binding.terminateOffload(root);
        work();
        assertThat(trees.status(root)).isEqualTo(OffloadStatus.SUCCESS.code());
        trees.free(root);
        protocol.completions().clear();
        for (long handle : handles) {
            assertThat(trees.token(handle)).isZero();
            trees.freeHandle(handle);
        }
    }

    long targetToken(long handle) {
        for (Map.Entry<Long, RecordingTarget.Held> each : target.objects().entrySet()) {
            long at = each.getValue().ndisOffloadHandle();
            for (int i = 0; i < drivers.size() + 2; i++) {
                at = owner(at);
            }
            if (at == handle) {
                return each.getKey();
            }
        }
        throw new AssertionError("no object for handle " + Long.toHexString(handle));
    }

    /** A driver keeps the handle above in NdisReserved of its own, for people who debug. */
    private long owner(long handle) {
        return new OffloadHandle(memory).wrap(handle).ndisReserved();
    }

    /** This test breaks these rules, and the verifiers must say so. */
    void breaks(String... rules) {
        known.addAll(List.of(rules));
    }

    private Set<String> breaches() {
        Set<String> rules = new TreeSet<>();
        for (VerifierDriver each : List.of(above, below)) {
            each.breaches().forEach(breach -> rules.add(breach.rule()));
        }
        if (known.isEmpty()) {
            Verifiers.assertNoBreach(List.of(above, below));
        }
        return rules;
    }

    int status(long root) {
        return trees.status(root);
    }

    void nothingHeld() {
        assertThat(breaches()).as("rules broken, of which the test knows").isEqualTo(known);
        assertThat(above.unfinished()).isEmpty();
        assertThat(below.unfinished()).isEmpty();
        for (PassThroughDriver driver : drivers) {
            assertThat(driver.held().values()).as(driver.held().toString()).containsOnly(0);
        }
        assertThat(target.objects()).isEmpty();
        assertThat(target.buffersHeld()).isZero();
        assertThat(trees.blocksHeld()).isZero();
        assertThat(trees.handlesHeld()).isZero();
        assertThat(nbls.held()).isZero();
    }

    @Override
    public void close() {
        above.close();
        drivers.forEach(PassThroughDriver::close);
        below.close();
        target.close();
        trees.close();
        nbls.close();
    }
}
