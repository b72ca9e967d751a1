// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import dev.flue.offload.MiniportOffloadBlockList;
import dev.flue.offload.OffloadHandle;
import dev.flue.offload.StateType;
import dev.flue.spi.Memory;

/** Writes a block list as text: "initiate N(new P(new T(new)))", blocks as 3.6 names them. */
final class TreeShape {
    private final MiniportOffloadBlockList block;
    private final OffloadHandle slot;

    TreeShape(Memory memory) {
        this.block = new MiniportOffloadBlockList(memory);
        this.slot = new OffloadHandle(memory);
    }

    String of(long root, String operation) {
        return operation + " " + list(root, operation.equals("initiate"));
    }

    private String list(long first, boolean initiate) {
        StringBuilder text = new StringBuilder();
        for (long at = first; at != 0; at = block.wrap(at).nextBlock()) {
            block.wrap(at);
            long dependents = block.dependentBlockList();
            text.append(text.length() > 0 ? " " : "").append(letter(type())).append('(');
            text.append(role(initiate));
            if (dependents != 0) {
                text.append(' ').append(list(dependents, initiate));
            }
            text.append(')');
        }
        return text.toString();
    }

    private String role(boolean initiate) {
        if (block.miniportOffloadContext() == 0) {
            return "placeholder";
        }
        boolean filled = slot.wrap(block.ndisOffloadHandle()).miniportOffloadContext() != 0;
        if (initiate) {
            return filled ? "linker" : "new";
        }
        return filled ? "named" : "EMPTY";
    }

    /** That of the object: what follows its block can be anything, or nothing. */
    private int type() {
        boolean named = block.miniportOffloadContext() != 0;
        long token = named ? slot.wrap(block.ndisOffloadHandle()).miniportOffloadContext() : 0;
        return token == 0 ? block.type() : TargetControl.kind(token);
    }

    private static char letter(int type) {
        return type == StateType.NEIGHBOR.code() ? 'N' : path(type) ? 'P' : 'T';
    }

    private static boolean path(int type) {
        return type == StateType.IP4.code() || type == StateType.IP6.code();
    }
}
