// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Percentage.withPercentage;

import dev.flue.im.ShaperDriver;
import dev.flue.im.ShaperSettings;
import dev.flue.im.ShaperSettings.Scope;
import dev.flue.im.VerifierDriver;
import dev.flue.offload.Binding;
import dev.flue.offload.Miniport;
import dev.flue.offload.MiniportAdapter;
import dev.flue.offload.NetBufferList;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.StateOffsets;
import dev.flue.offload.StateType;
import dev.flue.offload.TcpCached;
import dev.flue.offload.TcpEvent;
import dev.flue.spi.HeapMemory;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A driver that holds sends to a rate, between two verifiers, in virtual time. */
class ShaperDriverTest {
    private static final int LIST = 1000;
    private static final long MILLI = 1_000_000;
    private static final long SECOND = 1_000 * MILLI;

    private final HeapMemory memory = new HeapMemory();
    private final RecordingTarget target = new RecordingTarget(memory);
    private final OffloadTrees trees = new OffloadTrees(memory, 64);
    private final NblPool nbls = new NblPool(memory, 4096, LIST);
    private final NetBufferList nbl = new NetBufferList(memory);
    private final RecordingProtocol protocol = new RecordingProtocol(memory);
    private final VerifierDriver below =
            new VerifierDriver(memory, new MiniportAdapter(memory, target), 32, "below");
    private ShaperDriver driver;
    private VerifierDriver above;
    private Binding binding;
    private final List<Long> handles = new ArrayList<>();
    private long now = 5 * SECOND;

    private void build(long bytesPerSecond, long burst, Scope scope) {
        driver =
                new ShaperDriver(
                        memory,
                        new MiniportAdapter(memory, below.upper()),
                        16,
                        new ShaperSettings(bytesPerSecond, burst, scope));
        above =
                new VerifierDriver(
                        memory, new MiniportAdapter(memory, driver.upper()), 32, "above");
        binding = new Binding(memory, protocol, new MiniportAdapter(memory, above.upper()));
        protocol.bind(binding);
        turn();
    }

    private void turn() {
        above.upper().doWork(now);
    }

    private void pass(long nanos) {
        now += nanos;
        turn();
    }

    private long offload(int priority, long chain) {
        long handle = trees.handle();
        long root = trees.block(StateType.TCP, handle);
        new TcpCached(memory).wrap(root + StateOffsets.TCP_CACHED).userPriority(priority);
        trees.at(root).netBufferListChain(chain);
        binding.initiateOffload(root);
        turn();
        assertThat(trees.status(root)).isEqualTo(OffloadStatus.SUCCESS.code());
        trees.free(root);
        handles.add(handle);
        return handle;
    }

    private long offload() {
        return offload(0, 0);
    }

    private void terminate(long handle) {
        long root = trees.block(StateType.TCP, handle);
        binding.terminateOffload(root);
        turn();
        turn();
        assertThat(trees.status(root)).isEqualTo(OffloadStatus.SUCCESS.code());
        trees.free(root);
        trees.freeHandle(handle);
        handles.remove(handle);
    }

    private long chain(int lists) {
        long head = 0;
        for (int i = 0; i < lists; i++) {
            long ref = nbls.allocate(new byte[LIST]);
            nbl.wrap(ref).next(head);
            head = ref;
        }
        return head;
    }

    private void send(long handle, int lists) {
        binding.tcpOffloadSend(handle, chain(lists));
    }

    /** NBLs that have completed with this status, freed. */
    private int completed(OffloadStatus status) {
        int count = 0;
        for (RecordingProtocol.IoCompletion each : protocol.io()) {
            assertThat(each.status()).isEqualTo(status.code());
            nbls.free(each.netBufferList());
            count++;
        }
        protocol.io().clear();
        return count;
    }

    @AfterEach
    void nothingIsHeldAndNoRuleWasBroken() {
        if (driver == null) {
            return;
        }
        List.copyOf(handles).forEach(this::terminate);
        Verifiers.assertClean(List.of(above, below));
        assertThat(driver.held().values()).as("%s", driver.held()).containsOnly(0);
        assertThat(driver.heldBytes()).isZero();
        assertThat(nbls.held()).isZero();
        assertThat(trees.blocksHeld()).isZero();
        above.close();
        driver.close();
        below.close();
    }

