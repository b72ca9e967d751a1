// SPDX-License-Identifier: Apache-2.0
package dev.flue.hwtests.host;

import dev.flue.data.IpAddress;
import dev.flue.data.OffloadConnection;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.Random;

/** What connects, to the services of {@code peer.py}. Each says how it ended, on one line. */
final class Clients {
    private static final int LIMIT = 1 << 16;
    private static final int HASH = 64;

    private Clients() {}

    /** Sends to a sink, and compares hashes. */
    static final class Send extends Talk {
        private final String label;
        private final long bytes;
        private final Stream stream;
        private final StringBuilder answer = new StringBuilder();
        private boolean shut;
        private boolean ended;

        Send(long moveEvery, String label, long bytes) {
            super(moveEvery);
            this.label = label;
            this.bytes = bytes;
            this.stream = new Stream(bytes);
        }

        @Override
        void advance(OffloadConnection connection) {
            while (!stream.done()) {
                int sent = stream.send(connection);
                if (sent == 0) {
                    return;
                }
                moved(connection, sent);
            }
            if (!shut) {
                shut = true;
                connection.shutdownOutput();
            }
            connection.receive(this::read, LIMIT);
            if (connection.endOfStream() && !ended) {
                ended = true;
                String expected = bytes + " " + stream.hash();
                boolean same = answer.toString().equals(expected);
                HostProgram.say(label + (same ? " ok" : " wrong: " + answer + ", " + expected));
            }
        }

        private int read(ByteBuffer buffer, int offset, int length) {
            for (int i = 0; i < length; i++) {
                answer.append((char) buffer.get(offset + i));
            }
            return length;
        }

        @Override
        public void onClosed(OffloadConnection connection, String cause) {
            if (!ended) {
                HostProgram.say(label + " failed: " + cause);
            }
        }
    }

    /** Receives from a source; the last bytes are the hash of those before. */
    static final class Get extends Talk {
        private final String label;
        private final long bytes;
        private final MessageDigest digest = sha256();
        private final StringBuilder trailer = new StringBuilder();
        private ByteBuffer request;
        private long took;
        private boolean ended;

        Get(long moveEvery, String label, long bytes) {
            super(moveEvery);
            this.label = label;
            this.bytes = bytes;
            this.request = ascii(bytes + "\n");
        }

        @Override
        void advance(OffloadConnection connection) {
            if (request != null) {
                connection.send(request);
                request = null;
            }
            int taken;
            while ((taken = connection.receive(this::read, LIMIT)) > 0) {
                moved(connection, taken);
            }
            if (connection.endOfStream() && !ended) {
                ended = true;
                boolean same = took == bytes + HASH && trailer.toString().equals(hex(digest));
                HostProgram.say(label + (same ? " ok" : " wrong after " + took + " bytes"));
                connection.close();
            }
        }

        private int read(ByteBuffer buffer, int offset, int length) {
            int body = (int) Math.min(length, Math.max(0, bytes - took));
            digest.update(piece(buffer, offset, body));
            for (int i = body; i < length; i++) {
                trailer.append((char) buffer.get(offset + i));
            }
            took += length;
            return length;
        }

        @Override
        public void onClosed(OffloadConnection connection, String cause) {
            if (!ended) {
                HostProgram.say(label + " failed: " + cause);
            }
        }
    }

    /** Many connections to an echo, some at a time, used once; some are reset. */
    static final class Short {
        private final HostProgram program;
        private final IpAddress address;
        private final int count;
        private final long moveEvery;
        private final Random random;
        private int opened;
        private int open;
        private int closed;
        private int aborted;
        private int failed;
        private String failure = "";

        Short(HostProgram program, long moveEvery, IpAddress address, int count) {
            this.program = program;
            this.moveEvery = moveEvery;
            this.address = address;
            this.count = count;
            this.random = new Random(count);
        }

        /** Opens as many as may be open. @return whether any are to come */
        boolean turn(int parallel) {
            while (opened < count && open < parallel) {
                opened++;
                open++;
                program.stack().connect(address, Services.ECHO, new Once());
            }
            if (closed + aborted + failed < count) {
                return true;
            }
            HostProgram.say(
                    failed == 0
                            ? "short ok closed " + closed + " aborted " + aborted
                            : "short failed " + failed + ": " + failure);
            return false;
        }

        private void ended(int kind, boolean right, String cause) {
            open--;
            if (right) {
                closed++;
            } else if (kind < 2) {
                aborted++;
            } else {
                failed++;
                failure = cause;
            }
        }

        private final class Once extends Talk {
            private final int kind = random.nextInt(20);
            private final byte[] message = new byte[1 + random.nextInt(3000)];
            private final byte[] back = new byte[message.length];
            private int took;
            private boolean shut;

            Once() {
                super(moveEvery);
                random.nextBytes(message);
            }

            @Override
            public void onConnected(OffloadConnection connection) {
                if (kind > 0) {
                    connection.send(ByteBuffer.wrap(message));
                }
                if (kind < 2) {
                    connection.abort();
                }
            }

            @Override
            void advance(OffloadConnection connection) {
                int taken = connection.receive(this::read, LIMIT);
                if (taken > 0) {
                    moved(connection, taken);
                }
                if (took == message.length && !shut) {
                    shut = true;
                    if (kind < 10) {
                        connection.shutdownOutput();
                    } else {
                        connection.close();
                    }
                }
            }

            private int read(ByteBuffer buffer, int offset, int length) {
                if (length > back.length - took) {
                    took = Integer.MAX_VALUE;
                    return length;
                }
                piece(buffer, offset, length).get(back, took, length);
                took += length;
                return length;
            }

            @Override
            public void onClosed(OffloadConnection connection, String cause) {
                boolean same = took == message.length && java.util.Arrays.equals(message, back);
                ended(kind, same && cause.isEmpty(), "kind " + kind + " at " + took + ": " + cause);
            }
        }
    }
}
