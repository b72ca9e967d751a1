// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

import java.util.ArrayList;
import java.util.List;

/** A state operation under way: what went down, to be compared with what comes back. */
final class VerifiedOperation {
    final StateOperation operation;
    final long root;
    final List<Block> blocks = new ArrayList<>();

    VerifiedOperation(StateOperation operation, long root) {
        this.operation = operation;
        this.root = root;
    }

    /** One block of its tree. */
    static final class Block {
        final long ref;
        final Block under;

        /** Null for a placeholder, and for a reference that names nothing. */
        VerifiedObject object;

        boolean placeholder;

        /** It brings the object; else it refers to it. */
        boolean creates;

        /** Root of a relink: only says which neighbor the paths under it are to use. */
        boolean reference;

        int type;
        List<Block> row = List.of();
        int statusBefore;
        long linksHash;
        long stateHash;
        long chain;
        long[] chainRefs = {};
        int[] chainStatus = {};

        /** Its status on completion. */
        int status;

        Block(long ref, Block under) {
            this.ref = ref;
            this.under = under;
        }

        boolean dangling() {
            return !placeholder && object == null;
        }
    }
}
