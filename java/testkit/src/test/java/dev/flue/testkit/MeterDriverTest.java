// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flue.im.IoKind;
import dev.flue.im.IoOutcome;
import dev.flue.im.MeterConnection;
import dev.flue.im.MeterReading;
import dev.flue.im.MeterSettings;
import dev.flue.offload.Miniport;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.TcpEvent;
import java.nio.ByteBuffer;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every figure of a meter, held against a script that knows the numbers, in virtual time. */
class MeterDriverTest {
    private static final int LIST = MeterStack.LIST;
    private static final long MILLI = 1_000_000;

    private final MeterStack stack = new MeterStack(new MeterSettings(4, 2, 64), 5);

    @AfterEach
    void nothingIsHeldAndNoRuleWasBroken() {
        stack.close();
    }

    private static void assertIo(
            MeterReading reading, IoKind kind, IoOutcome outcome, long lists, long bytes) {
        assertThat(reading.lists(kind, outcome)).as("%s %s", kind, outcome).isEqualTo(lists);
        assertThat(reading.bytes(kind, outcome)).as("%s %s bytes", kind, outcome).isEqualTo(bytes);
    }

    private void assertSends(MeterReading reading, IoOutcome outcome, long lists, long bytes) {
        assertIo(reading, IoKind.SEND, outcome, lists, bytes);
    }

    // ---- Sends.

    @Test
    void sendsCountAsListsAndBytesAlsoOfSeveralBuffers() {
        long handle = stack.offload();
        long second = stack.list(300);
        long chain = stack.chain(1);
        long ofTwo = stack.listOfTwo(77, second);
        stack.nbl.wrap(chain).next(ofTwo);
        stack.binding.tcpOffloadSend(handle, chain);
        assertSends(stack.metered(1).reading(), IoOutcome.REQUESTED, 2, LIST + 377);
        assertSends(stack.metered(1).reading(), IoOutcome.DONE, 0, 0);
        stack.turn();
        assertSends(stack.metered(1).reading(), IoOutcome.DONE, 2, LIST + 377);
        assertSends(stack.meter.total(), IoOutcome.DONE, 2, LIST + 377);
        assertThat(stack.completed("send", OffloadStatus.SUCCESS)).isEqualTo(2);
        stack.nbls.free(second);
    }

    @Test
    void oneCompletionOfSeveralConnectionsIsAccountedToEach() {
        long[] handles = {stack.offload(), stack.offload(), stack.offload()};
        long[] lists = {stack.list(10), stack.list(200), stack.list(3)};
        stack.target.holdIo();
        for (int i = 0; i < 3; i++) {
            stack.binding.tcpOffloadSend(handles[i], lists[i]);
        }
        stack.target.dropPendingIo();
        stack.target.later(() -> complete(lists[0], lists[1], lists[2]));
        stack.pass(7);
        for (int i = 0; i < 3; i++) {
            int bytes = new int[] {10, 200, 3}[i];
            assertSends(stack.metered(i + 1).reading(), IoOutcome.REQUESTED, 1, bytes);
            assertSends(stack.metered(i + 1).reading(), IoOutcome.DONE, 1, bytes);
            assertThat(stack.metered(i + 1).sends().max()).isEqualTo(7);
        }
        assertSends(stack.meter.total(), IoOutcome.DONE, 3, 213);
        assertThat(stack.meter.connections(16))
                .extracting(MeterConnection::localPort)
                .as("the busiest first")
                .containsExactly(2, 1, 3);
        assertThat(stack.meter.connections(1)).hasSize(1);
        assertThat(stack.completed("send", OffloadStatus.SUCCESS)).isEqualTo(3);
    }

    /** In one chain, all of it acknowledged. */
    private void complete(long... lists) {
        for (int i = 0; i < lists.length; i++) {
            advance(lists[i], stack.nbls.bytes(lists[i]).length);
            stack.nbl.wrap(lists[i]).status(OffloadStatus.SUCCESS.code());
            stack.nbl.next(i + 1 < lists.length ? lists[i + 1] : 0);
        }
        stack.target.adapter().tcpOffloadSendComplete(lists[0]);
    }

    /** So much of a list was acknowledged. */
    private void advance(long list, int bytes) {
        stack.nb.wrap(stack.nbl.wrap(list).bytesTransferred(bytes).firstNetBuffer());
        stack.nb.dataOffset(stack.nb.dataOffset() + bytes);
        stack.nb.currentMdlOffset(stack.nb.currentMdlOffset() + bytes);
        stack.nb.dataLength(stack.nb.dataLength() - bytes);
    }

