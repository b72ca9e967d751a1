// SPDX-License-Identifier: Apache-2.0
package dev.flue.hwtests.host;

import dev.flue.data.OffloadConnection;
import java.nio.ByteBuffer;
import java.security.MessageDigest;

/** What listens; the same services as those of {@code peer.py}, and some more. */
final class Services {
    static final int ECHO = 7007;
    static final int SINK = 7009;
    static final int SLOW_SINK = 7010;
    static final int WATCHED = 7011;
    static final int SOURCE = 7019;
    static final int HALF = 7021;
    static final int ROAMING = 7022;

    static final String BANNER = "take the rest\n";
    private static final int LIMIT = 1 << 16;

    private Services() {}

    /** Everything comes back; the end of the stream too. */
    static class Echo extends Talk {
        private boolean ended;

        Echo(long moveEvery) {
            super(moveEvery);
        }

        @Override
        void advance(OffloadConnection connection) {
            int taken;
            while ((taken = connection.receive((b, o, n) -> back(connection, b, o, n), LIMIT))
                    > 0) {
                moved(connection, taken);
            }
            if (connection.endOfStream() && !ended) {
                ended = true;
                connection.close();
            }
        }

        private static int back(OffloadConnection connection, ByteBuffer buffer, int at, int size) {
            return connection.send(piece(buffer, at, size));
        }
    }

    /**
     * An echo whose connection goes to the other engine of two each time some bytes moved and it
     * got to where it was sent before. Says after each thousand, and at the end, how often that
     * was.
     */
    static final class Roaming extends Echo {
        private static final int SAY_EVERY = 1000;

        private final HostProgram program;
        private int moves;

        Roaming(long moveEvery, HostProgram program) {
            super(moveEvery);
            this.program = program;
        }

        @Override
        void move(OffloadConnection connection) {
            if (program.moveToOtherEngine(connection) && ++moves % SAY_EVERY == 0) {
                HostProgram.say("roaming " + moves + " moves");
            }
        }

        @Override
        public void onClosed(OffloadConnection connection, String cause) {
            HostProgram.say("roamed " + moves + " " + cause);
        }
    }

    /** Takes everything, then answers with the count and the hash, and closes. */
    static class Sink extends Talk {
        private final MessageDigest digest = sha256();
        private long took;
        private ByteBuffer answer;

        Sink(long moveEvery) {
            super(moveEvery);
        }

        @Override
        void advance(OffloadConnection connection) {
            int taken;
            while (answer == null && (taken = take(connection, LIMIT)) > 0) {
                moved(connection, taken);
            }
            end(connection);
        }

        final int take(OffloadConnection connection, int limit) {
            return connection.receive(this::digest, limit);
        }

        final void end(OffloadConnection connection) {
            if (answer == null && connection.endOfStream()) {
                answer = ascii(took + " " + hex(digest));
            }
            if (answer != null && answer.hasRemaining()) {
                connection.send(answer);
                if (!answer.hasRemaining()) {
                    connection.close();
                }
            }
        }

        private int digest(ByteBuffer buffer, int offset, int length) {
            digest.update(piece(buffer, offset, length));
            took += length;
            return length;
        }
    }

    /** A sink that reads a little at a time, so that its window closes again and again. */
    static final class SlowSink extends Sink {
        private static final int PIECE = 3000;
        private static final long PAUSE_NANOS = 2_000_000;

        private final HostProgram program;
        private long next;

        SlowSink(long moveEvery, HostProgram program) {
            super(moveEvery);
            this.program = program;
        }

        @Override
        public void onConnected(OffloadConnection connection) {
            connection.options().receiveBuffer(4096);
            program.everyTurn(now -> turn(connection, now));
        }

        @Override
        void advance(OffloadConnection connection) {}

        private boolean turn(OffloadConnection connection, long now) {
            if (program.isClosed(this)) {
                return false;
            }
            if (now >= next) {
                next = now + PAUSE_NANOS;
                int taken = take(connection, PIECE);
                if (taken > 0) {
                    moved(connection, taken);
                }
                end(connection);
            }
            return true;
        }

        @Override
        public void onClosed(OffloadConnection connection, String cause) {
            program.closed(this);
        }
    }

    /** An echo that probes its idle peer often, and says what became of it. */
    static final class Watched extends Talk {
        private final Echo echo = new Echo(0);

        Watched() {
            super(0);
        }

        @Override
        public void onConnected(OffloadConnection connection) {
            connection.options().keepAliveIdleMillis(200).keepAliveIntervalMillis(200);
            connection.options().keepAliveCount(5).keepAlive(true);
        }

        @Override
        void advance(OffloadConnection connection) {
            echo.advance(connection);
        }

        @Override
        public void onClosed(OffloadConnection connection, String cause) {
            HostProgram.say("watched " + connection.remotePort() + " closed: " + cause);
        }
    }

    /** Takes a line with a number, sends so many bytes and their hash, and closes. */
    static final class Source extends Talk {
        private final StringBuilder line = new StringBuilder();
        private Stream stream;
        private ByteBuffer trailer;

        Source(long moveEvery) {
            super(moveEvery);
        }

        @Override
        void advance(OffloadConnection connection) {
            if (stream == null) {
                connection.receive(this::read, LIMIT);
                if (line.indexOf("\n") < 0) {
                    return;
                }
                stream = new Stream(Long.parseLong(line.toString().strip()));
            }
            while (!stream.done()) {
                int sent = stream.send(connection);
                if (sent == 0) {
                    return;
                }
                moved(connection, sent);
            }
            if (trailer == null) {
                trailer = ascii(stream.hash());
            }
            if (trailer.hasRemaining()) {
                connection.send(trailer);
                if (!trailer.hasRemaining()) {
                    connection.close();
                }
            }
        }

        private int read(ByteBuffer buffer, int offset, int length) {
            for (int i = 0; i < length; i++) {
                line.append((char) buffer.get(offset + i));
            }
            return length;
        }
    }

    /** Ends its own direction at once, goes on taking, and says what it took. */
    static final class Half extends Talk {
        private final MessageDigest digest = sha256();
        private long took;
        private boolean ended;

        Half(long moveEvery) {
            super(moveEvery);
        }

        @Override
        public void onConnected(OffloadConnection connection) {
            connection.send(ascii(BANNER));
            connection.shutdownOutput();
        }

        @Override
        void advance(OffloadConnection connection) {
            int taken;
            while ((taken = connection.receive(this::digest, LIMIT)) > 0) {
                moved(connection, taken);
            }
            if (connection.endOfStream() && !ended) {
                ended = true;
                HostProgram.say("half " + took + " " + hex(digest));
            }
        }

        private int digest(ByteBuffer buffer, int offset, int length) {
            digest.update(piece(buffer, offset, length));
            took += length;
            return length;
        }
    }
}
