// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.link;

/** What is known of a neighbor's being there (RFC 4861, 7.3.2). */
public enum Reachability {
    /** Asked for, not answered yet; its MAC address is not known. */
    INCOMPLETE,
    /** It proved a short while ago that our packets get there. */
    REACHABLE,
    /** That was too long ago; the MAC address is used until somebody sends. */
    STALE,
    /** Somebody sent: an upper layer has some seconds to tell that packets get there. */
    DELAY,
    /** Nobody told: it is asked, by unicast. */
    PROBE
}
