// SPDX-License-Identifier: Apache-2.0
/**
 * What an application uses: connections, handlers, and the burst API, with which bytes are written
 * and read where they lie.
 *
 * <p>An echo that copies nothing until it must. It keeps what it cannot send yet on loan, which
 * narrows the peer's window all by itself:
 *
 * <pre>{@code
 * final class Echo implements ConnectionHandler {
 *     private final SendClaim claim = new SendClaim();
 *     private final LoanedBuffer waiting = new LoanedBuffer();
 *     private int echoed; // of the bytes that wait
 *
 *     @Override
 *     public void onReadable(OffloadConnection connection) {
 *         while (flush(connection) && connection.poll(loan -> loan.moveTo(waiting), 1) > 0) {}
 *         if (connection.endOfStream() && !waiting.isOpen()) {
 *             connection.shutdownOutput();
 *         }
 *     }
 *
 *     @Override
 *     public void onWritable(OffloadConnection connection) {
 *         onReadable(connection);
 *     }
 *
 *     // True when nothing waits any more.
 *     private boolean flush(OffloadConnection connection) {
 *         while (waiting.isOpen()) {
 *             int length = Math.min(waiting.length() - echoed, connection.maxClaim());
 *             if (!connection.tryClaim(length, claim)) {
 *                 return false; // onWritable tells when there is room
 *             }
 *             ByteBuffer from = waiting.buffer();
 *             claim.buffer().put(claim.offset(), from, waiting.offset() + echoed, length);
 *             claim.commit(); // leaves in the next duty cycle
 *             echoed += length;
 *             if (echoed == waiting.length()) {
 *                 waiting.release();
 *                 echoed = 0;
 *             }
 *         }
 *         return true;
 *     }
 *
 *     @Override
 *     public void onClosed(OffloadConnection connection, String cause) {
 *         if (waiting.isOpen()) {
 *             waiting.release();
 *         }
 *     }
 * }
 * }</pre>
 *
 * <p>Everything here belongs to one thread, that of the stack's duty cycle.
 */
package dev.flue.data;
