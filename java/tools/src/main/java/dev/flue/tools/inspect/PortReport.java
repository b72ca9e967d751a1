// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.inspect;

import java.util.List;
import java.util.Map;

/**
 * What a port tells of itself.
 *
 * @param name tells it from the others of its process
 * @param link "up", "down", "gone", or "removed" by an operator
 * @param inUse what its device does in our stead
 * @param offered what its device could do, in use or not
 * @param counts what it has received and sent so far, by name
 */
public record PortReport(
        String name,
        String link,
        List<String> inUse,
        List<String> offered,
        Map<String, Long> counts) {
    /** The same with other numbers. */
    PortReport counting(Map<String, Long> other) {
        return new PortReport(name, link, inUse, offered, other);
    }
}
