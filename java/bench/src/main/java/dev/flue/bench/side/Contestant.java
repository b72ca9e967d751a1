// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench.side;

import java.util.List;

/**
 * Who takes part.
 *
 * @param name in figures
 * @param title for people
 * @param kind what its ends are made of
 * @param server words in front of the server's command: its network
 * @param client likewise the client's
 * @param host address of the server
 * @param skipped why it does not take part on this machine; "" = it does
 */
record Contestant(
        String name,
        String title,
        Kind kind,
        List<String> server,
        List<String> client,
        String host,
        String skipped) {

    boolean takesPart() {
        return skipped.isEmpty();
    }
}
