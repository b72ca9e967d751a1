// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import dev.flue.jni.EngineHandle;
import dev.flue.jni.GroupHandle;
import dev.flue.jni.global.flue;

/**
 * Engines on the queues of one device ({@code flue_engine.h}): a segment that the device brought to
 * another engine than its connection's reaches the owner all the same, without a way through Java.
 * Control path; any thread.
 */
public final class EngineGroup implements AutoCloseable {
    /** Most engines of a group. */
    public static final int MAX_ENGINES = 64;

    /** Most connections that its table of owners is made for. */
    public static final int MAX_CONNECTIONS = 4_194_304;

    private final GroupHandle handle = new GroupHandle(null);
    private boolean closed;

    /**
     * @param engines 2..{@value #MAX_ENGINES}
     * @param connections of all engines together, 1..{@value #MAX_CONNECTIONS}
     * @param mtu of the device
     * @throws IllegalArgumentException a value is out of range
     * @throws FlueException no memory
     */
    public EngineGroup(int engines, int connections, int mtu) {
        Flue.require();
        int rc = flue.flue_group_create(engines, connections, mtu, handle);
        if (rc == -Errno.EINVAL) {
            throw new IllegalArgumentException(
                    engines + " engines, " + connections + " connections or an MTU of " + mtu);
        }
        if (rc < 0) {
            throw new FlueException("a group of " + engines + " engines: " + Errno.text(-rc), -rc);
        }
    }

    synchronized int admit(EngineHandle engine, int index) {
        if (closed) {
            throw new IllegalStateException("the group of engines is closed");
        }
        return flue.flue_engine_join(engine, handle, index);
    }

    /**
     * After its engines. Idempotent.
     *
     * @throws IllegalStateException an engine is still in it
     */
    @Override
    public synchronized void close() {
        if (!closed && flue.flue_group_destroy(handle) < 0) {
            throw new IllegalStateException("an engine is still in the group");
        }
        closed = true;
    }
}
