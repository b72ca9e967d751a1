// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flue.data.LoanedBuffer;
import dev.flue.data.OffloadConnection;
import dev.flue.data.SendClaim;
import dev.flue.host.Ip;
import dev.flue.host.Recorder;
import dev.flue.host.Rule;
import dev.flue.offload.NetBuffer;
import dev.flue.offload.NetBufferList;
import dev.flue.offload.OffloadStatus;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Claims and loans: on the host stack, with a target, and while a connection moves. */
@ParameterizedClass
@EnumSource(Ip.class)
class BurstTest {
    private static final int RECEIVE_BUFFER = 32_768;
    private static final int CHUNK = 4096;

    private final ChimneyLab lab =
            new ChimneyLab(config -> config.receiveBuffer(RECEIVE_BUFFER).sendChunk(CHUNK));
    private final FakeTarget target = lab.target;
    private final Recorder mine = new Recorder();
    private final Recorder theirs = new Recorder();
    private final SendClaim claim = new SendClaim();
    private final NetBufferList list = new NetBufferList(lab.memory);
    private final NetBuffer netBuffer = new NetBuffer(lab.memory);
    private OffloadConnection connection;
    private TargetConn conn;

    BurstTest(Ip ip) {
        lab.version = ip;
    }

    @BeforeEach
    void offloaded() {
        mine.appetite = 0;
        connection = lab.connect(mine, theirs, 80);
        conn = target.conn();
    }

    @AfterEach
    void nothingIsLeft() {
        lab.close();
    }

    private void onTheHost() {
        connection.upload();
        lab.settle();
        assertThat(connection.offloaded()).isFalse();
    }

    private void offload() {
        connection.offload();
        lab.settle();
        assertThat(connection.offloaded()).isTrue();
        conn = target.conn();
    }

    private void claim(byte[] bytes) {
        assertThat(connection.tryClaim(bytes.length, claim)).isTrue();
        claim.buffer().put(bytes);
    }

    private int held(String what) {
        return lab.stack.held().get(what);
    }

    // ---- Claims.

    @Test
    void manyCommitsOfOneTurnAreOneListWithOneMdl() {
        byte[] all = Recorder.bytes(1, 1000);
        for (int i = 0; i < 100; i++) {
            assertThat(connection.tryClaim(10, claim)).isTrue();
            claim.buffer().put(claim.offset(), all, 10 * i, 10);
            assertThat(claim.commit()).isTrue();
        }
        lab.settle();
        assertThat(target.calls).containsExactly("send");
        assertThat(conn.sends).hasSize(1);
        netBuffer.wrap(list.wrap(conn.sends.get(0)).firstNetBuffer());
        assertThat(netBuffer.next()).isZero();
        assertThat(target.lists.bytes(conn.sends.get(0))).isEqualTo(all);
    }

    @Test
    void theOrderOfCommitsAndSendsIsTheOrderOfTheStream() {
        claim(new byte[] {1, 2, 3});
        claim.commit();
        connection.send(ByteBuffer.wrap(new byte[] {4}));
        claim(new byte[] {5, 6, 99, 99});
        claim.commit(2);
        claim(new byte[] {98, 97});
        claim.abort();
        connection.send(ByteBuffer.wrap(new byte[] {7}));
        lab.settle();
        assertThat(conn.sendBytes()).containsExactly(1, 2, 3, 4, 5, 6, 7);
    }

    @Test
    void aClaimThatDoesNotFitBehindTheLastByteGetsAFreshBuffer() {
        claim(Recorder.bytes(2, 3000));
        claim.commit();
        claim(Recorder.bytes(3, 2000));
        claim.commit();
        lab.settle();
        assertThat(conn.sends).hasSize(2);
        assertThat(conn.sendBytes())
                .startsWith(Recorder.bytes(2, 3000))
                .endsWith(Recorder.bytes(3, 2000));
    }

