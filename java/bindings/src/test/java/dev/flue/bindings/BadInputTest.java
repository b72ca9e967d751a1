// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flue.im.Breach;
import dev.flue.im.VerifierDriver;
import dev.flue.offload.Binding;
import dev.flue.offload.Miniport;
import dev.flue.offload.MiniportAdapter;
import dev.flue.offload.NetBufferList;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.StateType;
import dev.flue.testkit.ConnectionState;
import dev.flue.testkit.NblPool;
import dev.flue.testkit.OffloadTrees;
import dev.flue.testkit.RecordingProtocol;
import dev.flue.testkit.StateBlocks;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * A host that breaks the rules, over a verifier and the engine: it gets a status or an exception, a
 * breach names the rule, and the target goes on with nothing leaked.
 */
@RequiresFlue
class BadInputTest {
    private static final int SUCCESS = OffloadStatus.SUCCESS.code();
    private static final int FAILURE = OffloadStatus.FAILURE.code();
    private static final long MAC = 0x0200_c612_0001L;
    private static final long PEER_MAC = 0x0200_c612_0002L;

    private final NativeMemory memory = NativeMemory.heap();
    private final Wire wire = new Wire(WireConfig.builder().ports(2).build());
    private final NativeOffloadTarget target =
            new NativeOffloadTarget(
                    EngineConfig.builder().maxConnections(16).build(), wire.port(0, MAC), memory);
    private final VerifierDriver verifier =
            new VerifierDriver(memory, new MiniportAdapter(memory, target), 64, "verifier");
    private final RecordingProtocol protocol = new RecordingProtocol(memory);
    private final Binding binding =
            new Binding(memory, protocol, new MiniportAdapter(memory, verifier.upper()));
    private final OffloadTrees trees = new OffloadTrees(memory, 128);
    private final NblPool nbls = new NblPool(memory, 64, 64);
    private final StateBlocks state = new StateBlocks(memory);
    private final NetBufferList nbl = new NetBufferList(memory);
    private long[] handles;
    private int port = 1000;
    private long now;

    @BeforeEach
    void offload() {
        protocol.bind(binding);
        handles = offloaded();
        broken();
    }

    /** It still works, and everything comes back. */
    @AfterEach
    void goesOnAndLeaksNothing() {
        long root = tree(handles);
        binding.terminateOffload(root);
        work();
        assertThat(trees.status(root)).isEqualTo(SUCCESS);
        long[] again = offloaded();
        root = tree(again);
        binding.terminateOffload(root);
        work();
        assertThat(trees.status(root)).isEqualTo(SUCCESS);
        for (EngineResource resource : EngineResource.values()) {
            assertThat(target.held(resource)).as("%s", resource).isZero();
        }
        assertThat(target.submissionsOutstanding()).isZero();
        assertThat(verifier.held().values()).as("%s", verifier.held()).containsOnly(0);
        verifier.close();
        target.close();
        wire.close();
        trees.close();
        nbls.close();
    }

    private void work() {
        for (int turns = 0; turns < 10; turns++) {
            verifier.upper().doWork(++now);
        }
    }

    private void broken(String... rules) {
        TreeSet<String> seen = new TreeSet<>();
        for (Breach breach : verifier.breaches()) {
            seen.add(breach.rule());
        }
        assertThat(seen).as("%s", verifier.breaches()).containsExactlyInAnyOrder(rules);
        verifier.clearBreaches();
    }

    private long tree(long[] of) {
        long tcp = trees.block(StateType.TCP, of[2]);
        long path = trees.block(StateType.IP4, of[1], tcp);
        return trees.block(StateType.NEIGHBOR, of[0], path);
    }

    private long[] offloaded() {
        long[] fresh = {trees.handle(), trees.handle(), trees.handle()};
        long root = tree(fresh);
        write(root);
        binding.initiateOffload(root);
        work();
        for (long ref : trees.all(root)) {
            assertThat(trees.status(ref)).isEqualTo(SUCCESS);
        }
        return fresh;
    }

    private void write(long root) {
        List<Long> blocks = trees.all(root);
        byte[] local = {(byte) 198, 18, 0, 1};
        byte[] remote = {(byte) 198, 18, 0, 2};
        state.neighbor(blocks.get(0), 0, PEER_MAC);
        state.path(blocks.get(1), local, remote, 1500);
        state.connection(blocks.get(2), new ConnectionState().ports(++port, 80));
    }

    @Test
    void anObjectOfAWrongTypeIsRefused() {
        long handle = trees.handle();
        for (StateType type : List.of(StateType.TCP_CACHED, StateType.NONE)) {
            long root = trees.block(type, handle);
            binding.initiateOffload(root);
            work();
            assertThat(trees.status(root)).isNotEqualTo(SUCCESS);
            assertThat(trees.token(handle)).isZero();
            broken("H-6");
        }
        // A type that does not exist, and one that does not fit its place.
        long odd = trees.block(StateType.TCP, handle);
        trees.at(odd).type(99);
        binding.initiateOffload(odd);
        work();
        assertThat(trees.status(odd)).isNotEqualTo(SUCCESS);
        broken("H-6");
    }

