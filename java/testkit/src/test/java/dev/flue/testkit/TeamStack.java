// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.im.TeamDriver;
import dev.flue.im.VerifierDriver;
import dev.flue.offload.Binding;
import dev.flue.offload.MiniportAdapter;
import dev.flue.offload.NetBufferList;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.StateOffsets;
import dev.flue.offload.StateType;
import dev.flue.offload.StatusIndication;
import dev.flue.offload.TcpConst;
import dev.flue.offload.TcpEvent;
import dev.flue.spi.HeapMemory;
import java.util.ArrayList;
import java.util.List;

/**
 * A recording protocol over a team of recording targets, with a verifier above the team and one
 * over each target.
 */
final class TeamStack implements AutoCloseable {
    private static final byte[] LOCAL = {(byte) 198, 18, 0, 1};
    private static final byte[] REMOTE = {(byte) 198, 18, 0, 2};

    final HeapMemory memory = new HeapMemory();
    final List<RecordingTarget> targets = new ArrayList<>();
    final List<VerifierDriver> verifiers = new ArrayList<>();
    final RecordingProtocol protocol = new RecordingProtocol(memory);
    final OffloadTrees trees = new OffloadTrees(memory, 2048);
    final StateBlocks states = new StateBlocks(memory);
    final NblPool nbls = new NblPool(memory, 256, 64);
    final NetBufferList nbl = new NetBufferList(memory);
    final TeamDriver team;
    final VerifierDriver above;
    final Binding binding;
    private final TcpConst tcp = new TcpConst(memory);
    private final List<String> known = new ArrayList<>();
    private long now = 1_000_000;

    TeamStack(int members, TeamDriver.Settings settings) {
        List<MiniportAdapter> lowers = new ArrayList<>();
        for (int i = 0; i < members; i++) {
            RecordingTarget target = new RecordingTarget(memory);
            targets.add(target);
            VerifierDriver verifier =
                    new VerifierDriver(
                            memory, new MiniportAdapter(memory, target), 2048, "below " + i);
            verifiers.add(verifier);
            lowers.add(new MiniportAdapter(memory, verifier.upper()));
        }
        team = new TeamDriver(memory, lowers, settings);
        above =
                new VerifierDriver(
                        memory, new MiniportAdapter(memory, team.upper()), 2048, "above");
        verifiers.add(above);
        binding = new Binding(memory, protocol, new MiniportAdapter(memory, above.upper()));
        protocol.bind(binding);
    }

    /** One turn of everybody. */
    int turn() {
        return above.upper().doWork(now += 1_000_000);
    }

    void work() {
        int turns = 0;
        while (turn() > 0) {
            assertThat(++turns).isLessThan(10_000);
        }
    }

    RecordingTarget target(int member) {
        return targets.get(member);
    }

    /** Objects of this type that a member has. */
    long at(int member, StateType type) {
        return target(member).objects().values().stream()
                .filter(held -> held.stateType() == type.code())
                .count();
    }

    // ---- Trees.

    long neighbor(long handle, long... dependents) {
        long ref = trees.block(StateType.NEIGHBOR, handle, dependents);
        states.neighbor(ref, 0, 0x0200c6120002L);
        return ref;
    }

    long path(long handle, long... dependents) {
        long ref = trees.block(StateType.IP4, handle, dependents);
        states.path(ref, LOCAL, REMOTE, 1500);
        return ref;
    }

    long connection(long handle, int hash) {
        long ref = trees.block(StateType.TCP, handle);
        tcp.wrap(ref + StateOffsets.TCP_CONST).hashValue(hash);
        return ref;
    }

    long[] connections(long[] handles, int firstHash) {
        long[] blocks = new long[handles.length];
        for (int i = 0; i < handles.length; i++) {
            blocks[i] = connection(handles[i], firstHash + i);
        }
        return blocks;
    }

    long[] handles(int count) {
        long[] handles = new long[count];
        for (int i = 0; i < count; i++) {
            handles[i] = trees.handle();
        }
        return handles;
    }

    /** Offload a whole tree, which succeeds. */
    void offload(long neighbor, long path, long[] connections) {
        long root = neighbor(neighbor, path(path, connections(connections, 1)));
        binding.initiateOffload(root);
        work();
        succeeded(root);
    }

    void succeeded(long root) {
        for (long block : trees.all(root)) {
            assertThat(status(block)).isEqualTo(OffloadStatus.SUCCESS);
        }
        trees.free(root);
    }

    OffloadStatus status(long block) {
        return OffloadStatus.of(trees.status(block));
    }

    /** Terminate a whole tree; handles are given back. */
    void terminate(long neighbor, long path, long[] connections) {
        long[] blocks = new long[connections.length];
        for (int i = 0; i < blocks.length; i++) {
            blocks[i] = trees.block(StateType.TCP, connections[i]);
        }
        long root = neighbor(neighbor, path(path, blocks));
        binding.terminateOffload(root);
        work();
        succeeded(root);
        for (long handle : connections) {
            assertThat(trees.token(handle)).isZero();
            trees.freeHandle(handle);
        }
        trees.freeHandle(path);
        trees.freeHandle(neighbor);
    }

    /**
     * What a host does that is asked for connections: takes them back, and offloads them anew. True
     * when there were some.
     */
    boolean moveAsked(long neighbor, long path, long[] handles) {
        List<Long> asked = new ArrayList<>();
        for (RecordingProtocol.Event each : protocol.events()) {
            if (each.event() == TcpEvent.RETRIEVE) {
                asked.add(each.handle());
            }
        }
        protocol.events().clear();
        for (long handle : asked) {
            long root = trees.block(StateType.TCP, handle);
            binding.terminateOffload(root);
            work();
            succeeded(root);
        }
        for (int i = 0; i < handles.length; i++) {
            if (asked.contains(handles[i])) {
                long root = linked(neighbor, path, connection(handles[i], 1 + i));
                binding.initiateOffload(root);
                work();
                succeeded(root);
            }
        }
        return !asked.isEmpty();
    }

    /** A tree that adds connections to a neighbor and a path that are there. */
    long linked(long neighbor, long path, long... connections) {
        assertThat(trees.token(neighbor)).isNotZero();
        return trees.placeholder(StateType.NEIGHBOR, trees.block(StateType.IP4, path, connections));
    }

    /** This test breaks these rules, and the verifiers say so. */
    void breaks(String... rules) {
        known.addAll(List.of(rules));
    }

    void status(int member, StatusIndication indication) {
        target(member).status(indication);
        turn();
    }

    void nothingHeld() {
        if (known.isEmpty()) {
            Verifiers.assertClean(verifiers);
        }
        verifiers.forEach(
                each ->
                        assertThat(each.breaches())
                                .allSatisfy(breach -> assertThat(known).contains(breach.rule())));
        assertThat(team.held().values()).as("%s", team.held()).containsOnly(0);
        assertThat(team.strayCalls()).isZero();
        assertThat(trees.blocksHeld()).isZero();
        assertThat(trees.handlesHeld()).isZero();
        assertThat(nbls.held()).isZero();
        for (RecordingTarget each : targets) {
            assertThat(each.objects()).isEmpty();
            assertThat(each.buffersHeld()).isZero();
        }
    }

    @Override
    public void close() {
        above.close();
        team.close();
        verifiers.forEach(VerifierDriver::close);
        targets.forEach(RecordingTarget::close);
        trees.close();
        nbls.close();
    }
}
