// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.http;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/** The bytes of a response that are still to be sent. One thread. */
abstract class Body {
    private long remaining;

    private Body(long remaining) {
        this.remaining = remaining;
    }

    static Body none() {
        return of(new byte[0]);
    }

    static Body of(byte[] bytes) {
        return new Bytes(bytes);
    }

    /** {@code length} bytes of a file from {@code offset} on. The body owns the channel. */
    static Body of(FileChannel file, long offset, long length) {
        return new FileRange(file, offset, length);
    }

    final long remaining() {
        return remaining;
    }

    /**
     * Puts bytes from the first unsent one on, at most as many as {@link #remaining} and the
     * buffer's room, at least one. They stay unsent until {@link #sent}.
     *
     * @throws IOException also when the file has become shorter than announced
     */
    abstract void peek(ByteBuffer into) throws IOException;

    /** The first {@code count} unsent bytes are on their way. */
    void sent(int count) {
        remaining -= count;
    }

    abstract void close();

    private static final class Bytes extends Body {
        private final byte[] bytes;

        Bytes(byte[] bytes) {
            super(bytes.length);
            this.bytes = bytes;
        }

        @Override
        void peek(ByteBuffer into) {
            int from = bytes.length - (int) remaining();
            into.put(bytes, from, Math.min(into.remaining(), bytes.length - from));
        }

        @Override
        void close() {}
    }

    private static final class FileRange extends Body {
        private final FileChannel file;
        private long position;

        FileRange(FileChannel file, long offset, long length) {
            super(length);
            this.file = file;
            this.position = offset;
        }

        @Override
        void peek(ByteBuffer into) throws IOException {
            if (into.remaining() > remaining()) {
                into.limit(into.position() + (int) remaining());
            }
            if (file.read(into, position) < 1) {
                throw new IOException("the file has become shorter");
            }
        }

        @Override
        void sent(int count) {
            super.sent(count);
            position += count;
        }

        @Override
        void close() {
            try {
                file.close();
            } catch (IOException e) {
                // It was only read: nothing is lost.
            }
        }
    }
}