    @ParameterizedTest
    @CsvSource({"50000, 1000", "1000000, 1000", "1000000, 20000", "7777777, 65536"})
    void aMinuteOfDataGoesAtTheRate(long rate, long burst) {
        build(rate, burst, Scope.CONNECTION);
        long handle = offload();
        long start = now;
        long sent = 0;
        int out = 0;
        while (now < start + 60 * SECOND) {
            for (; out < 64; out++) {
                send(handle, 1);
            }
            int done = completed(OffloadStatus.SUCCESS);
            sent += (long) done * LIST;
            out -= done;
            long due = above.upper().nextDeadline();
            now = Math.max(now, due == Long.MAX_VALUE ? 0 : Math.min(due, start + 60 * SECOND));
            assertThat(sent).isLessThanOrEqualTo(rate * (now - start) / SECOND + burst + 2 * LIST);
            turn();
        }
        assertThat((double) sent / 60).isCloseTo(rate, withPercentage(2));
        terminate(handle);
        turn();
        protocol.io().forEach(each -> nbls.free(each.netBufferList()));
        protocol.io().clear();
    }

    @Test
    void aBurstGoesAtOnceAndTheRestWaitsInSight() {
        build(100_000, 3000, Scope.CONNECTION);
        long handle = offload();
        send(handle, 10);
        assertThat(target.io()).hasSize(1);
        assertThat(driver.heldLists()).isEqualTo(6);
        assertThat(driver.heldBytes()).isEqualTo(6 * LIST);
        turn();
        assertThat(completed(OffloadStatus.SUCCESS)).as("3000 bytes and a list").isEqualTo(4);
        assertThat(above.upper().nextDeadline()).isEqualTo(now + 10 * MILLI);
        pass(10 * MILLI - 1);
        assertThat(completed(OffloadStatus.SUCCESS)).isZero();
        pass(1);
        pass(0);
        assertThat(completed(OffloadStatus.SUCCESS)).isEqualTo(1);
        pass(SECOND);
        pass(0);
        assertThat(completed(OffloadStatus.SUCCESS)).as("a burst again").isEqualTo(4);
        pass(10 * MILLI);
        pass(0);
        assertThat(completed(OffloadStatus.SUCCESS)).isEqualTo(1);
        assertThat(driver.heldLists()).isZero();
    }

    @Test
    void whoSharesARateTakesTurns() {
        build(100_000, 1, Scope.ALL);
        long[] all = {offload(), offload(), offload()};
        send(all[0], 1);
        turn();
        completed(OffloadStatus.SUCCESS);
        send(all[0], 4);
        send(all[1], 2);
        send(all[2], 1);
        target.io().clear();
        for (int i = 0; i < 7; i++) {
            pass(10 * MILLI);
        }
        pass(0);
        List<Long> tokens = target.io().stream().map(RecordingTarget.Io::token).toList();
        long a = tokens.get(0);
        long b = tokens.get(1);
        long c = tokens.get(2);
        assertThat(tokens).containsExactly(a, b, c, a, b, a, a);
        assertThat(completed(OffloadStatus.SUCCESS)).isEqualTo(7);
    }

    @Test
    void connectionsOfTheirOwnRateDoNotWaitForEachOther() {
        build(100_000, 1, Scope.CONNECTION);
        long slow = offload();
        send(slow, 50);
        long quick = offload();
        send(quick, 1);
        turn();
        assertThat(completed(OffloadStatus.SUCCESS)).isEqualTo(2);
        assertThat(driver.heldLists()).isEqualTo(49);
        for (int i = 0; i < 50; i++) {
            pass(10 * MILLI);
        }
        assertThat(completed(OffloadStatus.SUCCESS)).isEqualTo(49);
    }

    @Test
    void connectionsOfOnePriorityShareARate() {
        build(100_000, 1, Scope.PRIORITY);
        long first = offload(3, 0);
        long second = offload(3, 0);
        long other = offload(5, 0);
        send(first, 1);
        send(second, 1);
        send(other, 1);
        turn();
        assertThat(completed(OffloadStatus.SUCCESS)).isEqualTo(2);
        assertThat(driver.heldLists()).isEqualTo(1);
        pass(10 * MILLI);
        pass(0);
        assertThat(completed(OffloadStatus.SUCCESS)).isEqualTo(1);
    }

    @Test
    void dataThatGoesWithAnInitiateIsChargedAndAConnectionStartsAnew() {
        build(100_000, 1, Scope.CONNECTION);
        long handle = offload(0, chain(5));
        turn();
        assertThat(completed(OffloadStatus.SUCCESS)).isEqualTo(5);
        send(handle, 1);
        assertThat(driver.heldLists()).isEqualTo(1);
        assertThat(above.upper().nextDeadline()).isEqualTo(now + 50 * MILLI - 10_000);
        pass(50 * MILLI);
        pass(0);
        assertThat(completed(OffloadStatus.SUCCESS)).isEqualTo(1);
        terminate(handle);
        long again = offload();
        send(again, 1);
        assertThat(driver.heldLists()).as("nothing of the one before").isZero();
        turn();
        completed(OffloadStatus.SUCCESS);
    }

