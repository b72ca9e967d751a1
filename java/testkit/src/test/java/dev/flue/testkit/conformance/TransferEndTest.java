// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.data.OffloadConnection;
import dev.flue.data.ReceiveHandler;
import java.io.ByteArrayOutputStream;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

/** The applications of the conformance tests notice what they are there to notice. */
class TransferEndTest {
    private static final TransferPlan MINE = TransferPlan.of(4, 1_000);
    private static final TransferPlan PEERS = TransferPlan.of(2, 500);

    private final ByteArrayOutputStream sent = new ByteArrayOutputStream();
    private ByteBuffer arriving = ByteBuffer.allocate(0);
    private int room = Integer.MAX_VALUE;
    private boolean ended;
    private boolean shutDown;

    private final OffloadConnection connection =
            (OffloadConnection)
                    Proxy.newProxyInstance(
                            OffloadConnection.class.getClassLoader(),
                            new Class<?>[] {OffloadConnection.class},
                            (self, method, arguments) ->
                                    switch (method.getName()) {
                                        case "send" -> send((ByteBuffer) arguments[0]);
                                        case "receive" -> receive((ReceiveHandler) arguments[0]);
                                        case "endOfStream" -> ended && !arriving.hasRemaining();
                                        case "offloaded" -> false;
                                        case "shutdownOutput" -> {
                                            shutDown = true;
                                            yield null;
                                        }
                                        default -> null;
                                    });

    private int send(ByteBuffer source) {
        int n = Math.min(room, source.remaining());
        for (int i = 0; i < n; i++) {
            sent.write(source.get());
        }
        room -= n;
        return n;
    }

    private int receive(ReceiveHandler handler) {
        int taken =
                arriving.hasRemaining()
                        ? handler.onData(arriving, arriving.position(), arriving.remaining())
                        : 0;
        arriving.position(arriving.position() + taken);
        return taken;
    }

    private static ByteBuffer content(TransferPlan plan) {
        ByteBuffer buffer = ByteBuffer.allocate((int) plan.bytes());
        new StreamContent(plan.seed()).fill(buffer, 0, (int) plan.bytes());
        return buffer;
    }

    private TransferEnd connected() {
        TransferEnd end = new TransferEnd("test", MINE, PEERS);
        end.onConnected(connection);
        return end;
    }

    @Test
    void itSendsItsContentInPiecesAndGoesOnWhereThereWasNoRoom() {
        room = 333;
        TransferEnd end = connected();
        assertThat(end.sent()).isEqualTo(333);
        assertThat(shutDown).isFalse();
        room = Integer.MAX_VALUE;
        end.onWritable(connection);
        assertThat(sent.toByteArray()).isEqualTo(content(MINE).array());
        assertThat(shutDown).isTrue();
    }

    @Test
    void itIsFinishedWhenAllWasSentAndReceivedAndBothDirectionsEnded() {
        TransferEnd end = connected();
        assertThat(end.finished()).isFalse();
        arriving = content(PEERS);
        end.onReadable(connection);
        assertThat(end.finished()).isFalse();
        ended = true;
        end.onReadable(connection);
        assertThat(end.finished()).isTrue();
        assertThat(end.problem()).isEmpty();
    }

    @Test
    void itNoticesOneWrongByte() {
        TransferEnd end = connected();
        arriving = content(PEERS);
        arriving.put(321, (byte) (arriving.get(321) ^ 4));
        end.onReadable(connection);
        assertThat(end.problem()).contains("byte 321 is not the one");
    }

    @Test
    void itNoticesBytesThatAreMissingDoubledOrTooMany() {
        TransferEnd missing = connected();
        arriving = content(PEERS);
        arriving.limit(400);
        ended = true;
        missing.onReadable(connection);
        assertThat(missing.problem()).contains("after 400 of 500");

        TransferEnd doubled = connected();
        arriving = content(PEERS);
        arriving.limit(100);
        doubled.onReadable(connection);
        arriving = content(PEERS);
        arriving.position(50);
        doubled.onReadable(connection);
        assertThat(doubled.problem()).contains("byte 100 is not the one");

        TransferEnd tooMany = connected();
        arriving = content(TransferPlan.of(PEERS.seed(), 501));
        tooMany.onReadable(connection);
        assertThat(tooMany.problem()).contains("more than was sent");
    }

    @Test
    void itNoticesADisorderlyEnd() {
        TransferEnd end = connected();
        end.onClosed(connection, "reset by the peer");
        assertThat(end.problem()).contains("reset by the peer");
    }
}
