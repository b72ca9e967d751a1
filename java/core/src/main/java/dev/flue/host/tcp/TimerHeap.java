// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import java.util.Arrays;

/**
 * Connections by the time their timer fires. A connection stands in it at most once and knows its
 * place; a timer that is set later than before is moved only when its old time comes.
 */
final class TimerHeap {
    private static final int FIRST = 64;

    private TcpConnection[] heap = new TcpConnection[FIRST];
    private int size;

    /** The connection's timer was set to {@code connection.deadline()}, or stopped (MAX_VALUE). */
    void update(TcpConnection connection) {
        if (connection.heapIndex < 0) {
            if (connection.deadline() == Long.MAX_VALUE) {
                return;
            }
            if (size == heap.length) {
                heap = Arrays.copyOf(heap, size * 2);
            }
            connection.heapKey = connection.deadline();
            place(connection, size++);
            up(connection.heapIndex);
        } else if (connection.deadline() < connection.heapKey) {
            connection.heapKey = connection.deadline();
            up(connection.heapIndex);
        }
    }

    /** A connection whose time has come, or null. It is taken out. */
    TcpConnection poll(long now) {
        while (size > 0 && heap[0].heapKey <= now) {
            TcpConnection first = heap[0];
            if (first.deadline() <= now) {
                remove(first);
                return first;
            }
            if (first.deadline() == Long.MAX_VALUE) {
                remove(first);
            } else {
                first.heapKey = first.deadline();
                down(0);
            }
        }
        return null;
    }

    /** No timer fires before this; Long.MAX_VALUE = none is set. */
    long nextDeadline() {
        while (size > 0 && heap[0].deadline() != heap[0].heapKey) {
            TcpConnection first = heap[0];
            if (first.deadline() == Long.MAX_VALUE) {
                remove(first);
            } else {
                first.heapKey = first.deadline();
                down(0);
            }
        }
        return size == 0 ? Long.MAX_VALUE : heap[0].heapKey;
    }

    void remove(TcpConnection connection) {
        int index = connection.heapIndex;
        if (index < 0) {
            return;
        }
        connection.heapIndex = -1;
        TcpConnection last = heap[--size];
        heap[size] = null;
        if (last != connection) {
            place(last, index);
            up(index);
            down(last.heapIndex);
        }
    }

    private void up(int from) {
        int index = from;
        TcpConnection moved = heap[index];
        while (index > 0) {
            int parent = index - 1 >>> 1;
            if (heap[parent].heapKey <= moved.heapKey) {
                break;
            }
            place(heap[parent], index);
            index = parent;
        }
        place(moved, index);
    }

    private void down(int from) {
        int index = from;
        TcpConnection moved = heap[index];
        while (true) {
            int child = 2 * index + 1;
            if (child >= size) {
                break;
            }
            if (child + 1 < size && heap[child + 1].heapKey < heap[child].heapKey) {
                child++;
            }
            if (moved.heapKey <= heap[child].heapKey) {
                break;
            }
            place(heap[child], index);
            index = child;
        }
        place(moved, index);
    }

    private void place(TcpConnection connection, int index) {
        heap[index] = connection;
        connection.heapIndex = index;
    }
}
