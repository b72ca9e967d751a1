// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import dev.flue.data.IpAddress;
import java.util.function.Consumer;

/**
 * Connections by their addresses and ports: open addressing, linear probing. Look-ups and removals
 * allocate nothing; growing does. One thread.
 */
final class ConnectionTable {
    private static final int FIRST = 16;

    private final long seed;
    private TcpConnection[] slots = new TcpConnection[FIRST];
    private int size;

    /**
     * @param seed of the hash: nobody outside can choose addresses that collide
     */
    ConnectionTable(long seed) {
        this.seed = seed;
    }

    /** The connection of a received segment, or null. */
    TcpConnection get(
            long remoteHi, long remoteLo, int remotePort, IpAddress local, int localPort) {
        int mask = slots.length - 1;
        int i = hash(remoteHi, remoteLo, remotePort, localPort) & mask;
        while (slots[i] != null) {
            TcpConnection c = slots[i];
            if (c.remoteAddress.is(remoteHi, remoteLo)
                    && c.remotePort == remotePort
                    && c.localPort == localPort
                    && c.localAddress.equals(local)) {
                return c;
            }
            i = i + 1 & mask;
        }
        return null;
    }

    TcpConnection get(IpAddress remote, int remotePort, IpAddress local, int localPort) {
        return get(remote.hi(), remote.lo(), remotePort, local, localPort);
    }

    /** Add a connection that is not there. */
    void add(TcpConnection connection) {
        if ((size + 1) * 2 > slots.length) {
            grow();
        }
        insert(connection);
        size++;
    }

    private void insert(TcpConnection connection) {
        int mask = slots.length - 1;
        int i = hash(connection) & mask;
        while (slots[i] != null) {
            i = i + 1 & mask;
        }
        slots[i] = connection;
    }

    /** Take a connection out, and close the gap; nothing happens when it is not there. */
    void remove(TcpConnection connection) {
        int mask = slots.length - 1;
        int gap = hash(connection) & mask;
        while (slots[gap] != connection) {
            if (slots[gap] == null) {
                return;
            }
            gap = gap + 1 & mask;
        }
        size--;
        for (int i = gap + 1 & mask; slots[i] != null; i = i + 1 & mask) {
            int home = hash(slots[i]) & mask;
            if ((i - home & mask) >= (i - gap & mask)) {
                slots[gap] = slots[i];
                gap = i;
            }
        }
        slots[gap] = null;
    }

    int size() {
        return size;
    }

    /** Every connection, in no particular order. The action must not change the table. */
    void forEach(Consumer<? super TcpConnection> action) {
        for (TcpConnection each : slots) {
            if (each != null) {
                action.accept(each);
            }
        }
    }

    private void grow() {
        TcpConnection[] old = slots;
        slots = new TcpConnection[old.length * 2];
        for (TcpConnection each : old) {
            if (each != null) {
                insert(each);
            }
        }
    }

    private int hash(TcpConnection c) {
        IpAddress remote = c.remoteAddress;
        return hash(remote.hi(), remote.lo(), c.remotePort, c.localPort);
    }

    private int hash(long hi, long lo, int remotePort, int localPort) {
        long mixed = (seed ^ hi) * 0x9E3779B97F4A7C15L;
        mixed = (mixed ^ mixed >>> 32 ^ lo) * 0xBF58476D1CE4E5B9L;
        mixed ^= mixed >>> 29 ^ ((long) remotePort << 16 | localPort);
        return (int) (mixed * 0x94D049BB133111EBL >>> 32);
    }
}
