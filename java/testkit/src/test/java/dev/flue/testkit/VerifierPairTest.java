// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.im.Breach;
import dev.flue.im.IntermediateDriver;
import dev.flue.im.IoKind;
import dev.flue.im.LowerInterface;
import dev.flue.im.StateOperation;
import dev.flue.im.UpperInterface;
import dev.flue.im.VerifierDriver;
import dev.flue.offload.Binding;
import dev.flue.offload.BytesConsumed;
import dev.flue.offload.Miniport;
import dev.flue.offload.MiniportAdapter;
import dev.flue.offload.NetBufferList;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.ProtocolOffloadBlockList;
import dev.flue.offload.StateType;
import dev.flue.offload.TcpEvent;
import dev.flue.spi.HeapMemory;
import dev.flue.spi.Memory;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Two verifiers with a driver between them name each rule that the driver breaks. */
class VerifierPairTest {
    private final HeapMemory memory = new HeapMemory();
    private final RecordingTarget target = new RecordingTarget(memory);
    private final VerifierDriver below =
            new VerifierDriver(memory, new MiniportAdapter(memory, target), 16, "below");
    private final BrokenDriver driver =
            new BrokenDriver(memory, new MiniportAdapter(memory, below.upper()));
    private final VerifierDriver above =
            new VerifierDriver(memory, new MiniportAdapter(memory, driver.upper()), 16, "above");
    private final RecordingProtocol protocol = new RecordingProtocol(memory);
    private final Binding binding =
            new Binding(memory, protocol, new MiniportAdapter(memory, above.upper()));
    private final OffloadTrees trees = new OffloadTrees(memory, 32);
    private final NblPool nbls = new NblPool(memory, 16, 64);
    private final long handle = trees.handle();
    private final long other = trees.handle();
    private int now;

    /** Passes everything on, but for what a test has it do wrong. */
    private static final class BrokenDriver extends IntermediateDriver {
        private final ProtocolOffloadBlockList block;
        private boolean breakSource;
        private boolean dropEvents;
        private boolean changeFlags;
        private boolean changeVerdict;
        private boolean completeEarly;
        private long otherList;
        private int otherEntry = -1;
        private int informationAdded;

        BrokenDriver(Memory memory, MiniportAdapter lower) {
            super(memory, lower, 16);
            block = new ProtocolOffloadBlockList(memory);
        }

        @Override
        public String name() {
            return "broken";
        }

        @Override
        protected void stateOperation(UpperInterface from, StateOperation operation, long root) {
            boolean wrong = breakSource && operation == StateOperation.UPDATE;
            super.stateOperation(from, wrong ? StateOperation.QUERY : operation, root);
        }

        @Override
        protected void stateOperationComplete(
                LowerInterface from, StateOperation operation, long root) {
            if (breakSource && operation == StateOperation.QUERY) {
                block.wrap(block.wrap(root).nextBlock()).protocolReserved0(9);
            }
            super.stateOperationComplete(from, operation, root);
        }

        @Override
        protected void io(IoKind kind, int entry, long netBufferLists, int flags) {
            boolean send = kind == IoKind.SEND;
            int wrong = changeFlags && kind == IoKind.DISCONNECT ? 3 - flags : flags;
            super.io(
                    kind,
                    send && otherEntry >= 0 ? otherEntry : entry,
                    send && otherList != 0 ? otherList : netBufferLists,
                    wrong);
            if (send && completeEarly) {
                upper().adapter().tcpOffloadSendComplete(netBufferLists);
            }
        }

        @Override
        protected OffloadStatus receiveIndicate(
                int entry, long netBufferList, OffloadStatus status, BytesConsumed consumed) {
            OffloadStatus verdict = super.receiveIndicate(entry, netBufferList, status, consumed);
            if (changeVerdict) {
                consumed.bytes = 0;
                return OffloadStatus.OFFLOAD_DATA_NOT_ACCEPTED;
            }
            return verdict;
        }

        @Override
        protected void event(int entry, TcpEvent event, long information) {
            if (!dropEvents) {
                super.event(entry, event, information + informationAdded);
            }
        }
    }

    @BeforeEach
    void offload() {
        above.compareWith(below);
        protocol.bind(binding);
        long root = trees.block(StateType.TCP, handle);
        trees.chain(root, trees.block(StateType.TCP, other));
        binding.initiateOffload(root);
        work();
        broken();
    }

    @AfterEach
    void close() {
        above.close();
        driver.close();
        below.close();
        target.close();
        trees.close();
        nbls.close();
    }

    private void work() {
        for (int turn = 0; turn < 4; turn++) {
            above.upper().doWork(++now);
        }
    }

    private void broken(String... rules) {
        TreeSet<String> seen = new TreeSet<>();
        for (VerifierDriver each : List.of(above, below)) {
            for (Breach breach : each.breaches()) {
                seen.add(breach.rule());
            }
            each.clearBreaches();
        }
        assertThat(seen).containsExactlyInAnyOrder(rules);
    }

    private long token(int number) {
        return target.objects().keySet().stream().skip(number).findFirst().orElseThrow();
    }

    @Test
    void aBlockThatComesBackChangedByTheDriver() {
        long root = trees.block(StateType.TCP, handle);
        trees.chain(root, trees.block(StateType.TCP, other));
        driver.breakSource = true;
        binding.queryOffload(root);
        work();
        broken("I-7");
    }

    @Test
    void anotherOperationBelowThanAbove() {
        long root = trees.block(StateType.TCP, handle);
        trees.chain(root, trees.block(StateType.TCP, other));
        driver.breakSource = true;
        binding.updateOffload(root);
        assertThat(above.breaches()).extracting(Breach::rule).containsExactly("I-10");
    }

    @Test
    void anotherListBelowThanAbove() {
        driver.otherList = nbls.allocate(new byte[4]);
        binding.tcpOffloadSend(handle, nbls.allocate(new byte[4]));
        broken("I-13");
    }

    @Test
    void otherFlagsBelowThanAbove() {
        driver.changeFlags = true;
        binding.tcpOffloadDisconnect(
                handle, nbls.allocate(new byte[0]), Miniport.DISCONNECT_GRACEFUL);
        broken("I-13");
    }

    @Test
    void theListOfOneConnectionOnAnother() {
        binding.tcpOffloadSend(other, nbls.allocate(new byte[4]));
        work();
        broken();
        // Entries are numbered alike in all drivers here, so the tokens are the same.
        driver.otherEntry = (int) trees.token(other);
        binding.tcpOffloadSend(handle, nbls.allocate(new byte[4]));
        broken("I-14");
    }

    @Test
    void aListCompletedAboveWhileItIsOutBelow() {
        target.holdIo();
        driver.completeEarly = true;
        long list = nbls.allocate(new byte[4]);
        binding.tcpOffloadSend(handle, list);
        assertThat(above.breaches()).extracting(Breach::rule).contains("I-13");
        assertThat(new NetBufferList(memory).wrap(list).next()).isZero();
    }

    @Test
    void aVerdictThatDoesNotComeBack() {
        driver.changeVerdict = true;
        target.indicate(token(0), new byte[] {1, 2});
        work();
        broken("I-18");
    }

    @Test
    void eventsThatAreChangedOrDoNotArrive() {
        driver.informationAdded = 1;
        target.event(token(0), TcpEvent.SEND_BACKLOG_CHANGE, 100);
        work();
        broken("I-17");
        driver.informationAdded = 0;
        driver.dropEvents = true;
        target.event(token(0), TcpEvent.DISCONNECT, 0);
        work();
        broken("I-17");
    }
}
