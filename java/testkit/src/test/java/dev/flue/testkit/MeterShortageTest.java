// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.im.IoKind;
import dev.flue.im.IoOutcome;
import dev.flue.im.MeterConnection;
import dev.flue.im.MeterReading;
import dev.flue.im.MeterSettings;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.PathConst;
import dev.flue.offload.Refs;
import dev.flue.offload.StateOffsets;
import dev.flue.offload.StateType;
import dev.flue.spi.Region;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What runs out in a meter, and whose the figures are. */
class MeterShortageTest {
    private static final int LIST = MeterStack.LIST;

    @Rule({"I-19", "I-33"})
    @Test
    void withoutContextsSendsAskForAnUploadAndCountAsFailed() {
        MeterStack stack = new MeterStack(new MeterSettings(1, 1, 2), 0);
        long handle = stack.offload();
        stack.target.holdIo();
        stack.binding.tcpOffloadSend(handle, stack.chain(2));
        stack.binding.tcpOffloadSend(handle, stack.chain(2));
        stack.binding.tcpOffloadSend(handle, stack.chain(1));
        stack.turn();
        assertThat(stack.protocol.io())
                .extracting(RecordingProtocol.IoCompletion::status)
                .containsExactly(
                        OffloadStatus.REQUEST_UPLOAD.code(),
                        OffloadStatus.UPLOAD_REQUESTED.code(),
                        OffloadStatus.UPLOAD_REQUESTED.code());
        stack.protocol.io().forEach(each -> stack.nbls.free(each.netBufferList()));
        stack.protocol.io().clear();
        stack.target.release();
        stack.turn();
        MeterReading reading = stack.metered(1).reading();
        assertThat(reading.lists(IoKind.SEND, IoOutcome.REQUESTED)).isEqualTo(5);
        assertThat(reading.lists(IoKind.SEND, IoOutcome.FAILED)).isEqualTo(3);
        assertThat(reading.bytes(IoKind.SEND, IoOutcome.FAILED)).isEqualTo(3 * LIST);
        assertThat(reading.lists(IoKind.SEND, IoOutcome.DONE)).isEqualTo(2);
        assertThat(reading.bytes(IoKind.SEND, IoOutcome.DONE)).isEqualTo(2 * LIST);
        assertThat(stack.completed("send", OffloadStatus.SUCCESS)).isEqualTo(2);
        stack.close();
    }

    @Test
    void aConnectionWithoutAHistogramIsInThatOfTheDriver() {
        MeterStack stack = new MeterStack(new MeterSettings(1, 2, 64), 0);
        long first = stack.offload();
        long second = stack.offload();
        stack.binding.tcpOffloadSend(first, stack.chain(1));
        stack.binding.tcpOffloadSend(second, stack.chain(2));
        stack.pass(9);
        assertThat(stack.metered(1).sends().count()).isEqualTo(1);
        assertThat(stack.metered(2).sends()).as("none left").isNull();
        assertThat(stack.meter.sends().count()).isEqualTo(3);
        assertThat(stack.meter.held()).containsEntry("histograms", 1);
        stack.terminate(first, 0);
        stack.offload();
        assertThat(stack.metered(3).sends().count()).as("an empty one").isZero();
        assertThat(stack.metered(2).sends()).isNull();
        assertThat(stack.completed("send", OffloadStatus.SUCCESS)).isEqualTo(3);
        stack.close();
    }

    @Test
    void aMeterWithoutHistogramsHasThatOfAllConnections() {
        MeterStack stack = new MeterStack(new MeterSettings(0, 3, 64), 0);
        stack.binding.tcpOffloadSend(stack.offload(), stack.chain(1));
        stack.pass(1234);
        assertThat(stack.metered(1).sends()).isNull();
        assertThat(stack.meter.sends().max()).isEqualTo(1234);
        assertThat(stack.completed("send", OffloadStatus.SUCCESS)).isEqualTo(1);
        stack.close();
    }

    @Test
    void addressesAreThoseOfThePathNewOrOld() {
        MeterStack stack = new MeterStack(MeterSettings.DEFAULT, 0);
        for (StateType version : List.of(StateType.IP4, StateType.IP6)) {
            long[] handles = {stack.trees.handle(), stack.trees.handle(), stack.trees.handle()};
            long path = path(stack, version, handles[1], stack.connection(handles[2]));
            initiate(stack, stack.trees.block(StateType.NEIGHBOR, handles[0], path));
            long another = stack.trees.handle();
            long linker = stack.trees.block(StateType.NONE, handles[1], stack.connection(another));
            initiate(stack, stack.trees.placeholder(StateType.NEIGHBOR, linker));
            assertThat(stack.meter.connections(16)).hasSize(2);
            for (MeterConnection each : stack.meter.connections(16)) {
                boolean four = version == StateType.IP4;
                assertThat(each.localHigh()).isEqualTo(four ? 0 : 0x0102030405060708L);
                assertThat(each.localLow()).isEqualTo(four ? 0xffff01020304L : 0x090a0b0c0d0e0f10L);
                assertThat(each.remoteHigh()).isEqualTo(four ? 0 : 0x1112131415161718L);
                assertThat(each.remoteLow())
                        .isEqualTo(four ? 0xffff11121314L : 0x191a1b1c1d1e1f20L);
                assertThat(each.remotePort()).isEqualTo(MeterStack.REMOTE_PORT);
            }
            long left = stack.trees.block(StateType.TCP, another);
            long right = stack.trees.block(StateType.TCP, handles[2]);
            long under = stack.trees.block(version, handles[1], stack.trees.chain(left, right));
            long root = stack.trees.block(StateType.NEIGHBOR, handles[0], under);
            stack.binding.terminateOffload(root);
            stack.turn();
            stack.trees.free(root);
        }
        stack.close();
    }

    private static void initiate(MeterStack stack, long root) {
        stack.binding.initiateOffload(root);
        stack.turn();
        assertThat(stack.trees.status(root)).isEqualTo(OffloadStatus.SUCCESS.code());
        stack.trees.free(root);
    }

    /** A path whose source is 1, 2, 3 and so on, its destination 17, 18, 19. */
    private static long path(MeterStack stack, StateType version, long handle, long connection) {
        Region region = stack.memory.allocate(32);
        for (int i = 0; i < 32; i++) {
            region.buffer().put(i, (byte) (i + 1));
        }
        long path = stack.trees.block(version, handle, connection);
        new PathConst(stack.memory)
                .wrap(path + StateOffsets.PATH_CONST)
                .sourceAddress(Refs.make(region.id(), 0))
                .destinationAddress(Refs.make(region.id(), 16));
        return path;
    }
}
