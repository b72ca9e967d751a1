// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.http;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * Takes the bytes of a connection and cuts requests out of them (RFC 9112), strictly: what could be
 * read in two ways is refused. It takes no byte beyond the end of a head, so that a pipelined
 * request stays with the connection until the one before is answered. One thread.
 */
final class RequestParser {
    static final int MAX_REQUEST_LINE = 8 * 1024;
    static final int MAX_HEAD = 32 * 1024;
    static final int MAX_FIELDS = 100;

    /** A larger body, which a GET has no use for, is not waited for. */
    static final long MAX_BODY = 1 << 20;

    private static final String TOKEN_MARKS = "!#$%&'*+-.^_`|~";

    private byte[] head = new byte[512];
    private int length;
    private int lineStart;
    private boolean firstLineSeen;
    private long bodyToSkip;
    private HttpRequest request;
    private int status;
    private String problem = "";

    /** A request is complete: {@link #request} has it, until {@link #next}. */
    boolean complete() {
        return request != null;
    }

    /** The bytes were no request: {@link #status} and {@link #problem} say why. Final. */
    boolean failed() {
        return status != 0;
    }

    /** Nothing of a request was taken yet. */
    boolean idle() {
        return length == 0 && request == null && bodyToSkip == 0;
    }

    HttpRequest request() {
        return request;
    }

    /** The status to answer with when {@link #failed}. */
    int status() {
        return status;
    }

    String problem() {
        return problem;
    }

    /** Go on to the next request, behind the body of this one. */
    void next() {
        bodyToSkip = request.bodyLength();
        request = null;
        length = 0;
        lineStart = 0;
        firstLineSeen = false;
    }

    /**
     * Take bytes until a request is complete.
     *
     * @return bytes taken
     */
    int take(ByteBuffer buffer, int offset, int count) {
        int taken = 0;
        if (bodyToSkip > 0) {
            taken = (int) Math.min(bodyToSkip, count);
            bodyToSkip -= taken;
        }
        while (taken < count && request == null && status == 0) {
            takeByte(buffer.get(offset + taken));
            taken++;
        }
        return taken;
    }

    private void takeByte(byte b) {
        if (length == head.length) {
            head = Arrays.copyOf(head, Math.min(MAX_HEAD, head.length * 2));
        }
        head[length++] = b;
        if (b != '\n') {
            checkLimits();
            return;
        }
        int end = length - 1;
        if (end > lineStart && head[end - 1] == '\r') {
            end--;
        }
        if (end > lineStart) {
            firstLineSeen = true;
            lineStart = length;
            checkLimits();
        } else if (firstLineSeen) {
            parse();
        } else {
            length = 0; // An empty line before a request is ignored (RFC 9112, 2.2).
            lineStart = 0;
        }
    }

    private void checkLimits() {
        if (!firstLineSeen && length > MAX_REQUEST_LINE) {
            fail(414, "the request line is longer than " + MAX_REQUEST_LINE + " bytes");
        } else if (length >= MAX_HEAD) {
            fail(431, "the header is longer than " + MAX_HEAD + " bytes");
        }
    }

    private void fail(int code, String why) {
        status = code;
        problem = why;
    }

    private void parse() {
        // Each byte is one character: what is not ASCII is judged where it is used.
        String[] lines = new String(head, 0, length, StandardCharsets.ISO_8859_1).split("\n", -1);
        for (int i = 0; i < lines.length; i++) {
            String line = lines[i].endsWith("\r") ? chop(lines[i]) : lines[i];
            if (line.indexOf('\r') >= 0 || line.indexOf('\0') >= 0) {
                fail(400, "a control character in the header");
                return;
            }
            lines[i] = line;
        }
        String[] words = lines[0].split(" ", -1);
        if (words.length != 3 || !isToken(words[0]) || !isTarget(words[1])) {
            fail(400, "the request line is malformed");
            return;
        }
        int minor = minorVersion(words[2]);
        if (minor < 0) {
            fail(words[2].matches("HTTP/\\d\\.\\d") ? 505 : 400, "not HTTP/1.0 or HTTP/1.1");
            return;
        }
        Map<String, String> headers = parseFields(lines);
        if (headers == null) {
            return;
        }
        if (minor == 1 && !headers.containsKey("host")) {
            fail(400, "HTTP/1.1 without a Host header");
            return;
        }
        long body = bodyLength(headers);
        if (body >= 0) {
            request = new HttpRequest(words[0], words[1], minor, headers, body);
        }
    }

    private Map<String, String> parseFields(String[] lines) {
        Map<String, String> headers = new HashMap<>();
        // The last two pieces are the empty line and what follows its line feed: nothing.
        int fields = lines.length - 3;
        if (fields > MAX_FIELDS) {
            fail(431, "more than " + MAX_FIELDS + " header fields");
            return null;
        }
        for (int i = 1; i <= fields; i++) {
            int colon = lines[i].indexOf(':');
            if (colon < 1 || !isToken(lines[i].substring(0, colon))) {
                fail(400, "a header field is malformed");
                return null;
            }
            String name = lowerCase(lines[i].substring(0, colon));
            String value = lines[i].substring(colon + 1).strip();
            String before = headers.put(name, value);
            if (before != null) {
                if (name.equals("host") || name.equals("content-length") && !before.equals(value)) {
                    fail(400, "two different " + name + " headers");
                    return null;
                }
                headers.put(name, name.equals("content-length") ? value : before + ", " + value);
            }
        }
        return headers;
    }

    private long bodyLength(Map<String, String> headers) {
        if (headers.containsKey("transfer-encoding")) {
            fail(501, "a request body with a transfer coding is not supported");
            return -1;
        }
        String value = headers.get("content-length");
        if (value == null) {
            return 0;
        }
        if (!value.matches("\\d{1,18}")) {
            fail(400, "Content-Length is not a number");
            return -1;
        }
        long bytes = Long.parseLong(value);
        if (bytes > MAX_BODY) {
            fail(413, "the request body is larger than " + MAX_BODY + " bytes");
            return -1;
        }
        return bytes;
    }

    private static int minorVersion(String version) {
        return switch (version) {
            case "HTTP/1.0" -> 0;
            case "HTTP/1.1" -> 1;
            default -> -1;
        };
    }

    private static boolean isTarget(String target) {
        for (int i = 0; i < target.length(); i++) {
            char c = target.charAt(i);
            if (c <= 0x20 || c == 0x7f) {
                return false;
            }
        }
        return !target.isEmpty();
    }

    static boolean isToken(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean letterOrDigit =
                    c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z';
            if (!letterOrDigit && TOKEN_MARKS.indexOf(c) < 0) {
                return false;
            }
        }
        return !text.isEmpty();
    }

    private static String lowerCase(String name) {
        return name.toLowerCase(java.util.Locale.ROOT);
    }

    private static String chop(String line) {
        return line.substring(0, line.length() - 1);
    }
}
