// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

/**
 * Who has which NBL, by its reference: open addressing over arrays. An NBL stays in the table once
 * it was seen, as references come from pools and come again; so it grows to the size of the pools
 * and then allocates nothing.
 */
final class NblTable {
    // States. The first four are the kinds of VerifiedObject: the target has it for the host.
    static final byte SEND = VerifiedObject.SEND;
    static final byte RECEIVE = VerifiedObject.RECEIVE;
    static final byte DISCONNECT = VerifiedObject.DISCONNECT;
    static final byte FORWARD = VerifiedObject.FORWARD;

    /** The host's own. */
    static final byte HOST = 4;

    /** The target's own. */
    static final byte TARGET = 5;

    /** The host looks at it now. */
    static final byte INDICATING = 6;

    /** It gave it back before it had accepted it. */
    static final byte RETURNED_EARLY = 7;

    /** The host has it until its ReceiveReturn. */
    static final byte LENT = 8;

    /** It came down with an initiate that failed: the host's, as if nothing had been. */
    static final byte FAILED_CHAIN = 9;

    private static final int LATE = 1 << 31;
    private static final int FIRST = 1024;
    private static final long MIX = 0x9E3779B97F4A7C15L;

    private long[] keys = new long[FIRST];
    private VerifiedObject[] owners = new VerifiedObject[FIRST];
    private byte[] states = new byte[FIRST];
    private int[] numbers = new int[FIRST];
    private int[] bytes = new int[FIRST];
    private long[] extras = new long[FIRST];
    private int used;

    /** Place of an NBL, or -1 when it was never seen. */
    int find(long ref) {
        int mask = keys.length - 1;
        for (int at = hash(ref) & mask; keys[at] != 0; at = at + 1 & mask) {
            if (keys[at] == ref) {
                return at;
            }
        }
        return -1;
    }

    /** Place of an NBL, in state HOST when it is new. Places move when the table grows. */
    int place(long ref) {
        int at = find(ref);
        if (at >= 0) {
            return at;
        }
        if (used >= keys.length / 2) {
            grow();
        }
        return insert(ref);
    }

    private int insert(long ref) {
        int mask = keys.length - 1;
        int at = hash(ref) & mask;
        while (keys[at] != 0) {
            at = at + 1 & mask;
        }
        keys[at] = ref;
        states[at] = HOST;
        used++;
        return at;
    }

    private void grow() {
        long[] oldKeys = keys;
        VerifiedObject[] oldOwners = owners;
        byte[] oldStates = states;
        int[] oldNumbers = numbers;
        int[] oldBytes = bytes;
        long[] oldExtras = extras;
        int size = 2 * keys.length;
        keys = new long[size];
        owners = new VerifiedObject[size];
        states = new byte[size];
        numbers = new int[size];
        bytes = new int[size];
        extras = new long[size];
        used = 0;
        for (int i = 0; i < oldKeys.length; i++) {
            if (oldKeys[i] != 0) {
                int at = insert(oldKeys[i]);
                owners[at] = oldOwners[i];
                states[at] = oldStates[i];
                numbers[at] = oldNumbers[i];
                bytes[at] = oldBytes[i];
                extras[at] = oldExtras[i];
            }
        }
    }

    private static int hash(long ref) {
        return (int) (ref * MIX >>> 40);
    }

    byte state(int at) {
        return states[at];
    }

    void state(int at, byte state) {
        states[at] = state;
    }

    VerifiedObject owner(int at) {
        return owners[at];
    }

    int number(int at) {
        return numbers[at] & ~LATE;
    }

    int bytes(int at) {
        return bytes[at];
    }

    long extra(int at) {
        return extras[at];
    }

    /** The target has it now. */
    void given(int at, int kind, VerifiedObject owner, int length, long extra) {
        states[at] = (byte) kind;
        owners[at] = owner;
        numbers[at] = ++owner.given[kind] & ~LATE;
        bytes[at] = length;
        extras[at] = extra;
        owner.out[kind]++;
    }

    /** A receive that was posted after the target had indicated a disconnect. */
    void late(int at) {
        numbers[at] |= LATE;
    }

    boolean isLate(int at) {
        return (numbers[at] & LATE) != 0;
    }

    /** The host has an NBL of the target. */
    void lent(int at, VerifiedObject owner, int length, long extra) {
        states[at] = LENT;
        owners[at] = owner;
        bytes[at] = length;
        extras[at] = extra;
    }

    /** Its round is over. */
    void settle(int at, byte state) {
        states[at] = state;
        owners[at] = null;
    }

    /** The target lost an object: what it had of it is the host's again. Looks at all. */
    void lose(VerifiedObject object) {
        for (int i = 0; i < keys.length; i++) {
            if (owners[i] == object && withTarget(states[i])) {
                settle(i, HOST);
            }
        }
    }

    /** How many are in this state. Looks at all. */
    int count(byte state) {
        int count = 0;
        for (int i = 0; i < keys.length; i++) {
            count += keys[i] != 0 && states[i] == state ? 1 : 0;
        }
        return count;
    }

    static boolean withTarget(byte state) {
        return state <= FORWARD;
    }
}
