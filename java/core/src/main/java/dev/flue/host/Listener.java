// SPDX-License-Identifier: Apache-2.0
package dev.flue.host;

/** A port that takes connections. Used on the stack's thread. */
public interface Listener extends AutoCloseable {
    int port();

    /** Take no more; connections accepted so far live on. Idempotent. */
    @Override
    void close();
}
