// SPDX-License-Identifier: Apache-2.0
package dev.flue.host;

import dev.flue.host.chimney.OffloadManager;
import dev.flue.host.chimney.OffloadStatistics;
import dev.flue.offload.OffloadStatus;
import java.util.function.Consumer;

/**
 * What an administrator does with offload on a running stack. Called on the stack's thread; answers
 * come out of a later turn.
 */
public final class OffloadAdministration {
    private final OffloadManager chimney;

    OffloadAdministration(OffloadManager chimney) {
        this.chimney = chimney;
    }

    /**
     * Switch offload of a version of IP on or off. Connections that use what is switched off come
     * back before the target hears of it (H-47).
     */
    public void enable(boolean ipv4, boolean ipv6) {
        chimney.enable(ipv4, ipv6);
    }

    /**
     * The administrator's switch of the port itself, whoever uses it: it pauses, has everything
     * given back, and offers what is left. What the policy wants is offloaded again then.
     *
     * @param done hears whether the port obeyed, when it has nothing any more
     */
    public void switchPort(boolean ipv4, boolean ipv6, Consumer<OffloadStatus> done) {
        chimney.switchPort(ipv4, ipv6, done);
    }

    /**
     * Put the port to low power, once everything offloaded is back (H-48). Nothing is offloaded
     * until {@link #fullPower}.
     *
     * @param done hears whether the port obeyed
     */
    public void lowPower(Consumer<OffloadStatus> done) {
        chimney.lowPower(done);
    }

    /**
     * Put the port to work again.
     *
     * @param done hears whether the port obeyed
     */
    public void fullPower(Consumer<OffloadStatus> done) {
        chimney.fullPower(done);
    }

    /** Traffic of the stack and of its target, of IPv4 or of IPv6 (H-50). */
    public void statistics(boolean ipv4, Consumer<OffloadStatistics> done) {
        chimney.statistics(ipv4, done);
    }

    /**
     * Let the target count from zero.
     *
     * @param done hears whether it does
     */
    public void resetStatistics(boolean ipv4, Consumer<OffloadStatus> done) {
        chimney.resetStatistics(ipv4, done);
    }
}
