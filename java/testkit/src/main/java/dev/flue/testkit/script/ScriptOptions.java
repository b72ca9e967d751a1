// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.script;

import dev.flue.data.ConnectionOptions;

/**
 * What an application can set on the connection of a script. Times in milliseconds.
 *
 * @param receiveBuffer bytes; 65,535 is the largest that needs no window scaling
 * @param nagle whether small segments wait for the ACK of what is under way
 * @param keepAliveIdle 0 = keepalive is off
 * @param userTimeout 0 = by the count of retransmissions
 */
public record ScriptOptions(
        int receiveBuffer,
        boolean nagle,
        int keepAliveIdle,
        int keepAliveInterval,
        int keepAliveCount,
        int userTimeout,
        int hopLimit,
        int trafficClass) {
    static final ScriptOptions DEFAULT = new ScriptOptions(65_535, false, 0, 1_000, 10, 0, 64, 0);

    ScriptOptions withReceiveBuffer(int bytes) {
        return new ScriptOptions(
                bytes,
                nagle,
                keepAliveIdle,
                keepAliveInterval,
                keepAliveCount,
                userTimeout,
                hopLimit,
                trafficClass);
    }

    ScriptOptions withNagle(boolean on) {
        return new ScriptOptions(
                receiveBuffer,
                on,
                keepAliveIdle,
                keepAliveInterval,
                keepAliveCount,
                userTimeout,
                hopLimit,
                trafficClass);
    }

    ScriptOptions withKeepAlive(int idle, int interval, int count) {
        return new ScriptOptions(
                receiveBuffer, nagle, idle, interval, count, userTimeout, hopLimit, trafficClass);
    }

    ScriptOptions withUserTimeout(int millis) {
        return new ScriptOptions(
                receiveBuffer,
                nagle,
                keepAliveIdle,
                keepAliveInterval,
                keepAliveCount,
                millis,
                hopLimit,
                trafficClass);
    }

    ScriptOptions withHopLimit(int hops) {
        return new ScriptOptions(
                receiveBuffer,
                nagle,
                keepAliveIdle,
                keepAliveInterval,
                keepAliveCount,
                userTimeout,
                hops,
                trafficClass);
    }

    ScriptOptions withTrafficClass(int value) {
        return new ScriptOptions(
                receiveBuffer,
                nagle,
                keepAliveIdle,
                keepAliveInterval,
                keepAliveCount,
                userTimeout,
                hopLimit,
                value);
    }

    /** Tells a connection of a host stack what changed from {@code before}. */
    void apply(ConnectionOptions to, ScriptOptions before) {
        if (receiveBuffer != before.receiveBuffer) {
            to.receiveBuffer(receiveBuffer);
        }
        if (nagle != before.nagle) {
            to.noDelay(!nagle);
        }
        if (hopLimit != before.hopLimit) {
            to.hopLimit(hopLimit);
        }
        if (trafficClass != before.trafficClass) {
            to.trafficClass(trafficClass);
        }
        if (userTimeout != before.userTimeout) {
            to.userTimeoutMillis(userTimeout);
        }
        if (keepAliveIdle > 0) {
            to.keepAliveIdleMillis(keepAliveIdle);
            to.keepAliveIntervalMillis(keepAliveInterval).keepAliveCount(keepAliveCount);
        }
        if (keepAliveIdle > 0 != before.keepAliveIdle > 0) {
            to.keepAlive(keepAliveIdle > 0);
        }
    }
}
