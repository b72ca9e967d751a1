// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.data.LoanedBuffer;
import dev.flue.data.OffloadConnection;
import dev.flue.data.SendClaim;
import dev.flue.host.Ip;
import dev.flue.host.Recorder;
import dev.flue.offload.OffloadStatus;
import dev.flue.spi.FaultyMemory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The n-th allocation of the host stack fails, for every n, in everything it does: opening,
 * sending, receiving, initiate, query, forward, terminate, closing. Nothing escapes, no byte is
 * lost, nothing is left over.
 */
@ParameterizedClass
@EnumSource(Ip.class)
class ShortageTest {
    private static final int MOST = 5000;
    private static final byte[] OUT = Recorder.bytes(1, 3000);
    private static final byte[] IN = Recorder.bytes(2, 3000);

    @Parameter Ip ip;

    /** One run with one failure, or with none. */
    private static final class Run {
        private FaultyMemory memory;
        private final ChimneyLab lab;
        private final Recorder mine = new Recorder();
        private final Recorder theirs = new Recorder();
        private final SendClaim claim = new SendClaim();
        private final List<LoanedBuffer> kept = new ArrayList<>();
        private OffloadConnection connection;
        private int sent;
        private int indicated;

        Run(Ip ip, int failing, int inARow) {
            lab =
                    new ChimneyLab(
                            config ->
                                    config.receiveBuffer(8192)
                                            .sendChunk(1024)
                                            .sendBuffer(4096)
                                            .autoOffload(false),
                            peer -> peer,
                            heap -> memory = new FaultyMemory(heap, failing, inARow));
            lab.version = ip;
            memory.arm();
            mine.appetite = 0;
        }

        /** Time passes; what waited for memory is looked at again. */
        private void pass() {
            for (int i = 0; i < 20; i++) {
                lab.pass(ChimneyLab.millis(100));
                if (connection != null && mine.closed == null) {
                    connection.poll(this::take, 100);
                }
            }
        }

        /** Keep every other piece for a while. */
        private void take(LoanedBuffer loan) {
            byte[] bytes = new byte[loan.length()];
            loan.buffer().get(bytes);
            mine.received.writeBytes(bytes);
            if (kept.size() % 2 == 0) {
                LoanedBuffer own = new LoanedBuffer();
                loan.moveTo(own);
                kept.add(own);
            } else {
                kept.add(null);
            }
        }

        private void releaseAll() {
            kept.forEach(
                    loan -> {
                        if (loan != null) {
                            loan.release();
                        }
                    });
            kept.clear();
        }

        private void send(int bytes) {
            int end = sent + bytes;
            for (int i = 0; i < 40 && sent < end && mine.closed == null; i++) {
                int length = Math.min(200, end - sent);
                if (connection.tryClaim(length, claim)) {
                    claim.buffer().put(OUT, sent, length);
                    lab.settle();
                    if (claim.commit()) {
                        sent += length;
                    }
                }
                lab.settle();
            }
        }

        private boolean offload() {
            for (int i = 0; i < 20 && mine.closed == null && !connection.offloaded(); i++) {
                connection.offload();
                lab.pass(ChimneyLab.millis(10));
            }
            return connection.offloaded();
        }

        private void whileOffloaded() {
            TargetConn conn = lab.target.conn();
            send(600);
            lab.target.indicate(conn, Arrays.copyOfRange(IN, indicated, indicated + 500));
            lab.settle();
            indicated += lab.target.lastConsumed;
            theirs.sending(Arrays.copyOfRange(IN, indicated, indicated + 200), false);
            lab.settle();
            lab.stack.query(infos -> {});
            lab.settle();
            connection.poll(this::take, 100);
            if (!conn.sends.isEmpty()) {
                lab.target.completeSend(conn, OffloadStatus.UPLOAD_IN_PROGRESS);
            }
            lab.settle();
        }

        boolean run() {
            lab.peer.listen(80, 8, () -> theirs);
            connection = lab.stack.connect(lab.version.second, 80, mine);
            pass();
            if (mine.connects == 1) {
                send(800);
                theirs.sending(Arrays.copyOf(IN, 700), false);
                pass();
                if (mine.closed == null && offload()) {
                    connection.upload();
                    pass();
                    send(300);
                }
                pass();
                releaseAll();
                check();
                closing();
            } else {
                connection.abort();
                lab.settle();
            }
            lab.close();
            return memory.failed();
        }

        /** Alive, and every byte is there; or dead of something that people understand. */
        private void check() {
            if (mine.closed != null) {
                assertThat(mine.closed).isNotEmpty();
                return;
            }
            same("sent", theirs.received.toByteArray(), Arrays.copyOf(OUT, sent));
            same("received", mine.received.toByteArray(), Arrays.copyOf(IN, 700));
        }

        private void same(String what, byte[] is, byte[] shouldBe) {
            assertThat(Arrays.mismatch(is, shouldBe))
                    .as("%s with %s: %d bytes of %d", what, memory, is.length, shouldBe.length)
                    .isEqualTo(-1);
        }

        private void closing() {
            if (mine.closed == null && offload()) {
                whileOffloaded();
                connection.abort();
                for (TargetConn conn : List.copyOf(lab.target.conns.values())) {
                    while (!conn.disconnects.isEmpty()) {
                        lab.target.completeDisconnect(conn, OffloadStatus.SUCCESS);
                    }
                }
                lab.settle();
            }
            theirs.connection.abort();
            pass();
            releaseAll();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void everyAllocationMayFail(int inARow) {
        int failing = 1;
        while (new Run(ip, failing, inARow).run()) {
            assertThat(++failing).as("runs").isLessThan(MOST);
        }
        assertThat(failing).as("allocations of a run").isGreaterThan(30);
    }
}
