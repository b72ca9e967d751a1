// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.link;

import java.util.ArrayDeque;

/**
 * What a constructor made so far. When memory is out for the rest, everything of it is closed, the
 * last first, and nothing stays behind of the object that nobody gets. One thread.
 */
public final class Unfinished {
    private final ArrayDeque<Runnable> closers = new ArrayDeque<>();

    /** Made; {@code closer} unmakes it. */
    public void made(Runnable closer) {
        closers.push(closer);
    }

    /** Unmake all of it. */
    public void undo() {
        closers.forEach(Runnable::run);
        closers.clear();
    }
}
