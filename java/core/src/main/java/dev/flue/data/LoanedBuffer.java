// SPDX-License-Identifier: Apache-2.0
package dev.flue.data;

import java.nio.ByteBuffer;

/**
 * Received bytes on loan, where they lie: in a target's packet memory or in a receive buffer of the
 * host stack. A {@link BurstHandler} sees one for the time of its call; to keep the bytes longer it
 * moves the loan into an object of the application's, which is made once and used again and again.
 *
 * <p>Until {@link #release} the memory stays lent: it is missing from the connection's window, and
 * the stack counts it as held. A loan outlives its connection; closing the stack revokes it. Used
 * on the stack's thread only.
 */
public final class LoanedBuffer {
    /** Who lends; for implementations of {@link OffloadConnection}. */
    public interface Lender {
        /** The loan now is {@code to}, with the same cookie, and is kept. */
        void moved(LoanedBuffer from, LoanedBuffer to);

        /** The bytes are not needed any more. */
        void released(LoanedBuffer loan, long cookie);
    }

    private enum State {
        /** Without bytes: new, moved, or released. */
        EMPTY,
        LENT,
        REVOKED
    }

    private final MemoryView view = new MemoryView();
    private State state = State.EMPTY;
    private Lender lender;
    private ByteBuffer memory;
    private long cookie;
    private int offset;
    private int length;

    /** For implementations of {@link OffloadConnection}: lend it a range of a memory. */
    public void open(Lender by, ByteBuffer lent, int at, int bytes, long cookieOfLender) {
        state = State.LENT;
        lender = by;
        memory = lent;
        offset = at;
        length = bytes;
        cookie = cookieOfLender;
    }

    /** For implementations: what the lender knows it by. */
    public long cookie() {
        return cookie;
    }

    /** For implementations: whoever kept a loan hands it to another lender's books. */
    public void rebook(Lender by, long cookieOfLender) {
        lender = by;
        cookie = cookieOfLender;
    }

    /** For implementations: the memory is gone. {@link #release} does nothing afterwards. */
    public void revoke() {
        state = State.REVOKED;
        forget();
    }

    /** For implementations: the call is over, it was neither kept nor released. */
    public void expire() {
        state = State.EMPTY;
        forget();
    }

    /** Whether it holds bytes. */
    public boolean isOpen() {
        return state == State.LENT;
    }

    /**
     * Where the bytes lie: position {@link #offset}, limit {@code offset + length}, big-endian, for
     * reading. Valid until the release.
     *
     * @throws IllegalStateException when it was released, moved or revoked
     */
    public ByteBuffer buffer() {
        checkOpen();
        return view.of(memory, offset, length);
    }

    /** Index of the first byte in {@link #buffer}. */
    public int offset() {
        checkOpen();
        return offset;
    }

    /** Bytes, at least 1. */
    public int length() {
        checkOpen();
        return length;
    }

    /**
     * Keep the bytes beyond the handler's call, in {@code kept}; this object is empty afterwards.
     *
     * @throws IllegalStateException when this one holds nothing, or {@code kept} still holds bytes
     */
    public void moveTo(LoanedBuffer kept) {
        checkOpen();
        if (kept.state == State.LENT) {
            throw new IllegalStateException("the loan to move to is in use: release it first");
        }
        kept.open(lender, memory, offset, length, cookie);
        state = State.EMPTY;
        lender.moved(this, kept);
        forget();
    }

    /**
     * Give the bytes back. Fine after the connection or the stack was closed.
     *
     * @throws IllegalStateException when it holds nothing: released twice, or moved
     */
    public void release() {
        if (state == State.REVOKED) {
            return;
        }
        checkOpen();
        state = State.EMPTY;
        Lender by = lender;
        long ours = cookie;
        forget();
        by.released(this, ours);
    }

    private void forget() {
        lender = null;
        memory = null;
    }

    private void checkOpen() {
        if (state != State.LENT) {
            throw new IllegalStateException(
                    state == State.REVOKED
                            ? "the loan was revoked: its stack is closed"
                            : "the loan holds nothing: released or moved before");
        }
    }
}
