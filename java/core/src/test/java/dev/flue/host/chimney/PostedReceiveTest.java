// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.data.LoanedBuffer;
import dev.flue.data.OffloadConnection;
import dev.flue.host.Ip;
import dev.flue.host.Recorder;
import dev.flue.host.Rule;
import dev.flue.offload.NetBuffer;
import dev.flue.offload.NetBufferList;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.TcpEvent;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Receives that the host stack keeps posted, and what a target does with them. */
@ParameterizedClass
@EnumSource(Ip.class)
class PostedReceiveTest {
    private static final int BUFFER = 4096;

    @Parameter Ip ip;

    private ChimneyLab lab;
    private FakeTarget target;
    private NetBufferList list;
    private NetBuffer netBuffer;
    private final Recorder mine = new Recorder();
    private final Recorder theirs = new Recorder();
    private OffloadConnection connection;
    private TargetConn conn;

    private void connect(int posts, boolean push) {
        lab =
                new ChimneyLab(
                        config ->
                                config.receiveBuffer(16_384)
                                        .postedReceives(posts)
                                        .receivePush(push)
                                        .autoOffload(false));
        lab.version = ip;
        target = lab.target;
        list = new NetBufferList(lab.memory);
        netBuffer = new NetBuffer(lab.memory);
        connection = lab.connect(mine, theirs, 80);
    }

    private void offload() {
        connection.offload();
        lab.settle();
        conn = target.conn();
    }

    @AfterEach
    void nothingIsLeft() {
        lab.close();
    }

    private void complete(byte[] data) {
        target.completeReceive(conn, data, OffloadStatus.SUCCESS);
        lab.settle();
    }

    @Test
    @Rule({"H-35", "H-37"})
    void buffersArePostedAtOnceEachWithOneNetBufferAndAgainWhenFilled() {
        connect(3, true);
        offload();
        assertThat(conn.posts).hasSize(3);
        for (long post : conn.posts) {
            netBuffer.wrap(list.wrap(post).firstNetBuffer());
            assertThat(netBuffer.next()).as("one NB").isZero();
            assertThat(netBuffer.dataLength()).isEqualTo(BUFFER);
            assertThat(list.receiveNoPush()).isZero();
            assertThat(list.receiveBytesTransferred()).isZero();
        }
        assertThat(target.calls.stream().filter("receive"::equals)).hasSize(1);
        complete(Recorder.bytes(1, 500));
        complete(Recorder.bytes(2, BUFFER));
        assertThat(conn.posts).hasSize(3);
        byte[] all = mine.received.toByteArray();
        assertThat(all).hasSize(500 + BUFFER).startsWith(Recorder.bytes(1, 500));
        assertThat(all).endsWith(Recorder.bytes(2, BUFFER));
    }

    /** Small pieces fill the buffers of the stack long before the window of the connection. */
    @Test
    void whenTheBuffersAreOutTheStackRestsAndPostsAgainWhenSomeAreRead() {
        connect(3, true);
        mine.appetite = 0;
        offload();
        int pieces = 0;
        while (!conn.posts.isEmpty()) {
            target.completeReceive(conn, Recorder.bytes(pieces, 1), OffloadStatus.SUCCESS);
            pieces++;
            for (int turn = 0; turn < 10; turn++) {
                lab.stack.doWork(lab.now);
                lab.peer.doWork(lab.now);
            }
        }
        assertThat(pieces).isLessThan(16_384);
        assertThat(lab.stack.doWork(lab.now)).as("work at rest").isZero();
        assertThat(lab.stack.nextDeadline()).isGreaterThan(lab.now);
        mine.read(pieces);
        lab.settle();
        assertThat(conn.posts).isNotEmpty();
        complete(Recorder.bytes(9, 100));
        mine.read(100);
        assertThat(mine.received.size()).isEqualTo(pieces + 100);
    }

    @Test
    void withoutPushTheTargetIsToldSo() {
        connect(1, false);
        offload();
        assertThat(list.wrap(conn.posts.get(0)).receiveNoPush()).isEqualTo(1);
    }

