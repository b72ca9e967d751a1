// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.http;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Takes the bytes of one response to a GET and hands its body on as it comes: of known length,
 * chunked, or up to the end of the connection (RFC 9112, 6.3). One thread.
 */
final class ResponseParser {
    /** Takes the body, piece by piece. */
    interface Sink {
        void body(ByteBuffer piece) throws IOException;
    }

    private enum State {
        HEAD,
        LENGTH,
        CHUNK_SIZE,
        CHUNK,
        CHUNK_END,
        TRAILER,
        UNTIL_CLOSE,
        DONE
    }

    private static final int MAX_LINE = 16 * 1024;
    private static final int MAX_FIELDS = 200;
    private static final Pattern STATUS_LINE = Pattern.compile("HTTP/1\\.\\d (\\d{3})(?: (.*))?");
    private static final Pattern CHUNK_LINE = Pattern.compile("([0-9a-fA-F]{1,15})[ \\t]*(?:;.*)?");

    private final Sink sink;
    private final StringBuilder line = new StringBuilder();
    private final Map<String, String> headers = new HashMap<>();
    private State state = State.HEAD;
    private int status;
    private String reason = "";
    private long announced = -1;
    private long left;

    ResponseParser(Sink sink) {
        this.sink = sink;
    }

    /** 0 until the head is complete. */
    int status() {
        return status;
    }

    String reason() {
        return reason;
    }

    /** Bytes of body that were promised, or -1. */
    long announcedLength() {
        return announced;
    }

    boolean done() {
        return state == State.DONE;
    }

    /**
     * Takes all bytes up to the end of the response.
     *
     * @return bytes taken
     * @throws IOException when they are no response, or the sink failed
     */
    int take(ByteBuffer buffer, int offset, int count) throws IOException {
        int taken = 0;
        while (taken < count && state != State.DONE) {
            if (inBody()) {
                taken += takeBody(buffer, offset + taken, count - taken);
            } else {
                takeLineByte((char) (buffer.get(offset + taken) & 0xff));
                taken++;
            }
        }
        return taken;
    }

    /**
     * The peer has closed.
     *
     * @throws IOException when that was too early
     */
    void end() throws IOException {
        if (state == State.UNTIL_CLOSE) {
            state = State.DONE;
        } else if (state == State.HEAD) {
            throw new IOException("the connection ended before a response came");
        } else if (state != State.DONE) {
            throw new IOException("the connection ended in the middle of the body");
        }
    }

    private boolean inBody() {
        return state == State.LENGTH || state == State.CHUNK || state == State.UNTIL_CLOSE;
    }

    private int takeBody(ByteBuffer buffer, int offset, int count) throws IOException {
        int piece = state == State.UNTIL_CLOSE ? count : (int) Math.min(count, left);
        sink.body(buffer.duplicate().limit(offset + piece).position(offset));
        left -= piece;
        if (left == 0 && state == State.LENGTH) {
            state = State.DONE;
        } else if (left == 0 && state == State.CHUNK) {
            state = State.CHUNK_END;
        }
        return piece;
    }

    private void takeLineByte(char c) throws IOException {
        if (c != '\n') {
            line.append(c);
            if (line.length() > MAX_LINE) {
                throw new IOException("a line of the response is too long");
            }
            return;
        }
        if (line.length() > 0 && line.charAt(line.length() - 1) == '\r') {
            line.setLength(line.length() - 1);
        }
        String complete = line.toString();
        line.setLength(0);
        switch (state) {
            case HEAD -> headLine(complete);
            case CHUNK_SIZE -> chunkSize(complete);
            case CHUNK_END -> {
                if (!complete.isEmpty()) {
                    throw new IOException("a chunk is longer than it says");
                }
                state = State.CHUNK_SIZE;
            }
            case TRAILER -> state = complete.isEmpty() ? State.DONE : State.TRAILER;
            default -> throw new IllegalStateException("a line in state " + state);
        }
    }

    private void headLine(String text) throws IOException {
        if (status == 0) {
            Matcher matcher = STATUS_LINE.matcher(text);
            if (!matcher.matches()) {
                throw new IOException("the answer is not HTTP/1.1");
            }
            status = Integer.parseInt(matcher.group(1));
            // It will be shown to people: nothing that a terminal would obey.
            reason =
                    matcher.group(2) == null
                            ? ""
                            : matcher.group(2).replaceAll("[^\\x20-\\x7e]", "?");
        } else if (!text.isEmpty()) {
            int colon = text.indexOf(':');
            if (colon < 1 || headers.size() >= MAX_FIELDS) {
                throw new IOException("the header of the response is malformed");
            }
            headers.put(
                    text.substring(0, colon).toLowerCase(Locale.ROOT),
                    text.substring(colon + 1).strip());
        } else if (status < 200) {
            status = 0; // An interim response: the real one follows.
            headers.clear();
        } else {
            endOfHead();
        }
    }

    private void endOfHead() throws IOException {
        String coding = headers.getOrDefault("transfer-encoding", "");
        String length = headers.get("content-length");
        if (status == 204 || status == 304) {
            state = State.DONE;
        } else if (coding.equalsIgnoreCase("chunked")) {
            state = State.CHUNK_SIZE;
        } else if (!coding.isEmpty()) {
            throw new IOException("the transfer coding of the response is not supported");
        } else if (length == null) {
            state = State.UNTIL_CLOSE;
        } else if (length.matches("\\d{1,18}")) {
            announced = Long.parseLong(length);
            left = announced;
            state = left == 0 ? State.DONE : State.LENGTH;
        } else {
            throw new IOException("the Content-Length of the response is not a number");
        }
    }

    private void chunkSize(String text) throws IOException {
        Matcher matcher = CHUNK_LINE.matcher(text);
        if (!matcher.matches()) {
            throw new IOException("the size of a chunk is malformed");
        }
        left = Long.parseLong(matcher.group(1), 16);
        state = left == 0 ? State.TRAILER : State.CHUNK;
    }
}