    @Test
    void aClaimIsRefusedAsAValueWhenThereIsNoRoomAndRoomIsTold() {
        int claims = 0;
        while (connection.tryClaim(CHUNK, claim)) {
            claim.commit();
            claims++;
        }
        assertThat(claims).isEqualTo(262_144 / CHUNK);
        assertThat(claim.isOpen()).isFalse();
        lab.settle();
        int[] told = {0};
        mine.onWritable = () -> told[0]++;
        target.completeSend(conn, OffloadStatus.SUCCESS);
        lab.settle();
        assertThat(told[0]).isEqualTo(1);
        assertThat(connection.tryClaim(CHUNK, claim)).isTrue();
        claim.abort();
    }

    @Test
    void misuseOfAClaimIsAnException() {
        assertThat(connection.maxClaim()).isEqualTo(CHUNK);
        assertThatThrownBy(() -> connection.tryClaim(CHUNK + 1, claim))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("4097")
                .hasMessageContaining("4096");
        assertThatThrownBy(() -> connection.tryClaim(0, claim))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(claim::commit).isInstanceOf(IllegalStateException.class);
        claim(new byte[4]);
        assertThatThrownBy(() -> connection.tryClaim(1, new SendClaim()))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("a claim is open");
        assertThatThrownBy(() -> connection.send(ByteBuffer.allocate(1)))
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(connection::shutdownOutput).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> claim.commit(5)).isInstanceOf(IllegalArgumentException.class);
        claim.commit();
        assertThatThrownBy(claim::abort).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(claim::buffer).isInstanceOf(IllegalStateException.class);
        connection.shutdownOutput();
        assertThatThrownBy(() -> connection.tryClaim(1, claim))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("shut");
    }

    @Test
    void aClaimLivesThroughEveryHandOver() {
        onTheHost();
        // Some of what lies before the claim is in flight when it is offloaded.
        claim(new byte[] {1, 2, 3});
        claim.commit();
        claim(new byte[] {4, 5, 6});
        lab.stack.doWork(lab.now);
        connection.offload();
        lab.settle();
        offload();
        claim.commit();
        lab.settle();
        byte[] rest = conn.sendBytes();
        assertThat(rest).endsWith(4, 5, 6);
        claim(new byte[] {7, 8});
        connection.upload();
        lab.settle();
        assertThat(connection.offloaded()).isFalse();
        claim.commit();
        lab.settle();
        assertThat(theirs.received.toByteArray()).containsExactly(1, 2, 3, 4, 5, 6, 7, 8);
    }

    @Test
    void bytesBeforeAnOpenClaimAreSentWithoutIt() {
        claim(new byte[] {1, 2, 3});
        claim.commit();
        claim(new byte[] {4, 5});
        lab.settle();
        assertThat(conn.sendBytes()).containsExactly(1, 2, 3);
        // The target is done with that buffer; the claim's memory is another one by now.
        target.completeSend(conn, OffloadStatus.SUCCESS);
        lab.settle();
        assertThat(held("sendBuffers")).isEqualTo(1);
        claim.commit();
        lab.settle();
        assertThat(conn.sendBytes()).containsExactly(4, 5);
    }

    @Test
    void onTheHostTooBytesBeforeAnOpenClaimAreSentAndAcknowledged() {
        onTheHost();
        claim(new byte[] {1, 2, 3});
        claim.commit();
        claim(new byte[] {4, 5});
        lab.settle();
        assertThat(theirs.received.toByteArray()).containsExactly(1, 2, 3);
        assertThat(held("sendBuffers")).isEqualTo(1);
        claim.commit();
        lab.settle();
        assertThat(theirs.received.toByteArray()).containsExactly(1, 2, 3, 4, 5);
        assertThat(held("sendBuffers")).isZero();
    }

    @Test
    void aConnectionThatBreaksUnderAClaimDropsItAndKeepsItsMemoryUntilThen() {
        onTheHost();
        claim(new byte[] {1, 2, 3});
        theirs.connection.abort();
        lab.settle();
        assertThat(mine.closed).isEqualTo("connection reset by peer");
        assertThat(held("sendBuffers")).isEqualTo(1);
        assertThat(claim.commit()).isFalse();
        assertThat(held("sendBuffers")).isZero();
    }

    @Test
    void aClosedConnectionDropsItsClaim() {
        claim(new byte[] {1, 2, 3});
        claim.commit();
        claim(new byte[] {4});
        connection.close();
        lab.settle();
        assertThat(conn.sendBytes()).containsExactly(1, 2, 3);
        assertThat(claim.commit()).isFalse();
        assertThat(conn.disconnectFlags).containsExactly(1);
    }

    // ---- Loans.

    private final List<LoanedBuffer> kept = new ArrayList<>();

    private void keep(LoanedBuffer loan) {
        LoanedBuffer own = new LoanedBuffer();
        loan.moveTo(own);
        kept.add(own);
    }

    private static byte[] bytes(LoanedBuffer loan) {
        byte[] bytes = new byte[loan.length()];
        loan.buffer().get(loan.offset(), bytes);
        return bytes;
    }

    @Test
    @Rule("H-41")
    void aListGoesBackWhenTheLastLoanOfItIsReleased() {
        byte[] first = Recorder.bytes(4, 1000);
        byte[] second = Recorder.bytes(5, 500);
        target.indicateInMdls(conn, first, 400);
        target.indicate(conn, second);
        lab.settle();
        assertThat(connection.poll(this::keep, 100)).isEqualTo(4);
        lab.settle();
        assertThat(connection.available()).isZero();
        assertThat(target.returned).isZero();
        assertThat(held("loans")).isEqualTo(4);
        assertThat(bytes(kept.get(1))).isEqualTo(java.util.Arrays.copyOfRange(first, 400, 800));
        kept.get(2).release();
        kept.get(0).release();
        lab.settle();
        assertThat(target.returned).as("one loan of it is out").isZero();
        kept.get(1).release();
        lab.settle();
        assertThat(target.returned).isEqualTo(1);
        assertThat(bytes(kept.get(3))).isEqualTo(second);
        kept.get(3).release();
        lab.settle();
        assertThat(target.returned).isEqualTo(2);
        assertThat(held("loans")).isZero();
    }

    @Test
    @Rule("H-41")
    void whatIsNotKeptGoesBackAtOnce() {
        target.indicate(conn, Recorder.bytes(6, 100));
        target.indicate(conn, Recorder.bytes(7, 100));
        lab.settle();
        assertThat(connection.poll(loan -> {}, 1)).isEqualTo(1);
        lab.settle();
        assertThat(target.returned).isEqualTo(1);
        assertThat(connection.poll(LoanedBuffer::release, 10)).isEqualTo(1);
        assertThat(connection.poll(loan -> {}, 10)).isZero();
        lab.settle();
        assertThat(target.returned).isEqualTo(2);
    }

    @Test
    @Rule({"H-42", "H-43"})
    void whatIsKeptIsMissingFromTheWindowOfATarget() {
        for (int i = 0; i < RECEIVE_BUFFER / 4096; i++) {
            target.indicate(conn, Recorder.bytes(i, 4096));
        }
        lab.settle();
        connection.poll(this::keep, 100);
        target.indicate(conn, Recorder.bytes(9, 100));
        lab.settle();
        assertThat(target.lastVerdict).isEqualTo(OffloadStatus.OFFLOAD_DATA_NOT_ACCEPTED);
        assertThat(target.lastConsumed).isZero();
        for (int i = 0; i < kept.size() / 2; i++) {
            kept.get(i).release();
        }
        assertThat(conn.receivesPosted).as("half is still kept").isZero();
        kept.get(kept.size() - 1).release();
        lab.settle();
        assertThat(conn.receivesPosted).isEqualTo(1);
        target.indicate(conn, Recorder.bytes(9, 100));
        lab.settle();
        assertThat(target.lastVerdict).isEqualTo(OffloadStatus.SUCCESS);
        assertThat(target.lastConsumed).isEqualTo(100);
    }

    @Test
    void theWindowOfTheHostShrinksByTheBuffersThatAreKept() {
        onTheHost();
        theirs.sending(Recorder.bytes(10, 100_000), false);
        int received = 0;
        for (int i = 0; i < 100; i++) {
            lab.settle();
            received += connection.available();
            connection.poll(this::keep, 1000);
        }
        assertThat(received).isBetween(RECEIVE_BUFFER / 2, RECEIVE_BUFFER + 4096);
        byte[] all = Recorder.bytes(10, 100_000);
        int at = 0;
        for (LoanedBuffer loan : kept) {
            byte[] piece = bytes(loan);
            assertThat(piece).isEqualTo(java.util.Arrays.copyOfRange(all, at, at + piece.length));
            at += piece.length;
        }
        assertThat(held("receiveBuffers")).isPositive();
        kept.forEach(LoanedBuffer::release);
        mine.appetite = -1;
        lab.settle();
        lab.pass(ChimneyLab.millis(2000));
        mine.read(Integer.MAX_VALUE);
        lab.pass(ChimneyLab.millis(2000));
        assertThat(received + mine.received.size()).isEqualTo(100_000);
        assertThat(held("receiveBuffers")).isZero();
    }

    @Test
    void misuseOfALoanIsAnException() {
        target.indicate(conn, Recorder.bytes(11, 100));
        target.indicate(conn, Recorder.bytes(12, 100));
        lab.settle();
        LoanedBuffer own = new LoanedBuffer();
        LoanedBuffer[] shown = new LoanedBuffer[1];
        connection.poll(
                loan -> {
                    loan.moveTo(own);
                    shown[0] = loan;
                    assertThatThrownBy(loan::release).isInstanceOf(IllegalStateException.class);
                },
                1);
        assertThatThrownBy(shown[0]::buffer).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> connection.poll(loan -> loan.moveTo(own), 1))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("in use");
        assertThat(connection.available()).as("a failing handler loses nothing").isEqualTo(100);
        assertThatThrownBy(() -> connection.poll(l -> connection.poll(x -> {}, 1), 1))
                .isInstanceOf(IllegalStateException.class);
        own.release();
        assertThatThrownBy(own::release)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("released");
        assertThatThrownBy(own::buffer).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(own::length).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void aLoanOutlivesAnUploadAndItsConnection() {
        byte[] data = Recorder.bytes(13, 300);
        target.indicate(conn, data);
        lab.settle();
        connection.poll(this::keep, 1);
        onTheHost();
        assertThat(target.objects).isEmpty();
        assertThat(target.returned).isZero();
        connection.abort();
        lab.settle();
        assertThat(mine.closed).isEqualTo("aborted");
        assertThat(bytes(kept.get(0))).isEqualTo(data);
        kept.get(0).release();
        lab.settle();
        assertThat(target.returned).isEqualTo(1);
    }

    @Test
    void closingTheStackRevokesLoansAndTheirReleaseIsStillFine() {
        target.indicate(conn, Recorder.bytes(14, 300));
        lab.settle();
        connection.poll(this::keep, 1);
        lab.stack.close();
        assertThat(target.lists.indications.held()).isZero();
        assertThat(lab.stack.held().get("loans")).isZero();
        kept.get(0).release();
        assertThatThrownBy(() -> kept.get(0).buffer()).hasMessageContaining("revoked");
    }

    @Test
    void closeInsideTheHandlerThrowsTheRestAwayButNotWhatIsKept() {
        byte[] data = Recorder.bytes(15, 900);
        target.indicateInMdls(conn, data, 300);
        lab.settle();
        connection.poll(
                loan -> {
                    keep(loan);
                    connection.close();
                },
                10);
        assertThat(kept).hasSize(1);
        lab.settle();
        assertThat(target.returned).isZero();
        assertThat(bytes(kept.get(0))).isEqualTo(java.util.Arrays.copyOf(data, 300));
        kept.get(0).release();
        lab.settle();
        assertThat(target.returned).isEqualTo(1);
    }
}