    @Test
    void sendsThatFailCountWithWhatWasNotAcknowledgedOfThem() {
        long handle = stack.offload();
        long list = stack.list(LIST);
        stack.target.holdIo();
        stack.binding.tcpOffloadSend(handle, list);
        stack.target.dropPendingIo();
        stack.target.later(
                () -> {
                    advance(list, 300);
                    stack.nbl.wrap(list).status(OffloadStatus.REQUEST_ABORTED.code());
                    stack.target.adapter().tcpOffloadSendComplete(list);
                });
        stack.pass(MILLI);
        MeterReading reading = stack.metered(1).reading();
        assertSends(reading, IoOutcome.DONE, 0, 300);
        assertSends(reading, IoOutcome.FAILED, 1, LIST - 300);
        assertThat(stack.metered(1).sends().count()).as("not measured").isZero();
        assertThat(stack.completed("send", OffloadStatus.REQUEST_ABORTED)).isEqualTo(1);
    }

    @Test
    void dataThatGoesDownWithAnInitiateCounts() {
        stack.offload(stack.chain(3));
        stack.turn();
        assertSends(stack.metered(1).reading(), IoOutcome.REQUESTED, 3, 3 * LIST);
        assertSends(stack.metered(1).reading(), IoOutcome.DONE, 3, 3 * LIST);
        assertThat(stack.completed("send", OffloadStatus.SUCCESS)).isEqualTo(3);
    }

    @Test
    void anInitiateThatIsRefusedReturnsItsData() {
        stack.target.fate((number, type) -> OffloadStatus.RESOURCES);
        long handle = stack.trees.handle();
        long root = stack.initiate(handle, stack.chain(2));
        stack.turn();
        MeterReading total = stack.meter.total();
        assertThat(total.refused()).isEqualTo(1);
        assertThat(total.offloads()).isZero();
        assertSends(total, IoOutcome.REQUESTED, 2, 2 * LIST);
        assertSends(total, IoOutcome.RETURNED, 2, 2 * LIST);
        assertSends(total, IoOutcome.DONE, 0, 0);
        assertThat(stack.meter.connectionCount()).isZero();
        stack.nbls.freeChain(stack.trees.at(root).netBufferListChain());
        stack.trees.free(root);
        stack.trees.freeHandle(handle);
    }

    @Test
    void anUploadInMidTransferReturnsWhatIsLeftAndTheRestWasAcknowledged() {
        long handle = stack.offload();
        stack.target.holdIo();
        long chain = stack.chain(3);
        stack.binding.tcpOffloadSend(handle, chain);
        stack.target.dropPendingIo();
        long rest = stack.nbl.wrap(chain).next();
        stack.nbl.next(0);
        stack.target.later(() -> complete(chain));
        stack.turn();
        advance(rest, 400);
        stack.terminate(handle, rest);
        MeterReading total = stack.meter.total();
        assertSends(total, IoOutcome.REQUESTED, 3, 3 * LIST);
        assertSends(total, IoOutcome.DONE, 1, LIST + 400);
        assertSends(total, IoOutcome.RETURNED, 2, 2 * LIST - 400);
        assertThat(total.uploads()).isEqualTo(1);
        assertThat(stack.completed("send", OffloadStatus.SUCCESS)).isEqualTo(1);
        stack.nbls.freeChain(rest);
    }

    @Test
    void figuresBelongToTheOffloadAndTotalsNeverGoBack() {
        long handle = stack.offload();
        stack.binding.tcpOffloadSend(handle, stack.chain(4));
        stack.pass(MILLI);
        assertThat(stack.metered(1).number()).isEqualTo(1);
        stack.terminate(handle, 0);
        assertThat(stack.meter.connections(16)).isEmpty();
        handle = stack.offload();
        MeterConnection again = stack.meter.connections(16).get(0);
        assertThat(again.number()).isEqualTo(2);
        assertSends(again.reading(), IoOutcome.REQUESTED, 0, 0);
        assertThat(again.sends().count()).isZero();
        stack.binding.tcpOffloadSend(handle, stack.chain(1));
        stack.turn();
        assertSends(stack.meter.total(), IoOutcome.DONE, 5, 5 * LIST);
        assertThat(stack.meter.total().offloads()).isEqualTo(2);
        assertThat(stack.meter.total().uploads()).isEqualTo(1);
        assertThat(stack.meter.sends().count()).isEqualTo(5);
        assertThat(stack.completed("send", OffloadStatus.SUCCESS)).isEqualTo(5);
    }

