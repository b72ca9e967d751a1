// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.script;

/** A subject that is a host stack over a target: its connection can change sides. */
public interface MovableSubject extends WireSubject {
    /** Ask for the connection to be moved to the other side; nothing happens when it is over. */
    void move();

    /** Whether the target has it now. */
    boolean offloaded();

    /** How often it has changed sides so far. */
    int moves();
}
