// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.link;

import java.util.function.Consumer;

/**
 * Objects by a long: open addressing, linear probing, no boxing. Look-ups and removals allocate
 * nothing; growing does. One thread.
 *
 * @param <T> what is kept
 */
public final class LongTable<T> {
    private static final int FIRST = 16;

    private long[] keys = new long[FIRST];
    private Object[] values = new Object[FIRST];
    private int size;

    /** The object of this key, or null. */
    @SuppressWarnings("unchecked")
    public T get(long key) {
        int mask = keys.length - 1;
        for (int i = slot(key, mask); values[i] != null; i = i + 1 & mask) {
            if (keys[i] == key) {
                return (T) values[i];
            }
        }
        return null;
    }

    /** Put an object, replacing what the key had. */
    public void put(long key, T value) {
        if ((size + 1) * 2 > keys.length) {
            grow();
        }
        int mask = keys.length - 1;
        int i = slot(key, mask);
        while (values[i] != null && keys[i] != key) {
            i = i + 1 & mask;
        }
        if (values[i] == null) {
            size++;
        }
        keys[i] = key;
        values[i] = value;
    }

    /** Take an object out, and close the gap; the object or null. */
    @SuppressWarnings("unchecked")
    public T remove(long key) {
        int mask = keys.length - 1;
        int gap = slot(key, mask);
        while (values[gap] != null && keys[gap] != key) {
            gap = gap + 1 & mask;
        }
        T removed = (T) values[gap];
        if (removed == null) {
            return null;
        }
        size--;
        for (int i = gap + 1 & mask; values[i] != null; i = i + 1 & mask) {
            int home = slot(keys[i], mask);
            if ((i - home & mask) >= (i - gap & mask)) {
                keys[gap] = keys[i];
                values[gap] = values[i];
                gap = i;
            }
        }
        values[gap] = null;
        return removed;
    }

    public int size() {
        return size;
    }

    /** Every object, in no particular order. The action must not change the table. */
    @SuppressWarnings("unchecked")
    public void forEach(Consumer<? super T> action) {
        for (Object value : values) {
            if (value != null) {
                action.accept((T) value);
            }
        }
    }

    private void grow() {
        long[] oldKeys = keys;
        Object[] oldValues = values;
        keys = new long[oldKeys.length * 2];
        values = new Object[oldKeys.length * 2];
        int mask = keys.length - 1;
        for (int old = 0; old < oldKeys.length; old++) {
            if (oldValues[old] != null) {
                int i = slot(oldKeys[old], mask);
                while (values[i] != null) {
                    i = i + 1 & mask;
                }
                keys[i] = oldKeys[old];
                values[i] = oldValues[old];
            }
        }
    }

    private static int slot(long key, int mask) {
        long mixed = key * 0x9E3779B97F4A7C15L;
        return (int) (mixed >>> 32) & mask;
    }
}
