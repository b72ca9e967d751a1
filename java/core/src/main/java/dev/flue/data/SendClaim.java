// SPDX-License-Identifier: Apache-2.0
package dev.flue.data;

import java.nio.ByteBuffer;

/**
 * Contiguous bytes of lent send memory that an application fills in place. Made once by the
 * application and used again and again: {@link OffloadConnection#tryClaim} opens it, {@link
 * #commit} or {@link #abort} ends it. A connection has at most one open claim.
 *
 * <p>The memory stays the application's until then, whatever happens to the connection: it may be
 * offloaded, come back, or break in between. Used on the thread of the connection's stack only.
 */
public final class SendClaim {
    /** Whose memory it is; for implementations of {@link OffloadConnection}. */
    public interface Owner {
        /** Take the first {@code length} bytes, 1..length of the claim. */
        boolean commit(SendClaim claim, int length);

        /** Take nothing. */
        void abort(SendClaim claim);
    }

    private final MemoryView view = new MemoryView();
    private Owner owner;
    private ByteBuffer buffer;
    private int offset;
    private int length;

    /** For implementations of {@link OffloadConnection}: give it a range of {@code memory}. */
    public void open(Owner value, ByteBuffer memory, int at, int bytes) {
        if (owner != null) {
            throw new IllegalStateException("the claim is open already: commit or abort it first");
        }
        buffer = view.of(memory, at, bytes);
        owner = value;
        offset = at;
        length = bytes;
    }

    /** Claimed, and neither committed nor aborted. */
    public boolean isOpen() {
        return owner != null;
    }

    /**
     * Where to write: position {@link #offset}, limit {@code offset + length}, big-endian. Absolute
     * and relative puts both do; nothing outside the range may be written.
     */
    public ByteBuffer buffer() {
        checkOpen();
        return buffer;
    }

    /** Index of the first claimed byte in {@link #buffer}. */
    public int offset() {
        checkOpen();
        return offset;
    }

    /** Bytes claimed. */
    public int length() {
        checkOpen();
        return length;
    }

    /**
     * Send all of it. It goes out in the next duty cycle, behind everything sent before.
     *
     * @return false when the connection broke or was closed meanwhile: the bytes are dropped
     * @throws IllegalStateException when the claim is not open
     */
    public boolean commit() {
        return commit(length());
    }

    /**
     * Send the first {@code bytes} of it and give the rest back; 0 = {@link #abort}.
     *
     * @return false when the connection broke or was closed meanwhile: the bytes are dropped
     * @throws IllegalArgumentException when it is not 0..length; the claim stays open
     * @throws IllegalStateException when the claim is not open
     */
    public boolean commit(int bytes) {
        checkOpen();
        if (bytes < 0 || bytes > length) {
            throw new IllegalArgumentException("commit of " + bytes + " bytes out of " + length);
        }
        if (bytes == 0) {
            abort();
            return true;
        }
        Owner before = owner;
        end();
        return before.commit(this, bytes);
    }

    /**
     * Send nothing, give the memory back.
     *
     * @throws IllegalStateException when the claim is not open
     */
    public void abort() {
        checkOpen();
        Owner before = owner;
        end();
        before.abort(this);
    }

    private void end() {
        owner = null;
        buffer = null;
    }

    private void checkOpen() {
        if (owner == null) {
            throw new IllegalStateException("the claim is not open: committed or aborted before");
        }
    }
}