    @Test
    void theRestOfABufferThatTheHostBeganIsPostedAndTheTargetIsToldHowMuchIsThere() {
        connect(2, true);
        mine.appetite = 0;
        theirs.sending(Recorder.bytes(3, 300), false);
        lab.settle();
        mine.read(100);
        offload();
        long first = conn.posts.get(0);
        assertThat(list.wrap(first).receiveBytesTransferred()).isEqualTo(200);
        netBuffer.wrap(list.firstNetBuffer());
        assertThat(netBuffer.dataLength()).isEqualTo(BUFFER - 300);
        assertThat(list.wrap(conn.posts.get(1)).receiveBytesTransferred()).isZero();
        // The application reads what is there while the target fills the rest.
        mine.read(150);
        complete(Recorder.bytes(4, 70));
        mine.read(1000);
        byte[] all = mine.received.toByteArray();
        assertThat(all).startsWith(Recorder.bytes(3, 300)).endsWith(Recorder.bytes(4, 70));
        assertThat(all).hasSize(370);
    }

    @Test
    void theApplicationMayHaveReadAllOfABufferBeforeTheTargetFillsItsRest() {
        connect(1, true);
        mine.appetite = 0;
        theirs.sending(Recorder.bytes(5, 300), false);
        lab.settle();
        offload();
        mine.read(300);
        LoanedBuffer kept = new LoanedBuffer();
        complete(Recorder.bytes(6, 60));
        connection.poll(loan -> loan.moveTo(kept), 1);
        byte[] bytes = new byte[60];
        kept.buffer().get(bytes);
        assertThat(bytes).isEqualTo(Recorder.bytes(6, 60));
        kept.release();
        lab.settle();
        assertThat(conn.posts).hasSize(1);
    }

    @Test
    void noMoreIsPostedThanTheReceiveBufferTakes() {
        connect(8, true);
        mine.appetite = 0;
        offload();
        assertThat(conn.posts).hasSize(4);
        for (int i = 0; i < 4; i++) {
            complete(Recorder.bytes(i, BUFFER));
        }
        assertThat(conn.posts).isEmpty();
        mine.read(BUFFER);
        lab.settle();
        assertThat(conn.posts).hasSize(1);
    }

    @Test
    @Rule({"H-42", "H-43"})
    void dataIsIndicatedWhenNothingIsPostedAndAPostRestartsIt() {
        connect(4, true);
        mine.appetite = 0;
        offload();
        for (int i = 0; i < 4; i++) {
            complete(Recorder.bytes(i, BUFFER));
        }
        target.indicate(conn, new byte[10]);
        lab.settle();
        assertThat(target.lastVerdict).isEqualTo(OffloadStatus.OFFLOAD_DATA_NOT_ACCEPTED);
        assertThat(target.lastConsumed).isZero();
        mine.read(BUFFER);
        lab.settle();
        assertThat(conn.posts).as("a real receive restarts it").hasSize(1);
        assertThat(conn.receivesPosted).isZero();
    }

    @Test
    @Rule("H-38")
    void whatATargetGivesBackUnfilledAtTheUploadIsFreedAndTheHostGoesOn() {
        connect(3, true);
        offload();
        target.completeReceive(conn, Recorder.bytes(7, 40), OffloadStatus.UPLOAD_IN_PROGRESS);
        lab.settle();
        connection.upload();
        lab.settle();
        assertThat(connection.offloaded()).isFalse();
        assertThat(mine.received.toByteArray()).isEqualTo(Recorder.bytes(7, 40));
        assertThat(lab.stack.held().get("receiveBuffers")).isZero();
    }

    @Test
    void bytesInTheLastBuffersComeBeforeTheEndEvenIfItIsToldFirst() {
        connect(2, false);
        mine.echoEnd = false;
        offload();
        target.event(conn, TcpEvent.DISCONNECT, 0);
        lab.settle();
        assertThat(mine.ended).isFalse();
        complete(Recorder.bytes(8, 50));
        assertThat(mine.received.toByteArray()).isEqualTo(Recorder.bytes(8, 50));
        assertThat(mine.ended).as("a buffer is still out").isFalse();
        complete(new byte[0]);
        assertThat(mine.ended).isTrue();
        conn.rcvNxt += 1;
        conn.extFlags = 4;
        theirs.connection.abort();
    }

    @Test
    void afterTheEndOfTheStreamNothingIsPosted() {
        connect(2, true);
        mine.echoEnd = false;
        offload();
        target.event(conn, TcpEvent.DISCONNECT, 0);
        lab.settle();
        int calls = target.calls.size();
        target.completeReceive(conn, new byte[0], OffloadStatus.SUCCESS);
        target.completeReceive(conn, new byte[0], OffloadStatus.INVALID_STATE);
        lab.settle();
        assertThat(target.calls).hasSize(calls);
        conn.rcvNxt += 1;
        conn.extFlags = 4;
        assertThat(Arrays.asList(mine.ended)).containsExactly(true);
        theirs.connection.abort();
    }
}
