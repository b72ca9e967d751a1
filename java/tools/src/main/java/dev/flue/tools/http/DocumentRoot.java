// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.http;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The directory that is served, and the only way from a request's target to a file: nothing outside
 * of it is ever named, neither by "..", encoded or not, nor by a symbolic link. A target that would
 * leave it looks like one that does not exist.
 */
final class DocumentRoot {
    private final Path root;

    /**
     * @throws IOException when it does not exist or cannot be entered
     */
    DocumentRoot(Path directory) throws IOException {
        root = directory.toRealPath();
        if (!Files.isDirectory(root)) {
            throw new IOException("not a directory");
        }
    }

    /**
     * The path segments of a target, decoded, without empty ones and "."; null when it is
     * malformed. A query is cut off.
     */
    static List<String> segments(String target) {
        String path = target;
        int scheme = path.indexOf("://");
        if (!path.startsWith("/") && scheme > 0) {
            int slash = path.indexOf('/', scheme + 3);
            path = slash < 0 ? "/" : path.substring(slash);
        }
        if (!path.startsWith("/")) {
            return null;
        }
        path = path.split("[?#]", 2)[0];
        List<String> segments = new ArrayList<>();
        for (String raw : path.split("/", -1)) {
            String segment = PercentCoding.decode(raw);
            if (segment == null) {
                return null;
            }
            if (!segment.isEmpty() && !segment.equals(".")) {
                segments.add(segment);
            }
        }
        return segments;
    }

    /** The file or directory with these segments, its symbolic links resolved; null: not here. */
    Path resolve(List<String> segments) {
        Path path = root;
        try {
            for (String segment : segments) {
                if (segment.equals("..") || segment.indexOf('/') >= 0) {
                    return null;
                }
                path = path.resolve(segment);
            }
            Path real = path.toRealPath();
            return real.startsWith(root) ? real : null;
        } catch (IOException | InvalidPathException e) {
            return null;
        }
    }
}