    // ---- Receives, and the rest.

    @Test
    void postedReceivesCountWithTheirRoomAndWithWhatCame() {
        long handle = stack.offload();
        stack.target.holdIo();
        stack.binding.tcpOffloadReceive(handle, stack.list(500));
        stack.pass(3 * MILLI);
        assertIo(stack.metered(1).reading(), IoKind.RECEIVE, IoOutcome.REQUESTED, 1, 500);
        stack.target.release();
        stack.pass(0);
        assertIo(stack.metered(1).reading(), IoKind.RECEIVE, IoOutcome.DONE, 1, 500);
        assertThat(stack.meter.receives().count()).isEqualTo(1);
        assertThat(stack.meter.receives().max()).isBetween(3 * MILLI, 3 * MILLI * 101 / 100);
        assertThat(stack.meter.sends().count()).isZero();
        assertThat(stack.completed("receive", OffloadStatus.SUCCESS)).isEqualTo(1);
        stack.target.ioStatus(OffloadStatus.REQUEST_ABORTED);
        stack.binding.tcpOffloadReceive(handle, stack.list(40));
        stack.turn();
        assertIo(stack.metered(1).reading(), IoKind.RECEIVE, IoOutcome.FAILED, 1, 40);
        assertThat(stack.completed("receive", OffloadStatus.REQUEST_ABORTED)).isEqualTo(1);
        stack.target.ioStatus(OffloadStatus.SUCCESS);
    }

    @Test
    void indicatedIsWhatCameAndConsumedWhatWasTakenOfIt() {
        stack.offload();
        long token = stack.token(0);
        stack.protocol.taking(data -> data.length == 100 ? 100 : data.length == 50 ? 20 : 0);
        for (int bytes : new int[] {100, 50, 30}) {
            stack.target.indicate(token, new byte[bytes]);
            stack.turn();
        }
        MeterReading reading = stack.metered(1).reading();
        assertThat(reading.indications()).isEqualTo(3);
        assertThat(reading.indicatedBytes()).isEqualTo(180);
        assertThat(reading.consumedBytes()).isEqualTo(120);
        stack.above.clearBreaches(); // 30 bytes more are to be indicated again.
        stack.below.clearBreaches();
        stack.binding.tcpOffloadReceiveReturn(stack.protocol.indications().get(0).netBufferList());
    }

    @Test
    void disconnectsForwardsAndEventsCount() {
        long handle = stack.offload();
        long other = stack.offload();
        stack.target.event(stack.token(0), TcpEvent.DISCONNECT, 0);
        stack.target.event(stack.token(1), TcpEvent.RETRIEVE, 1);
        stack.turn();
        byte[] segment = new byte[60];
        ByteBuffer.wrap(segment).putInt(MeterStack.REMOTE_PORT << 16 | 2);
        stack.binding.tcpOffloadForward(other, stack.nbls.allocate(segment));
        stack.binding.tcpOffloadDisconnect(handle, stack.list(8), Miniport.DISCONNECT_GRACEFUL);
        stack.turn();
        MeterReading reading = stack.metered(1).reading();
        assertIo(reading, IoKind.DISCONNECT, IoOutcome.REQUESTED, 1, 8);
        assertIo(reading, IoKind.DISCONNECT, IoOutcome.DONE, 1, 8);
        assertIo(reading, IoKind.FORWARD, IoOutcome.REQUESTED, 0, 0);
        assertThat(reading.events(TcpEvent.DISCONNECT)).isEqualTo(1);
        assertThat(reading.events(TcpEvent.ABORT)).isZero();
        assertThat(reading.payload()).isEqualTo(8);
        assertIo(stack.metered(2).reading(), IoKind.FORWARD, IoOutcome.DONE, 1, 60);
        assertThat(stack.metered(2).reading().events(TcpEvent.DISCONNECT)).isZero();
        assertThat(stack.metered(2).reading().events(TcpEvent.RETRIEVE)).isEqualTo(1);
        assertThat(stack.meter.figures().counters())
                .containsEntry("disconnect done bytes", 8L)
                .containsEntry("forward requested", 1L)
                .containsEntry("event retrieve", 1L)
                .containsEntry("offloads", 2L);
        assertThat(stack.meter.figures().levels()).containsEntry("histograms", 2L);
        assertThat(stack.completed("disconnect", OffloadStatus.SUCCESS)).isEqualTo(1);
        assertThat(stack.completed("forward", OffloadStatus.SUCCESS)).isEqualTo(1);
    }

