// SPDX-License-Identifier: Apache-2.0
package dev.flue.offload;

/** OFFLOAD_STATE_TYPE: which structures follow a block (3.4). */
public enum StateType {
    /** Value 0. */
    NONE(0),
    /** Value 1. */
    NEIGHBOR_CONST(1),
    /** Value 2. */
    NEIGHBOR_CACHED(2),
    /** Value 3. */
    NEIGHBOR_DELEGATED(3),
    /** Value 4. */
    NEIGHBOR(4),
    /** Value 5. */
    IP4_CONST(5),
    /** Value 6. */
    IP4_CACHED(6),
    /** Value 7. */
    IP4_DELEGATED(7),
    /** Value 8. */
    IP4(8),
    /** Value 9. */
    IP6_CONST(9),
    /** Value 10. */
    IP6_CACHED(10),
    /** Value 11. */
    IP6_DELEGATED(11),
    /** Value 12. */
    IP6(12),
    /** Value 13. */
    TCP_CONST(13),
    /** Value 14. */
    TCP_CACHED(14),
    /** Value 15. */
    TCP_DELEGATED(15),
    /** Value 17. */
    TCP(17);

    private static final StateType[] VALUES = values();

    private final int code;

    StateType(int code) {
        this.code = code;
    }

    /** The number both languages use. */
    public int code() {
        return code;
    }

    /** The constant with this number, or null when there is none. Allocates nothing. */
    public static StateType of(int code) {
        for (StateType value : VALUES) {
            if (value.code == code) {
                return value;
            }
        }
        return null;
    }
}
