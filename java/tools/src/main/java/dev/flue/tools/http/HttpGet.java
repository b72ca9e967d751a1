// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.http;

import dev.flue.data.ConnectionHandler;
import dev.flue.data.OffloadConnection;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** One GET: asks, hands the body on, ends the connection. All calls on the stack's thread. */
public final class HttpGet implements ConnectionHandler {
    /** Takes the body of a 200, piece by piece. */
    public interface Destination {
        void write(ByteBuffer piece) throws IOException;
    }

    private static final int RECEIVE_LIMIT = 256 * 1024;

    private final ByteBuffer request;
    private final Destination destination;
    private final MessageDigest digest;
    private final ResponseParser parser = new ResponseParser(this::body);
    private long bytes;
    private boolean connected;
    private boolean offloaded;
    private boolean finished;
    private String problem = "";

    public HttpGet(HttpUrl url, Destination destination) {
        this.destination = destination;
        this.digest = sha256();
        String head =
                "GET "
                        + url.target()
                        + " HTTP/1.1\r\nHost: "
                        + url.authority()
                        + "\r\nUser-Agent: flue\r\nAccept: */*\r\nConnection: close\r\n\r\n";
        request = ByteBuffer.wrap(head.getBytes(StandardCharsets.US_ASCII));
    }

    /** The server has answered the SYN. */
    public boolean connected() {
        return connected;
    }

    /** The response is complete, or {@link #problem} tells why there will be none. */
    public boolean finished() {
        return finished;
    }

    /** "" when the whole body came with status 200. */
    public String problem() {
        return problem;
    }

    public long bytes() {
        return bytes;
    }

    /** Bytes of body that were promised, or -1. */
    public long announcedLength() {
        return parser.announcedLength();
    }

    /** Whether the connection was offloaded at any time. */
    public boolean offloaded() {
        return offloaded;
    }

    /** SHA-256 of the body. Once. */
    public byte[] digest() {
        return digest.digest();
    }

    @Override
    public void onConnected(OffloadConnection connection) {
        connected = true;
        sendRequest(connection);
    }

    @Override
    public void onWritable(OffloadConnection connection) {
        sendRequest(connection);
    }

    @Override
    public void onOffloadChanged(OffloadConnection connection) {
        offloaded |= connection.offloaded();
    }

    @Override
    public void onReadable(OffloadConnection connection) {
        if (finished) {
            return;
        }
        try {
            while (connection.receive(this::take, RECEIVE_LIMIT) > 0) {
                // Until it takes no more or there is no more.
            }
            if (connection.endOfStream()) {
                parser.end();
            }
            if (parser.done()) {
                finish(parser.status() == 200 ? "" : refusal());
                connection.close();
            }
        } catch (IOException | UncheckedIOException e) {
            finish(
                    e instanceof UncheckedIOException u
                            ? u.getCause().getMessage()
                            : e.getMessage());
            connection.abort();
        }
    }

    @Override
    public void onClosed(OffloadConnection connection, String cause) {
        if (!finished) {
            finish(cause.isEmpty() ? "the connection ended before the response" : cause);
        }
    }

    private void sendRequest(OffloadConnection connection) {
        if (request.hasRemaining() && !finished) {
            connection.send(request);
        }
    }

    private int take(ByteBuffer buffer, int offset, int length) {
        try {
            return parser.take(buffer, offset, length);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void body(ByteBuffer piece) throws IOException {
        bytes += piece.remaining();
        if (parser.status() == 200) {
            digest.update(piece.duplicate());
            destination.write(piece);
        }
    }

    private String refusal() {
        return "the server answered " + parser.status() + " " + parser.reason();
    }

    private void finish(String why) {
        finished = true;
        problem = why;
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JVM has SHA-256", e);
        }
    }
}
