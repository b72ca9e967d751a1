// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.http;

import java.util.Map;

/**
 * The head of one request, checked by {@link RequestParser}.
 *
 * @param method as sent, case-sensitive
 * @param target as sent: origin-form, absolute-form or "*"
 * @param minorVersion 0 or 1 of HTTP/1.x
 * @param headers by lower-case name; repeated ones joined by ", "
 * @param bodyLength bytes of body that follow the head
 */
record HttpRequest(
        String method,
        String target,
        int minorVersion,
        Map<String, String> headers,
        long bodyLength) {

    /** The value of a header, or "". {@code name} in lower case. */
    String header(String name) {
        return headers.getOrDefault(name, "");
    }

    /** Whether a comma-separated header contains a token, in any case. */
    boolean headerHas(String name, String token) {
        for (String part : header(name).split(",", -1)) {
            if (part.strip().equalsIgnoreCase(token)) {
                return true;
            }
        }
        return false;
    }

    /** Whether the connection stays open after the response (RFC 9112, 9.3). */
    boolean keepAlive() {
        if (headerHas("connection", "close")) {
            return false;
        }
        return minorVersion >= 1 || headerHas("connection", "keep-alive");
    }
}
