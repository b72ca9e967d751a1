// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/**
 * A file that appears under its name only when it is complete: until {@link #keep} the bytes are in
 * a file beside it, which goes away on closing.
 */
final class Download implements AutoCloseable {
    private final Path target;
    private final Path partial;
    private final FileChannel channel;

    private Download(Path target, Path partial, FileChannel channel) {
        this.target = target;
        this.partial = partial;
        this.channel = channel;
    }

    /**
     * @param target null: the bytes go nowhere
     */
    static Download to(Path target) throws IOException {
        if (target == null) {
            return new Download(null, null, null);
        }
        if (Files.isDirectory(target)) {
            throw new IOException("it is a directory");
        }
        Path partial = target.resolveSibling(target.getFileName() + ".part");
        FileChannel channel =
                FileChannel.open(
                        partial,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.WRITE,
                        StandardOpenOption.TRUNCATE_EXISTING);
        return new Download(target, partial, channel);
    }

    void write(ByteBuffer piece) throws IOException {
        while (channel != null && piece.hasRemaining()) {
            channel.write(piece);
        }
    }

    /** It is complete. */
    void keep() throws IOException {
        if (channel != null) {
            channel.close();
            Files.move(partial, target, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    @Override
    public void close() throws IOException {
        if (channel != null) {
            channel.close();
            Files.deleteIfExists(partial);
        }
    }
}
