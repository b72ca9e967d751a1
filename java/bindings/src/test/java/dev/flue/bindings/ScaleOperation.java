// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import dev.flue.offload.OffloadStatus;
import dev.flue.offload.StateType;
import java.util.ArrayList;
import java.util.List;

/** A state operation under way: its tree, and what each block is expected to say. */
final class ScaleOperation {
    enum Kind {
        INITIATE,
        QUERY,
        UPDATE,
        RELINK,
        INVALIDATE,
        TERMINATE
    }

    /**
     * @param object null = placeholder, or a token that names nothing
     * @param subject the operation is about it; otherwise it only stands for what it is
     */
    record Member(
            ScaleObject object,
            boolean subject,
            long block,
            StateType type,
            OffloadStatus expected) {}

    final Kind kind;
    final List<Member> members = new ArrayList<>();
    long root;

    /** Of an update: the new CACHED value of each member, by its place. */
    final List<Long> values = new ArrayList<>();

    ScaleOperation(Kind kind) {
        this.kind = kind;
    }

    /** Whether it has its subjects to itself. */
    boolean writes() {
        return kind != Kind.QUERY;
    }

    void lock() {
        for (Member each : members) {
            if (each.object() != null) {
                each.object().lock(writes() && each.subject());
            }
        }
    }

    void unlock() {
        for (Member each : members) {
            if (each.object() != null) {
                each.object().unlock(writes() && each.subject());
            }
        }
    }
}