    @Test
    void anUpdateWithTheValuesOfAnotherKindOfObjectFails() {
        long root = trees.block(StateType.NEIGHBOR_CACHED, handles[2]);
        binding.updateOffload(root);
        work();
        assertThat(trees.status(root)).isEqualTo(FAILURE);
    }

    @Test
    void unknownAndStaleTokensAreAnswered() {
        long forged = trees.handle();
        long[] tokens = {-1, 1, 0x4900_0000_0000_00ffL, trees.token(handles[2]) ^ 1L << 40};
        for (long token : tokens) {
            trees.token(forged, token);
            long query = trees.block(StateType.TCP, forged);
            long terminate = trees.block(StateType.TCP, forged);
            binding.queryOffload(query);
            binding.terminateOffload(terminate);
            work();
            assertThat(trees.status(query)).isEqualTo(FAILURE);
            assertThat(trees.status(terminate)).isEqualTo(FAILURE);
            broken("H-4");
            long send = nbls.allocate(new byte[4]);
            binding.tcpOffloadSend(forged, send);
            work();
            assertThat(nbl.wrap(send).status()).isEqualTo(OffloadStatus.INVALID_STATE.code());
            broken("H-22");
        }
    }

    @Test
    void aSecondTerminateOfTheSameObjectFailsOrFindsNothing() {
        long[] other = offloaded();
        long first = tree(other);
        long second = tree(other);
        binding.terminateOffload(first);
        binding.terminateOffload(second);
        work();
        assertThat(trees.status(first)).isEqualTo(SUCCESS);
        for (long ref : trees.all(second)) {
            assertThat(trees.status(ref)).isEqualTo(FAILURE);
        }
        broken("4.8");
        long third = trees.block(StateType.TCP, other[2]);
        binding.terminateOffload(third);
        work();
        assertThat(trees.status(third)).isEqualTo(FAILURE);
        broken("H-4");
    }

    @Test
    void anUpdateDuringTheInitiateFindsNothing() {
        long[] fresh = {trees.handle(), trees.handle(), trees.handle()};
        long root = tree(fresh);
        write(root);
        binding.initiateOffload(root);
        long update = trees.block(StateType.IP4_CACHED, fresh[1]);
        binding.updateOffload(update);
        work();
        assertThat(trees.status(root)).isEqualTo(SUCCESS);
        assertThat(trees.status(update)).isEqualTo(FAILURE);
        broken("H-4");
        long back = tree(fresh);
        binding.terminateOffload(back);
        work();
        assertThat(trees.status(back)).isEqualTo(SUCCESS);
    }

    @Test
    void aTreeThatLoopsOrIsTooDeepIsAnExceptionThatNamesTheRule() {
        long a = trees.block(StateType.TCP, handles[2]);
        long b = trees.block(StateType.TCP, handles[2]);
        trees.chain(a, b);
        trees.at(b).nextBlock(a);
        assertThatThrownBy(() -> binding.queryOffload(a))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("H-5");
        long deep = trees.block(StateType.TCP, handles[2], trees.block(StateType.TCP, handles[2]));
        long root = trees.block(StateType.NEIGHBOR, 0, trees.block(StateType.IP4, 0, deep));
        assertThatThrownBy(() -> binding.terminateOffload(root))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("H-5");
        assertThat(target.submissionsOutstanding()).isZero();
    }

    @Test
    void aListThatTheHostDoesNotHaveIsNotTakenBack() {
        long mine = nbls.allocate(new byte[4]);
        binding.tcpOffloadReceiveReturn(mine);
        work();
        broken("H-41");
        assertThat(nbls.bytes(mine)).hasSize(4);
        binding.returnNetBufferLists(mine);
        work();
        assertThat(nbls.bytes(mine)).hasSize(4);
    }

    @Test
    void aSecondDisconnectAndSendsBehindItAreAnswered() {
        for (int i = 0; i < 2; i++) {
            long list = nbls.allocate(new byte[0]);
            binding.tcpOffloadDisconnect(handles[2], list, Miniport.DISCONNECT_ABORTIVE);
        }
        long send = nbls.allocate(new byte[4]);
        binding.tcpOffloadSend(handles[2], send);
        work();
        assertThat(protocol.io())
                .filteredOn(done -> done.operation().equals("disconnect"))
                .hasSize(2);
        assertThat(nbl.wrap(send).status()).isEqualTo(OffloadStatus.REQUEST_ABORTED.code());
    }
}
