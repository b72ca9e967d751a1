// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

import dev.flue.offload.Binding;
import dev.flue.offload.MiniportAdapter;

/** The five state operations: how each goes down, and how its completion goes up (4.0). */
public enum StateOperation {
    INITIATE {
        @Override
        void down(Binding lower, long root) {
            lower.initiateOffload(root);
        }

        @Override
        void complete(MiniportAdapter upper, long root) {
            upper.initiateOffloadComplete(root);
        }
    },
    QUERY {
        @Override
        void down(Binding lower, long root) {
            lower.queryOffload(root);
        }

        @Override
        void complete(MiniportAdapter upper, long root) {
            upper.queryOffloadComplete(root);
        }
    },
    UPDATE {
        @Override
        void down(Binding lower, long root) {
            lower.updateOffload(root);
        }

        @Override
        void complete(MiniportAdapter upper, long root) {
            upper.updateOffloadComplete(root);
        }
    },
    INVALIDATE {
        @Override
        void down(Binding lower, long root) {
            lower.invalidateOffload(root);
        }

        @Override
        void complete(MiniportAdapter upper, long root) {
            upper.invalidateOffloadComplete(root);
        }
    },
    TERMINATE {
        @Override
        void down(Binding lower, long root) {
            lower.terminateOffload(root);
        }

        @Override
        void complete(MiniportAdapter upper, long root) {
            upper.terminateOffloadComplete(root);
        }
    };

    private static final StateOperation[] VALUES = values();

    static StateOperation of(int ordinal) {
        return VALUES[ordinal];
    }

    abstract void down(Binding lower, long root);

    abstract void complete(MiniportAdapter upper, long root);
}
