// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.inspect;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Where the sockets of running processes lie: {@code $XDG_RUNTIME_DIR/flue}, or {@code
 * /tmp/flue-<uid>}, for the user alone. A directory there that somebody else prepared is refused.
 */
final class SocketDirectory {
    private static final String SUFFIX = ".sock";
    private static final Set<PosixFilePermission> OWNER_ONLY =
            PosixFilePermissions.fromString("rwx------");

    private final List<Path> candidates;

    /** The candidates, best first: the first one that can be made is where a process listens. */
    SocketDirectory(List<Path> candidates) {
        this.candidates = List.copyOf(candidates);
    }

    static SocketDirectory ofThisUser() {
        List<Path> candidates = new ArrayList<>();
        String runtime = System.getenv("XDG_RUNTIME_DIR");
        if (runtime != null && runtime.startsWith("/")) {
            candidates.add(Path.of(runtime, "flue"));
        }
        candidates.add(Path.of("/tmp", "flue-" + uid()));
        return new SocketDirectory(candidates);
    }

    /**
     * Where the process {@code pid} is to listen.
     *
     * @throws IOException when no directory can be made or trusted
     */
    Path socketFor(long pid) throws IOException {
        IOException last = null;
        for (Path directory : candidates) {
            try {
                prepare(directory);
                return directory.resolve(pid + SUFFIX);
            } catch (IOException e) {
                last = e;
            }
        }
        throw last;
    }

    /** Beside that socket, a name under which nobody looks for it. */
    static Path beforeItListens(Path socket) {
        String name = socket.getFileName().toString();
        return socket.resolveSibling(name.substring(0, name.length() - SUFFIX.length()) + ".new");
    }

    /** Sockets by process id, also of processes that are gone. */
    Map<Long, Path> sockets() {
        Map<Long, Path> found = new TreeMap<>();
        for (Path directory : candidates) {
            try (DirectoryStream<Path> stream = Files.newDirectoryStream(directory, "*" + SUFFIX)) {
                for (Path socket : stream) {
                    String name = socket.getFileName().toString();
                    String pid = name.substring(0, name.length() - SUFFIX.length());
                    if (pid.matches("\\d{1,18}")) {
                        found.putIfAbsent(Long.parseLong(pid), socket);
                    }
                }
            } catch (IOException e) {
                // No such directory: no process of ours listens there.
            }
        }
        return found;
    }

    private static void prepare(Path directory) throws IOException {
        FileAttribute<?> mode = PosixFilePermissions.asFileAttribute(OWNER_ONLY);
        if (!Files.exists(directory, LinkOption.NOFOLLOW_LINKS)) {
            Files.createDirectory(directory, mode);
        }
        boolean ours =
                Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)
                        && Files.getAttribute(directory, "unix:uid", LinkOption.NOFOLLOW_LINKS)
                                .equals(uid());
        if (!ours) {
            throw new IOException(directory + " belongs to somebody else");
        }
        Files.setPosixFilePermissions(directory, OWNER_ONLY);
    }

    /** The effective user: the owner of our own entry in /proc. */
    private static int uid() {
        try {
            return (Integer) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
        } catch (IOException e) {
            throw new IllegalStateException("/proc is not there", e);
        }
    }
}
