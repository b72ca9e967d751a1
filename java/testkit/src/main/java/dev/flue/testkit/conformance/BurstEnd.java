// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.conformance;

import dev.flue.data.BurstHandler;
import dev.flue.data.LoanedBuffer;
import dev.flue.data.OffloadConnection;
import dev.flue.data.ReceiveHandler;
import dev.flue.data.SendClaim;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * How an end of a transfer uses the burst API: now and then it leaves a claim open, and always it
 * keeps what it receives, until the application's next turn. Connections move meanwhile.
 */
final class BurstEnd {
    private static final int PIECES = 16;
    private static final int HELD_CLAIM = 5;

    private final SendClaim claim = new SendClaim();
    private final List<LoanedBuffer> kept = new ArrayList<>();
    private final ArrayDeque<LoanedBuffer> spare = new ArrayDeque<>();
    private final ReceiveHandler check;
    private final BurstHandler keeper = this::keep;
    private int claims;
    private int received;

    /** {@code check} sees every byte received, in order. */
    BurstEnd(ReceiveHandler check) {
        this.check = check;
    }

    /** Send what one claim takes of the buffer; bytes committed. */
    int send(OffloadConnection connection, ByteBuffer from) {
        int length = Math.min(from.remaining(), connection.maxClaim());
        if (claim.isOpen() || !connection.tryClaim(length, claim)) {
            return 0;
        }
        from.limit(from.position() + length);
        claim.buffer().put(from);
        return ++claims % HELD_CLAIM == 0 ? 0 : commit();
    }

    /** Commit the claim that was left open; bytes committed. */
    int commit() {
        if (!claim.isOpen()) {
            return 0;
        }
        int length = claim.length();
        return claim.commit() ? length : 0;
    }

    /** Whether {@link #turn} has something to do. */
    boolean waits() {
        return claim.isOpen() || !kept.isEmpty();
    }

    /** Keep what there is; bytes. */
    int poll(OffloadConnection connection) {
        received = 0;
        connection.poll(keeper, PIECES);
        return received;
    }

    private void keep(LoanedBuffer loan) {
        LoanedBuffer own = spare.isEmpty() ? new LoanedBuffer() : spare.poll();
        loan.moveTo(own);
        kept.add(own);
        received += own.length();
        check.onData(own.buffer(), own.offset(), own.length());
    }

    /** Give everything back; loans given. */
    int release() {
        int count = kept.size();
        for (LoanedBuffer loan : kept) {
            loan.release();
            spare.add(loan);
        }
        kept.clear();
        return count;
    }

    /** The connection is gone. */
    void end() {
        if (claim.isOpen()) {
            claim.abort();
        }
        release();
    }
}
