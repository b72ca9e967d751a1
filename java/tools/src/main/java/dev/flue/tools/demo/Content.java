// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.demo;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Bytes to carry, readable from any position, the same each time. */
public interface Content extends AutoCloseable {
    long size();

    /** Fills {@code into} from {@code position} on, as far as there is content. */
    void read(long position, ByteBuffer into);

    @Override
    default void close() {}

    /** Bytes that look random and depend on {@code seed} alone. */
    static Content generated(long size, long seed) {
        return new Content() {
            @Override
            public long size() {
                return size;
            }

            @Override
            public void read(long position, ByteBuffer into) {
                into.order(ByteOrder.LITTLE_ENDIAN);
                long at = position;
                long end = Math.min(size, position + into.remaining());
                while (at < end) {
                    long word = mix(seed + (at >>> 3) * 0x9e3779b97f4a7c15L);
                    if ((at & 7) == 0 && end - at >= 8) {
                        into.putLong(word);
                        at += 8;
                    } else {
                        into.put((byte) (word >>> 8 * (at & 7)));
                        at++;
                    }
                }
            }
        };
    }

    /**
     * A file, which must not change meanwhile.
     *
     * @throws IOException when it cannot be opened
     */
    static Content of(Path path) throws IOException {
        FileChannel file = FileChannel.open(path, StandardOpenOption.READ);
        long size = file.size();
        return new Content() {
            @Override
            public long size() {
                return size;
            }

            @Override
            public void read(long position, ByteBuffer into) {
                try {
                    if (file.read(into, position) < 0) {
                        throw new IOException(path + " has become shorter");
                    }
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }

            @Override
            public void close() {
                try {
                    file.close();
                } catch (IOException e) {
                    // It was only read: nothing is lost.
                }
            }
        };
    }

    /** The finalizer of SplitMix64. */
    private static long mix(long z) {
        z = (z ^ z >>> 30) * 0xbf58476d1ce4e5b9L;
        z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
        return z ^ z >>> 31;
    }
}
