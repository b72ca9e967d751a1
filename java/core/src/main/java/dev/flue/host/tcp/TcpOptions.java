// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import dev.flue.data.ConnectionOptions;
import dev.flue.host.ip.Ipv4;
import dev.flue.offload.TcpCached;

/** The options of a connection, and who has to hear of a new value: TCP here, or the target. */
final class TcpOptions implements ConnectionOptions {
    static final int KEEP_ALIVE_IDLE_MILLIS = 7_200_000;
    static final int KEEP_ALIVE_INTERVAL_MILLIS = 1_000;
    static final int KEEP_ALIVE_COUNT = 10;

    private static final int BYTE = 255;
    private static final int LEAST_BUFFER = 2048;
    private static final int MAX_FIELD = 0xffff;

    /**
     * Keepalive starts anew: the flag of chimney 2.4, and the one that its values go with (4.4).
     */
    private static final int KEEP_ALIVE_CHANGED =
            TcpCached.FLAG_KEEP_ALIVE_RESTART | TcpCached.FLAG_MAX_RT_RESTART;

    private final TcpConnection connection;
    private boolean keepAlive;
    private int idle = KEEP_ALIVE_IDLE_MILLIS;
    private int interval = KEEP_ALIVE_INTERVAL_MILLIS;
    private int count = KEEP_ALIVE_COUNT;
    private boolean noDelay = true;
    private int hopLimit = Ipv4.TTL;
    private int trafficClass;
    private int userTimeout;
    private boolean problemReports = true;

    TcpOptions(TcpConnection connection) {
        this.connection = connection;
    }

    @Override
    public boolean keepAlive() {
        return keepAlive;
    }

    @Override
    public ConnectionOptions keepAlive(boolean on) {
        boolean changes = keepAlive != on;
        keepAlive = on;
        return changed(changes, TcpCached.FLAG_KEEP_ALIVE_RESTART);
    }

    @Override
    public int keepAliveIdleMillis() {
        return idle;
    }

    @Override
    public ConnectionOptions keepAliveIdleMillis(int millis) {
        check(millis, 1, Integer.MAX_VALUE, "keepAliveIdleMillis");
        boolean changes = idle != millis;
        idle = millis;
        return changed(changes, KEEP_ALIVE_CHANGED);
    }

    @Override
    public int keepAliveIntervalMillis() {
        return interval;
    }

    @Override
    public ConnectionOptions keepAliveIntervalMillis(int millis) {
        check(millis, 1, Integer.MAX_VALUE, "keepAliveIntervalMillis");
        boolean changes = interval != millis;
        interval = millis;
        return changed(changes, KEEP_ALIVE_CHANGED);
    }

    @Override
    public int keepAliveCount() {
        return count;
    }

    @Override
    public ConnectionOptions keepAliveCount(int value) {
        check(value, 1, BYTE, "keepAliveCount");
        boolean changes = count != value;
        count = value;
        return changed(changes, KEEP_ALIVE_CHANGED);
    }

    @Override
    public int receiveBuffer() {
        return connection.receiveQueue.limit();
    }

    @Override
    public ConnectionOptions receiveBuffer(int bytes) {
        int most = MAX_FIELD << connection.layer.output().ownShift();
        check(bytes, LEAST_BUFFER, most, "receiveBuffer");
        boolean changes = receiveBuffer() != bytes;
        connection.receiveQueue.limit(bytes);
        return changed(changes, TcpCached.FLAG_UPDATE_RCV_WND);
    }

    @Override
    public boolean noDelay() {
        return noDelay;
    }

    @Override
    public ConnectionOptions noDelay(boolean on) {
        boolean changes = noDelay != on;
        noDelay = on;
        return changed(changes, 0);
    }

    @Override
    public int hopLimit() {
        return hopLimit;
    }

    @Override
    public ConnectionOptions hopLimit(int hops) {
        check(hops, 1, BYTE, "hopLimit");
        boolean changes = hopLimit != hops;
        hopLimit = hops;
        return changed(changes, 0);
    }

    @Override
    public int trafficClass() {
        return trafficClass;
    }

    @Override
    public ConnectionOptions trafficClass(int value) {
        check(value, 0, BYTE, "trafficClass");
        boolean changes = trafficClass != value;
        trafficClass = value;
        return changed(changes, 0);
    }

    @Override
    public boolean problemReports() {
        return problemReports;
    }

    @Override
    public ConnectionOptions problemReports(boolean on) {
        problemReports = on;
        return this;
    }

    @Override
    public int userTimeoutMillis() {
        return userTimeout;
    }

    @Override
    public ConnectionOptions userTimeoutMillis(int millis) {
        check(millis, UNLIMITED, Integer.MAX_VALUE, "userTimeoutMillis");
        boolean changes = userTimeout != millis;
        userTimeout = millis;
        return changed(changes, TcpCached.FLAG_MAX_RT_RESTART);
    }

    private ConnectionOptions changed(boolean changes, int flags) {
        if (changes && !connection.over()) {
            connection.layer.optionsChanged(connection, flags);
        }
        return this;
    }

    private static void check(int value, int least, int most, String name) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(
                    name + " " + value + " is not " + least + ".." + most);
        }
    }

    /** Write them as CACHED; a tick is a millisecond. {@code changes}: FLAG_* of an update. */
    void export(TcpCached cached, int changes) {
        int flags = changes;
        flags |= keepAlive ? TcpCached.FLAG_KEEP_ALIVE_ENABLED : 0;
        flags |= noDelay ? 0 : TcpCached.FLAG_NAGLING_ENABLED;
        cached.flags(flags).initialRcvWnd(receiveBuffer());
        cached.kaProbeCount(count).kaTimeout(idle).kaInterval(interval);
        cached.maxRt(userTimeout);
        cached.ttlOrHopLimit(hopLimit).tosOrTrafficClass(trafficClass);
    }
}
