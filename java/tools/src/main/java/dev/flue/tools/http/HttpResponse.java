// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.http;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;

/** A response in the making: status, headers, body. One thread. */
final class HttpResponse {
    private final int status;
    private final Map<String, String> headers = new LinkedHashMap<>();
    private Body body = Body.none();
    private boolean mustClose;

    HttpResponse(int status) {
        this.status = status;
    }

    /** An answer without a resource: one line of text that says why. */
    static HttpResponse error(int status, String why) {
        String text = status + " " + reason(status) + (why.isEmpty() ? "" : ": " + why) + "\n";
        return new HttpResponse(status)
                .header("Content-Type", "text/plain; charset=utf-8")
                .body(text.getBytes(StandardCharsets.UTF_8));
    }

    HttpResponse header(String name, String value) {
        headers.put(name, value);
        return this;
    }

    /** The body and its Content-Length. */
    HttpResponse body(Body content) {
        body = content;
        return header("Content-Length", Long.toString(content.remaining()));
    }

    HttpResponse body(byte[] content) {
        return body(Body.of(content));
    }

    /** After it the connection ends, whatever the request asked for. */
    HttpResponse closing() {
        mustClose = true;
        return this;
    }

    int status() {
        return status;
    }

    boolean mustClose() {
        return mustClose;
    }

    Body body() {
        return body;
    }

    String header(String name) {
        return headers.getOrDefault(name, "");
    }

    /** Keeps the headers, Content-Length too, and sends no body: the answer to a HEAD. */
    void dropBody() {
        body.close();
        body = Body.none();
    }

    /** The head as it goes out. */
    byte[] head(Instant now, boolean keepAlive) {
        StringBuilder head = new StringBuilder(256);
        head.append("HTTP/1.1 ").append(status).append(' ').append(reason(status)).append("\r\n");
        head.append("Date: ").append(HttpDates.format(now)).append("\r\n");
        head.append("Server: flue\r\n");
        headers.forEach((name, value) -> head.append(name + ": " + value + "\r\n"));
        head.append("Connection: ").append(keepAlive ? "keep-alive" : "close").append("\r\n\r\n");
        return head.toString().getBytes(StandardCharsets.ISO_8859_1);
    }

    static String reason(int status) {
        return switch (status) {
            case 200 -> "OK";
            case 206 -> "Partial Content";
            case 301 -> "Moved Permanently";
            case 304 -> "Not Modified";
            case 400 -> "Bad Request";
            case 403 -> "Forbidden";
            case 404 -> "Not Found";
            case 405 -> "Method Not Allowed";
            case 413 -> "Content Too Large";
            case 414 -> "URI Too Long";
            case 416 -> "Range Not Satisfiable";
            case 431 -> "Request Header Fields Too Large";
            case 500 -> "Internal Server Error";
            case 501 -> "Not Implemented";
            case 505 -> "HTTP Version Not Supported";
            default -> "Status " + status;
        };
    }
}