    @Test
    void aGracefulDisconnectWaitsForWhatWasSentBefore() {
        build(100_000, 1, Scope.CONNECTION);
        long handle = offload();
        send(handle, 3);
        binding.tcpOffloadDisconnect(handle, chain(1), Miniport.DISCONNECT_GRACEFUL);
        assertThat(driver.heldLists()).isEqualTo(3);
        for (int i = 0; i < 3; i++) {
            pass(10 * MILLI);
        }
        assertThat(target.io())
                .extracting(RecordingTarget.Io::name)
                .containsExactly("send", "send", "send", "disconnect");
        assertThat(target.io().get(3).flags()).isEqualTo(Miniport.DISCONNECT_GRACEFUL);
        turn();
        assertThat(completed(OffloadStatus.SUCCESS)).isEqualTo(4);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void anAbortOfEitherSideEndsWhatIsHeld(boolean ours) {
        build(100_000, 1, Scope.ALL);
        long other = offload();
        long handle = offload();
        send(other, 1);
        send(handle, 2);
        send(other, 1);
        turn();
        completed(OffloadStatus.SUCCESS);
        if (ours) {
            binding.tcpOffloadDisconnect(
                    handle, nbls.allocate(new byte[0]), Miniport.DISCONNECT_ABORTIVE);
        } else {
            List<Long> tokens = new ArrayList<>(target.objects().keySet());
            target.event(tokens.get(1), TcpEvent.ABORT, 0);
        }
        turn();
        turn();
        int aborted = 0;
        for (RecordingProtocol.IoCompletion each : protocol.io()) {
            if (each.operation().equals("send")) {
                assertThat(each.status()).isEqualTo(OffloadStatus.REQUEST_ABORTED.code());
                aborted++;
            }
            nbls.free(each.netBufferList());
        }
        protocol.io().clear();
        assertThat(aborted).isEqualTo(2);
        assertThat(driver.heldLists()).as("of the other one").isEqualTo(1);
        pass(SECOND);
        pass(0);
        assertThat(completed(OffloadStatus.SUCCESS)).isEqualTo(1);
    }

    @Test
    void aTerminateGivesBackWhatIsHeld() {
        build(100_000, 1, Scope.CONNECTION);
        long handle = offload();
        send(handle, 3);
        turn();
        assertThat(completed(OffloadStatus.SUCCESS)).isEqualTo(1);
        binding.tcpOffloadDisconnect(handle, chain(1), Miniport.DISCONNECT_GRACEFUL);
        terminate(handle);
        assertThat(completed(OffloadStatus.UPLOAD_IN_PROGRESS)).isEqualTo(3);
        assertThat(target.io()).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
    void whateverHappensEachConnectionsDataStaysInOrderAndWithinTheRate(int seed) {
        Random random = new Random(seed);
        Scope scope = Scope.values()[seed % 3];
        build(200_000, 5000, scope);
        List<Long> open = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            open.add(offload(i % 3, 0));
        }
        List<Long> order = new ArrayList<>();
        long sent = 0;
        for (int i = 0; i < 600; i++) {
            long handle = open.get(random.nextInt(open.size()));
            long chain = chain(1 + random.nextInt(3));
            for (long at = chain; at != 0; at = nbl.wrap(at).next()) {
                order.add(at);
                sent += LIST;
            }
            binding.tcpOffloadSend(handle, chain);
            pass(random.nextInt(20) * MILLI);
            if (nbls.held() > 3000) {
                break;
            }
        }
        long start = now;
        while (driver.heldLists() > 0) {
            assertThat(above.upper().nextDeadline()).isLessThan(start + 60 * SECOND);
            now = Math.max(now, above.upper().nextDeadline());
            turn();
        }
        turn();
        long done = protocol.io().size() * (long) LIST;
        assertThat(done).isEqualTo(sent);
        assertThat(order).hasSize(protocol.io().size());
        completed(OffloadStatus.SUCCESS);
    }

    @Test
    void settingsOutOfRangeAreNamed() {
        assertThatThrownBy(() -> new ShaperSettings(0, 1, Scope.ALL)).hasMessageContaining("rate");
        assertThatThrownBy(() -> new ShaperSettings(1, 0, Scope.ALL)).hasMessageContaining("burst");
        assertThatThrownBy(() -> new ShaperSettings(ShaperSettings.MAX_RATE + 1, 1, Scope.ALL))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