    // ---- Time.

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 255, 256, 99_999, 12_345_678, 59_000_000_000L})
    void aSendTakesFromTheTurnBeforeItUntilTheTurnThatCompletesIt(long nanos) {
        long handle = stack.offload();
        stack.target.holdIo();
        stack.binding.tcpOffloadSend(handle, stack.chain(1));
        stack.pass(nanos / 2);
        stack.target.release();
        stack.pass(nanos - nanos / 2);
        long resolution = nanos < 256 ? 0 : nanos / 100;
        assertThat(stack.meter.sends().max()).isBetween(nanos, nanos + resolution);
        assertThat(stack.metered(1).sends()).isEqualTo(stack.meter.sends());
        assertThat(stack.completed("send", OffloadStatus.SUCCESS)).isEqualTo(1);
    }

    @Test
    void aHundredSendsGiveThePercentilesThatTheirTimesHave() {
        long handle = stack.offload();
        for (int i = 1; i <= 100; i++) {
            stack.target.holdIo();
            stack.binding.tcpOffloadSend(handle, stack.chain(1));
            stack.target.release();
            stack.pass(i);
        }
        assertThat(stack.meter.sends().count()).isEqualTo(100);
        assertThat(stack.meter.sends().p50()).isEqualTo(50);
        assertThat(stack.meter.sends().p90()).isEqualTo(90);
        assertThat(stack.meter.sends().p99()).isEqualTo(99);
        assertThat(stack.meter.sends().p999()).isEqualTo(100);
        assertThat(stack.meter.sends().max()).isEqualTo(100);
        assertThat(stack.completed("send", OffloadStatus.SUCCESS)).isEqualTo(100);
    }

    @Test
    void aTimeBeyondTheRangeCountsAsItsEndAndAClockThatGoesBackAsNothing() {
        long handle = stack.offload();
        for (long nanos : new long[] {1L << 50, -1000}) {
            stack.binding.tcpOffloadSend(handle, stack.chain(1));
            stack.pass(nanos);
        }
        assertThat(stack.meter.sends().count()).isEqualTo(2);
        assertThat(stack.meter.sends().p50()).isZero();
        assertThat(stack.meter.sends().max()).isBetween(60_000_000_000L, 61_000_000_000L);
        assertThat(stack.completed("send", OffloadStatus.SUCCESS)).isEqualTo(2);
    }

    @Test
    void whatComesBeforeTheFirstTurnIsCountedAndNotMeasured() {
        MeterStack fresh = new MeterStack(MeterSettings.DEFAULT, -1);
        fresh.offload(fresh.chain(1));
        fresh.turn();
        assertSends(fresh.meter.total(), IoOutcome.DONE, 1, LIST);
        assertThat(fresh.meter.sends().count()).isZero();
        assertThat(fresh.completed("send", OffloadStatus.SUCCESS)).isEqualTo(1);
        fresh.close();
    }

    // ---- At random, and out of range.

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5})
    void whateverHappensWhatWasAskedForIsDoneFailedReturnedOrBelow(int seed) {
        Random random = new Random(seed);
        long[] handles = new long[3];
        long bytes = 0;
        long lists = 0;
        for (int i = 0; i < 400; i++) {
            int at = random.nextInt(3);
            if (handles[at] == 0) {
                handles[at] = stack.offload();
            } else if (random.nextInt(8) == 0) {
                stack.turn();
                stack.terminate(handles[at], 0);
                handles[at] = 0;
            } else {
                int count = 1 + random.nextInt(3);
                stack.binding.tcpOffloadSend(handles[at], stack.chain(count));
                lists += count;
                bytes += (long) count * LIST;
            }
            if (random.nextInt(4) == 0) {
                stack.pass(random.nextInt(1000));
                stack.completed("send", OffloadStatus.SUCCESS);
            }
        }
        stack.turn();
        stack.completed("send", OffloadStatus.SUCCESS);
        assertSends(stack.meter.total(), IoOutcome.REQUESTED, lists, bytes);
        assertSends(stack.meter.total(), IoOutcome.DONE, lists, bytes);
        assertThat(stack.meter.sends().count()).isEqualTo(lists);
    }

    @Test
    void settingsOutOfRangeAreNamed() {
        assertThatThrownBy(() -> new MeterSettings(-1, 2, 1)).hasMessageContaining("histograms");
        assertThatThrownBy(() -> new MeterSettings(1, 4, 1)).hasMessageContaining("digits");
        assertThatThrownBy(() -> new MeterSettings(1, 2, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("lists");
    }
}
