// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

import dev.flue.offload.NetBufferList;
import dev.flue.spi.Memory;
import java.util.Arrays;

/**
 * Sends that wait in a driver: a chain for each connection, linked through the NBLs, behind it the
 * graceful disconnect that followed them; for each class the connections with something in it, in
 * turn; and the classes, ordered by when they may go on. Arrays of a fixed size, nothing else.
 */
final class HeldSends {
    private final NetBufferList list;
    private final NblView view;
    private final RateClock clock;

    // By connection.
    private final long[] head;
    private final long[] tail;
    private final long[] disconnect;
    private final long[] bytes;
    private final int[] next;
    private final int[] previous;

    // By class: the last of a ring of connections, or -1; and its place in the heap, or -1.
    private final int[] last;
    private final int[] place;

    private final int[] heap;
    private int heapSize;
    private long allBytes;
    private int allLists;

    HeldSends(Memory memory, RateClock clock, int connections, int classes) {
        this.list = new NetBufferList(memory);
        this.view = new NblView(memory);
        this.clock = clock;
        this.head = new long[connections];
        this.tail = new long[connections];
        this.disconnect = new long[connections];
        this.bytes = new long[connections];
        this.next = new int[connections];
        this.previous = new int[connections];
        this.last = new int[classes];
        this.place = new int[classes];
        this.heap = new int[classes];
        Arrays.fill(last, -1);
        Arrays.fill(place, -1);
    }

    /** Bytes of all connections, or of one. */
    long bytes() {
        return allBytes;
    }

    long bytes(int connection) {
        return bytes[connection];
    }

    /** NBLs of all connections, disconnects counted. */
    int lists() {
        return allLists;
    }

    boolean holds(int connection) {
        return head[connection] != 0 || disconnect[connection] != 0;
    }

    boolean holdsOfClass(int kind) {
        return last[kind] >= 0;
    }

    int length(long ref) {
        return view.length(ref);
    }

    /** A chain of sends, behind what the connection has here. */
    void add(int connection, int kind, long chain) {
        enqueue(connection, kind);
        if (head[connection] == 0) {
            head[connection] = chain;
        } else {
            list.wrap(tail[connection]).next(chain);
        }
        for (long at = chain; at != 0; at = list.wrap(at).next()) {
            tail[connection] = at;
            count(connection, length(at), 1);
        }
    }

    /** The disconnect that follows them. */
    void addDisconnect(int connection, int kind, long ref) {
        enqueue(connection, kind);
        disconnect[connection] = ref;
        count(connection, length(ref), 1);
    }

    /** The class that may go on first, or -1: nothing is held. */
    int firstClass() {
        return heapSize == 0 ? -1 : heap[0];
    }

    /** Whose turn it is in a class that holds something. */
    int turn(int kind) {
        return next[last[kind]];
    }

    /** It has had its turn. */
    void rotate(int kind) {
        last[kind] = next[last[kind]];
    }

    /** Whether it is the only one of its class. */
    boolean alone(int kind) {
        return next[last[kind]] == last[kind];
    }

    /** The first send of a connection, out of its chain; 0 = there is none. */
    long poll(int connection) {
        long first = head[connection];
        if (first != 0) {
            head[connection] = list.wrap(first).next();
            list.next(0);
            count(connection, -length(first), -1);
        }
        return first;
    }

    /** All its sends, as one chain; 0 = none. */
    long pollAll(int connection) {
        long chain = head[connection];
        for (long at = chain; at != 0; at = list.wrap(at).next()) {
            count(connection, -length(at), -1);
        }
        head[connection] = 0;
        return chain;
    }

    /** Its disconnect, when nothing is held before it; 0 = there is none, or not yet. */
    long pollDisconnect(int connection) {
        long ref = head[connection] == 0 ? disconnect[connection] : 0;
        if (ref != 0) {
            disconnect[connection] = 0;
            count(connection, -length(ref), -1);
        }
        return ref;
    }

    /** The connection, which held something, has given something up; its class may be charged. */
    void settle(int connection, int kind) {
        if (!holds(connection)) {
            leave(connection, kind);
        }
        if (last[kind] < 0) {
            removeClass(kind);
        } else {
            charged(kind);
        }
    }

    /** The class may go on at another time than before: bring it to its place. */
    void charged(int kind) {
        if (place[kind] >= 0) {
            down(place[kind]);
            up(place[kind]);
        }
    }

    private void count(int connection, int moreBytes, int moreLists) {
        bytes[connection] += moreBytes;
        allBytes += moreBytes;
        allLists += moreLists;
    }

    // ---- The ring of a class.

    private void enqueue(int connection, int kind) {
        if (holds(connection)) {
            return;
        }
        if (last[kind] < 0) {
            next[connection] = connection;
            previous[connection] = connection;
            place[kind] = heapSize;
            heap[heapSize++] = kind;
            up(place[kind]);
        } else {
            int first = next[last[kind]];
            next[connection] = first;
            previous[connection] = last[kind];
            next[last[kind]] = connection;
            previous[first] = connection;
        }
        last[kind] = connection;
    }

    private void leave(int connection, int kind) {
        int before = previous[connection];
        int after = next[connection];
        next[before] = after;
        previous[after] = before;
        if (last[kind] == connection) {
            last[kind] = before == connection ? -1 : before;
        }
    }

    // ---- The heap of classes.

    private void removeClass(int kind) {
        int at = place[kind];
        place[kind] = -1;
        int moved = heap[--heapSize];
        if (moved != kind) {
            heap[at] = moved;
            place[moved] = at;
            down(at);
            up(place[moved]);
        }
    }

    private boolean before(int a, int b) {
        return clock.readyAt(heap[a]) < clock.readyAt(heap[b]);
    }

    private void up(int from) {
        int at = from;
        while (at > 0 && before(at, (at - 1) / 2)) {
            swap(at, (at - 1) / 2);
            at = (at - 1) / 2;
        }
    }

    private void down(int from) {
        int at = from;
        while (2 * at + 1 < heapSize) {
            int child = 2 * at + 1;
            if (child + 1 < heapSize && before(child + 1, child)) {
                child++;
            }
            if (!before(child, at)) {
                return;
            }
            swap(at, child);
            at = child;
        }
    }

    private void swap(int a, int b) {
        int kind = heap[a];
        heap[a] = heap[b];
        heap[b] = kind;
        place[heap[a]] = a;
        place[heap[b]] = b;
    }
}
