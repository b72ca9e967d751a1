// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.http;

import java.net.URI;
import java.net.URISyntaxException;

/**
 * An http URL.
 *
 * @param host name, IPv4 address, or IPv6 address in brackets
 * @param port 1..65535
 * @param target what a request line asks for: path and query
 */
public record HttpUrl(String host, int port, String target) {
    /**
     * @throws IllegalArgumentException with a sentence for people
     */
    public static HttpUrl parse(String text) {
        URI uri;
        try {
            uri = new URI(text);
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException("'" + text + "' is not a URL: " + e.getReason());
        }
        if (!"http".equalsIgnoreCase(uri.getScheme()) || uri.getHost() == null) {
            throw new IllegalArgumentException(
                    "'" + text + "' is not a URL of the form http://HOST[:PORT]/PATH");
        }
        int port = uri.getPort() < 0 ? 80 : uri.getPort();
        if (port < 1 || port > 65535) {
            throw new IllegalArgumentException("'" + text + "' names port " + port);
        }
        String path =
                uri.getRawPath() == null || uri.getRawPath().isEmpty() ? "/" : uri.getRawPath();
        String target = uri.getRawQuery() == null ? path : path + '?' + uri.getRawQuery();
        return new HttpUrl(uri.getHost(), port, target);
    }

    /** The value of the Host header. */
    public String authority() {
        return port == 80 ? host : host + ':' + port;
    }
}
