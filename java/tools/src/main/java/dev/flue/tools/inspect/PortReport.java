// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.inspect;

import java.util.List;

/**
 * What a port tells of itself.
 *
 * @param name tells it from the others of its process
 * @param link "up", "down" or "gone"
 * @param inUse what its device does in our stead
 * @param offered what its device could do, in use or not
 */
public record PortReport(String name, String link, List<String> inUse, List<String> offered) {}
